//! Workers as processes: they share the work, and one that is killed -9 in the middle of it is replaced by another.

use std::{
    collections::BTreeMap,
    fs,
    process::{Child, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    server::{Server, Site, command, free_address},
    shop::Shop,
    waiting::wait_until,
};
use crate::{
    databases::random,
    support::receiver::{Receiver, status},
};

const TERMS: [&str; 4] = ["--job-lease-seconds", "2", "--webhooks-allow", "127.0.0.0/8"];
const UNLIMITED: [&str; 8] =
    ["--budget", "off", "--tenant-budget", "off", "--anonymous-requests", "off", "--tenant-operations", "off"];

/// A running `entrepot worker`.
pub struct Worker(Child);

impl Worker {
    fn start(site: &Site) -> Self {
        Self::start_with(site, &[])
    }
    pub fn start_with(site: &Site, further: &[&str]) -> Self {
        let log = fs::OpenOptions::new().create(true).append(true).open(site.folder.join("server.log")).unwrap();
        let keys = site.keys();
        let args = [&["worker", "--database-url", &site.url, "--keys-file", &keys][..], &TERMS, further].concat();
        Self(command(&args).stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }
    pub fn id(&self) -> u32 {
        self.0.id()
    }
    /// kill -9.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
    /// SIGTERM, and how it ended.
    fn stop(mut self) -> Option<i32> {
        let pid = self.0.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn serve(site: &Site, address: std::net::SocketAddr, jobs: &str) -> Server {
    let further = [&UNLIMITED[..], &TERMS, &["--jobs", jobs]].concat();
    Server::start_with(site, address, &further).await
}

pub async fn endpoint(shop: &Shop, url: &str) -> String {
    let create = "mutation($input: WebhookEndpointCreateInput!) { result: webhookEndpointCreate(input: $input) {
        webhookEndpoint { id } userErrors { code message } } }";
    let payload = shop.client.must_mutate(create, json!({ "url": url, "eventTypes": ["stock.changed"] })).await;
    payload["webhookEndpoint"]["id"].as_str().unwrap().to_owned()
}

/// Adds one unit; returns the number of its event.
async fn change(shop: &Shop, key: &str) -> i64 {
    let input = super::shop::adjust(key, "RECEIPT", "PURCHASE", &[super::shop::change(&shop.products[0], &shop.stores[0], 1)]);
    loop {
        match shop.client.send(super::shop::ADJUST, &json!({ "input": input })).await {
            Ok(answer) => {
                assert!(answer["errors"].is_null(), "{answer:#}");
                return answer["data"]["result"]["seq"].as_i64().unwrap();
            }
            // The server was away for a moment.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Everything that was acknowledged arrived, each under one id, and little of it twice.
fn complete(receiver: &Receiver, seqs: &[i64], most_twice: usize) {
    let mut ids: BTreeMap<i64, String> = BTreeMap::new();
    let got = receiver.got();
    for message in &got {
        let id = ids.entry(message.seq()).or_insert_with(|| message.id.clone());
        assert_eq!(*id, message.id, "event {} under two ids", message.seq());
    }
    let missing: Vec<_> = seqs.iter().filter(|seq| !ids.contains_key(seq)).collect();
    assert!(missing.is_empty(), "never arrived: {missing:?}");
    let twice = got.len() - ids.len();
    assert!(twice <= most_twice, "{twice} of {} messages came twice", got.len());
    println!("{} messages of {} events, {twice} of them a second time", got.len(), ids.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_are_killed_lose_no_message() {
    /// Attempts that a worker writes down in one transaction.
    const NOTED_TOGETHER: usize = 25;
    let Some(site) = Site::postgres().await else { return };
    let server = serve(&site, free_address(), "off").await;
    let shop = Shop::open(server.tenant().await, 1, 1, 5).await;
    // A receiver that takes its time, so that a kill meets messages under way.
    let receiver = Receiver::new(|_, _| {
        std::thread::sleep(Duration::from_millis(5));
        status(200)
    })
    .await;
    let id = endpoint(&shop, &receiver.url()).await;
    let mut workers = vec![Worker::start(&site), Worker::start(&site)];
    let mut seqs = Vec::new();
    for round in 0..4 {
        // A fast worker may have sent all of them before the last one is answered.
        let before = receiver.count();
        for n in 0..40 {
            seqs.push(change(&shop, &format!("{round} {n}")).await);
        }
        wait_until("something to be sent", async || receiver.count() > before).await;
        workers.remove(0).kill();
        workers.push(Worker::start(&site));
    }
    wait_until("all of it", async || receiver.seqs().len() == seqs.len()).await;
    complete(&receiver, &seqs, 4 * 60);
    // Two workers race for one job; it puts each message down once.
    wait_until("the log to be settled", async || {
        let query = "query($id: ID!) { result: node(id: $id) { ... on WebhookEndpoint { deliveries(first: 1, states: [PENDING]) { nodes { seq } } } } }";
        shop.client.execute(query, json!({ "id": id })).await["result"]["deliveries"]["nodes"] == json!([])
    })
    .await;
    receiver.forget();
    let replay = "mutation($input: WebhookEndpointReplayInput!) { result: webhookEndpointReplay(input: $input) { job { id } userErrors { code message } } }";
    let payload = shop.client.must_mutate(replay, json!({ "id": id, "fromSeq": seqs[0], "toSeq": seqs[159] })).await;
    wait_until("the replay", async || receiver.seqs().len() == 160).await;
    wait_until("its job to be done", async || {
        let query = "query($id: ID!) { result: node(id: $id) { ... on BackgroundJob { state failures } } }";
        shop.client.execute(query, json!({ "id": payload["job"]["id"] })).await["result"]
            == json!({ "state": "DONE", "failures": 0 })
    })
    .await;
    // If another worker takes over the endpoint meanwhile, it sends again the messages that the
    // former one had sent and not yet recorded.
    let sent = receiver.count();
    assert!((160..=160 + NOTED_TOGETHER).contains(&sent), "a replay by one job is one message an event: {sent}");
    assert!(workers.into_iter().map(Worker::stop).all(|code| code == Some(0)), "a worker that is told to stop ends well");
    drop(server);
    site.verify().await;
}

/// A worker beside the requests is monitored like a node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_tells_how_it_fares() {
    let Some(site) = Site::postgres().await else { return };
    let server = serve(&site, free_address(), "off").await;
    let shop = Shop::open(server.tenant().await, 1, 1, 5).await;
    let receiver = Receiver::accepting().await;
    endpoint(&shop, &receiver.url()).await;
    let inside = free_address().to_string();
    let worker = Worker::start_with(&site, &["--metrics-listen", &inside]);
    change(&shop, "one").await;
    let ready = format!("http://{inside}/readyz");
    wait_until("it to be ready", async || reqwest::get(&ready).await.is_ok_and(|answer| answer.status() == 200)).await;
    wait_until("its figures", async || {
        let text = reqwest::get(format!("http://{inside}/metrics")).await.unwrap().text().await.unwrap();
        let at_least_one = |name, label| super::operations::figure(&text, name, label).is_some_and(|value| value >= 1.0);
        let is_done = at_least_one("entrepot_job_duration_seconds_count", "job=\"stock.expire\",result=\"done\"");
        is_done && at_least_one("entrepot_webhook_attempts_total", "delivered") && at_least_one("entrepot_jobs_held", "")
    })
    .await;
    assert_eq!(worker.stop(), Some(0));
}

/// A single node on an embedded database runs the jobs itself, and resumes them after a kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lone_node_that_is_killed_loses_no_message() {
    let site = Site::sqlite().await;
    let address = free_address();
    let mut server = serve(&site, address, "on").await;
    let shop = Shop::open(server.tenant().await, 1, 1, 5).await;
    let receiver = Receiver::accepting().await;
    endpoint(&shop, &receiver.url()).await;
    let mut seqs = Vec::new();
    for round in 0..3 {
        for n in 0..25 {
            seqs.push(change(&shop, &format!("{round} {n}")).await);
        }
        server.kill();
        server = serve(&site, address, "on").await;
    }
    wait_until("all of it", async || receiver.seqs().len() == seqs.len()).await;
    complete(&receiver, &seqs, 3 * 30);
    drop(server);
    site.verify().await;
}

/// Holds expire although the worker that expires them is killed, whichever it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holds_end_while_workers_die() {
    let Some(site) = Site::postgres().await else { return };
    let server = serve(&site, free_address(), "off").await;
    let shop = Shop::open(server.tenant().await, 1, 1, 50).await;
    let mut workers = vec![Worker::start(&site), Worker::start(&site)];
    let reserve = "mutation($input: StockReserveInput!) { result: stockReserve(input: $input) { reservations { id } userErrors { code message } } }";
    let held = async || {
        let query = "{ result: stockLevels(first: 1) { nodes { reserved } } }";
        shop.client.execute(query, json!({})).await["result"]["nodes"][0]["reserved"].as_i64().unwrap()
    };
    for round in 0..3 {
        let item = json!({ "product": { "id": shop.products[0] }, "store": { "id": shop.stores[0] }, "quantity": 3 });
        let input = json!({ "idempotencyKey": format!("hold {round} {:x}", random()), "items": [item], "ttlSeconds": 1 });
        shop.client.must_mutate(reserve, input).await;
        assert_eq!(held().await, 3);
        workers.remove(0).kill();
        workers.push(Worker::start(&site));
        let started_at = Instant::now();
        wait_until("the hold to end", async || held().await == 0).await;
        println!("round {round}: ended {:?} after the kill", started_at.elapsed());
    }
    // Without a worker nothing ends, which shows that the server leaves it to them.
    workers.into_iter().for_each(Worker::kill);
    let item = json!({ "product": { "id": shop.products[0] }, "store": { "id": shop.stores[0] }, "quantity": 3 });
    shop.client.must_mutate(reserve, json!({ "idempotencyKey": "nobody", "items": [item], "ttlSeconds": 1 })).await;
    sleep(Duration::from_secs(4)).await;
    assert_eq!(held().await, 3);
    let jobs = shop.client.execute("{ result: recurringJobs { kind state isStanding lastError } }", json!({})).await;
    let expiry: Vec<&Value> = jobs["result"].as_array().unwrap().iter().filter(|job| job["kind"] == "stock.expire").collect();
    assert_eq!(expiry.len(), 1, "{jobs:#}");
}
