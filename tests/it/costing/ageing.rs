//! Age of stock.

use serde_json::{Value, json};

use super::world::Books;
use crate::{authorization::world::World, demand::days::days_ago, purchasing::office::gbp, world::on_both};

on_both!(ages_are_of_what_came_last_and_sum_to_what_stock_is_worth);

const AGEING: &str =
    "query($n: Int, $a: Cursor, $p: ProductFilter) { stockAgeing(first: $n, after: $a, product: $p) { isCurrent pageInfo { hasNextPage endCursor }
  totals { quantity value { amount } ages { fromDays toDays quantity value { amount } } }
  nodes { product { sku } quantity value { amount } oldestReceivedAt ages { quantity value { amount } } } }
  stockValue(method: FIFO) { total { quantity value { amount } } } }";

fn ages(document: &Value) -> Vec<(i64, String)> {
    let age = |age: &Value| (age["quantity"].as_i64().unwrap(), age["value"]["amount"].as_str().unwrap().to_owned());
    document["ages"].as_array().unwrap().iter().map(age).collect()
}

async fn ages_are_of_what_came_last_and_sum_to_what_stock_is_worth(world: &World) {
    let books = Books::of(world).await;
    let (mug, plate) = (books.office.product("MUG", "2.00").await, books.office.product("PLATE", "3.00").await);
    let receive = async |product: &Value, units: i64, cost: &str, days: i64| {
        books.adjust("RECEIPT", product, units, json!({ "unitCost": gbp(cost), "occurredAt": days_ago(world, days) })).await;
    };
    // All at one cost: the book has a single layer for them, which loses its oldest units first.
    for (units, days) in [(10, 400), (10, 100), (10, 40), (10, 5)] {
        receive(&mug, units, "2.00", days).await;
    }
    receive(&plate, 3, "50.00", 366).await;
    receive(&plate, 3, "70.00", 31).await;
    books.sell(&mug, 13).await;
    books.sell(&plate, 1).await;
    let answer = books.office.execute(AGEING, json!({})).await;
    let found = &answer["data"]["stockAgeing"];
    assert_eq!(found["isCurrent"], true, "{answer:#}");
    let row_of = |sku: &str| found["nodes"].as_array().unwrap().iter().find(|row| row["product"]["sku"] == sku).unwrap();
    let own = |figures: [(i64, &str); 6]| figures.map(|(units, value)| (units, value.to_owned())).to_vec();
    let none = (0, "0.00");
    assert_eq!(ages(row_of("MUG")), own([(10, "20.00"), (10, "20.00"), none, (7, "14.00"), none, none]), "{answer:#}");
    assert_eq!(ages(row_of("PLATE")), own([none, (3, "210.00"), none, none, none, (2, "100.00")]));
    assert_eq!(row_of("PLATE")["oldestReceivedAt"], json!(days_ago(world, 366)));
    let total = &answer["data"]["stockValue"]["total"];
    assert_eq!((&found["totals"]["quantity"], &found["totals"]["value"]), (&total["quantity"], &total["value"]));
    let spans = found["totals"]["ages"].as_array().unwrap().iter().map(|age| json!([age["fromDays"], age["toDays"]]));
    assert_eq!(json!(spans.collect::<Vec<_>>()), json!([[0, 30], [31, 60], [61, 90], [91, 180], [181, 365], [366, null]]));
    let plates = books.office.execute(AGEING, json!({ "p": { "sku": { "eq": "plate" } } })).await["data"]["stockAgeing"].clone();
    assert_eq!(plates["nodes"], json!([row_of("PLATE")]), "{plates:#}");
    for name in ["quantity", "value"] {
        assert_eq!(plates["totals"][name], row_of("PLATE")[name], "the rows sum to the totals of the filter");
    }
    assert_eq!(ages(&plates["totals"]), ages(row_of("PLATE")));
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = books.office.execute(AGEING, json!({ "n": 1, "a": after })).await["data"]["stockAgeing"].clone();
        assert_eq!(page["totals"], found["totals"], "of all pages");
        seen.extend(page["nodes"].as_array().unwrap().clone());
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(json!(seen), found["nodes"]);
    let skus: Vec<_> =
        seen.iter().filter_map(|row| row["product"]["sku"].as_str()).filter(|sku| !sku.contains("alpha")).collect();
    assert_eq!(skus, ["PLATE", "MUG"], "the dearest first");
}
