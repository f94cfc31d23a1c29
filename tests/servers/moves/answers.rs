//! Answers to calls: the same again for a repeated call, with the current state, and with the holds
//! that gave way.

use entity::prelude::StoreId;
use serde_json::{Value, json};

use super::world::{World, accepted, refused};
use crate::world::answers::refusals;

/// An order of so many of a product, in the store.
async fn place_order(world: &World, status: &str, product: Value, quantity: i64) -> Value {
    let document = "mutation($i: OrderCreateInput!) { orderCreate(input: $i) { order { id } userErrors { message } } }";
    let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": status,
        "lines": [{"product": product, "quantity": quantity}]});
    let answer = world.execute(document, json!({ "i": input })).await;
    accepted(&answer["orderCreate"], "order").clone()
}

/// Takes mugs out of the store's stock, one line for each delta.
fn taking(world: &World, deltas: &[i64], policy: &str) -> Value {
    let line = |delta: &i64| json!({"product": {"id": world.mug}, "store": {"id": world.store}, "delta": delta});
    let changes: Vec<Value> = deltas.iter().map(line).collect();
    json!({"idempotencyKey": world.key(), "kind": "REMOVAL", "reasonCode": "DAMAGE", "onShortage": policy, "changes": changes})
}

#[tokio::test]
async fn a_retry_gets_the_first_answer_though_names_have_changed() {
    World::on_both(async |world| {
        let (mug, store) = (json!({"sku": "MUG"}), json!({"code": "LDN"}));
        let line = |name: &str, quantity: i64| json!({"product": mug, "store": store, name: quantity});
        let order = place_order(&world, "CONFIRMED", mug.clone(), 5).await;
        let set = json!({"product": mug, "store": store, "onHand": 200, "compare": {"unconditional": true}});
        let mut calls = vec![
            ("stockAdjust", json!({"kind": "RECEIPT", "reasonCode": "OTHER", "changes": [line("delta", 10)]})),
            ("stockSet", json!({"reasonCode": "CORRECTION", "items": [set]})),
            ("stockReserve", json!({"items": [line("quantity", 3)]})),
            ("orderCreate", json!({"store": store, "lines": [{"product": mug, "quantity": 1}]})),
            ("orderFulfil", json!({"id": order["id"], "store": store})),
            (
                "transferCreate",
                json!({"fromStore": store, "toStore": {"code": "DEPOT"}, "lines": [{"product": mug, "quantity": 1}]}),
            ),
            ("stocktakeCreate", json!({"kind": "LIST", "store": store, "products": [mug]})),
        ];
        let mut firsts = Vec::new();
        for (mutation, input) in &mut calls {
            input["idempotencyKey"] = json!(world.key());
            let first = world.mutate(mutation, input.clone()).await;
            accepted(&first, "");
            firsts.push(first["seq"].clone());
        }
        let (renamed, moved) = (
            "UPDATE product SET sku = 'CUP', sku_key = 'cup' WHERE tenant_id = $1 AND id = $2",
            "UPDATE store SET code = 'LON', code_key = 'lon' WHERE tenant_id = $1 AND id = $2",
        );
        world.run_tenant_sql(renamed, vec![world.mug.into()]).await;
        world.run_tenant_sql(moved, vec![world.store.into()]).await;
        for ((mutation, input), first) in calls.iter().zip(&firsts) {
            let again = world.mutate(mutation, input.clone()).await;
            accepted(&again, "");
            assert_eq!((&again["replayed"], &again["seq"]), (&json!(true), first), "{mutation}");
        }
        let (mutation, mut other) = calls.swap_remove(0);
        other["changes"][0]["delta"] = json!(11);
        refused(&world.mutate(mutation, other.clone()).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
        other["idempotencyKey"] = json!(world.key());
        let missing = |name: &str| ("NOT_FOUND".to_owned(), format!("input.changes.0.{name}"));
        assert_eq!(refusals(&world.mutate(mutation, other).await), [missing("product.sku"), missing("store.code")]);
    })
    .await;
}

#[tokio::test]
async fn a_shortage_says_what_was_there_for_it() {
    World::on_both(async |world| {
        let message = async |input: Value| world.mutate("stockAdjust", input).await["userErrors"][0]["message"].clone();
        assert_eq!(message(taking(&world, &[-60, -60], "REFUSE")).await, "60 of MUG asked for, 40 available");
        place_order(&world, "PENDING", json!({"sku": "MUG"}), 40).await;
        assert_eq!(message(taking(&world, &[-120], "SHORTEN")).await, "120 of MUG asked for, 60 available");
    })
    .await;
}

#[tokio::test]
async fn an_order_whose_hold_gives_way_is_told_of() {
    World::on_both(async |world| {
        let gave_way = "{ stockMovements(first: 1, filter: {kind: [RELEASE]}) { nodes { reference { id } } } }";
        let order = place_order(&world, "PENDING", json!({"sku": "MUG"}), 60).await;
        let before = world.events_of("").await.len();
        accepted(&world.mutate("stockAdjust", taking(&world, &[-70], "SHORTEN")).await, "");
        assert_eq!(world.events_of("").await[before..], ["order.updated", "stock.changed", "stock.changed"]);
        let movements = world.execute(gave_way, json!({})).await;
        assert_eq!(movements["stockMovements"]["nodes"][0]["reference"]["id"], order["id"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_to_go_to_another_store_gives_way_before_what_was_sold() {
    World::on_both(async |world| {
        let transfer = world.draft(&[(world.mug, 30)]).await;
        world.complete_step("transferMarkReady", &transfer).await;
        world.advance_clock(60);
        place_order(&world, "CONFIRMED", json!({"sku": "MUG"}), 30).await;
        let before = world.events_of("").await.len();
        accepted(&world.mutate("stockAdjust", taking(&world, &[-60], "SHORTEN")).await, "");
        assert_eq!(world.events_of("").await[before..], ["stock.changed", "stock.changed"]);
        let gave_way = "{ stockMovements(first: 1, filter: {kind: [RELEASE]}) { nodes { reference { id } } } }";
        let movements = world.execute(gave_way, json!({})).await;
        assert_eq!(movements["stockMovements"]["nodes"][0]["reference"]["id"], transfer["id"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_missing_is_said_of_its_own_field() {
    World::on_both(async |world| {
        let (store, product) = (json!({"id": world.foreign.store}), json!({"id": world.foreign.mug}));
        let mut input = taking(&world, &[-1], "REFUSE");
        input["changes"][0]["store"] = store.clone();
        refused(&world.mutate("stockAdjust", input).await, "NOT_FOUND", "input.changes.0.store.id");
        let mut input = taking(&world, &[-1], "REFUSE");
        input["changes"][0]["product"] = product;
        refused(&world.mutate("stockAdjust", input).await, "NOT_FOUND", "input.changes.0.product.id");
        let lines = json!([{"product": {"sku": "MUG"}, "quantity": 1}]);
        let order = json!({"idempotencyKey": world.key(), "store": store, "lines": lines});
        refused(&world.mutate("orderCreate", order).await, "NOT_FOUND", "input.store.id");
    })
    .await;
}

#[tokio::test]
async fn nothing_ships_in_the_future() {
    World::on_both(async |world| {
        let order = place_order(&world, "CONFIRMED", json!({"sku": "WRAP"}), 1).await;
        let ships = |at: &str| json!({"idempotencyKey": world.key(), "id": order["id"], "occurredAt": at});
        refused(&world.mutate("orderFulfil", ships("2099-01-01T00:00:00Z")).await, "OUT_OF_RANGE", "input.occurredAt");
        accepted(&world.mutate("orderFulfil", ships("2026-11-20T09:00:00Z")).await, "");
    })
    .await;
}

#[tokio::test]
async fn a_reservation_says_what_it_is_for() {
    World::on_both(async |world| {
        let document = "mutation($i: StockReserveInput!, $dry: Boolean!) { stockReserve(input: $i, validateOnly: $dry) {
            reservations { id reference { id } level { reserved available version } } userErrors { code message field } } }";
        let reserve = async |reference: Value, dry: bool| {
            let item = json!({"product": {"id": world.mug}, "store": {"id": world.store}, "quantity": 4});
            let input = json!({"idempotencyKey": world.key(), "referenceId": reference, "items": [item]});
            world.execute(document, json!({"i": input, "dry": dry})).await["stockReserve"].clone()
        };
        let order = place_order(&world, "DRAFT", json!({"sku": "MUG"}), 1).await;
        let transfer = world.draft(&[(world.mug, 1)]).await;
        for kind in [&order["id"], &transfer["id"]] {
            let dry = reserve(kind.clone(), true).await;
            let real = reserve(kind.clone(), false).await;
            let change = &accepted(&real, "reservations")[0];
            assert_eq!((&change["reference"]["id"], &change["level"]["reserved"]), (kind, &json!(4)));
            assert_eq!(dry["reservations"][0]["level"], change["level"], "a dry run says what would be");
            // The reservation belongs to its maker only: neither the order nor the transfer uses
            // it.
            let release = json!({"idempotencyKey": world.key(), "reservationIds": [change["id"]]});
            accepted(&world.mutate("stockRelease", release).await, "");
        }
        let strange: StoreId = world.ledger.clock().id();
        let unknown = format!("ord_{}", &strange.to_string()[4..]);
        for (reference, code) in [(json!(unknown), "NOT_FOUND"), (json!(format!("xyz_{}", &unknown[4..])), "INVALID")] {
            refused(&reserve(reference, false).await, code, "input.referenceId");
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_of_a_stores_levels_leads_into_its_stream() {
    World::on_both(async |world| {
        let document = "query($s: ID!) { stockLevels(first: 1, filter: {store: {eq: $s}}) { streamCursor nodes { store {
            all: stockLevels(first: 5) { streamCursor }
            again: stockLevels(first: 5, filter: {store: {eq: $s}, and: [{}]}) { streamCursor } } } } }";
        let answer = world.execute(document, json!({"s": world.store})).await;
        let levels = &answer["stockLevels"];
        let store = &levels["nodes"][0]["store"];
        assert!(levels["streamCursor"].is_string(), "{answer}");
        for page in ["all", "again"] {
            assert_eq!(store[page]["streamCursor"], levels["streamCursor"], "{page}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_text_that_no_row_has_is_refused() {
    World::on_both(async |world| {
        let document = "query($f: MovementFilter) { stockMovements(filter: $f) { nodes { id } } }";
        for how in ["eq", "startsWith", "contains"] {
            let answer = world.execute(document, json!({"f": {"externalRef": {how: "a\0b"}}})).await;
            assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{how}: {answer}");
        }
    })
    .await;
}
