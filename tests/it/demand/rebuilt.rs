//! Facts made again: while they are read, after a run that was broken off, and without the journal's oldest events.

use entrepot::{
    demand::{
        rows::{begin, generations},
        shell::{check, rebuild},
    },
    storage::Reads,
};
use serde_json::json;

use super::days::update_book;
use crate::{
    authorization::world::World,
    costing::world::{Books, run_tenant_sql},
    purchasing::office::{accepted, key},
    world::on_both,
};

on_both!(
    a_rebuild_replaces_the_facts_and_leaves_nothing_behind,
    a_check_finds_what_was_changed_by_hand,
    documents_are_read_where_the_journal_has_let_their_events_go,
    a_reader_waits_for_seconds_only_while_another_task_holds_the_books,
);

async fn some(world: &World) -> Books<'_> {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 30, "2.00").await;
    for quantity in [1, 2, 3] {
        books.sell(&mug, quantity).await;
    }
    let order = books.sell(&mug, 4).await;
    let line = json!({ "orderLineId": order["lines"][0]["id"], "product": mug, "quantity": 2 });
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "lines": [line] });
    accepted(&books.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    books
}

async fn a_rebuild_replaces_the_facts_and_leaves_nothing_behind(world: &World) {
    let books = some(world).await;
    let tenant = world.ours.owner.tenant;
    let before = update_book(world).await;
    // Rows of an aborted run.
    let work = world.node.db.tenant(tenant).begin().await.unwrap();
    begin(&work, before.generation + 5).await.unwrap();
    work.commit().await.unwrap();
    let rebuilt = rebuild(&world.node.db, tenant, 2).await.unwrap();
    assert_eq!((rebuilt.rows, rebuilt.sum, rebuilt.seq), (before.row_count, before.sum, before.seq));
    assert!(rebuilt.generation > before.generation + 5);
    let scope = world.node.db.tenant(tenant);
    assert_eq!(generations(&scope).await.unwrap(), [(rebuilt.generation, true)]);
    for table in ["demand_day", "demand_gone", "demand_week", "stock_span", "demand_document"] {
        let sql = format!("SELECT 1 FROM {table} WHERE tenant_id = $1 AND generation <> $2");
        assert!(scope.rows(&sql, vec![rebuilt.generation.into()]).await.unwrap().is_empty(), "{table}");
    }
    assert_eq!(update_book(world).await.generation, rebuilt.generation, "and what comes is counted there");
    books.office.is_sound().await;
}

async fn a_check_finds_what_was_changed_by_hand(world: &World) {
    some(world).await;
    let tenant = world.ours.owner.tenant;
    update_book(world).await;
    assert!(check(&world.node.db, tenant, 50).await.unwrap().is_equal());
    run_tenant_sql(world, "UPDATE demand_book SET row_count = row_count + 1 WHERE tenant_id = $1").await;
    let checked = check(&world.node.db, tenant, 50).await.unwrap();
    assert_eq!((checked.is_equal(), checked.difference), (false, None));
    run_tenant_sql(world, "UPDATE demand_book SET row_count = row_count - 1 WHERE tenant_id = $1").await;
    run_tenant_sql(world, "UPDATE demand_day SET cost_minor = cost_minor + 1 WHERE tenant_id = $1 AND cost_minor > 0").await;
    let checked = check(&world.node.db, tenant, 50).await.unwrap();
    assert!(
        !checked.is_equal() && checked.difference.as_deref().is_some_and(|row| row.starts_with("demand_day 20")),
        "{checked:?}"
    );
    let rebuilt = rebuild(&world.node.db, tenant, 50).await.unwrap();
    let checked = check(&world.node.db, tenant, 50).await.unwrap();
    assert_eq!((checked.is_equal(), checked.kept.generation), (true, rebuilt.generation));
}

async fn documents_are_read_where_the_journal_has_let_their_events_go(world: &World) {
    let books = some(world).await;
    let tenant = world.ours.owner.tenant;
    let before = update_book(world).await;
    // Events up to the low mark may still be there, as while a month leaves.
    run_tenant_sql(world, "UPDATE tenant_counter SET low_seq = head - 2 WHERE tenant_id = $1").await;
    books.office.is_sound().await;
    run_tenant_sql(world, "UPDATE tenant_counter SET low_seq = head WHERE tenant_id = $1").await;
    books.office.is_sound().await;
    run_tenant_sql(world, "DELETE FROM event WHERE tenant_id = $1").await;
    run_tenant_sql(world, "UPDATE tenant_counter SET low_seq = head WHERE tenant_id = $1").await;
    let rebuilt = rebuild(&world.node.db, tenant, 4).await.unwrap();
    assert_eq!((rebuilt.rows, rebuilt.sum), (before.row_count, before.sum));
    // Events after the rebuild are counted once.
    let bowl = books.office.product("BOWL", "1.00").await;
    books.receive(&bowl, 5, "1.00").await;
    books.sell(&bowl, 2).await;
    update_book(world).await;
    assert!(check(&world.node.db, tenant, 3).await.unwrap().is_equal());
}

async fn a_reader_waits_for_seconds_only_while_another_task_holds_the_books(world: &World) {
    let books = some(world).await;
    update_book(world).await;
    let bowl = books.office.product("BOWL", "1.00").await;
    books.receive(&bowl, 5, "1.00").await;
    // The answer of a receipt has its cost, so the books are kept until then, and lack this product.
    books.office.product("PLATE", "1.00").await;
    // An operation that takes 10 s is refused as TIMEOUT.
    let are_current = async || {
        let query = "query($p: ProductRef!) { demandFacts(first: 1) { isCurrent } productCost(product: $p) { isCurrent } }";
        let answer = books.office.execute(query, json!({ "p": bowl })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        ["demandFacts", "productCost"].map(|field| answer["data"][field]["isCurrent"] == true)
    };
    let work = world.node.db.tenant(world.ours.owner.tenant).begin().await.unwrap();
    for book in ["demand_book", "cost_book"] {
        work.execute(&format!("UPDATE {book} SET seq = seq WHERE tenant_id = $1"), vec![]).await.unwrap();
    }
    assert_eq!(are_current().await, [false, false]);
    work.rollback().await.unwrap();
    assert_eq!(are_current().await, [true, true]);
}
