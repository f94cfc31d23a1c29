//! Changes of placed orders with kits and with products that have lots.

use serde_json::{Value, json};

use super::{
    house::{House, done, key, lot, refused},
    kits::{act, level, order, product, set},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    a_kit_that_is_edited_holds_its_parts_in_whole_ones,
    a_kit_is_added_with_what_it_is_made_of,
    what_is_kept_by_lots_is_edited_like_anything_else,
);

const ORDER: &str = "order { id status version lines { id sku quantity open cancelled fulfilled parts { sku } } }";

/// Updates an order at its current version.
async fn edit(house: &House<'_>, order: &Value, mut fields: Value) -> Value {
    let query = "query($id: ID!) { order(by: { id: $id }) { version } }";
    let seen = house.office.ask(query, json!({ "id": order["id"] })).await;
    fields["id"] = order["id"].clone();
    fields["idempotencyKey"] = json!(key());
    fields["expectedVersion"] = seen["data"]["order"]["version"].clone();
    house.office.act("orderUpdate", "OrderUpdateInput", ORDER, fields).await
}

fn sets(order: &Value, quantity: i64) -> Value {
    json!({ "setLines": [{ "id": order["lines"][0]["id"], "quantity": quantity }] })
}

async fn a_kit_that_is_edited_holds_its_parts_in_whole_ones(world: &World) {
    let house = House::open(world).await;
    let (pot, bowl) = (product(&house, "POT", "5.00", 10).await, product(&house, "BOWL", "1.25", 22).await);
    let tea_set = product(&house, "TEA-SET", "9.99", 0).await;
    done(&set(&house, &tea_set, &[(&pot, 1), (&bowl, 4)]).await, "product");
    let placed = order(&house, "CONFIRMED", &[(&tea_set, 2)]).await;
    let placed = done(&placed, "order").clone();
    // The kit's current components differ: the line keeps those of its time.
    done(&set(&house, &tea_set, &[(&pot, 1)]).await, "product");
    done(&edit(&house, &placed, sets(&placed, 5)).await, "order");
    assert_eq!((level(&house, &pot).await, level(&house, &bowl).await), ([10, 5], [22, 20]));
    let six = edit(&house, &placed, sets(&placed, 6)).await;
    refused(&six, "INSUFFICIENT_STOCK", "input.setLines.0.quantity");
    done(&edit(&house, &placed, sets(&placed, 3)).await, "order");
    assert_eq!((level(&house, &pot).await, level(&house, &bowl).await), ([10, 3], [22, 12]));
    let one = json!({ "id": placed["id"], "lines": [{ "lineId": placed["lines"][0]["id"], "quantity": 1 }] });
    done(&act(&house, "orderFulfil", one).await, "order");
    let last = edit(&house, &placed, sets(&placed, 1)).await;
    assert_eq!(done(&last, "order")["status"], "FULFILLED");
    assert_eq!((level(&house, &pot).await, level(&house, &bowl).await), ([9, 0], [18, 0]));
    house.office.is_sound().await;
}

async fn a_kit_is_added_with_what_it_is_made_of(world: &World) {
    let house = House::open(world).await;
    let (pot, bowl) = (product(&house, "POT", "5.00", 10).await, product(&house, "BOWL", "1.25", 22).await);
    let tea_set = product(&house, "TEA-SET", "9.99", 0).await;
    done(&set(&house, &tea_set, &[(&pot, 1), (&bowl, 4)]).await, "product");
    let placed = order(&house, "CONFIRMED", &[(&pot, 1)]).await;
    let placed = done(&placed, "order").clone();
    let added = edit(&house, &placed, json!({ "addLines": [{ "product": tea_set, "quantity": 2 }] })).await;
    assert_eq!(done(&added, "order")["lines"][1]["parts"], json!([{ "sku": "POT" }, { "sku": "BOWL" }]));
    assert_eq!((level(&house, &pot).await, level(&house, &bowl).await), ([10, 3], [22, 8]));
    let shipped = act(&house, "orderFulfil", json!({ "id": placed["id"] })).await;
    assert_eq!(done(&shipped, "order")["status"], "FULFILLED");
    assert_eq!((level(&house, &pot).await, level(&house, &bowl).await), ([7, 0], [14, 0]));
    house.office.is_sound().await;
}

async fn what_is_kept_by_lots_is_edited_like_anything_else(world: &World) {
    let house = House::open(world).await;
    let here = house.office.store.clone();
    house.takes_in("late", 10, "2099-03-01").await;
    house.takes_in("soon", 3, "2098-10-01").await;
    let placed = order(&house, "CONFIRMED", &[(&house.cheese, 4)]).await;
    let placed = done(&placed, "order").clone();
    done(&edit(&house, &placed, sets(&placed, 12)).await, "order");
    assert_eq!(level(&house, &house.cheese).await, [13, 12]);
    refused(&edit(&house, &placed, sets(&placed, 14)).await, "INSUFFICIENT_STOCK", "input.setLines.0.quantity");
    done(&edit(&house, &placed, sets(&placed, 5)).await, "order");
    done(&act(&house, "orderFulfil", json!({ "id": placed["id"] })).await, "order");
    assert_eq!(house.lots(&house.cheese, &here).await, [lot("late", 8, 0)], "the first to expire went first");
    house.office.is_sound().await;
}
