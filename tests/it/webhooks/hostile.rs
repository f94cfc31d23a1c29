//! Receivers that would lead us astray, hold us up, or drown us.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::time::Instant;

use super::{
    receiver::{Answer, Receiver},
    world::{World, attempts, deliver, endpoint, mutate, receipt, receipts, replay, try_endpoint, wait_until},
};
use crate::world::on_both;

on_both!(
    a_redirect_leads_nowhere,
    an_address_that_is_not_the_internet_is_refused_when_it_is_made_and_when_it_is_sent_to,
    a_description_that_databases_do_not_keep_is_refused,
    a_body_without_end_is_not_read,
    dead_and_silent_endpoints_hold_up_nobody_else,
);

async fn a_redirect_leads_nowhere(world: &World) {
    let inside = Receiver::accepting().await;
    let url = inside.url();
    let receiver = Receiver::new(move |_, _| Answer::Elsewhere(url.clone())).await;
    let works = deliver(world).await;
    let hook_endpoint = endpoint(world, &receiver.url(), &["stock.changed"]).await;
    receipt(world, &world.ours, "astray").await;
    wait_until("the attempt", async || attempts(world, &hook_endpoint.id).await.len() == 1).await;
    assert_eq!(attempts(world, &hook_endpoint.id).await[0]["status"], 307, "a redirect is a failure");
    world.advance_clock(10);
    wait_until("the next attempt", async || attempts(world, &hook_endpoint.id).await.len() == 2).await;
    assert_eq!(inside.count(), 0, "the redirect was followed");
    works.kill().await;
}

async fn an_address_that_is_not_the_internet_is_refused_when_it_is_made_and_when_it_is_sent_to(world: &World) {
    // Nothing is opened here: this machine is not the internet.
    let owner = &world.ours.owner;
    for url in [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/",
        "https://2130706433/",
        "https://localhost/",
        "https://vm/",
        "https://metadata.google.internal/",
        "http://shop.example/",
        "https://shop.example:8443/",
        "https://user:word@shop.example/",
        "ftp://shop.example/",
        "not a url",
        "https://shop.example/hooks\0",
        "https://shop.example/a\0b",
    ] {
        let payload = try_endpoint(world, owner, url, &["stock.changed"]).await;
        let error = &payload["userErrors"][0];
        assert_eq!((&error["code"], &error["field"]), (&json!("INVALID"), &json!(["input", "url"])), "{url}: {payload:#}");
    }
    let long = format!("https://shop.example/{}", "x".repeat(2_048));
    assert_eq!(try_endpoint(world, owner, &long, &["*"]).await["userErrors"][0]["code"], "TOO_LONG");
    for events in [&["stock.change"][..], &[], &["stock.changed", "order"]] {
        let payload = try_endpoint(world, owner, "https://shop.example/", events).await;
        assert_eq!(payload["userErrors"][0]["code"], "INVALID", "{payload:#}");
    }
    // The address of a host name is resolved and checked only when a message is sent.
    let terms = entrepot::jobs::Terms { lease: Duration::from_millis(1_500), look: Duration::from_millis(30) };
    let working = tokio::spawn(world.node.jobs.clone().work(world.node.job_registry(), terms, std::future::pending()));
    let payload = endpoint(world, "https://nowhere.invalid/", &["stock.changed"]).await;
    receipt(world, &world.ours, "inside").await;
    wait_until("the attempt", async || attempts(world, &payload.id).await.len() == 1).await;
    let attempt = attempts(world, &payload.id).await.remove(0);
    let inside = "its name leads to no address of the open internet";
    assert_eq!(
        (&attempt["error"], &attempt["status"]),
        (&json!(inside), &json!(null)),
        "whether there is such a name is not told"
    );
    working.abort();
}

async fn a_description_that_databases_do_not_keep_is_refused(world: &World) {
    let refused = json!([{ "code": "INVALID", "field": ["input", "description"] }]);
    let create =
        "mutation($input: WebhookEndpointCreateInput!) { webhookEndpointCreate(input: $input) { userErrors { code field } } }";
    let update =
        "mutation($input: WebhookEndpointUpdateInput!) { webhookEndpointUpdate(input: $input) { userErrors { code field } } }";
    let new = json!({ "url": "https://shop.example/", "eventTypes": ["*"], "description": "a\0b" });
    let changed = json!({ "id": world.ours.ids["whe"], "expectedVersion": 1, "description": "a\0b" });
    for (query, name, input) in [(create, "webhookEndpointCreate", new), (update, "webhookEndpointUpdate", changed)] {
        let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &json!({ "input": input })).await;
        assert_eq!(answer["data"][name]["userErrors"], refused, "{answer:#}");
    }
}

async fn a_body_without_end_is_not_read(world: &World) {
    let poured = Arc::new(AtomicU64::new(0));
    let counted = poured.clone();
    let receiver = Receiver::new(move |_, _| Answer::Endless(counted.clone())).await;
    let works = deliver(world).await;
    let hook_endpoint = endpoint(world, &receiver.url(), &["stock.changed"]).await;
    let started_at = Instant::now();
    receipt(world, &world.ours, "drown").await;
    wait_until("the attempt", async || attempts(world, &hook_endpoint.id).await.len() == 1).await;
    let attempt = attempts(world, &hook_endpoint.id).await.remove(0);
    assert_eq!((&attempt["status"], attempt["body"].as_str().unwrap().len()), (&json!(200), 1_024));
    assert!(started_at.elapsed() < Duration::from_secs(8), "{:?}", started_at.elapsed());
    // Only the bytes in the buffers of both sides have been sent.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let taken = poured.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(poured.load(Ordering::Relaxed), taken, "it is still being read");
    assert!(taken < 32 << 20, "{taken} bytes were taken");
    works.kill().await;
}

async fn dead_and_silent_endpoints_hold_up_nobody_else(world: &World) {
    const CHANGES: usize = 1_000;
    let (well, arrivals) = timed().await;
    let (other, third) = (Receiver::accepting().await, Receiver::accepting().await);
    let works = deliver(world).await;
    let healthy = endpoint(world, &well.url(), &["stock.changed"]).await;
    endpoint(world, &other.url(), &["stock.changed"]).await;
    let leaves = endpoint(world, &third.url(), &["stock.changed"]).await;
    let before = receipts(world, CHANGES, "before").await;
    wait_until("all of them", async || well.seqs().len() == CHANGES && other.seqs().len() == CHANGES).await;
    let before = p95(&before, &arrivals);
    well.forget();
    // One of the other receivers never answers, and the address of the last is closed.
    let silent = other;
    silent.forget();
    silent.answers(|_, _| Answer::Silence);
    let delete = "mutation($id: ID!) { webhookEndpointDelete(id: $id) { userErrors { code field message } } }";
    mutate(world, delete, json!({ "id": leaves.id })).await;
    let dead = Receiver::accepting().await;
    let nobody = dead.url();
    dead.go().await;
    let closed = endpoint(world, &nobody, &["stock.changed"]).await;
    let acknowledged = receipts(world, CHANGES, "many").await;
    wait_until("all of them", async || well.seqs().len() == CHANGES).await;
    let beside = p95(&acknowledged, &arrivals);
    println!("p95 from commit to receipt: beside two that are well {before:?}, beside a silent and a dead one {beside:?}");
    // A silent one holds what waits for it for 15 seconds.
    assert!(beside < before * 2 + Duration::from_secs(5), "p95 {beside:?}, with all well {before:?}");
    let got = well.got();
    assert!(silent.count() <= 30, "{} messages wait for the silent one", silent.count());
    assert!(attempts(world, &closed.id).await.len() <= 30, "the dead one is not left alone");
    // A range is sent again: exactly its events, under the ids that they had.
    let mut seqs: Vec<i64> = acknowledged.iter().map(|(seq, _)| *seq).collect();
    seqs.sort_unstable();
    let (from, to) = (seqs[100], seqs[199]);
    wait_until("the log to have all", async || {
        let open = "query($id: ID!) { node(id: $id) { ... on WebhookEndpoint { deliveries(first: 1, states: [PENDING]) { nodes { seq } } } } }";
        let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), open, &json!({ "id": healthy.id })).await;
        answer["data"]["node"]["deliveries"]["nodes"] == json!([])
    })
    .await;
    well.forget();
    let replay_payload = replay(world, json!({ "id": healthy.id, "fromSeq": from, "toSeq": to })).await;
    assert!(replay_payload["job"]["id"].as_str().is_some(), "{replay_payload:#}");
    wait_until("the replay", async || well.seqs().len() >= 100).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let again = well.got();
    assert_eq!(again.len(), 100);
    for message in &again {
        assert!((from..=to).contains(&message.seq()));
        assert_eq!(message.id, got.iter().find(|got| got.seq() == message.seq()).unwrap().id);
    }
    works.kill().await;
}

/// Arrival time of each event, by its `seq`.
type Arrivals = Arc<Mutex<BTreeMap<i64, Instant>>>;

/// A working receiver, and the times at which events arrived.
async fn timed() -> (Receiver, Arrivals) {
    let arrivals = Arrivals::default();
    let seen = arrivals.clone();
    let receiver = Receiver::new(move |_, got| {
        seen.lock().unwrap().insert(got.seq(), Instant::now());
        Answer::Status(204)
    });
    (receiver.await, arrivals)
}

/// Returns the delay that 95 percent of the messages did not exceed.
fn p95(acknowledged: &[(i64, Instant)], arrivals: &Arrivals) -> Duration {
    let guard = arrivals.lock().unwrap();
    let mut delays: Vec<Duration> = acknowledged.iter().map(|(seq, at)| guard[seq].saturating_duration_since(*at)).collect();
    delays.sort_unstable();
    delays[delays.len() * 95 / 100]
}
