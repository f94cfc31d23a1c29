//! Movements of lots that are recorded after a count, but happened before it.

use entity::prelude::Timestamp;
use entrepot::clock::rfc3339;
use serde_json::{Value, json};

use super::{
    house::{House, done, key, lot, refused},
    kits::{level, order},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    a_late_sale_of_a_lot_that_the_count_found_gone_is_booked_as_it_was,
    a_late_sale_over_the_counter_finds_its_lots_itself,
    a_late_sale_takes_nothing_that_was_promised_since,
    a_late_command_whose_lines_say_lots_and_do_not_is_taken_whole,
    a_late_sale_of_a_serial_number_that_the_count_missed_is_booked,
    what_a_count_did_not_see_is_lent_nothing,
);

/// Counts the lots of cheese here and posts it; gives a moment before it.
async fn counted(house: &House<'_>, lots: &[(&str, i64)]) -> Timestamp {
    let before = house.office.world.node.clock.now();
    let count = house.counting(json!({ "kind": "LIST", "products": [house.cheese] })).await;
    house.finds(&count, lots).await;
    house.posts(&count).await;
    before
}

/// Sells parts of lots of a product at a moment.
async fn sold(house: &House<'_>, product: &Value, parts: &[(Value, i64)], at: Timestamp) -> Value {
    let change = |(lot, n): &(Value, i64)| {
        let mut change = json!({ "product": product, "store": house.office.store, "delta": -n });
        if !lot.is_null() {
            change["lot"] = lot.clone();
        }
        change
    };
    let changes: Vec<Value> = parts.iter().map(change).collect();
    let input =
        json!({ "idempotencyKey": key(), "kind": "SALE", "reasonCode": "SALE", "changes": changes, "occurredAt": rfc3339(at) });
    let fields = "levels { onHand } movement { kind entries { lot { code } onHandDelta } }";
    house.office.act("stockAdjust", "StockAdjustInput", fields, input).await
}

/// The entries of an answer's movement.
fn entries(answer: &Value) -> Vec<(String, i64)> {
    let all = done(answer, "movement")["entries"].as_array().unwrap();
    let entry = |e: &Value| (e["lot"]["code"].as_str().unwrap().to_owned(), e["onHandDelta"].as_i64().unwrap());
    all.iter().map(entry).collect()
}

async fn a_late_sale_of_a_lot_that_the_count_found_gone_is_booked_as_it_was(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    house.takes_in("b", 5, "2099-04-01").await;
    let before = counted(&house, &[("a", 2), ("b", 5)]).await;
    let of_a = [(json!({ "code": "a" }), 6)];
    let late = sold(&house, &house.cheese, &of_a, before).await;
    assert_eq!(entries(&late), [("a".to_owned(), -6)]);
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 2, 0), lot("b", 5, 0)], "the count had seen it");
    house.office.is_sound().await;
    let on_time = sold(&house, &house.cheese, &of_a, house.office.world.node.clock.now()).await;
    refused(&on_time, "INSUFFICIENT_STOCK", "input.changes.0.delta");
    // A late receipt adds nothing to a lot that was counted since either.
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "occurredAt": rfc3339(before),
        "changes": [{ "product": house.cheese, "store": here, "delta": 4, "lot": { "code": "a" } }] });
    done(&house.office.act("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await, "levels");
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 2, 0), lot("b", 5, 0)]);
    house.office.is_sound().await;
}

async fn a_late_sale_over_the_counter_finds_its_lots_itself(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    house.takes_in("b", 5, "2099-04-01").await;
    let before = counted(&house, &[("a", 0), ("b", 4)]).await;
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("b", 4, 0)]);
    let input = json!({ "idempotencyKey": key(), "store": here, "status": "FULFILLED", "placedAt": rfc3339(before),
        "lines": [{ "product": house.cheese, "quantity": 11 }] });
    let sale = house.office.act("orderCreate", "OrderCreateInput", "order { status }", input).await;
    assert_eq!(done(&sale, "order")["status"], "FULFILLED");
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("b", 4, 0)], "the count had seen it");
    house.office.is_sound().await;
    refused(&order(&house, "FULFILLED", &[(&house.cheese, 5)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
}

async fn a_late_sale_takes_nothing_that_was_promised_since(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    let before = counted(&house, &[("a", 3)]).await;
    done(&order(&house, "CONFIRMED", &[(&house.cheese, 3)]).await, "order");
    for (said, quantity) in [(json!({ "code": "a" }), 7), (Value::Null, 2)] {
        done(&sold(&house, &house.cheese, &[(said, quantity)], before).await, "levels");
        assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 3, 0)]);
        assert_eq!(level(&house, &house.cheese).await, [3, 3]);
    }
    house.office.is_sound().await;
}

async fn a_late_command_whose_lines_say_lots_and_do_not_is_taken_whole(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    house.takes_in("b", 5, "2099-04-01").await;
    let before = counted(&house, &[("a", 0), ("b", 3)]).await;
    // The units lent to lot "a" for the second line expire first: the first line picks them.
    let parts = [(Value::Null, 3), (json!({ "code": "a" }), 2)];
    let late = sold(&house, &house.cheese, &parts, before).await;
    assert_eq!(entries(&late).iter().map(|(_, n)| n).sum::<i64>(), -5);
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("b", 3, 0)]);
    house.office.is_sound().await;
}

async fn a_late_sale_of_a_serial_number_that_the_count_missed_is_booked(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    done(&house.adjust("RECEIPT", (&house.drill, &here), 1, json!({ "code": "S-1" })).await, "levels");
    let before = world.node.clock.now();
    let count = house.counting(json!({ "kind": "LIST", "products": [house.drill] })).await;
    let line = json!({ "product": house.drill, "lot": { "code": "S-1" }, "counted": 0 });
    done(&house.counts("stocktakeRecord", json!({ "id": count["id"], "lines": [line] })).await, "stocktake");
    house.posts(&count).await;
    assert_eq!(house.lots(&house.drill, &here).await, []);
    let late = sold(&house, &house.drill, &[(json!({ "code": "S-1" }), 1)], before).await;
    assert_eq!(entries(&late), [("S-1".to_owned(), -1)]);
    assert_eq!(house.lots(&house.drill, &here).await, []);
    house.office.is_sound().await;
}

async fn what_a_count_did_not_see_is_lent_nothing(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("a", 10, "2099-03-01").await;
    let before = counted(&house, &[("a", 10)]).await;
    house.takes_in("new", 2, "2099-04-01").await;
    let of_new = [(json!({ "code": "new" }), 3)];
    refused(&sold(&house, &house.cheese, &of_new, before).await, "INSUFFICIENT_STOCK", "input.changes.0.delta");
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("a", 10, 0), lot("new", 2, 0)]);
    house.office.is_sound().await;
}
