//! Lists of transfers, counts and movements: their filters and their sorts.

use serde_json::{Value, json};

use super::world::{World, accepted};
use crate::world::answers::digits;

async fn numbers(world: &World, list: &str, kind: &str, variables: Value) -> String {
    let document = format!(
        "query($filter: {kind}Filter, $sort: {kind}Sort, $first: Int, $after: Cursor) {{ \
         {list}(filter: $filter, sort: $sort, first: $first, after: $after) {{ nodes {{ number }} totalCount {{ count }} }} }}"
    );
    let answer = world.execute(&document, variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    let nodes = answer[list]["nodes"].as_array().unwrap();
    assert_eq!(answer[list]["totalCount"]["count"], nodes.len(), "all are on this page");
    nodes.iter().map(|node| digits(&node["number"])).collect::<Vec<_>>().join("")
}

#[tokio::test]
async fn transfers_are_found_by_number_product_and_last_change() {
    World::on_both(async |world| {
        let first = world.draft(&[(world.mug, 1)]).await;
        world.draft(&[(world.tea, 1)]).await;
        let before = entrepot::clock::rfc3339(world.clock.now().plus_seconds(30));
        world.advance_clock(60);
        world.complete_step("transferMarkReady", &first).await;
        let sku = first["lines"][0]["sku"].as_str().unwrap();
        for (filter, expected) in [
            (json!({}), "12"),
            (json!({"number": {"eq": "TR-1"}}), "1"),
            (json!({"number": {"startsWith": "2"}}), "2"),
            (json!({"number": {"contains": "3"}}), ""),
            (json!({"number": {"contains": "00001"}}), "1"),
            (json!({"sku": {"eq": sku.to_lowercase()}}), "1"),
            (json!({"sku": {"startsWith": "none"}}), ""),
            (json!({"updatedAt": {"gte": before}}), "1"),
            (json!({"updatedAt": {"lt": before}, "status": ["DRAFT"]}), "2"),
        ] {
            let sort = json!({"field": "NUMBER", "direction": "ASC"});
            let found = numbers(&world, "transfers", "Transfer", json!({"filter": filter, "sort": sort})).await;
            assert_eq!(found, expected, "{filter}");
        }
        for (field, expected) in [("UPDATED_AT", "12"), ("NUMBER", "21")] {
            let found = numbers(&world, "transfers", "Transfer", json!({"sort": {"field": field}})).await;
            assert_eq!(found, expected, "{field}");
        }
    })
    .await;
}

#[tokio::test]
async fn transfers_are_sorted_by_the_time_that_they_are_expected_at() {
    World::on_both(async |world| {
        for moment in [json!("2026-12-03T00:00:00Z"), Value::Null, json!("2026-12-01T00:00:00Z"), Value::Null] {
            let mut input = world.asking(&[(world.mug, 1)]);
            input["expectedAt"] = moment;
            accepted(&world.mutate("transferCreate", input).await, "transfer");
            world.advance_clock(1);
        }
        // A page each: a cursor may be that of a transfer without a time.
        let document = "query($sort: TransferSort, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
            transfers(sort: $sort, first: $first, after: $after, last: $last, before: $before) {
              nodes { number } pageInfo { startCursor endCursor } } }";
        for (direction, expected) in [("ASC", "3124"), ("DESC", "4213")] {
            let sort = json!({"field": "EXPECTED_AT", "direction": direction});
            let (mut forth, mut back) = (String::new(), String::new());
            let (mut after, mut before) = (Value::Null, Value::Null);
            for _ in 0..4 {
                let page = world.execute(document, json!({"sort": sort, "first": 1, "after": after})).await["transfers"].clone();
                forth.push_str(&digits(&page["nodes"][0]["number"]));
                after = page["pageInfo"]["endCursor"].clone();
                let page = world.execute(document, json!({"sort": sort, "last": 1, "before": before})).await["transfers"].clone();
                back.insert_str(0, &digits(&page["nodes"][0]["number"]));
                before = page["pageInfo"]["startCursor"].clone();
            }
            assert_eq!((forth.as_str(), back.as_str()), (expected, expected), "{direction}");
        }
    })
    .await;
}

#[tokio::test]
async fn counts_are_found_by_number_product_and_last_change() {
    World::on_both(async |world| {
        let first = world.start_count(json!({"kind": "LIST", "products": [{"id": world.mug}]})).await;
        world.start_count(json!({"kind": "LIST", "products": [{"id": world.tea}]})).await;
        let before = entrepot::clock::rfc3339(world.clock.now().plus_seconds(30));
        world.advance_clock(60);
        world.complete_count_step("stocktakeCancel", &first).await;
        for (filter, expected) in [
            (json!({}), "12"),
            (json!({"number": {"in": ["CN-1", "TR-2"]}}), "1"),
            (json!({"number": {"startsWith": "2"}}), "2"),
            (json!({"product": {"eq": world.tea}}), "2"),
            (json!({"product": {"eq": world.foreign.mug}}), ""),
            (json!({"updatedAt": {"gte": before}}), "1"),
            (json!({"updatedAt": {"lt": before}}), "2"),
        ] {
            let sort = json!({"field": "NUMBER", "direction": "ASC"});
            assert_eq!(
                numbers(&world, "stocktakes", "Stocktake", json!({"filter": filter, "sort": sort})).await,
                expected,
                "{filter}"
            );
        }
        assert_eq!(numbers(&world, "stocktakes", "Stocktake", json!({"sort": {"field": "UPDATED_AT"}})).await, "12");
    })
    .await;
}
