//! Expiry of orders and holds.

use entity::prelude::Timestamp;
use entrepot::orders::jobs::{ExpiryCursors, expire_due};
use serde_json::json;

use super::world::{START, World, accepted};

#[tokio::test]
async fn what_is_over_ends_once() {
    World::on_both(async |world| {
        let pending = world.order("PENDING", json!([{"product": {"id": world.mug}, "quantity": 10}])).await;
        let service = world.order("PENDING", json!([{"product": {"id": world.wrap}, "quantity": 1}])).await;
        let confirmed = world.order("PENDING", json!([{"product": {"id": world.mug}, "quantity": 1}])).await;
        let id = &accepted(&confirmed, "order")["id"];
        accepted(&world.mutate("orderConfirm", json!({"id": id, "idempotencyKey": world.key()})).await, "order");
        for _ in 0..3 {
            world.reserve(world.mug, 5, Some(Timestamp(START).plus_seconds(60))).await;
        }
        assert_eq!(world.level(world.mug, world.store).await, [100, 26, 0]);
        let now = || world.ledger.clock().now();
        assert_eq!(expire_due(&world.ledger, now(), &ExpiryCursors::default()).await.unwrap(), 0);
        world.advance_clock(60);
        assert_eq!(expire_due(&world.ledger, now(), &ExpiryCursors::default()).await.unwrap(), 3);
        assert_eq!(world.level(world.mug, world.store).await, [100, 11, 0]);
        world.advance_clock(840);
        assert_eq!(expire_due(&world.ledger, now(), &ExpiryCursors::default()).await.unwrap(), 2);
        assert_eq!(expire_due(&world.ledger, now(), &ExpiryCursors::default()).await.unwrap(), 0);
        assert_eq!(world.level(world.mug, world.store).await, [100, 1, 0]);
        for payload in [&pending, &service] {
            let document = "query($id: ID!) { order(by: {id: $id}) { status allowedActions expiresAt } }";
            let answer = world.execute(document, json!({"id": payload["order"]["id"]})).await;
            assert_eq!(answer["order"], json!({"status": "EXPIRED", "allowedActions": [], "expiresAt": null}));
        }
    })
    .await;
}
