//! Stocktakes.

use entity::prelude::*;
use serde_json::{Value, json};

use super::world::{World, accepted, refused};
use crate::world::answers::digits;

/// Sells so many mugs of the store over the counter.
async fn sell(world: &World, quantity: i64) {
    let input = json!({"idempotencyKey": world.key(), "kind": "SALE", "reasonCode": "SALE",
        "changes": [{"product": {"id": world.mug}, "store": {"id": world.store}, "delta": -quantity}]});
    accepted(&world.mutate("stockAdjust", input).await, "");
}

fn line<'c>(count: &'c Value, sku: &str) -> &'c Value {
    count["lines"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["sku"] == sku)
        .unwrap_or_else(|| panic!("{sku}: {count:#}"))
}

#[tokio::test]
async fn a_full_count_sets_the_stock_to_what_was_found() {
    World::on_both(async |world| {
        let (mug, tea, lamp, store) = (world.mug, world.tea, world.lamp, world.store);
        let count = world.start_count(json!({})).await;
        assert_eq!((&count["number"], &count["status"]), (&json!("CN-000001"), &json!("COUNTING")));
        let progress = |counted: i64, found: i64| json!({"lines": 3 + found, "counted": counted, "uncounted": 3 + found - counted, "recount": 0, "found": found});
        assert_eq!(count["progress"], progress(0, 0));
        assert_eq!(line(&count, "MUG")["state"], "UNCOUNTED");
        let message = refused(&world.mutate("stocktakeSubmit", world.step(&count)).await, "INVALID_STATE", "input.onUncounted");
        assert!(message.starts_with("3 lines are still to be counted: "), "{message}");
        let count = world.record_counted(&count, &[(mug, 98), (tea, 5_000)]).await;
        assert_eq!(count["progress"], progress(2, 0));
        let message = refused(&world.mutate("stocktakeSubmit", world.step(&count)).await, "INVALID_STATE", "input.onUncounted");
        assert!(message.starts_with("1 line is still to be counted: "), "{message}");
        world.record_counted(&count, &[(lamp, 6)]).await;
        let count = world.complete_count_step("stocktakeSubmit", &count).await;
        assert_eq!(count["status"], "REVIEW");
        let figures = |line: &Value| ["book", "difference"].map(|name| line[name].as_i64().unwrap());
        assert_eq!(figures(line(&count, "MUG")), [100, -2]);
        assert_eq!(line(&count, "MUG")["differenceValue"], json!({"amount": "-2.00"}));
        assert_eq!((figures(line(&count, "TEA")), figures(line(&count, "LAMP"))), ([5_000, 0], [4, 2]));
        assert_eq!(world.level_in_transit(mug, store).await, [100, 0, 0], "nothing is posted before it is approved");
        let count = world.complete_count_step("stocktakeApprove", &count).await;
        assert_eq!((&count["status"], &count["allowedActions"]), (&json!("COMPLETED"), &json!([])));
        assert_eq!((world.level_in_transit(mug, store).await[0], world.level_in_transit(lamp, store).await[0]), (98, 6));
        let sql = "SELECT count(*) FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq WHERE e.tenant_id = $1 AND m.kind = 'COUNT'";
        assert_eq!(world.query_number(sql).await, 2, "what was right gets no entry");
        let kinds: Vec<String> = world.events_of("").await.into_iter().filter(|kind| kind.starts_with("count.")).collect();
        let expected = ["created", "started", "recorded", "recorded", "submitted", "completed"];
        assert_eq!(kinds, expected.map(|kind| format!("count.{kind}")));
    })
    .await;
}

#[tokio::test]
async fn what_is_sold_while_counting_is_not_lost() {
    World::on_both(async |world| {
        let (mug, store) = (world.mug, world.store);
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": mug}]})).await;
        world.advance_clock(60);
        sell(&world, 10).await;
        world.advance_clock(60);
        // 90 should be there, 88 are.
        world.record_counted(&count, &[(mug, 88)]).await;
        world.advance_clock(60);
        sell(&world, 5).await;
        let count = world.complete_count_step("stocktakeSubmit", &count).await;
        assert_eq!((&line(&count, "MUG")["book"], &line(&count, "MUG")["difference"]), (&json!(90), &json!(-2)));
        world.advance_clock(60);
        sell(&world, 3).await;
        world.complete_count_step("stocktakeApprove", &count).await;
        assert_eq!(world.level_in_transit(mug, store).await[0], 100 - 10 - 2 - 5 - 3);
    })
    .await;
}

#[tokio::test]
async fn a_count_of_an_earlier_moment_is_held_against_the_books_of_then() {
    World::on_both(async |world| {
        let (mug, store) = (world.mug, world.store);
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": mug}]})).await;
        world.advance_clock(60);
        sell(&world, 10).await;
        world.advance_clock(60);
        sell(&world, 5).await;
        // The scanner was offline: it was counted between the two sales.
        let mut found = world.counted_input(&count, &[(mug, 91)]);
        found["countedAt"] = json!("2026-11-20T09:01:30Z");
        let payload = world.mutate("stocktakeRecord", found).await;
        assert_eq!(
            (&line(accepted(&payload, "stocktake"), "MUG")["book"], &line(&payload["stocktake"], "MUG")["difference"]),
            (&json!(90), &json!(1))
        );
        let count = world.complete_count_step("stocktakeSubmit", &count).await;
        world.complete_count_step("stocktakeApprove", &count).await;
        assert_eq!(world.level_in_transit(mug, store).await[0], 100 - 10 - 5 + 1);
    })
    .await;
}

#[tokio::test]
async fn a_line_is_counted_again_and_every_try_is_kept() {
    World::on_both(async |world| {
        let (mug, tea) = (world.mug, world.tea);
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": mug}, {"sku": "tea"}]})).await;
        world.record_counted(&count, &[(mug, 70), (tea, 5_000)]).await;
        let count = world.complete_count_step("stocktakeSubmit", &count).await;
        let again = world.complete_count_step("stocktakeRecount", &count).await;
        assert_eq!((&again["status"], &line(&again, "MUG")["state"]), (&json!("COUNTING"), &json!("RECOUNT")));
        assert_eq!(line(&again, "TEA")["state"], "COUNTED", "only what is off is counted again");
        refused(&world.mutate("stocktakeSubmit", world.step(&count)).await, "INVALID_STATE", "input.onUncounted");
        world.record_counted(&count, &[(mug, 99)]).await;
        let count = world.complete_count_step("stocktakeSubmit", &count).await;
        let mut input = world.step(&count);
        input["products"] = json!([{"sku": "TEA"}]);
        accepted(&world.mutate("stocktakeRecount", input).await, "stocktake");
        let mut leave = world.step(&count);
        leave["onUncounted"] = json!("LEAVE");
        let payload = world.mutate("stocktakeSubmit", leave).await;
        let tries = json!([{"attempt": 1, "counted": 70}, {"attempt": 2, "counted": 99}]);
        assert_eq!(line(accepted(&payload, "stocktake"), "MUG")["tries"], tries);
        world.complete_count_step("stocktakeApprove", &count).await;
        assert_eq!(world.level_in_transit(mug, world.store).await[0], 99);
    })
    .await;
}

#[tokio::test]
async fn a_line_left_to_be_counted_again_is_off_by_nothing() {
    World::on_both(async |world| {
        let (mug, tea) = (world.mug, world.tea);
        let leave = async |count: &Value| {
            let mut step = world.step(count);
            step["onUncounted"] = json!("LEAVE");
            accepted(&world.mutate("stocktakeSubmit", step).await, "stocktake").clone()
        };
        let off = async |count: &Value, is_off: bool| {
            let document = "query($by: StocktakeRef!, $off: Boolean!) { stocktake(by: $by) { lines(filter: { hasDifference: $off }) { nodes { sku } } } }";
            world.execute(document, json!({ "by": { "id": count["id"] }, "off": is_off })).await["stocktake"]["lines"]["nodes"].clone()
        };
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": mug}, {"id": tea}]})).await;
        world.record_counted(&count, &[(mug, 70), (tea, 5_000)]).await;
        let count = world.complete_count_step("stocktakeSubmit", &count).await;
        assert_eq!((line(&count, "MUG")["difference"].clone(), off(&count, true).await), (json!(-30), json!([{"sku": "MUG"}])));
        world.complete_count_step("stocktakeRecount", &count).await;
        let count = leave(&count).await;
        let mugs = line(&count, "MUG");
        assert_eq!((&mugs["counted"], &mugs["difference"], &mugs["differenceValue"]), (&json!(70), &Value::Null, &Value::Null));
        assert_eq!((off(&count, true).await, off(&count, false).await), (json!([]), json!([{"sku": "TEA"}])));
        assert_eq!(count["allowedActions"], json!(["stocktakeRecount", "stocktakeApprove", "stocktakeCancel"]));
        world.complete_count_step("stocktakeApprove", &count).await;
        assert_eq!(world.level_in_transit(mug, world.store).await[0], 100);
    })
    .await;
}

#[tokio::test]
async fn a_count_of_which_nothing_stands_cannot_be_approved() {
    World::on_both(async |world| {
        let mug = world.mug;
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": mug}]})).await;
        world.record_counted(&count, &[(mug, 70)]).await;
        let count = world.complete_count_step("stocktakeSubmit", &count).await;
        assert_eq!(count["allowedActions"], json!(["stocktakeRecount", "stocktakeApprove", "stocktakeCancel"]));
        world.complete_count_step("stocktakeRecount", &count).await;
        let mut leave = world.step(&count);
        leave["onUncounted"] = json!("LEAVE");
        let payload = world.mutate("stocktakeSubmit", leave).await;
        assert_eq!(accepted(&payload, "stocktake")["allowedActions"], json!(["stocktakeRecount", "stocktakeCancel"]));
        refused(&world.mutate("stocktakeApprove", world.step(&count)).await, "INVALID_STATE", "input.id");
    })
    .await;
}

#[tokio::test]
async fn several_count_at_once_and_find_what_was_not_expected() {
    World::on_both(async |world| {
        let (mug, tea, lamp) = (world.mug, world.tea, world.lamp);
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": mug}]})).await;
        let (one, other) = (world.counted_input(&count, &[(mug, 100)]), world.counted_input(&count, &[(lamp, 5), (tea, 0)]));
        let both = futures_util::join!(world.mutate("stocktakeRecord", one.clone()), world.mutate("stocktakeRecord", other));
        accepted(&both.0, "stocktake");
        accepted(&both.1, "stocktake");
        let again = world.mutate("stocktakeRecord", one).await;
        assert_eq!((&again["replayed"], &line(&again["stocktake"], "MUG")["attempts"]), (&json!(true), &json!(1)));
        let count = world.complete_count_step("stocktakeSubmit", &count).await;
        assert_eq!((&count["progress"]["found"], &line(&count, "LAMP")["isExpected"]), (&json!(2), &json!(false)));
        world.complete_count_step("stocktakeApprove", &count).await;
        assert_eq!(
            (world.level_in_transit(lamp, world.store).await[0], world.level_in_transit(tea, world.store).await[0]),
            (5, 0)
        );
    })
    .await;
}

#[tokio::test]
async fn a_count_is_a_fact_that_holds_give_way_to() {
    World::on_both(async |world| {
        let mug = world.mug;
        let order = world.order("CONFIRMED", json!([{"product": {"id": mug}, "quantity": 60}])).await;
        assert_eq!(order["userErrors"], json!([]));
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": mug}]})).await;
        world.record_counted(&count, &[(mug, 40)]).await;
        let count = world.complete_count_step("stocktakeSubmit", &count).await;
        world.complete_count_step("stocktakeApprove", &count).await;
        assert_eq!(world.level_in_transit(mug, world.store).await, [40, 40, 0]);
    })
    .await;
}

#[tokio::test]
async fn each_step_is_open_in_its_states_only() {
    World::on_both(async |world| {
        let mug = world.mug;
        let plan = async || {
            let input =
                json!({"idempotencyKey": world.key(), "kind": "LIST", "store": {"id": world.store}, "products": [{"id": mug}]});
            accepted(&world.mutate("stocktakeCreate", input).await, "stocktake").clone()
        };
        let list = json!({"kind": "LIST", "products": [{"id": mug}]});
        let (open, counting, review) =
            (plan().await, world.start_count(list.clone()).await, world.start_count(list.clone()).await);
        world.record_counted(&review, &[(mug, 100)]).await;
        world.complete_count_step("stocktakeSubmit", &review).await;
        let (completed, cancelled) = (world.start_count(list).await, plan().await);
        world.record_counted(&completed, &[(mug, 100)]).await;
        world.complete_count_step("stocktakeSubmit", &completed).await;
        world.complete_count_step("stocktakeApprove", &completed).await;
        world.complete_count_step("stocktakeCancel", &cancelled).await;
        let refused_in: [(&str, &[&Value]); 6] = [
            ("stocktakeStart", &[&counting, &review, &completed, &cancelled]),
            ("stocktakeRecord", &[&open, &review, &completed, &cancelled]),
            ("stocktakeSubmit", &[&open, &review, &completed, &cancelled]),
            ("stocktakeRecount", &[&open, &counting, &completed, &cancelled]),
            ("stocktakeApprove", &[&open, &counting, &completed, &cancelled]),
            ("stocktakeCancel", &[&completed, &cancelled]),
        ];
        for (mutation, counts) in refused_in {
            for count in counts {
                let input =
                    if mutation == "stocktakeRecord" { world.counted_input(count, &[(mug, 1)]) } else { world.step(count) };
                refused(&world.mutate(mutation, input).await, "INVALID_STATE", "input.id");
            }
        }
        for count in [&open, &counting, &review] {
            assert_eq!(world.complete_count_step("stocktakeCancel", count).await["status"], "CANCELLED");
        }
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused() {
    World::on_both(async |world| {
        let mug = world.mug;
        let plan = async |extra: Value| {
            let mut input = json!({"idempotencyKey": world.key(), "kind": "FULL", "store": {"id": world.store}});
            extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
            world.mutate("stocktakeCreate", input).await
        };
        refused(&plan(json!({"kind": "CATEGORY"})).await, "INVALID", "input.categoryId");
        refused(&plan(json!({"abcClass": "A"})).await, "INVALID", "input.abcClass");
        refused(&plan(json!({"kind": "LIST"})).await, "INVALID", "input.products");
        refused(&plan(json!({"store": {"id": world.foreign.store}})).await, "NOT_FOUND", "input.store.id");
        refused(&plan(json!({"kind": "LIST", "products": [{"id": world.wrap}]})).await, "INVALID", "input.products.0");
        refused(
            &plan(json!({"kind": "LIST", "products": [{"id": world.foreign.mug}]})).await,
            "NOT_FOUND",
            "input.products.0.id",
        );
        refused(&plan(json!({"kind": "LIST", "products": [{"id": mug}, {"sku": "MUG"}]})).await, "INVALID", "input.products.1");
        accepted(&plan(json!({"externalRef": "C-1"})).await, "stocktake");
        refused(&plan(json!({"externalRef": "C-1"})).await, "DUPLICATE", "input.externalRef");
        let nothing = plan(json!({"kind": "CYCLE", "abcClass": "A"})).await;
        refused(&world.mutate("stocktakeStart", world.step(&nothing["stocktake"])).await, "INVALID_STATE", "input.id");
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": mug}]})).await;
        refused(&world.mutate("stocktakeRecord", world.counted_input(&count, &[])).await, "INVALID", "input.lines");
        refused(
            &world.mutate("stocktakeRecord", world.counted_input(&count, &[(mug, -1)])).await,
            "OUT_OF_RANGE",
            "input.lines.0.counted",
        );
        refused(
            &world.mutate("stocktakeRecord", world.counted_input(&count, &[(mug, 1), (mug, 2)])).await,
            "INVALID",
            "input.lines.1.product",
        );
        refused(
            &world.mutate("stocktakeRecord", world.counted_input(&count, &[(world.foreign.mug, 1)])).await,
            "NOT_FOUND",
            "input.lines.0.product.id",
        );
        for moment in ["2026-11-20T08:59:59Z", "2026-11-20T09:06:00Z"] {
            let mut found = world.counted_input(&count, &[(mug, 1)]);
            found["countedAt"] = json!(moment);
            refused(&world.mutate("stocktakeRecord", found).await, "OUT_OF_RANGE", "input.countedAt");
        }
        let many: Vec<(ProductId, i64)> = (0..501).map(|_| (mug, 1)).collect();
        refused(&world.mutate("stocktakeRecord", world.counted_input(&count, &many)).await, "LIMIT_EXCEEDED", "input.lines");
        let mut stale = world.step(&count);
        stale["expectedVersion"] = json!(9);
        refused(&world.mutate("stocktakeSubmit", stale).await, "VERSION_CONFLICT", "input.expectedVersion");
        // Ten times what the books can hold is counted, but not posted twice.
        world.record_counted(&count, &[(mug, 9_007_199_254_740_991)]).await;
        world.complete_count_step("stocktakeSubmit", &count).await;
        let mut stale = world.step(&count);
        stale["expectedVersion"] = count["version"].clone();
        refused(&world.mutate("stocktakeApprove", stale).await, "VERSION_CONFLICT", "input.expectedVersion");
        let approve = world.step(&count);
        accepted(&world.mutate("stocktakeApprove", approve.clone()).await, "stocktake");
        let again = world.mutate("stocktakeApprove", approve).await;
        assert_eq!(
            (&again["replayed"], world.level_in_transit(mug, world.store).await[0]),
            (&json!(true), 9_007_199_254_740_991)
        );
    })
    .await;
}

#[tokio::test]
async fn counts_are_listed_found_and_paged() {
    World::on_both(async |world| {
        let first = world.start_count(json!({"externalRef": "C-7"})).await;
        world.advance_clock(60);
        world.start_count(json!({"store": {"code": "DEPOT"}, "kind": "LIST", "products": [{"id": world.mug}]})).await;
        let listed = async |filter: Value| {
            let document = "query($filter: StocktakeFilter) { stocktakes(filter: $filter) { nodes { number } } }";
            let answer = world.execute(document, json!({ "filter": filter })).await;
            let nodes = answer["stocktakes"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
            nodes.iter().map(|node| digits(&node["number"])).collect::<Vec<_>>()
        };
        assert_eq!(listed(Value::Null).await, ["2", "1"]);
        assert_eq!(listed(json!({"kind": ["LIST"]})).await, ["2"]);
        assert_eq!(listed(json!({"status": ["COUNTING"], "store": {"eq": world.store}})).await, ["1"]);
        assert_eq!(listed(json!({"externalRef": "C-7"})).await, ["1"]);
        assert_eq!(listed(json!({"externalRefs": {"startsWith": "C-", "contains": "7"}})).await, ["1"]);
        assert_eq!(listed(json!({"not": {"externalRefs": {"in": ["C-7"]}}})).await, ["2"]);
        assert_eq!(listed(json!({"createdAt": {"gte": "2026-11-20T09:00:30Z"}})).await, ["2"]);
        world.record_counted(&first, &[(world.mug, 99), (world.tea, 5_000)]).await;
        let of = async |filter: Value| {
            let document = "query($id: ID!, $filter: StocktakeLineFilter) { stocktake(by: {id: $id}) { lines(filter: $filter) { nodes { sku } } } }";
            let answer = world.execute(document, json!({"id": first["id"], "filter": filter})).await;
            let nodes = answer["stocktake"]["lines"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
            nodes.iter().map(|node| node["sku"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of(Value::Null).await, ["LAMP", "MUG", "TEA"]);
        assert_eq!(of(json!({"state": ["UNCOUNTED"]})).await, ["LAMP"]);
        assert_eq!(of(json!({"hasDifference": true})).await, ["MUG"]);
        assert_eq!(of(json!({"hasDifference": false})).await, ["TEA"]);
        assert_eq!(of(json!({"product": {"eq": world.tea}})).await, ["TEA"]);
        assert_eq!(of(json!({"or": [{"hasDifference": true}, {"status": ["UNCOUNTED"]}]})).await, ["LAMP", "MUG"]);
        assert_eq!(of(json!({"not": {"hasDifference": false}})).await, ["LAMP", "MUG"]);
        let page = "query($id: ID!, $after: Cursor) { stocktake(by: {id: $id}) { lines(first: 2, after: $after) { nodes { sku } pageInfo { endCursor } } } }";
        let some = world.execute(page, json!({"id": first["id"]})).await;
        let after = some["stocktake"]["lines"]["pageInfo"]["endCursor"].clone();
        let rest = world.execute(page, json!({"id": first["id"], "after": after})).await;
        assert_eq!(rest["stocktake"]["lines"]["nodes"], json!([{"sku": "TEA"}]));
    })
    .await;
}
