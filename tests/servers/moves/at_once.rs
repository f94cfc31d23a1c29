//! Transfers and counts that take their first steps in the call that makes them.

use entity::prelude::ProductId;
use serde_json::{Value, json};

use super::world::{World, accepted, of_store, refused};

/// The kinds of a document's events, the oldest first.
async fn event_kinds(world: &World, family: &str) -> Vec<String> {
    world.events_of("").await.into_iter().filter(|kind| kind.starts_with(family)).collect()
}

fn with_field(mut input: Value, name: &str, value: Value) -> Value {
    input[name] = value;
    input
}

#[tokio::test]
async fn a_transfer_is_held_in_the_call_that_makes_it() {
    World::on_both(async |world| {
        let (mug, tea, store) = (world.mug, world.tea, world.store);
        let input = with_field(world.asking(&[(mug, 10), (tea, 500)]), "status", json!("READY"));
        let payload = world.mutate("transferCreate", input.clone()).await;
        let ready = accepted(&payload, "transfer").clone();
        assert_eq!((&ready["status"], &ready["version"]), (&json!("READY"), &json!(2)));
        assert_eq!(ready["allowedActions"], json!(["transferUpdate", "transferShip", "transferCancel"]));
        assert_eq!(world.level_in_transit(mug, store).await, [100, 10, 0]);
        assert_eq!(event_kinds(&world, "transfer.").await, ["transfer.created", "transfer.ready"]);
        let again = world.mutate("transferCreate", input).await;
        assert_eq!((&again["replayed"], &again["transfer"]["id"]), (&json!(true), &ready["id"]));
        // Held units are shipped and cancelled like those of any other transfer.
        assert_eq!(world.complete_step("transferCancel", &ready).await["status"], "CANCELLED");
        assert_eq!(world.level_in_transit(mug, store).await, [100, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_transfer_leaves_in_the_call_that_makes_it() {
    World::on_both(async |world| {
        let (mug, store, depot) = (world.mug, world.store, world.depot);
        let payload = world.mutate("transferCreate", with_field(world.asking(&[(mug, 10)]), "status", json!("IN_TRANSIT"))).await;
        let sent = accepted(&payload, "transfer").clone();
        assert_eq!(
            (&sent["status"], &sent["version"], &sent["lines"][0]["shipped"]),
            (&json!("IN_TRANSIT"), &json!(2), &json!(10))
        );
        assert_eq!((&sent["lines"][0]["unitCost"], sent["shippedAt"].is_string()), (&json!({"amount": "1.00"}), true));
        assert_eq!(
            (world.level_in_transit(mug, store).await, world.level_in_transit(mug, depot).await),
            ([90, 0, 0], [50, 0, 10])
        );
        assert_eq!(event_kinds(&world, "transfer.").await, ["transfer.created", "transfer.shipped"]);
        let query = "query($id: ID!) { transfer(by: {id: $id}) { status shippedAt lines { shipped unitCost { amount } } } }";
        let read = world.execute(query, json!({"id": sent["id"]})).await;
        let lines = json!([{"shipped": 10, "unitCost": {"amount": "1.00"}}]);
        assert_eq!(read["transfer"], json!({"status": "IN_TRANSIT", "shippedAt": sent["shippedAt"], "lines": lines}));
        assert_eq!(world.complete_step("transferReceive", &sent).await["status"], "RECEIVED");
    })
    .await;
}

#[tokio::test]
async fn what_is_short_or_not_allowed_makes_no_transfer() {
    World::on_both(async |world| {
        let (mug, tea) = (world.mug, world.tea);
        let head = world.events_of("").await.len();
        for status in ["READY", "IN_TRANSIT"] {
            let input = with_field(world.asking(&[(tea, 1), (mug, 101)]), "status", json!(status));
            refused(&world.mutate("transferCreate", input).await, "INSUFFICIENT_STOCK", "input.lines.1.quantity");
            // The receiver may ask for goods, and does not send them.
            let request = with_field(world.asking(&[(mug, 1)]), "status", json!(status));
            let payload = world.mutate_as(of_store(world.depot), "transferCreate", request).await;
            refused(&payload, "NOT_FOUND", "input.fromStore.id");
        }
        let dry = "mutation($input: TransferCreateInput!) { transferCreate(input: $input, validateOnly: true) { \
            transfer { number status lines { shipped } } userErrors { code } seq } }";
        let answer =
            world.execute(dry, json!({"input": with_field(world.asking(&[(mug, 3)]), "status", json!("IN_TRANSIT"))})).await;
        let transfer = json!({"number": "TR-······", "status": "IN_TRANSIT", "lines": [{"shipped": 3}]});
        assert_eq!(answer["transferCreate"], json!({"transfer": transfer, "userErrors": [], "seq": null}));
        assert_eq!((world.events_of("").await.len(), world.level_in_transit(mug, world.store).await), (head, [100, 0, 0]));
    })
    .await;
}

#[tokio::test]
async fn a_count_is_started_in_the_call_that_plans_it() {
    World::on_both(async |world| {
        let plan = |extra: Value| {
            let mut input = json!({"idempotencyKey": world.key(), "kind": "FULL", "store": {"id": world.store}, "start": true});
            input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            input
        };
        let full = accepted(&world.mutate("stocktakeCreate", plan(json!({}))).await, "stocktake").clone();
        assert_eq!((&full["status"], &full["version"], &full["progress"]["lines"]), (&json!("COUNTING"), &json!(2), &json!(3)));
        assert_eq!(event_kinds(&world, "count.").await, ["count.created", "count.started"]);
        // Products of a running count are refused in another count that is started in the same call
        // as its creation; a client that wants both starts the second one separately.
        let list = || plan(json!({"kind": "LIST", "products": [{"id": world.mug}]}));
        let cycle = || plan(json!({"kind": "CYCLE", "abcClass": "C"}));
        refused(&world.mutate("stocktakeCreate", list()).await, "INVALID_STATE", "input.products.0");
        refused(&world.mutate("stocktakeCreate", cycle()).await, "INVALID_STATE", "input.kind");
        refused(&world.mutate("stocktakeCreate", plan(json!({}))).await, "INVALID_STATE", "input.kind");
        let depot = with_field(list(), "store", json!({"id": world.depot}));
        accepted(&world.mutate("stocktakeCreate", depot).await, "stocktake");
        let by_itself = with_field(list(), "start", json!(false));
        let by_itself = accepted(&world.mutate("stocktakeCreate", by_itself).await, "stocktake").clone();
        let by_itself = world.complete_count_step("stocktakeStart", &by_itself).await;
        world.complete_count_step("stocktakeCancel", &full).await;
        refused(&world.mutate("stocktakeCreate", list()).await, "INVALID_STATE", "input.products.0");
        world.complete_count_step("stocktakeCancel", &by_itself).await;
        let list = accepted(&world.mutate("stocktakeCreate", list()).await, "stocktake").clone();
        assert_eq!((&list["status"], &list["progress"]["lines"]), (&json!("COUNTING"), &json!(1)));
        world.record_counted(&list, &[(world.mug, 98)]).await;
        world.complete_count_step("stocktakeSubmit", &list).await;
        assert_eq!(world.complete_count_step("stocktakeApprove", &list).await["status"], "COMPLETED");
        assert_eq!(world.level_in_transit(world.mug, world.store).await[0], 98);
        // A class that no product has is no count, and leaves none behind.
        let head = world.events_of("").await.len();
        let empty = plan(json!({"kind": "CYCLE", "abcClass": "B"}));
        refused(&world.mutate("stocktakeCreate", empty).await, "INVALID_STATE", "input.kind");
        refused(&world.mutate("stocktakeCreate", plan(json!({"kind": "CATEGORY"}))).await, "INVALID", "input.categoryId");
        assert_eq!(world.events_of("").await.len(), head);
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_of_a_count_shows_how_far_it_would_come() {
    World::on_both(async |world| {
        let agrees = async |mutation: &str, kind: &str, input: Value| {
            let document = format!(
                "mutation($input: {kind}!, $dry: Boolean!) {{ {mutation}(input: $input, validateOnly: $dry) {{ userErrors {{ code message }}
                stocktake {{ status allowedActions progress {{ lines counted uncounted recount unexpected }}
                summary {{ booked counted accuracy differenceValue {{ amount }} }} }} }} }}"
            );
            let run_query = async |dry: bool| world.execute(&document, json!({"input": input, "dry": dry})).await[mutation].clone();
            let (tried, real) = (run_query(true).await, run_query(false).await);
            assert_eq!(accepted(&tried, "stocktake"), accepted(&real, "stocktake"), "{mutation}");
            real["stocktake"]["progress"].clone()
        };
        let plan = json!({"idempotencyKey": world.key(), "kind": "FULL", "store": {"id": world.depot}, "start": true});
        assert_eq!(agrees("stocktakeCreate", "StocktakeCreateInput", plan).await["counted"], 0);
        let count = world.start_count(json!({"kind": "LIST", "products": [{"id": world.mug}, {"id": world.tea}]})).await;
        let record = async |lines: &[(ProductId, i64)]| {
            agrees("stocktakeRecord", "StocktakeRecordInput", world.counted_input(&count, lines)).await
        };
        record(&[(world.mug, 97)]).await;
        // One is counted again, another one for the first time, and one was not on the list.
        let progress = record(&[(world.mug, 98), (world.tea, 500), (world.lamp, 3)]).await;
        assert_eq!((&progress["lines"], &progress["counted"], &progress["unexpected"]), (&json!(3), &json!(3), &json!(1)));
        agrees("stocktakeSubmit", "StocktakeSubmitInput", world.step(&count)).await;
        let mut again = world.step(&count);
        again["products"] = json!([{"id": world.mug}]);
        assert_eq!(agrees("stocktakeRecount", "StocktakeRecountInput", again).await["recount"], 1);
        record(&[(world.mug, 99)]).await;
        agrees("stocktakeSubmit", "StocktakeSubmitInput", world.step(&count)).await;
        agrees("stocktakeApprove", "StocktakeActionInput", world.step(&count)).await;
    })
    .await;
}
