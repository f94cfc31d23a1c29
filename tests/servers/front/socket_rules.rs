//! Opening of a socket, and reasons to close it: each row of the protocol's table of close codes.

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::{
    server::{FrontServer, open_to_all},
    wire::{Socket, post_operation},
};

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

#[tokio::test]
async fn only_known_pages_may_open_a_socket() {
    let world = FrontServer::set(|settings| settings.origins = vec!["https://shop.example".into()]).await;
    let same = format!("http://{}", world.address);
    for (origin, allowed) in [
        ("https://shop.example", true),
        (same.as_str(), true),
        ("https://evil.example", false),
        ("https://shop.example.evil.example", false),
        ("null", false),
        ("", false),
    ] {
        let mut opened = Socket::raw(world.address, &[PROTOCOL, ("origin", origin)]).await.unwrap();
        if allowed {
            opened.send_message(json!({ "type": "ping" })).await;
            assert_eq!(opened.receive_message().await["type"], "pong", "{origin}");
        } else {
            // The socket is opened and closed with a reason, because a browser does not show its
            // page why an upgrade was refused.
            let reason = format!("origin {origin} is not allowed; see docs/realtime.md#from-a-web-page");
            assert_eq!(opened.closing().await, (4401, reason));
        }
    }
    let long = format!("https://{}.example", "a".repeat(200));
    let mut opened = Socket::raw(world.address, &[PROTOCOL, ("origin", long.as_str())]).await.unwrap();
    let (code, cause) = opened.closing().await;
    assert!(code == 4401 && cause.len() == 123 && cause.starts_with("origin https://aaa"), "{code} {cause}");
    assert!(cause.ends_with("a… is not allowed; see docs/realtime.md#from-a-web-page"), "{cause}");
    assert!(Socket::raw(world.address, &[PROTOCOL]).await.is_ok(), "programs send no origin");
}

#[tokio::test]
async fn only_the_one_subprotocol_is_spoken() {
    let world = FrontServer::new().await;
    let both = ("sec-websocket-protocol", "graphql-ws, graphql-transport-ws");
    assert!(Socket::raw(world.address, &[both]).await.is_ok());
    let mut none = Socket::raw(world.address, &[]).await.unwrap();
    assert_eq!(none.closing().await.0, 4406);
}

#[tokio::test]
async fn the_ack_says_what_the_client_needs_to_know() {
    let world = FrontServer::new().await;
    let mut socket = Socket::open(world.address).await;
    socket.send_message(json!({ "type": "connection_init", "payload": { "authorization": "Bearer ann-60000" } })).await;
    let ack = socket.receive_message().await;
    assert_eq!(ack["type"], "connection_ack");
    let payload = &ack["payload"];
    assert!(payload["connectionId"].as_str().unwrap().starts_with("req_"));
    assert_eq!((&payload["heartbeatMs"], &payload["maxSubscriptions"]), (&json!(20_000), &json!(100)));
    let expires: jiff::Timestamp = payload["authExpiresAt"].as_str().unwrap().parse().unwrap();
    let left = expires.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((50..=60).contains(&left), "{left}");
}

#[tokio::test]
async fn the_token_comes_from_the_upgrade_or_the_init() {
    let world = FrontServer::new().await;
    let caller = |mut socket: Socket| async move {
        socket.subscribe("1", "{ caller }").await;
        socket.receive_message().await["payload"]["data"]["caller"].as_str().unwrap().to_owned()
    };
    let mut socket = Socket::raw(world.address, &[PROTOCOL, ("authorization", "Bearer ann")]).await.unwrap();
    socket.send_message(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.receive_message().await["type"], "connection_ack");
    assert_eq!(caller(socket).await, "ann");
    let mut socket = Socket::raw(world.address, &[PROTOCOL, ("authorization", "Bearer ann")]).await.unwrap();
    socket.send_message(json!({ "type": "connection_init", "payload": { "authorization": "Bearer bob" } })).await;
    assert_eq!(socket.receive_message().await["type"], "connection_ack");
    assert_eq!(caller(socket).await, "bob");
}

/// The protocol leaves to each server what `connection_init` holds: these are what clients send.
#[tokio::test]
async fn a_token_is_found_wherever_clients_put_it() {
    let world = FrontServer::new().await;
    for payload in [
        json!({ "authorization": "Bearer ann" }),
        json!({ "Authorization": "Bearer ann" }),
        json!({ "authorization": "Bearer ann", "Authorization": "Bearer ann" }),
        json!({ "headers": { "Authorization": "Bearer ann" } }),
        json!({ "headers": { "authorization": "Bearer ann", "content-type": "application/json" } }),
        json!({ "authToken": "ann" }),
        json!({ "authToken": "Bearer ann" }),
        json!({ "token": "ann" }),
        json!({ "accessToken": "ann", "unknown": { "a": 1 } }),
    ] {
        let mut socket = Socket::open(world.address).await;
        socket.send_message(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.receive_message().await["type"], "connection_ack", "{payload}");
        socket.subscribe("1", "{ caller }").await;
        assert_eq!(socket.receive_message().await["payload"]["data"]["caller"], "ann", "{payload}");
        assert_eq!(socket.receive_message().await["type"], "complete");
        // A ping renews the session by the same rule.
        socket.send_message(json!({ "type": "ping", "payload": payload })).await;
        assert!(socket.receive_message().await["payload"].is_object(), "{payload}");
    }
    for (payload, code, reason) in [
        (json!({ "authorization": "Bearer ann", "Authorization": "Bearer bob" }), 4400, "two tokens that differ"),
        (json!({ "authorization": 7 }), 4400, "'authorization' in the 'payload' to be a string"),
        (json!({ "authToken": ["ann"] }), 4400, "'authToken' in the 'payload' to be a string"),
        (json!({}), 4403, "send {\"authorization\": \"Bearer <token>\"} as the payload"),
        (json!({ "authorization": "ann" }), 4403, "send {\"authorization\": \"Bearer <token>\"}"),
        (json!({ "apollo": { "key": "ann" } }), 4403, "send {\"authorization\": \"Bearer <token>\"}"),
    ] {
        let mut socket = Socket::open(world.address).await;
        socket.send_message(json!({ "type": "connection_init", "payload": payload })).await;
        let (closed, said) = socket.closing().await;
        assert!(closed == code && said.contains(reason), "{payload}: {closed} {said}");
    }
}

#[tokio::test]
async fn a_refused_init_closes_4403() {
    let world = FrontServer::new().await;
    for payload in [json!({}), json!({ "authorization": "Bearer bad" }), json!({ "authorization": "Basic ann" })] {
        let mut socket = Socket::open(world.address).await;
        socket.send_message(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.closing().await.0, 4403, "{payload}");
    }
    let mut socket = Socket::open(world.address).await;
    socket.send_message(json!({ "type": "connection_init", "payload": { "authorization": "Bearer wait" } })).await;
    assert_eq!(socket.closing().await.0, 1013, "a client that must wait may come back");
    let open = FrontServer::with(entrepot::graphql::limits::Limits::default(), open_to_all()).await;
    let mut socket = Socket::open(open.address).await;
    socket.send_message(json!({ "type": "connection_init" })).await;
    let ack = socket.receive_message().await;
    assert_eq!((&ack["type"], &ack["payload"]["authExpiresAt"]), (&json!("connection_ack"), &Value::Null));
}

#[tokio::test]
async fn no_init_in_time_closes_4408() {
    let world = FrontServer::limited(|limits| limits.socket_init_time = std::time::Duration::from_millis(200)).await;
    let mut idle = Socket::open(world.address).await;
    assert_eq!(idle.closing().await.0, 4408);
    let mut chatty = Socket::open(world.address).await;
    chatty.send_message(json!({ "type": "ping" })).await;
    assert_eq!(chatty.receive_message().await, json!({ "type": "pong" }), "a ping needs no init, and buys no time");
    assert_eq!(chatty.closing().await.0, 4408);
    let mut ready = Socket::ready(world.address).await;
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    ready.subscribe("1", "{ ping }").await;
    assert_eq!(ready.receive_message().await["type"], "next");
}

#[tokio::test]
async fn subscribing_before_the_ack_closes_4401() {
    let world = FrontServer::new().await;
    let mut socket = Socket::open(world.address).await;
    socket.subscribe("1", "{ ping }").await;
    assert_eq!(socket.closing().await, (4401, "Unauthorized".into()));
    assert_eq!(world.ran(), 0);
}

#[tokio::test]
async fn a_second_init_closes_4429() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    socket.send_message(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.closing().await, (4429, "Too many initialisation requests".into()));
}

#[tokio::test]
async fn an_id_in_use_closes_4409_and_a_free_one_does_not() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    for _ in 0..50 {
        socket.subscribe("1", "{ ping }").await;
        assert_eq!(socket.receive_message().await["type"], "next");
        assert_eq!(socket.receive_message().await, json!({ "id": "1", "type": "complete" }));
    }
    socket.subscribe("1", "subscription { silent }").await;
    socket.subscribe("1", "{ ping }").await;
    assert_eq!(socket.closing().await, (4409, "Subscriber for 1 already exists".into()));
    let mut socket = Socket::ready(world.address).await;
    socket.subscribe(&"x".repeat(128), "subscription { silent }").await;
    socket.subscribe(&"x".repeat(128), "{ ping }").await;
    let (code, reason) = socket.closing().await;
    assert!(code == 4409 && reason.len() <= 120, "{code} {reason}");
}

#[tokio::test]
async fn what_is_no_message_closes_4400() {
    let world = FrontServer::new().await;
    let long_id = "x".repeat(129);
    let long_type = "x".repeat(500);
    let cases = [
        "",
        "{",
        "[]",
        "null",
        "1",
        "{}",
        r#"{"type":1}"#,
        r#"{"type":"unknown"}"#,
        r#"{"type":"start","id":"1"}"#,
        r#"{"type":"connection_init","payload":"x"}"#,
        r#"{"type":"connection_init","payload":[]}"#,
        r#"{"type":"connection_init","payload":null}"#,
        r#"{"type":"connection_init","payload":1}"#,
        r#"{"type":"ping","payload":"x"}"#,
        r#"{"type":"pong","payload":[]}"#,
        r#"{"type":"subscribe","payload":{"query":"{ ping }"}}"#,
        r#"{"type":"subscribe","id":"","payload":{"query":"{ ping }"}}"#,
        r#"{"type":"subscribe","id":1,"payload":{"query":"{ ping }"}}"#,
        r#"{"type":"subscribe","id":"1"}"#,
        r#"{"type":"subscribe","id":"1","payload":null}"#,
        r#"{"type":"subscribe","id":"1","payload":{}}"#,
        r#"{"type":"subscribe","id":"1","payload":["{ ping }"]}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{ ping }","variables":"x"}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{ ping }","operationName":1}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{ ping }","extensions":[]}}"#,
        r#"{"type":"complete"}"#,
        r#"{"type":"complete","id":""}"#,
    ];
    let mut cases: Vec<String> = cases.into_iter().map(str::to_owned).collect();
    cases.push(json!({ "type": "subscribe", "id": long_id, "payload": { "query": "{ ping }" } }).to_string());
    cases.push(json!({ "type": long_type }).to_string());
    for text in cases {
        let mut socket = Socket::ready(world.address).await;
        socket.0.send(Message::text(text.clone())).await.unwrap();
        let (code, reason) = socket.closing().await;
        assert_eq!(code, 4400, "{text}");
        assert!(!reason.is_empty() && reason.len() <= 120, "{text}: {reason}");
    }
    let mut socket = Socket::ready(world.address).await;
    socket.0.send(Message::binary(b"{}".to_vec())).await.unwrap();
    assert_eq!(socket.closing().await.0, 4400);
    assert_eq!(world.ran(), 0);
}

#[tokio::test]
async fn a_text_that_is_not_written_in_utf_8_closes_1007() {
    let world = FrontServer::new().await;
    let text = |bytes: &'static [u8], is_last| Message::Frame(Frame::message(bytes, OpCode::Data(Data::Text), is_last));
    let rest = |bytes: &'static [u8]| Message::Frame(Frame::message(bytes, OpCode::Data(Data::Continue), true));
    for frames in [vec![text(b"{\"type\":\"ping\xff\"}", true)], vec![text(b"{\"type\":\"\xc3", false), rest(b"(\"}")]] {
        let mut socket = Socket::ready(world.address).await;
        for frame in frames {
            socket.0.send(frame).await.unwrap();
        }
        let (code, reason) = socket.closing().await;
        assert!(code == 1007 && !reason.is_empty(), "{code} {reason}");
    }
}

#[tokio::test]
async fn a_message_is_at_most_256_kib() {
    let world = FrontServer::new().await;
    let message = |bytes: usize| {
        let text = json!({ "id": "1", "type": "subscribe", "payload": { "query": "{ ping }" } }).to_string();
        Message::text(format!("{text}{}", " ".repeat(bytes - text.len())))
    };
    let mut socket = Socket::ready(world.address).await;
    socket.0.send(message(256 << 10)).await.unwrap();
    assert_eq!(socket.receive_message().await["type"], "next");
    assert_eq!(socket.receive_message().await["type"], "complete");
    let _ = socket.0.send(message((256 << 10) + 1)).await;
    assert_eq!(socket.closing().await.0, 1009);
    assert_eq!(post_operation(world.address, "{ ping }").await.status, 200);
}

#[tokio::test]
async fn a_frame_that_is_too_large_is_refused_by_its_head() {
    const ANNOUNCED: u64 = 10 << 20;
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    // A final text frame with a mask and its length in eight bytes; the announced payload is never
    // sent.
    let head = [&[0x81, 0xff][..], &ANNOUNCED.to_be_bytes(), &[1, 2, 3, 4]].concat();
    socket.0.get_mut().write_all(&head).await.unwrap();
    assert_eq!(socket.closing().await.0, 1009);
    assert_eq!(post_operation(world.address, "{ ping }").await.status, 200);
}
