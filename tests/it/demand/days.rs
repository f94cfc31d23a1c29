//! Effects of single events on days, weeks and spans.

use entrepot::{
    demand::shell::{catch_up, check},
    storage::{Database, Options, Reads, Row},
};
use serde_json::{Value, json};

pub use super::past::{days_ago, update_book};
use crate::{
    authorization::world::World,
    costing::world::{Books, run_tenant_sql},
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    a_sale_is_counted_on_its_day,
    a_cancelled_order_leaves_its_day_as_it_was,
    nodes_that_count_in_turn_count_each_document_once,
    a_reversal_leaves_the_day_of_what_it_reverses_as_it_was,
    a_late_order_changes_exactly_its_rows,
    what_comes_back_is_taken_back_on_the_day_of_its_order,
    spans_follow_what_is_on_hand_when_days_close,
    another_time_zone_changes_no_row,
);

/// The figures of the rows of a product: its days counted from the first, and a list of columns.
async fn rows(world: &World, product: &Value, columns: &str) -> Vec<Vec<i64>> {
    let id: entity::prelude::ProductId = product["id"].as_str().unwrap().parse().unwrap();
    let sql = format!(
        "SELECT CAST(business_date AS bigint), {columns} FROM demand_day WHERE tenant_id = $1 AND product_id = $2 ORDER BY business_date, channel_id, currency"
    );
    let found = world.node.db.tenant(world.ours.owner.tenant).rows(&sql, vec![id.into()]).await.unwrap();
    let count = 1 + columns.split(',').count();
    let read = |row| {
        let mut row = Row::new(row);
        (0..count).map(|_| row.take().unwrap()).collect()
    };
    found.iter().map(read).collect()
}

async fn spans(world: &World, product: &Value) -> Vec<(i32, Option<i32>, String)> {
    let id: entity::prelude::ProductId = product["id"].as_str().unwrap().parse().unwrap();
    let sql = "SELECT from_date, to_date, state FROM stock_span WHERE tenant_id = $1 AND product_id = $2 ORDER BY from_date";
    let found = world.node.db.tenant(world.ours.owner.tenant).rows(sql, vec![id.into()]).await.unwrap();
    let read = |row| {
        let mut row = Row::new(row);
        (row.take().unwrap(), row.take().unwrap(), row.take().unwrap())
    };
    found.iter().map(read).collect()
}

/// An order of one product, placed `days` ago.
async fn order(books: &Books<'_>, product: &Value, quantity: i64, (status, days): (&str, i64)) -> Value {
    let lines = json!([{ "product": product, "quantity": quantity, "unitPrice": gbp("9.00") }]);
    let mut input = json!({ "idempotencyKey": key(), "store": books.office.store, "status": status, "lines": lines });
    if days > 0 {
        input["placedAt"] = json!(days_ago(books.office.world, days));
    }
    let payload = books.office.mutate("orderCreate", "OrderCreateInput", "order { id version lines { id } }", input).await;
    accepted(&payload, "order").clone()
}

async fn is_the_same_made_again(world: &World) {
    let checked = check(&world.node.db, world.ours.owner.tenant, 64).await.unwrap();
    assert!(checked.is_equal(), "{checked:?}");
}

async fn a_sale_is_counted_on_its_day(world: &World) {
    const DAY: i64 = 86_400_000_000;
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.adjust("RECEIPT", &mug, 10, json!({ "occurredAt": days_ago(world, 3), "unitCost": gbp("2.00") })).await;
    order(&books, &mug, 4, ("FULFILLED", 0)).await;
    update_book(world).await;
    let columns = "ordered_units, orders, order_lines, gross_minor, list_minor, cost_minor, shipped_units, received_units, net_units, max_line_units";
    let rows = rows(world, &mug, columns).await;
    let [receipt, sale] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(receipt[1..], [0, 0, 0, 0, 0, 0, 0, 10, 10, 0]);
    assert_eq!(sale[1..], [4, 1, 1, 3_600, 3_600, 800, 4, 0, -4, 4]);
    assert_eq!(sale[0] - receipt[0], 3);
    // A till whose clock is three minutes ahead, two minutes before midnight: its sale belongs to
    // tomorrow in all figures.
    let now = world.node.clock.now().micros();
    let midnight = (now / DAY + 2) * DAY;
    world.advance_clock((midnight - now) / 1_000_000 - 120);
    let sold = async |minutes: i64| {
        let lines = json!([{ "product": mug, "quantity": 2, "unitPrice": gbp("9.00") }]);
        let placed_at = entrepot::clock::rfc3339(entity::prelude::Timestamp(midnight + minutes * 60_000_000));
        let input = json!({ "idempotencyKey": key(), "store": books.office.store, "status": "FULFILLED", "placedAt": placed_at, "lines": lines });
        books.office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await
    };
    accepted(&sold(1).await, "order");
    let refused = sold(8).await;
    assert!(refused["order"].is_null() && refused["userErrors"] != json!([]), "no clock is ten minutes ahead: {refused:#}");
    update_book(world).await;
    let last = async || self::rows(world, &mug, "ordered_units, shipped_units").await.pop().unwrap();
    assert_eq!(last().await, [midnight / DAY, 2, 2]);
    is_the_same_made_again(world).await;
    world.advance_clock(300);
    order(&books, &mug, 3, ("FULFILLED", 0)).await;
    update_book(world).await;
    assert_eq!(last().await, [midnight / DAY, 5, 5], "what is sold on that day comes into the same row");
    is_the_same_made_again(world).await;
    books.office.is_sound().await;
}

async fn a_cancelled_order_leaves_its_day_as_it_was(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 20, "2.00").await;
    order(&books, &mug, 2, ("FULFILLED", 0)).await;
    let before = update_book(world).await;
    let large = order(&books, &mug, 5, ("CONFIRMED", 0)).await;
    let counted = update_book(world).await;
    assert_ne!(counted.sum, before.sum);
    let found = rows(world, &mug, "ordered_units, orders, max_line_units").await;
    assert!(found.iter().any(|row| row[1..] == [7, 2, 5]), "{found:?}");
    let input = json!({ "idempotencyKey": key(), "id": large["id"] });
    accepted(&books.office.mutate("orderCancel", "ActionInput", "order { status }", input).await, "order");
    let after = update_book(world).await;
    assert_eq!((after.sum, after.row_count), (before.sum, before.row_count), "the largest line, too, is the one before");
    assert!(after.seq > counted.seq);
    is_the_same_made_again(world).await;
    books.office.is_sound().await;
}

async fn nodes_that_count_in_turn_count_each_document_once(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 50, "2.00").await;
    let other = Database::open(world.url(), Options::default()).await.unwrap();
    let count = async |node: &Database| {
        assert!(catch_up(node, world.ours.owner.tenant, usize::MAX).await.unwrap().is_current());
    };
    // Each node has cached the day as it was before the other node's pages.
    for node in [&world.node.db, &other, &world.node.db, &other] {
        let large = order(&books, &mug, 5, ("CONFIRMED", 0)).await;
        order(&books, &mug, 2, ("FULFILLED", 0)).await;
        count(node).await;
        let input = json!({ "idempotencyKey": key(), "id": large["id"] });
        accepted(&books.office.mutate("orderCancel", "ActionInput", "order { status }", input).await, "order");
        count(node).await;
    }
    let found = rows(world, &mug, "ordered_units, orders, max_line_units").await;
    assert!(found.iter().any(|row| row[1..] == [8, 4, 2]), "{found:?}");
    is_the_same_made_again(world).await;
    other.close().await.unwrap();
    books.office.is_sound().await;
}

async fn a_reversal_leaves_the_day_of_what_it_reverses_as_it_was(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.adjust("RECEIPT", &mug, 20, json!({ "occurredAt": days_ago(world, 9) })).await;
    let wrong = books.adjust("ADJUSTMENT", &mug, -6, json!({ "occurredAt": days_ago(world, 4) })).await;
    update_book(world).await;
    let columns = "received_units, adjusted_out_units, adjusted_in_units, net_units";
    assert_eq!(rows(world, &mug, columns).await[1][1..], [0, 6, 0, -6]);
    let input = json!({ "idempotencyKey": key(), "movementId": wrong["id"], "note": "wrong" });
    accepted(&books.office.mutate("stockReverse", "StockReverseInput", "movement { id }", input).await, "movement");
    update_book(world).await;
    let after = rows(world, &mug, columns).await;
    // The reversed movement's demand is gone from its day; on hand returns on the day of the
    // reversal.
    assert_eq!(after.iter().map(|row| &row[1..]).collect::<Vec<_>>(), [[20, 0, 0, 20], [0, 0, 0, -6], [0, 0, 0, 6]]);
    is_the_same_made_again(world).await;
    books.office.is_sound().await;
}

async fn a_late_order_changes_exactly_its_rows(world: &World) {
    let books = Books::of(world).await;
    let (mug, plate) = (books.office.product("MUG", "2.00").await, books.office.product("PLATE", "3.00").await);
    for product in [&mug, &plate] {
        books.adjust("RECEIPT", product, 50, json!({ "occurredAt": days_ago(world, 20) })).await;
        for days in [6, 3, 0] {
            order(&books, product, 2, ("FULFILLED", days)).await;
        }
    }
    let before = update_book(world).await;
    let all = rows(world, &mug, "ordered_units, net_units, revised_seq").await;
    order(&books, &mug, 1, ("FULFILLED", 3)).await;
    let after = update_book(world).await;
    let late = rows(world, &mug, "ordered_units, net_units, revised_seq").await;
    for (nth, (old, new)) in all.iter().zip(&late).enumerate() {
        if nth == 2 {
            assert_eq!((&new[1..3], old[3] < new[3]), (&[3, -3][..], true), "{old:?} {new:?}");
        } else {
            assert_eq!(old, new);
        }
    }
    let sql = "SELECT count(*) FROM demand_day WHERE tenant_id = $1 AND revised_seq > $2";
    let revised = world.node.db.tenant(world.ours.owner.tenant).rows(sql, vec![before.seq.into()]).await.unwrap();
    assert_eq!((Row::new(&revised[0]).take::<i64>().unwrap(), after.row_count), (1, before.row_count));
    is_the_same_made_again(world).await;
}

async fn what_comes_back_is_taken_back_on_the_day_of_its_order(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.adjust("RECEIPT", &mug, 20, json!({ "occurredAt": days_ago(world, 9) })).await;
    let sold = order(&books, &mug, 5, ("FULFILLED", 4)).await;
    let line = json!({ "orderLineId": sold["lines"][0]["id"], "product": mug, "quantity": 2 });
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "lines": [line] });
    accepted(&books.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    let blind = json!({ "product": mug, "quantity": 1, "unitPrice": gbp("8.00") });
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "lines": [blind] });
    accepted(&books.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    update_book(world).await;
    let found =
        rows(world, &mug, "ordered_units, taken_back_units, returned_units, return_lines, refund_minor, restocked_units").await;
    let of_days: Vec<&[i64]> = found.iter().map(|row| &row[1..]).collect();
    assert_eq!(of_days[1], [5, 2, 0, 0, 0, 0]);
    let today: Vec<i64> = (2..6).map(|nth| of_days[2..].iter().map(|row| row[nth]).sum()).collect();
    assert_eq!(today, [3, 2, 1_800 + 800, 3]);
    is_the_same_made_again(world).await;
    books.office.is_sound().await;
}

async fn spans_follow_what_is_on_hand_when_days_close(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    let adjust = async |delta: i64, days: i64| {
        let kind = if delta > 0 { "RECEIPT" } else { "REMOVAL" };
        books.adjust(kind, &mug, delta, json!({ "occurredAt": days_ago(world, days) })).await;
        update_book(world).await;
    };
    adjust(5, 10).await;
    let first = spans(world, &mug).await[0].0;
    adjust(-5, 6).await;
    adjust(3, 2).await;
    let span = |from: i32, to: Option<i32>, state: &str| (first + from, to.map(|to| first + to), state.to_owned());
    let expected = [span(0, Some(3), "IN_STOCK"), span(4, Some(7), "OUT"), span(8, None, "IN_STOCK")];
    assert_eq!(spans(world, &mug).await, expected);
    // A delivery that is booked late fills the gap, and one before the first moves the beginning.
    adjust(4, 5).await;
    let expected = [span(0, Some(3), "IN_STOCK"), span(4, Some(4), "OUT"), span(5, None, "IN_STOCK")];
    assert_eq!(spans(world, &mug).await, expected);
    adjust(1, 13).await;
    assert_eq!(spans(world, &mug).await, [span(-3, None, "IN_STOCK")]);
    is_the_same_made_again(world).await;
    books.office.is_sound().await;
}

async fn another_time_zone_changes_no_row(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 20, "2.00").await;
    order(&books, &mug, 5, ("FULFILLED", 0)).await;
    let before = update_book(world).await;
    run_tenant_sql(world, "UPDATE store SET time_zone = 'Pacific/Auckland' WHERE tenant_id = $1").await;
    order(&books, &mug, 1, ("DRAFT", 0)).await;
    let after = update_book(world).await;
    assert_eq!((after.sum, after.row_count), (before.sum, before.row_count));
    is_the_same_made_again(world).await;
}
