//! Charges of an order: they go with the last of its goods; and what of an order counts once some of it was cancelled.

use entrepot::insight::verify::verify_tenant;
use serde_json::{Value, json};

use super::world::{World, accepted, refused};

fn action_input(world: &World, order: &Value) -> Value {
    json!({"id": order["id"], "idempotencyKey": world.key()})
}

fn gbp(amount: &str) -> Value {
    json!({"amount": amount, "currencyCode": "GBP"})
}

/// Ten mugs of 3.33 less 1.00 with 6.46 of tax, and their postage: 44.70 in all.
async fn parcel(world: &World) -> Value {
    let mugs = json!({"product": {"id": world.mug}, "quantity": 10, "unitPrice": gbp("3.33"), "discount": gbp("1.00"), "tax": gbp("6.46")});
    let postage = json!({"kind": "CHARGE", "name": "Postage", "quantity": 1, "unitPrice": gbp("4.95"), "tax": gbp("0.99")});
    let payload = world.order("CONFIRMED", json!([mugs, postage])).await;
    accepted(&payload, "order").clone()
}

async fn ships(world: &World, order: &Value, lines: &[(usize, i64)]) -> Value {
    let mut input = action_input(world, order);
    let named = lines.iter().map(|(at, n)| json!({"lineId": order["lines"][at]["id"], "quantity": n}));
    input["lines"] = named.collect();
    let payload = world.mutate("orderFulfil", input).await;
    accepted(&payload, "order").clone()
}

async fn verified(world: &World) {
    let report = verify_tenant(&world.db, world.tenant, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report:#?}");
}

async fn totals(world: &World, order: &Value) -> [String; 2] {
    let document = "query($id: ID!) { order(by: {id: $id}) { total { amount } currentTotal { amount } lines { total { amount } currentTotal { amount } } } }";
    let answer = world.execute(document, json!({"id": order["id"]})).await;
    let amount = |order_input: &Value| order_input["amount"].as_str().unwrap().to_owned();
    let minor = |order_input: &Value| amount(order_input).replace('.', "").parse::<i64>().unwrap();
    let lines = answer["order"]["lines"].as_array().unwrap();
    for name in ["total", "currentTotal"] {
        let sum: i64 = lines.iter().map(|line| minor(&line[name])).sum();
        assert_eq!(sum, minor(&answer["order"][name]), "{name}: {answer:#}");
    }
    ["total", "currentTotal"].map(|name| amount(&answer["order"][name]))
}

#[tokio::test]
async fn charges_go_with_the_last_of_the_goods() {
    World::on_both(async |world| {
        let order = parcel(&world).await;
        let part = ships(&world, &order, &[(0, 4)]).await;
        assert_eq!((&part["status"], &part["lines"][1]["open"]), (&json!("PARTIALLY_FULFILLED"), &json!(1)));
        world.advance_clock(1);
        let last = ships(&world, &order, &[(0, 6)]).await;
        assert_eq!((&last["status"], &last["lines"][1]["fulfilled"]), (&json!("FULFILLED"), &json!(1)));
        assert_eq!(
            last["fulfilments"][1]["lines"],
            json!([{"orderLine": {"sku": "MUG"}, "quantity": 6}, {"orderLine": {"sku": "Postage"}, "quantity": 1}])
        );
        accepted(&world.mutate("orderClose", action_input(&world, &order)).await, "order");
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn charges_that_are_named_are_not_taken_twice_and_alone_they_are_shipped_one_by_one() {
    World::on_both(async |world| {
        let order = parcel(&world).await;
        let early = ships(&world, &order, &[(1, 1)]).await;
        assert_eq!(early["status"], "PARTIALLY_FULFILLED");
        let last = ships(&world, &order, &[(0, 10)]).await;
        assert_eq!((&last["status"], &last["lines"][1]["fulfilled"]), (&json!("FULFILLED"), &json!(1)));
        let order = parcel(&world).await;
        assert_eq!(ships(&world, &order, &[(1, 1), (0, 10)]).await["status"], "FULFILLED");
        // A service is delivered by name: it is no charge.
        let wrap = json!([{"product": {"id": world.wrap}, "quantity": 1}, {"product": {"id": world.mug}, "quantity": 1}]);
        let order = accepted(&world.order("CONFIRMED", wrap).await, "order").clone();
        assert_eq!(ships(&world, &order, &[(1, 1)]).await["status"], "PARTIALLY_FULFILLED");
        assert_eq!(ships(&world, &order, &[(0, 1)]).await["status"], "FULFILLED");
        let fees =
            ["Survey", "Permit"].map(|name| json!({"kind": "CHARGE", "name": name, "quantity": 1, "unitPrice": gbp("5.00")}));
        let order = accepted(&world.order("CONFIRMED", json!(fees)).await, "order").clone();
        assert_eq!(ships(&world, &order, &[(0, 1)]).await["status"], "PARTIALLY_FULFILLED");
        assert_eq!(ships(&world, &order, &[(1, 1)]).await["status"], "FULFILLED");
        let mut again = action_input(&world, &order);
        again["lines"] = json!([{"lineId": order["lines"][0]["id"], "quantity": 1}]);
        refused(&world.mutate("orderFulfil", again).await, "INVALID_STATE", "input.id");
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn what_was_cancelled_does_not_count() {
    World::on_both(async |world| {
        let order = parcel(&world).await;
        assert_eq!(totals(&world, &order).await, ["44.70", "44.70"]);
        ships(&world, &order, &[(0, 7), (1, 1)]).await;
        assert_eq!(totals(&world, &order).await, ["44.70", "44.70"]);
        accepted(&world.mutate("orderCancel", action_input(&world, &order)).await, "order");
        // Seven of ten: 23.31 less 0.70 and 4.52 of tax, and the postage, which was delivered.
        assert_eq!(totals(&world, &order).await, ["44.70", "33.07"]);
        let order = parcel(&world).await;
        accepted(&world.mutate("orderCancel", action_input(&world, &order)).await, "order");
        assert_eq!(totals(&world, &order).await, ["44.70", "0.00"]);
        // Half a kilogram of 3.33 for a kilogram: 1.67.
        let tea = json!([{"product": {"id": world.tea}, "quantity": 1_000}]);
        let order = accepted(&world.order("CONFIRMED", tea).await, "order").clone();
        ships(&world, &order, &[(0, 500)]).await;
        accepted(&world.mutate("orderCancel", action_input(&world, &order)).await, "order");
        assert_eq!(totals(&world, &order).await, ["3.33", "1.67"]);
        verified(&world).await;
    })
    .await;
}
