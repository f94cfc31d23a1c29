//! Counts of products with lots: a line for each lot.

use serde_json::{Value, json};

use super::house::{House, done, key, lines, lot, refused};
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
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    house.takes_in("b", 5, "2099-04-01").await;
    done(&house.adjust("RECEIPT", (&house.drill, &here), 1, json!({ "code": "S-1" })).await, "levels");
    done(&house.adjust("RECEIPT", (&house.mug, &here), 7, Value::Null).await, "levels");
    let count = house.counting(json!({ "kind": "FULL" })).await;
    let none = |code: &str| (Some(code.to_owned()), None, None);
    assert_eq!(lines(&count, "CHEESE"), [none("a"), none("b")]);
    assert_eq!((lines(&count, "DRILL"), lines(&count, "CUP")), (vec![none("S-1")], vec![(None, None, None)]));
    house.finds(&count, &[("A", 8), ("b", 6)]).await;
    let others = json!({ "id": count["id"], "lines": [{ "product": house.mug, "counted": 7 },
        { "product": house.drill, "lot": { "code": "s-1" }, "counted": 0 }] });
    done(&house.counts("stocktakeRecord", others).await, "stocktake");
    // Sold since the count: the counted quantity is compared with the stock at the time of the
    // count.
    done(&house.adjust("SALE", (&house.cheese, &here), -3, json!({ "code": "b" })).await, "levels");
    let posted = house.posts(&count).await;
    assert_eq!(posted["status"], "COMPLETED");
    assert_eq!(lines(&posted, "CHEESE"), [line("a", 8, 10), line("b", 6, 5)]);
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 8, 0), lot("b", 3, 0)]);
    assert_eq!(house.lots(&house.drill, &here).await, []);
    house.office.is_sound().await;
}

async fn a_lot_that_the_books_do_not_know_is_made_when_the_count_is_posted(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    let count = house.counting(json!({ "kind": "FULL" })).await;
    let named = json!({ "named": { "code": "stray", "expiresOn": "2099-01-31" } });
    let input = json!({ "id": count["id"], "idempotencyKey": "stray", "lines": [{ "product": house.cheese, "lot": named, "counted": 4 }] });
    let payload = house.counts("stocktakeRecord", input.clone()).await;
    let seen = done(&payload, "stocktake");
    let stray = seen["lines"]["nodes"].as_array().unwrap().iter().find(|line| line["lotCode"] == "stray").unwrap().clone();
    assert_eq!((&stray["isExpected"], &stray["lot"], &stray["book"]), (&json!(false), &Value::Null, &json!(0)));
    assert_eq!(house.counts("stocktakeRecord", input).await["replayed"], true);
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 10, 0)], "a count that is called off leaves nothing");
    house.finds(&count, &[("a", 10), ("STRAY", 3)]).await;
    let posted = house.posts(&count).await;
    assert_eq!(lines(&posted, "CHEESE"), [line("a", 10, 10), line("stray", 3, 0)]);
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 10, 0), lot("stray", 3, 0)]);
    let made = posted["lines"]["nodes"].as_array().unwrap().iter().find(|line| line["lotCode"] == "stray").unwrap().clone();
    assert_eq!((&made["lot"]["code"], &made["attempts"]), (&json!("stray"), &json!(2)));
    house.office.is_sound().await;
}

async fn a_product_without_a_lot_in_stock_is_counted_as_nothing(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("gone", 2, "2099-03-01").await;
    done(&house.adjust("SALE", (&house.cheese, &here), -2, Value::Null).await, "levels");
    let count = house.counting(json!({ "kind": "FULL" })).await;
    assert_eq!(lines(&count, "CHEESE"), [(None, None, None)]);
    let tell = |n: i64| json!({ "id": count["id"], "lines": [{ "product": house.cheese, "counted": n }] });
    refused(&house.counts("stocktakeRecord", tell(1)).await, "INVALID", "input.lines.0.lot");
    done(&house.counts("stocktakeRecord", tell(0)).await, "stocktake");
    let posted = house.posts(&count).await;
    assert_eq!(lines(&posted, "CHEESE"), [(None, Some(0), Some(0))]);
    // A lot that is found replaces the line without a lot.
    let second = house.counting(json!({ "kind": "FULL" })).await;
    house.finds(&second, &[("gone", 1)]).await;
    let posted = house.posts(&second).await;
    assert_eq!(lines(&posted, "CHEESE"), [line("gone", 1, 0)]);
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("gone", 1, 0)]);
    house.office.is_sound().await;
}

async fn a_list_gets_its_lots_when_it_begins(world: &World) {
    let house = House::open(world).await;
    let input = json!({ "kind": "LIST", "store": house.office.store, "products": [house.cheese, house.mug], "isBlind": false });
    let made = house.counts("stocktakeCreate", input).await;
    let made = done(&made, "stocktake").clone();
    house.takes_in("a", 10, "2099-03-01").await;
    let begun = house.counts("stocktakeStart", json!({ "id": made["id"] })).await;
    let begun = done(&begun, "stocktake").clone();
    assert_eq!(lines(&begun, "CHEESE"), [(Some("a".to_owned()), None, None)]);
    house.finds(&begun, &[("a", 9)]).await;
    let cup = json!({ "id": begun["id"], "lines": [{ "product": house.mug, "counted": 0 }] });
    let after = house.counts("stocktakeRecord", cup).await;
    assert_eq!(done(&after, "stocktake")["progress"]["uncounted"], 0);
    house.posts(&begun).await;
    assert_eq!(house.lots(&house.cheese, &house.office.store).await, [lot("a", 9, 0)]);
    house.office.is_sound().await;
}

async fn lines_that_say_no_lot_or_the_wrong_one_are_refused(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    done(&house.adjust("RECEIPT", (&house.drill, &here), 1, json!({ "code": "S-1" })).await, "levels");
    let count = house.counting(json!({ "kind": "FULL" })).await;
    let tell = async |lines: Value| house.counts("stocktakeRecord", json!({ "id": count["id"], "lines": lines })).await;
    let cheese = |lot: Value, n: i64| json!({ "product": house.cheese, "lot": lot, "counted": n });
    refused(&tell(json!([{ "product": house.cheese, "counted": 10 }])).await, "INVALID", "input.lines.0.lot");
    refused(&tell(json!([{ "product": house.cheese, "counted": 0 }])).await, "INVALID", "input.lines.0.lot");
    let mug = json!([{ "product": house.mug, "lot": { "code": "a" }, "counted": 1 }]);
    refused(&tell(mug).await, "INVALID", "input.lines.0.lot");
    let twice = json!([cheese(json!({ "code": "a" }), 1), cheese(json!({ "code": " A " }), 2)]);
    refused(&tell(twice).await, "INVALID", "input.lines.1.lot");
    let other_dates = json!([cheese(json!({ "named": { "code": "a", "expiresOn": "2030-01-01" } }), 1)]);
    refused(&tell(other_dates).await, "INVALID", "input.lines.0.lot");
    let foreign = json!([cheese(json!({ "id": "lot_00041061050r3gg28a1c60t3gf" }), 1)]);
    refused(&tell(foreign).await, "NOT_FOUND", "input.lines.0.lot.id");
    let two = json!([{ "product": house.drill, "lot": { "code": "S-1" }, "counted": 2 }]);
    refused(&tell(two).await, "OUT_OF_RANGE", "input.lines.0.counted");
    let long = "x".repeat(129);
    refused(&tell(json!([cheese(json!({ "code": long }), 1)])).await, "TOO_LONG", "input.lines.0.lot.code");
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 10, 0)]);
    house.office.is_sound().await;
}

async fn what_is_missing_of_a_lot_is_taken_from_what_was_set_aside_last(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    for (to, n) in [("QUARANTINE", 2), ("DAMAGED", 3)] {
        let item = json!({ "product": house.cheese, "store": here, "quantity": n, "lot": { "code": "a" } });
        let input = json!({ "idempotencyKey": key(), "to": to, "reasonCode": "DAMAGE", "items": [item] });
        done(&house.office.act("stockMove", "StockMoveInput", "levels { onHand }", input).await, "levels");
    }
    let count = house.counting(json!({ "kind": "FULL" })).await;
    house.finds(&count, &[("a", 2)]).await;
    house.posts(&count).await;
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 2, 2)], "five to sell are gone, and three that were aside");
    house.office.is_sound().await;
}

async fn a_fact_from_before_a_lots_count_leaves_the_count_true(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    house.takes_in("b", 5, "2099-04-01").await;
    let before = world.node.clock.now();
    let count = house.counting(json!({ "kind": "FULL" })).await;
    house.finds(&count, &[("a", 8)]).await;
    let left = house.counts("stocktakeSubmit", json!({ "id": count["id"], "onUncounted": "LEAVE" })).await;
    done(&left, "stocktake");
    done(&house.counts("stocktakeApprove", json!({ "id": count["id"] })).await, "stocktake");
    // Two sales from before the count are recorded after it: the counted quantity of the counted
    // lot already included its sale.
    for code in ["a", "b"] {
        let change = json!({ "product": house.cheese, "store": here, "delta": -2, "lot": { "code": code } });
        let input = json!({ "idempotencyKey": key(), "kind": "SALE", "reasonCode": "SALE", "changes": [change],
            "occurredAt": entrepot::clock::rfc3339(before) });
        done(&house.office.act("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await, "levels");
    }
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 8, 0), lot("b", 3, 0)]);
    house.office.is_sound().await;
}

async fn what_arrives_before_the_count_is_posted_changes_the_lots_book(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    house.takes_in("b", 5, "2099-04-01").await;
    let count = house.counting(json!({ "kind": "FULL" })).await;
    let before = world.node.clock.now();
    house.finds(&count, &[("a", 7), ("b", 5)]).await;
    let change = json!({ "product": house.cheese, "store": here, "delta": -3, "lot": { "code": "a" } });
    let input = json!({ "idempotencyKey": key(), "kind": "SALE", "reasonCode": "SALE", "changes": [change],
        "occurredAt": entrepot::clock::rfc3339(before) });
    done(&house.office.act("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await, "levels");
    let posted = house.posts(&count).await;
    assert_eq!(lines(&posted, "CHEESE"), [line("a", 7, 7), line("b", 5, 5)], "the till of before came in: nothing is missing");
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 7, 0), lot("b", 5, 0)]);
    house.office.is_sound().await;
}

async fn holds_give_way_to_a_counted_lot(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    let held = house.held(&[(&house.cheese, 8)]).await;
    let count = house.counting(json!({ "kind": "FULL" })).await;
    house.finds(&count, &[("a", 5)]).await;
    house.posts(&count).await;
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 5, 0)]);
    let sent = house.moves("transferShip", json!({ "id": held["id"] })).await;
    refused(&sent, "INSUFFICIENT_STOCK", "input.id");
    house.office.is_sound().await;
}

async fn two_counts_of_a_lot_post_what_is_off_once(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    let (first, second) = (house.counting(json!({ "kind": "FULL" })).await, house.counting(json!({ "kind": "FULL" })).await);
    // The second one counts before and after the first: only its later records remain valid.
    house.finds(&second, &[("a", 5)]).await;
    house.finds(&first, &[("a", 8), ("stray", 3)]).await;
    let between = world.node.clock.now();
    let only = async |count: &Value| {
        done(&house.counts("stocktakeSubmit", json!({ "id": count["id"], "onUncounted": "LEAVE" })).await, "stocktake");
        done(&house.counts("stocktakeApprove", json!({ "id": count["id"] })).await, "stocktake").clone()
    };
    only(&first).await;
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 8, 0), lot("stray", 3, 0)]);
    let mut found = house.found(&second, &[("stray", 3)]);
    found["countedAt"] = json!(entrepot::clock::rfc3339(between));
    done(&house.counts("stocktakeRecord", found).await, "stocktake");
    let posted = only(&second).await;
    assert_eq!(lines(&posted, "CHEESE"), [line("a", 5, 5), line("stray", 3, 3)]);
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 8, 0), lot("stray", 3, 0)]);
    house.office.is_sound().await;
}

async fn a_serial_number_that_lies_elsewhere_is_said_of_the_count(world: &World) {
    let house = House::open(world).await;
    done(&house.adjust("RECEIPT", (&house.drill, &house.depot), 1, json!({ "code": "S-1" })).await, "levels");
    let count = house.counting(json!({ "kind": "LIST", "products": [house.drill] })).await;
    let found = json!({ "id": count["id"], "lines": [{ "product": house.drill, "lot": { "code": "S-1" }, "counted": 1 }] });
    done(&house.counts("stocktakeRecord", found).await, "stocktake");
    done(&house.counts("stocktakeSubmit", json!({ "id": count["id"] })).await, "stocktake");
    refused(&house.counts("stocktakeApprove", json!({ "id": count["id"] })).await, "DUPLICATE", "input.id");
    house.office.is_sound().await;
}
