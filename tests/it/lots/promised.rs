//! Promises from lots that are near their expiry date.

use serde_json::{Value, json};

use super::{
    kits::{level, mutate, order},
    shop::{LotShop, accepted, refused, sent_lots},
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
async fn house_of_a_week(world: &World) -> LotShop<'_> {
    let shop = LotShop::open(world).await;
    let input = json!({ "id": shop.cheese["id"], "expectedVersion": 1, "minimumRemainingDays": 7 });
    accepted(&shop.office.mutate("productUpdate", "ProductUpdateInput", "product { version }", input).await, "product");
    shop
}

async fn orders_are_promised_what_a_sale_would_pick(world: &World) {
    let shop = house_of_a_week(world).await;
    // Today is 2026-09-21.
    shop.receive_lot("short", 5, "2026-09-25").await;
    shop.receive_lot("long", 5, "2099-03-01").await;
    refused(&order(&shop, "CONFIRMED", &[(&shop.cheese, 6)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    let hold = |quantity: i64| {
        let item = json!({ "product": shop.cheese, "store": shop.office.store, "quantity": quantity });
        json!({ "idempotencyKey": format!("cart of {quantity}"), "items": [item] })
    };
    let cart = shop.office.mutate("stockReserve", "StockReserveInput", "reservations { id }", hold(6)).await;
    refused(&cart, "INSUFFICIENT_STOCK", "input.items.0.quantity");
    let taken_order = order(&shop, "CONFIRMED", &[(&shop.cheese, 4)]).await;
    let taken_order = accepted(&taken_order, "order").clone();
    refused(&order(&shop, "PENDING", &[(&shop.cheese, 2)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    accepted(&order(&shop, "CONFIRMED", &[(&shop.cheese, 1)]).await, "order");
    let on = "query($p: ID!, $s: ID!) { availabilityForecast(product: { id: $p }, store: { id: $s }, date: \"2026-09-22\") { available expiring availableToPromise } }";
    let answer = shop.office.execute(on, json!({ "p": shop.cheese["id"], "s": shop.office.store["id"] })).await;
    assert_eq!(answer["data"]["availabilityForecast"], json!({ "available": 5, "expiring": 5, "availableToPromise": 0 }));
    accepted(&mutate(&shop, "orderFulfil", json!({ "id": taken_order["id"] })).await, "order");
    assert_eq!(level(&shop, &shop.cheese).await, [6, 1]);
    shop.office.is_sound().await;
}

async fn an_order_with_sourcing_passes_a_store_whose_lots_are_near_their_date(world: &World) {
    let shop = house_of_a_week(world).await;
    shop.receive_lot("long", 5, "2099-03-01").await;
    let short = json!({ "named": { "code": "short", "expiresOn": "2026-09-25" } });
    accepted(&shop.adjust("RECEIPT", (&shop.cheese, &shop.depot), 5, short).await, "levels");
    let input = json!({ "idempotencyKey": "sourced", "store": shop.office.store, "status": "CONFIRMED", "sourcing": {},
        "lines": [{ "product": shop.cheese, "quantity": 3 }] });
    let fields = "order { lines { allocations { store { id } quantity } } }";
    let payload = shop.office.mutate("orderCreate", "OrderCreateInput", fields, input).await;
    let found: &Value = &accepted(&payload, "order")["lines"][0]["allocations"];
    assert_eq!(*found, json!([{ "store": { "id": shop.office.store["id"] }, "quantity": 3 }]));
    shop.office.is_sound().await;
}

/// Returns the explanation of the cheese's availability here: available, not for sale, available to
/// promise.
async fn explained(shop: &LotShop<'_>) -> Value {
    let query = "query($p: ID!, $s: ID!) { availabilityExplanation(product: { id: $p }, store: { id: $s }) { available notForSale availableToPromise } }";
    let answer = shop.office.execute(query, json!({ "p": shop.cheese["id"], "s": shop.office.store["id"] })).await;
    let explained = &answer["data"]["availabilityExplanation"];
    json!([explained["available"], explained["notForSale"], explained["availableToPromise"]])
}

async fn what_a_transfer_holds_is_held_of_lots_near_their_date_first(world: &World) {
    let shop = house_of_a_week(world).await;
    shop.receive_lot("short", 5, "2026-09-25").await;
    shop.receive_lot("long", 5, "2099-03-01").await;
    assert_eq!(explained(&shop).await, json!([10, 5, 5]));
    let transfer = shop.create_held_transfer(&[(&shop.cheese, 5)]).await;
    assert_eq!(explained(&shop).await, json!([5, 0, 5]), "the near ones are the transfer's");
    let taken_order = order(&shop, "CONFIRMED", &[(&shop.cheese, 5)]).await;
    let taken_order = accepted(&taken_order, "order").clone();
    assert_eq!(explained(&shop).await, json!([0, 0, 0]));
    refused(&order(&shop, "CONFIRMED", &[(&shop.cheese, 1)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    // A shipment that names its lots cannot take units that were promised to the order.
    let lots = json!([{ "lot": { "code": "short" }, "quantity": 4 }, { "lot": { "code": "long" }, "quantity": 1 }]);
    let input = json!({ "id": transfer["id"], "lines": [{ "lineId": transfer["lines"][0]["id"], "quantity": 5, "lots": lots }] });
    refused(&shop.mutate_transfer("transferShip", input).await, "INSUFFICIENT_STOCK", "input.lines.0.lots");
    let sent = shop.mutate_transfer("transferShip", json!({ "id": transfer["id"] })).await;
    assert_eq!(sent_lots(&accepted(&sent, "transfer")["lines"][0]), [("short".to_owned(), [5, 0, 0, 5])]);
    accepted(&mutate(&shop, "orderFulfil", json!({ "id": taken_order["id"] })).await, "order");
    assert_eq!(level(&shop, &shop.cheese).await, [0, 0]);
    shop.office.is_sound().await;
}

async fn a_transfer_that_holds_more_than_is_near_its_date_takes_the_rest_from_buyers(world: &World) {
    let shop = house_of_a_week(world).await;
    shop.receive_lot("short", 5, "2026-09-25").await;
    shop.receive_lot("long", 5, "2099-03-01").await;
    let transfer = shop.create_held_transfer(&[(&shop.cheese, 7)]).await;
    assert_eq!(explained(&shop).await, json!([3, 0, 3]));
    refused(&order(&shop, "CONFIRMED", &[(&shop.cheese, 4)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    let taken_order = order(&shop, "CONFIRMED", &[(&shop.cheese, 3)]).await;
    let taken_order = accepted(&taken_order, "order").clone();
    let sent = shop.mutate_transfer("transferShip", json!({ "id": transfer["id"] })).await;
    let lots = [("long".to_owned(), [2, 0, 0, 2]), ("short".to_owned(), [5, 0, 0, 5])];
    assert_eq!(sent_lots(&accepted(&sent, "transfer")["lines"][0]), lots);
    accepted(&mutate(&shop, "orderFulfil", json!({ "id": taken_order["id"] })).await, "order");
    assert_eq!(level(&shop, &shop.cheese).await, [0, 0]);
    shop.office.is_sound().await;
}

async fn a_lot_that_is_past_its_date_holds_nothing_for_a_transfer(world: &World) {
    let shop = house_of_a_week(world).await;
    shop.receive_lot("past", 5, "2026-09-22").await;
    shop.receive_lot("long", 5, "2099-03-01").await;
    world.advance_clock(2 * 86_400);
    let transfer = shop.create_held_transfer(&[(&shop.cheese, 2)]).await;
    // The expired lot has not been set aside yet. A transfer does not ship it, so the hold is on
    // the good lot.
    assert_eq!(explained(&shop).await, json!([8, 5, 3]));
    refused(&order(&shop, "CONFIRMED", &[(&shop.cheese, 4)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    let sent = shop.mutate_transfer("transferShip", json!({ "id": transfer["id"] })).await;
    assert_eq!(sent_lots(&accepted(&sent, "transfer")["lines"][0]), [("long".to_owned(), [2, 0, 0, 2])]);
    shop.office.is_sound().await;
}
