//! One tenant sends more than a node can answer in time, while another one works.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::Instant;

use super::{
    server::{Server, Site, UNLIMITED, free_address},
    shop::{ADJUST, Shop, adjust, change},
};
use crate::world::on_both;

/// More clients than a node at rest has room for with `--requests-in-flight 16`, which is four times as many.
const CLIENTS: usize = 160;
/// Calls of each client, the next one as soon as the last one is answered or refused.
const ROUNDS: usize = 4;
const ON_HAND: i64 = 1_000;

/// Outcomes of a client's calls.
#[derive(Debug, Default)]
struct Calls {
    accepted: i64,
    refused: i64,
    /// Longest duration of an accepted call.
    longest: Duration,
}

async fn calls(shop: &Shop, client: usize) -> Calls {
    let (product, store) = shop.place(0, 0);
    let mut calls = Calls::default();
    for round in 0..ROUNDS {
        let key = format!("flood {client} {round}");
        let input = adjust(&key, "ADJUSTMENT", "CORRECTION", &[change(&product, &store, 1)]);
        let started_at = Instant::now();
        match shop.client.send(ADJUST, &json!({ "input": input })).await {
            Ok(answer) => {
                assert_eq!(answer["data"]["result"]["userErrors"], json!([]), "{answer:#}");
                calls.accepted += 1;
                calls.longest = calls.longest.max(started_at.elapsed());
            }
            Err(refusal) => {
                assert!(refusal.contains("OVERLOADED"), "{refusal}");
                calls.refused += 1;
            }
        }
    }
    calls
}

on_both!(a_flood_of_one_tenant_is_refused_and_leaves_room_for_others, site: Site => {
    let inside = free_address().to_string();
    let further = ["--requests-in-flight", "16", "--metrics-listen", &inside];
    let server = Server::start_with(site, free_address(), &[&UNLIMITED[..], &further].concat()).await;
    let shop = Shop::open(server.tenant().await, 1, 1, ON_HAND).await;
    let other = Shop::open(server.tenant().await, 1, 1, ON_HAND).await;
    let beside = async {
        for number in 0..10 {
            other.adjust(&format!("beside {number}"), 0, 0, 1).await;
        }
    };
    let (flood, ()) = tokio::join!(join_all((0..CLIENTS).map(|client| calls(&shop, client))), beside);
    let accepted: i64 = flood.iter().map(|calls| calls.accepted).sum();
    let refused: i64 = flood.iter().map(|calls| calls.refused).sum();
    assert!(refused > 0 && accepted > 0, "{accepted} accepted, {refused} refused");
    let longest = flood.iter().map(|calls| calls.longest).max().unwrap();
    assert!(longest < Duration::from_secs(5), "an accepted call was answered after {longest:?}");
    assert_eq!(shop.levels().await[&shop.place(0, 0)].on_hand, ON_HAND + accepted, "nothing of a refused call was written");
    assert_eq!(other.levels().await[&other.place(0, 0)].on_hand, ON_HAND + 10);
    let metrics = reqwest::get(format!("http://{inside}/metrics")).await.unwrap().text().await.unwrap();
    let shed = metrics.lines().find_map(|line| line.strip_prefix("entrepot_requests_shed_total{reason=\"share\"} "));
    assert!(shed.is_some_and(|count| count != "0"), "{shed:?}");
    server.kill();
    site.verify().await;
});
