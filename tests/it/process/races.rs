//! Two processes on one Postgres, written to at the same time, with the same keys at both.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    audit::audit,
    load::Load,
    server::{Server, Site},
    shop::Shop,
    stream::{State, Stream, StreamOptions},
};
use crate::databases::random;

const ON_HAND: i64 = 200;
/// How soon one process tells of what another one wrote.
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
    let told = load.end().await;
    stream.settle(&mut state, &shop, HEARD_WITHIN).await;
    audit(&shop, ON_HAND, &told).await;
    let changes: usize = told.done.iter().map(|done| done.effects.len()).sum();
    assert_eq!(state.news, changes);

    let beyond = Shop { client: beyond, stores: shop.stores.clone(), products: shop.products.clone(), opening: Vec::new() };
    let longest = heard(&mut stream, &mut state, &beyond).await;
    assert!(longest < HEARD_WITHIN, "heard of after {longest:?}");
    drop((here, there));
    site.verify().await;
    println!(
        "{} answers, {} acknowledged changes, {} calls sent again; the other process's changes came within {longest:?}",
        answers.load(Ordering::Relaxed),
        told.done.len(),
        again.load(Ordering::Relaxed),
    );
}

/// Changes through one process, heard of at the other: the longest that it took.
async fn heard(stream: &mut Stream, state: &mut State, beyond: &Shop) -> Duration {
    let mut longest = Duration::ZERO;
    for step in 0..8 {
        let before = state.news;
        let sent = Instant::now();
        beyond.adjust(&format!("beyond {step}"), 0, 0, 1).await;
        while state.news == before {
            state.take(&stream.soon().await);
        }
        longest = longest.max(sent.elapsed());
        sleep(Duration::from_millis(130)).await;
    }
    longest
}

/// One key, one input, forty calls at once to two processes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_used_once_in_all_processes() {
    let Some(site) = Site::postgres().await else { return };
    let (here, there) = (Server::start(&site).await, Server::start(&site).await);
    let shop = Shop::open(here.tenant().await, 1, 1, ON_HAND).await;
    let ways = [shop.client.clone(), shop.client.at(&there.url())];
    for round in 0..10 {
        let mut calls = tokio::task::JoinSet::new();
        for call in 0..40 {
            let client = ways[call % 2].clone();
            let input = super::shop::adjust(
                &format!("round {round}"),
                "SALE",
                "SALE",
                &[super::shop::change(&shop.products[0], &shop.stores[0], -1)],
            );
            calls.spawn(async move { client.done(super::shop::ADJUST, input).await });
        }
        let answers: Vec<Value> = calls.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer["replayed"] == false).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| answer["seq"] == answers[0]["seq"]), "{answers:?}");
    }
    assert_eq!(shop.levels().await[&shop.place(0, 0)].on_hand, ON_HAND - 10);
}
