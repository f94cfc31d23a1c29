//! What is given back, and on which day it counts.

use serde_json::{Value, json};

use super::world::{World, back, done, on_both, refused};

fn pounds(amount: &str) -> Value {
    json!({"refund": {"amount": amount, "currencyCode": "GBP"}})
}

/// A return of mugs that were sold at a discount, looked at: 5.10 less 1.10 was charged for the two.
async fn discounted(world: &World) -> Value {
    let line = json!({"product": {"id": world.shop.mug}, "quantity": 2, "discount": {"amount": "1.10", "currencyCode": "GBP"}});
    let input = json!({"idempotencyKey": world.key(), "store": {"id": world.shop.store}, "status": "FULFILLED", "lines": [line]});
    let order = done(&world.act("orderCreate", input).await, "order").clone();
    let ret = world.approved(json!([back(&order["lines"][0]["id"], 2)])).await;
    world.does("returnReceive", &ret, json!({})).await;
    world.does("returnInspect", &ret, json!({})).await
}

#[tokio::test]
async fn no_more_is_given_back_than_was_charged() {
    on_both(async |world| {
        let ret = discounted(&world).await;
        for (more, code) in [
            (pounds("4.01"), "OUT_OF_RANGE"),
            (pounds("-0.01"), "OUT_OF_RANGE"),
            (pounds("90071992547409.91"), "OUT_OF_RANGE"),
            (json!({"refund": {"amount": "1.00", "currencyCode": "EUR"}}), "INVALID"),
        ] {
            refused(&world.act("returnClose", world.step(&ret, more)).await, code, "input.refund");
        }
        assert_eq!(world.does("returnClose", &ret, pounds("4.00")).await["refunded"]["amount"], "4.00");
        let ret = discounted(&world).await;
        assert_eq!(world.does("returnClose", &ret, pounds("0")).await["refunded"]["amount"], "0.00");
        // By itself: the lines' prices, up to what was charged.
        let ret = discounted(&world).await;
        let closed = world.does("returnClose", &ret, json!({})).await;
        assert_eq!((&closed["refund"]["amount"], &closed["refunded"]["amount"]), (&json!("5.10"), &json!("4.00")));
    })
    .await;
}

#[tokio::test]
async fn a_fee_is_taken_off_and_may_be_waived() {
    on_both(async |world| {
        let fee = json!({"kind": "CHARGE", "name": "Restocking", "quantity": 1, "unitPrice": {"amount": "-0.55", "currencyCode": "GBP"}});
        for (more, expected) in [(json!({}), "2.00"), (pounds("2.55"), "2.55")] {
            let line = world.sold(1).await;
            let ret = world.approved(json!([back(&line, 1), fee])).await;
            let received = world.does("returnReceive", &ret, json!({})).await;
            assert_eq!(received["lines"][1]["received"], 1, "a charge counts once the goods have come");
            world.does("returnInspect", &ret, json!({})).await;
            assert_eq!(world.does("returnClose", &ret, more).await["refunded"]["amount"], expected);
        }
    })
    .await;
}

#[tokio::test]
async fn reports_count_what_has_come_on_the_day_that_it_came() {
    on_both(async |world| {
        let line = world.sold(5).await;
        let report = "query($from: DateTime) { salesReport(from: $from) { returns unitsReturned refunds { amount } netRevenue { amount } } }";
        let sums = async |from: Option<&str>| world.ask(report, json!({ "from": from })).await["salesReport"][0].clone();
        let ret = world.approved(json!([back(&line, 4)])).await;
        assert_eq!((&sums(None).await["returns"], &sums(None).await["unitsReturned"]), (&json!(0), &json!(0)));
        world.shop.pass_seconds(3 * 86_400);
        let own = &ret["lines"][0]["id"];
        let partly = world.does("returnReceive", &ret, json!({"lines": [{"lineId": own, "quantity": 1}]})).await;
        assert_eq!((&partly["occurredAt"], &partly["receivedAt"]), (&json!("2026-11-23T09:00:00.000000Z"), &json!("2026-11-23T09:00:00.000000Z")));
        let later = sums(Some("2026-11-22T00:00:00Z")).await;
        assert_eq!((&later["unitsReturned"], &later["refunds"]["amount"]), (&json!(1), &json!("2.55")));
        world.does("returnReceive", &ret, json!({})).await;
        let all = sums(None).await;
        assert_eq!(all, json!({"returns": 1, "unitsReturned": 4, "refunds": {"amount": "10.20"}, "netRevenue": {"amount": "2.55"}}));
    })
    .await;
}
