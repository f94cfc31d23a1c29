//! Revaluations: documents that set the value of stock.

use serde_json::{Value, json};

use super::world::Books;
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, gbp, key, refused},
    world::{answers::refusals, on_both},
};

on_both!(
    a_document_says_what_units_are_worth_from_then_on,
    a_dry_run_says_what_would_happen_and_writes_nothing,
    what_cannot_be_revalued_is_refused_with_its_path,
    the_same_key_answers_again,
    documents_are_listed_newest_first,
);

async fn a_document_says_what_units_are_worth_from_then_on(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    books.receive(&mug, 7, "5.00").await;
    let sold = books.sell(&mug, 1).await;
    let before = json!(entrepot::clock::rfc3339(world.node.clock.now()));
    world.advance_clock(1);
    let payload = books.revalue(json!({ "externalRef": "Q4", "lines": [{ "product": mug, "unitCost": gbp("1.50") }] })).await;
    let document = accepted(&payload, "revaluation");
    assert!(payload["seq"].is_i64() && document["number"] != "·", "{payload}");
    assert_eq!(
        document["lines"],
        json!([{ "product": { "id": mug["id"] }, "unitCost": { "amount": "1.50" }, "change": { "amount": "-23.40" } }])
    );
    assert_eq!((&document["note"], &document["externalRef"]), (&json!("the market fell"), &json!("Q4")));
    assert_eq!(books.cost(&mug).await, json!([9, "13.50", "13.50", [[2, "3.00"], [7, "10.50"]]]));
    assert_eq!(books.sell(&mug, 2).await["costOfGoodsSold"]["amount"], "3.00");
    let query = "query($id: ID!) { order(by: { id: $id }) { costOfGoodsSold { amount } } }";
    let answer = books.office.execute(query, json!({ "id": sold["id"] })).await;
    assert_eq!(answer["data"]["order"]["costOfGoodsSold"]["amount"], "4.10", "what has left stays as it was");
    assert_eq!(books.worth_at(&mug, before, Value::Null).await, json!([9, "36.90"]));
    assert_eq!(books.report(&mug, "MOVING_AVERAGE").await, ["41.00", "7.10", "0.00", "0.00", "0.00", "-23.40", "10.50"]);
    books.office.is_sound().await;
}

async fn a_dry_run_says_what_would_happen_and_writes_nothing(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    books.cost(&mug).await;
    let before = world.dump(books.office.caller.tenant).await;
    let input = json!({ "idempotencyKey": key(), "note": "why", "lines": [{ "product": mug, "unitCost": gbp("0.00") }] });
    let query = "mutation($input: StockRevalueInput!) { stockRevalue(input: $input, validateOnly: true) { seq userErrors { code } revaluation { number lines { change { amount } } } } }";
    let answer = books.office.execute(query, json!({ "input": input })).await;
    let payload = &answer["data"]["stockRevalue"];
    assert_eq!(payload["revaluation"], json!({ "number": "·", "lines": [{ "change": { "amount": "-6.00" } }] }), "{answer}");
    assert_eq!(payload["seq"], Value::Null);
    assert_eq!(world.dump(books.office.caller.tenant).await, before);
}

async fn what_cannot_be_revalued_is_refused_with_its_path(world: &World) {
    let books = Books::of(world).await;
    let (mug, empty) = (books.office.product("MUG", "2.00").await, books.office.product("EMPTY", "2.00").await);
    let plate = books.office.product("PLATE", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    books.receive(&plate, 1, "2.00").await;
    let line = |product: &Value, cost: Value| json!({ "product": product, "unitCost": cost });
    let theirs = json!({ "id": world.theirs.ids["prd"] });
    let euros = json!({ "amount": "1.00", "currencyCode": "EUR" });
    let fine = || line(&mug, gbp("1.00"));
    for (lines, code, field) in [
        (json!([]), "REQUIRED", "input.lines"),
        (json!(vec![fine(); 501]), "LIMIT_EXCEEDED", "input.lines"),
        (json!([fine(), line(&mug, gbp("2.00"))]), "DUPLICATE", "input.lines.1.product"),
        (json!([line(&mug, gbp("-1.00"))]), "OUT_OF_RANGE", "input.lines.0.unitCost"),
        (json!([line(&mug, euros)]), "INVALID", "input.lines.0.unitCost"),
        (json!([fine(), line(&theirs, gbp("1.00"))]), "NOT_FOUND", "input.lines.1.product.id"),
        (json!([line(&empty, gbp("1.00"))]), "INVALID_STATE", "input.lines.0.product"),
        (json!([line(&plate, gbp("1.00")), line(&mug, gbp("90071992547409.91"))]), "OUT_OF_RANGE", "input.lines.1.unitCost"),
        (json!([line(&mug, gbp("30023997515803.30")), line(&plate, gbp("9.00"))]), "OUT_OF_RANGE", "input.lines"),
        (json!([line(&json!({ "sku": "NOBODY" }), gbp("1.00"))]), "NOT_FOUND", "input.lines.0.product.sku"),
        (json!([line(&mug, json!({ "amount": "1.005", "currencyCode": "GBP" }))]), "INVALID", "input.lines.0.unitCost.amount"),
    ] {
        refused(&books.revalue(json!({ "lines": lines })).await, code, field);
    }
    // All unknown products are reported, before a product that is in two lines.
    let nobody = |sku: &str| line(&json!({ "sku": sku }), gbp("1.00"));
    let unknown =
        books.revalue(json!({ "lines": [fine(), nobody("NOBODY"), fine(), nobody("NOBODY"), line(&theirs, gbp("1.00"))] })).await;
    let paths: Vec<String> = refusals(&unknown).into_iter().map(|(code, path)| format!("{code} {path}")).collect();
    let named = [(1, "sku"), (3, "sku"), (4, "id")];
    assert_eq!(paths, named.map(|(nth, key)| format!("NOT_FOUND input.lines.{nth}.product.{key}")));
    // So are all invalid values, before products without stock, and then all products without
    // stock.
    let all = async |lines: Value| {
        let paths = refusals(&books.revalue(json!({ "lines": lines })).await).into_iter();
        paths.map(|(code, path)| format!("{code} {path}")).collect::<Vec<String>>()
    };
    let bare = books.office.product("BARE", "2.00").await;
    let lines =
        json!([line(&mug, gbp("-1.00")), line(&empty, gbp("1.00")), line(&plate, gbp("-2.00")), line(&bare, gbp("1.00"))]);
    assert_eq!(all(lines).await, [0, 2].map(|nth| format!("OUT_OF_RANGE input.lines.{nth}.unitCost")));
    let lines = json!([line(&empty, gbp("1.00")), fine(), line(&bare, gbp("1.00"))]);
    assert_eq!(all(lines).await, [0, 2].map(|nth| format!("INVALID_STATE input.lines.{nth}.product")));
    refused(&books.revalue(json!({ "note": " ", "lines": [fine()] })).await, "REQUIRED", "input.note");
    refused(&books.revalue(json!({ "note": "x".repeat(1_001), "lines": [fine()] })).await, "TOO_LONG", "input.note");
    refused(&books.revalue(json!({ "externalRef": "", "lines": [fine()] })).await, "INVALID", "input.externalRef");
    refused(&books.revalue(json!({ "idempotencyKey": "", "lines": [fine()] })).await, "REQUIRED", "input.idempotencyKey");
    accepted(&books.revalue(json!({ "externalRef": "Q4", "lines": [fine()] })).await, "revaluation");
    refused(&books.revalue(json!({ "externalRef": "Q4", "lines": [fine()] })).await, "DUPLICATE", "input.externalRef");
    assert_eq!(books.cost(&mug).await[1], "3.00", "of all that, one was done");
    books.office.is_sound().await;
}

async fn the_same_key_answers_again(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    let input = json!({ "idempotencyKey": key(), "lines": [{ "product": mug, "unitCost": gbp("1.00") }] });
    let first = books.revalue(input.clone()).await;
    books.receive(&mug, 1, "9.00").await;
    let again = books.revalue(input.clone()).await;
    assert_eq!((&again["revaluation"], &again["seq"], &again["replayed"]), (&first["revaluation"], &first["seq"], &json!(true)));
    let mut other = input.clone();
    other["note"] = json!("another reason");
    refused(&books.revalue(other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    // Many at once with one key are one.
    let fresh = json!({ "idempotencyKey": key(), "lines": [{ "product": mug, "unitCost": gbp("2.00") }] });
    let all = futures_util::future::join_all((0..6).map(|_| books.revalue(fresh.clone()))).await;
    let ids: std::collections::BTreeSet<_> = all.iter().map(|one| accepted(one, "revaluation")["id"].to_string()).collect();
    assert_eq!((ids.len(), all.iter().filter(|one| one["replayed"] == false).count()), (1, 1));
    assert_eq!(books.cost(&mug).await[1], "8.00");
    books.office.is_sound().await;
}

async fn documents_are_listed_newest_first(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    for cost in ["1.00", "2.00", "3.00"] {
        accepted(&books.revalue(json!({ "lines": [{ "product": mug, "unitCost": gbp(cost) }] })).await, "revaluation");
    }
    let query = "query($after: Cursor) { stockRevaluations(first: 2, after: $after) { nodes { number lines { unitCost { amount } } } pageInfo { hasNextPage endCursor } } }";
    let page = books.office.execute(query, json!({})).await["data"]["stockRevaluations"].clone();
    let costs = |page: &Value| {
        page["nodes"].as_array().unwrap().iter().map(|n| n["lines"][0]["unitCost"]["amount"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((costs(&page), &page["pageInfo"]["hasNextPage"]), (vec![json!("3.00"), json!("2.00")], &json!(true)));
    let rest =
        books.office.execute(query, json!({ "after": page["pageInfo"]["endCursor"] })).await["data"]["stockRevaluations"].clone();
    assert_eq!(costs(&rest)[0], "1.00");
    let (plate, number) = (books.office.product("PLATE", "2.00").await, page["nodes"][1]["number"].clone());
    books.receive(&plate, 1, "2.00").await;
    accepted(
        &books.revalue(json!({ "externalRef": "Q4-26", "lines": [{ "product": plate, "unitCost": gbp("7.00") }] })).await,
        "revaluation",
    );
    let query = "query($f: StockRevaluationFilter, $s: StockRevaluationSort) { stockRevaluations(filter: $f, sort: $s) {
        nodes { number lines { unitCost { amount } } } totalCount { count } } }";
    for (filter, found) in [
        (json!({ "product": { "key": ["mug"] } }), json!(["1.00", "2.00", "3.00"])),
        (json!({ "sku": { "startsWith": "pla" } }), json!(["7.00"])),
        (json!({ "number": { "eq": number }, "product": { "eq": mug["id"] } }), json!(["2.00"])),
        (json!({ "search": "q4" }), json!([])),
        (json!({ "search": "Q4-" }), json!(["7.00"])),
        (json!({ "externalRef": { "eq": "Q4-26" }, "product": { "eq": mug["id"] } }), json!([])),
        (json!({ "product": { "eq": mug["id"] }, "createdAt": { "lt": "2000-01-01T00:00:00Z" } }), json!([])),
    ] {
        let input = json!({ "f": filter, "s": { "field": "NUMBER", "direction": "ASC" } });
        let page = books.office.execute(query, input).await["data"]["stockRevaluations"].clone();
        assert_eq!(json!(costs(&page)), found, "{filter}");
    }
}
