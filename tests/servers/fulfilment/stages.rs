//! Steps of a work that name no lines of an order get a refusal for every wrong parcel and every
//! product that is short.

use entity::prelude::*;
use serde_json::{Value, json};

use super::world::World;
use crate::world::answers::{at_each_field, refusals};

/// Whether the refusals of a payload name these SKUs, in any order.
fn names(payload: &Value, skus: [&str; 2]) -> bool {
    let messages: Vec<&str> =
        payload["userErrors"].as_array().unwrap().iter().filter_map(|error| error["message"].as_str()).collect();
    skus.iter().all(|sku| messages.iter().any(|message| message.contains(sku)))
}

#[tokio::test]
async fn a_shipment_is_told_every_parcel_that_is_not_there() {
    World::on_both(async |world| {
        let order = world.at_depot(5).await;
        let work = world.packed(&world.work(&order).await).await;
        let (one, other): (ParcelId, ParcelId) = (world.ledger.clock().id(), world.ledger.clock().id());
        let parcels = json!([{"id": one}, {"id": work["parcels"][0]["id"]}, {"id": other}]);
        let shipped = world.mutate("fulfilmentWorkShip", world.of(&work, json!({"parcels": parcels}))).await;
        assert_eq!(refusals(&shipped), at_each_field("NOT_FOUND", &["parcels.0.id", "parcels.2.id"]));
        world.complete_step("fulfilmentWorkShip", &work, json!({})).await;
    })
    .await;
}

#[tokio::test]
async fn a_shipment_is_told_every_product_that_is_short() {
    World::on_both(async |world| {
        world.stock(&[(world.lamp, world.depot, 10)]).await;
        let lines = json!([{"product": {"id": world.mug}, "quantity": 5}, {"product": {"id": world.lamp}, "quantity": 2}]);
        let order = world.sold(lines, json!({"store": {"id": world.depot}})).await;
        let work = world.packed(&world.work(&order).await).await;
        // All units of both break, and the order's holds give way.
        let gone = |product: ProductId, delta: i64| json!({"product": {"id": product}, "store": {"id": world.depot}, "delta": delta});
        let changes = [gone(world.mug, -50), gone(world.lamp, -10)];
        let broken = json!({"idempotencyKey": world.key(), "kind": "REMOVAL", "reasonCode": "DAMAGE", "onShortage": "SHORTEN", "changes": changes});
        assert_eq!(world.mutate("stockAdjust", broken).await["userErrors"], json!([]));
        let shipped = world.mutate("fulfilmentWorkShip", world.of(&work, json!({}))).await;
        assert_eq!(refusals(&shipped), at_each_field("INSUFFICIENT_STOCK", &["id", "id"]), "no line of an order was typed: {shipped:#}");
        assert!(names(&shipped, ["MUG", "LAMP"]), "{shipped:#}");
    })
    .await;
}

#[tokio::test]
async fn a_work_that_moves_is_told_every_product_that_the_other_store_lacks() {
    World::on_both(async |world| {
        let lines = json!([{"product": {"id": world.mug}, "quantity": 60}, {"product": {"id": world.lamp}, "quantity": 2}]);
        let work = world.work(&world.sold(lines, json!({})).await).await;
        let payload = world.mutate("fulfilmentWorkMove", world.of(&work, json!({"toStore": {"code": "DEPOT"}}))).await;
        assert_eq!(refusals(&payload), at_each_field("INSUFFICIENT_STOCK", &["toStore", "toStore"]));
        assert!(names(&payload, ["MUG", "LAMP"]), "{payload:#}");
    })
    .await;
}
