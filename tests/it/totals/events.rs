//! The journal, page by page from its end.

use entrepot::{access::Caller, catalog::events::PRODUCT_UPDATED, storage::journal};
use serde_json::{Value, json};

use super::depot::of_the_depot;
use crate::authorization::world::World;

/// A page of the journal ends by its bytes, before the newest of these events.
pub async fn large_events_are_read_from_their_end(world: &World) {
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let id = uuid::Uuid::from_u128(4096);
    let mut last = 0;
    for bytes in [300_000, 10].repeat(10) {
        let payload = json!({ "id": id, "text": "x".repeat(bytes) }).to_string();
        let mut work = scope.begin().await.unwrap();
        let event = PRODUCT_UPDATED.with_text(payload);
        last = journal::append(&mut work, vec![event], world.clock.now()).await.unwrap().unwrap();
        work.commit().await.unwrap();
    }
    let query = "query($before: Cursor) { events(last: 10, before: $before) { nodes { seq } pageInfo { startCursor } } }";
    let (mut read, mut before) = (Vec::new(), Value::Null);
    for _ in 0..2 {
        let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &json!({ "before": before })).await;
        let page = &answer["data"]["events"];
        let seqs: Vec<i64> = page["nodes"].as_array().unwrap().iter().map(|node| seq_of(&node["seq"])).collect();
        before = page["pageInfo"]["startCursor"].clone();
        read = [seqs, read].concat();
    }
    assert_eq!(read, (last - 19..=last).collect::<Vec<_>>());
}

/// A `Long`, which is a text in answers or a number.
fn seq_of(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

pub async fn events_are_read_from_their_end(world: &World) {
    let query = "query($first: Int, $after: Cursor, $last: Int, $before: Cursor, $types: [String!]) {
        events(first: $first, after: $after, last: $last, before: $before, types: $types) {
            reset nodes { seq type } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let run_query = async |caller: &Caller, variables: Value| {
        let answer = world.execute(&world.ours, Some(caller.clone()), query, &variables).await;
        assert!(answer["errors"].is_null(), "{variables}: {answer:#}");
        answer["data"]["events"].clone()
    };
    let nodes = |page: &Value| page["nodes"].as_array().unwrap().clone();
    let mut most = 0;
    for caller in [world.ours.owner.clone(), of_the_depot(&world.ours)] {
        for types in [Value::Null, json!(["order.*"]), json!([])] {
            let whole = run_query(&caller, json!({ "first": 250, "types": types })).await;
            let (mut read, mut before) = (Vec::new(), Value::Null);
            loop {
                let page = run_query(&caller, json!({ "last": 7, "before": before, "types": types })).await;
                assert_eq!(page["pageInfo"]["hasNextPage"], json!(!before.is_null()), "{types}");
                read = [nodes(&page), read].concat();
                before = page["pageInfo"]["startCursor"].clone();
                if page["pageInfo"]["hasPreviousPage"] == false {
                    break;
                }
            }
            let begun = read.len().min(250);
            assert_eq!(read[..begun], nodes(&whole)[..], "{types}");
            most = most.max(begun);
            let none = run_query(&caller, json!({ "last": 7, "before": before, "types": types })).await;
            assert_eq!((&none["nodes"], &none["pageInfo"]["hasPreviousPage"]), (&json!([]), &json!(false)), "{types}");
        }
        let pair = run_query(&caller, json!({ "first": 2 })).await;
        let [start, end] = ["startCursor", "endCursor"].map(|name| pair["pageInfo"][name].clone());
        let between = run_query(&caller, json!({ "last": 5, "after": start, "before": end })).await;
        assert_eq!(nodes(&between), [] as [Value; 0], "nothing is between two neighbours");
        let foreign = run_query(&caller, json!({ "last": 5, "before": end, "types": ["order.*"] })).await;
        assert_eq!(foreign["reset"], "CURSOR_FOREIGN");
    }
    assert!(most > 14, "{most} events prove little");
}
