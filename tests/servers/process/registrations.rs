//! The tests' own client, which behaves as a partner's should: if the server has too many passwords
//! to hash, it waits for the requested time and then registers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;

use super::client::Client;

/// Number of times that the server refuses as overloaded; `WAIT_MS` is the delay that it asks for
/// each time.
const REFUSALS: u32 = 2;
const WAIT_MS: u64 = 40;

async fn registered_at_last(calls: Arc<AtomicU32>) -> Response {
    if calls.fetch_add(1, Ordering::SeqCst) < REFUSALS {
        let error = json!({ "message": "too busy, try again", "extensions": { "code": "OVERLOADED", "retryAfterMs": WAIT_MS } });
        return (StatusCode::SERVICE_UNAVAILABLE, json!({ "errors": [error], "data": null }).to_string()).into_response();
    }
    let payload = json!({ "result": { "accessToken": "a token" }, "userErrors": [] });
    json!({ "data": { "result": payload } }).to_string().into_response()
}

#[tokio::test]
async fn a_registration_waits_while_the_server_is_too_busy() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let router = Router::new().route("/graphql", post(move || registered_at_last(counted.clone())));
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let started_at = Instant::now();
    assert_eq!(Client::register(&url, "patient").await.token, "a token");
    assert_eq!(calls.load(Ordering::SeqCst), REFUSALS + 1);
    assert!(started_at.elapsed() >= Duration::from_millis(WAIT_MS * u64::from(REFUSALS)), "it came too early");
    server.abort();
}
