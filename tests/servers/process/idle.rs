//! Memory of idle nodes and workers.

use std::{fs, time::Duration};

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    hooks::Worker,
    server::{Server, Site, UNLIMITED, free_address},
};

/// Memory is given back after two seconds, or after a minute where a slow machine has done so during the registration.
const PATIENCE: Duration = Duration::from_secs(90);
const QUERY: &str = "{ products(first: 5) { nodes { sku } } stores(first: 5) { nodes { code } } }";

/// Returns the resident file mappings of a process, in kB.
fn files_in_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_node_gives_memory_back_and_answers_as_before() {
    let (site, other) = (Site::sqlite().await, Site::sqlite().await);
    let flags = [&UNLIMITED[..], &["--idle-trim", "false"][..]].concat();
    let keeps = Server::start_with(&other, free_address(), &flags).await;
    let kept = files_in_memory(keeps.id());
    let server = Server::start(&site).await;
    let at_start = files_in_memory(server.id());
    let owner = server.tenant().await;
    let answer = owner.execute(QUERY, json!({})).await;
    let used = files_in_memory(server.id()).max(at_start);
    let started_at = Instant::now();
    while files_in_memory(server.id()) > used / 4 * 3 {
        assert!(started_at.elapsed() < PATIENCE, "{} of {used} kB", files_in_memory(server.id()));
        sleep(Duration::from_millis(100)).await;
    }
    assert!(
        files_in_memory(keeps.id()) > kept / 4 * 3,
        "--idle-trim false gives nothing back: {} of {kept} kB",
        files_in_memory(keeps.id())
    );
    assert_eq!(owner.execute(QUERY, json!({})).await, answer);
    let reader = server.tenant().await;
    assert!(reader.execute(QUERY, json!({})).await["products"]["nodes"].is_array());
    drop((server, keeps));
    site.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_worker_gives_memory_back_unless_it_is_told_to_keep_it() {
    let (site, other) = (Site::sqlite().await, Site::sqlite().await);
    let (worker, keeps) = (Worker::start_with(&site, &[]), Worker::start_with(&other, &["--idle-trim", "false"]));
    let (mut used, mut kept) = (0, 0);
    let started_at = Instant::now();
    loop {
        let now = files_in_memory(worker.id());
        (used, kept) = (used.max(now), kept.max(files_in_memory(keeps.id())));
        if now < used / 4 * 3 {
            break;
        }
        assert!(started_at.elapsed() < PATIENCE, "{now} of {used} kB");
        sleep(Duration::from_millis(100)).await;
    }
    assert!(files_in_memory(keeps.id()) > kept / 4 * 3, "--idle-trim false gives nothing back: of {kept} kB");
}
