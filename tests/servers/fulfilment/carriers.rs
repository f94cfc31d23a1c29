//! Carriers, and the labels on parcels.

use serde_json::json;

use super::world::{World, done, refused};
use crate::world::answers::refusals;

#[tokio::test]
async fn a_carrier_is_made_and_changed_by_its_code() {
    World::on_both(async |world| {
        let with = |more: serde_json::Value| {
            let mut input = json!({"idempotencyKey": world.key(), "code": "POST", "name": "Post"});
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            input
        };
        let first = with(json!({"services": ["24", "48"]}));
        let made = world.act("carrierUpsert", first.clone()).await;
        assert_eq!((&done(&made, "carrier")["version"], &made["carrier"]["isActive"]), (&json!(1), &json!(true)));
        let again = world.act("carrierUpsert", first).await;
        assert_eq!((&again["replayed"], &again["carrier"]["id"]), (&json!(true), &made["carrier"]["id"]));
        let changed = world.act("carrierUpsert", with(json!({"code": "post", "name": "Royal Post", "expectedVersion": 1}))).await;
        assert_eq!((&done(&changed, "carrier")["version"], &changed["carrier"]["id"]), (&json!(2), &made["carrier"]["id"]));
        let stale = world.act("carrierUpsert", with(json!({"expectedVersion": 1}))).await;
        refused(&stale, "VERSION_CONFLICT", "input.expectedVersion");
        let http = with(json!({"trackingUrlTemplate": "http://post.example/{number}"}));
        refused(&world.act("carrierUpsert", http).await, "INVALID", "input.trackingUrlTemplate");
        let nothing = with(json!({"idempotencyKey": " "}));
        refused(&world.act("carrierUpsert", nothing).await, "REQUIRED", "input.idempotencyKey");
        let nameless = world.act("carrierUpsert", with(json!({"code": " ", "name": ""}))).await;
        assert_eq!(refusals(&nameless), ["code", "name"].map(|name| ("REQUIRED".to_owned(), format!("input.{name}"))));
        let seen = world.ask("{ carriers { code name services } }", json!({})).await;
        assert_eq!(seen["carriers"], json!([{"code": "post", "name": "Royal Post", "services": []}]));
        assert_eq!(world.events_of("carrier.").await, ["carrier.set"; 2]);
    })
    .await;
}

#[tokio::test]
async fn a_parcel_is_tracked_by_a_number_that_its_carrier_knows() {
    World::on_both(async |world| {
        let post = json!({"idempotencyKey": world.key(), "code": "POST", "name": "Post", "services": ["24"],
            "trackingUrlTemplate": "https://post.example/track/{number}", "numberPattern": "@@#####"});
        let post = done(&world.act("carrierUpsert", post).await, "carrier")["id"].clone();
        let order = world.at_depot(3).await;
        let work = world.work(&order).await;
        world.does("fulfilmentWorkPick", &work, json!({})).await;
        let odd = json!({"parcels": [{"carrierId": post, "trackingNumber": "12345"}]});
        refused(&world.at("fulfilmentWorkPack", &work, odd).await, "INVALID", "input.parcels.0.trackingNumber");
        let slow = json!({"parcels": [{"carrierId": post, "service": "48"}]});
        refused(&world.at("fulfilmentWorkPack", &work, slow).await, "INVALID", "input.parcels.0.service");
        let packed = world.does("fulfilmentWorkPack", &work, json!({"parcels": [{"carrierId": post, "service": "24"}]})).await;
        let parcel = &packed["parcels"][0];
        assert_eq!((&parcel["carrier"]["code"], &parcel["trackingUrl"]), (&json!("POST"), &json!(null)));
        let number = json!({"parcels": [{"id": parcel["id"], "trackingNumber": "AB12345"}]});
        let shipped = world.does("fulfilmentWorkShip", &work, number).await;
        let parcel = &shipped["parcels"][0];
        assert_eq!((&parcel["service"], &parcel["trackingUrl"]), (&json!("24"), &json!("https://post.example/track/AB12345")));
        let corrected = json!({"carrierId": post, "trackingNumber": "AB12346"});
        let set = world.does("fulfilmentTrackingSet", parcel, corrected).await;
        assert_eq!((&set["parcels"][0]["service"], &set["parcels"][0]["trackingNumber"]), (&json!(null), &json!("AB12346")));
        let sent = world.order_now(&order).await["fulfilments"][0]["parcels"][0].clone();
        assert_eq!((&sent["trackingNumber"], &sent["status"]), (&json!("AB12346"), &json!("SHIPPED")), "the seller follows it");
    })
    .await;
}
