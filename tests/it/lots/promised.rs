//! Promises from lots that are near their expiry date.

use serde_json::{Value, json};

use super::{
    house::{House, done, refused, sent_lots},
    kits::{act, level, order},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    orders_are_promised_what_a_sale_would_pick,
    an_order_with_sourcing_passes_a_store_whose_lots_are_near_their_date,
    what_a_transfer_holds_is_held_of_lots_near_their_date_first,
    a_transfer_that_holds_more_than_is_near_its_date_takes_the_rest_from_buyers,
    a_lot_that_is_past_its_date_holds_nothing_for_a_transfer,
);

/// Cheese leaves a customer a week.
async fn house_of_a_week(world: &World) -> House<'_> {
    let house = House::open(world).await;
    let input = json!({ "id": house.cheese["id"], "expectedVersion": 1, "minimumRemainingDays": 7 });
    done(&house.office.act("productUpdate", "ProductUpdateInput", "product { version }", input).await, "product");
    house
}

async fn orders_are_promised_what_a_sale_would_pick(world: &World) {
    let house = house_of_a_week(world).await;
    // Today is 2026-09-21.
    house.takes_in("short", 5, "2026-09-25").await;
    house.takes_in("long", 5, "2099-03-01").await;
    refused(&order(&house, "CONFIRMED", &[(&house.cheese, 6)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    let hold = |quantity: i64| {
        let item = json!({ "product": house.cheese, "store": house.office.store, "quantity": quantity });
        json!({ "idempotencyKey": format!("cart of {quantity}"), "items": [item] })
    };
    let cart = house.office.act("stockReserve", "StockReserveInput", "reservations { id }", hold(6)).await;
    refused(&cart, "INSUFFICIENT_STOCK", "input.items.0.quantity");
    let taken = order(&house, "CONFIRMED", &[(&house.cheese, 4)]).await;
    let taken = done(&taken, "order").clone();
    refused(&order(&house, "PENDING", &[(&house.cheese, 2)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    done(&order(&house, "CONFIRMED", &[(&house.cheese, 1)]).await, "order");
    let on = "query($p: ID!, $s: ID!) { availabilityForecast(product: { id: $p }, store: { id: $s }, date: \"2026-09-22\") { available expiring availableToPromise } }";
    let answer = house.office.ask(on, json!({ "p": house.cheese["id"], "s": house.office.store["id"] })).await;
    assert_eq!(answer["data"]["availabilityForecast"], json!({ "available": 5, "expiring": 5, "availableToPromise": 0 }));
    done(&act(&house, "orderFulfil", json!({ "id": taken["id"] })).await, "order");
    assert_eq!(level(&house, &house.cheese).await, [6, 1]);
    house.office.is_sound().await;
}

async fn an_order_with_sourcing_passes_a_store_whose_lots_are_near_their_date(world: &World) {
    let house = house_of_a_week(world).await;
    house.takes_in("long", 5, "2099-03-01").await;
    let short = json!({ "named": { "code": "short", "expiresOn": "2026-09-25" } });
    done(&house.adjust("RECEIPT", (&house.cheese, &house.depot), 5, short).await, "levels");
    let input = json!({ "idempotencyKey": "sourced", "store": house.office.store, "status": "CONFIRMED", "sourcing": {},
        "lines": [{ "product": house.cheese, "quantity": 3 }] });
    let fields = "order { lines { allocations { store { id } quantity } } }";
    let payload = house.office.act("orderCreate", "OrderCreateInput", fields, input).await;
    let found: &Value = &done(&payload, "order")["lines"][0]["allocations"];
    assert_eq!(*found, json!([{ "store": { "id": house.office.store["id"] }, "quantity": 3 }]));
    house.office.is_sound().await;
}

/// Returns the explanation of the cheese's availability here: available, not for sale, available to
/// promise.
async fn explained(house: &House<'_>) -> Value {
    let why = "query($p: ID!, $s: ID!) { availabilityExplanation(product: { id: $p }, store: { id: $s }) { available notForSale availableToPromise } }";
    let answer = house.office.ask(why, json!({ "p": house.cheese["id"], "s": house.office.store["id"] })).await;
    let explained = &answer["data"]["availabilityExplanation"];
    json!([explained["available"], explained["notForSale"], explained["availableToPromise"]])
}

async fn what_a_transfer_holds_is_held_of_lots_near_their_date_first(world: &World) {
    let house = house_of_a_week(world).await;
    house.takes_in("short", 5, "2026-09-25").await;
    house.takes_in("long", 5, "2099-03-01").await;
    assert_eq!(explained(&house).await, json!([10, 5, 5]));
    let held = house.held(&[(&house.cheese, 5)]).await;
    assert_eq!(explained(&house).await, json!([5, 0, 5]), "the near ones are the transfer's");
    let taken = order(&house, "CONFIRMED", &[(&house.cheese, 5)]).await;
    let taken = done(&taken, "order").clone();
    assert_eq!(explained(&house).await, json!([0, 0, 0]));
    refused(&order(&house, "CONFIRMED", &[(&house.cheese, 1)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    // A shipment that names its lots cannot take units that were promised to the order.
    let lots = json!([{ "lot": { "code": "short" }, "quantity": 4 }, { "lot": { "code": "long" }, "quantity": 1 }]);
    let named = json!({ "id": held["id"], "lines": [{ "lineId": held["lines"][0]["id"], "quantity": 5, "lots": lots }] });
    refused(&house.moves("transferShip", named).await, "INSUFFICIENT_STOCK", "input.lines.0.lots");
    let sent = house.moves("transferShip", json!({ "id": held["id"] })).await;
    assert_eq!(sent_lots(&done(&sent, "transfer")["lines"][0]), [("short".to_owned(), [5, 0, 0, 5])]);
    done(&act(&house, "orderFulfil", json!({ "id": taken["id"] })).await, "order");
    assert_eq!(level(&house, &house.cheese).await, [0, 0]);
    house.office.is_sound().await;
}

async fn a_transfer_that_holds_more_than_is_near_its_date_takes_the_rest_from_buyers(world: &World) {
    let house = house_of_a_week(world).await;
    house.takes_in("short", 5, "2026-09-25").await;
    house.takes_in("long", 5, "2099-03-01").await;
    let held = house.held(&[(&house.cheese, 7)]).await;
    assert_eq!(explained(&house).await, json!([3, 0, 3]));
    refused(&order(&house, "CONFIRMED", &[(&house.cheese, 4)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    let taken = order(&house, "CONFIRMED", &[(&house.cheese, 3)]).await;
    let taken = done(&taken, "order").clone();
    let sent = house.moves("transferShip", json!({ "id": held["id"] })).await;
    let lots = [("long".to_owned(), [2, 0, 0, 2]), ("short".to_owned(), [5, 0, 0, 5])];
    assert_eq!(sent_lots(&done(&sent, "transfer")["lines"][0]), lots);
    done(&act(&house, "orderFulfil", json!({ "id": taken["id"] })).await, "order");
    assert_eq!(level(&house, &house.cheese).await, [0, 0]);
    house.office.is_sound().await;
}

async fn a_lot_that_is_past_its_date_holds_nothing_for_a_transfer(world: &World) {
    let house = house_of_a_week(world).await;
    house.takes_in("past", 5, "2026-09-22").await;
    house.takes_in("long", 5, "2099-03-01").await;
    world.pass(2 * 86_400);
    let held = house.held(&[(&house.cheese, 2)]).await;
    // The expired lot has not been set aside yet. A transfer does not ship it, so the hold is on
    // the good lot.
    assert_eq!(explained(&house).await, json!([8, 5, 3]));
    refused(&order(&house, "CONFIRMED", &[(&house.cheese, 4)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    let sent = house.moves("transferShip", json!({ "id": held["id"] })).await;
    assert_eq!(sent_lots(&done(&sent, "transfer")["lines"][0]), [("long".to_owned(), [2, 0, 0, 2])]);
    house.office.is_sound().await;
}
