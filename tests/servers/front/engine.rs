//! Behaviour of async-graphql =8.0.0-rc.5 that we rely on, and that we work around. These tests
//! show whether the version may be changed.

use serde_json::{Value, json};

use super::{
    server::FrontServer,
    wire::{JSON, NEW, Socket, post, post_operation},
};

#[tokio::test]
async fn a_failed_non_null_field_nulls_its_parent() {
    let world = FrontServer::new().await;
    let body = post_operation(world.address, "{ ping maybeThing { name failing } }").await.json();
    assert_eq!(body["data"], json!({ "ping": "pong", "maybeThing": null }));
    assert_eq!(body["errors"][0]["path"], json!(["maybeThing", "failing"]));
}

#[tokio::test]
async fn keys_come_in_the_order_of_the_query() {
    let world = FrontServer::new().await;
    let reply = post_operation(world.address, "{ thing { late name } ping ordered { quick slow } }").await;
    let text = r#"{"data":{"thing":{"late":"late","name":"thing"},"ping":"pong","ordered":{"quick":"q","slow":"s"}}}"#;
    assert_eq!(String::from_utf8(reply.body).unwrap(), text);
}

#[tokio::test]
async fn an_omitted_variable_inside_an_input_stays_undefined() {
    let world = FrontServer::new().await;
    let query = "query($name: String) { patch(input: { name: $name }) }";
    for (variables, expected) in [(json!({}), "leave"), (json!({ "name": null }), "clear"), (json!({ "name": "x" }), "set x")] {
        let body = json!({ "query": query, "variables": variables }).to_string();
        assert_eq!(post(world.address, &[JSON], body.as_bytes()).await.json()["data"]["patch"], expected, "{body}");
    }
    for (literal, expected) in [("{}", "leave"), ("{ name: null }", "clear"), ("{ name: \"x\" }", "set x")] {
        let body = post_operation(world.address, &format!("{{ patch(input: {literal}) }}")).await.json();
        assert_eq!(body["data"]["patch"], expected, "{literal}");
    }
}

#[tokio::test]
async fn an_optional_result_that_fails_is_null_at_its_field() {
    let world = FrontServer::new().await;
    let body = post_operation(world.address, "{ thing { name failingOrNone } }").await.json();
    assert_eq!(body["data"], json!({ "thing": { "name": "thing", "failingOrNone": null } }));
    assert_eq!(body["errors"][0]["path"], json!(["thing", "failingOrNone"]));
}

/// A single root field that was refused for overload is 503; among others it is an error with its
/// path.
#[tokio::test]
async fn whoever_comes_when_we_are_too_busy_is_told_when_to_come_again() {
    let world = FrontServer::new().await;
    for accept in [NEW, JSON] {
        let reply = post(world.address, &[JSON, accept], br#"{"query":"{ busy }"}"#).await;
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")), "{accept}");
        assert_eq!(reply.json()["errors"][0]["extensions"]["code"], "OVERLOADED");
    }
    let beside = post(world.address, &[JSON, NEW], br#"{"query":"{ ping busy }"}"#).await;
    assert_eq!((beside.status, &beside.json()["data"]), (200, &json!(null)));
}

/// The engine would refuse the first ("variable not used") and pass the others.
#[tokio::test]
async fn directives_on_typename_count() {
    let world = FrontServer::new().await;
    let query = "query($y: Boolean!) { ping x: __typename @include(if: $y) }";
    for (y, expected) in [(true, json!({ "ping": "pong", "x": "Query" })), (false, json!({ "ping": "pong" }))] {
        let body = json!({ "query": query, "variables": { "y": y } }).to_string();
        assert_eq!(post(world.address, &[JSON], body.as_bytes()).await.json(), json!({ "data": expected }));
    }
    for query in ["{ __typename @nothing }", "{ __typename @include(if: true) @include(if: true) }"] {
        assert_eq!(post_operation(world.address, query).await.code(), "GRAPHQL_VALIDATION_FAILED", "{query}");
    }
}

/// Variables of one operation are no business of another's.
#[tokio::test]
async fn an_operation_that_was_not_chosen_does_not_matter() {
    let world = FrontServer::new().await;
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

/// The specification has the argument's default hold when its variable is left out; rc.5 refuses the document, or finds a null.
#[tokio::test]
async fn a_variable_that_is_left_out_leaves_the_default_in_place() {
    let world = FrontServer::new().await;
    let cases = [
        ("query($n: Int) { scaled(by: $n) }", json!({}), json!({ "scaled": 10 })),
        ("query($n: Int) { scaled(by: $n) }", json!({ "n": 3 }), json!({ "scaled": 3 })),
        ("query($n: Int) { ...F } fragment F on Query { scaled(by: $n) }", json!({}), json!({ "scaled": 10 })),
        ("query($n: Int) { a: scaled(by: $n) b: scaled(by: $n) }", json!({}), json!({ "a": 10, "b": 10 })),
        ("query($n: Int) { scaledIn(input: { by: $n }) }", json!({}), json!({ "scaledIn": 10 })),
        ("query($n: Int = 7) { scaled(by: $n) }", json!({}), json!({ "scaled": 7 })),
        ("query($n: Int!) { scaled(by: $n) }", json!({ "n": 4 }), json!({ "scaled": 4 })),
        ("query($n: Int) { scaledOrNot(by: $n) }", json!({}), json!({ "scaledOrNot": 10 })),
        ("query($n: Int) { scaledOrNot(by: $n) }", json!({ "n": null }), json!({ "scaledOrNot": null })),
    ];
    for (query, variables, expected) in cases {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let reply = post(world.address, &[JSON, NEW], body.as_bytes()).await.json();
        assert_eq!(reply, json!({ "data": expected }), "{body}");
    }
    // A null that is sent is a null; and what the types do not allow stays refused, given or not.
    for (query, variables) in [
        ("query($n: Int) { scaled(by: $n) }", json!({ "n": null })),
        ("query($n: String) { scaled(by: $n) }", json!({})),
        ("query($n: Int) { page(first: $n) }", json!({})),
        // Two defaults: no one would be right.
        ("query($n: Int) { scaled(by: $n) things(found: $n) { nodes { name } } }", json!({})),
    ] {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let reply = post(world.address, &[JSON, NEW], body.as_bytes()).await;
        assert_eq!(reply.status, 400, "{body}");
        assert!(["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&reply.code().as_str()), "{body}");
    }
    assert_eq!(world.ran(), 0);
}

/// The engine names the type that refused a value, and no place.
#[tokio::test]
async fn a_value_that_does_not_fit_is_named_with_its_place() {
    let world = FrontServer::new().await;
    let count = "query($input: CountInput!) { counted(input: $input) }";
    let large = 9_007_199_254_740_992_i64;
    let cases = [
        (count, json!({ "input": { "lines": [{ "delta": large }] } }), json!(["input", "lines", "0", "delta"])),
        (
            count,
            json!({ "input": { "lines": [{ "delta": 1 }, { "delta": 2, "at": "yesterday" }] } }),
            json!(["input", "lines", "1", "at"]),
        ),
        (count, json!({ "input": { "lines": [{ "at": null }] } }), json!(["input", "lines", "0", "delta"])),
        (count, json!({ "input": { "lines": [{ "delta": "1" }] } }), json!(["input", "lines", "0", "delta"])),
        (count, json!({ "input": { "lines": [{ "delta": 1, "unheard": 1 }] } }), json!(["input", "lines", "0", "unheard"])),
        (count, json!({ "input": { "lines": [{ "delta": 1 }, null] } }), json!(["input", "lines", "1"])),
        (count, json!({ "input": "x" }), json!(["input"])),
        (
            "query($d: Quantity!) { counted(input: { lines: [{ delta: 1 }, { delta: $d }] }) }",
            json!({ "d": 1.5 }),
            json!(["input", "lines", "1", "delta"]),
        ),
        ("{ counted(input: { lines: [{ delta: 9007199254740992 }] }) }", json!({}), json!(["input", "lines", "0", "delta"])),
        (
            "query($d: Quantity!) { thing { ...T } } fragment T on Thing { at: counted(delta: $d) }",
            json!({ "d": large }),
            json!(["delta"]),
        ),
    ];
    for (query, variables, place) in cases {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let reply = post(world.address, &[JSON, NEW], body.as_bytes()).await;
        assert_eq!(reply.code(), "BAD_USER_INPUT", "{body} {}", String::from_utf8_lossy(&reply.body));
        assert_eq!(reply.json()["errors"][0]["extensions"]["field"], place, "{body}");
        let mut socket = Socket::ready(world.address).await;
        socket
            .send_message(json!({ "id": "1", "type": "subscribe", "payload": { "query": query, "variables": variables } }))
            .await;
        let answer = socket.receive_message().await;
        let error = if answer["type"] == "error" { &answer["payload"][0] } else { &answer["payload"]["errors"][0] };
        assert_eq!(error["extensions"]["field"], place, "{body} on a socket");
    }
}

/// The engine stops at the first of them, which is another one in each of its passes.
#[tokio::test]
async fn each_value_that_does_not_fit_has_an_error_with_its_own_place() {
    let world = FrontServer::new().await;
    let twice = "query($a: CountInput!, $b: CountInput!) { one: counted(input: $a) other: counted(input: $b) }";
    let (wrong, lacking) = (json!({ "lines": [{ "at": "yesterday", "delta": "1" }] }), json!({ "lines": [{ "unheard": 1 }] }));
    for (query, variables, places) in [
        (
            "query($input: CountInput!) { counted(input: $input) }",
            json!({ "input": wrong }),
            vec![json!(["input", "lines", "0", "at"]), json!(["input", "lines", "0", "delta"])],
        ),
        // Validation refuses the second one, and reads no scalar of ours.
        (
            twice,
            json!({ "a": wrong, "b": lacking }),
            vec![
                json!(["input", "lines", "0", "at"]),
                json!(["input", "lines", "0", "delta"]),
                json!(["input", "lines", "0", "unheard"]),
                json!(["input", "lines", "0", "delta"]),
            ],
        ),
    ] {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let reply = post(world.address, &[JSON, NEW], body.as_bytes()).await.json();
        let errors = reply["errors"].as_array().unwrap_or_else(|| panic!("{reply}"));
        let fields: Vec<Value> = errors.iter().map(|error| error["extensions"]["field"].clone()).collect();
        assert_eq!(fields, places, "{reply}");
        assert!(errors.iter().all(|error| error["extensions"]["code"] == "BAD_USER_INPUT"), "{reply}");
        for (error, kind) in errors.iter().zip(["DateTime", "Quantity"]) {
            let (message, place) = (error["message"].as_str().unwrap(), error["extensions"]["field"][3].as_str().unwrap());
            assert!(
                message.contains(&format!("\"{kind}\"")) && message.ends_with(&format!(" at input.lines.0.{place}")),
                "{reply}"
            );
        }
    }
    assert_eq!(world.ran(), 0);
}
