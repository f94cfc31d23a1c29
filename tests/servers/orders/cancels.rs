//! Cancels of a part of an order: units of some lines are cancelled and released in the same step,
//! and the rest stays.

use entrepot::insight::verify::verify_tenant;
use serde_json::{Value, json};

use super::world::{World, accepted, refused};
use crate::world::answers::text;

const ORDER: &str = "id status version expiresAt total { amount } currentTotal { amount } balance { amount } cancelReason cancelNote \
    steps { action reason cancelReason } fulfilments { lines { quantity } } \
    lines { id quantity open backordered cancelled fulfilled currentTotal { amount } allocations { store { code } quantity } }";

fn gbp(amount: &str) -> Value {
    json!({"amount": amount, "currencyCode": "GBP"})
}

/// Ten mugs of 3.33 less 1.00 with 6.46 of tax, and their postage: 44.70 in all.
async fn parcel(world: &World, status: &str) -> Value {
    let mugs = json!({"product": {"id": world.mug}, "quantity": 10, "unitPrice": gbp("3.33"), "discount": gbp("1.00"), "tax": gbp("6.46")});
    let postage = json!({"kind": "CHARGE", "name": "Postage", "quantity": 1, "unitPrice": gbp("4.95"), "tax": gbp("0.99")});
    accepted(&world.order(status, json!([mugs, postage])).await, "order").clone()
}

/// Requests to cancel units of lines, by their position in the order.
async fn asks(world: &World, order: &Value, lines: &[(usize, i64)], extra: Value) -> Value {
    let document = format!(
        "mutation($input: ActionInput!, $lines: [OrderLineCancel!], $reason: CancelReason, $dry: Boolean! = false) {{ \
         orderCancel(input: $input, lines: $lines, reason: $reason, validateOnly: $dry) {{ order {{ {ORDER} }} replayed \
         userErrors {{ code message field }} }} }}"
    );
    let mut input = json!({"id": order["id"], "idempotencyKey": world.key()});
    let mut variables = json!({});
    for (name, value) in extra.as_object().unwrap() {
        let of = if matches!(name.as_str(), "dry" | "reason") { &mut variables } else { &mut input };
        of[name] = value.clone();
    }
    let named = |(line, quantity): &(usize, i64)| json!({"lineId": order["lines"][*line]["id"], "quantity": quantity});
    variables["lines"] = lines.iter().map(named).collect();
    variables["input"] = input;
    world.execute(&document, variables).await["orderCancel"].clone()
}

async fn cancels(world: &World, order: &Value, lines: &[(usize, i64)]) -> Value {
    accepted(&asks(world, order, lines, json!({})).await, "order").clone()
}

async fn ships(world: &World, order: &Value, quantity: i64) {
    let lines = json!([{"lineId": order["lines"][0]["id"], "quantity": quantity}]);
    let input = json!({"id": order["id"], "idempotencyKey": world.key(), "lines": lines});
    accepted(&world.mutate("orderFulfil", input).await, "order");
}

/// Each of a line's counters.
fn counters(line: &Value) -> [i64; 5] {
    ["quantity", "open", "backordered", "cancelled", "fulfilled"].map(|name| line[name].as_i64().unwrap())
}

/// total and currentTotal of the order, and currentTotal of its first line.
fn sums(order: &Value) -> [String; 3] {
    [&order["total"], &order["currentTotal"], &order["lines"][0]["currentTotal"]].map(|money| text(&money["amount"]))
}

async fn verified(world: &World) {
    let report = verify_tenant(&world.db, world.tenant, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report}");
}

#[tokio::test]
async fn three_of_ten_mugs_are_cancelled_and_seven_cost_what_seven_cost() {
    World::on_both(async |world| {
        let order = parcel(&world, "CONFIRMED").await;
        let input = json!({"reason": "CUSTOMER", "note": "Seven are enough", "expectedVersion": 1});
        let seven = accepted(&asks(&world, &order, &[(0, 3)], input).await, "order").clone();
        assert_eq!((&seven["status"], &seven["version"]), (&json!("CONFIRMED"), &json!(2)));
        assert_eq!(counters(&seven["lines"][0]), [10, 7, 0, 3, 0]);
        assert_eq!(sums(&seven), ["44.70", "33.07", "27.13"]);
        assert_eq!(world.level(world.mug, world.store).await, [100, 7, 0]);
        let step = json!({"action": "order.updated", "reason": "Seven are enough", "cancelReason": "CUSTOMER"});
        assert_eq!(seven["steps"][1], step);
        assert_eq!((&seven["cancelReason"], &seven["cancelNote"]), (&json!(null), &json!(null)), "the order itself stands");
        let five = cancels(&world, &order, &[(0, 2)]).await;
        assert_eq!(counters(&five["lines"][0]), [10, 5, 0, 5, 0]);
        assert_eq!(world.level(world.mug, world.store).await, [100, 5, 0]);
        assert_eq!(world.events_of("order.").await, ["order.created", "order.updated", "order.updated"]);
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn what_was_paid_for_a_cancelled_part_is_owed_to_the_customer() {
    World::on_both(async |world| {
        let order = parcel(&world, "CONFIRMED").await;
        let paid = json!({"idempotencyKey": world.key(), "order": {"id": order["id"]}, "kind": "CAPTURE", "method": "CARD",
            "amount": gbp("44.70")});
        let document = "mutation($input: PaymentRecordInput!) { paymentRecord(input: $input) { userErrors { code } } }";
        assert_eq!(world.execute(document, json!({"input": paid})).await["paymentRecord"]["userErrors"], json!([]));
        let seven = cancels(&world, &order, &[(0, 3)]).await;
        assert_eq!(text(&seven["balance"]["amount"]), "-11.63");
    })
    .await;
}

#[tokio::test]
async fn nothing_left_to_deliver_is_a_cancelled_order() {
    World::on_both(async |world| {
        for status in ["PENDING", "CONFIRMED"] {
            let order = parcel(&world, status).await;
            let charges = cancels(&world, &order, &[(0, 10)]).await;
            assert_eq!((&charges["status"], sums(&charges)[1].as_str()), (&json!(status), "5.94"), "the postage stands");
            let input = json!({"reason": "ERROR", "note": "Typed twice"});
            let none = accepted(&asks(&world, &order, &[(1, 1)], input).await, "order").clone();
            assert_eq!(
                (&none["status"], &none["expiresAt"], sums(&none)[1].as_str()),
                (&json!("CANCELLED"), &json!(null), "0.00")
            );
            assert_eq!((&none["cancelReason"], &none["cancelNote"]), (&json!("ERROR"), &json!("Typed twice")));
            assert_eq!(world.level(world.mug, world.store).await, [100, 0, 0]);
            refused(&asks(&world, &order, &[(0, 1)], json!({})).await, "INVALID_STATE", "input.id");
        }
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn what_has_left_stays_and_the_last_goods_take_the_charges_with_them() {
    World::on_both(async |world| {
        let order = parcel(&world, "CONFIRMED").await;
        ships(&world, &order, 4).await;
        refused(&asks(&world, &order, &[(0, 7)], json!({})).await, "OUT_OF_RANGE", "lines.0.quantity");
        let part = cancels(&world, &order, &[(0, 2)]).await;
        assert_eq!((&part["status"], counters(&part["lines"][0])), (&json!("PARTIALLY_FULFILLED"), [10, 4, 0, 2, 4]));
        let rest = cancels(&world, &order, &[(0, 4)]).await;
        assert_eq!((&rest["status"], counters(&rest["lines"][0])), (&json!("FULFILLED"), [10, 0, 0, 6, 4]));
        assert_eq!(counters(&rest["lines"][1]), [1, 0, 0, 0, 1], "the postage was delivered");
        assert_eq!(rest["fulfilments"].as_array().unwrap().len(), 2);
        assert_eq!(world.level(world.mug, world.store).await, [96, 0, 0]);
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn what_waits_for_stock_goes_first() {
    World::on_both(async |world| {
        let lamps = json!([{"product": {"id": world.lamp}, "quantity": 10}]);
        let order = accepted(&world.order("CONFIRMED", lamps).await, "order").clone();
        let eight = cancels(&world, &order, &[(0, 2)]).await;
        assert_eq!(counters(&eight["lines"][0]), [10, 4, 4, 2, 0]);
        assert_eq!(world.level(world.lamp, world.store).await, [4, 4, 0]);
        let three = cancels(&world, &order, &[(0, 5)]).await;
        assert_eq!(counters(&three["lines"][0]), [10, 3, 0, 7, 0]);
        assert_eq!(world.level(world.lamp, world.store).await, [4, 3, 0]);
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_says_what_the_cancellation_would_leave_and_a_key_counts_once() {
    World::on_both(async |world| {
        let order = parcel(&world, "CONFIRMED").await;
        let dry = asks(&world, &order, &[(0, 3)], json!({"dry": true})).await;
        let would = accepted(&dry, "order");
        assert_eq!((counters(&would["lines"][0]), sums(would)[1].as_str()), ([10, 7, 0, 3, 0], "33.07"));
        assert_eq!(would["lines"][0]["allocations"][0]["quantity"], json!(7));
        assert_eq!(world.level(world.mug, world.store).await, [100, 10, 0]);
        let key = json!({"idempotencyKey": "three"});
        assert_eq!(asks(&world, &order, &[(0, 3)], key.clone()).await["replayed"], json!(false));
        assert_eq!(asks(&world, &order, &[(0, 3)], key.clone()).await["replayed"], json!(true));
        assert_eq!(world.level(world.mug, world.store).await, [100, 7, 0]);
        let other = asks(&world, &order, &[(0, 4)], key).await;
        assert_eq!(other["userErrors"][0]["code"], json!("IDEMPOTENCY_KEY_REUSED"), "{other:#}");
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_where_it_stands() {
    World::on_both(async |world| {
        let order = parcel(&world, "CONFIRMED").await;
        for (lines, code, field) in [
            (vec![], "INVALID", "lines"),
            (vec![(0, 0)], "OUT_OF_RANGE", "lines.0.quantity"),
            (vec![(0, 11)], "OUT_OF_RANGE", "lines.0.quantity"),
            (vec![(1, 1), (0, 1), (1, 1)], "INVALID", "lines.2.lineId"),
        ] {
            refused(&asks(&world, &order, &lines, json!({})).await, code, field);
        }
        let stale = json!({"expectedVersion": 7});
        refused(&asks(&world, &order, &[(0, 1)], stale).await, "VERSION_CONFLICT", "input.expectedVersion");
        let other = parcel(&world, "DRAFT").await;
        refused(&asks(&world, &other, &[(0, 1)], json!({})).await, "INVALID_STATE", "lines");
        let strange = json!({"id": order["id"], "lines": other["lines"]});
        refused(&asks(&world, &strange, &[(0, 1)], json!({})).await, "NOT_FOUND", "lines.0.lineId");
        assert_eq!(world.level(world.mug, world.store).await, [100, 10, 0]);
    })
    .await;
}
