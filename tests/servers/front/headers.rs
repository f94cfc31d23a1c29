//! Headers of every response, origins that may read it, and its compression.

use std::io::Read;

use entrepot::http::Settings;
use serde_json::json;

use super::{
    server::FrontServer,
    wire::{JSON, NEW, Reply, Socket, exchange, get, post},
};

const PING: &[u8] = br#"{"query":"{ ping }"}"#;

async fn options(world: &FrontServer, origin: &str) -> Reply {
    let request = format!(
        "OPTIONS /graphql HTTP/1.1\r\nhost: test\r\norigin: {origin}\r\naccess-control-request-method: POST\r\n\
         access-control-request-headers: authorization, content-type\r\n\r\n"
    );
    exchange(world.address, request.as_bytes()).await
}

#[tokio::test]
async fn no_response_may_be_framed_sniffed_or_load_anything() {
    let world = FrontServer::new().await;
    let address = world.address;
    let replies = [
        post(address, &[JSON], PING).await,
        post(address, &[JSON, NEW], br#"{"query":"{"}"#).await,
        post(address, &[JSON, NEW, "authorization: Bearer bad"], PING).await,
        post(address, &["content-type: text/plain"], PING).await,
        get(address, "/graphql?query=%7Bping%7D", &[]).await,
        get(address, "/graphql", &["accept: text/html"]).await,
        get(address, "/graphiql/nothing.js", &[]).await,
        get(address, "/nowhere", &[]).await,
        get(address, "/livez", &[]).await,
        get(address, "/readyz", &[]).await,
        options(&world, "https://shop.example").await,
        exchange(address, b"DELETE /livez HTTP/1.1\r\nhost: test\r\n\r\n").await,
        exchange(address, b"DELETE /graphiql/app.js HTTP/1.1\r\nhost: test\r\n\r\n").await,
    ];
    for reply in replies {
        let text = format!("{} {:?}", reply.status, reply.headers);
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{text}");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"), "{text}");
        let policy = reply.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{text}");
        assert!(reply.header("cache-control").is_some(), "{text}");
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{text}");
        assert_ne!(reply.header("x-request-id"), Some(""), "{text}");
        assert_eq!(reply.header("server"), None, "{text}");
    }
    let nowhere = get(address, "/nowhere", &[]).await;
    let id = nowhere.json()["errors"][0]["extensions"]["requestId"].clone();
    assert_eq!((nowhere.status, id.as_str()), (404, nowhere.header("x-request-id")));
    assert_eq!(exchange(address, b"DELETE /livez HTTP/1.1\r\nhost: test\r\n\r\n").await.status, 405);
}

#[tokio::test]
async fn a_page_that_is_not_listed_learns_nothing() {
    let world = FrontServer::set(|settings| settings.origins = vec!["https://shop.example".into()]).await;
    let evil =
        ["https://evil.example", "null", "https://shop.example.evil.example", "http://shop.example", "https://shop.example:8443"];
    for origin in evil {
        let header = format!("origin: {origin}");
        for reply in [post(world.address, &[JSON, &header], PING).await, options(&world, origin).await] {
            assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
            assert_eq!(reply.header("access-control-allow-credentials"), None, "{origin}");
        }
        let upgrade = [("sec-websocket-protocol", "graphql-transport-ws"), ("origin", origin)];
        let mut closed = Socket::raw(world.address, &upgrade).await.unwrap();
        assert_eq!(closed.closing().await.0, 4401, "{origin}: it hears nothing but why");
    }
    let header = "origin: https://shop.example";
    for reply in [post(world.address, &[JSON, header], PING).await, options(&world, "https://shop.example").await] {
        assert_eq!(reply.header("access-control-allow-origin"), Some("https://shop.example"));
        assert_eq!(reply.header("vary"), Some("origin"));
        let exposed = reply.header("access-control-expose-headers").unwrap();
        assert!(["x-request-id", "retry-after", "ratelimit-remaining"].iter().all(|name| exposed.contains(name)), "{exposed}");
    }
    let upgrade = [("sec-websocket-protocol", "graphql-transport-ws"), ("origin", "https://shop.example")];
    assert!(Socket::raw(world.address, &upgrade).await.is_ok());
    // Without listed origins, no origin is allowed.
    let closed = FrontServer::new().await;
    assert_eq!(options(&closed, "https://shop.example").await.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn tls_is_asked_for_again_only_where_it_was_used() {
    let secure = "x-forwarded-proto: https";
    let world = FrontServer::new().await;
    assert_eq!(post(world.address, &[JSON, secure], PING).await.header("strict-transport-security"), None, "anyone can say so");
    let behind = FrontServer::set(|settings| settings.proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    assert_eq!(post(behind.address, &[JSON, secure], PING).await.header("strict-transport-security"), Some("max-age=31536000"));
    for plain in ["x-forwarded-proto: http", "x-nothing: 1"] {
        assert_eq!(post(behind.address, &[JSON, plain], PING).await.header("strict-transport-security"), None);
    }
}

fn unpacked(reply: &Reply) -> Vec<u8> {
    match reply.header("content-encoding") {
        Some("gzip") => {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(reply.body.as_slice()).read_to_end(&mut plain).unwrap();
            plain
        }
        Some("zstd") => zstd::decode_all(reply.body.as_slice()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn long_answers_are_packed_for_whoever_asks() {
    let world = FrontServer::new().await;
    for length in [2_000, 600_000] {
        let body = json!({ "query": format!("{{ large(bytes: {length}) }}") }).to_string();
        let plain = post(world.address, &[JSON], body.as_bytes()).await;
        assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, None));
        for (accepted, coding) in [("gzip", "gzip"), ("zstd", "zstd"), ("gzip, deflate, br, zstd", "zstd")] {
            let reply = post(world.address, &[JSON, &format!("accept-encoding: {accepted}")], body.as_bytes()).await;
            assert_eq!((reply.status, reply.header("content-encoding")), (200, Some(coding)), "{accepted}");
            assert_eq!(reply.header("vary"), Some("accept-encoding"));
            assert!(reply.body.len() < length / 10);
            assert_eq!(unpacked(&reply), plain.body, "{accepted}");
        }
        assert_eq!(post(world.address, &[JSON, "accept-encoding: br"], body.as_bytes()).await.body, plain.body);
    }
    let short = post(world.address, &[JSON, "accept-encoding: gzip, zstd"], PING).await;
    assert_eq!((short.header("content-encoding"), short.body.as_slice()), (None, br#"{"data":{"ping":"pong"}}"#.as_slice()));
}

/// The answer of a mutation may be a secret, and its compressed length beside words of the caller's
/// choosing would reveal it.
#[tokio::test]
async fn what_a_mutation_answers_is_never_packed() {
    let world = FrontServer::with(Default::default(), Settings::default()).await;
    let body = json!({ "query": "mutation { longSecret }" }).to_string();
    let reply = post(world.address, &[JSON, "accept-encoding: gzip, zstd"], body.as_bytes()).await;
    assert_eq!((reply.status, reply.header("content-encoding")), (200, None));
    assert!(reply.body.len() > 2_000);
}
