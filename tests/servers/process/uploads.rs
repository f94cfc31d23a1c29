//! Uploads as an attacker sends them: many at once, each as slowly as the limits allow. On
//! loopback, bounded in number and time.

use std::{net::SocketAddr, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use super::{
    client::Client,
    server::{Server, Site, free_address},
};
use crate::world::on_both;

/// At once, by one caller.
const MANY: usize = 150;
/// Bytes that each sends before it becomes slow.
const EAGER: usize = 4 << 20;
/// Maximum memory of all of them together.
const MAX_KIB: u64 = 96 << 10;
const CREATE: &str = "mutation($input: FileUploadCreateInput!) { result: fileUploadCreate(input: $input) { file { id } uploadUrl userErrors { code message } } }";

async fn link(client: &Client) -> String {
    let payload = client.must_mutate(CREATE, json!({ "purpose": "IMPORT", "name": "slow.csv" })).await;
    payload["uploadUrl"].as_str().unwrap().to_owned()
}

/// Returns the resident private memory of the process, in KiB.
fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Sends some bytes at once and then single ones with pauses; returns the response and the time
/// until it.
async fn slow(address: SocketAddr, link: String) -> (String, Duration) {
    let started_at = Instant::now();
    let (mut from, mut to) = TcpStream::connect(address).await.unwrap().into_split();
    let sending = tokio::spawn(async move {
        let head = format!("PUT {link} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 400 << 20);
        to.write_all(head.as_bytes()).await?;
        for _ in 0..EAGER >> 16 {
            to.write_all(&[b'a'; 1 << 16]).await?;
        }
        loop {
            sleep(Duration::from_millis(500)).await;
            to.write_all(b"b").await?;
        }
        #[expect(unreachable_code, reason = "the type of what ends it")]
        Ok::<(), std::io::Error>(())
    });
    let mut answer = Vec::new();
    let mut part = [0; 4_096];
    // Until it is answered, or broken off.
    while let Ok(Ok(count @ 1..)) = timeout(Duration::from_secs(70), from.read(&mut part)).await {
        answer.extend_from_slice(&part[..count]);
        if answer.windows(2).any(|end| end == b"]}") {
            break;
        }
    }
    sending.abort();
    (String::from_utf8_lossy(&answer).into_owned(), started_at.elapsed())
}

on_both!(many_slow_uploads_hold_neither_memory_nor_places, site: Site => {
    let place = format!("file:{}", site.folder.join("files").display());
    let node = Server::start_with(site, free_address(), &["--files", &place, "--budget", "off", "--tenant-budget", "off"]).await;
    let (shop, other, http) = (node.tenant().await, node.tenant().await, reqwest::Client::new());
    let mut links = Vec::new();
    for _ in 0..MANY {
        links.push(link(&shop).await);
    }
    let before = resident_kib(node.id());
    let sent: Vec<_> = links.into_iter().map(|link| tokio::spawn(slow(node.address, link))).collect();
    sleep(Duration::from_secs(8)).await;
    let taken = resident_kib(node.id()).saturating_sub(before);
    assert!(taken < MAX_KIB, "{MANY} slow uploads hold {} MiB", taken >> 10);
    // Another caller sends meanwhile.
    let quick = http.put(format!("{}{}", node.url(), link(&other).await)).body("sku,name\n").send().await.unwrap();
    assert_eq!(quick.status(), 200);
    let mut statuses = std::collections::BTreeMap::new();
    for sent in sent {
        let (answer, after) = sent.await.unwrap();
        let status = answer.split(' ').nth(1).unwrap_or("none").to_owned();
        let is_typed = (status == "429" && answer.contains("\"RATE_LIMITED\"") && answer.to_lowercase().contains("retry-after"))
            || (status == "408" && answer.contains("\"TIMEOUT\""));
        assert!(is_typed, "{answer}");
        assert!(after < Duration::from_mins(1), "{status} after {after:?}");
        *statuses.entry(status).or_insert(0) += 1;
    }
    assert!(statuses["429"] > MANY / 2 && statuses["408"] >= 4, "{statuses:?}");
    // Their places are free again, and nothing of them is left.
    let again = http.put(format!("{}{}", node.url(), link(&shop).await)).body("sku,name\n").send().await.unwrap();
    assert_eq!(again.status(), 200);
});
