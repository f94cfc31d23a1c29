//! Movements of lots that are recorded after a count, but happened before it.

use entity::prelude::Timestamp;
use entrepot::clock::rfc3339;
use serde_json::{Value, json};

use super::{
    kits::{level, order},
    shop::{LotShop, accepted, key, lot, refused},
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
async fn counted(shop: &LotShop<'_>, lots: &[(&str, i64)]) -> Timestamp {
    let before = shop.office.world.node.clock.now();
    let count = shop.start_count(json!({ "kind": "LIST", "products": [shop.cheese] })).await;
    shop.record_counted(&count, lots).await;
    shop.post_count(&count).await;
    before
}

/// Sells parts of lots of a product at a moment.
async fn sell_at(shop: &LotShop<'_>, product: &Value, parts: &[(Value, i64)], at: Timestamp) -> Value {
    let change = |(lot, n): &(Value, i64)| {
        let mut change = json!({ "product": product, "store": shop.office.store, "delta": -n });
        if !lot.is_null() {
            change["lot"] = lot.clone();
        }
        change
    };
    let changes: Vec<Value> = parts.iter().map(change).collect();
    let input =
        json!({ "idempotencyKey": key(), "kind": "SALE", "reasonCode": "SALE", "changes": changes, "occurredAt": rfc3339(at) });
    let fields = "levels { onHand } movement { kind entries { lot { code } onHandDelta } }";
    shop.office.mutate("stockAdjust", "StockAdjustInput", fields, input).await
}

/// The entries of an answer's movement.
fn entries(answer: &Value) -> Vec<(String, i64)> {
    let all = accepted(answer, "movement")["entries"].as_array().unwrap();
    let entry = |e: &Value| (e["lot"]["code"].as_str().unwrap().to_owned(), e["onHandDelta"].as_i64().unwrap());
    all.iter().map(entry).collect()
}

async fn a_late_sale_of_a_lot_that_the_count_found_gone_is_booked_as_it_was(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    shop.receive_lot("b", 5, "2099-04-01").await;
    let before = counted(&shop, &[("a", 2), ("b", 5)]).await;
    let of_a = [(json!({ "code": "a" }), 6)];
    let late = sell_at(&shop, &shop.cheese, &of_a, before).await;
    assert_eq!(entries(&late), [("a".to_owned(), -6)]);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 2, 0), lot("b", 5, 0)], "the count had seen it");
    shop.office.is_sound().await;
    let on_time = sell_at(&shop, &shop.cheese, &of_a, shop.office.world.node.clock.now()).await;
    refused(&on_time, "INSUFFICIENT_STOCK", "input.changes.0.delta");
    // A late receipt adds nothing to a lot that was counted since either.
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "occurredAt": rfc3339(before),
        "changes": [{ "product": shop.cheese, "store": here, "delta": 4, "lot": { "code": "a" } }] });
    accepted(&shop.office.mutate("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await, "levels");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 2, 0), lot("b", 5, 0)]);
    shop.office.is_sound().await;
}

async fn a_late_sale_over_the_counter_finds_its_lots_itself(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    shop.receive_lot("b", 5, "2099-04-01").await;
    let before = counted(&shop, &[("a", 0), ("b", 4)]).await;
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("b", 4, 0)]);
    let input = json!({ "idempotencyKey": key(), "store": here, "status": "FULFILLED", "placedAt": rfc3339(before),
        "lines": [{ "product": shop.cheese, "quantity": 11 }] });
    let sale = shop.office.mutate("orderCreate", "OrderCreateInput", "order { status }", input).await;
    assert_eq!(accepted(&sale, "order")["status"], "FULFILLED");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("b", 4, 0)], "the count had seen it");
    shop.office.is_sound().await;
    refused(&order(&shop, "FULFILLED", &[(&shop.cheese, 5)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
}

async fn a_late_sale_takes_nothing_that_was_promised_since(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    let before = counted(&shop, &[("a", 3)]).await;
    accepted(&order(&shop, "CONFIRMED", &[(&shop.cheese, 3)]).await, "order");
    for (said, quantity) in [(json!({ "code": "a" }), 7), (Value::Null, 2)] {
        accepted(&sell_at(&shop, &shop.cheese, &[(said, quantity)], before).await, "levels");
        assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 3, 0)]);
        assert_eq!(level(&shop, &shop.cheese).await, [3, 3]);
    }
    shop.office.is_sound().await;
}

async fn a_late_command_whose_lines_say_lots_and_do_not_is_taken_whole(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    shop.receive_lot("b", 5, "2099-04-01").await;
    let before = counted(&shop, &[("a", 0), ("b", 3)]).await;
    // The units lent to lot "a" for the second line expire first: the first line picks them.
    let parts = [(Value::Null, 3), (json!({ "code": "a" }), 2)];
    let late = sell_at(&shop, &shop.cheese, &parts, before).await;
    assert_eq!(entries(&late).iter().map(|(_, n)| n).sum::<i64>(), -5);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("b", 3, 0)]);
    shop.office.is_sound().await;
}

async fn a_late_sale_of_a_serial_number_that_the_count_missed_is_booked(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    accepted(&shop.adjust("RECEIPT", (&shop.drill, &here), 1, json!({ "code": "S-1" })).await, "levels");
    let before = world.node.clock.now();
    let count = shop.start_count(json!({ "kind": "LIST", "products": [shop.drill] })).await;
    let line = json!({ "product": shop.drill, "lot": { "code": "S-1" }, "counted": 0 });
    accepted(&shop.mutate_count("stocktakeRecord", json!({ "id": count["id"], "lines": [line] })).await, "stocktake");
    shop.post_count(&count).await;
    assert_eq!(shop.lots(&shop.drill, &here).await, []);
    let late = sell_at(&shop, &shop.drill, &[(json!({ "code": "S-1" }), 1)], before).await;
    assert_eq!(entries(&late), [("S-1".to_owned(), -1)]);
    assert_eq!(shop.lots(&shop.drill, &here).await, []);
    shop.office.is_sound().await;
}

async fn what_a_count_did_not_see_is_lent_nothing(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    let before = counted(&shop, &[("a", 10)]).await;
    shop.receive_lot("new", 2, "2099-04-01").await;
    let of_new = [(json!({ "code": "new" }), 3)];
    refused(&sell_at(&shop, &shop.cheese, &of_new, before).await, "INSUFFICIENT_STOCK", "input.changes.0.delta");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 10, 0), lot("new", 2, 0)]);
    shop.office.is_sound().await;
}
