//! Retries of messages that are not received.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::{
    receiver::{Answer, Receiver},
    world::{World, attempts, category, deliver, endpoint, read_endpoint, replay, seconds, update, wait_until},
};
use crate::world::on_both;

on_both!(
    a_message_is_tried_ten_times_with_the_same_bytes,
    a_pause_that_is_asked_for_is_obeyed,
    an_endpoint_that_is_gone_is_disabled_and_the_others_hear_of_it,
    a_receiver_that_was_down_gets_everything,
    messages_that_a_clock_ahead_has_queued_do_not_wait_for_it,
);

const GAPS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

async fn a_message_is_tried_ten_times_with_the_same_bytes(world: &World) {
    let receiver = Receiver::new(|_, _| Answer::Status(500)).await;
    let works = deliver(world).await;
    let hook_endpoint = endpoint(world, &receiver.url(), &["category.created"]).await;
    category(world, "tried").await;
    for (index, gap) in GAPS.into_iter().enumerate() {
        wait_until("an attempt in the log", async || attempts(world, &hook_endpoint.id).await.len() == index + 1).await;
        let shown = read_endpoint(world, &hook_endpoint.id).await;
        let delivery = &shown["deliveries"]["nodes"][0];
        assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("PENDING"), &json!(index + 1)));
        let waits = seconds(&shown["attempts"]["nodes"][0]["at"], &delivery["nextAttemptAt"]);
        assert!((gap * 4 / 5 - 1..=gap * 6 / 5).contains(&waits), "attempt {} waits {waits} s, not {gap} ± 20 %", index + 2);
        // Not a second too early.
        world.advance_clock(waits - 2);
        sleep(Duration::from_millis(300)).await;
        assert_eq!(receiver.count(), index + 1, "attempt {} came too early", index + 2);
        world.advance_clock(3);
    }
    wait_until("the last attempt", async || {
        read_endpoint(world, &hook_endpoint.id).await["deliveries"]["nodes"][0]["state"] == "FAILED"
    })
    .await;
    let got = receiver.got();
    assert_eq!(got.len(), 10);
    for other in &got[1..] {
        assert_eq!((&other.id, &other.body), (&got[0].id, &got[0].body));
        assert_ne!((other.timestamp(), other.signatures()), (got[0].timestamp(), got[0].signatures()));
    }
    assert!(got.iter().all(|got| got.is_signed_with(&hook_endpoint.secret)));
    let log = attempts(world, &hook_endpoint.id).await;
    assert!(log.iter().all(|attempt| attempt["status"] == 500 && attempt["body"] == "thank you"), "{log:#?}");
    // The failed message stays in the log, and is sent again under the same ID.
    world.advance_clock(3_600);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.count(), 10, "an eleventh attempt");
    receiver.answers(|_, _| Answer::Status(200));
    let payload = replay(world, json!({ "id": hook_endpoint.id, "messageIds": [got[0].id] })).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    wait_until("the replay", async || receiver.count() == 11).await;
    assert_eq!((&receiver.got()[10].id, &receiver.got()[10].body), (&got[0].id, &got[0].body));
    wait_until("its end", async || {
        read_endpoint(world, &hook_endpoint.id).await["deliveries"]["nodes"][0]["state"] == "DELIVERED"
    })
    .await;
    works.kill().await;
}

async fn a_pause_that_is_asked_for_is_obeyed(world: &World) {
    let receiver =
        Receiver::new(|count, _| if count == 1 { Answer::Later(429, "120".to_owned()) } else { Answer::Status(200) }).await;
    let works = deliver(world).await;
    let hook_endpoint = endpoint(world, &receiver.url(), &["category.created"]).await;
    category(world, "first").await;
    wait_until("the first attempt", async || attempts(world, &hook_endpoint.id).await.len() == 1).await;
    // Nothing else is sent there either.
    category(world, "second").await;
    world.advance_clock(117);
    sleep(Duration::from_millis(700)).await;
    assert_eq!(receiver.count(), 1, "the pause was not kept");
    world.advance_clock(4);
    wait_until("both messages", async || receiver.seqs().len() == 2 && receiver.count() == 3).await;
    works.kill().await;
}

async fn an_endpoint_that_is_gone_is_disabled_and_the_others_hear_of_it(world: &World) {
    let (gone, other) = (Receiver::new(|_, _| Answer::Status(410)).await, Receiver::accepting().await);
    let works = deliver(world).await;
    let hook_endpoint = endpoint(world, &gone.url(), &["category.created"]).await;
    endpoint(world, &other.url(), &["webhook.disabled"]).await;
    category(world, "one").await;
    wait_until("the news", async || other.count() == 1).await;
    let news = other.got()[0].json();
    assert_eq!(news["data"], json!({ "id": hook_endpoint.id, "version": 2, "disabledReason": "GONE" }));
    category(world, "two").await;
    world.advance_clock(86_400);
    sleep(Duration::from_millis(900)).await;
    assert_eq!(gone.count(), 1, "something was sent to an endpoint that is disabled");
    let refused = replay(world, json!({ "id": hook_endpoint.id, "fromSeq": 1, "toSeq": 1 })).await;
    assert_eq!(refused["userErrors"][0]["code"], "INVALID_STATE", "{refused:#}");
    // An endpoint that is enabled again continues where it stopped.
    gone.answers(|_, _| Answer::Status(200));
    let stale = update(world, json!({ "id": hook_endpoint.id, "expectedVersion": 1, "isEnabled": true })).await;
    assert_eq!(stale["userErrors"][0]["code"], "VERSION_CONFLICT", "{stale:#}");
    let enabled = update(world, json!({ "id": hook_endpoint.id, "expectedVersion": 2, "isEnabled": true })).await;
    assert_eq!(enabled["webhookEndpoint"], json!({ "isEnabled": true, "version": 3 }), "{enabled:#}");
    wait_until("both events", async || gone.seqs().len() == 2).await;
    works.kill().await;
}

async fn a_receiver_that_was_down_gets_everything(world: &World) {
    let receiver = Receiver::accepting().await;
    let works = deliver(world).await;
    let hook_endpoint = endpoint(world, &receiver.url(), &["category.created"]).await;
    let address = receiver.go().await;
    let mut seqs = Vec::new();
    for n in 0..40 {
        seqs.push(category(world, &format!("down {n}")).await);
    }
    wait_until("it to be left alone", async || !read_endpoint(world, &hook_endpoint.id).await["pausedUntil"].is_null()).await;
    let log = attempts(world, &hook_endpoint.id).await;
    assert!(log.iter().all(|attempt| attempt["error"].as_str().unwrap().starts_with("no connection")), "{log:#?}");
    assert!(log.len() < 30, "a dead endpoint was not left alone: {} attempts", log.len());
    let receiver = Receiver::at(address, |_, _| Answer::Status(200)).await;
    wait_until("all of them", async || {
        world.advance_clock(60);
        receiver.seqs().len() == seqs.len()
    })
    .await;
    assert_eq!(receiver.seqs().into_iter().collect::<Vec<_>>(), seqs);
    wait_until("it to be well", async || read_endpoint(world, &hook_endpoint.id).await["failures"] == 0).await;
    works.kill().await;
}

async fn messages_that_a_clock_ahead_has_queued_do_not_wait_for_it(world: &World) {
    // Ten messages at once are held by the receiver; the others wait behind them.
    let receiver = Receiver::new(|_, _| Answer::Silence).await;
    let _works = deliver(world).await;
    let hook_endpoint = endpoint(world, &receiver.url(), &["category.created"]).await;
    world.advance_clock(3_600);
    for nth in 0..12 {
        category(world, &format!("ahead {nth}")).await;
    }
    wait_until("all to be queued", async || {
        read_endpoint(world, &hook_endpoint.id).await["deliveries"]["nodes"].as_array().unwrap().len() == 12
    })
    .await;
    wait_until("ten to be sent", async || receiver.count() == 10).await;
    world.advance_clock(-3_600);
    receiver.answers(|_, _| Answer::Status(200));
    // Ten failures pause the endpoint for a minute.
    wait_until("ten failures", async || attempts(world, &hook_endpoint.id).await.len() == 10).await;
    world.advance_clock(120);
    let untried = async || {
        let shown = read_endpoint(world, &hook_endpoint.id).await;
        shown["deliveries"]["nodes"].as_array().unwrap().iter().filter(|delivery| delivery["state"] == "DELIVERED").count()
    };
    wait_until("those that were never tried", async || untried().await >= 2).await;
}
