//! Goods that arrive, do not arrive, or are fetched.

use serde_json::json;

use super::world::{World, accepted, of_depot, refused};

#[tokio::test]
async fn a_work_is_done_when_all_that_left_was_delivered() {
    World::on_both(async |world| {
        let order = world.at_depot(6).await;
        let work = world.packed(&world.work(&order).await).await;
        let shipped = world.complete_step("fulfilmentWorkShip", &work, json!({})).await;
        let sent = json!({"id": shipped["parcels"][0]["fulfilmentId"]});
        let arrived = world.complete_step("fulfilmentDeliver", &sent, json!({})).await;
        assert_eq!((&arrived["status"], &arrived["parcels"][0]["status"]), (&json!("DONE"), &json!("DELIVERED")));
        refused(&world.at("fulfilmentDeliver", &sent, json!({})).await, "INVALID_STATE", "input.id");
        refused(&world.at("fulfilmentFail", &sent, json!({"reason": "nobody at home"})).await, "INVALID_STATE", "input.id");
        let now = world.order_now(&order).await;
        assert_eq!(now["fulfilments"][0]["status"], "DELIVERED");
        assert!(now["fulfilments"][0]["deliveredAt"].is_string());
        assert_eq!(world.events_of("fulfilment.").await, ["fulfilment.shipped", "fulfilment.delivered"]);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_arrive_says_why_and_moves_no_stock() {
    World::on_both(async |world| {
        let order = world.at_depot(6).await;
        let work = world.packed(&world.work(&order).await).await;
        let shipped = world.complete_step("fulfilmentWorkShip", &work, json!({})).await;
        let sent = json!({"id": shipped["parcels"][0]["fulfilmentId"]});
        let failed = world.complete_step("fulfilmentFail", &sent, json!({"reason": "no such street"})).await;
        assert_eq!((&failed["status"], &failed["parcels"][0]["status"]), (&json!("SHIPPED"), &json!("FAILED")));
        let now = world.order_now(&order).await;
        let left = &now["fulfilments"][0];
        assert_eq!(
            (&left["status"], &left["failedReason"], &now["status"]),
            (&json!("FAILED"), &json!("no such street"), &json!("FULFILLED"))
        );
        assert_eq!(world.mugs().await, [[100, 0], [44, 0]]);
    })
    .await;
}

#[tokio::test]
async fn a_customer_who_knows_the_code_takes_the_goods() {
    World::on_both(async |world| {
        let order = world.at_depot(2).await;
        let work = world.work(&order).await;
        refused(&world.at("fulfilmentWorkReady", &work, json!({})).await, "INVALID_STATE", "input.id");
        world.packed(&work).await;
        let input = world.of(&work, json!({"notifyIn": "DE"}));
        let emails = async || {
            world.query_number("SELECT count(*) FROM job WHERE tenant_id = $1 AND kind = 'fulfilment.ready_email'").await
        };
        let dry = "mutation($input: FulfilmentWorkActionInput!) {
            result: fulfilmentWorkReady(input: $input, validateOnly: true) { work { status } collectCode userErrors { code } } }";
        let foreseen = world.execute(dry, json!({"input": input})).await["result"].clone();
        let reported_input = json!({"work": {"status": "READY"}, "collectCode": null, "userErrors": []});
        assert_eq!((foreseen, emails().await), (reported_input, 0), "no code that nobody could collect with");
        let ready = world.mutate("fulfilmentWorkReady", input.clone()).await;
        let code = ready["collectCode"].as_str().unwrap().to_owned();
        assert_eq!((&accepted(&ready, "work")["status"], code.len()), (&json!("READY"), 6));
        let elsewhere = world.mutate_as(of_depot(&[world.store]), "fulfilmentWorkReady", input.clone()).await;
        assert_eq!(
            (&elsewhere["replayed"], &elsewhere["work"], &elsewhere["collectCode"]),
            (&json!(true), &json!(null), &json!(null)),
            "whoever works elsewhere by now: {elsewhere}"
        );
        assert_eq!(world.mutate("fulfilmentWorkReady", input).await["collectCode"], json!(code), "the same key, the same code");
        assert_eq!(emails().await, 1, "one e-mail, whoever repeats the call");
        let other = if code == "000000" { "000001" } else { "000000" };
        refused(&world.at("fulfilmentWorkCollect", &work, json!({"code": other})).await, "INVALID", "input.code");
        refused(&world.at("fulfilmentWorkCollect", &work, json!({"code": " "})).await, "REQUIRED", "input.code");
        let updated = world.complete_step("fulfilmentWorkCollect", &work, json!({"code": code})).await;
        assert_eq!((&updated["status"], &updated["parcels"][0]["status"]), (&json!("DONE"), &json!("DELIVERED")));
        let now = world.order_now(&order).await;
        assert_eq!((&now["status"], &now["fulfilments"][0]["status"]), (&json!("FULFILLED"), &json!("DELIVERED")));
        assert_eq!((world.mugs().await, world.movements("SALE").await), ([[100, 0], [48, 0]], 1));
    })
    .await;
}

#[tokio::test]
async fn nothing_arrives_ahead_of_time_or_before_it_left() {
    World::on_both(async |world| {
        let work = world.packed(&world.work(&world.at_depot(6).await).await).await;
        let shipped = world.complete_step("fulfilmentWorkShip", &work, json!({})).await;
        let sent = json!({"id": shipped["parcels"][0]["fulfilmentId"]});
        let late = "9998-01-01T00:00:00Z";
        let arrived = world.at("fulfilmentDeliver", &sent, json!({"deliveredAt": late})).await;
        refused(&arrived, "OUT_OF_RANGE", "input.deliveredAt");
        let failed = world.at("fulfilmentFail", &sent, json!({"reason": "lost", "failedAt": late})).await;
        refused(&failed, "OUT_OF_RANGE", "input.failedAt");
        let early = "2019-12-31T00:00:00Z";
        let arrived = world.at("fulfilmentDeliver", &sent, json!({"deliveredAt": early})).await;
        refused(&arrived, "OUT_OF_RANGE", "input.deliveredAt");
        let failed = world.at("fulfilmentFail", &sent, json!({"reason": "lost", "failedAt": early})).await;
        refused(&failed, "OUT_OF_RANGE", "input.failedAt");
        assert_eq!(world.complete_step("fulfilmentDeliver", &sent, json!({})).await["status"], "DONE");
    })
    .await;
}
