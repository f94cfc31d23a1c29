//! The proofs of purchasing, broken by hand: one that cannot fail proves nothing.

use entrepot::insight::verify::{Report, verify_by_prefix, verify_tenant, verify_transaction};

pub use super::breaks::{Break, each_is_named};
use crate::{authorization::world::World, world::on_both};

on_both!(each_proof_of_purchasing_names_what_is_broken,);

async fn each_proof_of_purchasing_names_what_is_broken(world: &World) {
    let one = |table, column, rows, named| Break { table, column, rows, named };
    let breaks = [
        one("stock_level", "incoming", "incoming > 0", "level: incoming"),
        one("purchase_order_line", "damaged", "damaged > 0 AND damaged < received", "purchase order line: received"),
        one("purchase_order", "goods_minor", "goods_minor > 0", "purchase order: goods"),
        one("goods_receipt_line", "goods_minor", "goods_minor > 0", "goods receipt"),
        one("goods_receipt_line", "damaged", "damaged > 0 AND damaged < quantity", "goods receipt: damaged units are"),
        one("supplier_return", "credit_minor", "credit_minor > 0", "supplier return"),
        one("purchase_order_line", "returned", "returned > 0 AND returned < received", "purchase order line: returned"),
        one("tenant_counter", "purchase_order_number", "purchase_order_number > 0", "purchase order: numbers"),
        one("tenant_counter", "supplier_return_number", "supplier_return_number > 0", "supplier return: numbers"),
    ];
    each_is_named(world, &breaks).await;
    let state = async |sql: &str| {
        let work = world.node.db.global().maintenance_for(world.ours.owner.tenant).await.unwrap();
        work.execute(sql, vec![]).await.unwrap();
        work.commit().await.unwrap();
    };
    let named = async || {
        let report = verify_tenant(&world.node.db, world.ours.owner.tenant, |_| {}).await.unwrap();
        report.broken_lines().map(|line| line.invariant).collect::<Vec<_>>()
    };
    for (table, expected) in
        [("goods_receipt", "goods receipt: those of an order"), ("purchase_discrepancy", "purchase order: its discrepancies")]
    {
        state(&format!("UPDATE {table} SET number = number + 100 WHERE tenant_id = $1")).await;
        assert_eq!(named().await.iter().filter(|name| name.starts_with(expected)).count(), 1, "{table}");
        state(&format!("UPDATE {table} SET number = number - 100 WHERE tenant_id = $1")).await;
    }
    // As if reversed units had never been received: the goods of partly reversed receipts prove no
    // price.
    let work = world.node.db.global().maintenance_for(world.ours.owner.tenant).await.unwrap();
    let net = "UPDATE goods_receipt_line SET reversed = 0, reversed_damaged = 0, goods_minor = (quantity - reversed) * (
        SELECT l.unit_cost_minor FROM purchase_order_line l WHERE l.tenant_id = $1
        AND l.purchase_order_id = goods_receipt_line.purchase_order_id AND l.position = goods_receipt_line.position) WHERE tenant_id = $1";
    work.execute(net, vec![]).await.unwrap();
    let prices = |report: &Report| report.broken_lines().any(|line| line.invariant.starts_with("goods receipt: the cost"));
    let (work, report) = verify_transaction(&world.node.db, work, |_| {}).await.unwrap();
    assert!(!prices(&report), "{report}");
    work.execute("UPDATE purchase_order_line SET unit_cost_minor = unit_cost_minor + 1000 WHERE tenant_id = $1", vec![])
        .await
        .unwrap();
    let (work, report) = verify_transaction(&world.node.db, work, |_| {}).await.unwrap();
    work.rollback().await.unwrap();
    assert!(prices(&report), "{report}");
    assert_eq!(named().await, Vec::<&str>::new(), "all is mended");
    state("UPDATE purchase_order SET status = 'ORDERED' WHERE tenant_id = $1 AND status = 'PARTIALLY_RECEIVED'").await;
    let report = verify_by_prefix(&world.node.db, world.ours.owner.tenant, "purchase order: its lines fit").await.unwrap();
    assert!(!report.is_sound(), "{report}");
    // Closed by hand, which leaves the outstanding units neither open nor short.
    state("UPDATE purchase_order SET status = 'CLOSED', ended_at = updated_at WHERE tenant_id = $1 AND status = 'ORDERED'").await;
    let over = "purchase order line: units that a RECEIVED or CLOSED";
    let report = verify_by_prefix(&world.node.db, world.ours.owner.tenant, over).await.unwrap();
    assert!(!report.is_sound(), "{report}");
}
