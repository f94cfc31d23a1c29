//! Permissions to see and to do works: they are checked for the work's store alone.

use entrepot::access::{Caller, PermissionSet};
use serde_json::{Value, json};

use super::world::{WORK, World, line, of_depot, permissions_in, refused};

#[tokio::test]
async fn works_of_other_stores_are_nobodys() {
    World::on_both(async |world| {
        let order = world.sold(json!([{"product": {"id": world.mug}, "quantity": 2}]), json!({})).await;
        let work = world.work(&order).await;
        let one = format!("query($id: ID!) {{ fulfilmentWork(id: $id) {{ {WORK} }} }}");
        let answer = world.execute_as(of_depot(&[world.depot]), &one, json!({"id": work["id"]})).await;
        assert_eq!(answer["fulfilmentWork"], json!(null), "{answer}");
        let order_of = "query($id: ID!) { order(by: { id: $id }) { number } }";
        let answer = world.execute_as(of_depot(&[world.depot]), order_of, json!({"id": order["id"]})).await;
        assert!(answer["order"].is_null() && answer["data"]["order"].is_null(), "an order that has nothing of theirs: {answer}");
        let counts = "{ fulfilmentWorks { nodes { id } } fulfilmentWorksCount { status } }";
        let answer = world.execute_as(of_depot(&[world.depot]), counts, json!({})).await;
        assert_eq!((&answer["fulfilmentWorks"]["nodes"], &answer["fulfilmentWorksCount"]), (&json!([]), &json!([])));
        let nobodys = json!({"id": world.clock.id::<entity::id::kind::FulfilmentWorkId>().to_string()});
        for of in [&work, &nobodys] {
            refused(&world.at("fulfilmentWorkPick", of, json!({})).await, "NOT_FOUND", "input.id");
            refused(&world.at("fulfilmentWorkShip", of, json!({})).await, "NOT_FOUND", "input.id");
        }
        assert_eq!(line(&world.work(&order).await), [2, 0, 0, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn who_may_read_orders_of_the_seller_sees_the_order_and_a_channel_sees_no_work() {
    World::on_both(async |world| {
        let order = world.at_depot(2).await;
        let list = "{ fulfilmentWorks { nodes { order { number } } } }";
        let mut set = of_depot(&[world.depot]);
        set.grant(entrepot::access::index_of("order.read").unwrap(), &entrepot::access::Reach::stores([world.depot]));
        let seen_answer = world.execute_as(set.clone(), list, json!({})).await;
        assert_eq!(
            seen_answer["fulfilmentWorks"]["nodes"],
            json!([{"order": null}]),
            "of its own store's orders only: {seen_answer}"
        );
        set.grant(entrepot::access::index_of("order.read").unwrap(), &entrepot::access::Reach::stores([world.store]));
        let seen_answer = world.execute_as(set, list, json!({})).await;
        assert_eq!(seen_answer["fulfilmentWorks"]["nodes"], json!([{"order": {"number": order["number"]}}]));
        let partner = Caller { channel: Some(world.direct), ..Caller::new(world.tenant, world.member, PermissionSet::all()) };
        let seen_answer = world.execute_by(partner.clone(), list, json!({})).await;
        assert_eq!(seen_answer["fulfilmentWorks"]["nodes"], json!([]));
        // The channel's integration may change its own order until a store has accepted it; then
        // only notes.
        let goes_to = |city: &str| json!({"shippingAddress": {"city": city, "lines": ["1 Mill Lane"]}});
        let mut more = goes_to("York");
        more["channelId"] = json!(world.direct);
        let sold = world.sold(json!([{"product": {"id": world.mug}, "quantity": 2}]), more).await;
        let edit = async |caller: Caller, fields: Value| {
            let query = "query($id: ID!) { order(by: { id: $id }) { version lines { id } } }";
            let now = world.execute(query, json!({"id": sold["id"]})).await["order"].clone();
            let mut input = json!({"id": sold["id"], "idempotencyKey": world.key(), "expectedVersion": now["version"]});
            if let Some(quantity) = fields.get("quantity") {
                input["setLines"] = json!([{"id": now["lines"][0]["id"], "quantity": quantity}]);
            } else {
                input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            }
            let document = "mutation($input: OrderUpdateInput!) { orderUpdate(input: $input) { userErrors { code field } } }";
            world.execute_by(caller, document, json!({ "input": input })).await["orderUpdate"]["userErrors"].clone()
        };
        assert_eq!(edit(partner.clone(), json!({"quantity": 3})).await, json!([]));
        let accepted = json!({"idempotencyKey": world.key(), "ids": [world.work(&sold).await["id"]]});
        let both = of_depot(&[world.depot, world.store]);
        assert_eq!(world.mutate_as(both, "fulfilmentWorkAccept", accepted).await["userErrors"], json!([]));
        let stays = json!([{"code": "INVALID_STATE", "field": ["input", "id"]}]);
        assert_eq!(edit(partner.clone(), json!({"quantity": 1})).await, stays);
        let cancel = "mutation($input: ActionInput!) { orderCancel(input: $input) { userErrors { code field } } }";
        let input = json!({"id": sold["id"], "idempotencyKey": world.key()});
        let answer = world.execute_by(partner.clone(), cancel, json!({ "input": input })).await;
        assert_eq!(answer["orderCancel"]["userErrors"], stays);
        assert_eq!(edit(partner.clone(), goes_to("Leeds")).await, stays);
        assert_eq!(edit(partner.clone(), goes_to("York")).await, json!([]), "it goes where it went");
        assert_eq!(edit(partner.clone(), json!({"quantity": 3})).await, json!([]), "as many as there are");
        assert_eq!(edit(partner, json!({"noteForStaff": "leave it at the gate"})).await, json!([]));
        let seller = Caller::new(world.tenant, world.member, PermissionSet::all());
        assert_eq!(edit(seller, json!({"quantity": 1})).await, json!([]), "the seller may still change it");
    })
    .await;
}

#[tokio::test]
async fn each_step_asks_for_its_own_permission() {
    World::on_both(async |world| {
        let work = world.work(&world.at_depot(2).await).await;
        let step = |mutation: &str| {
            format!("mutation {{ {mutation}(input: {{ id: {}, idempotencyKey: \"k\" }}) {{ seq }} }}", work["id"])
        };
        let only = |codes: &[&str]| permissions_in(codes, &[world.depot]);
        for (mutation, codes) in [
            ("fulfilmentWorkPick", &["fulfilment.read", "fulfilment.ship", "fulfilment.assign"]),
            ("fulfilmentWorkShip", &["fulfilment.read", "fulfilment.work", "fulfilment.assign"]),
        ] {
            let answer = world.execute_as(only(codes), &step(mutation), json!({})).await;
            assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{mutation}: {answer}");
        }
        let list = world.execute_as(only(&["fulfilment.work"]), "{ fulfilmentWorks { nodes { id } } }", json!({})).await;
        assert_eq!(list["errors"][0]["code"], "FORBIDDEN");
    })
    .await;
}

#[tokio::test]
async fn where_goods_go_is_told_to_the_store_that_sends_them_and_to_whom_it_may_be() {
    World::on_both(async |world| {
        let ada = json!({"sourcing": {}, "contact": {"name": "Ada Lovelace"}, "shippingAddress": {"lines": ["1 High Street"], "city": "Bath"}});
        let order = world.sold(json!([{"product": {"id": world.mug}, "quantity": 2}]), ada).await;
        let list = "{ fulfilmentWorks { nodes { status shipTo { lines city } } } }";
        let reads = |codes: &[&str]| permissions_in(codes, &[world.depot]);
        let answer = world.execute_as(reads(&["fulfilment.read", "fulfilment.address.read"]), list, json!({})).await;
        let expected = json!([{"status": "OPEN", "shipTo": {"lines": ["1 High Street"], "city": "Bath"}}]);
        assert_eq!(answer["fulfilmentWorks"]["nodes"], expected, "{answer}");
        let answer = world.execute_as(reads(&["fulfilment.read"]), list, json!({})).await;
        assert_eq!(answer["fulfilmentWorks"]["nodes"], json!([{"status": "OPEN", "shipTo": null}]), "{answer}");
        let mut elsewhere = reads(&["fulfilment.read"]);
        let of = entrepot::access::index_of("fulfilment.address.read").unwrap();
        elsewhere.grant(of, &entrepot::access::Reach::stores([world.store]));
        let answer = world.execute_as(elsewhere, list, json!({})).await;
        assert_eq!(answer["fulfilmentWorks"]["nodes"][0]["shipTo"], json!(null), "{answer}");
        // A store that has rejected the work no longer sees the address.
        world.complete_step("fulfilmentWorkReject", &world.work(&order).await, json!({"reason": "CANNOT_SHIP"})).await;
        let answer = world.execute_as(reads(&["fulfilment.read", "fulfilment.address.read"]), list, json!({})).await;
        assert_eq!(answer["fulfilmentWorks"]["nodes"], json!([{"status": "REJECTED", "shipTo": null}]), "{answer}");
    })
    .await;
}
