//! Goods that are shipped from another store than the one that holds them: other stores keep their
//! holds for the rest of the line.

use entity::prelude::*;
use serde_json::{Value, json};

use super::{
    follow::create_kit,
    world::{Orders, World, accepted, refused},
};

/// Ships so much of an order's only line from a store, without a work.
async fn ships(world: &World, order: &Value, quantity: i64, store: StoreId) {
    let part = json!([{"lineId": order["lines"][0]["id"], "quantity": quantity}]);
    let input = world.of(order, json!({"store": {"id": store}, "lines": part}));
    accepted(&world.mutate_selecting::<Orders>("orderFulfil", input).await, "order");
}

/// Undoes the order's first shipment.
async fn undoes(world: &World, order: &Value) {
    let left = world.order_now(order).await["fulfilments"][0]["id"].clone();
    let undo = json!({"documentId": left, "note": "never left", "idempotencyKey": world.key()});
    accepted(&world.mutate("documentReverse", undo).await, "documentReversal");
}

/// Books units of a product in a store as broken; holds give way.
async fn breaks(world: &World, product: ProductId, store: StoreId, quantity: i64) {
    let change = json!({"product": {"id": product}, "store": {"id": store}, "delta": -quantity});
    let input = json!({"idempotencyKey": world.key(), "kind": "REMOVAL", "reasonCode": "DAMAGE", "onShortage": "SHORTEN",
        "changes": [change]});
    accepted(&world.mutate("stockAdjust", input).await, "levels");
}

/// Open, backordered and fulfilled of the order's only line.
async fn line(world: &World, order: &Value) -> [i64; 3] {
    let now = world.order_now(order).await;
    ["open", "backordered", "fulfilled"].map(|name| now["lines"][0][name].as_i64().unwrap_or_else(|| panic!("{now}")))
}

/// On hand and reserved of lamps in the store and at the depot.
async fn lamps(world: &World) -> [[i64; 2]; 2] {
    let [store, depot] = [world.level(world.lamp, world.store).await, world.level(world.lamp, world.depot).await];
    [store, depot].map(|[on_hand, reserved, _]| [on_hand, reserved])
}

#[tokio::test]
async fn units_that_nothing_was_held_for_leave_before_holds_give_way() {
    World::on_both(async |world| {
        let mugs = |quantity: i64| json!([{"product": {"id": world.mug}, "quantity": quantity}]);
        let order = world.sold(mugs(10), json!({})).await;
        // Six are left of the hundred, so the hold of four gives way.
        breaks(&world, world.mug, world.store, 94).await;
        assert_eq!(world.mugs().await, [[6, 6], [50, 0]]);
        ships(&world, &order, 4, world.depot).await;
        assert_eq!((line(&world, &order).await, world.mugs().await), ([6, 0, 4], [[6, 6], [46, 0]]));
        let other = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "lines": mugs(1)});
        refused(&world.mutate_selecting::<Orders>("orderCreate", other).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
        // Undone, the shipment is held where it had left from, beside what the store has kept.
        undoes(&world, &order).await;
        assert_eq!((line(&world, &order).await, world.mugs().await), ([10, 0, 0], [[6, 6], [50, 4]]));
        ships(&world, &order, 4, world.depot).await;
        ships(&world, &order, 6, world.store).await;
        assert_eq!((line(&world, &order).await, world.mugs().await), ([0, 0, 10], [[0, 0], [46, 0]]));
    })
    .await;
}

#[tokio::test]
async fn a_line_that_is_all_held_gives_up_as_many_units_as_leave_from_another_store() {
    World::on_both(async |world| {
        let order = world.sold(json!([{"product": {"id": world.mug}, "quantity": 10}]), json!({})).await;
        ships(&world, &order, 4, world.depot).await;
        assert_eq!((line(&world, &order).await, world.mugs().await), ([6, 0, 4], [[100, 6], [46, 0]]));
        undoes(&world, &order).await;
        assert_eq!((line(&world, &order).await, world.mugs().await), ([10, 0, 0], [[100, 6], [50, 4]]));
        ships(&world, &order, 10, world.depot).await;
        assert_eq!((line(&world, &order).await, world.mugs().await), ([0, 0, 10], [[100, 0], [40, 0]]));
    })
    .await;
}

#[tokio::test]
async fn backordered_units_leave_before_holds_give_way() {
    World::on_both(async |world| {
        world.stock(&[(world.lamp, world.depot, 9)]).await;
        // The store has four lamps, and the order waits for six.
        let order = world.sold(json!([{"product": {"id": world.lamp}, "quantity": 10}]), json!({})).await;
        assert_eq!((line(&world, &order).await, lamps(&world).await), ([4, 6, 0], [[4, 4], [9, 0]]));
        ships(&world, &order, 4, world.depot).await;
        assert_eq!((line(&world, &order).await, lamps(&world).await), ([4, 2, 4], [[4, 4], [5, 0]]));
        undoes(&world, &order).await;
        assert_eq!((line(&world, &order).await, lamps(&world).await), ([8, 2, 0], [[4, 4], [9, 4]]));
        ships(&world, &order, 4, world.depot).await;
        ships(&world, &order, 5, world.depot).await;
        assert_eq!((line(&world, &order).await, lamps(&world).await), ([1, 0, 9], [[4, 1], [0, 0]]), "one is owed, and held");
    })
    .await;
}

#[tokio::test]
async fn a_shipment_without_lines_leaves_the_holds_of_units_that_are_owed() {
    World::on_both(async |world| {
        world.stock(&[(world.lamp, world.depot, 9)]).await;
        let order = world.sold(json!([{"product": {"id": world.lamp}, "quantity": 10}]), json!({})).await;
        let input = world.of(&order, json!({"store": {"id": world.depot}}));
        accepted(&world.mutate_selecting::<Orders>("orderFulfil", input).await, "order");
        assert_eq!((line(&world, &order).await, lamps(&world).await), ([4, 2, 4], [[4, 4], [5, 0]]));
    })
    .await;
}

#[tokio::test]
async fn parts_of_kits_that_several_stores_hold_are_kept_for_the_kits_that_are_owed() {
    World::on_both(async |world| {
        // A kit is two mugs and a lamp: the store has lamps for four of them, the depot for one.
        let kit = create_kit(&world).await;
        world.stock(&[(world.lamp, world.depot, 1)]).await;
        let order = world.sold(json!([{"product": {"id": kit}, "quantity": 5}]), json!({"sourcing": {}})).await;
        assert_eq!((world.mugs().await, lamps(&world).await), ([[100, 8], [50, 2]], [[4, 4], [1, 1]]));
        // Mugs for two kits are left in the store.
        breaks(&world, world.mug, world.store, 96).await;
        world.stock(&[(world.lamp, world.depot, 3)]).await;
        ships(&world, &order, 3, world.depot).await;
        assert_eq!(line(&world, &order).await, [2, 0, 3]);
        assert_eq!((world.mugs().await, lamps(&world).await), ([[4, 4], [44, 0]], [[4, 2], [1, 0]]));
        undoes(&world, &order).await;
        assert_eq!(line(&world, &order).await, [5, 0, 0]);
        assert_eq!((world.mugs().await, lamps(&world).await), ([[4, 4], [50, 6]], [[4, 2], [4, 3]]));
        // The kits that the store has kept are whole, and leave from there.
        ships(&world, &order, 2, world.store).await;
        assert_eq!(line(&world, &order).await, [3, 0, 2]);
        assert_eq!((world.mugs().await, lamps(&world).await), ([[0, 0], [50, 6]], [[2, 0], [4, 3]]));
    })
    .await;
}
