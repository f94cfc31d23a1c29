//! What we rely on in async-graphql =8.0.0-rc.5, and what we go around. When the version moves, these say whether it may.

use serde_json::json;

use super::{
    wire::{JSON, ask, post},
    world::World,
};

#[tokio::test]
async fn a_failed_non_null_field_nulls_its_parent() {
    let world = World::new().await;
    let body = ask(world.address, "{ ping maybeThing { name failing } }").await.json();
    assert_eq!(body["data"], json!({ "ping": "pong", "maybeThing": null }));
    assert_eq!(body["errors"][0]["path"], json!(["maybeThing", "failing"]));
}

#[tokio::test]
async fn keys_come_in_the_order_of_the_query() {
    let world = World::new().await;
    let reply = ask(world.address, "{ thing { late name } ping ordered { quick slow } }").await;
    let text = r#"{"data":{"thing":{"late":"late","name":"thing"},"ping":"pong","ordered":{"quick":"q","slow":"s"}}}"#;
    assert_eq!(String::from_utf8(reply.body).unwrap(), text);
}

#[tokio::test]
async fn an_omitted_variable_inside_an_input_stays_undefined() {
    let world = World::new().await;
    let query = "query($name: String) { patch(input: { name: $name }) }";
    for (variables, expected) in [(json!({}), "leave"), (json!({ "name": null }), "clear"), (json!({ "name": "x" }), "set x")] {
        let body = json!({ "query": query, "variables": variables }).to_string();
        assert_eq!(post(world.address, &[JSON], body.as_bytes()).await.json()["data"]["patch"], expected, "{body}");
    }
    for (literal, expected) in [("{}", "leave"), ("{ name: null }", "clear"), ("{ name: \"x\" }", "set x")] {
        let body = ask(world.address, &format!("{{ patch(input: {literal}) }}")).await.json();
        assert_eq!(body["data"]["patch"], expected, "{literal}");
    }
}

#[tokio::test]
async fn an_optional_result_that_fails_is_null_at_its_field() {
    let world = World::new().await;
    let body = ask(world.address, "{ thing { name failingOrNone } }").await.json();
    assert_eq!(body["data"], json!({ "thing": { "name": "thing", "failingOrNone": null } }));
    assert_eq!(body["errors"][0]["path"], json!(["thing", "failingOrNone"]));
}

/// The engine would refuse the first ("variable not used") and pass the others.
#[tokio::test]
async fn directives_on_typename_count() {
    let world = World::new().await;
    let query = "query($y: Boolean!) { ping x: __typename @include(if: $y) }";
    for (y, expected) in [(true, json!({ "ping": "pong", "x": "Query" })), (false, json!({ "ping": "pong" }))] {
        let body = json!({ "query": query, "variables": { "y": y } }).to_string();
        assert_eq!(post(world.address, &[JSON], body.as_bytes()).await.json(), json!({ "data": expected }));
    }
    for query in ["{ __typename @nothing }", "{ __typename @include(if: true) @include(if: true) }"] {
        assert_eq!(ask(world.address, query).await.code(), "GRAPHQL_VALIDATION_FAILED", "{query}");
    }
}

/// Variables of one operation are no business of another's.
#[tokio::test]
async fn an_operation_that_was_not_chosen_does_not_matter() {
    let world = World::new().await;
    let query = "query A($x: String!) { ...F echo(text: $x) } query B($x: Int!) { ...G page(first: $x) }
        fragment F on Query { ping } fragment G on Query { caller }";
    let body = json!({ "query": query, "operationName": "A", "variables": { "x": "text" } }).to_string();
    assert_eq!(post(world.address, &[JSON], body.as_bytes()).await.json(), json!({ "data": { "ping": "pong", "echo": "text" } }));
    let body = json!({ "query": query, "operationName": "B", "variables": { "x": 3 } }).to_string();
    assert_eq!(
        post(world.address, &[JSON], body.as_bytes()).await.json(),
        json!({ "data": { "caller": "anonymous", "page": 3 } })
    );
    let unused = "query A { ping } query B { ping } fragment F on Query { ping }";
    let body = json!({ "query": unused, "operationName": "A" }).to_string();
    assert_eq!(post(world.address, &[JSON], body.as_bytes()).await.code(), "GRAPHQL_VALIDATION_FAILED");
}
