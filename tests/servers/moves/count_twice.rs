//! Counts that overlap, lines that must be counted again, and units that were set aside.

use entity::prelude::Condition;
use entrepot::stock::{core::LevelKey, shell::explain_level};
use serde_json::{Value, json};

use super::world::{World, accepted};

/// A count of mugs that has begun.
async fn mugs_count(world: &World) -> Value {
    world.start_count(json!({"kind": "LIST", "products": [{"id": world.mug}]})).await
}

/// Submits a count and posts it; returns its book quantity and the posted difference.
async fn posts(world: &World, count: &Value) -> [i64; 2] {
    world.complete_count_step("stocktakeSubmit", count).await;
    let posted = world.complete_count_step("stocktakeApprove", count).await;
    let line = &posted["lines"]["nodes"][0];
    ["book", "difference"].map(|name| line[name].as_i64().unwrap())
}

async fn mugs(world: &World) -> i64 {
    world.level_in_transit(world.mug, world.store).await[0]
}

#[tokio::test]
async fn two_counts_of_a_shelf_post_what_is_off_once() {
    World::on_both(async |world| {
        let mug = world.mug;
        let (first, second) = (mugs_count(&world).await, mugs_count(&world).await);
        world.advance_clock(60);
        world.record_counted(&first, &[(mug, 97)]).await;
        world.advance_clock(60);
        world.record_counted(&second, &[(mug, 96)]).await;
        world.advance_clock(60);
        assert_eq!(posts(&world, &first).await, [100, -3]);
        assert_eq!(posts(&world, &second).await, [97, -1], "the first one has set three right");
        assert_eq!(mugs(&world).await, 96);
        // At one moment, too.
        let (third, fourth) = (mugs_count(&world).await, mugs_count(&world).await);
        world.record_counted(&third, &[(mug, 99)]).await;
        world.record_counted(&fourth, &[(mug, 99)]).await;
        posts(&world, &third).await;
        assert_eq!(posts(&world, &fourth).await, [99, 0]);
        assert_eq!(mugs(&world).await, 99);
    })
    .await;
}

#[tokio::test]
async fn of_two_counts_the_later_one_holds_whichever_is_approved_first() {
    World::on_both(async |world| {
        let mug = world.mug;
        let (early, late) = (mugs_count(&world).await, mugs_count(&world).await);
        world.advance_clock(60);
        world.record_counted(&early, &[(mug, 95)]).await;
        world.advance_clock(60);
        world.record_counted(&late, &[(mug, 97)]).await;
        assert_eq!(posts(&world, &late).await, [100, -3]);
        assert_eq!(posts(&world, &early).await, [95, 0], "it was counted again since");
        assert_eq!(mugs(&world).await, 97);
    })
    .await;
}

#[tokio::test]
async fn a_scanner_that_was_offline_is_held_against_what_another_count_had_set_right() {
    World::on_both(async |world| {
        let mug = world.mug;
        let (first, second) = (mugs_count(&world).await, mugs_count(&world).await);
        world.advance_clock(60);
        world.record_counted(&first, &[(mug, 97)]).await;
        world.advance_clock(120);
        posts(&world, &first).await;
        world.advance_clock(60);
        // Counted at 09:02, between the first count and its approval.
        let mut found = world.counted_input(&second, &[(mug, 97)]);
        found["countedAt"] = json!("2026-11-20T09:02:00Z");
        accepted(&world.mutate("stocktakeRecord", found).await, "stocktake");
        assert_eq!(posts(&world, &second).await, [97, 0]);
        assert_eq!(mugs(&world).await, 97);
    })
    .await;
}

#[tokio::test]
async fn a_figure_that_was_to_be_counted_again_is_not_posted() {
    World::on_both(async |world| {
        let (mug, tea, store) = (world.mug, world.tea, world.store);
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": mug}, {"id": tea}]})).await;
        world.record_counted(&count, &[(mug, 7), (tea, 5_001)]).await;
        let count = world.complete_count_step("stocktakeSubmit", &count).await;
        let mut again = world.step(&count);
        again["products"] = json!([{"id": mug}]);
        accepted(&world.mutate("stocktakeRecount", again).await, "stocktake");
        let mut leave = world.step(&count);
        leave["onUncounted"] = json!("LEAVE");
        accepted(&world.mutate("stocktakeSubmit", leave).await, "stocktake");
        let document = "query($id: ID!) { stocktake(by: {id: $id}) { figures { booked counted } } }";
        let figures = json!({"booked": 5_000, "counted": 5_001});
        assert_eq!(world.execute(document, json!({"id": count["id"]})).await["stocktake"]["figures"], figures);
        world.complete_count_step("stocktakeApprove", &count).await;
        assert_eq!((mugs(&world).await, world.level_in_transit(tea, store).await[0]), (100, 5_001));
        assert_eq!(world.execute(document, json!({"id": count["id"]})).await["stocktake"]["figures"], figures);
    })
    .await;
}

#[tokio::test]
async fn what_is_missing_is_taken_from_what_was_set_aside_last() {
    World::on_both(async |world| {
        let (mug, store) = (world.mug, world.store);
        for (to, quantity) in [("DAMAGED", 30), ("QUARANTINE", 5)] {
            let input = json!({"idempotencyKey": world.key(), "to": to, "reasonCode": "DAMAGE",
                "items": [{"product": {"id": mug}, "store": {"id": store}, "quantity": quantity}]});
            accepted(&world.mutate("stockMove", input).await, "");
        }
        // 65 could be sold, and at least 15 of what was set aside are gone.
        let count = mugs_count(&world).await;
        world.record_counted(&count, &[(mug, 20)]).await;
        assert_eq!(posts(&world, &count).await, [100, -80]);
        assert_eq!(world.level(mug, store).await, [20, 0, 20]);
        let key = LevelKey { product: mug, store };
        let scope = world.db.tenant(world.tenant);
        let explained_level = explain_level(&scope, world.ledger.clock(), key).await.unwrap().unwrap().level_snapshot;
        let aside = [Condition::Quarantine, Condition::Damaged].map(|condition| explained_level.aside.of(condition));
        assert!(aside.iter().all(|n| *n >= 0) && aside.iter().sum::<i64>() == 20, "{aside:?}");
    })
    .await;
}
