//! Deletion of old rows, except those that a receiver still waits for.

use entrepot::{
    jobs::{Lease, Registry, Terms},
    storage::{Backend, Reads, Row, journal},
    webhooks::JournalRetention,
};
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    receiver::{Answer, Receiver},
    world::{Works, World, deliver, endpoint, read_endpoint, receipt, replay, wait_until},
};
use crate::world::on_both;

on_both!(events_are_let_go_when_they_are_old_and_received, what_came_of_attempts_is_let_go_after_a_month);

const DAY: i64 = 86_400;
const KEEP: JournalRetention = JournalRetention { seconds: 7 * DAY, grace_seconds: 7 * DAY, until_archived: false };

/// A lease as the trimming job has it.
async fn lease(world: &World) -> (Lease, tokio::task::JoinHandle<()>) {
    let slot = Arc::new(Mutex::new(None));
    let given = slot.clone();
    let registry = Registry::default().periodic("test.hold", Duration::from_secs(1), move |lease| {
        *given.lock().unwrap() = Some(lease);
        std::future::pending()
    });
    let terms = Terms { lease: Duration::from_millis(1_500), look: Duration::from_millis(50) };
    let task = tokio::spawn(world.node.jobs.clone().work(registry, terms, std::future::pending()));
    wait_until("a hold", async || slot.lock().unwrap().is_some()).await;
    let lease = slot.lock().unwrap().unwrap();
    (lease, task)
}

async fn low(world: &World) -> journal::Head {
    world.node.db.tenant(world.ours.owner.tenant).head().await.unwrap()
}

/// The last event of our company that was evaluated for alerts; no later one is removed.
async fn followed_for_alerts(world: &World) -> Option<i64> {
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let rows = scope.rows("SELECT journal_seq FROM alert_follower WHERE tenant_id = $1", vec![]).await.unwrap();
    rows.first().map(|row| Row::scalar(row).unwrap())
}

async fn events_are_let_go_when_they_are_old_and_received(world: &World) {
    let receiver = Receiver::new(|_, _| Answer::Status(500)).await;
    let works = deliver(world).await;
    let hook_endpoint = endpoint(world, &receiver.url(), &["stock.changed"]).await;
    let wanted = receipt(world, &world.ours, "wanted").await;
    wait_until("an attempt", async || receiver.count() == 1).await;
    wait_until("alerts of it", async || followed_for_alerts(world).await >= Some(wanted)).await;
    works.kill().await;
    let (lease, holding) = lease(world).await;
    assert_eq!(world.node.webhooks.trim(lease, KEEP).await.unwrap(), 0, "nothing is old yet");
    world.advance_clock(8 * DAY);
    assert_eq!(world.node.webhooks.trim(lease, KEEP).await.unwrap(), 0, "a clock that jumped makes nothing old");
    receipt(world, &world.theirs, "the day").await;
    // If months are archived, none of them loses an event before. SQLite has no months.
    let removed = world.node.webhooks.trim(lease, JournalRetention { until_archived: true, ..KEEP }).await.unwrap();
    assert_eq!(removed == 0, world.node.db.backend() == Backend::Postgres, "{removed}");
    assert_eq!(low(world).await.low == 0, world.node.db.backend() == Backend::Postgres);
    world.node.webhooks.trim(lease, KEEP).await.unwrap();
    assert_eq!(low(world).await.low, wanted - 1, "what has not been received is kept");
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let events = journal::after(&scope, 0, 10_000).await.unwrap();
    assert_eq!(events.first().unwrap().seq, wanted);
    assert!(events.iter().zip(wanted..).all(|(event, seq)| event.seq == seq));
    let refused = replay(world, json!({ "id": hook_endpoint.id, "fromSeq": wanted - 1, "toSeq": wanted })).await;
    assert_eq!(refused["userErrors"][0]["code"], "OUT_OF_RANGE", "{refused:#}");
    // After a maximum age even these are removed: a receiver that never answers must not fill the
    // disk.
    let young = receipt(world, &world.ours, "young").await;
    world.advance_clock(7 * DAY);
    let young_too = receipt(world, &world.ours, "young too").await;
    world.node.webhooks.trim(lease, KEEP).await.unwrap();
    let head = low(world).await;
    assert!(head.low >= wanted && head.low < young, "low {} of {wanted}, {young}, {young_too}", head.low);
    holding.abort();
    // The log of the endpoint shows the missed messages once the worker runs.
    let works = Works::begin(world);
    receiver.answers(|_, _| Answer::Status(200));
    wait_until("the rest", async || {
        world.advance_clock(900);
        receiver.seqs().contains(&young_too)
    })
    .await;
    let log = read_endpoint(world, &hook_endpoint.id).await;
    let first = log["deliveries"]["nodes"].as_array().unwrap().iter().find(|one| one["seq"] == wanted).unwrap().clone();
    assert_eq!((&first["state"], &first["eventType"]), (&json!("WITHHELD"), &json!(null)), "{log:#}");
    works.kill().await;
    let report = entrepot::insight::verify::verify(&world.node.db, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report}");
}

async fn what_came_of_attempts_is_let_go_after_a_month(world: &World) {
    let receiver = Receiver::new(|_, _| Answer::Status(200)).await;
    let works = deliver(world).await;
    let hook_endpoint = endpoint(world, &receiver.url(), &["stock.changed"]).await;
    receipt(world, &world.ours, "old").await;
    wait_until("the log", async || {
        read_endpoint(world, &hook_endpoint.id).await["attempts"]["nodes"].as_array().unwrap().len() == 1
    })
    .await;
    works.kill().await;
    world.advance_clock(29 * DAY);
    assert_eq!(world.node.webhooks.forget_old(KEEP).await.unwrap(), 0);
    world.advance_clock(2 * DAY);
    // If months are archived, the attempt stays without its response body. SQLite has no months.
    let stays = usize::from(world.node.db.backend() == Backend::Postgres);
    let archiving = JournalRetention { until_archived: true, ..KEEP };
    assert!(world.node.webhooks.forget_old(archiving).await.unwrap() >= 1, "the message at least");
    let log = read_endpoint(world, &hook_endpoint.id).await;
    let attempts = log["attempts"]["nodes"].as_array().unwrap();
    assert_eq!((attempts.len(), &log["deliveries"]["nodes"]), (stays, &json!([])), "{log:#}");
    assert!(attempts.iter().all(|attempt| attempt["body"] == ""), "{log:#}");
    assert_eq!(world.node.webhooks.forget_old(archiving).await.unwrap(), 0, "once is enough");
    assert_eq!(world.node.webhooks.forget_old(KEEP).await.unwrap(), stays as u64, "the attempt");
    assert_eq!(read_endpoint(world, &hook_endpoint.id).await["attempts"]["nodes"], json!([]));
}
