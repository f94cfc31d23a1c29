//! More requests than a node answers in time: which are refused, how, and which are not.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::{
    rate_limit::{ask_as, error},
    server::FrontServer,
    wire::{JSON, Reply, Socket, get, post, reply},
};

/// Requests that are never too many; a node at rest has room for four times as many.
const LEAST: usize = 4;
const ROOM: usize = 4 * LEAST;
const FLOOD: usize = 40;
const ANN: &str = "authorization: Bearer ann@acme";

/// Forty concurrent calls of one tenant, of which the accepted ones take four seconds. Returns when
/// the first refusals have arrived.
async fn flooded() -> (FrontServer, Vec<JoinHandle<Reply>>) {
    let world = FrontServer::limited(|limits| limits.requests_in_flight = Some(LEAST)).await;
    let address = world.address;
    let call = move |_| tokio::spawn(async move { ask_as(address, "ann@acme", "mutation { dawdle(seconds: 4) bump }").await });
    let flood: Vec<_> = (0..FLOOD).map(call).collect();
    let started_at = Instant::now();
    while flood.iter().filter(|call| call.is_finished()).count() < FLOOD - ROOM {
        assert!(started_at.elapsed() < Duration::from_secs(3), "too few of the flood were refused");
        sleep(Duration::from_millis(10)).await;
    }
    (world, flood)
}

#[tokio::test]
async fn a_flood_of_one_tenant_is_refused_with_a_time_and_nothing_of_it_runs() {
    let (world, flood) = flooded().await;
    let flood = join_all(flood).await.into_iter().map(Result::unwrap);
    let (accepted, refused): (Vec<Reply>, Vec<Reply>) = flood.partition(|reply| reply.status == 200);
    assert!((LEAST / 2..=ROOM).contains(&accepted.len()), "{} were accepted", accepted.len());
    assert_eq!(world.ran() as usize, accepted.len(), "nothing of a refused call ran");
    for reply in refused {
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")), "{reply:?}");
        let extensions = error(&reply);
        assert_eq!((&extensions["code"], &extensions["retryAfterMs"]), (&json!("OVERLOADED"), &json!(1_000)));
        assert_eq!(
            (&extensions["docs"], extensions["requestId"].as_str()),
            (&json!("/docs/errors#OVERLOADED"), reply.header("x-request-id"))
        );
    }
    assert_eq!(ask_as(world.address, "ann@acme", "{ ping }").await.status, 200, "the flood is over");
}

#[tokio::test]
async fn others_are_answered_beside_a_flood() {
    let (world, flood) = flooded().await;
    for _ in 0..5 {
        let answer = ask_as(world.address, "bob@other", "{ ping }").await;
        assert_eq!(answer.status, 200, "another tenant has its share: {answer:?}");
    }
    assert_eq!(get(world.address, "/livez", &[]).await.status, 200);
    let mut socket = Socket::ready(world.address).await;
    socket.subscribe("1", "{ ping }").await;
    assert_eq!(socket.receive_message().await["payload"]["data"]["ping"], "pong", "sockets are not counted");
    join_all(flood).await;
}

#[tokio::test]
async fn a_request_is_refused_before_its_body_is_read_and_its_connection_stays_open() {
    let (world, flood) = flooded().await;
    assert_eq!(post(world.address, &[JSON, ANN], b"{").await.code(), "OVERLOADED", "no JSON, which was not looked at");
    let body = "x".repeat(20_000);
    let request =
        format!("POST /graphql HTTP/1.1\r\nhost: test\r\n{JSON}\r\n{ANN}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let refused = reply(&mut stream).await;
        assert_eq!((refused.status, refused.header("connection")), (503, Some("keep-alive")), "{refused:?}");
    }
    let large = post(world.address, &[JSON, ANN], "x".repeat(100_000).as_bytes()).await;
    assert_eq!((large.status, large.header("connection")), (503, Some("close")), "so much is not taken for an answer");
    join_all(flood).await;
}
