//! A field that is selected more than once runs once, with all its selections, for clients that
//! keep a fragment beside each of their components.

use serde_json::{Value, json};

use super::{
    server::FrontServer,
    wire::{JSON, NEW, Socket, post, post_operation},
};

async fn answer(world: &FrontServer, query: &str, variables: &Value) -> Value {
    let body = json!({ "query": query, "variables": variables }).to_string();
    post(world.address, &[JSON, NEW], body.as_bytes()).await.json()
}

#[tokio::test]
async fn a_mutation_that_two_fragments_ask_of_runs_once() {
    let world = FrontServer::new().await;
    for query in [
        "mutation { bump bump }",
        "mutation { ...A ...B } fragment A on Mutation { bump } fragment B on Mutation { bump }",
        "mutation { bump ... on Mutation { bump } ... { bump } ... @include(if: true) { bump } }",
    ] {
        let before = world.ran();
        assert_eq!(post_operation(world.address, query).await.json()["data"], json!({ "bump": 1 }), "{query}");
        assert_eq!(world.ran(), before + 1, "{query}");
    }
    let before = world.ran();
    assert_eq!(post_operation(world.address, "mutation { a: bump b: bump }").await.json()["data"], json!({ "a": 1, "b": 1 }));
    assert_eq!(world.ran(), before + 2);
}

#[tokio::test]
async fn selections_of_one_field_come_together_under_their_conditions() {
    let world = FrontServer::new().await;
    let query = "query($yes: Boolean!, $no: Boolean!) {
        thing { ...Row ...Row }
        ... on Query { thing { late @skip(if: $no) } thing @include(if: $no) { name2: name } }
        ... @include(if: $yes) { thing { name3: name ... @skip(if: $yes) { name4: name } } ping }
        things { nodes { name } } ...More }
      fragment Row on Thing { name }
      fragment More on Query { things { nodes { late } } }";
    let expected = json!({
        "thing": { "name": "thing", "late": "late", "name3": "thing" }, "ping": "pong", "things": { "nodes": [] }
    });
    let mut got = answer(&world, query, &json!({ "yes": true, "no": false })).await["data"].take();
    got["things"]["nodes"] = json!([]);
    assert_eq!(got, expected);
    let found = answer(&world, "{ things(found: 1) { nodes { name } nodes { late } } }", &json!({})).await;
    assert_eq!(found["data"]["things"]["nodes"][0], json!({ "name": "thing", "late": "late" }));
}

#[tokio::test]
async fn a_list_under_two_conditions_is_one_list_with_what_holds() {
    let world = FrontServer::new().await;
    let query = "query($a: Boolean!, $b: Boolean! = true) {
        things(found: 1) @include(if: $a) { nodes { name } }
        things(found: 1) @include(if: $b) { nodes { late } }
        ... @skip(if: $a) { things(found: 1) { nodes { again: name } } }
        thing @include(if: $a) { name } thing @include(if: $b) { name @skip(if: $b) } }";
    let (name, late) = (json!({ "name": "thing" }), json!({ "late": "late" }));
    for (sent, node, thing) in [
        (json!({ "a": true }), json!({ "name": "thing", "late": "late" }), Some(name.clone())),
        (json!({ "a": true, "b": false }), name.clone(), Some(name.clone())),
        (json!({ "a": false }), json!({ "late": "late", "again": "thing" }), Some(json!({}))),
        (json!({ "a": false, "b": false }), json!({ "again": "thing" }), None),
        (json!({ "a": false, "b": true }), json!({ "late": late["late"], "again": "thing" }), Some(json!({}))),
    ] {
        let got = answer(&world, query, &sent).await["data"].take();
        assert_eq!(got["things"]["nodes"], json!([node]), "{sent}");
        assert_eq!(got.get("thing"), thing.as_ref(), "{sent}");
    }
    let before = world.ran();
    let twice = "mutation($a: Boolean!, $b: Boolean!) { bump @include(if: $a) bump @include(if: $b) }";
    assert_eq!(answer(&world, twice, &json!({ "a": true, "b": true })).await["data"], json!({ "bump": 1 }));
    assert_eq!(world.ran(), before + 1);
    let at_odds = "query($a: Boolean!, $b: Boolean!) { thing @include(if: $a) { x: name } thing @include(if: $b) { x: late } }";
    let refused = answer(&world, at_odds, &json!({ "a": true, "b": false })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{refused}");
}

#[tokio::test]
async fn two_fields_under_one_name_are_refused() {
    let world = FrontServer::new().await;
    for query in [
        "{ thing { x: name x: late } }",
        "{ ...A ...B } fragment A on Query { thing { x: name } } fragment B on Query { thing { x: late } }",
        "{ echo(text: \"a\") ... { echo(text: \"b\") } }",
        "subscription { a: count(to: 1) b: count(to: 1) }",
    ] {
        let reply = post_operation(world.address, query).await;
        let error = &reply.json()["errors"][0];
        assert_eq!((reply.status, &error["extensions"]["code"]), (400, &json!("GRAPHQL_VALIDATION_FAILED")), "{query}: {error}");
    }
    assert_eq!(
        post_operation(world.address, "{ echo(text: \"a\") echo(text: \"a\") }").await.json()["data"],
        json!({ "echo": "a" })
    );
}

#[tokio::test]
async fn a_condition_that_is_left_out_has_its_default() {
    let world = FrontServer::new().await;
    let skip =
        "query($dry: Boolean = true) { ping caller: __typename @skip(if: $dry) thing { name ... @include(if: $dry) { late } } }";
    let whole = json!({ "ping": "pong", "thing": { "name": "thing", "late": "late" } });
    assert_eq!(answer(&world, skip, &json!({})).await["data"], whole);
    let other = json!({ "ping": "pong", "caller": "Query", "thing": { "name": "thing" } });
    assert_eq!(answer(&world, skip, &json!({ "dry": false })).await["data"], other);
    let before = world.ran();
    let mutation = "mutation($dry: Boolean! = true) { bump @skip(if: $dry) __typename }";
    assert_eq!(answer(&world, mutation, &json!({})).await["data"], json!({ "__typename": "Mutation" }));
    assert_eq!(world.ran(), before);
}

#[tokio::test]
async fn a_subscription_may_stand_in_a_fragment() {
    let world = FrontServer::new().await;
    let mut socket = Socket::ready(world.address).await;
    for query in [
        "subscription { ...F } fragment F on Events { count(to: 1) }",
        "subscription { ... on Events { count(to: 1) } }",
        "subscription { ... { count(to: 1) } count(to: 1) }",
    ] {
        socket.subscribe("a", query).await;
        assert_eq!(
            socket.receive_message().await,
            json!({ "id": "a", "type": "next", "payload": { "data": { "count": 0 } } }),
            "{query}"
        );
        assert_eq!(socket.receive_message().await, json!({ "id": "a", "type": "complete" }));
    }
}
