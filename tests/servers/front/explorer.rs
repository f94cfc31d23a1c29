//! GraphiQL's page, and a server that keeps its schema to itself.

use entrepot::{
    graphql::operation::Introspection,
    http::{Explorer, Settings},
};
use serde_json::{Value, json};

use super::{
    server::FrontServer,
    wire::{Socket, get, post_operation},
};

const BROWSER: &str = "accept: text/html,application/xhtml+xml,*/*;q=0.8";

#[tokio::test]
async fn a_browser_gets_a_page_that_asks_nobody_else() {
    let world = FrontServer::new().await;
    let page = get(world.address, "/graphql", &[BROWSER]).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let text = String::from_utf8(page.body.clone()).unwrap();
    assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("NONCE"));
    let policy = page.header("content-security-policy").unwrap();
    let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert_eq!(text.matches(&format!("nonce=\"{nonce}\"")).count(), 2);
    assert!(policy.starts_with("default-src 'none';") && policy.contains("connect-src 'self'"));
    let again = get(world.address, "/graphql", &[BROWSER]).await;
    assert_ne!(again.header("content-security-policy"), Some(policy), "a nonce is used once");

    let links: Vec<_> = text.split('"').filter(|part| part.starts_with("/graphiql/")).collect();
    assert_eq!(links.len(), 2);
    for (link, kind) in links.into_iter().zip(["text/css; charset=utf-8", "text/javascript; charset=utf-8"]) {
        let file = get(world.address, link, &[]).await;
        assert_eq!((file.status, file.header("content-type")), (200, Some(kind)), "{link}");
        assert!(file.body.len() > 100_000);
    }
    for missing in ["/graphiql/index.html", "/graphiql/nothing.js", "/graphiql/..%2fbuild.sh", "/graphiql/..%2findex.js"] {
        assert_eq!(get(world.address, missing, &[]).await.status, 404, "{missing}");
    }
}

#[tokio::test]
async fn the_root_leads_to_the_page() {
    let world = FrontServer::new().await;
    let start = get(world.address, "/", &[BROWSER]).await;
    assert_eq!((start.status, start.header("location")), (303, Some("/graphql")));
}

#[tokio::test]
async fn without_the_explorer_there_is_no_page() {
    let world = FrontServer::set(|settings| settings.explorer = Explorer::Off).await;
    assert_eq!(get(world.address, "/graphql", &[BROWSER]).await.status, 400);
    assert_eq!(get(world.address, "/graphiql/main.js", &[]).await.status, 404);
    assert_eq!(get(world.address, "/", &[BROWSER]).await.status, 404);
}

#[tokio::test]
async fn introspection_can_be_closed_everywhere() {
    let open = FrontServer::new().await;
    assert!(post_operation(open.address, "{ __schema { queryType { name } } }").await.json()["data"]["__schema"].is_object());
    let settings = Settings { introspection: Introspection::Closed, ..Settings::default() };
    let world = FrontServer::with(entrepot::graphql::limits::Limits::default(), settings).await;
    for query in ["{ __schema { queryType { name } } }", "{ __type(name: \"Query\") { name } }"] {
        let posted = post_operation(world.address, query).await;
        assert!(!String::from_utf8_lossy(&posted.body).contains("\"Query\""), "{query}");
        let error = &posted.json()["errors"][0];
        assert_eq!((&posted.json()["data"], &error["extensions"]["code"]), (&Value::Null, &json!("GRAPHQL_VALIDATION_FAILED")));
        assert!(error["message"].as_str().unwrap().starts_with("introspection is disabled"), "{error}");
    }
    let got = get(world.address, "/graphql?query=%7B__schema%7BqueryType%7Bname%7D%7D%7D", &[]).await;
    assert!(!String::from_utf8_lossy(&got.body).contains("\"Query\""));
    let mut socket = Socket::ready(world.address).await;
    socket.subscribe("1", "{ __schema { queryType { name } } }").await;
    let message = socket.receive_message().await;
    assert_eq!(
        (&message["type"], &message["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("GRAPHQL_VALIDATION_FAILED"))
    );
    assert_eq!(post_operation(world.address, "{ __typename }").await.json()["data"]["__typename"], "Query");
}
