//! The reference of the API, as somebody reads it in a browser, and its examples, as somebody sends them.

use entrepot::schema;
use reference::{Operation, Reference};
use serde_json::Value;

use super::server::{Server, Site, UNLIMITED, free_address};
use crate::world::on_both;

async fn page(server: &Server, path: &str) -> (u16, reqwest::header::HeaderMap, String) {
    let answer = reqwest::get(format!("{}{path}", server.url())).await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.text().await.unwrap())
}

on_both!(the_reference_is_served_with_the_api, site: Site => {
    let server = Server::start(site).await;
    let (status, headers, index) = page(&server, "/docs").await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "text/html; charset=utf-8"));
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'self'"), "{headers:?}");
    for part in ["/docs/fields/Query.orders", "/docs/guides/first-query", "/docs/errors"] {
        assert!(index.contains(part), "{part}");
    }
    let (_, _, field) = page(&server, "/docs/fields/Mutation.orderCreate").await;
    for part in ["order.write", "order.created", "OrderCreateInput", "userErrors"] {
        assert!(field.contains(part), "{part}: {field}");
    }
    let (_, _, found) = page(&server, "/docs/search.json").await;
    assert!(found.contains("stockAdjust"));
    for nothing in ["/docs/fields/Query.teapots", "/docs/..%2f..%2fetc%2fpasswd", "/docs/guides/%00"] {
        assert_eq!(page(&server, nothing).await.0, 404, "{nothing}");
    }
    drop(server);
    // Who keeps the schema to himself keeps its reference.
    let server = Server::start_with(site, free_address(), &["--introspection", "false"]).await;
    assert_eq!(page(&server, "/docs").await.0, 404);
});

on_both!(every_example_of_the_reference_is_an_operation_that_the_server_takes, site: Site => {
    let server = Server::start_with(site, free_address(), &UNLIMITED).await;
    let shop = server.tenant().await;
    let reference = Reference::new(&schema::sdl(), &[]).unwrap();
    let mut examples: Vec<_> = reference.examples().filter(|example| example.operation != Operation::Subscription).collect();
    // Those that end the session or the tenant last.
    let ends = |name: &str| ["session", "logout", "password", "tenant", "mfa", "device"].iter().any(|word| name.to_lowercase().contains(word));
    examples.sort_by_key(|example| (example.operation == Operation::Mutation, ends(&example.field)));
    assert!(examples.len() > 200, "{}", examples.len());
    let mut wrong = Vec::new();
    for example in examples {
        let variables: Value = serde_json::from_str(&example.variables).unwrap();
        let answer = shop.send(&example.document, &variables).await.unwrap_or_else(Value::String);
        let codes: Vec<&str> = answer["errors"].as_array().into_iter().flatten().filter_map(|error| error["extensions"]["code"].as_str()).collect();
        let is_malformed = |code: &&str| code.starts_with("GRAPHQL_") || ["INTERNAL", "BAD_REQUEST", "QUERY_TOO_COMPLEX"].contains(code);
        if answer.is_string() || codes.iter().any(is_malformed) {
            wrong.push(format!("{}: {answer}", example.field));
        }
    }
    assert!(wrong.is_empty(), "{} examples are not taken: {wrong:#?}", wrong.len());
});
