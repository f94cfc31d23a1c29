//! Subscribers with equal subscriptions and rights get the same bytes, and none gets data that only
//! others may see.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    client::Client,
    server::{Server, Site},
    shop::{Shop, text},
    stream::{State, Stream, StreamOptions},
    topics::{Feed, STOCK, shop},
};
use crate::{databases::random, world::on_both};

/// A client with a key of a new integration, and the integration's id.
pub async fn program(owner: &Client, permissions: &[&str]) -> (Client, String) {
    let make = "mutation($p: [String!]!, $n: String!) { result: integrationCreate(input: { name: $n, permissions: $p, scope: { all: true } }) {
        integration { id } userErrors { code } } }";
    let name = format!("Till {:x}", random());
    let answer = owner.execute(make, json!({ "p": permissions, "n": name })).await;
    let id = text(&answer["result"]["integration"]["id"]);
    let key = "mutation($i: ID!) { result: apiKeyCreate(input: { integrationId: $i, name: \"one\" }) { secret userErrors { code message } } }";
    let answer = owner.execute(key, json!({ "i": id })).await;
    let mut client = owner.clone();
    client.token = text(&answer["result"]["secret"]);
    (client, id)
}

const COST: &str =
    "mutation($input: ProductUpdateInput!) { result: productUpdate(input: $input) { product { version } userErrors { code } } }";

/// A shop whose first product costs something.
async fn dear_shop(site: &Site) -> (Server, Shop) {
    let (server, shop) = shop(site, 100).await;
    let input = json!({ "id": shop.products[0], "expectedVersion": 1, "unitCost": { "amount": "1.20", "currencyCode": "GBP" } });
    shop.client.must_mutate(COST, input).await;
    (server, shop)
}

async fn follow(client: &Client) -> Feed {
    let mut feed = Feed::open(client, STOCK, "stockChanged", json!({})).await;
    assert_eq!(feed.news().await["phase"], "READY");
    feed
}

/// The unit cost in the next change, and its number.
async fn cost(feed: &mut Feed) -> (Value, i64) {
    let mut item = feed.news().await;
    assert_eq!(item["phase"], "LIVE", "{item}");
    let change = item["changes"][0].take();
    (change["level"]["product"]["unitCost"]["amount"].clone(), change["seq"].as_i64().unwrap())
}

on_both!(what_is_shared_is_shared_among_equals_only, site: Site => {
    let (_server, shop) = dear_shop(site).await;
    let (rich, _) = program(&shop.client, &["stock.read", "product.read", "product.cost.read"]).await;
    let (plain, _) = program(&shop.client, &["stock.read", "product.read"]).await;
    let (same, _) = program(&shop.client, &["stock.read", "product.read"]).await;
    let mut feeds = Vec::new();
    for client in [&rich, &plain, &same, &rich, &shop.client] {
        feeds.push(follow(client).await);
    }
    for step in 0..5 {
        shop.adjust(&format!("{step}"), 0, 0, -1).await;
        let mut seqs = Vec::new();
        for (place, feed) in feeds.iter_mut().enumerate() {
            let (cost, seq) = cost(feed).await;
            let expected = if [1, 2].contains(&place) { Value::Null } else { json!("1.20") };
            assert_eq!(cost, expected, "subscriber {place}, step {step}");
            seqs.push(seq);
        }
        assert!(seqs.windows(2).all(|two| two[0] == two[1]), "all hear of the same: {seqs:?}");
    }
    // A subscriber that leaves ends no other, even if it was the first.
    drop(feeds.remove(0));
    drop(feeds.remove(0));
    shop.adjust("after they left", 0, 0, -1).await;
    assert_eq!(cost(&mut feeds[0]).await.0, Value::Null);
    assert_eq!(cost(&mut feeds[1]).await.0, json!("1.20"));
});

on_both!(a_mask_that_falls_falls_within_five_seconds_on_a_running_stream, site: Site => {
    let (_server, shop) = dear_shop(site).await;
    let (till, integration) = program(&shop.client, &["stock.read", "product.read", "product.cost.read"]).await;
    let (other, _) = program(&shop.client, &["stock.read", "product.read", "product.cost.read"]).await;
    let (mut feed, mut others) = (follow(&till).await, follow(&other).await);
    shop.adjust("seen", 0, 0, -1).await;
    assert_eq!(cost(&mut feed).await.0, json!("1.20"));
    cost(&mut others).await;
    let take = "mutation($id: ID!) { result: integrationUpdate(input: { id: $id, expectedVersion: 1, permissions: [\"stock.read\", \"product.read\"] }) {
        userErrors { code message } } }";
    assert_eq!(shop.client.execute(take, json!({ "id": integration })).await["result"]["userErrors"], json!([]));
    let started_at = Instant::now();
    let (mut steps, mut last) = (0, 0);
    loop {
        shop.adjust(&format!("step {steps}"), 0, 0, if steps % 2 == 0 { 1 } else { -1 }).await;
        steps += 1;
        let (cost, seq) = cost(&mut feed).await;
        assert!(last == 0 || seq == last + 1, "no gap: {last} and then {seq}");
        last = seq;
        if cost.is_null() {
            break;
        }
        assert!(started_at.elapsed() < Duration::from_secs(6), "what it costs is still told");
        sleep(Duration::from_millis(100)).await;
    }
    println!("masked after {:?}, {steps} changes", started_at.elapsed());
    for _ in 0..steps {
        assert_eq!(cost(&mut others).await.0, json!("1.20"), "others see what they saw");
    }
});

on_both!(a_right_that_is_taken_ends_the_stream_with_its_reason, site: Site => {
    let (_server, shop) = shop(site, 100).await;
    let (till, integration) = program(&shop.client, &["stock.read", "order.read", "product.read"]).await;
    let mut feed = follow(&till).await;
    let take = "mutation($id: ID!) { result: integrationUpdate(input: { id: $id, expectedVersion: 1, permissions: [\"order.read\"] }) {
        userErrors { code message } } }";
    assert_eq!(shop.client.execute(take, json!({ "id": integration })).await["result"]["userErrors"], json!([]));
    let started_at = Instant::now();
    let item = feed.news().await;
    assert_eq!((&item["phase"], &item["reset"]), (&json!("RESET"), &json!("SCOPE_CHANGED")), "{item}");
    assert!(started_at.elapsed() < Duration::from_secs(6), "{:?}", started_at.elapsed());
    assert_eq!(feed.next().await, None);
});

/// Resident memory of a process, in KiB.
#[cfg(target_os = "linux")]
fn resident(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
on_both!(a_stalled_reader_takes_little_memory_and_misses_nothing, site: Site => {
    const STALLED: usize = 30;
    const CHANGES: usize = 1_500;
    /// Memory that all of them share, in KiB: the newest events and frames, the database's and the
    /// allocator's caches.
    const SHARED: usize = 32 << 10;
    let server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10_000).await;
    let input = json!({ "id": shop.products[0], "expectedVersion": 1, "description": "x".repeat(9_000) });
    shop.client.must_mutate(crate::process::shop::UPDATE, input).await;
    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        let mut stream = Stream::open(&shop.client, &StreamOptions::default()).await;
        let mut state = State::default();
        stream.snapshot(&mut state).await;
        stalled.push((stream, state));
    }
    let before = resident(&server);
    for step in 0..CHANGES {
        shop.adjust(&format!("{step}"), 0, 0, -1).await;
    }
    let grown = resident(&server).saturating_sub(before);
    println!("{grown} KiB for {STALLED} stalled readers, each of which has not read {} KiB", CHANGES * 9);
    // Memory of the kernel for a socket does not count; a queue of 256 KiB does, with everything
    // that it references.
    assert!(grown < SHARED + STALLED * 1_024, "{grown} KiB");
    for (stream, state) in &mut stalled {
        stream.settle(state, &shop, Duration::from_secs(20)).await;
        assert_eq!(state.news, CHANGES, "each change, late");
    }
});

const CROWD: usize = 200;

/// Subscribers with these filters, all at READY.
async fn crowd(shop: &Shop, filters: impl Iterator<Item = Value>) -> Vec<Feed> {
    let open = filters.map(async |filter| {
        let mut feed = Feed::open(&shop.client, STOCK, "stockChanged", json!({ "filter": filter })).await;
        assert_eq!(feed.news().await["phase"], "READY");
        feed
    });
    futures_util::future::join_all(open).await
}

/// Returns the time until all of them have received the next change, and how many changes each
/// received.
async fn all_hear(feeds: &mut [Feed], since: Instant) -> (Duration, Vec<usize>) {
    let heard = feeds.iter_mut().map(async |feed| feed.news().await["changes"].as_array().unwrap().len());
    let counts = futures_util::future::join_all(heard).await;
    (since.elapsed(), counts)
}

on_both!(a_crowd_hears_what_it_asked_for_and_nothing_else, site: Site => {
    let server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 1, CROWD, 100).await;
    let mut same = crowd(&shop, std::iter::repeat_n(Value::Null, CROWD)).await;
    let mut different = crowd(&shop, shop.products.iter().map(|product| json!({ "product": { "eq": product } }))).await;
    // One product: all of those who follow everything, and one of the others.
    let started_at = Instant::now();
    shop.adjust("one", 7, 0, -1).await;
    let (took, counts) = all_hear(&mut same, started_at).await;
    assert!(counts.iter().all(|count| *count == 1));
    println!("{CROWD} of the same filter have one change after {took:?}");
    assert_eq!(different[7].news().await["changes"].as_array().map(Vec::len), Some(1));
    // All products change at once: each of the others receives its own changes.
    let changes: Vec<Value> = shop.products.iter().map(|product| crate::process::shop::change(product, &shop.stores[0], -1)).collect();
    let started_at = Instant::now();
    shop.client.must_mutate(crate::process::shop::ADJUST, crate::process::shop::adjust("all", "ADJUSTMENT", "CORRECTION", &changes)).await;
    let (took, counts) = all_hear(&mut different, started_at).await;
    println!("{CROWD} of {CROWD} filters have theirs after {took:?}");
    assert!(counts.iter().all(|count| *count == 1), "each hears of its own product only: {counts:?}");
    let (_, counts) = all_hear(&mut same, started_at).await;
    assert!(counts.iter().all(|count| *count == CROWD), "{counts:?}");
});
