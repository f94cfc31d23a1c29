//! Goods go from one store to another.

use entity::prelude::*;
use entrepot::{
    clock,
    stock::{core::LevelKey, shell::explain_level},
};
use serde_json::{Value, json};

use super::world::{World, accepted, refused};
use crate::world::answers::digits;

#[tokio::test]
async fn a_transfer_is_held_sent_and_received_in_parts() {
    World::on_both(async |world| {
        let (mug, store, depot) = (world.mug, world.store, world.depot);
        let draft = world.draft(&[(mug, 10), (world.tea, 500)]).await;
        assert_eq!((&draft["number"], &draft["status"], &draft["version"]), (&json!("TR-000001"), &json!("DRAFT"), &json!(1)));
        assert_eq!(draft["allowedActions"], json!(["transferUpdate", "transferMarkReady", "transferCancel"]));
        assert_eq!(world.level_in_transit(mug, store).await, [100, 0, 0]);
        let ready = world.complete_step("transferMarkReady", &draft).await;
        assert_eq!((&ready["status"], world.level_in_transit(mug, store).await), (&json!("READY"), [100, 10, 0]));
        let sent = world.complete_step("transferShip", &draft).await;
        assert_eq!(sent["status"], "IN_TRANSIT");
        assert_eq!(
            (world.level_in_transit(mug, store).await, world.level_in_transit(mug, depot).await),
            ([90, 0, 0], [50, 0, 10])
        );
        assert_eq!(sent["lines"][0]["unitCost"], json!({"amount": "1.00"}));
        let mut part = world.step(&draft);
        part["lines"] = json!([{"lineId": sent["lines"][0]["id"], "quantity": 4}]);
        let payload = world.mutate("transferReceive", part).await;
        let partly = accepted(&payload, "transfer");
        assert_eq!((&partly["status"], &partly["lines"][0]["received"]), (&json!("PARTIALLY_RECEIVED"), &json!(4)));
        assert_eq!(world.level_in_transit(mug, depot).await, [54, 0, 6]);
        let all = world.complete_step("transferReceive", &draft).await;
        assert_eq!((&all["status"], &all["allowedActions"]), (&json!("RECEIVED"), &json!([])));
        assert_eq!(world.level_in_transit(mug, depot).await, [60, 0, 0]);
        assert_eq!(world.level_in_transit(world.tea, depot).await, [500, 0, 0]);
        let kinds: Vec<String> = world.events_of("").await.into_iter().filter(|kind| kind.starts_with("transfer.")).collect();
        assert_eq!(kinds, ["created", "ready", "shipped", "received", "received"].map(|kind| format!("transfer.{kind}")));
        let second = world.draft(&[(mug, 1)]).await;
        assert_eq!(second["number"], "TR-000002");
    })
    .await;
}

#[tokio::test]
async fn what_is_under_way_is_expected_by_transfer_and_day() {
    World::on_both(async |world| {
        let (mug, depot) = (world.mug, world.depot);
        let mut asking = world.asking(&[(mug, 10)]);
        asking["expectedAt"] = json!("2026-12-01T12:00:00Z");
        let sent = accepted(&world.mutate("transferCreate", asking).await, "transfer").clone();
        world.complete_step("transferMarkReady", &sent).await;
        let sent = world.complete_step("transferShip", &sent).await;
        let key = LevelKey { product: mug, store: depot };
        let reason = explain_level(&world.db.tenant(world.tenant), world.ledger.clock(), key).await.unwrap().unwrap();
        let from: Vec<_> =
            reason.level_snapshot.in_transit.iter().map(|one| (one.quantity, one.on, one.document.unwrap().id)).collect();
        let id: TransferId = sent["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(from, [(10, clock::parse_day("2026-12-01"), id.uuid())]);
    })
    .await;
}

#[tokio::test]
async fn what_is_lost_on_the_way_is_written_off_with_a_reason() {
    World::on_both(async |world| {
        let sent = world.sent(&[(world.mug, 10), (world.tea, 5)]).await;
        let mut part = world.step(&sent);
        part["lines"] = json!([{"lineId": sent["lines"][0]["id"], "quantity": 7}]);
        accepted(&world.mutate("transferReceive", part).await, "transfer");
        let mut close = world.step(&sent);
        (close["reasonCode"], close["note"]) = (json!("THEFT"), json!("the box was open"));
        let payload = world.mutate("transferClose", close.clone()).await;
        let closed = accepted(&payload, "transfer");
        assert_eq!((&closed["status"], &closed["lossReasonCode"]), (&json!("RECEIVED"), &json!("THEFT")));
        let figures = |line: &Value| ["shipped", "received", "lost", "inTransit"].map(|name| line[name].as_i64().unwrap());
        assert_eq!(figures(&closed["lines"][0]), [10, 7, 3, 0]);
        assert_eq!(figures(&closed["lines"][1]), [5, 0, 5, 0]);
        assert_eq!(world.level_in_transit(world.mug, world.depot).await, [57, 0, 0]);
        let sql = "SELECT count(*) FROM movement WHERE tenant_id = $1 AND kind = 'REMOVAL' AND reason_code = 'THEFT'";
        assert_eq!(world.query_number(sql).await, 1);
        let again = world.mutate("transferClose", close).await;
        assert_eq!((&again["replayed"], &again["transfer"]["status"]), (&json!(true), &json!("RECEIVED")));
    })
    .await;
}

#[tokio::test]
async fn what_stays_behind_is_held_no_longer() {
    World::on_both(async |world| {
        let draft = world.draft(&[(world.mug, 10), (world.tea, 5)]).await;
        world.complete_step("transferMarkReady", &draft).await;
        let mut part = world.step(&draft);
        part["lines"] = json!([{"lineId": draft["lines"][0]["id"], "quantity": 6}]);
        let payload = world.mutate("transferShip", part).await;
        assert_eq!(accepted(&payload, "transfer")["lines"][0]["shipped"], 6);
        assert_eq!(world.level_in_transit(world.mug, world.store).await, [94, 0, 0]);
        assert_eq!(world.level_in_transit(world.tea, world.store).await, [5_000, 0, 0]);
        let all = world.complete_step("transferReceive", &draft).await;
        assert_eq!(all["status"], "RECEIVED");
    })
    .await;
}

#[tokio::test]
async fn each_step_is_open_in_its_states_only() {
    World::on_both(async |world| {
        let mug = world.mug;
        let (draft, ready) = (world.draft(&[(mug, 1)]).await, world.draft(&[(mug, 1)]).await);
        world.complete_step("transferMarkReady", &ready).await;
        let (sent, partly, received) =
            (world.sent(&[(mug, 2)]).await, world.sent(&[(mug, 2)]).await, world.sent(&[(mug, 2)]).await);
        let mut part = world.step(&partly);
        part["lines"] = json!([{"lineId": partly["lines"][0]["id"], "quantity": 1}]);
        accepted(&world.mutate("transferReceive", part).await, "transfer");
        world.complete_step("transferReceive", &received).await;
        let cancelled = world.draft(&[(mug, 1)]).await;
        world.complete_step("transferCancel", &cancelled).await;
        let refused_in: [(&str, &[&Value]); 6] = [
            ("transferUpdate", &[&received, &cancelled]),
            ("transferMarkReady", &[&ready, &sent, &partly, &received, &cancelled]),
            ("transferShip", &[&draft, &sent, &partly, &received, &cancelled]),
            ("transferReceive", &[&draft, &ready, &received, &cancelled]),
            ("transferClose", &[&draft, &ready, &received, &cancelled]),
            ("transferCancel", &[&sent, &partly, &received, &cancelled]),
        ];
        for (mutation, transfers) in refused_in {
            for transfer in transfers {
                let mut input = world.step(transfer);
                if mutation == "transferClose" {
                    input["reasonCode"] = json!("LOSS");
                }
                refused(&world.mutate(mutation, input).await, "INVALID_STATE", "input.id");
            }
        }
        let cancelled = world.complete_step("transferCancel", &ready).await;
        assert_eq!(cancelled["status"], "CANCELLED");
        assert_eq!(world.level_in_transit(mug, world.store).await[1], 0);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    World::on_both(async |world| {
        let (mug, store) = (world.mug, world.store);
        let send = async |change: &dyn Fn(&mut Value)| {
            let mut input = world.asking(&[(mug, 1)]);
            change(&mut input);
            world.mutate("transferCreate", input).await
        };
        let line = |product: Value, quantity: i64| json!([{"product": product, "quantity": quantity}]);
        refused(&send(&|input| input["toStore"] = json!({"id": store})).await, "INVALID", "input.toStore");
        refused(&send(&|input| input["lines"] = json!([])).await, "INVALID", "input.lines");
        for (quantity, code) in [(0, "OUT_OF_RANGE"), (-1, "OUT_OF_RANGE")] {
            refused(&send(&|input| input["lines"] = line(json!({"id": mug}), quantity)).await, code, "input.lines.0.quantity");
        }
        refused(&send(&|input| input["lines"] = line(json!({"sku": "NONE"}), 1)).await, "NOT_FOUND", "input.lines.0.product.sku");
        refused(
            &send(&|input| input["lines"] = line(json!({"id": world.foreign.mug}), 1)).await,
            "NOT_FOUND",
            "input.lines.0.product.id",
        );
        refused(&send(&|input| input["toStore"] = json!({"id": world.foreign.store})).await, "NOT_FOUND", "input.toStore.id");
        refused(&send(&|input| input["fromStore"] = json!({"id": world.foreign.store})).await, "NOT_FOUND", "input.fromStore.id");
        refused(&send(&|input| input["lines"] = line(json!({"id": world.wrap}), 1)).await, "INVALID", "input.lines.0.product");
        let twice = json!([{"product": {"id": mug}, "quantity": 1}, {"product": {"sku": "mug"}, "quantity": 2}]);
        refused(&send(&|input| input["lines"] = twice.clone()).await, "INVALID", "input.lines.1.product");
        refused(&send(&|input| input["note"] = json!("n".repeat(1_001))).await, "TOO_LONG", "input.note");
        accepted(&send(&|input| input["externalRef"] = json!("T-1")).await, "transfer");
        refused(&send(&|input| input["externalRef"] = json!("T-1")).await, "DUPLICATE", "input.externalRef");
        // More than the stock may be requested, but not held.
        let much = world.draft(&[(mug, 9_007_199_254_740_991)]).await;
        refused(&world.mutate("transferMarkReady", world.step(&much)).await, "INSUFFICIENT_STOCK", "input.id");
        world.complete_step("transferCancel", &much).await;
        world.run_tenant_sql("UPDATE store SET archived_at = 1 WHERE tenant_id = $1 AND code = 'DEPOT'", vec![]).await;
        refused(&send(&|_| {}).await, "INVALID_STATE", "input.toStore");
        let back = |input: &mut Value| (input["fromStore"], input["toStore"]) = (json!({"code": "DEPOT"}), json!({"id": store}));
        refused(&send(&back).await, "INVALID_STATE", "input.fromStore");
    })
    .await;
}

#[tokio::test]
async fn a_draft_changes_until_it_is_ready() {
    World::on_both(async |world| {
        let (mug, tea) = (world.mug, world.tea);
        let draft = world.draft(&[(mug, 10)]).await;
        let update = async |lines: Value| {
            let mut input = world.step(&draft);
            (input["lines"], input["note"]) = (lines, json!("more"));
            world.mutate("transferUpdate", input).await
        };
        let input_for = |product: ProductId, quantity: i64| json!({"product": {"id": product}, "quantity": quantity});
        let payload = update(json!([input_for(mug, 3), input_for(tea, 7)])).await;
        let lines = &accepted(&payload, "transfer")["lines"];
        assert_eq!(
            (&lines[0]["quantity"], &lines[1]["quantity"], &lines[0]["id"]),
            (&json!(3), &json!(7), &draft["lines"][0]["id"])
        );
        let payload = update(json!([input_for(mug, 0)])).await;
        assert_eq!(accepted(&payload, "transfer")["lines"].as_array().unwrap().len(), 1);
        refused(&update(json!([input_for(tea, 0)])).await, "INVALID", "input.lines");
        refused(&update(json!([input_for(world.lamp, 0)])).await, "NOT_FOUND", "input.lines.0.product.id");
        let payload = update(json!([input_for(mug, 2)])).await;
        assert_eq!(accepted(&payload, "transfer")["lines"][0]["quantity"], 2, "back in its old place");
        let mut stale = world.step(&draft);
        stale["expectedVersion"] = json!(1);
        refused(&world.mutate("transferMarkReady", stale).await, "VERSION_CONFLICT", "input.expectedVersion");
        world.complete_step("transferMarkReady", &draft).await;
        assert_eq!(
            (world.level_in_transit(mug, world.store).await[1], world.level_in_transit(tea, world.store).await[1]),
            (2, 7)
        );
    })
    .await;
}

#[tokio::test]
async fn more_than_was_sent_never_arrives_also_not_twice_at_once() {
    World::on_both(async |world| {
        let sent = world.sent(&[(world.mug, 10)]).await;
        let receive = async |quantity: i64| {
            let mut input = world.step(&sent);
            input["lines"] = json!([{"lineId": sent["lines"][0]["id"], "quantity": quantity}]);
            world.mutate("transferReceive", input).await
        };
        refused(&receive(11).await, "OUT_OF_RANGE", "input.lines.0.quantity");
        refused(&receive(0).await, "OUT_OF_RANGE", "input.lines.0.quantity");
        let both = futures_util::join!(receive(6), receive(6));
        let accepted = [&both.0, &both.1].into_iter().filter(|payload| payload["userErrors"] == json!([])).count();
        assert_eq!(accepted, 1, "{both:?}");
        assert_eq!(world.level_in_transit(world.mug, world.depot).await, [56, 0, 4]);
        let both = futures_util::join!(
            world.mutate("transferReceive", world.step(&sent)),
            world.mutate("transferReceive", world.step(&sent))
        );
        let accepted = [&both.0, &both.1].into_iter().filter(|payload| payload["userErrors"] == json!([])).count();
        assert_eq!(accepted, 1, "{both:?}");
        assert_eq!(world.level_in_transit(world.mug, world.depot).await, [60, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn the_same_key_does_it_once() {
    World::on_both(async |world| {
        let input = world.asking(&[(world.mug, 10)]);
        let both =
            futures_util::join!(world.mutate("transferCreate", input.clone()), world.mutate("transferCreate", input.clone()));
        assert_eq!(both.0["transfer"]["id"], both.1["transfer"]["id"]);
        assert_ne!(both.0["replayed"], both.1["replayed"]);
        let mut other = input;
        other["note"] = json!("another input");
        refused(&world.mutate("transferCreate", other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
        let transfer = &both.0["transfer"];
        world.complete_step("transferMarkReady", transfer).await;
        let ship = world.step(transfer);
        let first = world.mutate("transferShip", ship.clone()).await;
        let again = world.mutate("transferShip", ship).await;
        assert_eq!((&again["replayed"], &again["seq"]), (&json!(true), &first["seq"]));
        assert_eq!(world.level_in_transit(world.mug, world.store).await, [90, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    World::on_both(async |world| {
        let head = world.events_of("").await.len();
        let document = "mutation($input: TransferCreateInput!) { transferCreate(input: $input, validateOnly: true) { \
            transfer { number lines { quantity } } userErrors { code } seq } }";
        let answer = world.execute(document, json!({"input": world.asking(&[(world.mug, 3)])})).await;
        let transfer = json!({"number": "TR-······", "lines": [{"quantity": 3}]});
        assert_eq!(answer["transferCreate"], json!({"transfer": transfer, "userErrors": [], "seq": null}));
        assert_eq!(world.events_of("").await.len(), head);
    })
    .await;
}

#[tokio::test]
async fn what_a_transfer_holds_is_let_go_by_the_transfer_alone_and_gives_way_to_facts() {
    World::on_both(async |world| {
        let (mug, store) = (world.mug, world.store);
        let draft = world.draft(&[(mug, 80)]).await;
        world.complete_step("transferMarkReady", &draft).await;
        let sql = "SELECT id FROM reservation WHERE tenant_id = $1 AND status = 'ACTIVE'";
        let rows = entrepot::storage::Reads::rows(&world.db.tenant(world.tenant), sql, vec![]).await.unwrap();
        let reservation: ReservationId = rows[0].try_get_by_index(0).unwrap();
        let release = json!({"idempotencyKey": world.key(), "reservationIds": [reservation]});
        refused(&world.mutate("stockRelease", release).await, "INVALID_STATE", "input.reservationIds.0");
        let order = json!({"idempotencyKey": world.key(), "store": {"id": store}, "reservationIds": [reservation],
            "lines": [{"product": {"id": mug}, "quantity": 1}]});
        refused(&world.mutate("orderCreate", order).await, "INVALID_STATE", "input.reservationIds.0");
        // Breakage is a fact: it takes units that were held for the transfer.
        let broken = json!({"idempotencyKey": world.key(), "kind": "REMOVAL", "reasonCode": "DAMAGE", "onShortage": "SHORTEN",
            "changes": [{"product": {"id": mug}, "store": {"id": store}, "delta": -30}]});
        accepted(&world.mutate("stockAdjust", broken).await, "transfer");
        assert_eq!(world.level_in_transit(mug, store).await, [70, 70, 0]);
        refused(&world.mutate("transferShip", world.step(&draft)).await, "INSUFFICIENT_STOCK", "input.id");
        let mut fewer = world.step(&draft);
        fewer["lines"] = json!([{"lineId": draft["lines"][0]["id"], "quantity": 70}]);
        accepted(&world.mutate("transferShip", fewer).await, "transfer");
        assert_eq!(world.level_in_transit(mug, store).await, [0, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_closed_period_and_the_order_of_time_are_kept() {
    World::on_both(async |world| {
        let draft = world.draft(&[(world.mug, 1)]).await;
        world.complete_step("transferMarkReady", &draft).await;
        let at = |moment: &str| {
            let mut input = world.step(&draft);
            input["occurredAt"] = json!(moment);
            input
        };
        // 2026-11-18 is day 20,775 since 1970.
        world.run_tenant_sql("UPDATE tenant SET closed_through = 20775 WHERE id = $1", vec![]).await;
        refused(&world.mutate("transferShip", at("2026-11-18T12:00:00Z")).await, "PERIOD_CLOSED", "input.occurredAt");
        refused(&world.mutate("transferShip", at("2026-11-21T12:00:00Z")).await, "OUT_OF_RANGE", "input.occurredAt");
        accepted(&world.mutate("transferShip", at("2026-11-19T12:00:00Z")).await, "transfer");
        refused(&world.mutate("transferReceive", at("2026-11-18T12:00:00Z")).await, "OUT_OF_RANGE", "input.occurredAt");
        refused(&world.mutate("transferReceive", at("2026-11-19T11:59:59Z")).await, "OUT_OF_RANGE", "input.occurredAt");
        accepted(&world.mutate("transferReceive", at("2026-11-19T15:00:00Z")).await, "transfer");
    })
    .await;
}

#[tokio::test]
async fn a_transfer_is_not_reversed_by_its_movements() {
    World::on_both(async |world| {
        world.sent(&[(world.mug, 1)]).await;
        let sql = "SELECT id FROM movement WHERE tenant_id = $1 AND kind = 'TRANSFER_OUT'";
        let rows = entrepot::storage::Reads::rows(&world.db.tenant(world.tenant), sql, vec![]).await.unwrap();
        let movement: MovementId = rows[0].try_get_by_index(0).unwrap();
        let reverse = json!({"idempotencyKey": world.key(), "movementId": movement, "note": "no"});
        refused(&world.mutate("stockReverse", reverse).await, "INVALID_STATE", "input.movementId");
    })
    .await;
}

/// Returns the numbers of the transfers that a filter finds.
async fn listed(world: &World, filter: Value) -> Vec<String> {
    let document = "query($filter: TransferFilter) { transfers(filter: $filter) { nodes { number } } }";
    let answer = world.execute(document, json!({ "filter": filter })).await;
    let nodes = answer["transfers"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
    nodes.iter().map(|node| digits(&node["number"])).collect()
}

#[tokio::test]
async fn transfers_are_listed_found_and_paged() {
    World::on_both(async |world| {
        let (mug, tea) = (world.mug, world.tea);
        let mut named = world.asking(&[(tea, 1)]);
        (named["externalRef"], named["expectedAt"]) = (json!("T-9"), json!("2026-12-01T00:00:00Z"));
        accepted(&world.mutate("transferCreate", named).await, "transfer");
        world.advance_clock(60);
        let second = world.draft(&[(mug, 1)]).await;
        world.complete_step("transferMarkReady", &second).await;
        world.advance_clock(60);
        let mut back = world.asking(&[(mug, 1)]);
        (back["fromStore"], back["toStore"]) = (json!({"code": "depot"}), json!({"id": world.store}));
        accepted(&world.mutate("transferCreate", back).await, "transfer");
        assert_eq!(listed(&world, Value::Null).await, ["3", "2", "1"]);
        assert_eq!(listed(&world, json!({"status": ["READY"]})).await, ["2"]);
        assert_eq!(listed(&world, json!({"status": []})).await, Vec::<String>::new());
        assert_eq!(listed(&world, json!({"fromStore": {"eq": world.depot}})).await, ["3"]);
        assert_eq!(listed(&world, json!({"toStore": {"in": [world.depot]}})).await, ["2", "1"]);
        assert_eq!(listed(&world, json!({"store": {"eq": world.depot}, "product": {"eq": mug}})).await, ["3", "2"]);
        assert_eq!(listed(&world, json!({"externalRef": "T-9"})).await, ["1"]);
        for (test, found) in [
            (json!({"startsWith": "T-"}), ["1"].as_slice()),
            (json!({"in": ["x", "T-9"], "contains": "-9"}), ["1"].as_slice()),
            (json!({"eq": "t-9"}), [].as_slice()),
        ] {
            assert_eq!(listed(&world, json!({"externalRefs": test})).await, found, "{test}");
        }
        assert_eq!(listed(&world, json!({"not": {"externalRefs": {"startsWith": "T"}}})).await, ["3", "2"]);
        assert_eq!(listed(&world, json!({"createdAt": {"gte": "2026-11-20T09:01:00Z", "lt": "2026-11-20T09:02:00Z"}})).await, ["2"]);
        assert_eq!(listed(&world, json!({"expectedAt": {"gte": "2026-11-30T00:00:00Z"}})).await, ["1"]);
        let page = "query($after: Cursor) { transfers(first: 2, after: $after) { nodes { number lines { sku } } pageInfo { endCursor hasNextPage } } }";
        let first = world.execute(page, json!({})).await;
        assert_eq!(first["transfers"]["nodes"], json!([{"number": "TR-000003", "lines": [{"sku": "MUG"}]}, {"number": "TR-000002", "lines": [{"sku": "MUG"}]}]));
        let rest = world.execute(page, json!({"after": first["transfers"]["pageInfo"]["endCursor"]})).await;
        assert_eq!(rest["transfers"]["nodes"], json!([{"number": "TR-000001", "lines": [{"sku": "TEA"}]}]));
        let one = "query($n: String!) { transfer(by: {number: $n}) { toStore { code } } }";
        assert_eq!(world.execute(one, json!({"n": "3"})).await["transfer"], json!({"toStore": {"code": "LDN"}}));
        for none in ["4", "x", "0", "CN-3"] {
            assert_eq!(world.execute(one, json!({"n": none})).await["transfer"], Value::Null);
        }
    })
    .await;
}
