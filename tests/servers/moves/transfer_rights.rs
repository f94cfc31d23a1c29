//! Permissions of both sides of a transfer, and the data that each side sees.

use serde_json::{Value, json};

use super::world::{World, accepted, of_store, refused};

#[tokio::test]
async fn the_sender_ships_and_the_receiver_receives() {
    World::on_both(async |world| {
        let (here, there) = (of_store(world.store), of_store(world.depot));
        // The receiver requests, the sender holds and ships.
        let payload = world.mutate_as(there.clone(), "transferCreate", world.asking(&[(world.mug, 10)])).await;
        let draft = accepted(&payload, "transfer").clone();
        assert_eq!(draft["allowedActions"], json!(["transferUpdate", "transferCancel"]));
        refused(&world.mutate_as(there.clone(), "transferMarkReady", world.step(&draft)).await, "NOT_FOUND", "input.id");
        accepted(&world.mutate_as(here.clone(), "transferMarkReady", world.step(&draft)).await, "transfer");
        refused(&world.mutate_as(there.clone(), "transferShip", world.step(&draft)).await, "NOT_FOUND", "input.id");
        accepted(&world.mutate_as(here.clone(), "transferShip", world.step(&draft)).await, "transfer");
        refused(&world.mutate_as(here.clone(), "transferReceive", world.step(&draft)).await, "NOT_FOUND", "input.id");
        let mut close = world.step(&draft);
        close["reasonCode"] = json!("LOSS");
        refused(&world.mutate_as(here.clone(), "transferClose", close).await, "NOT_FOUND", "input.id");
        accepted(&world.mutate_as(there.clone(), "transferReceive", world.step(&draft)).await, "transfer");
    })
    .await;
}

#[tokio::test]
async fn who_has_neither_store_finds_nothing() {
    World::on_both(async |world| {
        let other = world.ledger.clock().id();
        let elsewhere = of_store(other);
        let draft = world.draft(&[(world.mug, 10)]).await;
        refused(
            &world.mutate_as(elsewhere.clone(), "transferCreate", world.asking(&[(world.mug, 1)])).await,
            "NOT_FOUND",
            "input.fromStore.id",
        );
        for mutation in ["transferUpdate", "transferMarkReady", "transferShip", "transferReceive", "transferCancel"] {
            refused(&world.mutate_as(elsewhere.clone(), mutation, world.step(&draft)).await, "NOT_FOUND", "input.id");
        }
        let document = "query($id: ID!) { transfer(by: {id: $id}) { id } transfers { nodes { id } } }";
        let answer = world.execute_as(elsewhere, document, json!({"id": draft["id"]})).await;
        assert_eq!(answer, json!({"transfer": null, "transfers": {"nodes": []}}));
        let answer = world.execute_as(of_store(world.depot), document, json!({"id": draft["id"]})).await;
        assert_eq!(answer["transfers"]["nodes"], json!([{"id": draft["id"]}]));
    })
    .await;
}

#[tokio::test]
async fn one_side_does_not_see_what_moved_at_the_other() {
    World::on_both(async |world| {
        world.sent(&[(world.mug, 10)]).await;
        let document = "{ stockMovements(filter: {kind: [TRANSFER_OUT]}) { nodes { entries { store { code } onHandDelta } } } }";
        let of = async |store| {
            let answer = world.execute_as(of_store(store), document, json!({})).await;
            answer["stockMovements"]["nodes"][0]["entries"].clone()
        };
        assert_eq!(of(world.store).await, json!([{"store": {"code": "LDN"}, "onHandDelta": -10}]));
        assert_eq!(of(world.depot).await, json!([{"store": {"code": "DEPOT"}, "onHandDelta": 0}]));
        let mut blind = of_store(world.store);
        blind = {
            let mut without = entrepot::access::PermissionSet::default();
            for info in blind.codes().filter(|info| info.code != "product.cost.read") {
                let index = entrepot::access::index_of(info.code).unwrap();
                without.grant(index, &blind.reach(index));
            }
            without
        };
        let costs = "{ transfers { nodes { lines { unitCost { amount } } } } }";
        let answer = world.execute_as(blind, costs, json!({})).await;
        assert_eq!(answer["transfers"]["nodes"][0]["lines"][0]["unitCost"], Value::Null);
    })
    .await;
}
