//! Quantities, money, keys and versions at their limits: each refusal names the place, and no
//! change is made in part.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    server::{Server, Site},
    shop::{ADJUST, ORDER, RESERVE, SET, Shop, adjust, change, text},
};
use crate::world::on_both;

const MAX: i64 = (1 << 53) - 1;
const ON_HAND: i64 = 10;

async fn open(site: &Site) -> (Server, Shop) {
    let server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 1, 2, ON_HAND).await;
    (server, shop)
}

/// Returns the code of the first refusal, and its path.
fn refusal(payload: &Value) -> (String, String) {
    let error = &payload["userErrors"][0];
    let path = error["field"].as_array().unwrap_or_else(|| panic!("{payload}"));
    (text(&error["code"]), path.iter().map(text).collect::<Vec<_>>().join("."))
}

fn refused(payload: &Value, code: &str, path: &str) {
    assert_eq!(refusal(payload), (code.to_owned(), path.to_owned()), "{payload}");
    assert!(payload["seq"].is_null() && payload["replayed"] == false, "{payload}");
}

fn order(shop: &Shop, key: &str, status: &str, line: &Value) -> Value {
    let mut whole = json!({ "product": { "id": shop.products[0] }, "quantity": 1 });
    whole.as_object_mut().unwrap().extend(line.as_object().unwrap().clone());
    json!({ "idempotencyKey": key, "store": { "id": shop.stores[0] }, "status": status, "lines": [whole] })
}

on_both!(quantities_at_their_edges, site: Site => {
    let (_server, shop) = open(site).await;
    let (levels, head) = (shop.levels().await, shop.head().await);
    let (product, store) = shop.place(0, 0);
    let delta = |kind: &str, delta: i64| adjust("a key", kind, "OTHER", &[change(&product, &store, delta)]);
    let at = "input.changes.0.delta";
    for (input, code) in [
        (delta("ADJUSTMENT", 0), "OUT_OF_RANGE"),
        (delta("RECEIPT", -1), "OUT_OF_RANGE"),
        (delta("SALE", 1), "OUT_OF_RANGE"),
        (delta("ADJUSTMENT", MAX), "OUT_OF_RANGE"),
        (delta("ADJUSTMENT", -ON_HAND - 1), "INSUFFICIENT_STOCK"),
        (delta("ADJUSTMENT", -MAX), "INSUFFICIENT_STOCK"),
    ] {
        refused(&shop.client.change(ADJUST, input).await, code, at);
    }
    for (quantity, code) in [(0, "OUT_OF_RANGE"), (-1, "OUT_OF_RANGE"), (ON_HAND + 1, "INSUFFICIENT_STOCK"), (MAX, "INSUFFICIENT_STOCK")] {
        let item = json!({ "product": { "id": product }, "store": { "id": store }, "quantity": quantity });
        let payload = shop.client.change(RESERVE, json!({ "idempotencyKey": "a key", "items": [item] })).await;
        refused(&payload, code, "input.items.0.quantity");
        let payload = shop.client.change(ORDER, order(&shop, "a key", "CONFIRMED", &json!({ "quantity": quantity }))).await;
        // The price of this quantity does not fit either: either error may be reported.
        let (said, path) = refusal(&payload);
        assert!(path.starts_with("input.lines.0") && (said == code || quantity == MAX), "{payload}");
    }
    let item = json!({ "product": { "id": product }, "store": { "id": store }, "onHand": -1, "compare": { "unconditional": true } });
    let input = json!({ "idempotencyKey": "a key", "reasonCode": "CORRECTION", "items": [item] });
    refused(&shop.client.change(SET, input).await, "OUT_OF_RANGE", "input.items.0.onHand");
    // A number that JSON cannot represent exactly is refused by the scalar itself: a malformed
    // argument.
    for beyond in [MAX + 1, -MAX - 1] {
        let answer = shop.client.send(ADJUST, &json!({ "input": delta("ADJUSTMENT", beyond) })).await.unwrap();
        assert!(answer["data"].is_null(), "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("Quantity"), "{answer}");
    }
    assert_eq!((shop.levels().await, shop.head().await), (levels, head), "nothing was written");
    // The very most is kept exactly.
    let up = shop.adjust("up to the most", 0, 0, MAX - ON_HAND).await;
    assert_eq!(up["levels"][0]["onHand"], MAX);
    shop.adjust("and down again", 0, 0, -MAX).await;
});

on_both!(too_many_lines_are_refused_whole, site: Site => {
    let (_server, shop) = open(site).await;
    let head = shop.head().await;
    let (product, store) = shop.place(0, 0);
    let many = |count: usize| adjust(&format!("{count}"), "RECEIPT", "PURCHASE", &vec![change(&product, &store, 1); count]);
    refused(&shop.client.change(ADJUST, many(501)).await, "LIMIT_EXCEEDED", "input.changes");
    assert_eq!(shop.head().await, head);
    shop.client.must_mutate(ADJUST, many(500)).await;
    assert_eq!(shop.levels().await[&shop.place(0, 0)].on_hand, ON_HAND + 500);
});

on_both!(money_at_its_edges, site: Site => {
    let (_server, shop) = open(site).await;
    let head = shop.head().await;
    let money = |amount: &str, currency: &str| json!({ "amount": amount, "currencyCode": currency });
    for (line, code, path) in [
        (json!({ "unitPrice": money("1.999", "GBP") }), "INVALID", "unitPrice.amount"),
        (json!({ "unitPrice": money("a pound", "GBP") }), "INVALID", "unitPrice.amount"),
        (json!({ "unitPrice": money("99999999999999999999", "GBP") }), "OUT_OF_RANGE", "unitPrice.amount"),
        (json!({ "unitPrice": money("1.00", "XQZ") }), "INVALID", "unitPrice.currencyCode"),
        (json!({ "unitPrice": money("-1.00", "GBP") }), "OUT_OF_RANGE", "unitPrice"),
        (json!({ "unitPrice": money("1.00", "EUR"), "tax": money("0.20", "GBP") }), "INVALID", "tax"),
        (json!({ "discount": money("2.51", "GBP") }), "OUT_OF_RANGE", "discount"),
    ] {
        let answer = shop.client.send(ORDER, &json!({ "input": order(&shop, "a key", "CONFIRMED", &line) })).await.unwrap();
        if answer["errors"].is_null() {
            let (refusal_code, at) = refusal(&answer["data"]["result"]);
            assert!(refusal_code == code && at.starts_with(&format!("input.lines.0.{path}")), "{line}: {answer}");
        } else {
            assert!(answer.to_string().contains(path.split('.').next_back().unwrap()), "{line}: {answer}");
        }
    }
    assert_eq!(shop.head().await, head, "nothing was written");
});

on_both!(a_reference_is_used_once_in_a_channel, site: Site => {
    let (_server, shop) = open(site).await;
    let called = |key: &str| {
        let mut input = order(&shop, key, "CONFIRMED", &json!({}));
        input["externalRef"] = "web-1".into();
        input
    };
    shop.client.must_mutate(ORDER, called("first")).await;
    let head = shop.head().await;
    refused(&shop.client.change(ORDER, called("second")).await, "DUPLICATE", "input.externalRef");
    assert_eq!(shop.client.must_mutate(ORDER, called("first")).await["replayed"], true);
    assert_eq!(shop.head().await, head);
});

on_both!(a_key_belongs_to_its_input, site: Site => {
    let (_server, shop) = open(site).await;
    shop.adjust("mine", 0, 0, 1).await;
    let (levels, head) = (shop.levels().await, shop.head().await);
    let (product, store) = shop.place(0, 0);
    let other = adjust("mine", "ADJUSTMENT", "CORRECTION", &[change(&product, &store, 2)]);
    refused(&shop.client.change(ADJUST, other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    assert_eq!(shop.adjust("mine", 0, 0, 1).await["replayed"], true);
    for key in [String::new(), "k".repeat(256)] {
        let payload = shop.client.change(ADJUST, adjust(&key, "ADJUSTMENT", "OTHER", &[change(&product, &store, 1)])).await;
        assert_eq!(refusal(&payload).1, "input.idempotencyKey", "{payload}");
    }
    assert_eq!((shop.levels().await, shop.head().await), (levels, head));

    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let (client, input) = (shop.client.clone(), adjust("raced", "SALE", "SALE", &[change(&product, &store, -3)]));
        calls.spawn(async move { client.must_mutate(ADJUST, input).await });
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer["replayed"] == false).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer["movement"]["id"] == answers[0]["movement"]["id"]));
    assert_eq!(shop.levels().await[&shop.place(0, 0)].on_hand, ON_HAND + 1 - 3);
});

fn set(shop: &Shop, key: &str, on_hand: i64, compare: &Value) -> Value {
    let (product, store) = shop.place(0, 0);
    let item = json!({ "product": { "id": product }, "store": { "id": store }, "onHand": on_hand, "compare": compare });
    json!({ "idempotencyKey": key, "reasonCode": "CORRECTION", "items": [item] })
}

on_both!(stale_versions_are_told_what_is_there, site: Site => {
    let (_server, shop) = open(site).await;
    let version = shop.levels().await[&shop.place(0, 0)].version;
    for round in 0..5 {
        let now = version + round;
        let mut calls = JoinSet::new();
        for rival in 0..2 {
            let input = set(&shop, &format!("{round} {rival}"), 20 + round * 2 + rival, &json!({ "expectedVersion": now }));
            let client = shop.client.clone();
            calls.spawn(async move { client.change(SET, input).await });
        }
        let (won, lost): (Vec<_>, Vec<_>) = calls.join_all().await.into_iter().partition(|p| p["userErrors"] == json!([]));
        assert_eq!((won.len(), lost.len()), (1, 1), "{won:?} {lost:?}");
        refused(&lost[0], "VERSION_CONFLICT", "input.items.0.compare");
        let error = &lost[0]["userErrors"][0];
        assert_eq!((&error["actualVersion"], &error["current"]["version"]), (&json!(now + 1), &json!(now + 1)), "{error}");
        assert_eq!(error["current"]["onHand"], won[0]["levels"][0]["onHand"]);
    }
    let (product, store) = shop.place(0, 0);
    let mut stale = change(&product, &store, 1);
    stale["expectedVersion"] = version.into();
    let payload = shop.client.change(ADJUST, adjust("stale", "ADJUSTMENT", "CORRECTION", &[stale])).await;
    refused(&payload, "VERSION_CONFLICT", "input.changes.0.expectedVersion");
    let payload = shop.client.change(SET, set(&shop, "stale", 1, &json!({ "expectedOnHand": ON_HAND }))).await;
    refused(&payload, "VERSION_CONFLICT", "input.items.0.compare");
});

on_both!(a_dry_run_writes_nothing, site: Site => {
    let (_server, shop) = open(site).await;
    let (levels, head) = (shop.levels().await, shop.head().await);
    let (product, store) = shop.place(0, 0);
    let item = json!({ "product": { "id": product }, "store": { "id": store }, "quantity": 2 });
    let calls = [
        (ADJUST, adjust("dry", "ADJUSTMENT", "CORRECTION", &[change(&product, &store, 5)])),
        (SET, set(&shop, "dry", 3, &json!({ "unconditional": true }))),
        (RESERVE, json!({ "idempotencyKey": "dry", "items": [item] })),
        (ORDER, order(&shop, "dry", "FULFILLED", &json!({}))),
    ];
    for (query, input) in &calls {
        let payload = shop.client.execute(query, json!({ "input": input, "dry": true })).await["result"].take();
        assert_eq!((&payload["userErrors"], &payload["seq"]), (&json!([]), &Value::Null), "{payload}");
    }
    assert_eq!((shop.levels().await, shop.head().await), (levels, head));
    // The key is still free, for this input or another.
    for (query, input) in &calls {
        assert_eq!(shop.client.must_mutate(query, input.clone()).await["replayed"], false);
    }
});

on_both!(filters_are_refused_with_their_place_and_the_names_that_were_meant, site: Site => {
    let (_server, shop) = open(site).await;
    let query = "query($filter: OrderFilter) { orders(filter: $filter) { nodes { id } } }";
    let many: Vec<String> = (0..251).map(|number| number.to_string()).collect();
    let deep = (0..5).fold(json!({}), |inner, _| json!({ "not": inner }));
    for (filter, code, place, message) in [
        (json!({ "sku": { "in": many } }), "LIMIT_EXCEEDED", "filter.sku.in", "filter.sku.in has 251 values: at most 250 are taken"),
        (json!({ "or": vec![json!({}); 11] }), "LIMIT_EXCEEDED", "filter.or", "filter.or has 11 branches: at most 10 are taken"),
        (json!({ "and": vec![json!({}); 51] }), "LIMIT_EXCEEDED", "filter", "filter has 51 conditions: at most 50 are taken"),
        (deep, "LIMIT_EXCEEDED", "filter.not.not.not.not.not", "filter has 5 levels of and, or and not: at most 4 are taken"),
        (
            json!({ "or": [{ "search": "a b c d e f g h i" }] }), "LIMIT_EXCEEDED", "filter.or.0.search",
            "filter.or.0.search has 9 words: at most 8 are taken",
        ),
        (
            json!({ "stats": ["DRAFT"] }), "GRAPHQL_VALIDATION_FAILED", "filter.stats",
            "Unknown field \"stats\" of OrderFilter at filter.stats. Did you mean \"status\", \"store\" or \"tag\"?",
        ),
        (
            json!({ "and": [{ "externalRef": { "startswith": "x" } }] }), "GRAPHQL_VALIDATION_FAILED", "filter.and.0.externalRef.startswith",
            "Unknown field \"startswith\" of StringFilter at filter.and.0.externalRef.startswith. Did you mean \"startsWith\"?",
        ),
        (
            json!({ "warehouse": "x" }), "GRAPHQL_VALIDATION_FAILED", "filter.warehouse",
            "Unknown field \"warehouse\" of OrderFilter at filter.warehouse.",
        ),
    ] {
        let answer = shop.client.send(query, &json!({ "filter": filter })).await.unwrap();
        let error = &answer["errors"][0];
        let field: Vec<&str> = place.split('.').collect();
        let found = (&error["extensions"]["code"], &error["extensions"]["field"], &error["message"]);
        assert_eq!(found, (&json!(code), &json!(field), &json!(message)), "{answer}");
    }
    // Other inputs get the code of a malformed value, and a message with the expected form.
    let find = "query($value: OrderRef!) { order(by: $value) { id } }";
    let create = "mutation($value: CustomerCreateInput!) { customerCreate(input: $value) { replayed } }";
    let watch = "mutation($value: WebhookEndpointCreateInput!) { webhookEndpointCreate(input: $value) { replayed } }";
    for (query, value, place, message) in [
        (find, json!({}), "by", "\"by\", exactly one field of external, id, number is expected, and not null"),
        (find, json!({ "id": null }), "by", "\"by\", exactly one field of external, id, number is expected, and not null"),
        (
            create, json!({ "name": "Ada", "externlRef": "1" }), "input.externlRef",
            "\"input\", unknown field \"externlRef\" of type \"CustomerCreateInput\". Did you mean \"externalRef\"?",
        ),
        // A required field that is missing beside it is perhaps the one that was meant.
        (
            watch, json!({ "url": "https://x.example", "events": ["*"] }), "input.events",
            "\"input\", unknown field \"events\" of type \"WebhookEndpointCreateInput\"",
        ),
    ] {
        let answer = shop.client.send(query, &json!({ "value": value })).await.unwrap();
        let error = &answer["errors"][0];
        let field: Vec<&str> = place.split('.').collect();
        let found = (&error["extensions"]["code"], &error["extensions"]["field"], &error["message"]);
        let message = format!("Invalid value for argument {message}");
        assert_eq!(found, (&json!("BAD_USER_INPUT"), &json!(field), &json!(message)), "{answer}");
    }
    // An error of a scalar inside inputs is reported once, with the path.
    let filter = json!({ "and": [{ "not": { "placedAt": { "gte": "yesterday" } } }] });
    let answer = shop.client.send(query, &json!({ "filter": filter })).await.unwrap();
    let (error, place) = (&answer["errors"][0], "filter.and.0.not.placedAt.gte");
    let message = text(&error["message"]);
    assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    assert_eq!(error["extensions"]["field"], json!(place.split('.').collect::<Vec<_>>()), "{answer}");
    assert!(message.ends_with(&format!(" at {place}")) && !message.contains("occurred while parsing"), "{message}");
});

on_both!(each_value_that_does_not_fit_has_its_own_message_and_place, site: Site => {
    let (_server, shop) = open(site).await;
    // The engine alone would report only the enum: validation does not parse our scalars.
    let mut wrong = order(&shop, "wrong", "CONFIRMED", &json!({ "quantity": "1" }));
    wrong["onShortage"] = json!("SHRUG");
    let answer = shop.client.send(ORDER, &json!({ "input": wrong })).await.unwrap();
    let error_facts = |error: &Value| json!([error["extensions"]["code"], error["extensions"]["field"], error["message"]]);
    let errors: Vec<Value> = answer["errors"].as_array().unwrap().iter().map(error_facts).collect();
    let quantity = "Failed to parse \"Quantity\": a whole number within ±(2^53 − 1) is expected at input.lines.0.quantity";
    let policy = "Invalid value for argument \"input.onShortage\", enumeration type \"ShortagePolicy\" does not contain the value \"SHRUG\"";
    let expected = json!([
        ["BAD_USER_INPUT", ["input", "lines", "0", "quantity"], quantity],
        ["BAD_USER_INPUT", ["input", "onShortage"], policy],
    ]);
    assert_eq!(json!(errors), expected, "{answer}");
});
