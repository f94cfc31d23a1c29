//! Changes of placed orders with kits and with products that have lots.

use serde_json::{Value, json};

use super::{
    kits::{level, mutate, order, product, set_kit},
    shop::{LotShop, accepted, key, lot, refused},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    a_kit_that_is_edited_holds_its_parts_in_whole_ones,
    a_kit_is_added_with_what_it_is_made_of,
    what_is_kept_by_lots_is_edited_like_anything_else,
);

const ORDER: &str = "order { id status version lines { id sku quantity open cancelled fulfilled parts { sku } } }";

/// Updates an order at its current version.
async fn edit(shop: &LotShop<'_>, order: &Value, mut fields: Value) -> Value {
    let query = "query($id: ID!) { order(by: { id: $id }) { version } }";
    let answer = shop.office.execute(query, json!({ "id": order["id"] })).await;
    fields["id"] = order["id"].clone();
    fields["idempotencyKey"] = json!(key());
    fields["expectedVersion"] = answer["data"]["order"]["version"].clone();
    shop.office.mutate("orderUpdate", "OrderUpdateInput", ORDER, fields).await
}

fn sets(order: &Value, quantity: i64) -> Value {
    json!({ "setLines": [{ "id": order["lines"][0]["id"], "quantity": quantity }] })
}

async fn a_kit_that_is_edited_holds_its_parts_in_whole_ones(world: &World) {
    let shop = LotShop::open(world).await;
    let (pot, bowl) = (product(&shop, "POT", "5.00", 10).await, product(&shop, "BOWL", "1.25", 22).await);
    let tea_set = product(&shop, "TEA-SET", "9.99", 0).await;
    accepted(&set_kit(&shop, &tea_set, &[(&pot, 1), (&bowl, 4)]).await, "product");
    let placed_order = order(&shop, "CONFIRMED", &[(&tea_set, 2)]).await;
    let placed_order = accepted(&placed_order, "order").clone();
    // The kit's current components differ: the line keeps those of its time.
    accepted(&set_kit(&shop, &tea_set, &[(&pot, 1)]).await, "product");
    accepted(&edit(&shop, &placed_order, sets(&placed_order, 5)).await, "order");
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([10, 5], [22, 20]));
    let six = edit(&shop, &placed_order, sets(&placed_order, 6)).await;
    refused(&six, "INSUFFICIENT_STOCK", "input.setLines.0.quantity");
    accepted(&edit(&shop, &placed_order, sets(&placed_order, 3)).await, "order");
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([10, 3], [22, 12]));
    let one = json!({ "id": placed_order["id"], "lines": [{ "lineId": placed_order["lines"][0]["id"], "quantity": 1 }] });
    accepted(&mutate(&shop, "orderFulfil", one).await, "order");
    let last = edit(&shop, &placed_order, sets(&placed_order, 1)).await;
    assert_eq!(accepted(&last, "order")["status"], "FULFILLED");
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([9, 0], [18, 0]));
    shop.office.is_sound().await;
}

async fn a_kit_is_added_with_what_it_is_made_of(world: &World) {
    let shop = LotShop::open(world).await;
    let (pot, bowl) = (product(&shop, "POT", "5.00", 10).await, product(&shop, "BOWL", "1.25", 22).await);
    let tea_set = product(&shop, "TEA-SET", "9.99", 0).await;
    accepted(&set_kit(&shop, &tea_set, &[(&pot, 1), (&bowl, 4)]).await, "product");
    let placed_order = order(&shop, "CONFIRMED", &[(&pot, 1)]).await;
    let placed_order = accepted(&placed_order, "order").clone();
    let added = edit(&shop, &placed_order, json!({ "addLines": [{ "product": tea_set, "quantity": 2 }] })).await;
    assert_eq!(accepted(&added, "order")["lines"][1]["parts"], json!([{ "sku": "POT" }, { "sku": "BOWL" }]));
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([10, 3], [22, 8]));
    let shipped = mutate(&shop, "orderFulfil", json!({ "id": placed_order["id"] })).await;
    assert_eq!(accepted(&shipped, "order")["status"], "FULFILLED");
    assert_eq!((level(&shop, &pot).await, level(&shop, &bowl).await), ([7, 0], [14, 0]));
    shop.office.is_sound().await;
}

async fn what_is_kept_by_lots_is_edited_like_anything_else(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("late", 10, "2099-03-01").await;
    shop.receive_lot("soon", 3, "2098-10-01").await;
    let placed_order = order(&shop, "CONFIRMED", &[(&shop.cheese, 4)]).await;
    let placed_order = accepted(&placed_order, "order").clone();
    accepted(&edit(&shop, &placed_order, sets(&placed_order, 12)).await, "order");
    assert_eq!(level(&shop, &shop.cheese).await, [13, 12]);
    refused(&edit(&shop, &placed_order, sets(&placed_order, 14)).await, "INSUFFICIENT_STOCK", "input.setLines.0.quantity");
    accepted(&edit(&shop, &placed_order, sets(&placed_order, 5)).await, "order");
    accepted(&mutate(&shop, "orderFulfil", json!({ "id": placed_order["id"] })).await, "order");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("late", 8, 0)], "the first to expire went first");
    shop.office.is_sound().await;
}
