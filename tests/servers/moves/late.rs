//! Movements that arrive after a count that had included them.

use serde_json::{Value, json};

use super::world::{World, accepted, refused};

/// Changes the store's mugs by so many, at a moment.
async fn adjust(world: &World, kind: &str, delta: i64, at: &str) -> Value {
    let input = json!({"idempotencyKey": world.key(), "kind": kind, "reasonCode": "CORRECTION", "occurredAt": at,
        "changes": [{"product": {"id": world.mug}, "store": {"id": world.store}, "delta": delta}]});
    world.mutate("stockAdjust", input).await
}

/// Counts so many mugs at 09:10 and posts it.
async fn counted(world: &World, mugs: i64) {
    let count = world.start_count(json!({"kind": "LIST", "products": [{"id": world.mug}]})).await;
    world.advance_clock(600);
    world.record_counted(&count, &[(world.mug, mugs)]).await;
    world.complete_count_step("stocktakeSubmit", &count).await;
    world.complete_count_step("stocktakeApprove", &count).await;
    world.advance_clock(600);
}

async fn mugs(world: &World) -> i64 {
    world.level_in_transit(world.mug, world.store).await[0]
}

#[tokio::test]
async fn a_sale_from_before_a_posted_count_leaves_the_count_true() {
    World::on_both(async |world| {
        counted(&world, 80).await;
        assert_eq!(mugs(&world).await, 80);
        accepted(&adjust(&world, "SALE", -20, "2026-11-20T09:05:00Z").await, "");
        assert_eq!(mugs(&world).await, 80, "the count had seen it");
        accepted(&adjust(&world, "RECEIPT", 7, "2026-11-20T09:06:00Z").await, "");
        assert_eq!(mugs(&world).await, 80);
        accepted(&adjust(&world, "SALE", -20, "2026-11-20T09:15:00Z").await, "");
        assert_eq!(mugs(&world).await, 60, "this one came after the count");
        let first = "query($sort: MovementSort) { stockMovements(sort: $sort, filter: {kind: [COUNT, SALE]}, first: 1) { nodes { kind } } }";
        for (field, kind) in [("RECORDED_AT", "COUNT"), ("OCCURRED_AT", "SALE")] {
            let found = world.execute(first, json!({"sort": {"field": field, "direction": "ASC"}})).await;
            assert_eq!(found["stockMovements"]["nodes"], json!([{"kind": kind}]), "{found:#}");
        }
    })
    .await;
}

#[tokio::test]
async fn it_is_taken_also_where_the_count_found_nothing() {
    World::on_both(async |world| {
        counted(&world, 0).await;
        accepted(&adjust(&world, "SALE", -20, "2026-11-20T09:05:00Z").await, "");
        assert_eq!(mugs(&world).await, 0);
        refused(&adjust(&world, "SALE", -20, "2026-11-20T09:15:00Z").await, "INSUFFICIENT_STOCK", "input.changes.0.delta");
        let sql =
            "SELECT CAST(-sum(e.on_hand_delta) AS bigint) FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
            WHERE e.tenant_id = $1 AND m.kind = 'SALE'";
        assert_eq!(world.query_number(sql).await, 20, "it is booked as the sale that it was");
    })
    .await;
}

#[tokio::test]
async fn what_arrives_before_the_count_is_posted_changes_what_it_is_held_against() {
    World::on_both(async |world| {
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": world.mug}]})).await;
        world.advance_clock(600);
        world.record_counted(&count, &[(world.mug, 80)]).await;
        world.advance_clock(600);
        // The till of 09:05 comes online: the count had seen its sale.
        accepted(&adjust(&world, "SALE", -15, "2026-11-20T09:05:00Z").await, "");
        let count = world.complete_count_step("stocktakeSubmit", &count).await;
        let line = &count["lines"]["nodes"][0];
        assert_eq!((&line["book"], &line["difference"]), (&json!(85), &json!(-5)));
        world.complete_count_step("stocktakeApprove", &count).await;
        assert_eq!(mugs(&world).await, 80);
    })
    .await;
}

#[tokio::test]
async fn it_is_answered_with_itself_and_what_keeps_the_count_stays() {
    World::on_both(async |world| {
        counted(&world, 80).await;
        let input = json!({"idempotencyKey": world.key(), "kind": "SALE", "reasonCode": "CORRECTION", "occurredAt": "2026-11-20T09:05:00Z",
            "changes": [{"product": {"id": world.mug}, "store": {"id": world.store}, "delta": -20}]});
        let document = "mutation($i: StockAdjustInput!) { stockAdjust(input: $i) { movement { id kind entries { onHandDelta } }
            levels { onHand version } userErrors { message } replayed } }";
        let sell = async || world.execute(document, json!({ "i": input })).await["stockAdjust"].clone();
        let first = sell().await;
        let movement = accepted(&first, "movement");
        assert_eq!((&movement["kind"], &movement["entries"]), (&json!("SALE"), &json!([{"onHandDelta": -20}])));
        assert_eq!(first["levels"][0]["onHand"], 80);
        let again = sell().await;
        assert_eq!((&again["replayed"], &again["movement"], &again["levels"]), (&json!(true), movement, &first["levels"]));
        let newest = world.execute("{ stockMovements(first: 1) { nodes { id kind } } }", json!({})).await;
        let kept = &newest["stockMovements"]["nodes"][0];
        assert_eq!(kept["kind"], "COUNT");
        let reverse = |movement: &Value| json!({"idempotencyKey": world.key(), "movementId": movement["id"], "note": "Nobody came",
            "occurredAt": "2026-11-20T09:05:00Z"});
        refused(&world.mutate("stockReverse", reverse(kept)).await, "INVALID_STATE", "input.movementId");
        assert_eq!(mugs(&world).await, 80);
        accepted(&world.mutate("stockReverse", reverse(movement)).await, "");
        assert_eq!(mugs(&world).await, 80, "the count had seen that, too");
    })
    .await;
}

/// Sets mugs of the store aside, or takes them back, at a moment.
async fn transfer_at(world: &World, (from, to): (&str, &str), mugs: i64, at: &str) -> Value {
    let input = json!({"idempotencyKey": world.key(), "from": from, "to": to, "reasonCode": "DAMAGE", "occurredAt": at,
        "items": [{"product": {"id": world.mug}, "store": {"id": world.store}, "quantity": mugs}]});
    world.mutate("stockMove", input).await
}

#[tokio::test]
async fn setting_aside_before_a_count_makes_no_stock() {
    World::on_both(async |world| {
        let before = "2026-11-20T09:05:00Z";
        counted(&world, 80).await;
        let level = async || world.level(world.mug, world.store).await;
        let refusal = ("INSUFFICIENT_STOCK", "input.items.0.quantity");
        refused(&transfer_at(&world, ("AVAILABLE", "DAMAGED"), 1_000, before).await, refusal.0, refusal.1);
        assert_eq!(level().await, [80, 0, 0]);
        accepted(&transfer_at(&world, ("AVAILABLE", "DAMAGED"), 30, before).await, "");
        assert_eq!(level().await, [80, 0, 30]);
        // A move back of units that were promised meanwhile takes none from other dates either.
        accepted(&transfer_at(&world, ("DAMAGED", "AVAILABLE"), 10, before).await, "");
        let order = world.order("CONFIRMED", json!([{"product": {"id": world.mug}, "quantity": 60}])).await;
        assert_eq!(order["userErrors"], json!([]));
        refused(&transfer_at(&world, ("AVAILABLE", "QUARANTINE"), 1, before).await, refusal.0, refusal.1);
        assert_eq!(level().await, [80, 60, 20]);
        // A departure from before the count is still offset: the count had included it.
        accepted(&transfer_at(&world, ("AVAILABLE", "WRITTEN_OFF"), 7, before).await, "");
        assert_eq!(level().await, [80, 60, 20]);
    })
    .await;
}

#[tokio::test]
async fn a_count_by_a_clock_that_runs_ahead_borrows_nothing() {
    World::on_both(async |world| {
        let mug = world.mug;
        let order = world.order("CONFIRMED", json!([{"product": {"id": mug}, "quantity": 100}])).await;
        assert_eq!(order["userErrors"], json!([]));
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": mug}]})).await;
        let mut found = world.counted_input(&count, &[(mug, 40)]);
        found["countedAt"] = json!("2026-11-20T09:04:00Z");
        accepted(&world.mutate("stocktakeRecord", found).await, "stocktake");
        world.complete_count_step("stocktakeSubmit", &count).await;
        world.complete_count_step("stocktakeApprove", &count).await;
        assert_eq!(world.level_in_transit(mug, world.store).await, [40, 40, 0]);
    })
    .await;
}
