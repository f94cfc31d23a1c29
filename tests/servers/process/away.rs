//! Effects on a subscriber of a database that goes away, of another tenant's open transaction, and
//! of a node that is killed: a delay, and nothing else.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use super::{
    client::Client,
    load::{Dice, Load},
    redis::Way,
    server::{Server, Site},
    shop::Shop,
    stream::{State, Stream, StreamOptions, WATCH},
};
use crate::databases::{random, run_sql};

const ON_HAND: i64 = 500;
const CATCH_UP: Duration = Duration::from_secs(30);
/// Duration of a round in which the database comes and goes; `ROUNDS` is the maximum of rounds
/// until a stream was interrupted.
const UNREST: Duration = Duration::from_secs(12);
const ROUNDS: u64 = 4;

async fn follow(client: &Client, filter: Value) -> (Stream, State) {
    let mut stream = Stream::open(client, &StreamOptions { filter, ..StreamOptions::default() }).await;
    let mut state = State { exact: true, ..State::default() };
    stream.snapshot(&mut state).await;
    (stream, state)
}

/// The items of an event stream as they come.
async fn events(client: &Client) -> mpsc::UnboundedReceiver<Value> {
    let body = json!({ "query": WATCH, "variables": { "delay": 0 } });
    let request = reqwest::Client::new().post(format!("{}/graphql", client.url)).bearer_auth(&client.token).json(&body);
    let mut answer = request.header("accept", "text/event-stream").send().await.unwrap();
    let (say, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut text = String::new();
        while let Ok(Some(part)) = answer.chunk().await {
            text.push_str(std::str::from_utf8(&part).unwrap());
            while let Some(end) = text.find("\n\n") {
                let event: String = text.drain(..end + 2).collect();
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let Some(data) = field("data: ") else { continue };
                let mut data: Value = serde_json::from_str(&data).unwrap();
                assert!(data["errors"].is_null(), "{data}");
                let item = data["data"]["stockChanged"].take();
                assert_eq!(field("id: ").as_deref(), item["cursor"].as_str(), "{item}");
                if say.send(item).is_err() {
                    return;
                }
            }
        }
    });
    receiver
}

/// Cuts the connection again and again, for moments at first and then long enough for retries to
/// become rare.
async fn unrest(way: &Way, seed: u64) {
    let (started_at, mut dice) = (Instant::now(), Dice::new(seed));
    while started_at.elapsed() < UNREST - Duration::from_secs(5) {
        sleep(Duration::from_millis(20 + dice.below(250))).await;
        way.cut();
        sleep(Duration::from_millis(1 + dice.below(100))).await;
        way.mend();
    }
    way.cut();
    sleep(Duration::from_secs(4)).await;
    way.mend();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_listens_while_the_database_comes_and_goes_misses_nothing() {
    let Some(site) = Site::postgres().await else { return };
    let way = Way::to(site.postgres_address()).await;
    let (well, seed) = (Server::start(&site).await, random());
    let shop = Shop::open(well.tenant().await, 2, 4, ON_HAND).await;
    let through = site.by_way_of(way.address);
    let node = Server::start(&through).await;
    let client = shop.client.at(&node.url());
    // Two equal subscriptions share a cohort; the third is alone, and so is the fourth, over an
    // event stream.
    let mut all =
        join_all([Value::Null, Value::Null, json!({ "available": { "gte": -9 } })].map(|filter| follow(&client, filter))).await;
    let (mut events, mut state) = (events(&client).await, State { exact: true, ..State::default() });
    while state.cursor.is_none() {
        // The first pages of a stream are no changes.
        state.take(&events.recv().await.expect("the stream begins"));
    }
    let load = Load::start(&shop, std::slice::from_ref(&shop.client), 8, seed);
    let mut failed = 0;
    for round in 0..ROUNDS {
        let read = join_all(all.iter_mut().map(|(stream, state)| stream.read_for(UNREST, state)));
        tokio::join!(unrest(&way, seed + round), read);
        failed = node.stderr().matches("transient fault").count();
        if failed > 0 {
            break;
        }
    }
    assert!(failed > 0, "nothing failed: nothing was shown");
    let outcomes = load.end().await;
    let changes: usize = outcomes.done.iter().map(|done| done.effects.len()).sum();
    for (stream, state) in &mut all {
        stream.settle(state, &shop, CATCH_UP).await;
        assert_eq!(state.news, changes, "each change once");
    }
    let levels = shop.levels().await;
    while state.figures() != levels {
        state.take(&timeout(CATCH_UP, events.recv()).await.expect("an item in time").expect("the stream goes on"));
    }
    assert_eq!(state.news, changes, "each change once, by the event stream too");
    println!("{changes} changes, each told once to four, while {failed} reads failed");
}

/// A tenant's id as the database has it.
async fn tenant_of(client: &Client) -> uuid::Uuid {
    let tenant = client.execute("{ viewer { tenant { id } } }", json!({})).await["viewer"]["tenant"]["id"].take();
    entity::id::prefix_of(tenant.as_str().unwrap()).unwrap().1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_sleeps_on_an_event_holds_up_its_own_tenant_only() {
    const SLEEP: Duration = Duration::from_secs(4);
    let Some(site) = Site::postgres().await else { return };
    let server = Server::start(&site).await;
    let slow = Shop::open(server.tenant().await, 1, 1, ON_HAND).await;
    let tenant = tenant_of(&slow.client).await;
    // Few write, so both are in one lane.
    let other = Shop::open(server.tenant().await, 1, 1, ON_HAND).await;
    let (mut held, mut before) = follow(&slow.client, Value::Null).await;
    let (mut free, mut state) = follow(&other.client, Value::Null).await;
    let sleeping = format!(
        "BEGIN; UPDATE tenant_counter SET head = head + 1 WHERE tenant_id = '{tenant}';
         INSERT INTO event (tenant_id, seq, kind, payload, recorded_at)
         SELECT tenant_id, head, 'test.slept', '{{}}', recorded_at FROM tenant_counter WHERE tenant_id = '{tenant}';
         SELECT pg_sleep({}); COMMIT",
        SLEEP.as_secs()
    );
    let url = site.url.clone();
    let asleep = tokio::spawn(async move { run_sql(&url, &sleeping).await });
    sleep(Duration::from_millis(500)).await;
    let begun_at = Instant::now();
    let waiting = tokio::spawn({
        let slow = Shop {
            client: slow.client.clone(),
            stores: slow.stores.clone(),
            products: slow.products.clone(),
            opening: Vec::new(),
        };
        async move { slow.adjust("behind it", 0, 0, 1).await }
    });
    let mut longest = Duration::ZERO;
    let mut steps = 0;
    while begun_at.elapsed() < SLEEP - Duration::from_secs(1) {
        let started_at = Instant::now();
        other.adjust(&format!("{steps}"), 0, 0, 1).await;
        state.take(&free.next_soon().await);
        longest = longest.max(started_at.elapsed());
        steps += 1;
    }
    assert!(!waiting.is_finished() && steps > 10, "{steps} changes of the other");
    // A tenant that is held waits for three seconds or more.
    assert!(longest < SLEEP - Duration::from_millis(1_500), "the other tenant waited {longest:?}");
    // A client that subscribes meanwhile gets the current state, and nothing that is not committed.
    follow(&slow.client, Value::Null).await;
    asleep.await.unwrap();
    let outcome = waiting.await.unwrap();
    held.settle(&mut before, &slow, CATCH_UP).await;
    assert_eq!(before.news, 1, "its own goes on where it was: {outcome}");
    println!("{steps} changes of another tenant meanwhile, the slowest told after {longest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_listens_to_a_node_that_is_killed_goes_on_at_another() {
    const KILLS: usize = 6;
    let Some(site) = Site::postgres().await else { return };
    let mut nodes = [Server::start(&site).await, Server::start(&site).await];
    let shop = Shop::open(nodes[0].tenant().await, 2, 4, ON_HAND).await;
    let clients = [shop.client.clone(), shop.client.at(&nodes[1].url())];
    let (mut stream, mut state) = follow(&clients[0], Value::Null).await;
    let load = Load::start(&shop, &clients, 8, random());
    for kill in 0..KILLS {
        stream.read_for(Duration::from_millis(700), &mut state).await;
        let [first, second] = nodes;
        let (sat, left) = if kill % 2 == 0 { (first, second) } else { (second, first) };
        let address = sat.address;
        sat.kill();
        while let Some(item) = stream.next().await {
            state.take(&item);
        }
        let options = StreamOptions { after: state.cursor.clone(), ..StreamOptions::default() };
        stream = Stream::open(&clients[(kill + 1) % 2], &options).await;
        let back = Server::start_on(&site, address).await;
        nodes = if kill % 2 == 0 { [back, left] } else { [left, back] };
    }
    let outcomes = load.end().await;
    stream.settle(&mut state, &shop, CATCH_UP).await;
    let changes: usize = outcomes.done.iter().map(|done| done.effects.len()).sum();
    assert_eq!(state.news, changes, "each change once");
    println!("{changes} changes over {KILLS} kills of the node that was listened to, each told once");
}
