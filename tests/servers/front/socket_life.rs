//! Time on a socket: heartbeats, expiry, renewal, revocation.

use std::time::Duration;

use entrepot::{graphql::limits::Limits, http::Settings};
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::{
    server::FrontServer,
    socket_operations::until_still,
    wire::{PATIENCE, Socket},
};

const TICK: Duration = Duration::from_millis(150);

#[tokio::test]
async fn the_server_pings_and_any_sign_of_life_will_do() {
    let world = FrontServer::limited(|limits| limits.socket_ping = TICK).await;
    let mut socket = Socket::ready(world.address).await;
    let mut frames = 0;
    let mut messages = 0;
    // The library answers the frames as it reads; the messages stay unanswered.
    let until = Instant::now() + PATIENCE;
    while frames < 4 || messages < 4 {
        let Ok(Some(message)) = tokio::time::timeout_at(until, socket.0.next()).await else { break };
        match message.unwrap() {
            Message::Ping(_) => frames += 1,
            Message::Text(text) if text.as_str() == r#"{"type":"ping"}"# => messages += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(frames >= 4 && messages >= 4, "{frames} {messages}");
    socket.subscribe("1", "{ ping }").await;
    while socket.receive_message().await["id"] != "1" {}
}

#[tokio::test]
async fn a_dead_peer_is_let_go() {
    let world = FrontServer::limited(|limits| limits.socket_ping = TICK).await;
    let mut socket = Socket::ready(world.address).await;
    // Not reading means that the library answers no pings.
    tokio::time::sleep(TICK * 5).await;
    let (code, reason) = socket.closing().await;
    assert_eq!((code, reason.as_str()), (1001, "no sign of life"));
}

#[tokio::test]
async fn an_expired_token_closes_4403_after_its_grace() {
    let world = FrontServer::limited(|limits| limits.socket_expiry_grace = Duration::from_millis(300)).await;
    let started = Instant::now();
    let mut socket = Socket::ready_as(world.address, "ann-300").await;
    socket.subscribe("1", "subscription { silent }").await;
    assert_eq!(socket.closing().await, (4403, "token expired".into()));
    let lived = started.elapsed();
    assert!((Duration::from_millis(550)..Duration::from_millis(1_500)).contains(&lived), "{lived:?}");
}

#[tokio::test]
async fn a_ping_with_a_fresh_token_renews() {
    let world = FrontServer::limited(|limits| limits.socket_expiry_grace = Duration::from_millis(300)).await;
    let mut socket = Socket::ready_as(world.address, "ann-300").await;
    socket.subscribe("1", "subscription { silent }").await;
    socket.send_message(json!({ "type": "ping", "payload": { "authorization": "Bearer ann-60000" } })).await;
    let pong = socket.receive_message().await;
    assert_eq!(pong["type"], "pong");
    let expires: jiff::Timestamp = pong["payload"]["authExpiresAt"].as_str().unwrap().parse().unwrap();
    assert!(expires.duration_since(jiff::Timestamp::now()).as_secs() > 50);
    assert!(timeout(Duration::from_millis(1_200), socket.next()).await.is_err(), "it stays open");
    // A token that is refused, or another caller's, is the end.
    for token in ["bad", "bob"] {
        let mut socket = Socket::ready(world.address).await;
        socket.send_message(json!({ "type": "ping", "payload": { "authorization": format!("Bearer {token}") } })).await;
        assert_eq!(socket.closing().await.0, 4403, "{token}");
    }
}

#[tokio::test]
async fn pings_are_answered() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    for payload in [None, Some(json!({})), Some(json!({ "any": "thing" }))] {
        let message = payload.map_or(json!({ "type": "ping" }), |payload| json!({ "type": "ping", "payload": payload }));
        socket.send_message(message).await;
        assert_eq!(socket.receive_message().await, json!({ "type": "pong" }));
    }
    socket.send_message(json!({ "type": "pong" })).await;
    socket.subscribe("1", "{ ping }").await;
    assert_eq!(socket.receive_message().await["type"], "next");
}

#[tokio::test]
async fn a_revoked_session_closes_its_sockets() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    socket.subscribe("1", "subscription { silent }").await;
    world.revoke.send_replace(true);
    assert_eq!(timeout(PATIENCE, socket.closing()).await.unwrap(), (4403, "session ended".into()));
}

/// The client's queue is full, so neither a ping nor an answer finds room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_gone_soon_after_its_session_ends() {
    let limits = Limits { connections_per_address: 1, socket_ping: Duration::from_secs(1), ..Limits::default() };
    let world = FrontServer::with(limits, Settings::default()).await;
    let mut silent = Socket::ready(world.address).await;
    silent.subscribe("1", "subscription { hot }").await;
    until_still(&world).await;
    silent.send_message(json!({ "type": "ping" })).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert!(Socket::try_raw(world.address).await.is_err(), "its address has one connection");
    world.revoke.send_replace(true);
    let started_at = Instant::now();
    while Socket::try_raw(world.address).await.is_err() {
        assert!(started_at.elapsed() < Duration::from_secs(5), "it still counts");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("gone after {:?}", started_at.elapsed());
    // The connection breaks off: nothing more is written to it.
    assert_eq!(silent.closing().await.0, 1006, "it breaks off where it stood");
}
