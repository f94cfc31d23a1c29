//! Steps of orders.

use entity::prelude::ProductId;
use serde_json::{Value, json};

use super::world::{World, accepted, refused};

fn action_input(world: &World, order: &Value) -> Value {
    json!({"id": order["id"], "idempotencyKey": world.key()})
}

async fn mugs(world: &World, status: &str, quantity: i64) -> Value {
    let payload = world.order(status, json!([{"product": {"id": world.mug}, "quantity": quantity}])).await;
    accepted(&payload, "order").clone()
}

#[tokio::test]
async fn an_order_is_shipped_in_parts_and_filed() {
    World::on_both(async |world| {
        let order = mugs(&world, "CONFIRMED", 10).await;
        let line = order["lines"][0]["id"].clone();
        let mut part = action_input(&world, &order);
        part["lines"] = json!([{"lineId": line, "quantity": 4}]);
        let payload = world.mutate("orderFulfil", part).await;
        let after = accepted(&payload, "order");
        assert_eq!((&after["status"], &after["version"]), (&json!("PARTIALLY_FULFILLED"), &json!(2)));
        assert_eq!((&after["lines"][0]["open"], &after["lines"][0]["fulfilled"]), (&json!(6), &json!(4)));
        assert_eq!(
            after["fulfilments"],
            json!([{"status": "SHIPPED", "store": {"code": "LDN"}, "lines": [{"orderLine": {"sku": "MUG"}, "quantity": 4}]}])
        );
        assert_eq!(world.level(world.mug, world.store).await, [96, 6, 0]);
        let mut much = action_input(&world, &order);
        much["lines"] = json!([{"lineId": line, "quantity": 7}]);
        refused(&world.mutate("orderFulfil", much).await, "OUT_OF_RANGE", "input.lines.0.quantity");
        // The rest is shipped from another store; the units that are held here are released.
        let mut rest = action_input(&world, &order);
        rest["store"] = json!({"code": "DEPOT"});
        let payload = world.mutate("orderFulfil", rest).await;
        assert_eq!(accepted(&payload, "order")["status"], "FULFILLED");
        assert_eq!(world.level(world.mug, world.store).await, [96, 0, 0]);
        assert_eq!(world.level(world.mug, world.depot).await, [44, 0, 0]);
        let close = action_input(&world, &order);
        let payload = world.mutate("orderClose", close.clone()).await;
        assert_eq!(accepted(&payload, "order")["status"], "CLOSED");
        let again = world.mutate("orderClose", close).await;
        assert_eq!((&again["replayed"], &again["order"]["status"]), (&json!(true), &json!("CLOSED")));
        refused(&world.mutate("orderCancel", action_input(&world, &order)).await, "INVALID_STATE", "input.id");
    })
    .await;
}

#[tokio::test]
async fn a_draft_is_confirmed_when_there_is_stock() {
    World::on_both(async |world| {
        let order = mugs(&world, "DRAFT", 60).await;
        let other = mugs(&world, "DRAFT", 60).await;
        let payload = world.mutate("orderConfirm", action_input(&world, &order)).await;
        assert_eq!(accepted(&payload, "order")["status"], "CONFIRMED");
        refused(
            &world.mutate("orderConfirm", action_input(&world, &other)).await,
            "INSUFFICIENT_STOCK",
            "input.lines.0.quantity",
        );
        refused(&world.mutate("orderFulfil", action_input(&world, &other)).await, "INVALID_STATE", "input.id");
        refused(&world.mutate("orderConfirm", action_input(&world, &order)).await, "INVALID_STATE", "input.id");
    })
    .await;
}

#[tokio::test]
async fn cancelling_lets_stock_go_and_keeps_what_has_left() {
    World::on_both(async |world| {
        let order = mugs(&world, "CONFIRMED", 10).await;
        let payload = world.mutate("orderCancel", action_input(&world, &order)).await;
        assert_eq!(accepted(&payload, "order")["status"], "CANCELLED");
        assert_eq!(accepted(&payload, "order")["lines"][0]["cancelled"], 10);
        assert_eq!(world.level(world.mug, world.store).await, [100, 0, 0]);
        let order = mugs(&world, "CONFIRMED", 10).await;
        let mut part = action_input(&world, &order);
        part["lines"] = json!([{"lineId": order["lines"][0]["id"], "quantity": 4}]);
        accepted(&world.mutate("orderFulfil", part).await, "order");
        let payload = world.mutate("orderCancel", action_input(&world, &order)).await;
        let after = accepted(&payload, "order");
        assert_eq!((&after["status"], &after["lines"][0]["cancelled"]), (&json!("FULFILLED"), &json!(6)));
        assert_eq!(world.level(world.mug, world.store).await, [96, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_stale_version_is_refused() {
    World::on_both(async |world| {
        let order = mugs(&world, "DRAFT", 1).await;
        let mut stale = action_input(&world, &order);
        stale["expectedVersion"] = json!(7);
        refused(&world.mutate("orderConfirm", stale.clone()).await, "VERSION_CONFLICT", "input.expectedVersion");
        // The version is no part of the key's hash: corrected, the same key is taken.
        stale["expectedVersion"] = json!(1);
        accepted(&world.mutate("orderConfirm", stale).await, "order");
    })
    .await;
}

#[tokio::test]
async fn wrong_and_foreign_ids_are_refused() {
    World::on_both(async |world| {
        let order = mugs(&world, "CONFIRMED", 1).await;
        for (id, code) in [(json!(world.mug), "INVALID"), (json!("ord_00000000000000000000000000"), "NOT_FOUND")] {
            for mutation in ["orderConfirm", "orderFulfil", "orderCancel", "orderClose"] {
                let input = json!({"id": id, "idempotencyKey": world.key()});
                refused(&world.mutate(mutation, input).await, code, "input.id");
            }
        }
        let mut foreign = action_input(&world, &order);
        foreign["store"] = json!({"id": world.foreign.store});
        refused(&world.mutate("orderFulfil", foreign).await, "NOT_FOUND", "input.store.id");
        let mut other = action_input(&world, &order);
        other["lines"] = json!([{"lineId": "oln_00000000000000000000000001", "quantity": 1}]);
        refused(&world.mutate("orderFulfil", other).await, "NOT_FOUND", "input.lines.0.lineId");
        let mut noted = action_input(&world, &order);
        noted["note"] = json!("n".repeat(1_001));
        refused(&world.mutate("orderCancel", noted).await, "TOO_LONG", "input.note");
    })
    .await;
}

#[tokio::test]
async fn a_hold_that_gave_way_is_short() {
    World::on_both(async |world| {
        let order = mugs(&world, "PENDING", 60).await;
        world.advance_clock(5);
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": "FULFILLED", "onShortage": "SHORTEN",
            "lines": [{"product": {"id": world.mug}, "quantity": 70}]});
        accepted(&world.mutate("orderCreate", input).await, "order");
        let document = "query($id: ID!) { order(by: {id: $id}) { holds { reason placedAt actor { __typename } } \
            lines { open allocations { quantity } } } }";
        let answer = world.execute(document, json!({"id": order["id"]})).await;
        let hold = json!({"reason": "SHORT", "placedAt": "2026-11-20T09:00:05.000000Z", "actor": {"__typename": "SystemActor"}});
        let lines = json!([{"open": 60, "allocations": [{"quantity": 30}]}]);
        assert_eq!(answer["order"], json!({"holds": [hold], "lines": lines}));
    })
    .await;
}

#[tokio::test]
async fn a_draft_of_what_is_no_longer_sold_is_not_confirmed() {
    World::on_both(async |world| {
        let becomes = async |product: ProductId, status: &str| {
            let work = world.db.tenant(world.tenant).begin().await.unwrap();
            let sql = "UPDATE product SET status = $3 WHERE tenant_id = $1 AND id = $2";
            work.execute(sql, vec![product.into(), status.into()]).await.unwrap();
            work.commit().await.unwrap();
        };
        for product in [world.mug, world.wrap] {
            let payload = world.order("DRAFT", json!([{"product": {"id": product}, "quantity": 1}])).await;
            let order = accepted(&payload, "order").clone();
            becomes(product, "DRAFT").await;
            let payload = world.mutate("orderConfirm", action_input(&world, &order)).await;
            refused(&payload, "INVALID_STATE", "input.id");
            let message = payload["userErrors"][0]["message"].as_str().unwrap();
            assert!(message.ends_with("is DRAFT: only ACTIVE products are sold"), "{message}");
            becomes(product, "ACTIVE").await;
            let payload = world.mutate("orderConfirm", action_input(&world, &order)).await;
            assert_eq!(accepted(&payload, "order")["status"], "CONFIRMED");
        }
    })
    .await;
}
