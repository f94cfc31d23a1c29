//! Works follow their orders.

use entity::prelude::*;
use entrepot::{
    access::{Reach, index_of},
    fulfilment::jobs::create_missing_works,
    ledger::JobCursor,
    orders::jobs::fill_backorders,
};
use serde_json::json;

use super::world::{Orders, World, accepted, line, lines, permissions_in, refused, states};

#[tokio::test]
async fn only_confirmed_orders_have_works() {
    World::on_both(async |world| {
        let of = json!([{"product": {"id": world.mug}, "quantity": 3}]);
        for status in ["DRAFT", "PENDING", "FULFILLED"] {
            let order = world.sold(of.clone(), json!({"status": status})).await;
            assert_eq!(world.works(&order).await.len(), 0, "{status}");
        }
        for status in ["DRAFT", "PENDING"] {
            let input = json!({"status": status, "requestedFor": "2026-12-24T09:00:00Z"});
            let order = world.sold(of.clone(), input).await;
            let step = json!({"id": order["id"], "idempotencyKey": world.key()});
            accepted(&world.mutate_selecting::<Orders>("orderConfirm", step).await, "order");
            let work = world.work(&order).await;
            assert_eq!((&work["store"]["code"], line(&work)), (&json!("LDN"), [3, 0, 0, 0, 0]), "{status}");
            assert_eq!(&work["dueAt"].as_str().unwrap()[..16], "2026-12-24T09:00", "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_order_of_several_stores_has_a_work_in_each() {
    World::on_both(async |world| {
        // 4 lamps in the store, and mugs enough in both.
        let of = json!([{"product": {"id": world.mug}, "quantity": 120}, {"product": {"id": world.lamp}, "quantity": 4}]);
        let order = world.sold(of, json!({"sourcing": {}})).await;
        let works = world.works(&order).await;
        let sum: i64 = works.iter().map(|work| line(work)[0]).sum();
        assert_eq!((works.len(), sum), (2, 124 - 4), "{works:#?}");
        // Its seller sees them on the order, of the stores whose works they may see.
        let query = "query($id: ID!) { order(by: { id: $id }) { works { number store { code } lines { open } } } }";
        let mut seller = permissions_in(&["order.read"], &[world.store]);
        let seen = async |seller| world.execute_as(seller, query, json!({"id": order["id"]})).await["order"]["works"].clone();
        assert_eq!(seen(seller.clone()).await, json!(null));
        seller.grant(index_of("fulfilment.read").unwrap(), &Reach::stores([world.depot]));
        let of_depot: Vec<_> = works.iter().filter(|work| work["store"]["code"] == "DEPOT").collect();
        let answer = seen(seller).await;
        assert_eq!((answer.as_array().unwrap().len(), &answer[0]["number"]), (1, &of_depot[0]["number"]), "{answer}");
        assert_eq!(answer[0]["lines"][0]["open"], of_depot[0]["lines"][0]["open"]);
        let all = world.execute(query, json!({"id": order["id"]})).await["order"]["works"].clone();
        assert_eq!(all.as_array().unwrap().iter().map(|work| &work["number"]).collect::<Vec<_>>(), ["1-1", "1-2"]);
        let cancel = json!({"id": order["id"], "idempotencyKey": world.key()});
        accepted(&world.mutate_selecting::<Orders>("orderCancel", cancel).await, "order");
        let works = world.works(&order).await;
        assert!(works.iter().all(|work| work["status"] == "CANCELLED"), "{works:#?}");
        assert_eq!(world.mugs().await, [[100, 0], [50, 0]]);
    })
    .await;
}

#[tokio::test]
async fn works_are_due_when_the_order_is_wanted_and_packed_goods_keep_their_address() {
    World::on_both(async |world| {
        let wanted_input = json!({"sourcing": {}, "requestedFor": "2026-12-24T09:00:00Z"});
        let order = world.sold(json!([{"product": {"id": world.mug}, "quantity": 5}]), wanted_input).await;
        let work = world.work(&order).await;
        let is_due = |work: &serde_json::Value, day: &str| work["dueAt"].as_str().unwrap().starts_with(day);
        assert!(is_due(&work, "2026-12-24T09:00:00"), "{work}");
        let edit = async |extra: serde_json::Value| {
            let version =
                world.execute("query($id: ID!) { order(by: { id: $id }) { version } }", json!({"id": order["id"]})).await;
            let mut input =
                json!({"id": order["id"], "idempotencyKey": world.key(), "expectedVersion": version["order"]["version"]});
            input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            world.mutate_selecting::<Orders>("orderUpdate", input).await
        };
        let to = |city: &str| json!({"shippingAddress": {"lines": ["1 High Street"], "city": city}});
        world.complete_step("fulfilmentWorkPick", &work, json!({})).await;
        accepted(&edit(to("Bath")).await, "order");
        world.complete_step("fulfilmentWorkPack", &work, json!({"parcels": [{}]})).await;
        let message = refused(&edit(to("York")).await, "INVALID_STATE", "input.shippingAddress");
        assert!(message.contains(work["number"].as_str().unwrap()) && message.contains("fulfilmentWorkUnpick"), "{message}");
        accepted(&edit(json!({"shippingAddress": null})).await, "order");
        refused(&edit(to("Bath")).await, "INVALID_STATE", "input.shippingAddress");
        accepted(&edit(json!({"requestedFor": "2026-12-27T09:00:00Z"})).await, "order");
        let later = world.work(&order).await;
        assert!(is_due(&later, "2026-12-27") && later["status"] == "PACKED" && later["version"] != work["version"], "{later}");
        world.complete_step("fulfilmentWorkUnpick", &work, json!({})).await;
        accepted(&edit(to("York")).await, "order");
        world.packed(&work).await;
        world.complete_step("fulfilmentWorkShip", &work, json!({})).await;
        refused(&edit(to("Bath")).await, "INVALID_STATE", "input.shippingAddress");
        accepted(&edit(json!({"requestedFor": null})).await, "order");
        let sent = world.work(&order).await;
        assert!(is_due(&sent, "2026-12-27"), "what has left was due when it was: {sent}");
        let left = world.order_now(&order).await["fulfilments"][0]["id"].clone();
        let undo = json!({"documentId": left, "note": "never left", "idempotencyKey": world.key()});
        accepted(&world.mutate("documentReverse", undo).await, "documentReversal");
        let again = world.work(&order).await;
        assert!(is_due(&again, "2026-11-20"), "what is sent again is due by what the order says now: {again}");
    })
    .await;
}

#[tokio::test]
async fn works_are_due_by_the_handling_time_of_the_store_that_sends_them() {
    World::on_both(async |world| {
        let before = world.at_depot(5).await;
        assert_eq!(world.late(true).await, Vec::<String>::new(), "no time has passed");
        // The depot takes a working day and two hours; the shop states nothing.
        let set =
            "mutation($input: StoreUpdateInput!) { result: storeUpdate(input: $input) { userErrors { code field message } } }";
        let input = json!({"id": world.depot, "expectedVersion": 1, "idempotencyKey": world.key(),
            "handlingTime": {"workingDays": 1, "hours": 2, "openDays": [1, 2, 3, 4, 5]}});
        assert_eq!(world.execute(set, json!({"input": input})).await["result"]["userErrors"], json!([]));
        // Placed on a Friday: due on Monday. Wanted on Wednesday at nine: on Tuesday at seven.
        let due = |work: &serde_json::Value| work["dueAt"].as_str().unwrap()[..16].to_owned();
        let placed = "2026-11-20T08:00:00Z";
        let of = |quantity: i64| json!([{"product": {"id": world.mug}, "quantity": quantity}]);
        let friday = world.sold(of(5), json!({"sourcing": {}, "placedAt": placed})).await;
        assert_eq!(due(&world.work(&friday).await), "2026-11-23T10:00");
        let at_shop = world.sold(of(5), json!({"placedAt": placed})).await;
        assert_eq!(due(&world.work(&at_shop).await), "2026-11-20T08:00");
        let wanted = json!({"sourcing": {}, "requestedFor": "2026-11-25T09:00:00Z"});
        let wanted = world.sold(of(5), wanted).await;
        assert_eq!(due(&world.work(&wanted).await), "2026-11-24T07:00");
        let edit = |order: &serde_json::Value, more: serde_json::Value| {
            let mut input = json!({"id": order["id"], "idempotencyKey": world.key(), "expectedVersion": 1});
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            input
        };
        let later = edit(&wanted, json!({"requestedFor": "2026-11-30T09:00:00Z"}));
        accepted(&world.mutate_selecting::<Orders>("orderUpdate", later).await, "order");
        assert_eq!(due(&world.work(&wanted).await), "2026-11-27T07:00");
        // The depot's new handling time does not move a work that was created before it.
        let more = json!([{"id": before["lines"][0]["id"], "quantity": 6}]);
        let was = due(&world.work(&before).await);
        accepted(&world.mutate_selecting::<Orders>("orderUpdate", edit(&before, json!({"setLines": more}))).await, "order");
        assert!(world.works(&before).await.iter().all(|work| due(work) == was));
        let numbers = world.late(true).await;
        let number = world.work(&at_shop).await["number"].as_str().unwrap().to_owned();
        assert!(numbers.contains(&number), "{numbers:?}");
        let others = world.late(false).await;
        let in_time = world.work(&friday).await["number"].as_str().unwrap().to_owned();
        assert!(others.contains(&in_time) && !others.contains(&number) && !numbers.contains(&in_time), "{others:?}");
    })
    .await;
}

#[tokio::test]
async fn what_comes_for_a_backorder_joins_the_work_that_nobody_has_accepted() {
    World::on_both(async |world| {
        let order = world.sold(json!([{"product": {"id": world.lamp}, "quantity": 10}]), json!({})).await;
        assert_eq!(line(&world.work(&order).await), [4, 0, 0, 0, 0], "what is promised beyond stock is no work yet");
        world.stock(&[(world.lamp, world.store, 3)]).await;
        assert_eq!(fill_backorders(&world.ledger, &JobCursor::default()).await.unwrap(), 1);
        let work = world.work(&order).await;
        assert_eq!(line(&work), [7, 0, 0, 0, 0]);
        world.complete_step("fulfilmentWorkPick", &work, json!({"lines": lines(&work, &[1])})).await;
        world.stock(&[(world.lamp, world.store, 3)]).await;
        assert_eq!(fill_backorders(&world.ledger, &JobCursor::default()).await.unwrap(), 1);
        let works = world.works(&order).await;
        assert_eq!((states(&works), line(&works[1])), (vec![("LDN", "PICKING"), ("LDN", "OPEN")], [3, 0, 0, 0, 0]));
    })
    .await;
}

#[tokio::test]
async fn goods_that_somebody_has_picked_are_not_cancelled_and_do_not_leave_another_way() {
    World::on_both(async |world| {
        let order = world.at_depot(10).await;
        let work = world.work(&order).await;
        world.complete_step("fulfilmentWorkPick", &work, json!({"lines": lines(&work, &[4])})).await;
        let step = |extra: serde_json::Value| {
            let mut input = json!({"id": order["id"], "idempotencyKey": world.key()});
            input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            input
        };
        let message =
            refused(&world.mutate_selecting::<Orders>("orderCancel", step(json!({}))).await, "INVALID_STATE", "input.id");
        assert!(message.contains("1-1") && message.contains("fulfilmentWorkUnpick"), "{message}");
        let all = world.mutate_selecting::<Orders>("orderFulfil", step(json!({"store": {"code": "DEPOT"}}))).await;
        refused(&all, "INVALID_STATE", "input.id");
        assert_eq!(world.mugs().await, [[100, 0], [50, 10]]);
        world.complete_step("fulfilmentWorkUnpick", &work, json!({})).await;
        accepted(&world.mutate_selecting::<Orders>("orderCancel", step(json!({}))).await, "order");
        assert_eq!((&world.work(&order).await["status"], world.mugs().await), (&json!("CANCELLED"), [[100, 0], [50, 0]]));
    })
    .await;
}

#[tokio::test]
async fn the_short_way_takes_from_works_that_nobody_has_picked_and_packs_what_it_takes() {
    World::on_both(async |world| {
        let order = world.at_depot(10).await;
        let work = world.work(&order).await;
        world.complete_step("fulfilmentWorkPick", &work, json!({"lines": lines(&work, &[3])})).await;
        let part = json!([{"lineId": order["lines"][0]["id"], "quantity": 7}]);
        let input = json!({"id": order["id"], "idempotencyKey": world.key(), "store": {"code": "DEPOT"}, "lines": part});
        accepted(&world.mutate_selecting::<Orders>("orderFulfil", input).await, "order");
        let rest = world.work(&order).await;
        assert_eq!((&rest["status"], line(&rest)), (&json!("PICKED"), [0, 3, 0, 7, 0]));
        assert_eq!((&rest["parcels"][0]["status"], &rest["parcels"][0]["lines"][0]["quantity"]), (&json!("SHIPPED"), &json!(7)));
        world.complete_step("fulfilmentWorkPack", &work, json!({"parcels": [{}]})).await;
        world.complete_step("fulfilmentWorkShip", &work, json!({})).await;
        assert_eq!((&world.order_now(&order).await["status"], world.mugs().await), (&json!("FULFILLED"), [[100, 0], [40, 0]]));
    })
    .await;
}

/// A kit of two mugs and a lamp.
pub async fn create_kit(world: &World) -> ProductId {
    let kit: ProductId = world.clock.id();
    world.product_of(world.tenant, kit, ("SET", StockPolicy::Untracked, 0, 900)).await;
    world.run_tenant_sql("UPDATE product SET is_kit = 1 WHERE tenant_id = $1 AND id = $2", vec![kit.into()]).await;
    let part = "INSERT INTO kit_component (tenant_id, kit_id, component_id, position, quantity) VALUES ($1, $2, $3, $4, $5)";
    for (position, part_of, quantity) in [(1_i32, world.mug, 2_i64), (2, world.lamp, 1)] {
        world.run_tenant_sql(part, vec![kit.into(), part_of.into(), position.into(), quantity.into()]).await;
    }
    kit
}

#[tokio::test]
async fn the_parts_of_a_kit_go_together() {
    World::on_both(async |world| {
        let kit = create_kit(&world).await;
        let order = world.sold(json!([{"product": {"id": kit}, "quantity": 3}]), json!({})).await;
        let work = world.work(&order).await;
        let line_quantities: Vec<_> =
            work["lines"].as_array().unwrap().iter().map(|line| (line["sku"].as_str().unwrap(), &line["open"])).collect();
        assert_eq!(line_quantities, [("MUG", &json!(6)), ("LAMP", &json!(3))]);
        world.complete_step("fulfilmentWorkPick", &work, json!({})).await;
        world.complete_step("fulfilmentWorkPack", &work, json!({"parcels": [{"lines": lines(&work, &[2])}]})).await;
        let both = world.mutate("fulfilmentWorkShip", world.of(&work, json!({}))).await;
        refused(&both, "INVALID", "input.parcels");
        world.complete_step("fulfilmentWorkPack", &work, json!({"parcels": [{"lines": lines(&work, &[4, 3])}]})).await;
        world.complete_step("fulfilmentWorkShip", &work, json!({})).await;
        let now = world.order_now(&order).await;
        assert_eq!(
            (&now["status"], &now["lines"][0]["fulfilled"], world.movements("SALE").await),
            (&json!("FULFILLED"), &json!(3), 1)
        );
    })
    .await;
}

/// Cancels units of an order's first line; gives the answer.
async fn cancels(world: &World, order: &serde_json::Value, quantity: i64) -> serde_json::Value {
    let document = "mutation($input: ActionInput!, $lines: [OrderLineCancel!]) { orderCancel(input: $input, lines: $lines) { \
        order { status lines { open backordered cancelled } } userErrors { code message field } } }";
    let input = json!({"id": order["id"], "idempotencyKey": world.key()});
    let lines = json!([{"lineId": order["lines"][0]["id"], "quantity": quantity}]);
    world.execute(document, json!({"input": input, "lines": lines})).await["orderCancel"].clone()
}

#[tokio::test]
async fn a_part_that_is_cancelled_goes_off_what_nobody_has_picked() {
    World::on_both(async |world| {
        let order = world.at_depot(10).await;
        let work = world.work(&order).await;
        world.complete_step("fulfilmentWorkPick", &work, json!({"lines": lines(&work, &[4])})).await;
        let message = refused(&cancels(&world, &order, 7).await, "INVALID_STATE", "input.id");
        assert!(message.contains("1-1") && message.contains("fulfilmentWorkUnpick"), "{message}");
        assert_eq!(world.mugs().await, [[100, 0], [50, 10]]);
        accepted(&cancels(&world, &order, 6).await, "order");
        let rest = world.work(&order).await;
        assert_eq!((&rest["status"], line(&rest)), (&json!("PICKED"), [0, 4, 0, 0, 6]));
        assert_eq!(world.mugs().await, [[100, 0], [50, 4]]);
    })
    .await;
}

#[tokio::test]
async fn kits_are_cancelled_whole() {
    World::on_both(async |world| {
        let kit = create_kit(&world).await;
        let order = world.sold(json!([{"product": {"id": kit}, "quantity": 3}]), json!({})).await;
        let first = world.work(&order).await;
        let cancelled = cancels(&world, &order, 1).await;
        assert_eq!(accepted(&cancelled, "order")["lines"][0], json!({"open": 2, "backordered": 0, "cancelled": 1}));
        let work = world.work(&order).await;
        assert_eq!((&work["lines"][0]["open"], &work["lines"][1]["open"]), (&json!(4), &json!(2)));
        assert_eq!((world.mugs().await[0], world.level(world.lamp, world.store).await), ([100, 4], [4, 2, 0]));
        // The lamp of one kit is picked: its mugs stay with it, and only the other kit can go.
        let lamp = json!([{"lineId": first["lines"][1]["id"], "quantity": 1}]);
        world.complete_step("fulfilmentWorkPick", &first, json!({"lines": lamp})).await;
        refused(&cancels(&world, &order, 2).await, "INVALID_STATE", "input.id");
        accepted(&cancels(&world, &order, 1).await, "order");
        assert_eq!((world.mugs().await[0], world.level(world.lamp, world.store).await), ([100, 2], [4, 1, 0]));
    })
    .await;
}

#[tokio::test]
async fn the_short_way_takes_the_parts_of_a_kit_from_one_work() {
    World::on_both(async |world| {
        let kit = create_kit(&world).await;
        let order = world.sold(json!([{"product": {"id": kit}, "quantity": 1}]), json!({})).await;
        let first = world.work(&order).await;
        let lamp = json!([{"lineId": first["lines"][1]["id"], "quantity": 1}]);
        world.complete_step("fulfilmentWorkPick", &first, json!({"lines": lamp})).await;
        let two = json!([{"id": order["lines"][0]["id"], "quantity": 2}]);
        let more = world.of(&order, json!({"expectedVersion": 1, "setLines": two}));
        accepted(&world.mutate_selecting::<Orders>("orderUpdate", more).await, "order");
        assert_eq!(states(&world.works(&order).await), [("LDN", "PICKING"), ("LDN", "OPEN")]);
        let one = json!([{"lineId": order["lines"][0]["id"], "quantity": 1}]);
        accepted(&world.mutate_selecting::<Orders>("orderFulfil", world.of(&order, json!({"lines": one}))).await, "order");
        // The lamp of the first work is picked: its mugs stay with it, and the second work's kit leaves whole.
        assert_eq!(states(&world.works(&order).await), [("LDN", "PICKING"), ("LDN", "SHIPPED")]);
        world.packed(&first).await;
        world.complete_step("fulfilmentWorkShip", &first, json!({})).await;
        let now = world.order_now(&order).await;
        assert_eq!((&now["status"], &now["lines"][0]["fulfilled"]), (&json!("FULFILLED"), &json!(2)));
    })
    .await;
}

#[tokio::test]
async fn shipping_and_cancelling_race_for_the_same_goods() {
    World::on_both(async |world| {
        for _ in 0..6 {
            let order = world.at_depot(5).await;
            let work = world.work(&order).await;
            world.complete_step("fulfilmentWorkPick", &work, json!({"lines": lines(&work, &[2])})).await;
            world.complete_step("fulfilmentWorkPack", &work, json!({"parcels": [{}]})).await;
            let ship = || world.of(&work, json!({}));
            let cancel = json!({"id": order["id"], "idempotencyKey": world.key()});
            let (one, two, cancelled) = futures_util::join!(
                world.mutate("fulfilmentWorkShip", ship()),
                world.mutate("fulfilmentWorkShip", ship()),
                world.mutate_selecting::<Orders>("orderCancel", cancel),
            );
            let shipped = [&one, &two].into_iter().filter(|answer| answer["userErrors"] == json!([])).count();
            assert_eq!(shipped, 1, "{one} {two}");
            let now = world.order_now(&order).await;
            let is_cancelled = cancelled["userErrors"] == json!([]);
            assert_eq!(now["status"], if is_cancelled { "FULFILLED" } else { "PARTIALLY_FULFILLED" }, "{now}");
            if !is_cancelled {
                let again = json!({"id": order["id"], "idempotencyKey": world.key()});
                accepted(&world.mutate_selecting::<Orders>("orderCancel", again).await, "order");
            }
        }
        assert_eq!(world.mugs().await, [[100, 0], [50 - 6 * 2, 0]]);
    })
    .await;
}

#[tokio::test]
async fn orders_from_before_there_were_works_get_theirs_once() {
    World::on_both(async |world| {
        let order = world.at_depot(5).await;
        let short = world.sold(json!([{"product": {"id": world.mug}, "quantity": 60}]), json!({})).await;
        world.as_owner(&["DELETE FROM fulfilment_work_line", "DELETE FROM fulfilment_work"]).await;
        world.sold(json!([{"product": {"id": world.mug}, "quantity": 1}]), json!({"status": "PENDING"})).await;
        // All mugs of the store break, and its holds give way.
        let all = json!([{"product": {"id": world.mug}, "store": {"id": world.store}, "delta": -100}]);
        let broken = json!({"idempotencyKey": world.key(), "kind": "REMOVAL", "reasonCode": "DAMAGE", "onShortage": "SHORTEN", "changes": all});
        let adjust = "mutation($input: StockAdjustInput!) { result: stockAdjust(input: $input) { userErrors { code } } }";
        let answer = world.execute(adjust, json!({"input": broken})).await;
        assert_eq!(answer["result"]["userErrors"], json!([]), "{answer}");
        assert_eq!(create_missing_works(&world.ledger, &JobCursor::default()).await.unwrap(), 2);
        let work = world.work(&order).await;
        assert_eq!((&work["store"]["code"], line(&work)), (&json!("DEPOT"), [5, 0, 0, 0, 0]));
        let work = world.work(&short).await;
        assert_eq!((&work["store"]["code"], line(&work)), (&json!("LDN"), [60, 0, 0, 0, 0]), "the order still owes it");
        assert_eq!(create_missing_works(&world.ledger, &JobCursor::default()).await.unwrap(), 0);
    })
    .await;
}
