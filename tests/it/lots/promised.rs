//! What may be promised of lots that are near their date.

use serde_json::{Value, json};

use super::{
    house::{House, done, refused},
    kits::{act, level, order},
};
use crate::authorization::{on_both, world::World};

on_both!(orders_are_promised_what_a_sale_would_pick, an_order_with_sourcing_passes_a_store_whose_lots_are_near_their_date,);

/// Cheese leaves a customer a week.
async fn house_of_a_week(world: &World) -> House<'_> {
    let house = House::open(world).await;
    let input = json!({ "id": house.cheese["id"], "expectedVersion": 1, "minimumRemainingDays": 7 });
    done(&house.desk.act("productUpdate", "ProductUpdateInput", "product { version }", input).await, "product");
    house
}

async fn orders_are_promised_what_a_sale_would_pick(world: &World) {
    let house = house_of_a_week(world).await;
    // Today is 2026-09-21.
    house.takes_in("short", 5, "2026-09-25").await;
    house.takes_in("long", 5, "2099-03-01").await;
    refused(&order(&house, "CONFIRMED", &[(&house.cheese, 6)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    let hold = |quantity: i64| {
        let item = json!({ "product": house.cheese, "store": house.desk.store, "quantity": quantity });
        json!({ "idempotencyKey": format!("cart of {quantity}"), "items": [item] })
    };
    let cart = house.desk.act("stockReserve", "StockReserveInput", "reservations { id }", hold(6)).await;
    refused(&cart, "INSUFFICIENT_STOCK", "input.items.0.quantity");
    let taken = order(&house, "CONFIRMED", &[(&house.cheese, 4)]).await;
    let taken = done(&taken, "order").clone();
    refused(&order(&house, "PENDING", &[(&house.cheese, 2)]).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    done(&order(&house, "CONFIRMED", &[(&house.cheese, 1)]).await, "order");
    let on = "query($p: ID!, $s: ID!) { availableOn(product: { id: $p }, store: { id: $s }, date: \"2026-09-22\") { available expiring availableToPromise } }";
    let answer = house.desk.ask(on, json!({ "p": house.cheese["id"], "s": house.desk.store["id"] })).await;
    assert_eq!(answer["data"]["availableOn"], json!({ "available": 5, "expiring": 5, "availableToPromise": 0 }));
    done(&act(&house, "orderFulfil", json!({ "id": taken["id"] })).await, "order");
    assert_eq!(level(&house, &house.cheese).await, [6, 1]);
    house.desk.is_sound().await;
}

async fn an_order_with_sourcing_passes_a_store_whose_lots_are_near_their_date(world: &World) {
    let house = house_of_a_week(world).await;
    house.takes_in("long", 5, "2099-03-01").await;
    let short = json!({ "named": { "code": "short", "expiresOn": "2026-09-25" } });
    done(&house.adjust("RECEIPT", (&house.cheese, &house.depot), 5, short).await, "levels");
    let input = json!({ "idempotencyKey": "sourced", "store": house.desk.store, "status": "CONFIRMED", "sourcing": {},
        "lines": [{ "product": house.cheese, "quantity": 3 }] });
    let fields = "order { lines { allocations { store { id } quantity } } }";
    let payload = house.desk.act("orderCreate", "OrderCreateInput", fields, input).await;
    let found: &Value = &done(&payload, "order")["lines"][0]["allocations"];
    assert_eq!(*found, json!([{ "store": { "id": house.desk.store["id"] }, "quantity": 3 }]));
    house.desk.is_sound().await;
}
