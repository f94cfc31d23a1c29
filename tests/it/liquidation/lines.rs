//! Lines of a plan are filtered and sorted by their proposals, in a dry run as in a stored plan.

use serde_json::{Value, json};

use super::clearance::Clearance;
use crate::{
    authorization::world::World,
    demand::days::days_ago,
    purchasing::office::{Office, gbp, key},
    world::on_both,
};

on_both!(lines_are_found_and_sorted_by_what_they_propose, amounts_find_no_lines_for_whoever_is_not_shown_them);

/// Eighty mugs that cost 240.00, and ten vases that cost 500.00, with a plan for them.
async fn planned(world: &World) -> (Clearance<'_>, Value) {
    let desk = Clearance::of(world).await;
    desk.dead_product("MUG").await;
    let vase = desk.product("VASE").await;
    let dear = json!({ "unitCost": gbp("50.00"), "occurredAt": days_ago(world, 100) });
    desk.books.adjust("RECEIPT", &vase, 10, dear).await;
    let plan = desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await;
    (desk, plan)
}

async fn answer(office: &Office<'_>, plan: &Value, arguments: &str) -> Value {
    let query = format!(
        "query($id: ID!) {{ liquidationPlan(id: $id) {{ lines({arguments}) {{ nodes {{ quantity }} totalCount {{ count }} }} }} }}"
    );
    office.execute(&query, json!({ "id": plan["id"] })).await
}

fn quantities(nodes: &Value, answer: &Value) -> Vec<i64> {
    let nodes = nodes.as_array().unwrap_or_else(|| panic!("{answer:#}"));
    nodes.iter().map(|node| node["quantity"].as_i64().unwrap()).collect()
}

/// Quantities of the lines of a plan that is only tried.
async fn tried(office: &Office<'_>, arguments: &str) -> Vec<i64> {
    let query = format!(
        "mutation($input: LiquidationPlanCreateInput!) {{ liquidationPlanCreate(input: $input, validateOnly: true) {{ \
         plan {{ lines({arguments}) {{ nodes {{ quantity }} }} }} userErrors {{ code }} }} }}"
    );
    let input = json!({ "idempotencyKey": key(), "storeIds": [office.store["id"]] });
    let answer = office.execute(&query, json!({ "input": input })).await;
    quantities(&answer["data"]["liquidationPlanCreate"]["plan"]["lines"]["nodes"], &answer)
}

async fn lines_are_found_and_sorted_by_what_they_propose(world: &World) {
    let (desk, plan) = planned(world).await;
    let by_quantity = "sort: { field: QUANTITY, direction: ASC }";
    let cases: [(&str, &str, &[i64]); 19] = [
        ("", by_quantity, &[10, 80]),
        ("", "sort: { field: QUANTITY }", &[80, 10]),
        ("", "sort: { field: VALUE }", &[10, 80]),
        ("", "sort: { field: VALUE, direction: ASC }", &[80, 10]),
        ("sku: { eq: \"vase\" }", by_quantity, &[10]),
        ("product: { key: [\"MUG\"] }", by_quantity, &[80]),
        ("search: \"vase\"", by_quantity, &[10]),
        ("category: { isNull: true }", by_quantity, &[10, 80]),
        ("status: [PROPOSED], store: { key: [\"DOCK\"] }", by_quantity, &[10, 80]),
        ("action: [KEEP]", by_quantity, &[]),
        ("issue: [STALE]", by_quantity, &[]),
        ("not: { outcome: [WITHIN] }", by_quantity, &[10, 80]),
        ("quantity: { gte: 11 }", by_quantity, &[80]),
        ("until: { gte: \"2000-01-01\" }", by_quantity, &[10, 80]),
        ("value: { currencyCode: \"GBP\", gte: \"240.01\" }", by_quantity, &[10]),
        ("value: { currencyCode: \"EUR\" }", by_quantity, &[]),
        ("expected: { currencyCode: \"GBP\" }", by_quantity, &[10, 80]),
        ("or: [{ sku: { eq: \"vase\" } }, { quantity: { eq: 80 } }]", by_quantity, &[10, 80]),
        ("not: { value: { currencyCode: \"GBP\", lte: \"240.00\" } }", by_quantity, &[10]),
    ];
    for (filter, sort, expected) in cases {
        let arguments = format!("filter: {{ {filter} }}, {sort}");
        let found = answer(desk.office(), &plan, &arguments).await;
        let lines = &found["data"]["liquidationPlan"]["lines"];
        assert_eq!(quantities(&lines["nodes"], &found), expected, "{arguments}");
        assert_eq!(lines["totalCount"]["count"], expected.len(), "{arguments}");
        assert_eq!(tried(desk.office(), &arguments).await, expected, "{arguments}, of a dry run");
    }
}

async fn amounts_find_no_lines_for_whoever_is_not_shown_them(world: &World) {
    let (desk, plan) = planned(world).await;
    let clerk = desk.office().as_caller(world.ours.owner_with(&["purchase.read", "product.read", "store.read"]));
    for arguments in [
        "sort: { field: VALUE }",
        "sort: { field: EXPECTED }",
        "filter: { value: { currencyCode: \"GBP\", gte: \"300.00\" } }",
        "filter: { not: { or: [{ expected: { currencyCode: \"GBP\" } }] } }",
    ] {
        let refused = answer(&clerk, &plan, arguments).await;
        let [code, permission] = ["code", "permission"].map(|name| &refused["errors"][0][name]);
        assert_eq!((code, permission), (&json!("FORBIDDEN"), &json!("product.cost.read")), "{arguments}: {refused:#}");
    }
    let found = answer(&clerk, &plan, "sort: { field: QUANTITY }").await;
    assert_eq!(quantities(&found["data"]["liquidationPlan"]["lines"]["nodes"], &found), [80, 10], "units say nothing of costs");
}
