//! Counts of products with lots: a line for each lot.

use serde_json::{Value, json};

use super::shop::{LotShop, accepted, key, lines, lot, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    every_lot_that_lies_there_is_a_line_and_is_set_to_what_was_found,
    a_lot_that_the_books_do_not_know_is_made_when_the_count_is_posted,
    a_product_without_a_lot_in_stock_is_counted_as_nothing,
    a_list_gets_its_lots_when_it_begins,
    lines_that_say_no_lot_or_the_wrong_one_are_refused,
    what_is_missing_of_a_lot_is_taken_from_what_was_set_aside_last,
    a_fact_from_before_a_lots_count_leaves_the_count_true,
    what_arrives_before_the_count_is_posted_changes_the_lots_book,
    holds_give_way_to_a_counted_lot,
    two_counts_of_a_lot_post_what_is_off_once,
    a_serial_number_that_lies_elsewhere_is_said_of_the_count,
);

fn line(code: &str, counted: i64, book: i64) -> (Option<String>, Option<i64>, Option<i64>) {
    (Some(code.to_owned()), Some(counted), Some(book))
}

async fn every_lot_that_lies_there_is_a_line_and_is_set_to_what_was_found(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    shop.receive_lot("b", 5, "2099-04-01").await;
    accepted(&shop.adjust("RECEIPT", (&shop.drill, &here), 1, json!({ "code": "S-1" })).await, "levels");
    accepted(&shop.adjust("RECEIPT", (&shop.mug, &here), 7, Value::Null).await, "levels");
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    let none = |code: &str| (Some(code.to_owned()), None, None);
    assert_eq!(lines(&count, "CHEESE"), [none("a"), none("b")]);
    assert_eq!((lines(&count, "DRILL"), lines(&count, "CUP")), (vec![none("S-1")], vec![(None, None, None)]));
    shop.record_counted(&count, &[("A", 8), ("b", 6)]).await;
    let others = json!({ "id": count["id"], "lines": [{ "product": shop.mug, "counted": 7 },
        { "product": shop.drill, "lot": { "code": "s-1" }, "counted": 0 }] });
    accepted(&shop.mutate_count("stocktakeRecord", others).await, "stocktake");
    // Sold since the count: the counted quantity is compared with the stock at the time of the
    // count.
    accepted(&shop.adjust("SALE", (&shop.cheese, &here), -3, json!({ "code": "b" })).await, "levels");
    let posted = shop.post_count(&count).await;
    assert_eq!(posted["status"], "COMPLETED");
    assert_eq!(lines(&posted, "CHEESE"), [line("a", 8, 10), line("b", 6, 5)]);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 8, 0), lot("b", 3, 0)]);
    assert_eq!(shop.lots(&shop.drill, &here).await, []);
    shop.office.is_sound().await;
}

async fn a_lot_that_the_books_do_not_know_is_made_when_the_count_is_posted(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    let named_input = json!({ "named": { "code": "stray", "expiresOn": "2099-01-31" } });
    let input = json!({ "id": count["id"], "idempotencyKey": "stray", "lines": [{ "product": shop.cheese, "lot": named_input, "counted": 4 }] });
    let payload = shop.mutate_count("stocktakeRecord", input.clone()).await;
    let stocktake = accepted(&payload, "stocktake");
    let stray = stocktake["lines"]["nodes"].as_array().unwrap().iter().find(|line| line["lotCode"] == "stray").unwrap().clone();
    assert_eq!((&stray["isExpected"], &stray["lot"], &stray["book"]), (&json!(false), &Value::Null, &json!(0)));
    assert_eq!(shop.mutate_count("stocktakeRecord", input).await["replayed"], true);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 10, 0)], "a count that is called off leaves nothing");
    shop.record_counted(&count, &[("a", 10), ("STRAY", 3)]).await;
    let posted = shop.post_count(&count).await;
    assert_eq!(lines(&posted, "CHEESE"), [line("a", 10, 10), line("stray", 3, 0)]);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 10, 0), lot("stray", 3, 0)]);
    let new_line = posted["lines"]["nodes"].as_array().unwrap().iter().find(|line| line["lotCode"] == "stray").unwrap().clone();
    assert_eq!((&new_line["lot"]["code"], &new_line["attempts"]), (&json!("stray"), &json!(2)));
    shop.office.is_sound().await;
}

async fn a_product_without_a_lot_in_stock_is_counted_as_nothing(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("gone", 2, "2099-03-01").await;
    accepted(&shop.adjust("SALE", (&shop.cheese, &here), -2, Value::Null).await, "levels");
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    assert_eq!(lines(&count, "CHEESE"), [(None, None, None)]);
    let tell = |n: i64| json!({ "id": count["id"], "lines": [{ "product": shop.cheese, "counted": n }] });
    refused(&shop.mutate_count("stocktakeRecord", tell(1)).await, "INVALID", "input.lines.0.lot");
    accepted(&shop.mutate_count("stocktakeRecord", tell(0)).await, "stocktake");
    let posted = shop.post_count(&count).await;
    assert_eq!(lines(&posted, "CHEESE"), [(None, Some(0), Some(0))]);
    // A lot that is found replaces the line without a lot.
    let second = shop.start_count(json!({ "kind": "FULL" })).await;
    shop.record_counted(&second, &[("gone", 1)]).await;
    let posted = shop.post_count(&second).await;
    assert_eq!(lines(&posted, "CHEESE"), [line("gone", 1, 0)]);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("gone", 1, 0)]);
    shop.office.is_sound().await;
}

async fn a_list_gets_its_lots_when_it_begins(world: &World) {
    let shop = LotShop::open(world).await;
    let input = json!({ "kind": "LIST", "store": shop.office.store, "products": [shop.cheese, shop.mug], "isBlind": false });
    let new_stocktake = shop.mutate_count("stocktakeCreate", input).await;
    let new_stocktake = accepted(&new_stocktake, "stocktake").clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    let stocktake = shop.mutate_count("stocktakeStart", json!({ "id": new_stocktake["id"] })).await;
    let stocktake = accepted(&stocktake, "stocktake").clone();
    assert_eq!(lines(&stocktake, "CHEESE"), [(Some("a".to_owned()), None, None)]);
    shop.record_counted(&stocktake, &[("a", 9)]).await;
    let cup = json!({ "id": stocktake["id"], "lines": [{ "product": shop.mug, "counted": 0 }] });
    let after = shop.mutate_count("stocktakeRecord", cup).await;
    assert_eq!(accepted(&after, "stocktake")["progress"]["uncounted"], 0);
    shop.post_count(&stocktake).await;
    assert_eq!(shop.lots(&shop.cheese, &shop.office.store).await, [lot("a", 9, 0)]);
    shop.office.is_sound().await;
}

async fn lines_that_say_no_lot_or_the_wrong_one_are_refused(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    accepted(&shop.adjust("RECEIPT", (&shop.drill, &here), 1, json!({ "code": "S-1" })).await, "levels");
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    let tell = async |lines: Value| shop.mutate_count("stocktakeRecord", json!({ "id": count["id"], "lines": lines })).await;
    let cheese = |lot: Value, n: i64| json!({ "product": shop.cheese, "lot": lot, "counted": n });
    refused(&tell(json!([{ "product": shop.cheese, "counted": 10 }])).await, "INVALID", "input.lines.0.lot");
    refused(&tell(json!([{ "product": shop.cheese, "counted": 0 }])).await, "INVALID", "input.lines.0.lot");
    let mug = json!([{ "product": shop.mug, "lot": { "code": "a" }, "counted": 1 }]);
    refused(&tell(mug).await, "INVALID", "input.lines.0.lot");
    let twice = json!([cheese(json!({ "code": "a" }), 1), cheese(json!({ "code": " A " }), 2)]);
    refused(&tell(twice).await, "INVALID", "input.lines.1.lot");
    let other_dates = json!([cheese(json!({ "named": { "code": "a", "expiresOn": "2030-01-01" } }), 1)]);
    refused(&tell(other_dates).await, "INVALID", "input.lines.0.lot");
    let foreign = json!([cheese(json!({ "id": "lot_00041061050r3gg28a1c60t3gf" }), 1)]);
    refused(&tell(foreign).await, "NOT_FOUND", "input.lines.0.lot.id");
    let two = json!([{ "product": shop.drill, "lot": { "code": "S-1" }, "counted": 2 }]);
    refused(&tell(two).await, "OUT_OF_RANGE", "input.lines.0.counted");
    let long = "x".repeat(129);
    refused(&tell(json!([cheese(json!({ "code": long }), 1)])).await, "TOO_LONG", "input.lines.0.lot.code");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 10, 0)]);
    shop.office.is_sound().await;
}

async fn what_is_missing_of_a_lot_is_taken_from_what_was_set_aside_last(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    for (to, n) in [("QUARANTINE", 2), ("DAMAGED", 3)] {
        let item = json!({ "product": shop.cheese, "store": here, "quantity": n, "lot": { "code": "a" } });
        let input = json!({ "idempotencyKey": key(), "to": to, "reasonCode": "DAMAGE", "items": [item] });
        accepted(&shop.office.mutate("stockMove", "StockMoveInput", "levels { onHand }", input).await, "levels");
    }
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    shop.record_counted(&count, &[("a", 2)]).await;
    shop.post_count(&count).await;
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 2, 2)], "five to sell are gone, and three that were aside");
    shop.office.is_sound().await;
}

async fn a_fact_from_before_a_lots_count_leaves_the_count_true(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    shop.receive_lot("b", 5, "2099-04-01").await;
    let before = world.node.clock.now();
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    shop.record_counted(&count, &[("a", 8)]).await;
    let left = shop.mutate_count("stocktakeSubmit", json!({ "id": count["id"], "onUncounted": "LEAVE" })).await;
    accepted(&left, "stocktake");
    accepted(&shop.mutate_count("stocktakeApprove", json!({ "id": count["id"] })).await, "stocktake");
    // Two sales from before the count are recorded after it: the counted quantity of the counted
    // lot already included its sale.
    for code in ["a", "b"] {
        let change = json!({ "product": shop.cheese, "store": here, "delta": -2, "lot": { "code": code } });
        let input = json!({ "idempotencyKey": key(), "kind": "SALE", "reasonCode": "SALE", "changes": [change],
            "occurredAt": entrepot::clock::rfc3339(before) });
        accepted(&shop.office.mutate("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await, "levels");
    }
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 8, 0), lot("b", 3, 0)]);
    shop.office.is_sound().await;
}

async fn what_arrives_before_the_count_is_posted_changes_the_lots_book(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    shop.receive_lot("b", 5, "2099-04-01").await;
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    let before = world.node.clock.now();
    shop.record_counted(&count, &[("a", 7), ("b", 5)]).await;
    let change = json!({ "product": shop.cheese, "store": here, "delta": -3, "lot": { "code": "a" } });
    let input = json!({ "idempotencyKey": key(), "kind": "SALE", "reasonCode": "SALE", "changes": [change],
        "occurredAt": entrepot::clock::rfc3339(before) });
    accepted(&shop.office.mutate("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await, "levels");
    let posted = shop.post_count(&count).await;
    assert_eq!(lines(&posted, "CHEESE"), [line("a", 7, 7), line("b", 5, 5)], "the till of before came in: nothing is missing");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 7, 0), lot("b", 5, 0)]);
    shop.office.is_sound().await;
}

async fn holds_give_way_to_a_counted_lot(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    let transfer = shop.create_held_transfer(&[(&shop.cheese, 8)]).await;
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    shop.record_counted(&count, &[("a", 5)]).await;
    shop.post_count(&count).await;
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 5, 0)]);
    let sent = shop.mutate_transfer("transferShip", json!({ "id": transfer["id"] })).await;
    refused(&sent, "INSUFFICIENT_STOCK", "input.id");
    shop.office.is_sound().await;
}

async fn two_counts_of_a_lot_post_what_is_off_once(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    let (first, second) = (shop.start_count(json!({ "kind": "FULL" })).await, shop.start_count(json!({ "kind": "FULL" })).await);
    // The second one counts before and after the first: only its later records remain valid.
    shop.record_counted(&second, &[("a", 5)]).await;
    shop.record_counted(&first, &[("a", 8), ("stray", 3)]).await;
    let between = world.node.clock.now();
    let only = async |count: &Value| {
        accepted(&shop.mutate_count("stocktakeSubmit", json!({ "id": count["id"], "onUncounted": "LEAVE" })).await, "stocktake");
        accepted(&shop.mutate_count("stocktakeApprove", json!({ "id": count["id"] })).await, "stocktake").clone()
    };
    only(&first).await;
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 8, 0), lot("stray", 3, 0)]);
    let mut found = shop.counted_input(&second, &[("stray", 3)]);
    found["countedAt"] = json!(entrepot::clock::rfc3339(between));
    accepted(&shop.mutate_count("stocktakeRecord", found).await, "stocktake");
    let posted = only(&second).await;
    assert_eq!(lines(&posted, "CHEESE"), [line("a", 5, 5), line("stray", 3, 3)]);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 8, 0), lot("stray", 3, 0)]);
    shop.office.is_sound().await;
}

async fn a_serial_number_that_lies_elsewhere_is_said_of_the_count(world: &World) {
    let shop = LotShop::open(world).await;
    accepted(&shop.adjust("RECEIPT", (&shop.drill, &shop.depot), 1, json!({ "code": "S-1" })).await, "levels");
    let count = shop.start_count(json!({ "kind": "LIST", "products": [shop.drill] })).await;
    let found = json!({ "id": count["id"], "lines": [{ "product": shop.drill, "lot": { "code": "S-1" }, "counted": 1 }] });
    accepted(&shop.mutate_count("stocktakeRecord", found).await, "stocktake");
    accepted(&shop.mutate_count("stocktakeSubmit", json!({ "id": count["id"] })).await, "stocktake");
    refused(&shop.mutate_count("stocktakeApprove", json!({ "id": count["id"] })).await, "DUPLICATE", "input.id");
    shop.office.is_sound().await;
}
