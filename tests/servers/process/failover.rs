//! A primary that is lost under clients that write, and a standby that takes over from it, with all commits or without the last; and a primary that
//! comes back.

use std::{slice, sync::atomic::Ordering, time::Duration};

use serde_json::{Value, json};
use tokio::{
    task::block_in_place,
    time::{Instant, sleep},
};

use super::{
    audit::audit,
    load::Load,
    operations::{figure, health},
    redis::Way,
    server::{Server, Site, UNLIMITED, entrepot, free_address},
    shop::{ADJUST, CATEGORY, Shop, adjust, change},
    standby::{Replicated, number},
    stream::{State, Stream, StreamOptions},
};
use crate::databases::random;

const ON_HAND: i64 = 500;
const CLIENTS: u64 = 8;
/// Maximum time until writes go on after the primary was lost and another was promoted.
const HEALED: Duration = Duration::from_secs(15);
/// Maximum time until clients leave a host that no longer responds.
const LEFT: Duration = Duration::from_secs(30);
/// The longest that anything may take that is about to happen.
const SOON: Duration = Duration::from_secs(20);
const TIMELINE: &str = "SELECT timeline FROM database_timeline";
const CATEGORIES: &str = "SELECT count(*) FROM category WHERE name LIKE 'Afterwards %'";

/// A node on both servers, which commit together.
struct Pair {
    servers: Replicated,
    site: Site,
}

impl Pair {
    async fn start() -> Option<Self> {
        let servers = Replicated::start()?;
        let own = Site::postgres_at(&servers.primary).await;
        let site = own.at_hosts(&servers.hosts());
        // Its drop would call a server that is gone; the folder belongs to both.
        std::mem::forget(own);
        servers.commit_together().await;
        Some(Self { servers, site })
    }

    /// The database's name.
    fn database(&self) -> &str {
        self.site.url.rsplit_once('/').unwrap().1.split('?').next().unwrap()
    }
}

async fn answers(load: &Load, more: u64, within: Duration) -> Duration {
    let (started_at, before) = (Instant::now(), load.answers.load(Ordering::Relaxed));
    while load.answers.load(Ordering::Relaxed) < before + more {
        assert!(started_at.elapsed() < within, "no {more} answers within {within:?}");
        sleep(Duration::from_millis(10)).await;
    }
    started_at.elapsed()
}

async fn makes(shop: &Shop, number: usize) {
    shop.client.must_mutate(CATEGORY, json!({ "name": format!("Afterwards {number}") })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_takes_over_and_no_answered_write_is_lost_or_made_twice() {
    let Some(pair) = Pair::start().await else { return };
    let metrics = free_address().to_string();
    let flags = [&UNLIMITED[..], &["--metrics-listen", &metrics]].concat();
    let server = Server::start_with(&pair.site, free_address(), &flags).await;
    let shop = Shop::open(server.tenant().await, 2, 4, ON_HAND).await;
    let mut stream = Stream::open(&shop.client, &StreamOptions::default()).await;
    let mut state = State::default();
    stream.snapshot(&mut state).await;
    let load = Load::start(&shop, slice::from_ref(&shop.client), CLIENTS, random());
    let failing_over = async {
        answers(&load, 50, SOON).await;
        block_in_place(|| pair.servers.lose());
        let lost = Instant::now();
        block_in_place(|| pair.servers.promote());
        answers(&load, CLIENTS, HEALED).await;
        let healed = lost.elapsed();
        answers(&load, 50, SOON).await;
        healed
    };
    // The stream is read all the while: it continues without a gap.
    let reading = stream.read_for(HEALED, &mut state);
    let (healed, ()) = tokio::join!(failing_over, reading);
    assert!(healed < HEALED, "writes went on {healed:?} after the primary was lost: {}", server.stderr());
    let again = load.again.load(Ordering::Relaxed);
    let outcomes = load.end().await;
    stream.settle(&mut state, &shop, SOON).await;
    let changes: usize = outcomes.done.iter().map(|done| done.effects.len()).sum();
    assert_eq!(state.news, changes, "one change for each entry that was acknowledged");
    audit(&shop, ON_HAND, &outcomes).await;
    let promoted = pair.servers.replica_of(&pair.servers.primary_of(pair.database()));
    assert_eq!(number(&promoted, TIMELINE).await, 2, "it was noticed, and no stream was reset: nothing was lost");
    let text = reqwest::get(format!("http://{metrics}/metrics")).await.unwrap().text().await.unwrap();
    assert_eq!(figure(&text, "entrepot_database_failovers_total", ""), Some(1.0), "{text}");
    let used = |host: &str| figure(&text, "entrepot_database_host_used", &format!("host=\"{host}\""));
    assert_eq!((used("1"), used("2")), (Some(0.0), Some(1.0)), "{text}");
    let server = the_former_primary_is_not_written_to(&pair, server, &shop).await;
    commits_that_the_standby_lacks_are_lost_and_all_start_over(&pair, &shop).await;
    drop(server);
    pair.site.verify().await;
    println!("writes went on {healed:?} after the primary was lost; {} changes, {again} calls sent again", outcomes.done.len());
}

/// The former primary comes back unchanged, and then as a standby. A node that starts meanwhile
/// does not take it for the primary either, although it is named first.
async fn the_former_primary_is_not_written_to(pair: &Pair, server: Server, shop: &Shop) -> Server {
    let former = pair.servers.primary_of(pair.database());
    block_in_place(|| pair.servers.bring_back());
    makes(shop, 1).await;
    assert_eq!(number(&former, CATEGORIES).await, 0, "nothing is written to a server that was given up");
    let doctor = entrepot(&["doctor", "--database-url", &pair.site.url, "--keys-file", &pair.site.keys()]).await;
    assert!(doctor.out.contains("accepts writes in addition to the primary in use"), "{doctor:?}");
    let address = server.address;
    server.kill();
    let server = Server::start_on(&pair.site, address).await;
    makes(shop, 2).await;
    assert_eq!(number(&former, CATEGORIES).await, 0, "nor by one that sees it first");
    assert!(server.stderr().contains("several hosts of the database take writes"), "{}", server.stderr());
    block_in_place(|| pair.servers.rejoin());
    makes(shop, 3).await;
    let started_at = Instant::now();
    while number(&former, CATEGORIES).await != 3 {
        assert!(started_at.elapsed() < SOON, "it replays what is written to the other");
        sleep(Duration::from_millis(50)).await;
    }
    server
}

/// Adds one unit under a key, and repeats the call until it is answered.
async fn adds_one(shop: &Shop, key: &str) -> Value {
    let (product, store) = shop.place(0, 0);
    let variables = json!({ "input": adjust(key, "ADJUSTMENT", "CORRECTION", &[change(&product, &store, 1)]) });
    let started_at = Instant::now();
    loop {
        if let Ok(mut answer) = shop.client.send(ADJUST, &variables).await {
            assert!(answer["errors"].is_null(), "{answer}");
            let payload = answer["data"]["result"].take();
            if payload["userErrors"][0]["retryable"] != true {
                assert_eq!(payload["userErrors"], json!([]), "{payload}");
                return payload;
            }
        }
        assert!(started_at.elapsed() < HEALED, "no answer within {HEALED:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// No commit waits for the former primary, which follows by now. It is cut off, and takes over without the last commit.
async fn commits_that_the_standby_lacks_are_lost_and_all_start_over(pair: &Pair, shop: &Shop) {
    let reset = async |stream: &mut Stream| {
        let item = stream.next_soon().await;
        (item["phase"] == "RESET").then(|| item["reset"].clone())
    };
    let on_hand = async || shop.levels().await[&shop.place(0, 0)].on_hand;
    let before = on_hand().await;
    let mut stream = Stream::open(&shop.client, &StreamOptions::default()).await;
    let mut state = State::default();
    stream.snapshot(&mut state).await;
    pair.servers.cut_off().await;
    let lost = adds_one(shop, "lost").await;
    stream.settle(&mut state, shop, SOON).await;
    assert_eq!(state.figures()[&shop.place(0, 0)].on_hand, before + 1, "it was answered, and subscribers were told");
    block_in_place(|| pair.servers.crash());
    block_in_place(|| pair.servers.regain());
    let again = adds_one(shop, "lost").await;
    assert_eq!(again["replayed"], json!(false), "the key went with what it was for: {again}");
    assert_eq!(again["levels"], lost["levels"], "it is decided on what the standby had");
    assert_eq!(reset(&mut stream).await, Some(json!("EPOCH_CHANGED")), "one that runs starts over");
    let mut late = Stream::open(&shop.client, &StreamOptions { after: state.cursor, ..StreamOptions::default() }).await;
    assert_eq!(reset(&mut late).await, Some(json!("EPOCH_CHANGED")), "and one that comes back");
    let repeated = adds_one(shop, "lost").await;
    assert_eq!(
        (&repeated["replayed"], &repeated["seq"]),
        (&json!(true), &again["seq"]),
        "from here on the key is known: {repeated}"
    );
    let mut anew = State::default();
    Stream::open(&shop.client, &StreamOptions::default()).await.snapshot(&mut anew).await;
    assert_eq!((anew.figures(), on_hand().await), (shop.levels().await, before + 1));
    let promoted = pair.servers.primary_of(pair.database());
    assert_eq!(number(&promoted, TIMELINE).await, 3, "no operator was needed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_whose_machine_falls_silent_is_left_for_the_one_that_takes_over() {
    let Some(servers) = Replicated::start() else { return };
    let own = Site::postgres_at(&servers.primary).await;
    let way = Way::to(own.postgres_address()).await;
    let hosts = servers.hosts();
    let (_, standby) = hosts.split_once(',').unwrap();
    let site = own.at_hosts(&format!("{},{standby}", way.address));
    std::mem::forget(own);
    servers.commit_together().await;
    let server = Server::start(&site).await;
    let shop = Shop::open(server.tenant().await, 2, 4, ON_HAND).await;
    let load = Load::start(&shop, slice::from_ref(&shop.client), CLIENTS, random());
    answers(&load, 50, SOON).await;
    // Nothing that is sent there is answered, and nothing is closed.
    way.swallow();
    let lost = Instant::now();
    block_in_place(|| servers.promote());
    answers(&load, CLIENTS, LEFT).await;
    let healed = lost.elapsed();
    answers(&load, 50, SOON).await;
    while health(&server).await.0 != 200 {
        assert!(lost.elapsed() < LEFT + SOON, "not ready: {}", server.stderr());
        sleep(Duration::from_millis(100)).await;
    }
    let outcomes = load.end().await;
    audit(&shop, ON_HAND, &outcomes).await;
    drop(server);
    site.verify().await;
    println!("writes went on {healed:?} after the primary fell silent; {} changes", outcomes.done.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_take_no_writes_or_are_of_two_clusters_are_refused() {
    let Some(servers) = Replicated::start() else { return };
    let migrate = async |hosts: &str| {
        let url = format!("postgres://postgres@{hosts}/postgres?target_session_attrs=read-write");
        entrepot(&["migrate", "--database-url", &url]).await
    };
    let hosts = servers.hosts();
    let (primary, standby) = hosts.split_once(',').unwrap();
    let nobody = free_address().to_string();
    migrate(&format!("{standby},{nobody}")).await.assert_failed(&["no host of the database takes writes", "is a standby"]);
    migrate(&format!("{primary},{primary}")).await.assert_failed(&["twice"]);
    let others = Replicated::start().unwrap();
    migrate(&format!("{primary},{}", others.hosts())).await.assert_failed(&["two Postgres clusters"]);
    let ended = migrate(&format!("{nobody},{standby},{primary}")).await;
    assert!(ended.has_succeeded(), "the one that takes writes is found wherever it is named: {ended:?}");
}
