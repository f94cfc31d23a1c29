//! Goods of an order that is kept back stay where they are.

use serde_json::{Value, json};

use super::world::{Orders, World, accepted, line, lines, of_depot, permissions_in, refused, states};

async fn hold_order(world: &World, order: &Value) -> Value {
    let input = world.of(order, json!({"kind": "FRAUD", "reason": "checked by hand"}));
    accepted(&world.mutate("orderHoldSet", input).await, "hold").clone()
}

async fn lifted(world: &World, hold: &Value) {
    let payload = world.mutate("orderHoldLift", world.of(hold, json!({}))).await;
    assert_eq!(accepted(&payload, "hold")["id"], hold["id"]);
}

/// Events that works changed.
async fn changes(world: &World) -> usize {
    let events = entrepot::storage::journal::after(&world.scope(), 0, 1_000).await.unwrap();
    events.iter().filter(|event| event.kind == "fulfilment_work.changed").count()
}

#[tokio::test]
async fn no_step_towards_the_door_is_taken_while_a_hold_stands() {
    World::on_both(async |world| {
        let order = world.at_depot(20).await;
        let work = world.work(&order).await;
        let hold = hold_order(&world, &order).await;
        let all = json!({"idempotencyKey": world.key(), "ids": [work["id"]]});
        let accepted = world.mutate_as(of_depot(&[world.depot]), "fulfilmentWorkAccept", all).await;
        let message = refused(&accepted, "ON_HOLD", "input.ids.0");
        assert!(message.contains("FRAUD"), "{message}");
        refused(&world.at("fulfilmentWorkPick", &work, json!({})).await, "ON_HOLD", "input.id");
        refused(&world.at("fulfilmentWorkPick", &work, json!({"lines": [], "isShort": true})).await, "ON_HOLD", "input.id");
        let now = world.work(&order).await;
        assert_eq!((&now["status"], &now["version"], line(&now)), (&json!("OPEN"), &json!(2), [20, 0, 0, 0, 0]));
        assert_eq!(changes(&world).await, 1, "what may be done to it is another thing now");
        assert_eq!(now["allowedActions"], json!(["fulfilmentWorkReject", "fulfilmentWorkMove"]));
        lifted(&world, &hold).await;
        assert_eq!(changes(&world).await, 2);
        world.complete_step("fulfilmentWorkPick", &work, json!({})).await;
        let hold = hold_order(&world, &order).await;
        refused(&world.at("fulfilmentWorkPack", &work, json!({"parcels": [{}]})).await, "ON_HOLD", "input.id");
        let back = world.complete_step("fulfilmentWorkUnpick", &work, json!({"lines": lines(&work, &[5])})).await;
        assert_eq!(line(&back), [5, 15, 0, 0, 0], "goods can always go back to where they lay");
        lifted(&world, &hold).await;
        world.packed(&work).await;
        let hold = hold_order(&world, &order).await;
        for step in ["fulfilmentWorkReady", "fulfilmentWorkShip"] {
            refused(&world.at(step, &work, json!({})).await, "ON_HOLD", "input.id");
        }
        lifted(&world, &hold).await;
        let ready = world.at("fulfilmentWorkReady", &work, json!({})).await;
        let code = json!({"code": ready["collectCode"]});
        let hold = hold_order(&world, &order).await;
        refused(&world.at("fulfilmentWorkCollect", &work, code.clone()).await, "ON_HOLD", "input.id");
        assert_eq!((world.mugs().await, world.movements("SALE").await), ([[100, 0], [50, 20]], 0));
        lifted(&world, &hold).await;
        let updated = world.complete_step("fulfilmentWorkCollect", &work, code).await;
        assert_eq!((&updated["status"], world.mugs().await), (&json!("DONE"), [[100, 0], [30, 0]]));
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_of_a_hold_shows_the_works_that_it_would_keep_back() {
    World::on_both(async |world| {
        let order = world.at_depot(20).await;
        let document = "mutation($input: OrderHoldSetInput!, $dry: Boolean!) { orderHoldSet(input: $input, validateOnly: $dry) {
            order { works { status isHeld allowedActions order { holds { kind } } } } userErrors { code message } } }";
        let input = world.of(&order, json!({"kind": "FRAUD", "reason": "checked by hand"}));
        let run_query =
            async |dry: bool| world.execute(document, json!({"input": input, "dry": dry})).await["orderHoldSet"].clone();
        let (tried, real) = (run_query(true).await, run_query(false).await);
        let work = &tried["order"]["works"][0];
        assert_eq!((&work["status"], &work["isHeld"]), (&json!("OPEN"), &json!(true)), "{tried:#}");
        assert_eq!(work["allowedActions"], json!(["fulfilmentWorkReject", "fulfilmentWorkMove"]));
        assert_eq!(work["order"]["holds"], json!([{"kind": "FRAUD"}]));
        assert_eq!(tried, real);
    })
    .await;
}

#[tokio::test]
async fn a_store_may_refuse_and_give_away_what_is_on_hold() {
    World::on_both(async |world| {
        let mugs = json!([{"product": {"id": world.mug}, "quantity": 20}]);
        let order = world.sold(mugs, json!({"sourcing": {}, "noteForStaff": "Fragile"})).await;
        hold_order(&world, &order).await;
        let noted = async || {
            let list = "{ fulfilmentWorks { nodes { noteForStaff } } }";
            world.execute_as(of_depot(&[world.depot]), list, json!({})).await["fulfilmentWorks"]["nodes"].clone()
        };
        assert_eq!(noted().await, json!([{"noteForStaff": "Fragile"}]));
        let work = world.work(&order).await;
        world.complete_step("fulfilmentWorkReject", &work, json!({"reason": "NO_CAPACITY"})).await;
        assert_eq!(noted().await, json!([{ "noteForStaff": null }]));
        let works = world.works(&order).await;
        assert_eq!(states(&works), [("DEPOT", "REJECTED"), ("LDN", "OPEN")]);
        let both = permissions_in(&["fulfilment.assign", "fulfilment.read"], &[world.depot, world.store]);
        let to = json!({"toStore": {"code": "DEPOT"}});
        let payload = world.mutate_as(both, "fulfilmentWorkMove", world.of(&works[1], to)).await;
        assert_eq!(accepted(&payload, "work")["status"], "CANCELLED");
        let works = world.works(&order).await;
        assert_eq!(states(&works), [("DEPOT", "REJECTED"), ("LDN", "CANCELLED"), ("DEPOT", "OPEN")]);
        refused(&world.at("fulfilmentWorkPick", &works[2], json!({})).await, "ON_HOLD", "input.id");
        assert_eq!(world.order_now(&order).await["holds"], json!([{"reason": "checked by hand"}]));
    })
    .await;
}

#[tokio::test]
async fn an_edit_of_the_order_changes_what_is_to_be_sent_as_far_as_nobody_has_picked_it() {
    World::on_both(async |world| {
        let order = world.at_depot(20).await;
        let set = |version: i64, quantity: i64| {
            let line = json!([{"id": order["lines"][0]["id"], "quantity": quantity}]);
            world.of(&order, json!({"expectedVersion": version, "setLines": line}))
        };
        accepted(&world.mutate_selecting::<Orders>("orderUpdate", set(1, 12)).await, "order");
        let work = world.work(&order).await;
        assert_eq!((line(&work), world.mugs().await), ([12, 0, 0, 0, 8], [[100, 0], [50, 12]]));
        world.complete_step("fulfilmentWorkPick", &work, json!({})).await;
        let less = world.mutate_selecting::<Orders>("orderUpdate", set(2, 5)).await;
        assert_eq!(less["userErrors"][0]["code"], "INVALID_STATE", "{less:#}");
        assert_eq!((line(&world.work(&order).await), world.mugs().await), ([0, 12, 0, 0, 8], [[100, 0], [50, 12]]));
        accepted(&world.mutate_selecting::<Orders>("orderUpdate", set(2, 15)).await, "order");
        let works = world.works(&order).await;
        assert_eq!((states(&works), line(&works[1])), (vec![("DEPOT", "PICKED"), ("DEPOT", "OPEN")], [3, 0, 0, 0, 0]));
    })
    .await;
}
