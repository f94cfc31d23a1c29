//! Log lines, as a collector reads them.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    client::{Client, Socket},
    server::{Server, Site, entrepot, free_address},
};
use crate::world::on_both;

/// The longest that a plan is waited for: between two of them are ten seconds.
const PATIENCE: Duration = Duration::from_secs(30);
const PLANNED: &str = "the plan of a slow statement";

/// Parses each line as JSON; any other line fails.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|err| panic!("{err}: {line}"))).collect()
}

/// The log once a plan is in it: some query takes a millisecond, if nothing of the start did.
async fn said_with_a_plan(server: &Server, client: &Client) -> String {
    let started_at = Instant::now();
    loop {
        let query = "{ products(first: 1) { nodes { sku } } stores(first: 1) { nodes { code } } }";
        client.execute(query, json!({})).await;
        let log = server.stderr();
        if log.contains(PLANNED) {
            return log;
        }
        assert!(started_at.elapsed() < PATIENCE, "there is no plan: {log}");
        sleep(Duration::from_millis(250)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_of_a_servers_log_is_an_object() {
    let site = Site::sqlite().await;
    let address = free_address();
    let flags = ["--log-format", "json", "--slow-milliseconds", "1", "--slow-plans"];
    let server = Server::start_with(&site, address, &flags).await;
    let url = format!("http://{address}/readyz");
    let ready = entrepot(&["health", "--url", &url]).await;
    assert!(ready.has_succeeded() && ready.out.contains("\"status\""), "{ready:?}");
    let owner = server.tenant().await;
    let plan_log = said_with_a_plan(&server, &owner).await;
    drop(server);
    let output = entrepot(&["health", "--url", &url, "--timeout-seconds", "1"]).await;
    assert!(!output.has_succeeded() && output.err.contains("did not answer"), "{output:?}");
    let lines = lines(&plan_log);
    // A registration hashes a password and commits: it takes a millisecond on any machine.
    let is_slow = |line: &&Value| line["fields"]["message"] == "an operation was slow" && line["fields"]["kind"] == "mutation";
    let slow = lines.iter().find(is_slow).unwrap_or_else(|| panic!("{plan_log}"));
    assert_eq!(slow["level"], "WARN", "{slow}");
    assert!(slow["fields"]["statements"].as_u64() > Some(0) && slow["fields"]["cost"].is_u64(), "{slow}");
    assert!(!slow["fields"]["statement"].as_str().unwrap().is_empty(), "{slow}");
    let plan = lines.iter().find(|line| line["fields"]["message"] == PLANNED).unwrap_or_else(|| panic!("{plan_log}"));
    assert!(!plan["fields"]["plan"].as_str().unwrap().is_empty() && plan["fields"]["statement"].is_string(), "{plan}");
    assert!(!plan_log.contains("@shop.example") && !plan_log.contains("four mugs"), "values are in the log: {plan_log}");
    let listening = lines.iter().find(|line| line["fields"]["message"] == "listening").unwrap_or_else(|| panic!("{lines:#?}"));
    assert_eq!((&listening["level"], &listening["target"]), (&"INFO".into(), &"server::serve".into()));
    assert_eq!(listening["fields"]["address"], address.to_string());
    for line in &lines {
        let at = line["timestamp"].as_str().unwrap_or_else(|| panic!("{line}"));
        assert!(at.starts_with("20") && at.ends_with('Z'), "{at}");
        assert!(line["fields"]["message"].is_string(), "{line}");
    }
}

on_both!(a_fault_is_found_in_the_log_by_the_request_id_of_its_answer, site: Site => {
    let server = Server::start_with(site, free_address(), &["--log-format", "json"]).await;
    let client = server.tenant().await;
    site.run_sql("ALTER TABLE supplier RENAME TO supplier_elsewhere").await;
    let answer = client.send("{ suppliers(first: 1) { nodes { id } } }", &json!({})).await;
    let answer = answer.unwrap_or_else(|text| serde_json::from_str(&text).unwrap());
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "INTERNAL", "{answer}");
    let log = lines(&server.stderr());
    let reason = log.iter().find(|line| line["fields"]["message"] == "fault").unwrap_or_else(|| panic!("{log:#?}"));
    assert_eq!((&reason["level"], &reason["fields"]["request_id"]), (&json!("ERROR"), &extensions["requestId"]), "{reason}");
    assert!(reason["fields"]["error"].as_str().unwrap().contains("supplier"), "{reason}");
    site.run_sql("ALTER TABLE supplier_elsewhere RENAME TO supplier").await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_start_failed_is_an_object_too() {
    let site = Site::empty_sqlite();
    let refused = entrepot(&["serve", "--log-format", "json", "--database-url", &site.url]).await;
    assert!(!refused.has_succeeded());
    let lines = lines(&refused.err);
    let reason = lines.last().unwrap();
    assert_eq!(reason["level"], "ERROR");
    assert!(reason["fields"]["message"].as_str().unwrap().contains("there is no database at"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_not_listed_is_one_line_a_minute() {
    let site = Site::sqlite().await;
    let server = Server::start_with(&site, free_address(), &["--log-format", "json"]).await;
    let (shop, other) = ("https://shop.example", "https://other.example");
    for origin in [shop, shop, shop, other] {
        assert_eq!(Socket::of_page(&server.url(), origin).await.closing().await.0, 4401, "{origin}");
    }
    let started_at = Instant::now();
    let named = |origin: &str| lines(&server.stderr()).iter().filter(|line| line["fields"]["origin"] == origin).count();
    while named(other) == 0 {
        assert!(started_at.elapsed() < PATIENCE, "{}", server.stderr());
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((named(shop), named(other)), (1, 1), "{}", server.stderr());
}
