//! Sales that continue while a count is approved.

use serde_json::{Value, json};

use super::world::{World, accepted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sold_while_a_count_is_approved_is_counted_once() {
    World::on_both(async |world| {
        let mug = world.mug;
        let mut books = 100;
        for round in 0..4 {
            let count = world.start_count(json!({"kind": "LIST", "products": [{"id": mug}]})).await;
            let found = books - 5;
            world.record_counted(&count, &[(mug, found)]).await;
            world.complete_count_step("stocktakeSubmit", &count).await;
            world.advance_clock(60);
            let sale = |quantity: i64| {
                let line = json!({"product": {"id": mug}, "quantity": quantity});
                let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": "FULFILLED", "lines": [line]});
                world.mutate("orderCreate", input)
            };
            let sales = futures_util::future::join_all((0..10).map(|n| sale(1 + n % 2)));
            let approve = || world.mutate("stocktakeApprove", world.step(&count));
            let (sold, one, other) = futures_util::join!(sales, approve(), approve());
            for answer in &sold {
                accepted(answer, "order");
            }
            let codes = [&one, &other].map(|answer| answer["userErrors"][0]["code"].clone());
            assert!(codes.contains(&Value::Null) && codes.contains(&json!("INVALID_STATE")), "{one} {other}");
            // Five were missing, and fifteen were sold since they were counted.
            books = found - 15;
            assert_eq!(world.level_in_transit(mug, world.store).await, [books, 0, 0], "round {round}");
        }
        let missing = "SELECT CAST(sum(e.on_hand_delta) AS bigint) FROM entry e JOIN movement m ON m.tenant_id = e.tenant_id AND m.seq = e.seq
                       WHERE e.tenant_id = $1 AND m.kind = 'COUNT'";
        assert_eq!(world.query_number(missing).await, -20, "each difference is posted once");
    })
    .await;
}
