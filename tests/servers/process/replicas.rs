//! Reads that go to a streaming replica: one story on a pair of servers, and the cases that need a
//! network of their own.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    client::Client,
    redis::Way,
    server::{Server, Site, UNLIMITED, entrepot, free_address},
    sharing::program,
    shop::CATEGORY,
    standby::Replicated,
    waiting::metric,
};

const LIST: &str = "{ categories(first: 250) { nodes { name } } }";
const HEADER: &str = "entrepot-position";
/// The longest that anything may take that is about to happen.
const SOON: Duration = Duration::from_secs(15);
/// Maximum lag of a replica.
const STALENESS: Duration = Duration::from_secs(4);
/// Maximum time until a replica that has ended is left out.
const LEFT_OUT: Duration = Duration::from_secs(1);

/// A node that reads from a replica, and the address of its metrics.
struct Node {
    server: Server,
    metrics: SocketAddr,
}

impl Node {
    async fn start(site: &Site, replica: &str) -> Self {
        let metrics = free_address();
        let inside = metrics.to_string();
        let flags = ["--read-database-url", replica, "--replica-staleness", "4", "--metrics-listen", &inside];
        let server = Server::start_with(site, free_address(), &[&UNLIMITED[..], &flags[..]].concat()).await;
        Self { server, metrics }
    }

    async fn figure(&self, name: &str, label: &str) -> f64 {
        metric(&self.metrics.to_string(), name, label).await.unwrap_or_default()
    }

    /// Requests that read from the replica, and those that did not for this reason.
    async fn reads(&self, label: &str) -> f64 {
        self.figure("entrepot_replica_reads_total", label).await
    }

    async fn is_used(&self) -> bool {
        self.figure("entrepot_replica_used", "replica=\"1\"").await > 0.5
    }

    /// Waits until the replica is left out, which is to be soon.
    async fn leaves_it_out(&self, within: Duration) {
        let started_at = Instant::now();
        loop {
            // The answer is of a moment that is not before the question.
            let requested_elapsed = started_at.elapsed();
            if !self.is_used().await {
                break;
            }
            assert!(requested_elapsed < within, "the replica is gone and is not left out: {}", self.server.stderr());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lists until a read of this kind is counted.
    async fn lists_until(&self, client: &Client, label: &str) {
        let (started_at, before) = (Instant::now(), self.reads(label).await);
        while self.reads(label).await <= before {
            assert!(started_at.elapsed() < SOON, "no read is counted as {label}: {}", self.server.stderr());
            names(client).await;
            sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn names(client: &Client) -> Vec<String> {
    let answer = client.execute(LIST, json!({})).await;
    let nodes = answer["categories"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect()
}

async fn sees(client: &Client, name: &str) -> bool {
    names(client).await.iter().any(|seen| seen == name)
}

async fn makes(client: &Client, name: &str) {
    client.must_mutate(CATEGORY, json!({ "name": name })).await;
}

const EVENTS: &str = "query($after: Cursor) { events(first: 250, after: $after) { pageInfo { endCursor } reset } }";
const FRESH: &str = "where=\"replica\"";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_answers_queries_and_nobody_notices_but_the_primary() {
    let Some(servers) = Replicated::start() else { return };
    let site = Site::postgres_at(&servers.primary).await;
    let node = Node::start(&site, &servers.replica_of(&site.url)).await;
    let owner = node.server.tenant().await;
    makes(&owner, "Mugs").await;
    assert!(sees(&owner, "Mugs").await, "whoever has just registered and written sees it");
    let (other, _) = program(&owner, &["product.read"]).await;
    node.lists_until(&other, FRESH).await;
    node.lists_until(&owner, FRESH).await;
    assert!(sees(&other, "Mugs").await);
    let started_at = Instant::now();
    while !other.send(LIST, &json!({})).await.unwrap()["extensions"]["entrepot"]["asOf"].is_string() {
        assert!(started_at.elapsed() < SOON, "an answer from a replica says of which moment it is");
    }
    a_writer_sees_its_own_write_at_once(&servers, &node, &owner, &other).await;
    a_replica_that_crashes_fails_nothing(&servers, &node, &owner, &other).await;
    drop(node);
    what_contradicts_is_refused(&servers, &site).await;
    site.verify().await;
}

/// The replica is paused: the writer's reads go to the primary, others' to the replica, until it is
/// too old for them, too.
async fn a_writer_sees_its_own_write_at_once(servers: &Replicated, node: &Node, owner: &Client, other: &Client) {
    servers.hold_back().await;
    let start = Instant::now();
    let behind = node.reads("reason=\"behind\"").await;
    let position = create_and_keep_position(owner, "Bowls").await;
    assert!(sees(owner, "Bowls").await, "its writer sees it");
    assert!(node.reads("reason=\"behind\"").await > behind, "from the primary");
    let (before, seen) = (node.reads(FRESH).await, sees(other, "Bowls").await);
    if node.reads(FRESH).await > before {
        assert!(!seen, "a list of somebody else came from the replica, which lacks it");
    } else {
        assert!(start.elapsed() + Duration::from_secs(1) > STALENESS, "the replica was left out before it was too old");
    }
    // The previous page of events came from the primary, and this one is read from the replica,
    // which is behind its cursor.
    let page = owner.execute(EVENTS, json!({ "after": null })).await["events"].clone();
    let next = other.execute(EVENTS, json!({ "after": page["pageInfo"]["endCursor"] })).await["events"].clone();
    assert_eq!((&page["reset"], &next["reset"]), (&json!(null), &json!(null)), "a lag is no restore: {next}");
    let listed = list_after(other, &position).await;
    assert!(listed.to_string().contains("Bowls"), "whoever brings the position sees the write: {listed}");
    let forged: String = position.chars().rev().collect();
    assert!(list_after(other, &forged).await["errors"].is_null(), "a position that nobody signed says nothing");
    let started_at = Instant::now();
    while !sees(other, "Bowls").await {
        assert!(started_at.elapsed() < SOON, "a list is older than replicas may be: {}", node.server.stderr());
        sleep(Duration::from_millis(50)).await;
    }
    assert!(node.reads("reason=\"stale\"").await > 0.0, "a replica that is too old is left out");
    assert!(!node.is_used().await && node.figure("entrepot_replica_lag_bytes", "").await > 0.0);
    servers.let_go().await;
    node.lists_until(other, FRESH).await;
    assert!(sees(other, "Bowls").await && node.is_used().await);
}

/// Reads continue while the replica is down, and use it again when it is back.
async fn a_replica_that_crashes_fails_nothing(servers: &Replicated, node: &Node, owner: &Client, other: &Client) {
    let (goes_on, count) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let readers: Vec<_> = [owner.clone(), other.clone(), owner.clone(), other.clone()]
        .into_iter()
        .map(|client| {
            let (goes_on, count) = (goes_on.clone(), count.clone());
            tokio::spawn(async move {
                while goes_on.load(Ordering::Relaxed) {
                    // The call panics if the answer has errors.
                    assert!(sees(&client, "Bowls").await);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    while count.load(Ordering::Relaxed) < 20 {
        assert!(!readers.iter().any(tokio::task::JoinHandle::is_finished), "a read failed: {}", node.server.stderr());
        sleep(Duration::from_millis(10)).await;
    }
    tokio::task::block_in_place(|| servers.crash());
    node.leaves_it_out(LEFT_OUT).await;
    let since = count.load(Ordering::Relaxed);
    while count.load(Ordering::Relaxed) < since + 20 {
        assert!(!readers.iter().any(tokio::task::JoinHandle::is_finished), "a read failed: {}", node.server.stderr());
        sleep(Duration::from_millis(10)).await;
    }
    goes_on.store(false, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    makes(owner, "Plates").await;
    assert!(sees(owner, "Plates").await, "writes go on");
    tokio::task::block_in_place(|| servers.start_again());
    node.lists_until(other, FRESH).await;
}

async fn what_contradicts_is_refused(servers: &Replicated, site: &Site) {
    let keys = site.keys();
    let serve = async |database: &str, replicas: &[&str]| {
        let mut args = vec!["serve", "--database-url", database, "--keys-file", &keys, "--listen", "127.0.0.1:0"];
        for replica in replicas {
            args.extend(["--read-database-url", *replica]);
        }
        entrepot(&args).await
    };
    let (primary, replica) = (site.url.as_str(), servers.replica_of(&site.url));
    serve(primary, &[primary]).await.assert_failed(&["is the database itself"]);
    serve(primary, &[replica.as_str(), replica.as_str()]).await.assert_failed(&["is given twice"]);
    let alias = primary.replacen("127.0.0.1", "localhost", 1);
    serve(primary, &[alias.as_str()]).await.assert_failed(&["takes writes, so it is no replica"]);
    serve(primary, &["sqlite://replica.sqlite"]).await.assert_failed(&["must begin with postgres://"]);
}

/// A way to the server of a URL, and the URL by it.
async fn by_a_way(url: &str) -> (Way, String) {
    let (login, place) = url.rsplit_once('@').unwrap();
    let (server, database) = place.split_once('/').unwrap();
    let way = Way::to(server.parse().unwrap()).await;
    let by_it = format!("{login}@{}/{database}", way.address);
    (way, by_it)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_and_a_primary_over_a_slow_network_are_followed() {
    let Some(servers) = Replicated::start() else { return };
    let own = Site::postgres_at(&servers.primary).await;
    let (to_replica, replica) = by_a_way(&servers.replica_of(&own.url)).await;
    let to_primary = Way::to(own.postgres_address()).await;
    let site = own.by_way_of(to_primary.address);
    let node = Node::start(&site, &replica).await;
    let owner = node.server.tenant().await;
    makes(&owner, "Mugs").await;
    let (other, _) = program(&owner, &["product.read"]).await;
    node.lists_until(&other, FRESH).await;
    // An answer takes 0.2 s, and opening a connection takes several.
    to_replica.slow(Duration::from_millis(100));
    to_replica.cut();
    node.leaves_it_out(SOON).await;
    to_replica.mend();
    node.lists_until(&other, FRESH).await;
    assert!(sees(&other, "Mugs").await);
    // An answer of the primary takes 0.3 s.
    to_primary.slow(Duration::from_millis(160));
    sleep(STALENESS + Duration::from_secs(2)).await;
    assert!(node.is_used().await, "the replica counts as too old: {}", node.server.stderr());
    node.lists_until(&other, FRESH).await;
    drop(node);
    own.verify().await;
}

/// The replica no longer answers anything, and closes nothing. Earlier connections stay silent for
/// good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_falls_silent_is_left_out_and_used_again_by_new_connections() {
    let Some(servers) = Replicated::start() else { return };
    let site = Site::postgres_at(&servers.primary).await;
    let (way, replica) = by_a_way(&servers.replica_of(&site.url)).await;
    let node = Node::start(&site, &replica).await;
    let owner = node.server.tenant().await;
    makes(&owner, "Mugs").await;
    let (other, _) = program(&owner, &["product.read"]).await;
    node.lists_until(&other, FRESH).await;
    way.swallow();
    // Half a second is what a machine may be late by that other tests keep busy.
    node.leaves_it_out(LEFT_OUT + Duration::from_millis(500)).await;
    assert!(sees(&other, "Mugs").await, "from the primary");
    way.speak();
    node.lists_until(&other, FRESH).await;
    assert!(sees(&other, "Mugs").await);
    drop(node);
    site.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_another_cluster_that_answers_after_the_start_is_not_read() {
    let (Some(servers), Some(others)) = (Replicated::start(), Replicated::start()) else { return };
    let site = Site::postgres_at(&servers.primary).await;
    let (way, stranger) = by_a_way(&others.replica_of(&others.primary)).await;
    way.cut();
    let node = Node::start(&site, &stranger).await;
    way.mend();
    let started_at = Instant::now();
    while !node.server.stderr().contains("this replica is of another Postgres cluster") {
        assert!(started_at.elapsed() < SOON, "nobody says so: {}", node.server.stderr());
        sleep(Duration::from_millis(50)).await;
    }
    assert!(!node.is_used().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_embedded_database_has_no_replicas() {
    let site = Site::sqlite().await;
    let keys = site.keys();
    let nowhere = "postgres://ann@127.0.0.1:1/entrepot";
    let args =
        ["serve", "--database-url", &site.url, "--keys-file", &keys, "--listen", "127.0.0.1:0", "--read-database-url", nowhere];
    let output = entrepot(&args).await;
    output.assert_failed(&["an SQLite database has no replicas"]);
}

/// Creates a category; returns the position in the answer.
async fn create_and_keep_position(client: &Client, name: &str) -> String {
    let body = json!({ "query": CATEGORY, "variables": { "input": { "name": name } } });
    let request = reqwest::Client::new().post(format!("{}/graphql", client.url)).bearer_auth(&client.token).json(&body);
    let answer = request.send().await.unwrap();
    let position = answer.headers().get(HEADER).unwrap_or_else(|| panic!("no position")).to_str().unwrap().to_owned();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["data"]["result"]["userErrors"], json!([]), "{answer}");
    position
}

async fn list_after(client: &Client, position: &str) -> Value {
    let request = reqwest::Client::new().post(format!("{}/graphql", client.url)).bearer_auth(&client.token);
    let request = request.header(HEADER, position).json(&json!({ "query": LIST }));
    request.send().await.unwrap().json().await.unwrap()
}
