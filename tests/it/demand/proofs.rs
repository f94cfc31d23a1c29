//! `verify` finds rows that were changed by hand.

use entrepot::{demand::shell::catch_up, insight::verify::verify_by_prefix};
use serde_json::json;

use super::days::{days_ago, update_book};
use crate::{
    authorization::world::World,
    costing::world::{Books, run_tenant_sql},
    purchasing::{
        office::{accepted, key},
        proofs::{Break, each_is_named},
    },
    world::on_both,
};

on_both!(each_proof_of_facts_names_what_is_broken, a_row_that_is_gone_or_too_much_is_named);

/// Facts of each kind: orders, one of them cancelled in part, a return, ledger movements without a
/// document, and a day without stock.
async fn some_of_all(world: &World) -> Books<'_> {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.adjust("RECEIPT", &mug, 9, json!({ "occurredAt": days_ago(world, 9) })).await;
    books.adjust("REMOVAL", &mug, -1, json!({ "occurredAt": days_ago(world, 8) })).await;
    books.adjust("ADJUSTMENT", &mug, -8, json!({ "occurredAt": days_ago(world, 7) })).await;
    books.adjust("ADJUSTMENT", &mug, 9, json!({ "occurredAt": days_ago(world, 5) })).await;
    let order = books.sell(&mug, 4).await;
    let line = json!({ "orderLineId": order["lines"][0]["id"], "product": mug, "quantity": 2 });
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "lines": [line] });
    accepted(&books.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    catch_up(&world.node.db, world.ours.owner.tenant, usize::MAX).await.unwrap();
    books
}

async fn each_proof_of_facts_names_what_is_broken(world: &World) {
    some_of_all(world).await;
    let one = |table, column, rows, named| Break { table, column, rows, named };
    let breaks = [
        one("demand_day", "ordered_units", "ordered_units > 0", "demand facts: sold units"),
        one("demand_day", "gross_minor", "gross_minor > 0", "demand facts: sold units"),
        one("demand_day", "order_lines", "order_lines > 0", "demand facts: sold units"),
        one("demand_day", "returned_units", "returned_units > 0", "demand facts: returned units"),
        one("demand_day", "shipped_units", "shipped_units > 0", "demand facts: shipped, restocked, received,"),
        one("demand_day", "restocked_units", "restocked_units > 0", "demand facts: shipped, restocked, received,"),
        one("demand_day", "received_units", "received_units > 0", "demand facts: shipped, restocked, received,"),
        one("demand_day", "adjusted_out_units", "adjusted_out_units > 0", "demand facts: shipped, restocked, received,"),
        one("demand_day", "removed_units", "removed_units > 0", "demand facts: shipped, restocked, received,"),
        one("demand_day", "net_units", "net_units > 0", "demand facts: the change of"),
        one("demand_day", "ordered_units", "ordered_units > 0", "demand week"),
        one("demand_day", "cost_minor", "cost_minor > 0", "demand book: rows and checksum"),
        one("demand_day", "taken_back_units", "taken_back_units > 0", "demand book: rows and checksum"),
        one("demand_day", "max_line_units", "max_line_units > 0", "demand book: rows and checksum"),
        one("demand_week", "ordered_units", "ordered_units > 0", "demand week"),
        one("demand_week", "taken_back_units", "taken_back_units > 0", "demand week"),
        one("demand_week", "shipped_units", "shipped_units > 0", "demand book: rows and checksum"),
        one("demand_book", "row_count", "row_count > 0", "demand book: rows and checksum"),
    ];
    each_is_named(world, &breaks).await;
}

async fn a_row_that_is_gone_or_too_much_is_named(world: &World) {
    let books = some_of_all(world).await;
    let tenant = world.ours.owner.tenant;
    books.office.is_sound().await;
    for (broken, named) in [
        (
            "UPDATE stock_span SET to_date = to_date + 1 WHERE tenant_id = $1 AND to_date IS NOT NULL AND state = 'IN_STOCK'",
            "stock span: those of a level",
        ),
        (
            "UPDATE stock_span SET state = CASE state WHEN 'OUT' THEN 'IN_STOCK' ELSE 'OUT' END WHERE tenant_id = $1",
            "stock span: a level is OUT",
        ),
        ("DELETE FROM stock_span WHERE tenant_id = $1 AND to_date IS NULL", "stock span: a level is OUT"),
        ("DELETE FROM stock_span WHERE tenant_id = $1", "stock span: those of a level"),
        ("DELETE FROM demand_week WHERE tenant_id = $1", "demand week"),
        ("DELETE FROM demand_day WHERE tenant_id = $1 AND ordered_units > 0", "demand facts: sold units"),
        ("DELETE FROM demand_document WHERE tenant_id = $1", "demand document"),
        ("UPDATE demand_book SET seq = seq + 1000 WHERE tenant_id = $1", "demand book: its position is"),
    ] {
        run_tenant_sql(world, broken).await;
        let report = verify_by_prefix(&world.node.db, tenant, named).await.unwrap();
        assert!(!report.is_sound(), "{broken}: {report}");
        // A rebuild makes the same rows.
        for table in ["demand_day", "demand_gone", "demand_week", "stock_span", "demand_document", "demand_book"] {
            run_tenant_sql(world, &format!("DELETE FROM {table} WHERE tenant_id = $1")).await;
        }
        update_book(world).await;
        for facts in ["demand", "stock span"] {
            let report = verify_by_prefix(&world.node.db, tenant, facts).await.unwrap();
            assert!(report.lines.len() > 1 && report.is_sound(), "{broken}: {report}");
        }
    }
    books.office.is_sound().await;
}
