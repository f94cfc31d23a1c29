//! Two processes on one Postgres, written to at the same time, with the same keys at both.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    audit::audit,
    client::Client,
    load::Load,
    server::{Server, Site},
    shop::Shop,
    stream::{State, Stream, StreamOptions},
};
use crate::{
    databases::random,
    fulfilment::steps::{SEEN, Scene, Step, document, seed, seed_of},
};

const ON_HAND: i64 = 200;
/// Maximum time until one process publishes the changes of another one.
const HEARD_WITHIN: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_agree() {
    let Some(site) = Site::postgres().await else { return };
    let (here, mut there) = (Server::start(&site).await, Server::start(&site).await);
    let shop = Shop::open(here.tenant().await, 2, 4, ON_HAND).await;
    let beyond = shop.client.at(&there.url());
    let mut stream = Stream::open(&shop.client, &StreamOptions::default()).await;
    let mut state = State::default();
    stream.snapshot(&mut state).await;

    let load = Load::start(&shop, &[shop.client.clone(), beyond.clone()], 8, random());
    for _ in 0..3 {
        stream.read_for(Duration::from_secs(2), &mut state).await;
        let address = there.address;
        there.kill();
        there = Server::start_on(&site, address).await;
    }
    let (answers, again) = (load.answers.clone(), load.again.clone());
    let outcomes = load.end().await;
    stream.settle(&mut state, &shop, HEARD_WITHIN).await;
    audit(&shop, ON_HAND, &outcomes).await;
    let changes: usize = outcomes.done.iter().map(|done| done.effects.len()).sum();
    assert_eq!(state.news, changes);

    let beyond = Shop { client: beyond, stores: shop.stores.clone(), products: shop.products.clone(), opening: Vec::new() };
    let longest = heard(&mut stream, &mut state, &beyond).await;
    assert!(longest < HEARD_WITHIN, "heard of after {longest:?}");
    drop((here, there));
    site.verify().await;
    println!(
        "{} answers, {} acknowledged changes, {} calls sent again; the other process's changes came within {longest:?}",
        answers.load(Ordering::Relaxed),
        outcomes.done.len(),
        again.load(Ordering::Relaxed),
    );
}

/// Makes changes through one process that a stream at the other receives; returns the longest
/// delay.
async fn heard(stream: &mut Stream, state: &mut State, beyond: &Shop) -> Duration {
    let mut longest = Duration::ZERO;
    for step in 0..8 {
        let before = state.news;
        let sent = Instant::now();
        beyond.adjust(&format!("beyond {step}"), 0, 0, 1).await;
        while state.news == before {
            state.take(&stream.next_soon().await);
        }
        longest = longest.max(sent.elapsed());
        sleep(Duration::from_millis(130)).await;
    }
    longest
}

/// Forty concurrent calls with one key and one input, to two processes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_used_once_in_all_processes() {
    let Some(site) = Site::postgres().await else { return };
    let (here, there) = (Server::start(&site).await, Server::start(&site).await);
    let shop = Shop::open(here.tenant().await, 2, 1, ON_HAND).await;
    let ways = [shop.client.clone(), shop.client.at(&there.url())];
    for round in 0..10 {
        let mut calls = JoinSet::new();
        for call in 0..40 {
            let client = ways[call % 2].clone();
            let input = super::shop::adjust(
                &format!("round {round}"),
                "SALE",
                "SALE",
                &[super::shop::change(&shop.products[0], &shop.stores[0], -1)],
            );
            calls.spawn(async move { client.must_mutate(super::shop::ADJUST, input).await });
        }
        let answers: Vec<Value> = calls.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer["replayed"] == false).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| answer["seq"] == answers[0]["seq"]), "{answers:?}");
    }
    assert_eq!(shop.levels().await[&shop.place(0, 0)].on_hand, ON_HAND - 10);
    works_edits_sales_and_reversals(&shop, &ways).await;
    drop((here, there));
    site.verify().await;
}

/// Works, edits, sales and reversals at once at both processes.
async fn works_edits_sales_and_reversals(shop: &Shop, ways: &[Client; 2]) {
    let seed = seed();
    let place = |store: usize| json!(shop.stores[store]);
    let scene = Arc::new(Scene::new([place(0), place(1)], json!(shop.products[0])));
    for quantity in [6, 8, 10, 12] {
        sent(&ways[0], &scene, scene.first(quantity)).await;
    }
    let mut clients = JoinSet::new();
    for nth in 0..8 {
        let (client, scene, mut seed) = (ways[nth % 2].clone(), scene.clone(), seed_of(seed, nth as u64));
        clients.spawn(async move {
            while !scene.is_over() {
                let order = scene.order(&mut seed);
                let seen = answered(&client, SEEN, &json!({ "id": order["id"] })).await;
                sent(&client, &scene, scene.drawn(&order, &seen["order"], &mut seed)).await;
            }
        });
    }
    clients.join_all().await;
    let on_hand: i64 = shop.levels().await.values().map(|level| level.on_hand).sum();
    let sold: i64 = shop.client.all(SOLD).await.iter().flat_map(|order| order["lines"].as_array().unwrap()).map(units).sum();
    assert_eq!(on_hand + sold, 2 * ON_HAND - 10 + scene.corrected());
}

const SOLD: &str = "query($after: Cursor) { result: orders(first: 25, after: $after) {
    nodes { lines { fulfilled } } pageInfo { hasNextPage endCursor } } }";

fn units(line: &Value) -> i64 {
    line["fulfilled"].as_i64().unwrap()
}

/// Sends a step until it is known what became of it.
async fn sent(client: &Client, scene: &Scene, step: Step) {
    let data = answered(client, &document(step.0), &json!({ "input": step.1 })).await;
    scene.told(&step, &data["result"]);
}

/// Repeats a call until it has an answer without errors; returns its data.
async fn answered(client: &Client, query: &str, variables: &Value) -> Value {
    let started_at = Instant::now();
    loop {
        match client.send(query, variables).await {
            Ok(mut answer) => {
                assert!(answer["errors"].is_null(), "{answer:#} of {variables}");
                return answer["data"].take();
            }
            Err(lost) => assert!(started_at.elapsed() < Duration::from_secs(60), "{lost} of {variables}"),
        }
        sleep(Duration::from_millis(20)).await;
    }
}
