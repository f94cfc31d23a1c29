//! Documents are validated once; their variables every time.

use std::sync::atomic::Ordering;

use async_graphql::Variables;
use entrepot::{
    graphql::{
        guard::{Guard, Operation},
        limits::Limits,
        schema_index::SchemaIndex,
        validation_cache::DocumentValidator,
    },
    schema::ValidatorBuild,
};
use serde_json::{Value, json};

use super::{
    server::FrontServer,
    wire::{JSON, NEW, post},
};

/// Returns values that a client may send in place of a valid one.
fn oddities() -> Vec<Value> {
    let deep = json!({ "and": [{ "sku": { "eq": 7 } }] });
    vec![json!(null), json!(true), json!(7), json!(-1.5), json!("x"), json!([]), json!([null]), json!(["x"]), json!({}), deep]
}

/// Every value that differs from this one in a single place.
fn variations(of: &Value) -> Vec<Value> {
    let mut all = oddities();
    all.push(json!([of]));
    match of {
        Value::Object(fields) => {
            for (name, value) in fields {
                let with = |other: Option<Value>| {
                    let mut changed = fields.clone();
                    changed.remove(name);
                    changed.extend(other.map(|other| (name.clone(), other)));
                    Value::Object(changed)
                };
                all.push(with(None));
                all.extend(variations(value).into_iter().map(|other| with(Some(other))));
            }
            for name in ["unheardOf", "id", "sku"] {
                let mut more = fields.clone();
                more.insert(name.to_owned(), json!("x"));
                all.push(Value::Object(more));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                all.extend(variations(item).into_iter().map(|other| {
                    let mut changed = items.clone();
                    changed[at] = other;
                    Value::Array(changed)
                }));
            }
        }
        _ => {}
    }
    all
}

fn cases() -> Vec<(&'static str, Value)> {
    let level = json!({ "product": { "id": "prd_1" }, "store": { "code": "MAIN" }, "delta": 3, "note": "count" });
    let line = json!({ "product": { "sku": "MUG" }, "quantity": 2, "unitPrice": { "amount": "1.50", "currencyCode": "GBP" } });
    let order = json!({ "idempotencyKey": "k", "store": { "code": "MAIN" }, "status": "CONFIRMED", "lines": [line] });
    let filter = json!({ "and": [{ "sku": { "eq": "MUG" } }, { "not": { "status": ["ACTIVE"] } }] });
    vec![
        (
            "mutation($i: StockAdjustInput!) { stockAdjust(input: $i) { seq } }",
            json!({ "i": { "idempotencyKey": "k", "reasonCode": "CORRECTION", "changes": [level] } }),
        ),
        ("mutation($i: OrderCreateInput!) { orderCreate(input: $i) { seq } }", json!({ "i": order })),
        (
            "query($f: ProductFilter, $n: Int = 5, $by: ProductOrderField!, $after: Cursor) {
               products(filter: $f, first: $n, orderBy: { field: $by }, after: $after) { nodes { id } } }",
            json!({ "f": filter, "n": 3, "by": "NAME", "after": "x" }),
        ),
        (
            "query($c: ID!, $s: String, $all: Boolean!) {
               ...more  products(filter: { category: { eq: $c }, sku: { eq: $s } }, first: 2) { nodes { id @include(if: $all) sku } } }
             fragment more on Query { product(by: { id: $c }) { id } }",
            json!({ "c": "cat_1", "s": "MUG", "all": true }),
        ),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ["prd_1", "prd_2"] })),
        (
            "subscription($f: StockFilter, $delay: Int!) { stockChanged(filter: $f, maxDelayMs: $delay) { changes { level { id } } } }",
            json!({ "f": { "store": { "in": ["sto_1"] } }, "delay": 10 }),
        ),
    ]
}

async fn refusal(
    validator: &DocumentValidator,
    operation: &Operation,
    variables: &Value,
    schema_index: &SchemaIndex,
) -> Option<Vec<String>> {
    let refused = validator.refusal(operation, &Variables::from_json(variables.clone()), schema_index).await;
    refused.map(|refused| refused.errors.into_iter().map(|error| error.message).collect())
}

#[tokio::test]
async fn whatever_a_known_document_is_sent_with_is_judged_as_if_it_was_new() {
    let ((schema_index, validator), limits) = (ValidatorBuild::spawn().join().unwrap(), Limits::default());
    for (text, good) in cases() {
        let read = || Guard::new(limits.clone(), schema_index.clone()).operation(text, None).unwrap();
        let known_document = read();
        assert_eq!(refusal(&validator, &known_document, &good, &schema_index).await, None, "{text}");
        let (mut refused, mut all) = (0, 0);
        for odd in variations(&good).into_iter().filter(Value::is_object) {
            let as_new = refusal(&validator, &read(), &odd, &schema_index).await;
            assert_eq!(refusal(&validator, &known_document, &odd, &schema_index).await, as_new, "{text} with {odd}");
            (refused, all) = (refused + u32::from(as_new.is_some()), all + 1);
        }
        assert!(refused > 10 && all - refused > 1, "{refused} of {all}: {text}");
    }
}

/// The engine's own rule refuses a non-null list variable for a nullable list argument.
#[tokio::test]
async fn a_list_that_is_never_null_stands_where_one_may_be() {
    let (schema_index, validator) = ValidatorBuild::spawn().join().unwrap();
    let text = "query($ids: [ID!]!) { products(filter: { category: { in: $ids } }, first: 1) { nodes { id } } }";
    let guard = Guard::new(Limits::default(), schema_index.clone());
    for (text, is_good) in [(text.to_owned(), true), (text.replace("nodes { id }", "nodes { unheardOf }"), false)] {
        let operation = guard.operation(&text, None).unwrap();
        let refused = refusal(&validator, &operation, &json!({ "ids": ["cat_1"] }), &schema_index).await;
        assert_eq!(refused.is_none(), is_good, "{refused:?}");
    }
    for bad in ["[ID]", "[ID]!", "ID", "[ID] = null"] {
        let refusal = guard.operation(&text.replace("[ID!]!", bad), None).unwrap_err();
        assert_eq!(refusal.code.as_str(), "GRAPHQL_VALIDATION_FAILED", "{bad}: {}", refusal.message);
    }
}

#[tokio::test]
async fn what_stands_beside_a_variable_is_judged_when_the_variable_is_sent() {
    let (schema_index, validator) = ValidatorBuild::spawn().join().unwrap();
    let text = "query($s: String) { products(filter: { sku: { eq: $s }, unheardOf: 1 }, first: 1) { nodes { id } } }";
    let known = Guard::new(Limits::default(), schema_index.clone()).operation(text, None).unwrap();
    // The engine's rule does not look at an argument that lacks a variable.
    assert_eq!(refusal(&validator, &known, &json!({}), &schema_index).await, None);
    let refused = refusal(&validator, &known, &json!({ "s": "MUG" }), &schema_index).await.unwrap();
    assert!(refused[0].contains("unheardOf"), "{refused:?}");
}

#[tokio::test]
async fn a_document_is_examined_once_and_again_when_it_is_sent_with_what_may_not_fit() {
    let world = FrontServer::new().await;
    let examined = || world.validated.load(Ordering::Relaxed);
    let text = "query($n: Int!, $of: Int) { things(first: $n) { nodes { name } } more: things(first: $of) { nodes { name } } }";
    let run_query = async |variables: Value| {
        let body = json!({ "query": text, "variables": variables }).to_string();
        post(world.address, &[JSON, NEW], body.as_bytes()).await.code()
    };
    run_query(json!({ "n": 1, "of": 2 })).await;
    assert_eq!(examined(), 1);
    for variables in [json!({ "n": 2, "of": 1 }), json!({ "n": 1 }), json!({ "n": 1, "of": 7, "unused": "x" })] {
        run_query(variables).await;
    }
    assert_eq!(examined(), 1, "known with all of its variables, so with fewer too");
    assert_eq!(run_query(json!({ "n": "one" })).await, "BAD_USER_INPUT");
    assert_eq!(examined(), 2);
    run_query(json!({ "n": 1, "of": null })).await;
    assert_eq!(examined(), 3, "where a null may stand is for the rules to say");
}
