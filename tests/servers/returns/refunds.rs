//! Amounts of refunds, and the day on which each counts.

use serde_json::{Value, json};

use super::world::{World, accepted, back, refused};

fn pounds(amount: &str) -> Value {
    json!({"refund": {"amount": amount, "currencyCode": "GBP"}})
}

/// A return of mugs that were sold at a discount, inspected: 5.10 less 1.10 was charged for the
/// two.
async fn discounted(world: &World) -> Value {
    let line = json!({"product": {"id": world.mug}, "quantity": 2, "discount": {"amount": "1.10", "currencyCode": "GBP"}});
    let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": "FULFILLED", "lines": [line]});
    let order = accepted(&world.mutate("orderCreate", input).await, "order").clone();
    let ret = world.approved(json!([back(&order["lines"][0]["id"], 2)])).await;
    world.complete_step("returnReceive", &ret, json!({})).await;
    world.complete_step("returnInspect", &ret, json!({})).await
}

#[tokio::test]
async fn no_more_is_given_back_than_was_charged() {
    World::on_both(async |world| {
        let ret = discounted(&world).await;
        for (extra, code) in [
            (pounds("4.01"), "OUT_OF_RANGE"),
            (pounds("-0.01"), "OUT_OF_RANGE"),
            (pounds("90071992547409.91"), "OUT_OF_RANGE"),
            (json!({"refund": {"amount": "1.00", "currencyCode": "EUR"}}), "INVALID"),
        ] {
            refused(&world.mutate("returnClose", world.step(&ret, extra)).await, code, "input.refund");
        }
        assert_eq!(world.complete_step("returnClose", &ret, pounds("4.00")).await["refunded"]["amount"], "4.00");
        let ret = discounted(&world).await;
        assert_eq!(world.complete_step("returnClose", &ret, pounds("0")).await["refunded"]["amount"], "0.00");
        // By default: the lines' prices, up to the amount charged.
        let ret = discounted(&world).await;
        let closed = world.complete_step("returnClose", &ret, json!({})).await;
        assert_eq!((&closed["refund"]["amount"], &closed["refunded"]["amount"]), (&json!("5.10"), &json!("4.00")));
    })
    .await;
}

#[tokio::test]
async fn a_refund_at_once_names_its_order_as_the_till_does() {
    World::on_both(async |world| {
        let line = json!({"product": {"id": world.mug}, "quantity": 1});
        let paid = json!([{"kind": "CAPTURE", "amount": {"amount": "2.55", "currencyCode": "GBP"}, "method": "CASH"}]);
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "channel": {"id": world.web}, "externalRef": "till-7",
            "status": "FULFILLED", "lines": [line], "payments": paid});
        let order = accepted(&world.mutate("orderCreate", input).await, "order").clone();
        let other = world.ordered("DRAFT", &[(world.mug, 1)]).await;
        let returning = |payment: Value| {
            let mut input = world.asking(json!([back(&order["lines"][0]["id"], 1)]));
            (input["receive"], input["close"]) = (json!(true), json!(true));
            input["payments"] = json!([payment]);
            input
        };
        let web = json!({"id": world.web});
        for (named, code, field) in [
            (json!({"order": {"number": "999999"}}), "INVALID", "order.number"),
            (json!({"order": {"number": other["number"]}}), "INVALID", "order.number"),
            (json!({"order": {"external": {"channel": web, "ref": "till-8"}}}), "INVALID", "order.external.ref"),
            (json!({"order": {"external": {"channel": {"id": world.direct}, "ref": "till-7"}}}), "INVALID", "order.external.ref"),
            (json!({"order": {"external": {"ref": "till-7"}}}), "REQUIRED", "order.external.channel"),
            (json!({"order": {"number": order["number"]}, "orderId": other["id"]}), "INVALID", "order"),
            (json!({"orderId": other["id"]}), "INVALID", "orderId"),
        ] {
            let mut payment = named;
            payment["method"] = json!("CASH");
            refused(&world.mutate("returnCreate", returning(payment)).await, code, &format!("input.payments.0.{field}"));
        }
        let payment = json!({"method": "CASH", "order": {"external": {"channel": web, "ref": "till-7"}}});
        let input = returning(payment);
        let closed = accepted(&world.mutate("returnCreate", input.clone()).await, "return").clone();
        assert_eq!((&closed["status"], &closed["refunded"]["amount"]), (&json!("CLOSED"), &json!("2.55")));
        assert_eq!(world.mutate("returnCreate", input).await["replayed"], true);
    })
    .await;
}

#[tokio::test]
async fn goods_come_back_over_the_counter_and_the_money_is_given_back_in_one_call() {
    World::on_both(async |world| {
        let line = json!({"product": {"id": world.mug}, "quantity": 2, "discount": {"amount": "1.10", "currencyCode": "GBP"}});
        let paid = json!([{"kind": "CAPTURE", "amount": {"amount": "4.00", "currencyCode": "GBP"}, "method": "CASH"}]);
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": "FULFILLED", "lines": [line], "payments": paid});
        let order = accepted(&world.mutate("orderCreate", input).await, "order").clone();
        let before = world.level_here(world.mug).await;
        let returning = |extra: Value| {
            let mut input = world.asking(json!([back(&order["lines"][0]["id"], 2)]));
            (input["receive"], input["close"]) = (json!(true), json!(true));
            input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            input
        };
        let cash = json!([{"method": "CASH"}]);
        let extra = json!([{"method": "CASH", "amount": {"amount": "4.01", "currencyCode": "GBP"}}]);
        let twice = json!([{"method": "CASH"}, {"method": "CASH"}]);
        for (wrong, code, field) in [
            (json!({"payments": cash, "receive": false}), "INVALID", "input.close"),
            (json!({"payments": cash, "close": false}), "INVALID", "input.payments"),
            (json!({"payments": extra}), "OUT_OF_RANGE", "input.payments.0.amount"),
            (json!({"payments": twice}), "OUT_OF_RANGE", "input.payments.1.amount"),
            (json!({"refund": {"amount": "4.01", "currencyCode": "GBP"}}), "OUT_OF_RANGE", "input.refund"),
        ] {
            refused(&world.mutate("returnCreate", returning(wrong)).await, code, field);
        }
        assert_eq!(world.level_here(world.mug).await, before, "what is refused in part takes nothing in");
        let input = returning(json!({ "payments": cash }));
        let closed = accepted(&world.mutate("returnCreate", input.clone()).await, "return").clone();
        assert_eq!((&closed["status"], &closed["refunded"]["amount"]), (&json!("CLOSED"), &json!("4.00")));
        assert_eq!((&closed["lines"][0]["received"], &closed["lines"][0]["restocked"]), (&json!(2), &json!(2)));
        assert_eq!(world.level_here(world.mug).await[0], before[0] + 2);
        assert_eq!(world.mutate("returnCreate", input).await["replayed"], true);
        let read = "query($id: ID!) { order(by: {id: $id}) { paymentStatus refundStatus payments { kind amount { amount } } } }";
        let read = world.execute(read, json!({"id": order["id"]})).await["order"].clone();
        assert_eq!((&read["paymentStatus"], &read["refundStatus"]), (&json!("PAID"), &json!("FULL")));
        assert_eq!(read["payments"].as_array().map(Vec::len), Some(2), "{read}");
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_shows_refunds_and_orders_as_the_call_leaves_them() {
    World::on_both(async |world| {
        let line = json!({"product": {"id": world.mug}, "quantity": 2});
        let paid = json!([{"kind": "CAPTURE", "amount": {"amount": "5.10", "currencyCode": "GBP"}, "method": "CASH"}]);
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": "FULFILLED", "lines": [line], "payments": paid});
        let order = accepted(&world.mutate("orderCreate", input).await, "order").clone();
        let document = "mutation($input: ReturnCreateInput!, $dry: Boolean!) { returnCreate(input: $input, validateOnly: $dry) {
            return { status refundStatus payments { kind amount { amount } order { refundStatus } }
              lines { orderLine { returned order { refundStatus lines { returned } payments { kind } } }
                matches { orderLine { returned order { refundStatus } } } } }
            userErrors { code message } } }";
        let returning = |quantity: i64| {
            let mut input = world.asking(json!([back(&order["lines"][0]["id"], quantity)]));
            (input["receive"], input["close"], input["payments"]) = (json!(true), json!(true), json!([{"method": "CASH"}]));
            input
        };
        // The second one follows a refund that is written.
        for refunded in ["PARTIAL", "FULL"] {
            let input = returning(1);
            let run_query = async |dry: bool| world.execute(document, json!({"input": input, "dry": dry})).await["returnCreate"].clone();
            let (mut tried, mut real) = (run_query(true).await, run_query(false).await);
            assert_eq!((&real["userErrors"], &real["return"]["refundStatus"]), (&json!([]), &json!("FULL")), "{real:#}");
            assert_eq!(real["return"]["payments"][0]["order"]["refundStatus"], refunded, "{real:#}");
            for answer in [&mut tried, &mut real] {
                // Payments of one millisecond are in the order of their IDs.
                let payments = answer.pointer_mut("/return/lines/0/orderLine/order/payments").and_then(Value::as_array_mut);
                payments.unwrap().sort_by_key(|payment| payment["kind"].to_string());
            }
            assert_eq!(tried, real, "a dry run is answered otherwise");
        }
    })
    .await;
}

#[tokio::test]
async fn a_fee_is_taken_off_and_may_be_waived() {
    World::on_both(async |world| {
        let fee = json!({"kind": "CHARGE", "name": "Restocking", "quantity": 1, "unitPrice": {"amount": "-0.55", "currencyCode": "GBP"}});
        for (extra, expected) in [(json!({}), "2.00"), (pounds("2.55"), "2.55")] {
            let line = world.sold(1).await;
            let ret = world.approved(json!([back(&line, 1), fee])).await;
            let received = world.complete_step("returnReceive", &ret, json!({})).await;
            assert_eq!(received["lines"][1]["received"], 1, "a charge counts once the goods have come");
            world.complete_step("returnInspect", &ret, json!({})).await;
            assert_eq!(world.complete_step("returnClose", &ret, extra).await["refunded"]["amount"], expected);
        }
    })
    .await;
}

#[tokio::test]
async fn reports_count_what_has_come_on_the_day_that_it_came() {
    World::on_both(async |world| {
        let line = world.sold(5).await;
        let report = "query($from: DateTime) { salesReport(from: $from) { returns unitsReturned refunds { amount } netRevenue { amount } } }";
        let sums = async |from: Option<&str>| world.execute(report, json!({ "from": from })).await["salesReport"][0].clone();
        let ret = world.approved(json!([back(&line, 4)])).await;
        assert_eq!((&sums(None).await["returns"], &sums(None).await["unitsReturned"]), (&json!(0), &json!(0)));
        world.advance_clock(3 * 86_400);
        let own = &ret["lines"][0]["id"];
        let partly = world.complete_step("returnReceive", &ret, json!({"lines": [{"lineId": own, "quantity": 1}]})).await;
        assert_eq!((&partly["occurredAt"], &partly["receivedAt"]), (&json!("2026-11-23T09:00:00.000000Z"), &json!("2026-11-23T09:00:00.000000Z")));
        let later = sums(Some("2026-11-22T00:00:00Z")).await;
        assert_eq!((&later["unitsReturned"], &later["refunds"]["amount"]), (&json!(1), &json!("2.55")));
        world.complete_step("returnReceive", &ret, json!({})).await;
        let all = sums(None).await;
        assert_eq!(all, json!({"returns": 1, "unitsReturned": 4, "refunds": {"amount": "10.20"}, "netRevenue": {"amount": "2.55"}}));
    })
    .await;
}

#[tokio::test]
async fn reports_count_what_a_closed_return_gave_back() {
    World::on_both(async |world| {
        let report =
            "query($by: SalesGroup!) { salesReport(groupBy: $by) { refunds { amount } chargeCredits { amount } netRevenue { amount } } }";
        let sums = async |by: &str| {
            let rows = world.execute(report, json!({ "by": by })).await["salesReport"].clone();
            assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
            ["refunds", "chargeCredits", "netRevenue"].map(|name| rows[0][name]["amount"].as_str().unwrap().to_owned())
        };
        let ret = discounted(&world).await;
        assert_eq!(sums("NONE").await, ["5.10", "0.00", "-1.10"], "its own prices, until it is closed");
        world.complete_step("returnClose", &ret, pounds("0")).await;
        for by in ["NONE", "DAY", "MONTH", "PRODUCT", "CATEGORY", "STORE", "CHANNEL", "COUNTRY", "CUSTOMER"] {
            assert_eq!(sums(by).await, ["0.00", "0.00", "4.00"], "{by}");
        }
        let ret = discounted(&world).await;
        world.complete_step("returnClose", &ret, json!({})).await;
        assert_eq!(sums("PRODUCT").await, ["4.00", "0.00", "4.00"], "no more than was charged");
        // A fee that is withheld, one that is waived, and one without a refund from which it could
        // be withheld.
        let fee = json!({"kind": "CHARGE", "name": "Restocking", "quantity": 1, "unitPrice": {"amount": "-0.55", "currencyCode": "GBP"}});
        for (extra, expected) in [
            (json!({}), ["6.55", "-0.55", "4.00"]),
            (pounds("2.55"), ["9.10", "-0.55", "4.00"]),
            (pounds("0"), ["9.10", "-0.55", "6.55"]),
        ] {
            let line = world.sold(1).await;
            let ret = world.approved(json!([back(&line, 1), fee])).await;
            world.complete_step("returnReceive", &ret, json!({})).await;
            world.complete_step("returnInspect", &ret, json!({})).await;
            world.complete_step("returnClose", &ret, extra).await;
            assert_eq!(sums("NONE").await, expected);
        }
        // One unit of four was returned: 2.55 of 10.20 is refunded.
        let line = world.sold(4).await;
        let ret = world.approved(json!([back(&line, 4)])).await;
        let input = json!({"lines": [{"lineId": ret["lines"][0]["id"], "quantity": 1}], "isLast": true});
        world.complete_step("returnReceive", &ret, input).await;
        world.complete_step("returnInspect", &ret, json!({})).await;
        world.complete_step("returnClose", &ret, json!({})).await;
        assert_eq!(sums("NONE").await, ["11.65", "-0.55", "14.20"]);
    })
    .await;
}

#[tokio::test]
async fn what_was_sold_by_the_piece_is_refunded_by_the_piece() {
    World::on_both(async |world| {
        let wrap = world.wrap;
        let line = world.ordered("FULFILLED", &[(wrap, 5)]).await["lines"][0]["id"].clone();
        // Nothing was ever moved of it, so its unit may change: from now on it is sold by the metre of 100 smallest units.
        world.run_tenant_sql("UPDATE product SET unit_decimals = 2 WHERE tenant_id = $1 AND id = $2", vec![wrap.into()]).await;
        let approved_return = world.approved(json!([back(&line, 5)])).await;
        assert_eq!(approved_return["refund"]["amount"], "7.50");
        world.complete_step("returnReceive", &approved_return, json!({})).await;
        world.complete_step("returnInspect", &approved_return, json!({})).await;
        assert_eq!(world.complete_step("returnClose", &approved_return, json!({})).await["refunded"]["amount"], "7.50");
    })
    .await;
}

#[tokio::test]
async fn what_comes_back_in_parts_is_refunded_no_more_than_it_was_charged() {
    World::on_both(async |world| {
        // Three for 7.65 less 0.64: a third of 7.01 is no whole penny.
        let sold = async || {
            let line =
                json!({"product": {"id": world.mug}, "quantity": 3, "discount": {"amount": "0.64", "currencyCode": "GBP"}});
            let input =
                json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": "FULFILLED", "lines": [line]});
            accepted(&world.mutate("orderCreate", input).await, "order")["lines"][0]["id"].clone()
        };
        let looked_at = async |lines: Value| {
            let ret = world.approved(lines).await;
            world.complete_step("returnReceive", &ret, json!({})).await;
            world.complete_step("returnInspect", &ret, json!({})).await
        };
        let line = sold().await;
        for (extra, expected) in [("2.35", "2.34"), ("2.34", "2.33"), ("2.35", "2.34")] {
            let ret = looked_at(json!([back(&line, 1)])).await;
            refused(&world.mutate("returnClose", world.step(&ret, pounds(extra))).await, "OUT_OF_RANGE", "input.refund");
            assert_eq!(world.complete_step("returnClose", &ret, json!({})).await["refunded"]["amount"], expected);
        }
        // Nor where the parts are lines of one return.
        let line = sold().await;
        let ret = looked_at(json!([back(&line, 1), back(&line, 1), back(&line, 1)])).await;
        refused(&world.mutate("returnClose", world.step(&ret, pounds("7.02"))).await, "OUT_OF_RANGE", "input.refund");
        assert_eq!(world.complete_step("returnClose", &ret, json!({})).await["refunded"]["amount"], "7.01");
        // Nor where nine of ten are cancelled: the one that left came to 2.55 less 0.11 and 0.10 of tax, while a tenth of all ten is 2.55.
        let money = |amount: &str| json!({"amount": amount, "currencyCode": "GBP"});
        let ten = json!({"product": {"id": world.mug}, "quantity": 10, "discount": money("1.06"), "tax": money("1.04")});
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": "CONFIRMED", "lines": [ten]});
        let order = accepted(&world.mutate("orderCreate", input).await, "order").clone();
        let line = order["lines"][0]["id"].clone();
        world.complete_step("orderFulfil", &order, json!({"lines": [{"lineId": line, "quantity": 1}]})).await;
        world.complete_step("orderCancel", &order, json!({})).await;
        let ret = looked_at(json!([back(&line, 1)])).await;
        refused(&world.mutate("returnClose", world.step(&ret, pounds("2.55"))).await, "OUT_OF_RANGE", "input.refund");
        assert_eq!(world.complete_step("returnClose", &ret, json!({})).await["refunded"]["amount"], "2.54");
        let sums = "query($id: ID!) { order(by: {id: $id}) { netTotal { amount } paymentStatus } }";
        let sums = world.execute(sums, json!({"id": order["id"]})).await["order"].clone();
        assert_eq!(sums, json!({"netTotal": {"amount": "0.00"}, "paymentStatus": "NOTHING_DUE"}), "nothing is left of it");
    })
    .await;
}

#[tokio::test]
async fn what_was_sold_is_given_back_in_the_currency_it_was_sold_in() {
    World::on_both(async |world| {
        let line = world.sold(2).await;
        let priced = |currency: &str| {
            json!([{"orderLineId": line, "quantity": 1, "unitPrice": {"amount": "1.00", "currencyCode": currency}}])
        };
        for receive in [false, true] {
            let mut input = world.asking(priced("EUR"));
            input["receive"] = json!(receive);
            refused(&world.mutate("returnCreate", input).await, "INVALID", "input.lines.0.unitPrice.currencyCode");
        }
        world.requested(priced("GBP")).await;
    })
    .await;
}
