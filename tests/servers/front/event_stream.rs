//! Operations over Server-Sent Events, as graphql-sse's "distinct connections" have them.

use std::{net::SocketAddr, time::Duration};

use entrepot::{graphql::limits::Limits, http::Settings};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

use super::{
    server::FrontServer,
    wire::{PATIENCE, Socket, get},
};

/// Sends an operation that wants events and reads until the response ends, or so long.
async fn events_as(address: SocketAddr, token: &str, query: &str, within: Duration) -> (String, Duration) {
    let body = json!({ "query": query }).to_string();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: test\r\nconnection: close\r\naccept: text/event-stream\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let started_at = Instant::now();
    let mut read = Vec::new();
    let _ = timeout(within, stream.read_to_end(&mut read)).await;
    (String::from_utf8(read).unwrap(), started_at.elapsed())
}

async fn events(address: SocketAddr, query: &str) -> String {
    let (text, took) = events_as(address, "ann", query, PATIENCE).await;
    assert!(took < PATIENCE, "the response ends: {text}");
    text
}

/// The data of `next` events.
fn data(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| line.strip_prefix("data: ")).map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[tokio::test]
async fn a_query_and_a_mutation_are_one_event_each() {
    let world = FrontServer::new().await;
    for (query, expected) in [("{ ping }", json!({ "ping": "pong" })), ("mutation { bump }", json!({ "bump": 1 }))] {
        let text = events(world.address, query).await;
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        assert!(text.contains("content-type: text/event-stream"), "{text}");
        assert!(text.contains("x-accel-buffering: no") && text.contains("cache-control: no-store"), "{text}");
        assert_eq!(data(&text), [json!({ "data": expected })]);
        let order = text.find("event: next").zip(text.find("event: complete\ndata:\n\n"));
        assert!(order.is_some_and(|(next, complete)| next < complete), "{text}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_operation_is_told_on_an_accepted_stream() {
    let world = FrontServer::new().await;
    for query in ["{ nothing }", "{", "subscription { nothing }"] {
        let text = events(world.address, query).await;
        assert!(text.starts_with("HTTP/1.1 200"), "{query}: {text}");
        let data = data(&text);
        assert!(data.len() == 1 && data[0]["errors"][0]["message"].is_string() && data[0]["data"].is_null(), "{query}: {text}");
        assert!(text.contains("event: complete"), "{text}");
    }
    assert_eq!(world.ran(), 0);
    // An invalid request gets an HTTP status.
    let (text, _) = events_as(world.address, "bad", "{ ping }", PATIENCE).await;
    assert!(text.starts_with("HTTP/1.1 401"), "{text}");
    let reply = get(world.address, "/graphql?query=mutation%7Bbump%7D", &["accept: text/event-stream"]).await;
    assert_eq!(reply.status, 405);
    let whole = get(world.address, "/graphql?query=subscription%7Bsilent%7D", &["accept: application/json"]).await;
    assert_eq!(whole.status, 400, "a subscription needs a stream");
}

#[tokio::test]
async fn an_event_is_no_larger_than_an_answer() {
    let world = FrontServer::limited(|limits| limits.answer_bytes = 10_000).await;
    let text = events(world.address, "subscription { large(bytes: 20000) }").await;
    let data = data(&text);
    assert_eq!(data.len(), 2, "{text}");
    assert_eq!((&data[0]["data"]["large"], &data[1]["errors"][0]["extensions"]["code"]), (&json!("x"), &json!("LIMIT_EXCEEDED")));
    assert!(text.len() < 2_000);
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives() {
    let world = FrontServer::limited(|limits| limits.socket_ping = Duration::from_millis(100)).await;
    let (text, _) = events_as(world.address, "ann", "subscription { silent }", Duration::from_millis(2_500)).await;
    let body = text.split_once("\r\n\r\n").unwrap().1;
    assert!(body.matches(":\n\n").count() >= 5, "{text}");
    assert!(!body.contains("event:"), "{text}");
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_with_its_session() {
    let world = FrontServer::limited(|limits| limits.socket_expiry_grace = Duration::from_millis(200)).await;
    let (text, took) = events_as(world.address, "ann-300", "subscription { silent }", PATIENCE).await;
    assert!((Duration::from_millis(400)..Duration::from_secs(2)).contains(&took), "{took:?}");
    assert!(!text.contains("complete"), "it breaks off, so that its client comes back: {text}");
    let address = world.address;
    let stream = tokio::spawn(async move { events_as(address, "ann", "subscription { silent }", PATIENCE).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.revoke.send_replace(true);
    let (text, took) = stream.await.unwrap();
    assert!(took < Duration::from_secs(2) && !text.contains("complete"), "{took:?} {text}");
}

#[tokio::test]
async fn one_caller_has_so_many_streams_and_sockets() {
    let limits = Limits { streams_per_caller: 2, sockets_per_caller: 2, ..Limits::default() };
    let world = FrontServer::with(limits, Settings::default()).await;
    let mut first = Socket::ready(world.address).await;
    first.subscribe("1", "subscription { silent }").await;
    let mut second = Socket::ready(world.address).await;
    second.subscribe("1", "subscription { silent }").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    second.subscribe("2", "subscription { silent }").await;
    let refused = second.receive_message().await;
    assert_eq!(
        (&refused["type"], &refused["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("OVERLOADED")),
        "{refused}"
    );
    let text = events(world.address, "subscription { silent }").await;
    assert_eq!(data(&text)[0]["errors"][0]["extensions"]["code"], "OVERLOADED", "over all ways in: {text}");
    let mut third = Socket::open(world.address).await;
    third.send_message(json!({ "type": "connection_init", "payload": { "authorization": "Bearer ann" } })).await;
    assert_eq!(third.closing().await.0, 1013, "come back later");
    Socket::ready_as(world.address, "bob").await;
    drop(first);
    let started_at = Instant::now();
    loop {
        let mut again = Socket::open(world.address).await;
        again.send_message(json!({ "type": "connection_init", "payload": { "authorization": "Bearer ann" } })).await;
        if again.next().await.is_ok_and(|message| message["type"] == "connection_ack") {
            break;
        }
        assert!(started_at.elapsed() < PATIENCE, "who leaves makes room");
    }
}
