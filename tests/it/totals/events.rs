//! The journal, page by page from its end.

use entrepot::access::Caller;
use serde_json::{Value, json};

use super::depot::of_the_depot;
use crate::authorization::world::World;

pub async fn events_are_read_from_their_end(world: &World) {
    let query = "query($first: Int, $after: Cursor, $last: Int, $before: Cursor, $types: [String!]) {
        events(first: $first, after: $after, last: $last, before: $before, types: $types) {
            reset nodes { seq type } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let ask = async |caller: &Caller, variables: Value| {
        let answer = world.ask(&world.ours, Some(caller.clone()), query, &variables).await;
        assert!(answer["errors"].is_null(), "{variables}: {answer:#}");
        answer["data"]["events"].clone()
    };
    let nodes = |page: &Value| page["nodes"].as_array().unwrap().clone();
    let mut most = 0;
    for caller in [world.ours.owner.clone(), of_the_depot(&world.ours)] {
        for types in [Value::Null, json!(["order.*"]), json!([])] {
            let whole = ask(&caller, json!({ "first": 250, "types": types })).await;
            let (mut read, mut before) = (Vec::new(), Value::Null);
            loop {
                let page = ask(&caller, json!({ "last": 7, "before": before, "types": types })).await;
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
            let none = ask(&caller, json!({ "last": 7, "before": before, "types": types })).await;
            assert_eq!((&none["nodes"], &none["pageInfo"]["hasPreviousPage"]), (&json!([]), &json!(false)), "{types}");
        }
        let pair = ask(&caller, json!({ "first": 2 })).await;
        let [start, end] = ["startCursor", "endCursor"].map(|name| pair["pageInfo"][name].clone());
        let between = ask(&caller, json!({ "last": 5, "after": start, "before": end })).await;
        assert_eq!(nodes(&between), [] as [Value; 0], "nothing is between two neighbours");
        let foreign = ask(&caller, json!({ "last": 5, "before": end, "types": ["order.*"] })).await;
        assert_eq!(foreign["reset"], "CURSOR_FOREIGN");
    }
    assert!(most > 14, "{most} events prove little");
}
