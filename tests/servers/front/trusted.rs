//! Documents that an operator has listed: by their id on every way in, and nothing else where a node or a key is held to them. Introspection
//! that is off is off on every way in.

use std::fs;

use entrepot::{
    graphql::{limits::Limits, operation::Introspection, session::Documents, trusted::TrustedDocuments},
    http::Settings,
};
use serde_json::{Value, json};

use super::{
    server::{FrontServer, open_to_all},
    wire::{JSON, NEW, Reply, Socket, get, post},
};

/// The SHA-256 of `{ ping }`, by another program.
const PING: &str = "6cd3bf61757c6bee6e943d50a381a002447236bf3f15d3730400b931e9cf323f";

fn listed() -> TrustedDocuments {
    let mut trusted = TrustedDocuments::default();
    for text in ["{ ping }", "mutation { bump }", "subscription { count(to: 2) }", "query($t: String!) { echo(text: $t) }"] {
        trusted.add(text);
    }
    trusted
}

fn held(documents: Documents) -> Settings {
    Settings { trusted: listed(), documents, ..open_to_all() }
}

async fn send(world: &FrontServer, token: Option<&str>, body: Value) -> Reply {
    let token = token.map_or_else(|| "x-nothing: 1".to_owned(), |token| format!("authorization: Bearer {token}"));
    post(world.address, &[JSON, NEW, &token], body.to_string().as_bytes()).await
}

/// Returns the data of a socket's answer to a `subscribe`, or the code of its error.
async fn send_payload(world: &FrontServer, payload: Value) -> Value {
    let mut socket = Socket::ready(world.address).await;
    socket.send_message(json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    let answer = socket.receive_message().await;
    match answer["type"].as_str() {
        Some("next") => answer["payload"]["data"].clone(),
        _ => answer["payload"][0]["extensions"]["code"].clone(),
    }
}

#[tokio::test]
async fn a_listed_document_is_sent_by_its_id() {
    let world = FrontServer::with(Limits::default(), held(Documents::Any)).await;
    let pong = json!({ "data": { "ping": "pong" } });
    for body in [
        json!({ "documentId": PING }),
        json!({ "documentId": format!("sha256:{PING}"), "query": null }),
        json!({ "documentId": PING, "query": "{ ping }" }),
        json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": PING } } }),
    ] {
        assert_eq!(send(&world, None, body.clone()).await.json(), pong, "{body}");
        assert_eq!(send_payload(&world, body).await, pong["data"]);
    }
    assert_eq!(get(world.address, &format!("/graphql?documentId={PING}"), &[]).await.json(), pong);
    for body in [
        json!({ "documentId": "0".repeat(64) }),
        json!({ "documentId": PING, "query": "{ caller }" }),
        json!({ "documentId": "" }),
    ] {
        let reply = send(&world, None, body.clone()).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "BAD_REQUEST"), "{body}");
        assert_eq!(send_payload(&world, body).await, "BAD_REQUEST");
    }
    // Other documents may be sent too, as long as no caller is restricted to the list.
    assert_eq!(send(&world, None, json!({ "query": "{ caller }" })).await.status, 200);
}

#[tokio::test]
async fn a_node_that_is_held_to_the_list_runs_nothing_else() {
    let world = FrontServer::with(Limits::default(), held(Documents::Trusted)).await;
    let strangers = [
        "{ ping  }",
        "{ caller }",
        "mutation { bump bump }",
        "{ __schema { types { name } } }",
        "{ ping",
        "subscription { hot }",
    ];
    for query in strangers {
        for token in [None, Some("ann")] {
            let reply = send(&world, token, json!({ "query": query })).await;
            assert_eq!((reply.status, reply.code().as_str()), (403, "FORBIDDEN"), "{query}");
        }
        assert_eq!(send_payload(&world, json!({ "query": query })).await, "FORBIDDEN", "{query}");
    }
    assert_eq!(get(world.address, "/graphql?query=%7Bcaller%7D", &[NEW]).await.code(), "FORBIDDEN");
    assert_eq!(world.ran(), 0);
    // Listed documents run, by ID or with their exact text.
    assert_eq!(send(&world, None, json!({ "query": "mutation { bump }" })).await.json(), json!({ "data": { "bump": 1 } }));
    let echo = json!({ "query": "query($t: String!) { echo(text: $t) }", "variables": { "t": "x" } });
    assert_eq!(send(&world, Some("ann"), echo).await.json(), json!({ "data": { "echo": "x" } }));
    assert_eq!(send_payload(&world, json!({ "query": "subscription { count(to: 2) }" })).await, json!({ "count": 0 }));
}

#[tokio::test]
async fn a_caller_that_is_pinned_runs_nothing_else_where_others_may() {
    let world = FrontServer::with(Limits::default(), held(Documents::Any)).await;
    let other = json!({ "query": "{ caller }" });
    assert_eq!(send(&world, Some("pinned"), other.clone()).await.code(), "FORBIDDEN");
    assert_eq!(send(&world, Some("ann"), other).await.status, 200);
    assert_eq!(send(&world, Some("pinned"), json!({ "documentId": PING })).await.status, 200);
    let mut socket = Socket::ready_as(world.address, "pinned").await;
    socket.subscribe("1", "{ caller }").await;
    assert_eq!(socket.receive_message().await["payload"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn introspection_that_is_off_is_off_on_every_way_in() {
    let schema = "{ __schema { types { name } } }";
    let kind = "{ __type(name: \"Query\") { name } }";
    let mut trusted = listed();
    trusted.add(schema);
    let off = Settings { introspection: Introspection::Closed, trusted, ..open_to_all() };
    let closed = FrontServer::with(Limits::default(), off).await;
    let open = FrontServer::with(Limits::default(), open_to_all()).await;
    for query in [
        schema,
        kind,
        "query { ...F } fragment F on Query { __schema { types { name } } }",
        "{ hidden: __schema { types { name } } }",
    ] {
        for (world, is_open) in [(&open, true), (&closed, false)] {
            let shows = |answer: String| answer.contains("\"name\":\"");
            let body = json!({ "query": query });
            assert_eq!(shows(send(world, None, body.clone()).await.json().to_string()), is_open, "POST {query}");
            assert_eq!(shows(send(world, Some("ann"), body.clone()).await.json().to_string()), is_open, "POST {query}");
            let target = format!("/graphql?query={}", query.replace(' ', "+").replace('"', "%22"));
            assert_eq!(shows(get(world.address, &target, &[]).await.json().to_string()), is_open, "GET {query}");
            assert_eq!(shows(send_payload(world, body).await.to_string()), is_open, "socket {query}");
        }
    }
    // A listed document is not let through either.
    let id = "f3bcb57e2c511c60a64c4d68a63f138a7f65f35ac83c17b933e8a4dcf5e7911f";
    let reply = send(&closed, None, json!({ "documentId": id })).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "GRAPHQL_VALIDATION_FAILED"));
    assert!(!String::from_utf8_lossy(&reply.body).contains("\"name\":\""));
    // Nor do messages tell names: no suggestions.
    let reply = send(&closed, None, json!({ "query": "{ pin }" })).await;
    assert!(!String::from_utf8_lossy(&reply.body).contains("ping"));
}

#[test]
fn lists_are_read_from_a_file_or_a_folder_and_checked() {
    let folder = std::env::temp_dir().join(format!("entrepot-trusted-{}", std::process::id()));
    fs::create_dir_all(folder.join("documents")).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let good = write("good.json", &json!({ PING: "{ ping }" }).to_string());
    assert_eq!(TrustedDocuments::load(&good).unwrap().get(PING), Some("{ ping }"));
    write("documents/ping.graphql", "{ ping }");
    write("documents/README.md", "not a document");
    let of_folder = TrustedDocuments::load(&folder.join("documents")).unwrap();
    assert_eq!((of_folder.len(), of_folder.holds("{ ping }")), (1, true));
    let bad = [
        ("wrong.json", json!({ PING: "{ pong }" }).to_string(), "is not the SHA-256"),
        ("short.json", json!({ "abc": "{ ping }" }).to_string(), "is not the SHA-256"),
        ("list.json", "[]".to_owned(), "a JSON map"),
        ("empty.json", "{}".to_owned(), "holds no document"),
    ];
    for (name, text, reason) in bad {
        let error = TrustedDocuments::load(&write(name, &text)).unwrap_err().to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
    assert!(TrustedDocuments::load(&folder.join("nowhere.json")).unwrap_err().to_string().contains("cannot be read"));
    fs::remove_dir_all(folder).unwrap();
}
