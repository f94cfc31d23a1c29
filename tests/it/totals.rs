//! Total counts of lists: they equal the rows that paging through the list finds, for each caller.

mod depot;
mod events;
mod pages;

use std::collections::BTreeSet;

use async_graphql::parser::types::FieldDefinition;
use entrepot::access::Caller;
use serde_json::{Value, json};

use crate::{
    authorization::{
        calls::{Calls, base, is_report},
        world::World,
    },
    world::on_both,
};
pub use depot::of_the_depot;
use events::{events_are_read_from_their_end, large_events_are_read_from_their_end};

on_both!(
    a_total_is_what_paging_through_counts,
    a_total_is_of_the_rows_that_the_filter_finds,
    a_total_is_counted_only_where_it_is_asked_for,
    members_data_jobs_and_saved_views_are_found_by_what_they_are,
    short_lists_have_the_rows_of_those_that_they_replace,
    events_are_counted_as_the_caller_sees_them,
    events_are_read_from_their_end,
    large_events_are_read_from_their_end,
);

/// The lists that can be counted. One that loses its total loses a line here.
const COUNTED: [&str; 43] = [
    "alertRulesList",
    "alerts",
    "backorders",
    "blanketOrders",
    "carriersList",
    "categories",
    "channels",
    "customers",
    "dataJobs",
    "documentReversals",
    "exchangeRates",
    "exportSchedules",
    "factorSeries",
    "fulfilmentWaves",
    "fulfilmentWorks",
    "holdRulesList",
    "integrationsList",
    "invoices",
    "legalEntitiesList",
    "lots",
    "members",
    "notes",
    "numberPatternsList",
    "orders",
    "productFamilies",
    "products",
    "purchaseOrders",
    "replenishmentPlans",
    "replenishmentPolicies",
    "returns",
    "rolesList",
    "savedViews",
    "stockLevels",
    "stockMovements",
    "stockRevaluations",
    "stocktakes",
    "storeGroupsList",
    "stores",
    "supplierProducts",
    "supplierReturns",
    "suppliers",
    "transfers",
    "webhookEndpointsList",
];

/// Lists that are empty in this world, have a fixed length, or cannot be read backward: other tests
/// count them, and `identities/lists.rs` covers all. The same holds for reports, which take long.
const EMPTY_HERE: [&str; 17] = [
    "attachments",
    "auditEntries",
    "backups",
    "eventTypes",
    "events",
    "expiringLots",
    "forecasts",
    "history",
    "jobs",
    "liquidationPlans",
    "lotTrace",
    "papers",
    "permissionsList",
    "recurringJobsList",
    "search",
    "stockAnomalies",
    "stocktakesDueList",
];

/// Lists without pages, the lists that replace them, and a field that is another one in each row.
const REPLACED: [(&str, &str, &str); 11] = [
    ("alertRules", "alertRulesList", "id"),
    ("carriers", "carriersList", "id"),
    ("holdRules", "holdRulesList", "code"),
    ("integrations", "integrationsList", "id"),
    ("legalEntities", "legalEntitiesList", "id"),
    ("numberPatterns", "numberPatternsList", "kind"),
    ("permissions", "permissionsList", "code"),
    ("roles", "rolesList", "key"),
    ("storeGroups", "storeGroupsList", "code"),
    ("webhookEndpoints", "webhookEndpointsList", "id"),
    ("webhookEventTypes", "eventTypes", "name"),
];

/// A page of a list, with the selection `more` beside its nodes.
async fn page(
    world: &World,
    caller: &Caller,
    (calls, field): (&Calls, &FieldDefinition),
    arguments: &Value,
    extra: &str,
) -> Value {
    let mut variables = calls.variables(&world.ours, field, None);
    variables.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
    let selection = format!("{{ nodes {{ __typename }} pageInfo {{ hasNextPage endCursor }} {extra} }}");
    let document = calls.document("query", field, &variables, &selection);
    let answer = world.execute(&world.ours, Some(caller.clone()), &document, &variables).await;
    assert!(answer["errors"].is_null(), "{document} {variables}: {answer:#}");
    answer["data"][field.name.node.as_str()].clone()
}

async fn a_total_is_what_paging_through_counts(world: &World) {
    let calls = Calls::of_the_schema();
    let (mut counted, mut narrowed) = (BTreeSet::new(), BTreeSet::new());
    for (_, field) in calls.roots().filter(|(operation, _)| *operation == "query") {
        let (name, kind) = (field.name.node.as_str(), base(&field.ty.node));
        let is_counted = calls.fields(&kind).iter().any(|own| own.node.name.node == "totalCount");
        if !is_counted || is_report(field) || EMPTY_HERE.contains(&name) {
            continue;
        }
        counted.insert(name);
        let list = (&calls, field);
        let mut seen = Vec::new();
        for caller in [world.ours.owner.clone(), of_the_depot(&world.ours)] {
            let (mut nodes, mut totals, mut after) = (0, Vec::new(), Value::Null);
            loop {
                let mut arguments = json!({ "first": 1 });
                if !after.is_null() {
                    arguments["after"] = after;
                }
                let found = page(world, &caller, list, &arguments, "totalCount { count precision }").await;
                nodes += found["nodes"].as_array().unwrap().len();
                totals.push(found["totalCount"].clone());
                if found["pageInfo"]["hasNextPage"] != true {
                    break;
                }
                after = found["pageInfo"]["endCursor"].clone();
            }
            let all = json!({ "count": nodes, "precision": "EXACT" });
            assert!(totals.iter().all(|total| *total == all), "{name}: {nodes} nodes, {totals:?}");
            let last = page(world, &caller, list, &json!({ "last": 1 }), "totalCount { count precision }").await;
            assert_eq!(last["totalCount"], all, "{name}, from its end");
            if nodes > 1 {
                let few = page(world, &caller, list, &json!({ "first": 1 }), "totalCount(limit: 1) { count precision }").await;
                assert_eq!(few["totalCount"], json!({ "count": 1, "precision": "AT_LEAST" }), "{name}");
            }
            seen.push(nodes);
        }
        // The companies of this world owe nothing: `returns::backorders` counts lines that wait.
        assert!(seen[0] > 0 || name == "backorders", "{name} is empty: that proves nothing");
        if seen[1] < seen[0] {
            narrowed.insert(name);
        }
    }
    assert_eq!(counted, BTreeSet::from(COUNTED));
    for name in ["orders", "returns", "purchaseOrders", "stockLevels", "stockMovements"] {
        assert!(narrowed.contains(name), "{name} of another store count: {narrowed:?}");
    }
}

async fn a_total_is_of_the_rows_that_the_filter_finds(world: &World) {
    let run_query = async |query: &str| {
        let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &json!({})).await;
        assert!(answer["errors"].is_null(), "{query}: {answer:#}");
        answer["data"]["list"].clone()
    };
    for list in [
        "products(filter: { search: \"alpha\" }, first: N)",
        "products(filter: { search: \"alpha\" }, orderBy: { field: NAME, direction: DESC }, first: N)",
        "products(filter: { sku: { startsWith: \"alpha-m\" } }, first: N)",
        "customers(email: \"alpha@example.com\", first: N)",
        "customers(email: \"nobody@example.com\", first: N)",
        "orders(filter: { externalRef: { eq: \"alpha-order\" } }, first: N)",
        "stockMovements(filter: { kind: [RECEIPT] }, first: N)",
        "stockMovements(filter: { recordedAt: { gte: \"2000-01-01T00:00:00Z\" }, kind: [RECEIPT] }, first: N)",
    ] {
        let whole =
            run_query(&format!("{{ list: {} {{ nodes {{ __typename }} }} }}", list.replace("first: N", "first: 250"))).await;
        let one = run_query(&format!("{{ list: {} {{ totalCount {{ count }} }} }}", list.replace("first: N", "first: 1"))).await;
        assert_eq!(one["totalCount"]["count"], json!(whole["nodes"].as_array().unwrap().len()), "{list}");
    }
    for limit in [0, -1, 100_001] {
        let query = format!("{{ products {{ totalCount(limit: {limit}) {{ count }} }} }}");
        let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), &query, &json!({})).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{limit}: {answer}");
    }
}

async fn a_total_is_counted_only_where_it_is_asked_for(world: &World) {
    let nothing = json!({});
    for (query, expected) in [
        ("{ products(first: 1) { nodes { id } } }", 0),
        ("{ products(first: 1) { nodes { id } totalCount { count } } }", 1),
        // A page that is the whole list has been counted.
        ("{ products(first: 250) { nodes { id } totalCount { count } } }", 0),
    ] {
        let requested_answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &nothing);
        let (answer, sent) = world.node.db.record_statements(requested_answer).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        let counts = sent.iter().filter(|statement| statement.sql.contains("count(*)")).count();
        assert_eq!(counts, expected, "{query}");
    }
    pages::a_page_behind_a_cursor_is_counted_once(world).await;
}

async fn members_data_jobs_and_saved_views_are_found_by_what_they_are(world: &World) {
    let owner = world.ours.owner.clone();
    let nodes = async |list: &str, kind: &str, fields: &str, filter: &Value| {
        let query = format!(
            "query($f: {kind}) {{ {list}(filter: $f, first: 250) {{ nodes {{ id {fields} }} totalCount {{ count }} }} }}"
        );
        let answer = world.execute(&world.ours, Some(owner.clone()), &query, &json!({ "f": filter })).await;
        assert!(answer["errors"].is_null(), "{list} {filter}: {answer:#}");
        let page = answer["data"][list].clone();
        assert_eq!(page["totalCount"]["count"], page["nodes"].as_array().unwrap().len(), "{list} {filter}");
        page["nodes"].as_array().unwrap().clone()
    };
    for (list, kind, fields, id) in [
        ("members", "MemberFilter", "email displayName status", &world.ours.ids["mem"]),
        ("dataJobs", "DataJobFilter", "kind entity status", &world.ours.ids["exc"]),
        ("savedViews", "SavedViewFilter", "slug name", &world.ours.ids["svw"]),
    ] {
        let all = nodes(list, kind, fields, &json!({})).await;
        let one = all.iter().find(|node| node["id"] == **id).unwrap().clone();
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_uppercase();
        let (finds, misses) = match list {
            "members" => (
                vec![
                    json!({ "id": { "eq": id } }),
                    json!({ "search": text("email") }),
                    json!({ "search": text("displayName"), "status": [one["status"]] }),
                ],
                vec![
                    json!({ "id": { "eq": world.theirs.ids["mem"] } }),
                    json!({ "search": "%" }),
                    json!({ "id": { "eq": id }, "status": [] }),
                    json!({ "id": { "eq": id }, "isMfaEnabled": true, "lastSeenAt": { "lt": "2000-01-01T00:00:00Z" } }),
                ],
            ),
            "dataJobs" => (
                vec![
                    json!({ "kind": [one["kind"]], "status": [one["status"]] }),
                    json!({ "createdBy": { "in": [world.ours.ids["mem"], world.theirs.ids["mem"]] } }),
                    json!({ "createdAt": { "gte": "2000-01-01T00:00:00Z" } }),
                ],
                vec![
                    json!({ "kind": [] }),
                    json!({ "entity": ["CATEGORIES"], "kind": ["BULK"] }),
                    json!({ "createdBy": { "in": [] } }),
                    json!({ "createdAt": { "lt": "2000-01-01T00:00:00Z" } }),
                ],
            ),
            _ => (
                vec![json!({ "slug": { "eq": one["slug"] } }), json!({ "search": text("name"), "isPaused": false })],
                vec![
                    json!({ "slug": { "eq": one["slug"] }, "isPaused": true }),
                    json!({ "search": "_%" }),
                    json!({ "createdBy": { "eq": world.theirs.ids["mem"] } }),
                    json!({ "updatedAt": { "lt": "2000-01-01T00:00:00Z" } }),
                ],
            ),
        };
        for filter in finds {
            assert!(nodes(list, kind, fields, &filter).await.contains(&one), "{list} {filter}");
        }
        for filter in misses {
            assert_eq!(nodes(list, kind, fields, &filter).await, Vec::<Value>::new(), "{list} {filter}");
        }
    }
}

async fn short_lists_have_the_rows_of_those_that_they_replace(world: &World) {
    let owner = world.ours.owner.clone();
    let run_query = async |query: &str| {
        let answer = world.execute(&world.ours, Some(owner.clone()), query, &json!({})).await;
        assert!(answer["errors"].is_null(), "{query}: {answer:#}");
        answer["data"].clone()
    };
    let named = |rows: &Value, field: &str| -> BTreeSet<String> {
        rows.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
    };
    for (bare, list, field) in REPLACED {
        let query = format!("{{ {bare} {{ {field} }} {list}(first: 250) {{ nodes {{ {field} }} totalCount {{ count }} }} }}");
        let found = run_query(&query).await;
        let rows = named(&found[list]["nodes"], field);
        assert_eq!(rows, named(&found[bare], field), "{list}");
        assert_eq!((found[list]["totalCount"]["count"].as_u64(), rows.is_empty()), (Some(rows.len() as u64), false), "{list}");
    }
    let id = |prefix: &str| world.ours.ids[prefix].clone();
    for (list, filter, count) in [
        ("rolesList", "search: \"OWNER\"".to_owned(), 1),
        ("rolesList", format!("id: {{ in: [\"{}\", \"{}\"] }}", id("rol"), world.theirs.ids["rol"]), 1),
        ("storeGroupsList", format!("id: {{ eq: \"{}\" }}, search: \"no such\"", id("grp")), 0),
        ("integrationsList", format!("id: {{ eq: \"{}\" }}, isEnabled: true", id("int")), 1),
        ("integrationsList", format!("id: {{ eq: \"{}\" }}, isEnabled: false", id("int")), 0),
        ("carriersList", "search: \"ALPHA-POST\", isActive: true".to_owned(), 1),
        ("alertRulesList", format!("id: {{ eq: \"{}\" }}, kind: []", id("arl")), 0),
        ("alertRulesList", format!("id: {{ eq: \"{}\" }}", id("arl")), 1),
        ("legalEntitiesList", format!("id: {{ eq: \"{}\" }}", world.theirs.ids["len"]), 0),
        ("holdRulesList", "isArchived: true".to_owned(), 0),
        ("permissionsList", "search: \"fulfilment.SHIP\", class: TENANT".to_owned(), 0),
        ("eventTypes", "search: \"order.held\"".to_owned(), 1),
        ("eventTypes", "subscription: \"alertChanged\", permission: \"order.read\"".to_owned(), 0),
    ] {
        let found = run_query(&format!("{{ {list}(filter: {{ {filter} }}) {{ totalCount {{ count }} }} }}")).await;
        assert_eq!(found[list]["totalCount"]["count"], count, "{list} {filter}");
    }
    pages::short_lists_are_sorted(world).await;
    let held_answer = run_query(
        "{ eventTypes(filter: { search: \"order.held\" }) { nodes { name description noun isBySystem subscription permission } } }",
    );
    let order = json!({ "name": "order.held", "description": "Sales orders.", "noun": "order", "isBySystem": false,
        "subscription": "orderChanged", "permission": "order.read" });
    assert_eq!(held_answer.await["eventTypes"]["nodes"], json!([order]));
}

async fn events_are_counted_as_the_caller_sees_them(world: &World) {
    let query = "query($first: Int!, $after: Cursor) { events(first: $first, after: $after) {
        nodes { __typename } pageInfo { hasNextPage endCursor } totalCount(limit: 100000) { count precision } few: totalCount(limit: 1) { precision } } }";
    let mut seen = Vec::new();
    for caller in [world.ours.owner.clone(), of_the_depot(&world.ours)] {
        let (mut nodes, mut after, mut page) = (0, Value::Null, Value::Null);
        while page["pageInfo"]["hasNextPage"] != false {
            let variables = json!({ "first": 250, "after": after });
            let answer = world.execute(&world.ours, Some(caller.clone()), query, &variables).await;
            assert!(answer["errors"].is_null(), "{answer:#}");
            page = answer["data"]["events"].clone();
            nodes += page["nodes"].as_array().unwrap().len();
            after = page["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(page["totalCount"], json!({ "count": nodes, "precision": "EXACT" }));
        assert_eq!(page["few"]["precision"], "AT_LEAST");
        seen.push(nodes);
    }
    assert!(seen[1] < seen[0], "events of another store count: {seen:?}");
}

/// Connections without a total, with the reason.
const WITHOUT_A_TOTAL: [(&str, &str); 0] = [];

#[test]
fn every_connection_has_the_number_of_its_nodes() {
    let calls = Calls::of_the_schema();
    let has = |kind: &str, name: &str| calls.fields(kind).iter().any(|field| field.node.name.node == name);
    let kinds = calls.types().map(|kind| kind.name.node.as_str());
    let (counted, without): (Vec<&str>, Vec<&str>) =
        kinds.filter(|kind| has(kind, "pageInfo")).partition(|kind| has(kind, "totalCount"));
    assert!(counted.len() > 80, "{} connections", counted.len());
    assert_eq!(without, WITHOUT_A_TOTAL.map(|(kind, _)| kind));
}
