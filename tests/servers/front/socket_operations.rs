//! Operations on a socket: their messages, their limits, and that none keeps the others waiting.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, timeout};

use super::{
    documents::bomb,
    server::FrontServer,
    wire::{PATIENCE, Socket, post_operation},
};

#[tokio::test]
async fn a_stream_ends_with_complete() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    socket.subscribe("a", "subscription { count(to: 3) }").await;
    for number in 0..3 {
        assert_eq!(
            socket.receive_message().await,
            json!({ "id": "a", "type": "next", "payload": { "data": { "count": number } } })
        );
    }
    assert_eq!(socket.receive_message().await, json!({ "id": "a", "type": "complete" }));
}

#[tokio::test]
async fn queries_and_mutations_run_too_with_variables_and_names() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    let payload = json!({
        "query": "query A($t: String!) { echo(text: $t) } mutation B { refuse { userErrors } }",
        "operationName": "A", "variables": { "t": "x" }, "extensions": {}
    });
    socket.send_message(json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    assert_eq!(socket.receive_message().await["payload"], json!({ "data": { "echo": "x" } }));
    assert_eq!(socket.receive_message().await["type"], "complete");
    socket.subscribe("2", "mutation { refuse { userErrors } }").await;
    assert_eq!(socket.receive_message().await["payload"]["extensions"]["entrepot"]["userErrorCount"], 2);
}

#[tokio::test]
async fn what_does_not_run_is_an_error_and_nothing_after() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    for (query, code) in [
        ("{ ping", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ pong }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { count(to: 99999999999) }", "BAD_USER_INPUT"),
        ("subscription { refused }", "FORBIDDEN"),
        ("query($n: Int!) { page(first: $n) }", "BAD_USER_INPUT"),
        ("{ panics }", "INTERNAL"),
        ("query A { ping } query B { ping }", "BAD_REQUEST"),
        (&bomb(25, "ping"), "QUERY_TOO_COMPLEX"),
        (&format!("subscription {{ {} }}", "silent ".repeat(11)), "QUERY_TOO_COMPLEX"),
    ] {
        socket.subscribe("1", query).await;
        let message = socket.receive_message().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("1")), "{query}: {message}");
        let errors = message["payload"].as_array().unwrap();
        assert_eq!(errors[0]["extensions"]["code"], code, "{query}");
        assert!(errors[0]["extensions"]["requestId"].is_string());
        // The ID is free again, and no further message came for the old operation.
        socket.subscribe("1", "{ caller }").await;
        assert_eq!(socket.receive_message().await["payload"]["data"]["caller"], "ann", "{query}");
        assert_eq!(socket.receive_message().await["type"], "complete");
    }
    // The operation ran, so its failure is data.
    socket.subscribe("1", "{ forbidden }").await;
    let message = socket.receive_message().await;
    assert_eq!((&message["type"], &message["payload"]["data"]), (&json!("next"), &json!({ "forbidden": null })));
    assert_eq!(world.ran(), 0);
}

#[tokio::test]
async fn completing_ends_it_without_an_echo() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    socket.subscribe("1", "subscription { ticking }").await;
    assert_eq!(socket.receive_message().await["id"], "1");
    socket.send_message(json!({ "id": "1", "type": "complete" })).await;
    socket.send_message(json!({ "id": "never", "type": "complete" })).await;
    socket.subscribe("2", "{ slow(seconds: 1) }").await;
    let mut late = 0;
    loop {
        let message = socket.receive_message().await;
        if message["id"] == "2" {
            break;
        }
        assert_eq!(message["type"], "next", "no echo");
        late += 1;
    }
    assert!(late < 20, "{late} events after the end");
}

#[tokio::test]
async fn a_socket_runs_a_hundred_operations_and_no_more() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    for number in 0..100 {
        socket.subscribe(&number.to_string(), "subscription { silent }").await;
    }
    socket.subscribe("more", "{ ping }").await;
    let message = socket.receive_message().await;
    assert_eq!((&message["type"], &message["payload"][0]["extensions"]["code"]), (&json!("error"), &json!("OVERLOADED")));
    socket.send_message(json!({ "id": "0", "type": "complete" })).await;
    socket.subscribe("more", "{ ping }").await;
    assert_eq!(socket.receive_message().await["type"], "next");
}

/// More refusals than the queue holds, before any is read.
#[tokio::test]
async fn of_a_thousand_subscriptions_on_one_socket_a_hundred_run() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    for number in 0..1_000 {
        socket.subscribe(&number.to_string(), "subscription { silent }").await;
    }
    for number in 100..1_000 {
        let message = socket.receive_message().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!(number.to_string())), "{message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], "OVERLOADED", "{message}");
    }
    socket.send_message(json!({ "id": "99", "type": "complete" })).await;
    socket.subscribe("one more", "{ ping }").await;
    assert_eq!(socket.receive_message().await["type"], "next", "the others go on, and there is room for one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_stream_keeps_nobody_waiting() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    for id in ["h1", "h2", "h3"] {
        socket.subscribe(id, "subscription { hot }").await;
    }
    for number in 0..20 {
        let id = format!("q{number}");
        let started_at = Instant::now();
        socket.subscribe(&id, "{ ping }").await;
        while socket.receive_message().await["id"] != id.as_str() {}
        assert!(started_at.elapsed() < Duration::from_secs(1), "{:?}", started_at.elapsed());
        assert!(post_operation(world.address, "{ ping }").await.status == 200);
        // Its complete comes as one of the next messages.
        while socket.receive_message().await["id"] != id.as_str() {}
    }
}

/// Waits until no resolver and no stream has done anything for a while.
pub async fn until_still(world: &FrontServer) {
    let still = async {
        let mut events = 0;
        while events == 0 || events != world.ran() {
            events = world.ran();
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    timeout(PATIENCE, still).await.expect("no event to be made that has no room");
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_its_own_stream() {
    let world = FrontServer::new().await;
    let mut silent = Socket::ready(world.address).await;
    silent.subscribe("1", "subscription { hot }").await;
    // The client never reads, and the stream never waits: it stops when queue and kernel buffers
    // are full, long before the client is disconnected.
    until_still(&world).await;
    assert_eq!(timeout(PATIENCE, post_operation(world.address, "{ caller }")).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let world = FrontServer::limited(|limits| limits.stall_time = Duration::from_millis(300)).await;
    let mut silent = Socket::ready(world.address).await;
    silent.subscribe("1", "subscription { hot }").await;
    until_still(&world).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Reading now finds an end instead of an endless stream.
    let ended = async { while silent.next().await.is_ok() {} };
    timeout(PATIENCE, ended).await.expect("the stream to have ended");
}

#[tokio::test]
async fn an_answer_may_be_larger_than_the_queue() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    socket.subscribe("1", "{ large(bytes: 3000000) }").await;
    assert_eq!(socket.receive_message().await["payload"]["data"]["large"].as_str().unwrap().len(), 3_000_000);
    assert_eq!(socket.receive_message().await["type"], "complete");
}
