//! A call gets all its refusals of a stage at once: first unknown references, then values, then
//! shortages.

use entity::prelude::*;
use entrepot::access::{PermissionSet, REGISTRY, Reach};
use serde_json::{Value, json};

use super::world::{World, accepted, refusals};

const REFUSED: &str =
    "userErrors { code message field value docs retryable ... on InsufficientStock { sku requested available level { store { code } }
    alternatives { store { code } available } nextIncoming { expectedOn quantity } } }";

/// The call that orders these lines in the world's store, with the refusals as its result.
fn ordering(world: &World, extra: Value) -> (String, Value) {
    let mut input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}});
    extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    let document =
        format!("mutation($input: OrderCreateInput!) {{ result: orderCreate(input: $input) {{ order {{ id }} {REFUSED} }} }}");
    (document, json!({"input": input}))
}

async fn order(world: &World, extra: Value) -> Value {
    let (document, variables) = ordering(world, extra);
    world.execute(&document, variables).await["result"].clone()
}

async fn stock(world: &World, mutation: &str, mut input: Value) -> Value {
    input["idempotencyKey"] = json!(world.key());
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let document = format!("mutation($input: {kind}!) {{ result: {mutation}(input: $input) {{ {REFUSED} }} }}");
    world.execute(&document, json!({"input": input})).await["result"].clone()
}

fn sku(sku: &str, quantity: i64) -> Value {
    json!({"product": {"sku": sku}, "quantity": quantity})
}

/// The code and the path of each.
fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(code, path)| ((*code).to_owned(), (*path).to_owned())).collect()
}

/// Returns the name of the key in a reference.
fn key_of(reference: &Value) -> &str {
    reference.as_object().and_then(|members| members.keys().next()).unwrap()
}

fn each<'p>(payload: &'p Value, field: &str) -> Vec<&'p Value> {
    payload["userErrors"].as_array().unwrap().iter().map(|error| &error[field]).collect()
}

#[tokio::test]
async fn a_cart_is_told_all_of_each_stage() {
    World::on_both(async |world| {
        let lines = json!([
            sku("NONE-1", 1),
            sku("MUG", 0),
            sku("NONE-2", 1),
            sku("MUG", 101),
            sku("TEA", -5),
            sku("NONE-3", 0),
            sku("TEA", 6_000)
        ]);
        let payload = order(&world, json!({"lines": lines})).await;
        let missing = [0, 2, 5].map(|nth| ("NOT_FOUND".to_owned(), format!("input.lines.{nth}.product.sku")));
        assert_eq!(refusals(&payload), missing);
        assert_eq!(each(&payload, "value"), ["NONE-1", "NONE-2", "NONE-3"]);
        assert_eq!(payload["userErrors"][0]["docs"], "/docs/errors#NOT_FOUND");
        assert!(payload["userErrors"][1]["message"].as_str().unwrap().contains("\"NONE-2\""), "{payload:#}");
        assert!(payload["order"].is_null());
        let lines = json!([sku("MUG", 0), sku("MUG", 101), sku("TEA", -5), sku("TEA", 6_000)]);
        let payload = order(&world, json!({"lines": lines})).await;
        let range = "OUT_OF_RANGE";
        assert_eq!(refusals(&payload), pairs(&[(range, "input.lines.0.quantity"), (range, "input.lines.2.quantity")]));
        assert_eq!(each(&payload, "value"), ["0", "-5"]);
        let lines = json!([sku("MUG", 101), sku("LAMP", 9), sku("TEA", 6_000)]);
        let payload = order(&world, json!({"lines": lines})).await;
        let short = "INSUFFICIENT_STOCK";
        assert_eq!(refusals(&payload), pairs(&[(short, "input.lines.0.quantity"), (short, "input.lines.2.quantity")]));
        assert_eq!(each(&payload, "sku"), ["MUG", "TEA"]);
        assert_eq!(each(&payload, "value"), ["101", "6000"]);
        assert_eq!(each(&payload, "requested"), [&json!(101), &json!(6_000)]);
        assert_eq!(each(&payload, "available"), [&json!(100), &json!(5_000)]);
        assert_eq!(payload["userErrors"][0]["alternatives"], json!([{"store": {"code": "DEPOT"}, "available": 50}]));
        assert_eq!(payload["userErrors"][1]["alternatives"], json!([]));
        assert_eq!(world.level(world.mug, world.store).await, [100, 0, 0], "nothing was held on the way");
        let lines = json!([sku("MUG", 100), sku("LAMP", 9), sku("TEA", 5_000)]);
        accepted(&order(&world, json!({"lines": lines})).await, "order");
    })
    .await;
}

#[tokio::test]
async fn everything_that_an_order_names_and_that_is_not_there_is_told_together() {
    World::on_both(async |world| {
        let clock = world.ledger.clock();
        let (channel, customer, product): (ChannelId, CustomerId, ProductId) = (clock.id(), clock.id(), clock.id());
        let hold: ReservationId = clock.id();
        let names = json!({"channelId": channel, "customerId": customer, "reservationIds": [hold]});
        for first in [json!({"sku": "NONE"}), json!({"id": world.foreign.mug}), json!({"barcode": "4012345678901"})] {
            let mut more = names.clone();
            more["lines"] =
                json!([{"product": first, "quantity": 0}, sku("MUG", 1), {"product": {"id": product}, "quantity": 1}]);
            let missing = "NOT_FOUND";
            let text = format!("input.lines.0.product.{}", key_of(&first));
            assert_eq!(
                refusals(&order(&world, more).await),
                pairs(&[
                    (missing, "input.channelId"),
                    (missing, "input.customerId"),
                    (missing, text.as_str()),
                    (missing, "input.lines.2.product.id"),
                    (missing, "input.reservationIds.0"),
                ]),
                "{first}"
            );
        }
        // Without a store there are no levels: the refusal comes once, with those of unknown names.
        let more = json!({"store": {"code": "NOPE"}, "lines": [sku("MUG", 1), sku("NONE", 1)]});
        assert_eq!(
            refusals(&order(&world, more).await),
            pairs(&[("NOT_FOUND", "input.store.code"), ("NOT_FOUND", "input.lines.1.product.sku")])
        );
    })
    .await;
}

#[tokio::test]
async fn a_later_line_is_told_what_the_earlier_ones_leave() {
    World::on_both(async |world| {
        let twice = json!([sku("MUG", 60), sku("MUG", 60), sku("TEA", 1), sku("MUG", 3)]);
        let left = [json!(40), json!(0)];
        let items: Vec<Value> = twice.as_array().unwrap().iter().map(|line| json!({"product": line["product"], "store": {"id": world.store}, "quantity": line["quantity"]})).collect();
        let changes: Vec<Value> = twice.as_array().unwrap().iter().map(|line| json!({"product": line["product"], "store": {"id": world.store}, "delta": -line["quantity"].as_i64().unwrap()})).collect();
        for (payload, list, field) in [
            (order(&world, json!({"lines": twice})).await, "lines", "quantity"),
            (order(&world, json!({"lines": twice, "status": "FULFILLED"})).await, "lines", "quantity"),
            (stock(&world, "stockReserve", json!({"items": items})).await, "items", "quantity"),
            (stock(&world, "stockAdjust", json!({"kind": "SALE", "reasonCode": "SALE", "changes": changes})).await, "changes", "delta"),
        ] {
            let paths = [format!("input.{list}.1.{field}"), format!("input.{list}.3.{field}")];
            let wanted: Vec<(&str, &str)> = paths.iter().map(|path| ("INSUFFICIENT_STOCK", path.as_str())).collect();
            assert_eq!(refusals(&payload), pairs(&wanted), "{payload:#}");
            assert_eq!(each(&payload, "available"), left.iter().collect::<Vec<_>>(), "{payload:#}");
        }
        // A call for the quantities that each line's refusal shows succeeds.
        let lines = json!([sku("MUG", 60), sku("MUG", 40), sku("TEA", 1)]);
        accepted(&order(&world, json!({"lines": lines})).await, "order");
    })
    .await;
}

#[tokio::test]
async fn holds_that_give_way_leave_each_line_its_own_shortage() {
    World::on_both(async |world| {
        world.reserve(world.mug, 30, None).await;
        let lines = json!([sku("MUG", 80), sku("TEA", 6_000), sku("LAMP", 1), sku("MUG", 50)]);
        let payload = order(&world, json!({"lines": lines, "status": "FULFILLED", "onShortage": "SHORTEN"})).await;
        let short = "INSUFFICIENT_STOCK";
        assert_eq!(refusals(&payload), pairs(&[(short, "input.lines.1.quantity"), (short, "input.lines.3.quantity")]));
        assert_eq!(each(&payload, "sku"), ["TEA", "MUG"]);
        assert_eq!(each(&payload, "requested"), [&json!(6_000), &json!(50)]);
        // The first mugs take all that is free, and ten of those that are held: the holds of others are no offer.
        assert_eq!(each(&payload, "available"), [&json!(5_000), &json!(0)]);
        assert_eq!(world.level(world.mug, world.store).await, [100, 30, 0], "no hold gave way");
        let lines = json!([sku("MUG", 80), sku("TEA", 5_000), sku("LAMP", 1)]);
        accepted(&order(&world, json!({"lines": lines, "status": "FULFILLED", "onShortage": "SHORTEN"})).await, "order");
        assert_eq!(world.level(world.mug, world.store).await, [20, 20, 0]);
    })
    .await;
}

#[tokio::test]
async fn who_may_not_see_stock_is_told_which_line_is_short() {
    World::on_both(async |world| {
        let (document, variables) = ordering(&world, json!({"lines": [sku("TEA", 1), sku("MUG", 500)]}));
        let document = document.replace("sku requested", "index kitSku lotCode sku requested");
        let answer = world.execute_without(&["stock.read", "stock.availability.read"], &document, variables).await;
        let error = &answer["result"]["userErrors"][0];
        assert_eq!((&error["index"], &error["sku"], &error["requested"]), (&json!(1), &json!("MUG"), &json!(500)), "{answer:#}");
        for hidden in ["level", "nextIncoming", "kitSku", "lotCode"] {
            assert!(error[hidden].is_null(), "{hidden}: {error:#}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_edit_is_told_an_unknown_buyer_with_unknown_products() {
    World::on_both(async |world| {
        let placed_order = order(&world, json!({"lines": [sku("MUG", 1)]})).await;
        let customer: CustomerId = world.ledger.clock().id();
        let input = json!({"idempotencyKey": world.key(), "id": accepted(&placed_order, "order")["id"], "expectedVersion": 1,
            "customerId": customer, "addLines": [sku("MUG", 0), {"product": {"id": world.foreign.mug}, "quantity": 1}]});
        let document = format!("mutation($input: OrderUpdateInput!) {{ result: orderUpdate(input: $input) {{ {REFUSED} }} }}");
        let payload = world.execute(&document, json!({"input": input})).await["result"].clone();
        let missing = "NOT_FOUND";
        assert_eq!(refusals(&payload), pairs(&[(missing, "input.customerId"), (missing, "input.addLines.1.product.id")]));
    })
    .await;
}

#[tokio::test]
async fn changes_of_stock_are_told_every_name_and_every_figure() {
    World::on_both(async |world| {
        let here = json!({"id": world.store});
        let change = |product: Value, store: &Value, delta: i64, version: Option<i64>| json!({"product": product, "store": store, "delta": delta, "expectedVersion": version});
        let nowhere = json!({"code": "NOPE"});
        let changes = json!([
            change(json!({"sku": "NONE"}), &nowhere, 1, None),
            change(json!({"sku": "MUG"}), &nowhere, 0, None),
            change(json!({"sku": "MUG"}), &here, 0, Some(99)),
            change(json!({"id": world.foreign.mug}), &here, 1, None),
        ]);
        let adjust = async |changes: Value| refusals(&stock(&world, "stockAdjust", json!({"reasonCode": "OTHER", "changes": changes})).await);
        let missing = "NOT_FOUND";
        assert_eq!(
            adjust(changes).await,
            pairs(&[
                (missing, "input.changes.0.product.sku"),
                (missing, "input.changes.0.store.code"),
                (missing, "input.changes.1.store.code"),
                (missing, "input.changes.3.product.id"),
            ])
        );
        // Values come before what the state of things does not allow.
        let of = |delta: i64, version: Option<i64>| change(json!({"sku": "MUG"}), &here, delta, version);
        let range = "OUT_OF_RANGE";
        assert_eq!(
            adjust(json!([of(1, Some(99)), of(0, None), of(-500, None), of(0, None)])).await,
            pairs(&[(range, "input.changes.1.delta"), (range, "input.changes.3.delta")])
        );
        let stale = "VERSION_CONFLICT";
        assert_eq!(
            adjust(json!([of(1, Some(99)), of(-500, None), of(1, Some(98))])).await,
            pairs(&[(stale, "input.changes.0.expectedVersion"), (stale, "input.changes.2.expectedVersion")])
        );
        let released = stock(&world, "stockRelease", json!({"reservationIds": ["rsv_00000000000000000000000001", "rsv_00000000000000000000000002"]})).await;
        assert_eq!(refusals(&released), pairs(&[(missing, "input.reservationIds.0"), (missing, "input.reservationIds.1")]));
    })
    .await;
}

#[tokio::test]
async fn a_store_that_is_not_there_hides_no_product_that_is_not_there() {
    World::on_both(async |world| {
        let missing = |paths: &[String]| pairs(&paths.iter().map(|path| ("NOT_FOUND", path.as_str())).collect::<Vec<_>>());
        let named = [json!({"id": world.foreign.mug}), json!({"sku": "MUG"}), json!({"sku": "NONE"})];
        for store in [json!({"id": world.foreign.store}), json!({"code": "NOPE"})] {
            let lines: Vec<Value> = named.iter().map(|product| json!({"product": product, "quantity": 1})).collect();
            let of_store = format!("store.{}", key_of(&store));
            let at_store = of_store.as_str();
            let wanted = [at_store, "lines.0.product.id", "lines.2.product.sku"].map(|place| format!("input.{place}"));
            let placed_order = order(&world, json!({"store": store, "lines": lines})).await;
            assert_eq!(refusals(&placed_order), missing(&wanted), "{store}");
            for (mutation, list, field, mut input) in [
                ("stockReserve", "items", "quantity", json!({})),
                ("stockAdjust", "changes", "delta", json!({"reasonCode": "OTHER"})),
            ] {
                let row = |product: &Value| json!({"product": product, "store": store, field: 1});
                input[list] = named.iter().map(row).collect();
                let mut paths = refusals(&stock(&world, mutation, input).await);
                paths.sort();
                let wanted = [(0, "product.id"), (0, at_store), (1, at_store), (2, "product.sku"), (2, at_store)];
                let wanted = wanted.map(|(nth, place)| format!("input.{list}.{nth}.{place}"));
                assert_eq!(paths, missing(&wanted), "{mutation} in {store}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn goods_are_held_for_what_is_there_and_all_else_is_told() {
    World::on_both(async |world| {
        let order: OrderId = world.ledger.clock().id();
        let items = json!([{"product": {"sku": "NONE"}, "store": {"id": world.store}, "quantity": 1}]);
        let payload = stock(&world, "stockReserve", json!({"referenceId": order, "items": items})).await;
        assert_eq!(refusals(&payload), pairs(&[("NOT_FOUND", "input.referenceId"), ("NOT_FOUND", "input.items.0.product.sku")]));
    })
    .await;
}

#[tokio::test]
async fn a_call_without_its_key_is_told_that_it_needs_one() {
    World::on_both(async |world| {
        let here = json!({"id": world.store});
        for (mutation, list, amount, extra) in [
            ("stockReserve", "items", "quantity", json!({})),
            ("stockAdjust", "changes", "delta", json!({"reasonCode": "OTHER"})),
        ] {
            let mut input = extra;
            input["idempotencyKey"] = json!("");
            input[list] = json!([{"product": {"sku": "MUG"}, "store": here, amount: 1}]);
            let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
            let document = format!("mutation($input: {kind}!) {{ result: {mutation}(input: $input) {{ {REFUSED} }} }}");
            let payload = world.execute(&document, json!({"input": input})).await["result"].clone();
            assert_eq!(refusals(&payload), pairs(&[("REQUIRED", "input.idempotencyKey")]));
            assert_eq!(payload["userErrors"][0]["message"], "a key of 1 to 255 characters is needed");
        }
    })
    .await;
}

#[tokio::test]
async fn no_more_than_a_hundred_are_told() {
    World::on_both(async |world| {
        let unknown: Vec<Value> = (0..150).map(|n| sku(&format!("NONE-{n}"), 1)).collect();
        let payload = order(&world, json!({"lines": unknown})).await;
        assert_eq!(each(&payload, "value").len(), 100);
        assert_eq!(payload["userErrors"][99]["value"], "NONE-99");
        // Unknown products are reported despite a shortage.
        let mut lines: Vec<Value> = (0..150).map(|_| sku("MUG", 200)).collect();
        lines.push(sku("NONE", 1));
        assert_eq!(
            refusals(&order(&world, json!({"lines": lines})).await),
            pairs(&[("NOT_FOUND", "input.lines.150.product.sku")])
        );
    })
    .await;
}

/// All permissions, with this one limited to these stores.
fn limited(code: &str, stores: &[StoreId]) -> PermissionSet {
    let mut set = PermissionSet::default();
    for (index, info) in REGISTRY.iter().enumerate() {
        let reach = if info.code == code { Reach::stores(stores.iter().copied()) } else { Reach::Everywhere };
        set.grant(index, &reach);
    }
    set
}

#[tokio::test]
async fn other_stores_are_told_to_who_may_ask_about_them() {
    World::on_both(async |world| {
        let many = |world: &World| ordering(world, json!({"lines": [sku("MUG", 500)]}));
        let short = |answer: &Value| answer["result"]["userErrors"][0].clone();
        let availability = "stock.availability.read";
        for (stores, alternatives) in [
            (vec![world.store], json!([])),
            (vec![world.store, world.depot], json!([{"store": {"code": "DEPOT"}, "available": 50}])),
        ] {
            let (document, variables) = many(&world);
            let answer = world.execute_as(limited(availability, &stores), &document, variables).await;
            assert_eq!(short(&answer)["alternatives"], alternatives, "{answer:#}");
        }
        // It is no reason to refuse the answer.
        let (document, variables) = many(&world);
        let answer = world.execute_without(&[availability, "stock.read"], &document, variables).await;
        let error = short(&answer);
        assert_eq!((&error["alternatives"], &error["level"], &error["nextIncoming"]), (&json!([]), &Value::Null, &Value::Null));
        assert_eq!((&error["sku"], &error["available"]), (&json!("MUG"), &json!(100)));
        // At most five are returned, and at least one must be requested.
        let (document, variables) = many(&world);
        let dry_document = document.replace("alternatives {", "alternatives(first: 6) {");
        assert_eq!(world.execute(&dry_document, variables).await["errors"][0]["code"], "BAD_USER_INPUT");
        // An archived store sends nothing.
        world.run_tenant_sql("UPDATE store SET archived_at = 1 WHERE tenant_id = $1 AND code = 'DEPOT'", vec![]).await;
        let (document, variables) = many(&world);
        assert_eq!(short(&world.execute(&document, variables).await)["alternatives"], json!([]));
    })
    .await;
}

/// Mugs that are under way from the depot, expected at a moment.
async fn sends(world: &World, mugs: i64, expected_at: &str) {
    let run_action = async |mutation: &str, kind: &str, mut input: Value| {
        input["idempotencyKey"] = json!(world.key());
        let document = format!(
            "mutation($input: {kind}!) {{ result: {mutation}(input: $input) {{ transfer {{ id }} userErrors {{ code message }} }} }}"
        );
        let payload = world.execute(&document, json!({"input": input})).await["result"].clone();
        accepted(&payload, "transfer")["id"].clone()
    };
    let input = json!({"fromStore": {"code": "DEPOT"}, "toStore": {"id": world.store}, "expectedAt": expected_at, "lines": [sku("MUG", mugs)]});
    let id = run_action("transferCreate", "TransferCreateInput", input).await;
    run_action("transferMarkReady", "TransferActionInput", json!({"id": id})).await;
    run_action("transferShip", "TransferShipmentInput", json!({"id": id})).await;
}

#[tokio::test]
async fn the_next_day_on_which_goods_come_is_told_with_all_that_come_on_it() {
    World::on_both(async |world| {
        let next = async || order(&world, json!({"lines": [sku("MUG", 500)]})).await["userErrors"][0]["nextIncoming"].clone();
        assert_eq!(next().await, Value::Null);
        for (mugs, at) in
            [(9, "2029-03-06T08:00:00Z"), (5, "2029-03-04T10:00:00Z"), (7, "2029-03-04T18:00:00Z"), (3, "2020-01-01T00:00:00Z")]
        {
            sends(&world, mugs, at).await;
        }
        assert_eq!(next().await, json!({"expectedOn": "2029-03-04", "quantity": 12}));
    })
    .await;
}
