//! Redis over TLS: a real server with a certificate of the test's own.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};

use super::{
    operations::health,
    redis::Redis,
    server::{Server, Site, entrepot, free_address},
};
use crate::certificates::Papers;

impl Papers {
    /// A Redis that accepts TLS only, and may require a client certificate.
    async fn redis(&self, asks_clients: &str) -> Option<(Redis, SocketAddr)> {
        let tls = free_address();
        let (port, certificate, key, authority) =
            (tls.port().to_string(), self.path("server.pem"), self.path("server.key"), self.path("ca.pem"));
        let further =
            ["--tls-port", &port, "--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-ca-cert-file", &authority];
        let redis = Redis::start_on(free_address(), &[&further[..], &["--tls-auth-clients", asks_clients]].concat()).await?;
        Some((redis, tls))
    }
}

/// Returns the status of Redis on a node with these arguments.
async fn redis_status(site: &Site, further: &[&str]) -> Value {
    let server = Server::start_with(site, free_address(), further).await;
    let started_at = Instant::now();
    loop {
        let (status, report) = health(&server).await;
        assert_eq!(status, 200, "a Redis that is not there costs nothing but speed: {report}");
        let redis = report["checks"]["redis"]["status"].clone();
        if redis == "ok" || started_at.elapsed() > Duration::from_secs(4) {
            return redis;
        }
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_speak_tls_with_redis_and_believe_the_authority_that_they_are_told() {
    let site = Site::sqlite().await;
    let Some(papers) = Papers::make(&site.folder, "papers") else { return };
    let Some((_redis, tls)) = papers.redis("no").await else { return };
    let (url, authority) = (format!("rediss://{tls}"), papers.path("ca.pem"));
    assert_eq!(redis_status(&site, &["--redis-url", &url, "--redis-ca", &authority]).await, "ok");
    // Its certificate is signed neither by an authority that the system trusts, nor by another
    // given one.
    assert_eq!(redis_status(&site, &["--redis-url", &url]).await, "degraded");
    let other = Papers::make(&site.folder, "others").unwrap().path("ca.pem");
    assert_eq!(redis_status(&site, &["--redis-url", &url, "--redis-ca", &other]).await, "degraded");
    // A name that the certificate does not have.
    let text = format!("rediss://localhost:{}", tls.port());
    assert_eq!(redis_status(&site, &["--redis-url", &text, "--redis-ca", &authority]).await, "degraded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_asks_for_a_certificate_is_shown_one() {
    let site = Site::sqlite().await;
    let Some(papers) = Papers::make(&site.folder, "papers") else { return };
    let Some((_redis, tls)) = papers.redis("yes").await else { return };
    let (url, authority) = (format!("rediss://{tls}"), papers.path("ca.pem"));
    let (certificate, key) = (papers.path("client.pem"), papers.path("client.key"));
    let known = ["--redis-url", &url, "--redis-ca", &authority, "--redis-cert", &certificate, "--redis-key", &key];
    assert_eq!(redis_status(&site, &known).await, "ok");
    assert_eq!(redis_status(&site, &known[..4]).await, "degraded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn papers_that_cannot_be_used_are_said_at_start() {
    let site = Site::sqlite().await;
    let garbage = site.folder.join("garbage.pem").display().to_string();
    std::fs::write(&garbage, "no certificate").unwrap();
    for (url, ca, expected) in [
        ("rediss://127.0.0.1:1", "no-such-file", "no-such-file: No such file"),
        ("rediss://127.0.0.1:1", garbage.as_str(), "garbage.pem holds no certificate"),
        ("redis://127.0.0.1:1", garbage.as_str(), "--redis-ca is for rediss://"),
    ] {
        let args = ["serve", "--database-url", &site.url, "--listen", "127.0.0.1:0", "--redis-url", url, "--redis-ca", ca];
        entrepot(&args).await.assert_failed(&[expected]);
    }
}
