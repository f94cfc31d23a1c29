//! Refusals and the details that they show of the row.

use serde_json::{Value, json};

use super::{
    Needs::{May, Nothing},
    calls::Calls,
    least, needs, only_error,
    world::World,
};
use crate::world::on_both;

on_both!(a_refusal_tells_no_more_than_may_be_seen, who_asks_is_looked_at_before_what_they_ask);

/// Permissions are checked before IDs: only a caller with the permission is told that an ID is of
/// another kind.
async fn who_asks_is_looked_at_before_what_they_ask(world: &World) {
    let (calls, company) = (Calls::of_the_schema(), &world.ours);
    let mut query_count = 0;
    for (operation, field) in calls.roots().filter(|(operation, field)| *operation == "query" && needs(field) != Nothing) {
        for slot in calls.slots(field) {
            let variables = calls.variables(company, field, Some((&slot, &company.ids["ten"])));
            let document = calls.document(operation, field, &variables, least(&calls, field));
            let answer = world.execute(company, None, &document, &variables).await;
            let refusal = only_error(&answer, &field.name.node);
            assert_eq!(refusal, (json!("UNAUTHENTICATED"), Value::Null), "{}: {slot:?}", field.name);
            if let May(permission) = needs(field) {
                let answer = world.execute(company, Some(company.owner_with(&[])), &document, &variables).await;
                let refusal = only_error(&answer, &field.name.node);
                assert_eq!(refusal, (json!("FORBIDDEN"), json!(permission)), "{}: {slot:?}", field.name);
            }
            query_count += 1;
        }
    }
    assert!(query_count > 20, "only {query_count} places were tried");
}

async fn a_refusal_tells_no_more_than_may_be_seen(world: &World) {
    let company = &world.ours;
    let query = "mutation($input: StockAdjustInput!) { stockAdjust(input: $input) { userErrors { code message
        ... on VersionConflict { actualVersion current { __typename } } ... on InsufficientStock { level { __typename } } } } }";
    let change = |delta: i64, version: Option<i64>| {
        let change = json!({ "product": { "id": company.ids["prd"] }, "store": { "id": company.ids["sto"] }, "delta": delta, "expectedVersion": version });
        json!({ "input": { "idempotencyKey": "told", "reasonCode": "OTHER", "changes": [change] } })
    };
    for (codes, seen) in
        [(["stock.adjust"].as_slice(), Value::Null), (&["stock.adjust", "stock.read"], json!({ "__typename": "StockLevel" }))]
    {
        let stale =
            world.execute(company, Some(company.owner_with(codes)), query, &change(1, Some(99))).await["data"]["stockAdjust"]["userErrors"][0]
                .clone();
        assert_eq!((&stale["code"], &stale["current"]), (&json!("VERSION_CONFLICT"), &seen));
        assert_eq!(stale["message"].as_str().is_some_and(|message| message.contains("on hand")), !seen.is_null(), "{stale}");
        let short = world.execute(company, Some(company.owner_with(codes)), query, &change(-2_000_000, None)).await["data"]["stockAdjust"]["userErrors"][0].clone();
        assert_eq!((&short["code"], &short["level"]), (&json!("INSUFFICIENT_STOCK"), &seen));
    }
}
