//! Permissions to count, to see the book quantities, and to approve.

use entity::prelude::*;
use entrepot::access::{Caller, PermissionSet, REGISTRY};
use serde_json::{Value, json};

use super::world::{World, accepted, of_store, refused};

fn without(codes: &[&str]) -> PermissionSet {
    let mut set = PermissionSet::default();
    for (index, _) in REGISTRY.iter().enumerate().filter(|(_, info)| !codes.contains(&info.code)) {
        set.insert(index);
    }
    set
}

/// Counts so many mugs and hands it in, as the owner.
async fn handed_in(world: &World, mugs: i64) -> Value {
    let count = world.start_count(json!({"kind": "LIST", "products": [{"id": world.mug}]})).await;
    world.record_counted(&count, &[(world.mug, mugs)]).await;
    world.complete_count_step("stocktakeSubmit", &count).await
}

#[tokio::test]
async fn who_counts_blindly_does_not_see_the_books() {
    World::on_both(async |world| {
        let counter = without(&["count.review"]);
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": world.mug}]})).await;
        let payload = world.mutate_as(counter.clone(), "stocktakeRecord", world.counted_input(&count, &[(world.mug, 7)])).await;
        let line = &accepted(&payload, "stocktake")["lines"]["nodes"][0];
        let fields = json!([line["counted"], line["book"], line["difference"], line["differenceValue"], line["tries"]]);
        assert_eq!(fields, json!([7, null, null, null, []]));
        for filter in ["{hasDifference: true}", "{not: {hasDifference: true}}", "{or: [{}, {hasDifference: false}]}"] {
            let document =
                format!("query($id: ID!) {{ stocktake(by: {{id: $id}}) {{ lines(filter: {filter}) {{ nodes {{ sku }} }} }} }}");
            let answer = world.execute_as(counter.clone(), &document, json!({"id": count["id"]})).await;
            assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{filter}");
        }
        let document = "query($id: ID!) { stocktake(by: {id: $id}) { figures { booked } } }";
        let answer = world.execute_as(counter.clone(), document, json!({"id": count["id"]})).await;
        assert_eq!(answer["errors"][0]["code"], "FORBIDDEN");
        let open = world.start_count(json!({"kind": "LIST", "products": [{"id": world.mug}], "isBlind": false})).await;
        let payload = world.mutate_as(counter, "stocktakeRecord", world.counted_input(&open, &[(world.mug, 7)])).await;
        assert_eq!(accepted(&payload, "stocktake")["lines"]["nodes"][0]["book"], 100);
    })
    .await;
}

#[tokio::test]
async fn above_the_limit_somebody_else_approves() {
    World::on_both(async |world| {
        // From 5.00 on; a mug costs 1.00.
        world.run_tenant_sql("UPDATE tenant SET approval_minor = 500 WHERE id = $1", vec![]).await;
        let small = handed_in(&world, 95).await;
        world.complete_count_step("stocktakeApprove", &small).await;
        let large = handed_in(&world, 89).await;
        refused(&world.mutate("stocktakeApprove", world.step(&large)).await, "INVALID_STATE", "input.id");
        let other = Actor::member(world.ledger.clock().id());
        let other = Caller::new(world.tenant, other, PermissionSet::all());
        let document =
            "mutation($input: StocktakeActionInput!) { stocktakeApprove(input: $input) { stocktake { status } userErrors { code } } }";
        let answer = world.execute_by(other, document, json!({"input": world.step(&large)})).await;
        assert_eq!(answer["stocktakeApprove"], json!({"stocktake": {"status": "COMPLETED"}, "userErrors": []}));
        assert_eq!(world.level_in_transit(world.mug, world.store).await[0], 89);
    })
    .await;
}

#[tokio::test]
async fn what_nobody_can_value_is_above_any_limit() {
    World::on_both(async |world| {
        world.run_tenant_sql("UPDATE tenant SET approval_minor = 500 WHERE id = $1", vec![]).await;
        for cost in ["cost_minor = NULL, cost_currency = NULL", "cost_minor = 1, cost_currency = 'USD'"] {
            world.run_tenant_sql(&format!("UPDATE product SET {cost} WHERE tenant_id = $1"), vec![]).await;
            let right = handed_in(&world, 100).await;
            world.complete_count_step("stocktakeApprove", &right).await;
            let off = handed_in(&world, 99).await;
            refused(&world.mutate("stocktakeApprove", world.step(&off)).await, "INVALID_STATE", "input.id");
        }
    })
    .await;
}

#[tokio::test]
async fn a_count_belongs_to_its_store() {
    World::on_both(async |world| {
        let elsewhere = of_store(world.depot);
        let count = handed_in(&world, 99).await;
        for mutation in ["stocktakeStart", "stocktakeSubmit", "stocktakeRecount", "stocktakeApprove", "stocktakeCancel"] {
            refused(&world.mutate_as(elsewhere.clone(), mutation, world.step(&count)).await, "NOT_FOUND", "input.id");
        }
        let found = world.counted_input(&count, &[(world.mug, 1)]);
        refused(&world.mutate_as(elsewhere.clone(), "stocktakeRecord", found).await, "NOT_FOUND", "input.id");
        let document = "query($id: ID!, $store: ID!) { stocktake(by: {id: $id}) { id } stocktakes { nodes { id } } countsDue(storeId: $store) { abcClass } }";
        let answer = world.execute_as(elsewhere, document, json!({"id": count["id"], "store": world.store})).await;
        assert_eq!(answer, json!({"stocktake": null, "stocktakes": {"nodes": []}, "countsDue": []}));
    })
    .await;
}
