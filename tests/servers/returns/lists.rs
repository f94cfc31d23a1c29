//! Lists of returns: their filters and their sorts.

use serde_json::{Value, json};

use super::world::{World, back};
use crate::world::answers::digits;

const LIST: &str = "query($filter: ReturnFilter, $sort: ReturnSort, $first: Int, $after: Cursor) { \
    returns(filter: $filter, sort: $sort, first: $first, after: $after) { nodes { number } totalCount { count } \
    pageInfo { hasNextPage endCursor } } }";

async fn page(world: &World, variables: Value) -> Value {
    let answer = world.execute(LIST, variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["returns"].clone()
}

fn numbers(page: &Value) -> String {
    page["nodes"].as_array().unwrap().iter().map(|node| digits(&node["number"])).collect::<Vec<_>>().join("")
}

#[tokio::test]
async fn returns_are_found_by_status_number_order_product_and_moment() {
    World::on_both(async |world| {
        let mugs = world.ordered("FULFILLED", &[(world.mug, 3)]).await;
        let lamps = world.ordered("FULFILLED", &[(world.lamp, 1)]).await;
        let first = world.requested(json!([back(&mugs["lines"][0]["id"], 1)])).await;
        let between = entrepot::clock::rfc3339(world.clock.now().plus_seconds(30));
        world.advance_clock(60);
        world.requested(json!([back(&mugs["lines"][0]["id"], 1)])).await;
        world.requested(json!([back(&lamps["lines"][0]["id"], 1)])).await;
        assert_eq!(world.complete_step("returnApprove", &first, json!({})).await["status"], "APPROVED");
        let sku = &lamps["lines"][0]["sku"];
        for (filter, expected) in [
            (json!({}), "123"),
            (json!({"status": ["APPROVED"]}), "1"),
            (json!({"status": ["REQUESTED", "CLOSED"]}), "23"),
            (json!({"status": []}), ""),
            (json!({"number": {"eq": "RT-2"}}), "2"),
            (json!({"number": {"startsWith": "3"}}), "3"),
            (json!({"search": "rt-2"}), "2"),
            (json!({"search": "none"}), ""),
            (json!({"id": {"in": [first["id"]]}}), "1"),
            (json!({"number": {"eq": "SO-2"}}), ""),
            (json!({"order": {"eq": mugs["id"]}}), "12"),
            (json!({"order": {"in": [lamps["id"], mugs["id"]]}, "status": ["REQUESTED"]}), "23"),
            (json!({"product": {"eq": world.lamp}}), "3"),
            (json!({"sku": {"eq": sku}}), "3"),
            (json!({"channel": {"eq": world.direct}}), "123"),
            (json!({"channel": {"in": [world.web]}}), ""),
            (json!({"not": {"channel": {"in": [world.web, world.direct]}}}), ""),
            (json!({"customer": {"isNull": true}}), "123"),
            (json!({"customer": {"isNull": false}}), ""),
            (json!({"createdAt": {"gte": between}}), "23"),
            (json!({"createdAt": {"lt": between}}), "1"),
            (json!({"updatedAt": {"gte": between}}), "123"),
            (json!({"updatedAt": {"lt": between}}), ""),
        ] {
            let sort = json!({"field": "NUMBER", "direction": "ASC"});
            let found = page(&world, json!({"filter": filter, "sort": sort})).await;
            assert_eq!(numbers(&found), expected, "{filter}");
            let counted = page(&world, json!({"filter": filter, "first": 1})).await;
            assert_eq!(counted["totalCount"]["count"], expected.len(), "{filter}");
        }
        for bad in [json!({"order": {"eq": world.mug}}), json!({"store": {"isNull": true}})] {
            let answer = world.execute(LIST, json!({"filter": bad})).await;
            assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{bad}");
        }
    })
    .await;
}

#[tokio::test]
async fn returns_of_one_moment_are_paged_in_every_order() {
    World::on_both(async |world| {
        let line = world.sold(3).await;
        for _ in 0..3 {
            world.requested(json!([back(&line, 1)])).await;
        }
        for field in ["NUMBER", "CREATED_AT", "UPDATED_AT"] {
            for direction in ["ASC", "DESC"] {
                let sort = json!({"field": field, "direction": direction});
                let whole = numbers(&page(&world, json!({"sort": sort})).await);
                let one = page(&world, json!({"sort": sort, "first": 2})).await;
                let after = &one["pageInfo"]["endCursor"];
                let two = page(&world, json!({"sort": sort, "first": 2, "after": after})).await;
                assert_eq!((numbers(&one) + numbers(&two).as_str(), whole.len()), (whole.clone(), 3), "{field} {direction}");
                let answer = world.execute(LIST, json!({"first": 2, "after": after})).await;
                assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "a cursor of another order");
            }
        }
    })
    .await;
}
