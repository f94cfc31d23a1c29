//! A node that serves HTTPS directly.

use std::{fs, path::Path, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    client::Client,
    server::{Environment, Server, Site, entrepot, free_address, trusting},
};
use crate::certificates::Papers;

/// Longer than the interval at which files are checked for changes.
const PATIENCE: Duration = Duration::from_secs(20);

async fn wait_until(condition: &str, mut is: impl AsyncFnMut() -> bool) {
    let started_at = Instant::now();
    while !is().await {
        assert!(started_at.elapsed() < PATIENCE, "waited in vain for {condition}");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_serves_https_and_takes_a_renewed_certificate() {
    let site = Site::sqlite().await;
    let Some(papers) = Papers::make(&site.folder, "papers") else { return };
    let (certificate, key, authority) = (papers.path("server.pem"), papers.path("server.key"), papers.path("ca.pem"));
    let environment = Environment { authority: Some(authority.clone().into()), ..Environment::default() };
    let inside = free_address().to_string();
    let flags = ["--tls-certificate", &certificate, "--tls-key", &key, "--metrics-listen", &inside];
    let server = Server::start_in(&site, free_address(), &flags, &environment).await;
    let url = format!("https://{}", server.address);
    let client = Client::register_by(trusting(Path::new(&authority)), &url, "tls").await;
    assert_eq!(client.execute("{ __typename }", json!({})).await["__typename"], "Query");
    let metrics = reqwest::get(format!("http://{inside}/metrics")).await.unwrap().text().await.unwrap();
    let expiry = metrics.lines().find_map(|line| line.strip_prefix("entrepot_tls_certificate_expiry_timestamp_seconds "));
    assert!(expiry.is_some_and(|seconds| seconds.parse::<f64>().unwrap() > 1e9), "{metrics}");

    // Each request uses a new connection.
    let accepts =
        async |papers: &Papers| trusting(Path::new(&papers.path("ca.pem"))).get(format!("{url}/livez")).send().await.is_ok();
    let renewed = Papers::make(&site.folder, "renewed").unwrap();
    fs::copy(renewed.path("server.pem"), &certificate).unwrap();
    wait_until("the log to name the key", async || server.stderr().contains("is not the key of the first certificate")).await;
    assert!(accepts(&papers).await && !accepts(&renewed).await, "a certificate without its key changes nothing");
    // Within a tick of the file system's clock: a key of the same length has the same time.
    let modified = fs::metadata(&key).unwrap().modified().unwrap();
    fs::copy(renewed.path("server.key"), &key).unwrap();
    fs::File::options().write(true).open(&key).unwrap().set_modified(modified).unwrap();
    wait_until("the renewed certificate", async || accepts(&renewed).await).await;
    assert!(!accepts(&papers).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_cannot_be_served_are_named_by_the_node_and_by_the_doctor() {
    let site = Site::empty_sqlite();
    let Some(papers) = Papers::make(&site.folder, "papers") else { return };
    let (certificate, key, other) = (papers.path("server.pem"), papers.path("server.key"), papers.path("client.key"));
    let serve = ["serve", "--database-url", &site.url, "--listen", "127.0.0.1:0", "--tls-certificate", &certificate];
    entrepot(&serve).await.assert_failed(&["--tls-key"]);
    for (key, expected) in [
        ("no-such-file", "--tls-key no-such-file cannot be read"),
        (certificate.as_str(), "holds no private key without a passphrase"),
        (other.as_str(), "is not the key of the first certificate"),
    ] {
        entrepot(&[&serve[..], &["--tls-key", key]].concat()).await.assert_failed(&[expected]);
    }
    let examined = async |key: &str| {
        let words =
            ["doctor", "--format", "json", "--database-url", &site.url, "--tls-certificate", &certificate, "--tls-key", key];
        let report: Value = serde_json::from_str(&entrepot(&words).await.out).unwrap();
        let finding = report["checks"].as_array().unwrap().iter().find(|finding| finding["check"] == "tls").unwrap();
        (finding["verdict"].as_str().unwrap().to_owned(), finding["seen"].as_str().unwrap().to_owned())
    };
    // It is made for two days.
    let (verdict, seen) = examined(&key).await;
    assert!(verdict == "FAIL" && seen.contains("which expires in "), "{seen}");
    let (verdict, seen) = examined(&other).await;
    assert!(verdict == "FAIL" && seen.contains("is not the key of"), "{seen}");
}
