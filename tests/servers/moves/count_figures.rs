//! Figures of counts, checked with published test vectors, and counts that are due.

use std::collections::BTreeMap;

use entrepot::counts::core::{Pair, accuracy, classify_abc, shrinkage};
use serde_json::{Value, json};

use super::world::{Orders, World, accepted};

/// Returns the vectors of one metric; none, with a message, if the data file is missing.
fn vectors(metric: &str) -> Vec<Value> {
    let Some(text) = crate::world::shared("data/inventory-vectors.json") else { return Vec::new() };
    let all: Value = serde_json::from_str(&text).unwrap();
    all["vectors"].as_array().unwrap().iter().filter(|vector| vector["metric"] == metric).cloned().collect()
}

#[test]
fn classes_follow_the_vectors() {
    for vector in vectors("abc") {
        let revenue = vector["input"]["revenue"].as_object().unwrap();
        let revenue: Vec<(String, i64)> = revenue.iter().map(|(sku, brings)| (sku.clone(), brings.as_i64().unwrap())).collect();
        let found: BTreeMap<String, Value> =
            classify_abc(&revenue).into_iter().map(|(sku, class)| (sku, json!(class.as_str()))).collect();
        assert_eq!(json!(found), vector["expected"]["class"], "{}", vector["id"]);
    }
}

#[test]
fn shrinkage_and_accuracy_follow_the_vectors() {
    for vector in vectors("shrinkage") {
        let counts = vector["input"]["counts"].as_array().unwrap();
        let pairs: Vec<Pair> =
            counts.iter().map(|pair| Pair { book: pair[0].as_i64().unwrap(), counted: pair[1].as_i64().unwrap() }).collect();
        let near = |found: Option<f64>, name: &str| {
            let expected = vector["expected"][name].as_f64().unwrap();
            assert!((found.unwrap() - expected).abs() < 1e-6, "{} {name}: {found:?}", vector["id"]);
        };
        near(shrinkage(&pairs), "shrinkage");
        near(accuracy(&pairs, vector["input"]["tolerance"].as_i64().unwrap()), "accuracy");
    }
    assert_eq!((shrinkage(&[]), accuracy(&[], 0)), (None, None));
}

#[tokio::test]
async fn a_count_tells_how_well_the_books_agree() {
    World::on_both(async |world| {
        let count = world.start_count(json!({})).await;
        // Books: 100 mugs, 5,000 g of tea, 4 lamps.
        world.record_counted(&count, &[(world.mug, 98), (world.tea, 5_500), (world.lamp, 4)]).await;
        let document = "query($id: ID!, $tolerance: Quantity! = 0) { stocktake(by: {id: $id}) { figures(tolerance: $tolerance) { \
            booked counted shrinkage accuracy differenceValue { amount } absoluteValue { amount } } } }";
        let answer = world.execute(document, json!({"id": count["id"], "tolerance": 2})).await;
        // Two mugs at 1.00 are gone, half a kilogram of tea at 1.00 is more.
        let figures = json!({"booked": 5_104, "counted": 5_602, "shrinkage": "-0.097571", "accuracy": "0.666667",
            "differenceValue": {"amount": "-1.50"}, "absoluteValue": {"amount": "2.50"}});
        assert_eq!(answer["stocktake"]["figures"], figures);
        let answer = world.execute(document, json!({"id": count["id"], "tolerance": -1})).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT");
    })
    .await;
}

#[tokio::test]
async fn what_was_cancelled_or_sold_in_another_currency_makes_no_class() {
    World::on_both(async |world| {
        let (mug, tea, lamp) = (world.mug, world.tea, world.lamp);
        let sold = world.order("FULFILLED", json!([{"product": {"id": mug}, "quantity": 2}])).await;
        assert_eq!(sold["userErrors"], json!([]));
        let foreign = json!({"amount": "90000.00", "currencyCode": "HUF"});
        let sold = world.order("FULFILLED", json!([{"product": {"id": lamp}, "quantity": 1, "unitPrice": foreign}])).await;
        assert_eq!(sold["userErrors"], json!([]));
        let ordered = world.order("CONFIRMED", json!([{"product": {"id": tea}, "quantity": 4_000, "unitPrice": {"amount": "100.00", "currencyCode": "GBP"}}])).await;
        let order = &ordered["order"];
        let part = json!({"idempotencyKey": world.key(), "id": order["id"], "lines": [{"lineId": order["lines"][0]["id"], "quantity": 1}]});
        let part = world.mutate_selecting::<Orders>("orderFulfil", part).await;
        assert_eq!(part["userErrors"], json!([]), "{part}");
        let rest = world.mutate_selecting::<Orders>("orderCancel", json!({"idempotencyKey": world.key(), "id": order["id"]})).await;
        assert_eq!(rest["userErrors"], json!([]), "{rest}");
        let document = "query($store: ID!) { countsDue(storeId: $store) { product { sku } abcClass } }";
        let answer = world.execute(document, json!({"store": world.store})).await;
        let due: Vec<_> = answer["countsDue"].as_array().unwrap().iter().map(|one| (one["product"]["sku"].clone(), one["abcClass"].clone())).collect();
        let (sku, class) = &due[0];
        assert_eq!((sku, class), (&json!("MUG"), &json!("A")), "{due:?}");
        assert!(due[1..].iter().all(|(_, class)| class == "C"), "{due:?}");
    })
    .await;
}

#[tokio::test]
async fn what_brings_most_is_due_first_until_it_has_been_counted() {
    World::on_both(async |world| {
        let (mug, tea) = (world.mug, world.tea);
        let order = world.order("FULFILLED", json!([{"product": {"id": mug}, "quantity": 50}, {"product": {"id": tea}, "quantity": 100}])).await;
        assert_eq!(order["userErrors"], json!([]));
        let document = "query($store: ID!, $class: AbcClass) { countsDue(storeId: $store, abcClass: $class) { product { sku } abcClass countedAt } }";
        let due = async |class: Value| {
            let answer = world.execute(document, json!({"store": world.store, "class": class})).await;
            let due = answer["countsDue"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
            due.iter().map(|one| format!("{}{}", one["abcClass"].as_str().unwrap(), one["product"]["sku"].as_str().unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(due(Value::Null).await, ["AMUG", "CLAMP", "CTEA"]);
        let page = "query($store: ID!, $after: Cursor) { stocktakesDueList(store: { id: $store }, first: 2, after: $after) {
            nodes { product { sku } abcClass } pageInfo { hasNextPage endCursor } } }";
        let some = world.execute(page, json!({"store": world.store})).await["stocktakesDueList"].clone();
        let skus = |page: &Value| page["nodes"].as_array().unwrap().iter().map(|one| one["product"]["sku"].clone()).collect::<Vec<_>>();
        assert_eq!((skus(&some), &some["pageInfo"]["hasNextPage"]), (vec![json!("MUG"), json!("LAMP")], &json!(true)));
        let rest = json!({"store": world.store, "after": some["pageInfo"]["endCursor"]});
        let rest = world.execute(page, rest).await["stocktakesDueList"].clone();
        assert_eq!((skus(&rest), &rest["pageInfo"]["hasNextPage"]), (vec![json!("TEA")], &json!(false)));
        let narrow = "query($store: ID!) { stocktakesDueList(store: { id: $store }, product: { sku: { startsWith: \"t\" } }) {
            nodes { product { sku } } totalCount { count } } }";
        let teas = world.execute(narrow, json!({"store": world.store})).await["stocktakesDueList"].clone();
        assert_eq!((skus(&teas), &teas["totalCount"]["count"]), (vec![json!("TEA")], &json!(1)));
        assert_eq!(due(json!("B")).await, Vec::<String>::new());
        world.advance_clock(1);
        let count = world.start_count(json!({"kind": "CYCLE", "abcClass": "A"})).await;
        assert_eq!(count["lines"]["nodes"][0]["sku"], "MUG");
        world.record_counted(&count, &[(mug, 50)]).await;
        world.complete_count_step("stocktakeSubmit", &count).await;
        let payload = world.mutate("stocktakeApprove", world.step(&count)).await;
        accepted(&payload, "stocktake");
        assert_eq!(due(Value::Null).await, ["CLAMP", "CTEA"]);
        world.advance_clock(30 * 24 * 3600);
        assert_eq!(due(json!("A")).await, ["AMUG"]);
    })
    .await;
}
