//! A depot sends what a store has sold.

use serde_json::{Value, json};

use super::world::{WORK, World, accepted, line, lines, of_depot, refused};
use crate::world::answers::refusals;

#[tokio::test]
async fn a_depot_ships_an_order_of_another_store_and_sees_no_price_of_it() {
    World::on_both(async |world| {
        let order = world.at_depot(20).await;
        let staff = || of_depot(&[world.depot]);
        let list = format!("{{ fulfilmentWorks {{ nodes {{ {WORK} }} }} fulfilmentWorksCount {{ status count }} }}");
        let seen = world.execute_as(staff(), &list, json!({})).await;
        let work = &seen["fulfilmentWorks"]["nodes"][0];
        assert_eq!((&work["number"], &work["status"], line(work)), (&json!("1-1"), &json!("OPEN"), [20, 0, 0, 0, 0]), "{seen:#}");
        assert_eq!(
            (&work["order"], &work["orderNumber"], &work["lines"][0]["product"]),
            (&json!(null), &json!("SO-000001"), &json!(null))
        );
        assert_eq!((&work["lines"][0]["sku"], &work["lines"][0]["name"]), (&json!("MUG"), &json!("A MUG")));
        assert_eq!(seen["fulfilmentWorksCount"], json!([{"status": "OPEN", "count": 1}]));
        assert_eq!(
            work["allowedActions"],
            json!(["fulfilmentWorkAccept", "fulfilmentWorkReject", "fulfilmentWorkPick"]),
            "nothing that asks for other rights"
        );
        let acceptance =
            world.mutate_as(staff(), "fulfilmentWorkAccept", json!({"idempotencyKey": world.key(), "ids": [work["id"]]})).await;
        assert_eq!((&accepted(&acceptance, "work")["status"], &acceptance["work"]["version"]), (&json!("ACCEPTED"), &json!(2)));
        let picked = world.at("fulfilmentWorkPick", work, json!({"lines": lines(work, &[20])})).await;
        assert_eq!(accepted(&picked, "work")["status"], "PICKED");
        assert_eq!(world.mugs().await, [[100, 0], [50, 20]], "goods that are picked are on hand and held");
        let parcels = json!({"parcels": [{"lines": lines(work, &[12]), "weight": 4_200}, {"lines": lines(work, &[8])}]});
        let packed = world.at("fulfilmentWorkPack", work, parcels).await;
        assert_eq!(
            (&accepted(&packed, "work")["status"], &packed["work"]["parcels"][0]["weight"]),
            (&json!("PACKED"), &json!(4_200))
        );
        let shipped = world.at("fulfilmentWorkShip", work, json!({})).await;
        assert_eq!((&accepted(&shipped, "work")["status"], line(&shipped["work"])), (&json!("SHIPPED"), [0, 0, 0, 20, 0]));
        assert_eq!((world.mugs().await, world.movements("SALE").await), ([[100, 0], [30, 0]], 1));
        for answer in [&seen, &acceptance, &picked, &packed, &shipped] {
            let text = answer.to_string();
            assert!(!text.contains("GBP") && !text.contains("2.55") && !text.contains("51.00"), "{text}");
        }
        let now = world.order_now(&order).await;
        assert_eq!((&now["status"], &now["lines"][0]["fulfilled"]), (&json!("FULFILLED"), &json!(20)));
        let sent = &now["fulfilments"][0];
        assert_eq!(
            (&sent["store"]["code"], &sent["work"]["number"], &sent["status"]),
            (&json!("DEPOT"), &json!("1-1"), &json!("SHIPPED"))
        );
        assert_eq!(sent["parcels"].as_array().map(Vec::len), Some(2));
        let expected = ["created", "changed", "changed", "changed", "changed"].map(|kind| format!("fulfilment_work.{kind}"));
        assert_eq!(world.events_of("fulfilment_work.").await, expected);
        assert_eq!(world.events_of("fulfilment.").await, ["fulfilment.shipped"]);
    })
    .await;
}

#[tokio::test]
async fn each_shipment_is_a_sale_and_the_last_one_takes_services_and_charges_along() {
    World::on_both(async |world| {
        let fee =
            json!({"kind": "CHARGE", "name": "Postage", "quantity": 1, "unitPrice": {"amount": "3.00", "currencyCode": "GBP"}});
        let of = json!([{"product": {"id": world.mug}, "quantity": 5}, {"product": {"id": world.wrap}, "quantity": 1}, fee]);
        let order = world.sold(of, json!({"sourcing": {}})).await;
        let work = world.work(&order).await;
        assert_eq!(work["lines"].as_array().map(Vec::len), Some(1), "no stock is kept of services");
        world.complete_step("fulfilmentWorkPick", &work, json!({})).await;
        world.complete_step("fulfilmentWorkPack", &work, json!({"parcels": [{"lines": lines(&work, &[2])}]})).await;
        let first = world.complete_step("fulfilmentWorkShip", &work, json!({})).await;
        assert_eq!((&first["status"], line(&first)), (&json!("PICKED"), [0, 3, 0, 2, 0]));
        assert_eq!(world.order_now(&order).await["status"], "PARTIALLY_FULFILLED");
        world.complete_step("fulfilmentWorkPack", &work, json!({"parcels": [{}]})).await;
        let last = world.complete_step("fulfilmentWorkShip", &work, json!({})).await;
        assert_eq!(last["status"], "SHIPPED");
        let now = world.order_now(&order).await;
        let fulfilled: Vec<_> = now["lines"].as_array().unwrap().iter().map(|line| line["fulfilled"].as_i64().unwrap()).collect();
        assert_eq!((&now["status"], fulfilled, world.movements("SALE").await), (&json!("FULFILLED"), vec![5, 1, 1], 2));
    })
    .await;
}

#[tokio::test]
async fn nothing_leaves_that_was_not_packed_and_nothing_is_packed_that_was_not_picked() {
    World::on_both(async |world| {
        let work = world.work(&world.at_depot(10).await).await;
        refused(&world.at("fulfilmentWorkPack", &work, json!({"parcels": [{}]})).await, "INVALID_STATE", "input.id");
        world.complete_step("fulfilmentWorkPick", &work, json!({"lines": lines(&work, &[6])})).await;
        let input = json!({"lines": lines(&work, &[5])});
        refused(&world.at("fulfilmentWorkPick", &work, input).await, "OUT_OF_RANGE", "input.lines.0.quantity");
        let strange =
            json!({"lineId": world.ledger.clock().id::<entity::id::kind::FulfilmentWorkLineId>().to_string(), "quantity": 1});
        let several = json!({"lines": [lines(&work, &[5])[0], strange, strange]});
        let missing = |index: usize| ("NOT_FOUND".to_owned(), format!("input.lines.{index}.lineId"));
        assert_eq!(refusals(&world.at("fulfilmentWorkPick", &work, several).await), [missing(1), missing(2)]);
        let input = json!({"parcels": [{"lines": lines(&work, &[7])}]});
        refused(&world.at("fulfilmentWorkPack", &work, input).await, "OUT_OF_RANGE", "input.parcels.0.lines.0.quantity");
        refused(&world.at("fulfilmentWorkShip", &work, json!({})).await, "INVALID_STATE", "input.parcels");
        let packed = world.complete_step("fulfilmentWorkPack", &work, json!({"parcels": [{"lines": lines(&work, &[6])}]})).await;
        assert_eq!((&packed["status"], line(&packed)), (&json!("PICKING"), [4, 0, 6, 0, 0]));
        let parcel = &packed["parcels"][0]["id"];
        world.complete_step("fulfilmentWorkShip", &work, json!({"parcels": [{"id": parcel}]})).await;
        let again = world.at("fulfilmentWorkShip", &work, json!({"parcels": [{"id": parcel}]})).await;
        refused(&again, "INVALID_STATE", "input.id");
        assert_eq!(world.mugs().await, [[100, 0], [44, 4]]);
    })
    .await;
}

#[tokio::test]
async fn goods_go_back_to_where_they_lay() {
    World::on_both(async |world| {
        let work = world.work(&world.at_depot(10).await).await;
        let packed = world.packed(&work).await;
        assert_eq!(packed["status"], "PACKED");
        let back = world.complete_step("fulfilmentWorkUnpick", &work, json!({"lines": lines(&work, &[4])})).await;
        assert_eq!(
            (&back["status"], line(&back), &back["parcels"][0]["lines"][0]["quantity"]),
            (&json!("PICKING"), [4, 0, 6, 0, 0], &json!(6))
        );
        let all = world.complete_step("fulfilmentWorkUnpick", &work, json!({})).await;
        assert_eq!((&all["status"], line(&all), &all["parcels"]), (&json!("ACCEPTED"), [10, 0, 0, 0, 0], &json!([])));
        refused(&world.at("fulfilmentWorkUnpick", &work, json!({})).await, "INVALID_STATE", "input.id");
    })
    .await;
}

#[tokio::test]
async fn a_key_gives_the_first_answer_again_and_a_dry_run_writes_nothing() {
    World::on_both(async |world| {
        let work = world.work(&world.at_depot(10).await).await;
        let dry = format!("mutation($input: FulfilmentWorkAcceptInput!) {{ result: fulfilmentWorkAccept(input: $input, validateOnly: true) {{ work {{ {WORK} }} userErrors {{ code }} seq }} }}");
        let input = json!({"idempotencyKey": world.key(), "ids": [work["id"]]});
        let foreseen = world.execute_as(of_depot(&[world.depot]), &dry, json!({"input": input})).await;
        assert_eq!((&foreseen["result"]["work"]["status"], &foreseen["result"]["seq"]), (&json!("ACCEPTED"), &json!(null)));
        assert_eq!(world.events_of("fulfilment_work.").await, ["fulfilment_work.created"]);
        let first = world.mutate("fulfilmentWorkAccept", input.clone()).await;
        let again = world.mutate("fulfilmentWorkAccept", input.clone()).await;
        assert_eq!((&first["replayed"], &again["replayed"], &again["seq"]), (&json!(false), &json!(true), &first["seq"]));
        assert_eq!(again["work"], first["work"]);
        let ship = world.of(&world.packed(&work).await, json!({}));
        let dry = "mutation($input: FulfilmentWorkShipInput!) { result: fulfilmentWorkShip(input: $input, validateOnly: true) {
            work { status order { status lines { fulfilled allocations { quantity } } } } userErrors { code } } }";
        let foreseen = world.execute(dry, json!({"input": ship})).await["result"]["work"].clone();
        assert_eq!((&foreseen["status"], &foreseen["order"]["status"]), (&json!("SHIPPED"), &json!("FULFILLED")), "{foreseen}");
        assert_eq!(foreseen["order"]["lines"], json!([{"fulfilled": 10, "allocations": []}]));
        let first = world.mutate("fulfilmentWorkShip", ship.clone()).await;
        let again = world.mutate("fulfilmentWorkShip", ship).await;
        assert_eq!((&again["replayed"], &again["work"]["id"]), (&json!(true), &accepted(&first, "work")["id"]));
        assert_eq!(world.movements("SALE").await, 1);
        let stale = world.of(&work, json!({"expectedVersion": 1}));
        refused(&world.mutate("fulfilmentWorkShip", stale).await, "VERSION_CONFLICT", "input.expectedVersion");
    })
    .await;
}

#[tokio::test]
async fn many_parcels_of_a_fulfilment_are_read_like_one() {
    World::on_both(async |world| {
        let mut counted = Vec::new();
        // The first parcel reads data that is cached from then on.
        for parcels in [1_usize, 1, 6] {
            let order = world.at_depot(6).await;
            let work = world.work(&order).await;
            world.complete_step("fulfilmentWorkPick", &work, json!({})).await;
            let each: Vec<Value> = (0..parcels).map(|_| json!({"lines": lines(&work, &[1])})).collect();
            world.complete_step("fulfilmentWorkPack", &work, json!({"parcels": each})).await;
            world.complete_step("fulfilmentWorkShip", &work, json!({})).await;
            let before = world.db.statements();
            let now = world.order_now(&order).await;
            counted.push(world.db.statements() - before);
            assert_eq!(now["fulfilments"][0]["parcels"].as_array().map(Vec::len), Some(parcels), "{now}");
        }
        assert_eq!(counted[1], counted[2], "{counted:?}");
    })
    .await;
}

#[tokio::test]
async fn a_store_whose_hold_gave_way_ships_its_share_and_leaves_the_others_theirs() {
    World::on_both(async |world| {
        let order = world.sold(json!([{"product": {"id": world.mug}, "quantity": 120}]), json!({"sourcing": {}})).await;
        let works = world.works(&order).await;
        let depot = works.iter().find(|work| work["store"]["code"] == "DEPOT").unwrap();
        let share = line(depot)[0];
        // Goods of the depot break, and new ones come.
        let change = json!([{"product": {"id": world.mug}, "store": {"id": world.depot}, "delta": -50}]);
        let broken = json!({"idempotencyKey": world.key(), "kind": "REMOVAL", "reasonCode": "DAMAGE", "onShortage": "SHORTEN", "changes": change});
        let adjust = "mutation($input: StockAdjustInput!) { result: stockAdjust(input: $input) { userErrors { code } } }";
        let answer = world.execute(adjust, json!({"input": broken})).await;
        assert_eq!(answer["result"]["userErrors"], json!([]), "{answer}");
        world.stock(&[(world.mug, world.depot, 50)]).await;
        assert_eq!(world.mugs().await, [[100, 120 - share], [50, 0]]);
        world.packed(depot).await;
        world.complete_step("fulfilmentWorkShip", depot, json!({})).await;
        assert_eq!(world.mugs().await, [[100, 120 - share], [50 - share, 0]], "the store still has to send its own");
        for work in works.iter().filter(|work| work["store"]["code"] != "DEPOT") {
            world.packed(work).await;
            world.complete_step("fulfilmentWorkShip", work, json!({})).await;
        }
        assert_eq!((&world.order_now(&order).await["status"], world.mugs().await[0][1]), (&json!("FULFILLED"), 0));
    })
    .await;
}
