//! Hundreds of products in one call.

use serde_json::{Value, json};

use super::{category, change, product, refusal, refusals, succeeded};
use crate::{catalog::world::World, world::on_both};

const ROWS: &str = "rows { index outcome product { sku name version barcodes { code } } userErrors { code field } }";

async fn upsert(world: &World, input: Value) -> Value {
    change(world, "productBulkUpsert", "ProductBulkUpsertInput", ROWS, input).await
}
fn outcomes(answer: &Value) -> Vec<&str> {
    answer["rows"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect()
}
fn row_errors(answer: &Value, index: usize) -> Vec<(String, String)> {
    refusals(&answer["rows"][index])
}

on_both!(each_row_is_answered_by_itself, world: World => {
    succeeded(product(world, json!({ "sku": "old", "name": "Old", "barcodes": [{ "code": "OLD-1" }] })).await);
    succeeded(product(world, json!({ "sku": "same", "name": "Same" })).await);
    let answer = upsert(world, json!({ "idempotencyKey": "k", "rows": [
        { "sku": "new", "name": "New", "barcodes": [{ "code": "N-1" }] },
        { "sku": "OLD", "name": "Renewed", "barcodes": [{ "code": "OLD-2" }] },
        { "sku": "same", "name": "Same" },
        { "sku": "NEW", "name": "Twice" },
        { "sku": "nameless" },
        { "sku": "gtin", "name": "Bad code", "barcodes": [{ "code": "4006381333930" }] },
        { "sku": "thief", "name": "Thief", "barcodes": [{ "code": "N-1" }] },
        { "sku": "heir", "name": "Heir", "barcodes": [{ "code": "OLD-1" }] },
        { "sku": "lost", "name": "Lost", "categoryId": "cat_00000000000000000000000001" },
    ] })).await;
    assert_eq!(outcomes(&answer), ["CREATED", "UPDATED", "UNCHANGED", "REFUSED", "REFUSED", "REFUSED", "REFUSED", "CREATED", "REFUSED"]);
    assert_eq!(answer["rows"][1]["product"], json!({ "sku": "old", "name": "Renewed", "version": 2, "barcodes": [{ "code": "OLD-2" }] }));
    assert_eq!(row_errors(&answer, 3), refusal("DUPLICATE", "input.rows.3.sku"));
    assert_eq!(row_errors(&answer, 4), refusal("REQUIRED", "input.rows.4.name"));
    assert_eq!(row_errors(&answer, 5), refusal("INVALID", "input.rows.5.barcodes.0.code"));
    assert_eq!(row_errors(&answer, 6), refusal("DUPLICATE", "input.rows.6.barcodes.0.code"));
    assert_eq!(row_errors(&answer, 8), refusal("NOT_FOUND", "input.rows.8.categoryId"));
    assert_eq!(answer["userErrors"], json!([]));
    let kinds: Vec<String> = world.events().await.into_iter().map(|(kind, _)| kind).skip(2).collect();
    assert_eq!(kinds, ["product.created", "product.updated", "product.created"]);
    assert_eq!(answer["seq"], json!(5));
});

on_both!(a_call_sent_again_is_answered_again, world: World => {
    let input = json!({ "idempotencyKey": "k", "rows": [{ "sku": "a", "name": "A" }, { "sku": "b" }] });
    let first = upsert(world, input.clone()).await;
    let again = upsert(world, input).await;
    assert_eq!((&again["rows"], &again["seq"], &again["replayed"]), (&first["rows"], &first["seq"], &json!(true)));
    let other = upsert(world, json!({ "idempotencyKey": "k", "rows": [{ "sku": "a", "name": "A2" }] })).await;
    assert_eq!(refusals(&other), refusal("IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey"));
    assert_eq!(other["rows"], json!([]));
});

on_both!(five_hundred_and_not_one_more, world: World => {
    let rows = |n: usize| (0..n).map(|i| json!({ "sku": format!("s{i}"), "name": format!("Thing {i}"), "barcodes": [{ "code": format!("c{i}") }],
        "price": { "amount": "1.99", "currencyCode": "GBP" } })).collect::<Vec<_>>();
    let before = world.db.statements();
    let answer = upsert(world, json!({ "rows": rows(501) })).await;
    assert_eq!(refusals(&answer), refusal("LIMIT_EXCEEDED", "input.rows"));
    assert_eq!(world.db.statements(), before);
    let query = "mutation($input: ProductBulkUpsertInput!) { productBulkUpsert(input: $input) { rows { outcome } seq } }";
    let (answer, statements) = world.counted(query, json!({ "input": { "rows": rows(500) } })).await;
    assert!(outcomes(&answer["productBulkUpsert"]).iter().all(|outcome| *outcome == "CREATED"));
    assert_eq!(answer["productBulkUpsert"]["seq"], json!(500));
    // SQLite writes in powers of two rows: a few more statements than Postgres.
    assert!(statements <= 30, "{statements}");
    let (answer, statements) = world.counted(query, json!({ "input": { "rows": rows(500) } })).await;
    assert!(outcomes(&answer["productBulkUpsert"]).iter().all(|outcome| *outcome == "UNCHANGED"));
    assert!(statements <= 3, "{statements}");
    let count = world.execute("{ productsCount { count } few: productsCount(limit: 10) { count precision } }", json!({})).await;
    assert_eq!(count, json!({ "productsCount": { "count": 500 }, "few": { "count": 10, "precision": "AT_LEAST" } }));
});

on_both!(calls_that_cross_wait_for_each_other, world: World => {
    let made_category = succeeded(category(world, json!({ "name": "Mugs" })).await)["category"]["id"].clone();
    let rows = |reversed: bool, name: &str| {
        let mut rows: Vec<Value> =
            (0..60).map(|i| json!({ "sku": format!("s{i}"), "name": format!("{name} {i}"), "categoryId": made_category })).collect();
        if reversed {
            rows.reverse();
        }
        json!({ "rows": rows })
    };
    let calls = (0..6).map(|n| upsert(world, rows(n % 2 == 0, &format!("call {n}"))));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| answer["userErrors"] == json!([]) && !outcomes(answer).contains(&"REFUSED")), "{answers:#?}");
    let created: usize = answers.iter().map(|answer| outcomes(answer).iter().filter(|o| **o == "CREATED").count()).sum();
    assert_eq!(created, 60);
    assert_eq!(world.events().await.len(), 1 + 360);
});
