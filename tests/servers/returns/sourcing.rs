//! An order's stock is found in other stores than its own. The store has 100 mugs and 4 lamps, the depot 50 mugs.

use entrepot::orders::jobs::{ExpiryCursors, expire_due};
use serde_json::{Value, json};

use super::world::{World, accepted, of_store, refused};
use crate::world::answers::refusals;

const SHORT: &str = "INSUFFICIENT_STOCK";

/// An order of mugs that looks for its stock.
fn ordering(world: &World, quantity: i64, sourcing: Value) -> Value {
    let lines = json!([{"product": {"id": world.mug}, "quantity": quantity}]);
    json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "lines": lines, "sourcing": sourcing})
}

async fn ordered(world: &World, quantity: i64, sourcing: Value) -> Value {
    accepted(&world.mutate("orderCreate", ordering(world, quantity, sourcing)).await, "order").clone()
}

/// Returns the stores that hold the first line, by code, with the held quantities.
fn holders(order: &Value) -> Vec<(&str, i64)> {
    let all = order["lines"][0]["allocations"].as_array().unwrap_or_else(|| panic!("{order}")).iter();
    let mut stores: Vec<_> = all.map(|one| (one["store"]["code"].as_str().unwrap(), one["quantity"].as_i64().unwrap())).collect();
    stores.sort_unstable();
    stores
}

/// On hand, reserved and unavailable of mugs in the store and in the depot.
async fn mugs(world: &World) -> [[i64; 3]; 2] {
    [world.level_here(world.mug).await, world.level(world.mug, world.depot).await]
}

fn code(answer: &Value) -> &Value {
    &answer["userErrors"][0]["code"]
}

async fn set_sourcing(world: &World, mut input: Value) -> Value {
    if input["idempotencyKey"].is_null() {
        input["idempotencyKey"] = json!(world.key());
    }
    let document = "mutation($input: SourcingSetInput!) { sourcingSet(input: $input) { sourcing { strategy split maxStores
        stores { store { code } isSource priority position { latitude longitude } } } userErrors { code field } replayed seq } }";
    world.execute(document, json!({ "input": input })).await["sourcingSet"].clone()
}

#[tokio::test]
async fn an_order_may_be_held_in_several_stores() {
    World::on_both(async |world| {
        // A single store that has everything is chosen alone; the first by code unless a rule says otherwise.
        let small = ordered(&world, 20, json!({})).await;
        assert_eq!(holders(&small), [("DEPOT", 20)]);
        assert_eq!(holders(&ordered(&world, 90, json!({})).await), [("LDN", 90)]);
        let order = ordered(&world, 35, json!({})).await;
        assert_eq!((holders(&order), &order["lines"][0]["open"]), (vec![("DEPOT", 30), ("LDN", 5)], &json!(35)));
        // Each store ships the units that it holds.
        let partly = world.complete_step("orderFulfil", &order, json!({"store": {"code": "DEPOT"}})).await;
        assert_eq!((&partly["status"], holders(&partly)), (&json!("PARTIALLY_FULFILLED"), vec![("LDN", 5)]));
        assert_eq!(mugs(&world).await, [[100, 95, 0], [20, 20, 0]]);
        assert_eq!(world.complete_step("orderFulfil", &order, json!({})).await["status"], "FULFILLED");
        assert_eq!(mugs(&world).await, [[95, 90, 0], [20, 20, 0]]);
        // An order that is held only elsewhere is not shipped from here by mistake.
        refused(&world.mutate("orderFulfil", world.step(&small, json!({}))).await, "INVALID_STATE", "input.store");
        assert_eq!(world.complete_step("orderFulfil", &small, json!({"store": {"code": "DEPOT"}})).await["status"], "FULFILLED");
        assert_eq!(mugs(&world).await, [[95, 90, 0], [0, 0, 0]]);
    })
    .await;
}

#[tokio::test]
async fn cancelling_and_expiry_let_go_in_every_store() {
    World::on_both(async |world| {
        let order = ordered(&world, 140, json!({})).await;
        assert_eq!(holders(&order), [("DEPOT", 50), ("LDN", 90)]);
        world.complete_step("orderCancel", &order, json!({})).await;
        assert_eq!(mugs(&world).await, [[100, 0, 0], [50, 0, 0]]);
        let mut pending = ordering(&world, 140, json!({}));
        pending["status"] = json!("PENDING");
        accepted(&world.mutate("orderCreate", pending).await, "order");
        assert_eq!(mugs(&world).await, [[100, 90, 0], [50, 50, 0]]);
        world.advance_clock(901);
        let now = world.ledger.clock().now();
        assert_eq!(expire_due(&world.ledger, now, &ExpiryCursors::default()).await.unwrap(), 1);
        assert_eq!(mugs(&world).await, [[100, 0, 0], [50, 0, 0]]);
    })
    .await;
}

#[tokio::test]
async fn the_rule_says_who_is_asked_first() {
    World::on_both(async |world| {
        let stores = json!([
            {"store": {"id": world.store}, "priority": 1, "position": {"latitude": 51.5074, "longitude": -0.1278}},
            {"store": {"code": "depot"}, "priority": 2, "position": {"latitude": 48.8566, "longitude": 2.3522}},
        ]);
        let answer = set_sourcing(&world, json!({"rule": {"split": "REFUSE"}, "stores": stores})).await;
        let input_for = |code: &str, priority: i64, latitude: f64, longitude: f64| {
            json!({"store": {"code": code}, "isSource": true, "priority": priority,
            "position": {"latitude": latitude, "longitude": longitude}})
        };
        assert_eq!(
            answer["sourcing"],
            json!({"strategy": "PRIORITY", "split": "REFUSE", "maxStores": 3,
                "stores": [input_for("DEPOT", 2, 48.8566, 2.3522), input_for("LDN", 1, 51.5074, -0.1278)]})
        );
        assert_eq!(holders(&ordered(&world, 1, json!({})).await), [("LDN", 1)]);
        let brussels = json!({"latitude": 50.8503, "longitude": 4.3517});
        let nearest = json!({"strategy": "NEAREST", "destination": brussels});
        assert_eq!(holders(&ordered(&world, 1, nearest).await), [("DEPOT", 1)]);
        assert_eq!(holders(&ordered(&world, 1, json!({"strategy": "MOST_STOCK"})).await), [("LDN", 1)]);
        let far = refused(&world.mutate("orderCreate", ordering(&world, 120, json!({}))).await, SHORT, "input.lines.0.quantity");
        assert_eq!(far, "120 of MUG from one store asked for, 98 there");
        assert_eq!(holders(&ordered(&world, 120, json!({"split": "ALLOW"})).await), [("DEPOT", 22), ("LDN", 98)]);
        // Stores that are no source or are archived are left out.
        let depot = |is_source: bool| json!({"stores": [{"store": {"code": "DEPOT"}, "isSource": is_source}]});
        assert_eq!(set_sourcing(&world, depot(false)).await["userErrors"], json!([]));
        refused(&world.mutate("orderCreate", ordering(&world, 5, json!({}))).await, SHORT, "input.lines.0.quantity");
        assert_eq!(set_sourcing(&world, depot(true)).await["userErrors"], json!([]));
        world.run_tenant_sql("UPDATE store SET archived_at = 1 WHERE tenant_id = $1 AND code = 'DEPOT'", vec![]).await;
        refused(&world.mutate("orderCreate", ordering(&world, 5, json!({}))).await, SHORT, "input.lines.0.quantity");
        world.run_tenant_sql("UPDATE store SET archived_at = NULL WHERE tenant_id = $1 AND code = 'DEPOT'", vec![]).await;
        assert_eq!(holders(&ordered(&world, 5, json!({})).await), [("DEPOT", 5)]);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_refused() {
    World::on_both(async |world| {
        for (sourcing, field) in [
            (json!({"strategy": "NEAREST"}), "input.sourcing.destination"),
            (json!({"maxStores": 0}), "input.sourcing.maxStores"),
            (json!({"maxStores": 11}), "input.sourcing.maxStores"),
            (json!({"destination": {"latitude": 90.1, "longitude": 0}}), "input.sourcing.destination"),
        ] {
            let mut input = ordering(&world, 1, sourcing);
            refused(&world.mutate("orderCreate", input.clone()).await, "INVALID", field);
            input["status"] = json!("DRAFT");
            refused(&world.mutate("orderCreate", input).await, "INVALID", field);
        }
        let mut sold = ordering(&world, 1, json!({}));
        sold["status"] = json!("FULFILLED");
        refused(&world.mutate("orderCreate", sold).await, "INVALID", "input.sourcing");
        let input_for = |store: Value| json!({"stores": [{"store": store}]});
        assert_eq!(code(&set_sourcing(&world, input_for(json!({"id": world.foreign.store}))).await), "NOT_FOUND");
        assert_eq!(code(&set_sourcing(&world, input_for(json!({"code": "NONE"}))).await), "NOT_FOUND");
        for wrong in [json!(world.mug), json!("sto_nonsense"), json!("")] {
            refused(&set_sourcing(&world, input_for(json!({"id": wrong}))).await, "INVALID", "input.stores.0.store.id");
        }
        let twice = json!({"stores": [{"store": {"code": "LDN"}}, {"store": {"id": world.store}}]});
        let none = |code: &str| json!({"store": {"code": code}});
        let many = json!({"stores": [{"store": {"code": "LDN"}}, {"store": {"code": "LDN"}}, none("NONE"), none("NONE")]});
        assert_eq!(
            refusals(&set_sourcing(&world, many).await),
            [2, 3].map(|nth| ("NOT_FOUND".to_owned(), format!("input.stores.{nth}.store.code")))
        );
        assert_eq!(code(&set_sourcing(&world, twice).await), "DUPLICATE");
        assert_eq!(code(&set_sourcing(&world, json!({"rule": {"maxStores": 99}})).await), "INVALID");
        assert_eq!(world.events_of("sourcing.").await.len(), 0);
        let input = json!({"idempotencyKey": "same", "rule": {"maxStores": 2}});
        let first = set_sourcing(&world, input.clone()).await;
        set_sourcing(&world, json!({"rule": {"split": "REFUSE"}})).await;
        let again = set_sourcing(&world, input).await;
        assert_eq!((&first["replayed"], &again["replayed"], &again["seq"]), (&json!(false), &json!(true), &first["seq"]));
        let rule = &again["sourcing"];
        assert_eq!((&rule["split"], &rule["maxStores"]), (&json!("REFUSE"), &json!(2)), "what is left out stays");
        let other = json!({"idempotencyKey": "same", "rule": {"maxStores": 3}});
        assert_eq!(code(&set_sourcing(&world, other).await), "IDEMPOTENCY_KEY_REUSED");
        assert_eq!(world.events_of("sourcing.").await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn who_may_act_in_one_store_finds_what_that_one_has() {
    World::on_both(async |world| {
        let own = || of_store(world.store);
        let order = world.mutate_as(own(), "orderCreate", ordering(&world, 20, json!({}))).await;
        assert_eq!(holders(accepted(&order, "order")), [("LDN", 20)], "the depot would be asked first");
        let payload = world.mutate_as(own(), "orderCreate", ordering(&world, 90, json!({}))).await;
        refused(&payload, SHORT, "input.lines.0.quantity");
        assert_eq!(payload["userErrors"][0]["message"], "90 of MUG from at most 3 stores asked for, 80 there");
        let none = world.mutate_as(of_store(world.depot), "orderCreate", ordering(&world, 1, json!({}))).await;
        refused(&none, "NOT_FOUND", "input.store.id");
        assert_eq!(mugs(&world).await, [[100, 20, 0], [50, 0, 0]]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_that_race_for_the_same_stock_take_what_another_store_has() {
    World::on_both(async |world| {
        // From two processes, each order from one store only: 6 times 15 in the store, 3 times 15 in the depot.
        let elsewhere = world.served_elsewhere().await;
        let sourcing = json!({"split": "REFUSE", "strategy": "MOST_STOCK"});
        let inputs: Vec<Value> = (0..14).map(|_| ordering(&world, 15, sourcing.clone())).collect();
        let calls = inputs.into_iter().enumerate().map(async |(n, input)| match n % 2 {
            0 => world.mutate("orderCreate", input).await,
            _ => world.mutate_elsewhere(&elsewhere, "orderCreate", input).await,
        });
        let answers = futures_util::future::join_all(calls).await;
        let short = answers.iter().filter(|answer| code(answer) == "INSUFFICIENT_STOCK").count();
        let stores: Vec<_> =
            answers.iter().filter(|answer| code(answer).is_null()).map(|answer| holders(&answer["order"])[0]).collect();
        assert_eq!((stores.len(), short), (9, 5), "{answers:#?}");
        assert_eq!(stores.iter().filter(|one| **one == ("DEPOT", 15)).count(), 3);
        assert_eq!(mugs(&world).await, [[100, 90, 0], [50, 45, 0]]);
        // All or none: the last fifteen are in two stores.
        assert_eq!(holders(&ordered(&world, 15, json!({})).await), [("DEPOT", 5), ("LDN", 10)]);
        refused(&world.mutate("orderCreate", ordering(&world, 1, json!({}))).await, SHORT, "input.lines.0.quantity");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_gives_the_same_stores() {
    World::on_both(async |world| {
        let input = ordering(&world, 150, json!({}));
        let elsewhere = world.served_elsewhere().await;
        // Concurrently in two processes; the second finds the stock gone.
        let (here, there) = futures_util::join!(
            world.mutate("orderCreate", input.clone()),
            world.mutate_elsewhere(&elsewhere, "orderCreate", input.clone())
        );
        assert_eq!(accepted(&here, "order")["id"], accepted(&there, "order")["id"]);
        assert_ne!(here["replayed"], there["replayed"]);
        set_sourcing(&world, json!({"rule": {"strategy": "NEAREST", "split": "REFUSE"}})).await;
        let again = world.mutate("orderCreate", input.clone()).await;
        assert_eq!((holders(accepted(&again, "order")), &again["replayed"]), (vec![("DEPOT", 50), ("LDN", 100)], &json!(true)));
        let mut other = input;
        other["sourcing"] = json!({"maxStores": 2});
        refused(&world.mutate("orderCreate", other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
        assert_eq!(mugs(&world).await, [[100, 100, 0], [50, 50, 0]]);
    })
    .await;
}

#[tokio::test]
async fn a_draft_looks_when_it_is_confirmed() {
    World::on_both(async |world| {
        let mut input = ordering(&world, 120, json!({"split": "ALLOW"}));
        input["status"] = json!("DRAFT");
        let order = accepted(&world.mutate("orderCreate", input.clone()).await, "order").clone();
        assert_eq!((&order["status"], holders(&order)), (&json!("DRAFT"), vec![]));
        let purchase_order = ordered(&world, 40, json!({})).await;
        assert_eq!(holders(&purchase_order), [("DEPOT", 40)]);
        // The order was placed under the rule of that day.
        set_sourcing(&world, json!({"rule": {"strategy": "NEAREST"}})).await;
        let confirm = world.step(&order, json!({}));
        refused(&world.mutate("orderConfirm", confirm.clone()).await, SHORT, "input.lines.0.quantity");
        assert_eq!((&world.read(&order).await["status"], mugs(&world).await), (&json!("DRAFT"), [[100, 0, 0], [50, 40, 0]]));
        world.complete_step("orderCancel", &purchase_order, json!({})).await;
        let confirmed = world.mutate("orderConfirm", confirm.clone()).await;
        assert_eq!(holders(accepted(&confirmed, "order")), [("DEPOT", 50), ("LDN", 70)]);
        let again = world.mutate("orderConfirm", confirm).await;
        assert_eq!((holders(accepted(&again, "order")), &again["replayed"]), (vec![("DEPOT", 50), ("LDN", 70)], &json!(true)));
        assert_eq!(mugs(&world).await, [[100, 70, 0], [50, 50, 0]]);
        world.complete_step("orderCancel", &order, json!({})).await;
        assert_eq!(mugs(&world).await, [[100, 0, 0], [50, 0, 0]]);
    })
    .await;
}

#[tokio::test]
async fn asking_what_would_happen_holds_nothing() {
    World::on_both(async |world| {
        let document = "mutation($input: OrderCreateInput!) { orderCreate(input: $input, validateOnly: true) {
            order { lines { open backordered } } userErrors { code field } seq } }";
        let run_query = async |quantity: i64| {
            let input = ordering(&world, quantity, json!({}));
            world.execute(document, json!({ "input": input })).await["orderCreate"].clone()
        };
        assert_eq!(run_query(150).await["order"]["lines"], json!([{"open": 150, "backordered": 0}]));
        assert_eq!(code(&run_query(151).await), "INSUFFICIENT_STOCK");
        assert_eq!(mugs(&world).await, [[100, 0, 0], [50, 0, 0]]);
    })
    .await;
}

#[tokio::test]
async fn what_is_found_nowhere_waits_at_the_orders_own_store() {
    World::on_both(async |world| {
        world.stock(&[(world.lamp, world.depot, 3)]).await;
        let lines = json!([{"product": {"id": world.lamp}, "quantity": 10}]);
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "lines": lines, "sourcing": {}});
        let order = accepted(&world.mutate("orderCreate", input).await, "order").clone();
        assert_eq!((holders(&order), &order["lines"][0]["backordered"]), (vec![("DEPOT", 3), ("LDN", 4)], &json!(3)));
        world.stock(&[(world.lamp, world.store, 5)]).await;
        assert_eq!(world.fill().await, 1);
        let filled = world.read(&order).await;
        let line = &filled["lines"][0];
        assert_eq!((&line["open"], &line["backordered"]), (&json!(10), &json!(0)));
        world.complete_step("orderCancel", &order, json!({})).await;
        assert_eq!(world.level_here(world.lamp).await, [9, 0, 0]);
        assert_eq!(world.level(world.lamp, world.depot).await, [3, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_kit_is_held_whole_in_each_store() {
    World::on_both(async |world| {
        let shop = &world;
        let kit = shop.ledger.clock().id();
        shop.product_of(shop.tenant, kit, ("TEA-SET", entity::prelude::StockPolicy::Untracked, 0, 999)).await;
        world.run_tenant_sql("UPDATE product SET is_kit = 1 WHERE tenant_id = $1 AND id = $2", vec![kit.into()]).await;
        let part = "INSERT INTO kit_component (tenant_id, kit_id, component_id, position, quantity) VALUES ($1, $2, $3, $4, $5)";
        world.run_tenant_sql(part, vec![kit.into(), shop.mug.into(), 1.into(), 1_i64.into()]).await;
        world.run_tenant_sql(part, vec![kit.into(), shop.tea.into(), 2.into(), 250_i64.into()]).await;
        shop.stock(&[(shop.tea, shop.depot, 1_000)]).await;
        // Tea for 20 sets here and for 4 in the depot; and a service, which no store needs to have.
        let run_query = async |quantity: i64| {
            let lines = json!([{"product": {"id": kit}, "quantity": quantity}, {"product": {"id": shop.wrap}, "quantity": 1}]);
            let input = json!({"idempotencyKey": world.key(), "store": {"id": shop.store}, "lines": lines, "sourcing": {}});
            world.mutate("orderCreate", input).await
        };
        refused(&run_query(25).await, SHORT, "input.lines.0.quantity");
        assert_eq!(mugs(&world).await, [[100, 0, 0], [50, 0, 0]]);
        let order = accepted(&run_query(22).await, "order").clone();
        assert_eq!(holders(&order), [("DEPOT", 4), ("LDN", 18)]);
        let tea = async || [world.level_here(shop.tea).await, shop.level(shop.tea, shop.depot).await];
        assert_eq!((mugs(&world).await, tea().await), ([[100, 18, 0], [50, 4, 0]], [[5_000, 4_500, 0], [1_000, 1_000, 0]]));
        let partly = world.complete_step("orderFulfil", &order, json!({"store": {"code": "DEPOT"}})).await;
        assert_eq!((holders(&partly), &partly["lines"][0]["fulfilled"]), (vec![("LDN", 18)], &json!(4)));
        assert_eq!((mugs(&world).await, tea().await), ([[100, 18, 0], [46, 0, 0]], [[5_000, 4_500, 0], [0, 0, 0]]));
        world.complete_step("orderCancel", &order, json!({})).await;
        assert_eq!((mugs(&world).await, tea().await), ([[100, 0, 0], [46, 0, 0]], [[5_000, 0, 0], [0, 0, 0]]));
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_by_lots_is_found_and_leaves_lot_by_lot() {
    World::on_both(async |world| {
        let shop = &world;
        let cheese = shop.ledger.clock().id();
        shop.product_of(shop.tenant, cheese, ("CHEESE", entity::prelude::StockPolicy::Tracked, 0, 400)).await;
        world.run_tenant_sql("UPDATE product SET tracking = 'LOT' WHERE tenant_id = $1 AND id = $2", vec![cheese.into()]).await;
        for (store, lot, expires, delta) in [("LDN", "A", "2027-01-01", 2), ("LDN", "B", "2027-06-01", 3), ("DEPOT", "B", "2027-06-01", 4)] {
            let change =
                json!({"product": {"id": cheese}, "store": {"code": store}, "delta": delta, "lot": {"named": {"code": lot, "expiresOn": expires}}});
            let input = json!({"idempotencyKey": world.key(), "kind": "RECEIPT", "reasonCode": "PURCHASE", "changes": [change]});
            assert_eq!(world.mutate("stockAdjust", input).await["userErrors"], json!([]));
        }
        let lines = json!([{"product": {"id": cheese}, "quantity": 8}]);
        let input = json!({"idempotencyKey": world.key(), "store": {"id": shop.store}, "lines": lines, "sourcing": {}});
        let order = accepted(&world.mutate("orderCreate", input).await, "order").clone();
        assert_eq!(holders(&order), [("DEPOT", 4), ("LDN", 4)]);
        world.complete_step("orderFulfil", &order, json!({"store": {"code": "DEPOT"}})).await;
        world.complete_step("orderFulfil", &order, json!({})).await;
        assert_eq!(world.level_here(cheese).await, [1, 0, 0]);
        let left = "SELECT CAST(sum(on_hand) AS bigint) FROM lot WHERE tenant_id = $1 AND code = 'B'";
        assert_eq!(world.query_number(left).await, 1, "A leaves before B");
    })
    .await;
}

#[tokio::test]
async fn what_was_reserved_for_it_is_found_first_of_all() {
    World::on_both(async |world| {
        let reservation = world.reserve(world.mug, 100, None).await;
        let mut input = ordering(&world, 100, json!({"split": "REFUSE"}));
        refused(&world.mutate("orderCreate", input.clone()).await, SHORT, "input.lines.0.quantity");
        input["reservationIds"] = json!([reservation]);
        let order = world.mutate("orderCreate", input).await;
        assert_eq!(holders(accepted(&order, "order")), [("LDN", 100)]);
        assert_eq!(mugs(&world).await, [[100, 100, 0], [50, 0, 0]]);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_finds_too_little_is_told_where_else_there_is_and_when_more_comes() {
    World::on_both(async |world| {
        let mug = json!({"id": world.mug});
        // Mugs come back from the depot, which keeps 45.
        let sent = "mutation($input: TransferCreateInput!) { transferCreate(input: $input) { userErrors { code message } } }";
        let input = json!({"idempotencyKey": world.key(), "fromStore": {"code": "DEPOT"}, "toStore": {"id": world.store}, "status": "IN_TRANSIT",
            "expectedAt": "2029-03-04T10:00:00Z", "lines": [{"product": mug, "quantity": 5}]});
        assert_eq!(world.execute(sent, json!({"input": input})).await["transferCreate"]["userErrors"], json!([]));
        let document = "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { userErrors { code ... on InsufficientStock { sku available
            level { id } alternatives { store { code } available } nextIncoming { expectedOn quantity } } } } }";
        let variables = || json!({"input": ordering(&world, 120, json!({"split": "REFUSE"}))});
        let refusals_now = async || world.execute(document, variables()).await["orderCreate"]["userErrors"].clone();
        let (elsewhere, next) = (json!([{"store": {"code": "DEPOT"}, "available": 45}]), json!({"expectedOn": "2029-03-04", "quantity": 5}));
        let short = |alternatives: &Value, next: &Value| {
            json!([{"code": "INSUFFICIENT_STOCK", "sku": "MUG", "available": 100, "level": null, "alternatives": alternatives, "nextIncoming": next}])
        };
        assert_eq!(refusals_now().await, short(&elsewhere, &next));
        // Each is hidden from callers without the permission for it.
        for (lacking, wanted) in [
            (&["stock.availability.read"][..], short(&json!([]), &next)),
            (&["stock.read"][..], short(&elsewhere, &Value::Null)),
        ] {
            let answer = world.execute_without(lacking, document, variables()).await;
            assert_eq!(answer["orderCreate"]["userErrors"], wanted, "{lacking:?}");
        }
    })
    .await;
}
