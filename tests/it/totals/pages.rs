//! Totals of pages after a cursor, and the sort orders of short lists.

use serde_json::{Value, json};

use crate::authorization::world::World;

/// A page after a cursor is never the whole list, so its total is counted, by a single statement
/// for all totals that its result answers.
pub async fn a_page_behind_a_cursor_is_counted_once(world: &World) {
    for list in ["products", "orders", "stockLevels"] {
        let read = format!(
            "query($after: Cursor, $first: Int!) {{ {list}(first: $first, after: $after) {{ SELECTED pageInfo {{ endCursor }} }} }}"
        );
        let run_query = async |selected: &str, after: &Value, first: u32| {
            let (query, variables) = (read.replace("SELECTED", selected), json!({ "after": after, "first": first }));
            let requested_answer = world.execute(&world.ours, Some(world.ours.owner.clone()), &query, &variables);
            let (answer, sent) = world.node.db.record_statements(requested_answer).await;
            assert!(answer["errors"].is_null(), "{answer:#}");
            (answer["data"][list].clone(), sent.iter().filter(|statement| statement.sql.contains("count(*)")).count())
        };
        let (whole, _) = run_query("nodes { id }", &Value::Null, 250).await;
        let all = json!({ "count": whole["nodes"].as_array().unwrap().len(), "precision": "EXACT" });
        let (start, _) = run_query("nodes { id }", &Value::Null, 1).await;
        let after = &start["pageInfo"]["endCursor"];
        for (selected, expected) in [
            ("nodes { id }", 0),
            ("nodes { id } totalCount { count precision }", 1),
            (
                "nodes { id } totalCount { count precision } few: totalCount(limit: 1) { precision } far: totalCount(limit: 2000) { count }",
                1,
            ),
        ] {
            let (page, counts) = run_query(selected, after, 1).await;
            assert_eq!(counts, expected, "{list}: {selected}");
            assert!(expected == 0 || page["totalCount"] == all, "{list}: {page}");
        }
    }
}

/// Read from its end and in descending order, a list has the same rows, sorted by the field.
pub async fn short_lists_are_sorted(world: &World) {
    let owner = world.ours.owner.clone();
    let run_query = async |query: &str| {
        let answer = world.execute(&world.ours, Some(owner.clone()), query, &json!({})).await;
        assert!(answer["errors"].is_null(), "{query}: {answer:#}");
        answer["data"].clone()
    };
    for (list, field, shown) in [
        ("rolesList", "KEY", "key"),
        ("permissionsList", "CODE", "code"),
        ("storeGroupsList", "CODE", "code"),
        ("integrationsList", "NAME", "name"),
        ("carriersList", "CODE", "code"),
        ("holdRulesList", "CODE", "code"),
        ("alertRulesList", "KIND", "kind"),
        ("legalEntitiesList", "CODE", "code"),
        ("eventTypes", "NAME", "name"),
        ("productFamilies", "NAME", "name"),
    ] {
        let read = |direction: &str, page: &str| {
            format!("{{ {list}(sort: {{ field: {field}, direction: {direction} }}, {page}) {{ nodes {{ {shown} }} }} }}")
        };
        let rows = |page: &Value| -> Vec<String> {
            page[list]["nodes"].as_array().unwrap().iter().map(|row| row[shown].as_str().unwrap().to_lowercase()).collect()
        };
        let (up, down) =
            (rows(&run_query(&read("ASC", "first: 250")).await), rows(&run_query(&read("DESC", "first: 250")).await));
        let mut turned = down.clone();
        turned.reverse();
        assert_eq!((&turned, up.is_sorted(), up.is_empty()), (&up, true, false), "{list}");
        assert_eq!(rows(&run_query(&read("DESC", "last: 1")).await), up[..1], "{list}");
    }
}
