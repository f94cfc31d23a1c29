//! Connections, probes and the end of a node.

use std::time::{Duration, Instant};

use axum::{
    body::Bytes,
    http::{Request, Version},
};
use entrepot::rate_limit::Allowance;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    server::FrontServer,
    wire::{JSON, PATIENCE, Socket, get, post, post_operation, reply},
};

#[tokio::test]
async fn an_address_has_its_share_of_connections_and_no_more() {
    let world = FrontServer::limited(|limits| limits.connections_per_address = 3).await;
    let mut connections = Vec::new();
    for _ in 0..2 {
        connections.push(TcpStream::connect(world.address).await.unwrap());
    }
    // A socket counts as long as it is open, although its connection was handed over.
    let socket = Socket::ready(world.address).await;
    let mut fourth = TcpStream::connect(world.address).await.unwrap();
    assert_eq!(timeout(PATIENCE, fourth.read(&mut [0])).await.unwrap().unwrap_or(0), 0);
    drop(socket);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(post_operation(world.address, "{ ping }").await.status, 200);
}

#[tokio::test]
async fn both_versions_of_http_are_spoken() {
    let world = FrontServer::new().await;
    let stream = TokioIo::new(TcpStream::connect(world.address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post(format!("http://{}/graphql", world.address))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(br#"{"query":"{ ping }"}"#)))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (Version::HTTP_2, 200));
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), r#"{"data":{"ping":"pong"}}"#);
    assert_eq!(post(world.address, &[JSON], br#"{"query":"{ ping }"}"#).await.status, 200);
}

#[tokio::test]
async fn a_node_that_stops_says_so_finishes_and_closes_its_sockets() {
    let mut world = FrontServer::limited(|limits| {
        limits.drain_delay = Duration::from_millis(1_500);
        limits.socket_drain_time = Duration::from_secs(2);
    })
    .await;
    assert_eq!(get(world.address, "/livez", &[]).await.status, 200);
    assert_eq!(get(world.address, "/readyz", &[]).await.status, 200);
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(Socket::ready(world.address).await);
    }
    let address = world.address;
    // It runs on when no more connections are accepted.
    let running = tokio::spawn(async move { post_operation(address, "{ slow(seconds: 3) }").await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    world.stop.take().unwrap().send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let ready = get(address, "/readyz", &[]).await;
    assert_eq!((ready.status, &ready.json()["status"]), (503, &json!("stopping")));
    let turned_away = get(address, "/graphql", &["upgrade: websocket"]).await;
    assert!(turned_away.status == 503 && turned_away.header("retry-after").is_some(), "{turned_away:?}");
    assert_eq!(get(address, "/livez", &[]).await.status, 200);
    let mut ends = Vec::new();
    let hints = std::sync::Mutex::new(Vec::new());
    let closings = sockets.iter_mut().map(|socket| async {
        let (code, reason) = socket.closing().await;
        assert_eq!(code, 1012);
        let hint = reason.strip_prefix("the node is restarting; come back in ").and_then(|rest| rest.strip_suffix(" ms"));
        hints.lock().unwrap().push(hint.unwrap_or_else(|| panic!("{reason}")).parse::<u64>().unwrap());
        started.elapsed()
    });
    for end in futures_util::future::join_all(closings).await {
        ends.push(end);
    }
    let (first, last) = (ends.iter().min().unwrap(), ends.iter().max().unwrap());
    assert!(last.saturating_sub(*first) > Duration::from_secs(1), "spread over the window: {ends:?}");
    let mut hints = hints.into_inner().unwrap();
    hints.sort_unstable();
    hints.dedup();
    assert!(hints.len() > 15 && hints[hints.len() - 1] - hints[0] > 1_000, "clients come back at different times: {hints:?}");
    let answer = running.await.unwrap();
    assert_eq!(answer.json(), json!({ "data": { "slow": 3 } }), "what ran was finished");
    timeout(PATIENCE, world.served).await.expect("the end").unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn sockets_that_come_too_fast_are_told_when_to_come_again() {
    // One comes back every two seconds.
    let world = FrontServer::limited(|limits| limits.sockets_entering = Some(Allowance::within(3, 6))).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(Socket::ready(world.address).await);
    }
    let protocol = [("sec-websocket-protocol", "graphql-transport-ws")];
    assert_eq!(Socket::raw(world.address, &protocol).await.err(), Some(503));
    assert_eq!(post_operation(world.address, "{ ping }").await.status, 200, "requests are not sockets");
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    open.push(Socket::ready(world.address).await);
    assert_eq!(Socket::raw(world.address, &protocol).await.err(), Some(503));
}

const PING: &[u8] = b"GET /graphql?query=%7Bping%7D HTTP/1.1\r\nhost: test\r\n\r\n";

/// Proxies keep connections for a minute: longer than a request's head may take.
#[tokio::test]
async fn a_connection_that_rests_is_kept_and_a_head_that_dawdles_is_not() {
    let world = FrontServer::limited(|limits| limits.header_time = Duration::from_millis(300)).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    for rest in [0, 1_000, 1_000] {
        sleep(Duration::from_millis(rest)).await;
        stream.write_all(PING).await.unwrap();
        let answer = reply(&mut stream).await;
        let connection_headers = (answer.header("connection"), answer.header("keep-alive"));
        assert_eq!((answer.status, connection_headers), (200, (Some("keep-alive"), Some("timeout=75"))));
    }
    // A body may take its own time.
    let head = format!("POST /graphql HTTP/1.1\r\nhost: test\r\n{JSON}\r\ncontent-length: 20\r\n\r\n{{\"query\":");
    stream.write_all(head.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(800)).await;
    stream.write_all(b"\"{ ping }\"}").await.unwrap();
    assert_eq!(reply(&mut stream).await.status, 200);
    sleep(Duration::from_millis(500)).await;
    // A byte at a time, for as long as one likes: the head has to be whole.
    let started_at = Instant::now();
    for byte in PING {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(timeout(PATIENCE, stream.read(&mut [0])).await.unwrap().unwrap_or(0), 0);
    assert!(started_at.elapsed() < Duration::from_millis(50 * 60 + 1_500), "{:?}", started_at.elapsed());
}

#[tokio::test]
async fn a_connection_is_not_kept_for_ever_and_what_is_said_of_it_is_true() {
    let world = FrontServer::limited(|limits| limits.idle_time = Duration::from_secs(1)).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(PING).await.unwrap();
    assert_eq!(reply(&mut stream).await.header("keep-alive"), Some("timeout=1"));
    let started_at = Instant::now();
    assert_eq!(timeout(PATIENCE, stream.read(&mut [0])).await.unwrap().unwrap_or(0), 0);
    assert!(started_at.elapsed() >= Duration::from_secs(1), "{:?}", started_at.elapsed());
    // A connection that the client closes is not kept, and the response has no `keep-alive`.
    let last = get(world.address, "/livez", &["connection: close"]).await;
    assert_eq!((last.status, last.header("keep-alive")), (200, None));
    // A socket is no connection that rests.
    let mut socket = Socket::ready(world.address).await;
    sleep(Duration::from_millis(1_500)).await;
    socket.subscribe("1", "{ ping }").await;
    assert_eq!(socket.receive_message().await["type"], "next");
}
