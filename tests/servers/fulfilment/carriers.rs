//! Carriers, and the labels on parcels.

use serde_json::{Value, json};

use super::world::{World, accepted, lines, permissions_in, refused};
use crate::world::answers::refusals;

#[tokio::test]
async fn a_carrier_is_made_and_changed_by_its_code() {
    World::on_both(async |world| {
        let with = |extra: serde_json::Value| {
            let mut input = json!({"idempotencyKey": world.key(), "code": "POST", "name": "Post"});
            input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            input
        };
        let first = with(json!({"services": ["24", "48"]}));
        let payload = world.mutate("carrierUpsert", first.clone()).await;
        assert_eq!((&accepted(&payload, "carrier")["version"], &payload["carrier"]["isActive"]), (&json!(1), &json!(true)));
        let again = world.mutate("carrierUpsert", first).await;
        assert_eq!((&again["replayed"], &again["carrier"]["id"]), (&json!(true), &payload["carrier"]["id"]));
        let changed =
            world.mutate("carrierUpsert", with(json!({"code": "post", "name": "Royal Post", "expectedVersion": 1}))).await;
        assert_eq!(
            (&accepted(&changed, "carrier")["version"], &changed["carrier"]["id"]),
            (&json!(2), &payload["carrier"]["id"])
        );
        let stale = world.mutate("carrierUpsert", with(json!({"expectedVersion": 1}))).await;
        refused(&stale, "VERSION_CONFLICT", "input.expectedVersion");
        let http = with(json!({"trackingUrlTemplate": "http://post.example/{number}"}));
        refused(&world.mutate("carrierUpsert", http).await, "INVALID", "input.trackingUrlTemplate");
        let nothing = with(json!({"idempotencyKey": " "}));
        refused(&world.mutate("carrierUpsert", nothing).await, "REQUIRED", "input.idempotencyKey");
        let nameless = world.mutate("carrierUpsert", with(json!({"code": " ", "name": ""}))).await;
        assert_eq!(refusals(&nameless), ["code", "name"].map(|name| ("REQUIRED".to_owned(), format!("input.{name}"))));
        let answer = world.execute("{ carriers { code name services } }", json!({})).await;
        assert_eq!(answer["carriers"], json!([{"code": "post", "name": "Royal Post", "services": []}]));
        assert_eq!(world.events_of("carrier.").await, ["carrier.set"; 2]);
    })
    .await;
}

#[tokio::test]
async fn a_parcel_is_tracked_by_a_number_that_its_carrier_knows() {
    World::on_both(async |world| {
        let post = json!({"idempotencyKey": world.key(), "code": "POST", "name": "Post", "services": ["24"],
            "trackingUrlTemplate": "https://post.example/track/{number}", "numberPattern": "@@#####"});
        let post = accepted(&world.mutate("carrierUpsert", post).await, "carrier")["id"].clone();
        let order = world.at_depot(3).await;
        let work = world.work(&order).await;
        world.complete_step("fulfilmentWorkPick", &work, json!({})).await;
        let odd = json!({"parcels": [{"carrierId": post, "trackingNumber": "12345"}]});
        refused(&world.at("fulfilmentWorkPack", &work, odd).await, "INVALID", "input.parcels.0.trackingNumber");
        let slow = json!({"parcels": [{"carrierId": post, "service": "48"}]});
        refused(&world.at("fulfilmentWorkPack", &work, slow).await, "INVALID", "input.parcels.0.service");
        let packed =
            world.complete_step("fulfilmentWorkPack", &work, json!({"parcels": [{"carrierId": post, "service": "24"}]})).await;
        let parcel = &packed["parcels"][0];
        assert_eq!((&parcel["carrier"]["code"], &parcel["trackingUrl"]), (&json!("POST"), &json!(null)));
        let number = json!({"parcels": [{"id": parcel["id"], "trackingNumber": "AB12345"}]});
        let shipped = world.complete_step("fulfilmentWorkShip", &work, number).await;
        let parcel = &shipped["parcels"][0];
        assert_eq!((&parcel["service"], &parcel["trackingUrl"]), (&json!("24"), &json!("https://post.example/track/AB12345")));
        let corrected = json!({"carrierId": post, "trackingNumber": "AB12346"});
        let set = world.complete_step("fulfilmentTrackingSet", parcel, corrected).await;
        assert_eq!((&set["parcels"][0]["service"], &set["parcels"][0]["trackingNumber"]), (&json!(null), &json!("AB12346")));
        let sent = world.order_now(&order).await["fulfilments"][0]["parcels"][0].clone();
        assert_eq!((&sent["trackingNumber"], &sent["status"]), (&json!("AB12346"), &json!("SHIPPED")), "the seller follows it");
    })
    .await;
}

/// A carrier of a code, with no services but these.
async fn carrier(world: &World, code: &str, services: Value) -> Value {
    let input = json!({"idempotencyKey": world.key(), "code": code, "name": code, "services": services});
    accepted(&world.mutate("carrierUpsert", input).await, "carrier")["id"].clone()
}

#[tokio::test]
async fn a_parcel_names_its_carrier_by_code() {
    World::on_both(async |world| {
        let (_, van) = (carrier(&world, "POST", json!(["24"])).await, carrier(&world, "VAN", json!([])).await);
        let order = world.at_depot(3).await;
        let work = world.work(&order).await;
        world.complete_step("fulfilmentWorkPick", &work, json!({})).await;
        let pack = async |parcels: Value| world.at("fulfilmentWorkPack", &work, json!({ "parcels": parcels })).await;
        let unknown =
            [(1, "NONE"), (2, "")].map(|(units, code)| json!({"lines": lines(&work, &[units]), "carrier": {"code": code}}));
        let unknown = pack(json!(unknown)).await;
        let expected = [0, 1].map(|nth| ("NOT_FOUND".to_owned(), format!("input.parcels.{nth}.carrier.code")));
        assert_eq!(refusals(&unknown), expected, "all that is unknown at once");
        assert!(unknown.to_string().contains(r#"there is no such carrier: \"NONE\""#), "{unknown:#}");
        refused(&pack(json!([{"carrier": {"code": "POST"}, "carrierId": van}])).await, "INVALID", "input.parcels.0.carrier");
        refused(&pack(json!([{"carrier": {"id": work["id"]}}])).await, "INVALID", "input.parcels.0.carrier.id");
        let slow = json!([{"carrier": {"code": "POST"}, "service": "48"}]);
        refused(&pack(slow).await, "INVALID", "input.parcels.0.service");

        let packed = pack(json!([{"carrier": {"code": " post "}, "service": "24"}])).await;
        let parcel = accepted(&packed, "work")["parcels"][0].clone();
        assert_eq!(parcel["carrier"]["code"], "POST");
        let ship = async |parcel: Value| world.at("fulfilmentWorkShip", &work, json!({ "parcels": [parcel] })).await;
        let unknown = ship(json!({"id": "pcl_00000000000000000000000001", "carrier": {"code": "NONE"}})).await;
        let mut codes = refusals(&unknown);
        codes.sort();
        assert_eq!(codes, ["carrier.code", "id"].map(|at| ("NOT_FOUND".to_owned(), format!("input.parcels.0.{at}"))));
        let shipped = ship(json!({"id": parcel["id"], "carrier": {"code": "van"}})).await;
        assert_eq!(
            accepted(&shipped, "work")["parcels"][0]["carrier"]["code"],
            "VAN",
            "the label is changed as the parcel leaves"
        );
        let label = async |carrier: Value| world.at("fulfilmentTrackingSet", &parcel, json!({ "carrier": carrier })).await;
        refused(&label(json!({"code": "NONE"})).await, "NOT_FOUND", "input.carrier.code");
        assert_eq!(accepted(&label(json!({"code": "Post"})).await, "work")["parcels"][0]["carrier"]["code"], "POST");
        assert_eq!(accepted(&label(json!({"id": van})).await, "work")["parcels"][0]["carrier"]["code"], "VAN");
    })
    .await;
}

#[tokio::test]
async fn a_code_names_no_carrier_to_who_may_not_see_works() {
    World::on_both(async |world| {
        let post = carrier(&world, "POST", json!([])).await;
        let work = world.work(&world.at_depot(3).await).await;
        world.complete_step("fulfilmentWorkPick", &work, json!({})).await;
        let document =
            "mutation($input: FulfilmentWorkPackInput!) { result: fulfilmentWorkPack(input: $input) { userErrors { code } } }";
        let pack = async |carrier: Value| {
            let input = world.of(&work, json!({"parcels": [{ "carrier": carrier }]}));
            world.execute_as(permissions_in(&["fulfilment.work"], &[world.depot]), document, json!({ "input": input })).await
        };
        for code in ["POST", "NONE"] {
            let answer = pack(json!({ "code": code })).await;
            assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "whether there is one or not: {answer:#}");
        }
        let answer = pack(json!({ "id": post })).await;
        assert_eq!(answer["result"]["userErrors"], json!([]), "an ID needs no more than the call: {answer:#}");
    })
    .await;
}
