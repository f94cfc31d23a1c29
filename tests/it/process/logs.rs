//! Log lines, as a collector reads them.

use serde_json::Value;

use super::server::{Server, Site, entrepot, free_address};

/// Each line as JSON; a line that is none fails.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|err| panic!("{err}: {line}"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_of_a_servers_log_is_an_object() {
    let site = Site::sqlite().await;
    let address = free_address();
    let server = Server::start_with(&site, address, &["--log-format", "json"]).await;
    let lines = lines(&server.said());
    drop(server);
    let listening = lines.iter().find(|line| line["fields"]["message"] == "listening").unwrap_or_else(|| panic!("{lines:#?}"));
    assert_eq!((&listening["level"], &listening["target"]), (&"INFO".into(), &"server::serve".into()));
    assert_eq!(listening["fields"]["address"], address.to_string());
    for line in &lines {
        let at = line["timestamp"].as_str().unwrap_or_else(|| panic!("{line}"));
        assert!(at.starts_with("20") && at.ends_with('Z'), "{at}");
        assert!(line["fields"]["message"].is_string(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_start_failed_is_an_object_too() {
    let site = Site::empty_sqlite();
    let refused = entrepot(&["serve", "--log-format", "json", "--database-url", &site.url]).await;
    assert!(!refused.well());
    let lines = lines(&refused.err);
    let why = lines.last().unwrap();
    assert_eq!(why["level"], "ERROR");
    assert!(why["fields"]["message"].as_str().unwrap().contains("there is no database at"), "{why}");
}
