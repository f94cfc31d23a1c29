//! Transfers and counts that take their first steps in the call that makes them.

use entity::prelude::ProductId;
use serde_json::{Value, json};

use super::world::{World, done, of_store, refused};

/// The kinds of a document's events, the oldest first.
async fn told(world: &World, family: &str) -> Vec<String> {
    world.events_of("").await.into_iter().filter(|kind| kind.starts_with(family)).collect()
}

fn with(mut input: Value, name: &str, value: Value) -> Value {
    input[name] = value;
    input
}

#[tokio::test]
async fn a_transfer_is_held_in_the_call_that_makes_it() {
    World::on_both(async |world| {
        let (mug, tea, store) = (world.mug, world.tea, world.store);
        let input = with(world.asking(&[(mug, 10), (tea, 500)]), "status", json!("READY"));
        let payload = world.act("transferCreate", input.clone()).await;
        let ready = done(&payload, "transfer").clone();
        assert_eq!((&ready["status"], &ready["version"]), (&json!("READY"), &json!(2)));
        assert_eq!(ready["allowedActions"], json!(["transferUpdate", "transferShip", "transferCancel"]));
        assert_eq!(world.level_in_transit(mug, store).await, [100, 10, 0]);
        assert_eq!(told(&world, "transfer.").await, ["transfer.created", "transfer.ready"]);
        let again = world.act("transferCreate", input).await;
        assert_eq!((&again["replayed"], &again["transfer"]["id"]), (&json!(true), &ready["id"]));
        // Held units are shipped and cancelled like those of any other transfer.
        assert_eq!(world.does("transferCancel", &ready).await["status"], "CANCELLED");
        assert_eq!(world.level_in_transit(mug, store).await, [100, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_transfer_leaves_in_the_call_that_makes_it() {
    World::on_both(async |world| {
        let (mug, store, depot) = (world.mug, world.store, world.depot);
        let payload = world.act("transferCreate", with(world.asking(&[(mug, 10)]), "status", json!("IN_TRANSIT"))).await;
        let sent = done(&payload, "transfer").clone();
        assert_eq!(
            (&sent["status"], &sent["version"], &sent["lines"][0]["shipped"]),
            (&json!("IN_TRANSIT"), &json!(2), &json!(10))
        );
        assert_eq!((&sent["lines"][0]["unitCost"], sent["shippedAt"].is_string()), (&json!({"amount": "1.00"}), true));
        assert_eq!(
            (world.level_in_transit(mug, store).await, world.level_in_transit(mug, depot).await),
            ([90, 0, 0], [50, 0, 10])
        );
        assert_eq!(told(&world, "transfer.").await, ["transfer.created", "transfer.shipped"]);
        let query = "query($id: ID!) { transfer(by: {id: $id}) { status shippedAt lines { shipped unitCost { amount } } } }";
        let read = world.ask(query, json!({"id": sent["id"]})).await;
        let lines = json!([{"shipped": 10, "unitCost": {"amount": "1.00"}}]);
        assert_eq!(read["transfer"], json!({"status": "IN_TRANSIT", "shippedAt": sent["shippedAt"], "lines": lines}));
        assert_eq!(world.does("transferReceive", &sent).await["status"], "RECEIVED");
    })
    .await;
}

#[tokio::test]
async fn what_is_short_or_not_allowed_makes_no_transfer() {
    World::on_both(async |world| {
        let (mug, tea) = (world.mug, world.tea);
        let head = world.events_of("").await.len();
        for status in ["READY", "IN_TRANSIT"] {
            let input = with(world.asking(&[(tea, 1), (mug, 101)]), "status", json!(status));
            refused(&world.act("transferCreate", input).await, "INSUFFICIENT_STOCK", "input.lines.1.quantity");
            // The receiver may ask for goods, and does not send them.
            let asked = with(world.asking(&[(mug, 1)]), "status", json!(status));
            let payload = world.act_as(of_store(world.depot), "transferCreate", asked).await;
            refused(&payload, "NOT_FOUND", "input.fromStore.id");
        }
        let dry = "mutation($input: TransferCreateInput!) { transferCreate(input: $input, validateOnly: true) { \
            transfer { number status lines { shipped } } userErrors { code } seq } }";
        let answer = world.ask(dry, json!({"input": with(world.asking(&[(mug, 3)]), "status", json!("IN_TRANSIT"))})).await;
        let transfer = json!({"number": "TR-······", "status": "IN_TRANSIT", "lines": [{"shipped": 3}]});
        assert_eq!(answer["transferCreate"], json!({"transfer": transfer, "userErrors": [], "seq": null}));
        assert_eq!((world.events_of("").await.len(), world.level_in_transit(mug, world.store).await), (head, [100, 0, 0]));
    })
    .await;
}

#[tokio::test]
async fn a_count_is_started_in_the_call_that_plans_it() {
    World::on_both(async |world| {
        let plan = |more: Value| {
            let mut input = json!({"idempotencyKey": world.key(), "kind": "FULL", "store": {"id": world.store}, "start": true});
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            input
        };
        let full = done(&world.act("stocktakeCreate", plan(json!({}))).await, "stocktake").clone();
        assert_eq!((&full["status"], &full["version"], &full["progress"]["lines"]), (&json!("COUNTING"), &json!(2), &json!(3)));
        assert_eq!(told(&world, "count.").await, ["count.created", "count.started"]);
        // Products of a running count are refused in another count that is started in the same call
        // as its creation; a client that wants both starts the second one separately.
        let list = || plan(json!({"kind": "LIST", "products": [{"id": world.mug}]}));
        let cycle = || plan(json!({"kind": "CYCLE", "abcClass": "C"}));
        refused(&world.act("stocktakeCreate", list()).await, "INVALID_STATE", "input.products.0");
        refused(&world.act("stocktakeCreate", cycle()).await, "INVALID_STATE", "input.kind");
        refused(&world.act("stocktakeCreate", plan(json!({}))).await, "INVALID_STATE", "input.kind");
        let depot = with(list(), "store", json!({"id": world.depot}));
        done(&world.act("stocktakeCreate", depot).await, "stocktake");
        let by_itself = with(list(), "start", json!(false));
        let by_itself = done(&world.act("stocktakeCreate", by_itself).await, "stocktake").clone();
        let by_itself = world.counts("stocktakeStart", &by_itself).await;
        world.counts("stocktakeCancel", &full).await;
        refused(&world.act("stocktakeCreate", list()).await, "INVALID_STATE", "input.products.0");
        world.counts("stocktakeCancel", &by_itself).await;
        let list = done(&world.act("stocktakeCreate", list()).await, "stocktake").clone();
        assert_eq!((&list["status"], &list["progress"]["lines"]), (&json!("COUNTING"), &json!(1)));
        world.finds(&list, &[(world.mug, 98)]).await;
        world.counts("stocktakeSubmit", &list).await;
        assert_eq!(world.counts("stocktakeApprove", &list).await["status"], "COMPLETED");
        assert_eq!(world.level_in_transit(world.mug, world.store).await[0], 98);
        // A class that no product has is no count, and leaves none behind.
        let head = world.events_of("").await.len();
        let empty = plan(json!({"kind": "CYCLE", "abcClass": "B"}));
        refused(&world.act("stocktakeCreate", empty).await, "INVALID_STATE", "input.kind");
        refused(&world.act("stocktakeCreate", plan(json!({"kind": "CATEGORY"}))).await, "INVALID", "input.categoryId");
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
            let ask = async |dry: bool| world.ask(&document, json!({"input": input, "dry": dry})).await[mutation].clone();
            let (tried, real) = (ask(true).await, ask(false).await);
            assert_eq!(done(&tried, "stocktake"), done(&real, "stocktake"), "{mutation}");
            real["stocktake"]["progress"].clone()
        };
        let plan = json!({"idempotencyKey": world.key(), "kind": "FULL", "store": {"id": world.depot}, "start": true});
        assert_eq!(agrees("stocktakeCreate", "StocktakeCreateInput", plan).await["counted"], 0);
        let count = world.counting(json!({"kind": "LIST", "products": [{"id": world.mug}, {"id": world.tea}]})).await;
        let record = async |lines: &[(ProductId, i64)]| {
            agrees("stocktakeRecord", "StocktakeRecordInput", world.found(&count, lines)).await
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
