//! An import whose process is killed with -9 halfway is resumed by the next process, and no row
//! counts twice.

use std::{net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    client::Client,
    hooks::Worker,
    server::{Server, Site, free_address},
    shop::Shop,
};
use crate::world::on_both;

const ROWS: i64 = 12_000;
const PRODUCTS: usize = 4;
const KILLS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(60);
const UPLOAD: &str = "mutation($input: FileUploadCreateInput!) { result: fileUploadCreate(input: $input) { file { id } uploadUrl userErrors { code message } } }";
const IMPORT: &str =
    "mutation($input: ImportCreateInput!) { result: importCreate(input: $input) { dataJob { id } userErrors { code message } } }";
const SHOWN: &str =
    "query($id: ID!) { node(id: $id) { ... on DataJob { state error counts { rows created updated unchanged refused } } } }";

/// Creates an import of changes of one unit each; every hundredth row names an unknown product.
async fn import(client: &Client) -> String {
    let row = |n: i64| if n % 100 == 99 { "nobody,S0,1\n".to_owned() } else { format!("P{},S0,1\n", n % PRODUCTS as i64) };
    let rows: String = (0..ROWS).map(row).collect();
    let payload = client.must_mutate(UPLOAD, json!({ "purpose": "IMPORT", "name": "rows.csv" })).await;
    let link = format!("{}{}", client.url, payload["uploadUrl"].as_str().unwrap());
    let sent = reqwest::Client::new().put(link).body(format!("sku,store,delta\n{rows}")).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    let input = json!({ "idempotencyKey": "rows", "fileId": payload["file"]["id"], "entity": "STOCK_CHANGES" });
    client.must_mutate(IMPORT, input).await["dataJob"]["id"].as_str().unwrap().to_owned()
}

async fn read_job(client: &Client, id: &str) -> Value {
    client.execute(SHOWN, json!({ "id": id })).await["node"].take()
}

fn rows(shown: &Value) -> i64 {
    shown["counts"]["rows"].as_i64().unwrap()
}

/// Waits until the import has progressed from `before`, and returns its state.
async fn on_from(client: &Client, id: &str, before: i64) -> Value {
    let started_at = Instant::now();
    loop {
        let now = read_job(client, id).await;
        if now["state"] == "DONE" || rows(&now) > before {
            return now;
        }
        assert!(started_at.elapsed() < PATIENCE, "it does not go on: {now:#}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Kills the importing process again and again, and checks the result.
async fn survives(shop: &Shop, mut kill: impl AsyncFnMut()) {
    let (id, mut before, mut kills) = (import(&shop.client).await, 0, 0);
    while kills < KILLS {
        let now = on_from(&shop.client, &id, before).await;
        if now["state"] == "DONE" {
            break;
        }
        before = rows(&now);
        sleep(Duration::from_millis(7 * kills as u64)).await;
        kill().await;
        kills += 1;
    }
    assert!(kills > 1, "it was over before anybody was killed: nothing was shown");
    let started_at = Instant::now();
    let mut exchange = read_job(&shop.client, &id).await;
    while exchange["state"] != "DONE" {
        assert!(started_at.elapsed() < PATIENCE && exchange["state"] != "FAILED", "{exchange:#}");
        sleep(Duration::from_millis(50)).await;
        exchange = read_job(&shop.client, &id).await;
    }
    let refused = ROWS / 100;
    let counts = json!({ "rows": ROWS, "created": 0, "updated": ROWS - refused, "unchanged": 0, "refused": refused });
    assert_eq!(exchange["counts"], counts);
    let total: i64 = shop.levels().await.values().map(|figures| figures.on_hand).sum();
    assert_eq!(total - PRODUCTS as i64, ROWS - refused, "each row once, beside the one piece of each that was there");
    println!("{ROWS} rows over {kills} kills, each once");
}

fn files(site: &Site) -> String {
    format!("file:{}", site.folder.join("files").display())
}

async fn serve(site: &Site, address: SocketAddr, jobs: &str) -> Server {
    let files = files(site);
    let further = ["--files", &files, "--job-lease-seconds", "2", "--budget", "off", "--tenant-budget", "off", "--jobs", jobs];
    Server::start_with(site, address, &further).await
}

on_both!(a_lone_node_that_is_killed_imports_no_row_twice, site: Site => {
    let mut node = Some(serve(site, free_address(), "on").await);
    let shop = Shop::open(node.as_ref().unwrap().tenant().await, 1, PRODUCTS, 1).await;
    survives(&shop, async || {
        let old = node.take().unwrap();
        let address = old.address;
        old.kill();
        node = Some(serve(site, address, "on").await);
    }).await;
    drop(node);
    site.verify().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_imports_no_row_twice() {
    let Some(site) = Site::postgres().await else { return };
    let server = serve(&site, free_address(), "off").await;
    let shop = Shop::open(server.tenant().await, 1, PRODUCTS, 1).await;
    let start = || Worker::start_with(&site, &["--files", &files(&site)]);
    let mut worker = start();
    // The previous worker is killed when it is dropped.
    survives(&shop, async || worker = start()).await;
    drop(worker);
    site.verify().await;
}
