//! The proofs of reversals, broken by hand: one that cannot fail proves nothing.

use entrepot::insight::verify::verify_tenant;

use crate::{
    authorization::world::World,
    purchasing::proofs::{Break, each_is_named},
    world::on_both,
};

on_both!(each_proof_of_reversals_names_what_is_broken, what_is_reversed_twice_is_named,);

async fn each_proof_of_reversals_names_what_is_broken(world: &World) {
    let one = |table, column, rows, named| Break { table, column, rows, named };
    let breaks = [
        one("document_reversal_line", "quantity", "quantity = 1", "document reversal: its movements mirror"),
        one("goods_receipt_line", "reversed", "reversed > 0", "goods receipt: its reversed units equal"),
        one("tenant_counter", "reversal_number", "reversal_number > 0", "document reversal: numbers"),
    ];
    each_is_named(world, &breaks).await;
}

async fn what_is_reversed_twice_is_named(world: &World) {
    let tenant = world.ours.owner.tenant;
    for (sql, expected) in [
        ("UPDATE document_reversal_line SET quantity = quantity + 1000 WHERE tenant_id = $1", "document reversal: no entry"),
        (
            "UPDATE document_reversal_line SET mirror_id = movement_id WHERE tenant_id = $1",
            "document reversal: each of its movements",
        ),
        ("UPDATE document_reversal SET kind = 'SALE' WHERE tenant_id = $1", "document reversal: a reversed sale or shipment"),
        ("DELETE FROM document_reversal_line WHERE tenant_id = $1", "document reversal: has at"),
    ] {
        let work = world.node.db.global().maintenance_for(tenant).await.unwrap();
        work.execute(sql, vec![]).await.unwrap();
        work.commit().await.unwrap();
        world.node.audit.seal_all().await.unwrap();
        let report = verify_tenant(&world.node.db, tenant, |_| {}).await.unwrap();
        assert!(report.broken_lines().any(|line| line.invariant.starts_with(expected)), "{sql}: {report}");
    }
}
