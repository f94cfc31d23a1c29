//! Facts as gateways and tills report them.

use entrepot::orders::jobs::{ExpiryCursors, expire_due};
use serde_json::{Value, json};

use super::{World, accepted, pounds, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_comes_three_times_leaves_one_payment() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 3).await;
        let report = || world.pay(&order, "CAPTURE", "7.65", json!({"reference": "ch_1"}));
        let answers = [report().await, report().await, report().await];
        let id = accepted(&answers[0], "payment")["id"].as_str().unwrap().to_owned();
        for answer in &answers[1..] {
            let message = refused(answer, "DUPLICATE", "input.reference");
            assert!(message.contains(&id), "the fact is named: {message}");
        }
        assert_eq!(world.read(&order).await["payments"], json!([{"id": id, "kind": "CAPTURE"}]));
        // At once, and from two processes.
        let elsewhere = world.served_elsewhere().await;
        let mut reports = Vec::new();
        for _ in 0..3 {
            let mut input = world.fact(&order, "REFUND", "1.00", json!({"reference": "re_1"}));
            input["idempotencyKey"] = json!(world.key());
            reports.push(input);
        }
        let [first, second, third] = <[Value; 3]>::try_from(reports).unwrap();
        let (a, b, c) = futures_util::join!(
            world.mutate("paymentRecord", first),
            world.mutate_elsewhere(&elsewhere, "paymentRecord", second),
            world.mutate("paymentRecord", third)
        );
        let codes: Vec<&str> = [&a, &b, &c].into_iter().filter_map(|answer| answer["userErrors"][0]["code"].as_str()).collect();
        assert_eq!(codes, ["DUPLICATE", "DUPLICATE"]);
        // Another kind and another method have references of their own.
        world.paid(&order, "AUTHORISATION", "1.00", json!({"reference": "ch_1"})).await;
        world.paid(&order, "CAPTURE", "1.00", json!({"reference": "ch_1", "method": "CASH"})).await;
        assert_eq!(world.money(&order).await, ["7.65", "0.00", "PAID", "PARTIAL"]);
    })
    .await;
}

#[tokio::test]
async fn refunds_above_captures_are_refused_with_what_is_left() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 3).await;
        let too_much = refused(&world.pay(&order, "REFUND", "0.01", json!({})).await, "OUT_OF_RANGE", "input.amount");
        assert!(too_much.contains("at most 0.00 GBP"), "{too_much}");
        let first = world.paid(&order, "CAPTURE", "7.65", json!({})).await;
        let second = world.paid(&order, "CAPTURE", "3.00", json!({})).await;
        world.paid(&order, "REFUND", "2.00", json!({"parentId": second["id"]})).await;
        let of_capture = world.pay(&order, "REFUND", "1.01", json!({"parentId": second["id"]})).await;
        let message = refused(&of_capture, "OUT_OF_RANGE", "input.amount");
        assert!(message.contains("at most 1.00 GBP is left of the capture"), "{message}");
        let message = refused(&world.pay(&order, "REFUND", "8.66", json!({})).await, "OUT_OF_RANGE", "input.amount");
        assert!(message.contains("at most 8.65 GBP"), "{message}");
        world.paid(&order, "REFUND", "8.65", json!({})).await;
        assert_eq!(world.money(&order).await, ["7.65", "7.65", "UNPAID", "FULL"], "both are true");
        let other = world.mugs("CONFIRMED", 1).await;
        let elsewhere = world.pay(&other, "REFUND", "1.00", json!({"parentId": first["id"]})).await;
        refused(&elsewhere, "NOT_FOUND", "input.parentId");
    })
    .await;
}

#[tokio::test]
async fn an_authorisation_is_captured_and_given_up_as_far_as_it_goes() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 3).await;
        let payment = world.paid(&order, "AUTHORISATION", "10.00", json!({"reference": "au_1", "note": "7 days"})).await;
        let of = json!({"parentId": payment["id"]});
        assert_eq!(world.money(&order).await, ["7.65", "7.65", "AUTHORISED", "NONE"]);
        let captured = world.paid(&order, "CAPTURE", "6.00", of.clone()).await;
        assert_eq!(captured["parent"]["id"], payment["id"]);
        let message = refused(&world.pay(&order, "CAPTURE", "4.01", of.clone()).await, "OUT_OF_RANGE", "input.amount");
        assert!(message.contains("at most 4.00 GBP of the authorisation"), "{message}");
        world.paid(&order, "VOID", "3.00", of.clone()).await;
        refused(&world.pay(&order, "VOID", "1.01", of.clone()).await, "OUT_OF_RANGE", "input.amount");
        world.paid(&order, "CAPTURE", "1.00", of.clone()).await;
        refused(&world.pay(&order, "CAPTURE", "0.01", of.clone()).await, "OUT_OF_RANGE", "input.amount");
        assert_eq!(world.money(&order).await, ["7.65", "0.65", "PARTIALLY_PAID", "NONE"]);
        // A customer may pay too much: that is no error.
        world.paid(&order, "CAPTURE", "5.00", json!({"method": "CASH"})).await;
        assert_eq!(world.money(&order).await, ["7.65", "-4.35", "OVERPAID", "NONE"]);
        refused(&world.pay(&order, "VOID", "1.00", json!({})).await, "REQUIRED", "input.parentId");
        refused(&world.pay(&order, "AUTHORISATION", "1.00", of.clone()).await, "INVALID", "input.parentId");
        refused(&world.pay(&order, "REFUND", "1.00", of).await, "INVALID", "input.parentId");
    })
    .await;
}

#[tokio::test]
async fn a_mistyped_payment_is_taken_back_once_and_while_nothing_rests_on_it() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 3).await;
        let held_payment = world.paid(&order, "AUTHORISATION", "7.65", json!({})).await;
        let captured = world.paid(&order, "CAPTURE", "7.65", json!({"parentId": held_payment["id"], "reference": "ch_9"})).await;
        let refund = world.paid(&order, "REFUND", "1.00", json!({"parentId": captured["id"]})).await;
        for (payment, resting) in [(&captured, &refund), (&held_payment, &captured)] {
            let answer = world.take_back(payment).await;
            refused(&answer, "IN_USE", "input.id");
            let error = &answer["userErrors"][0];
            assert_eq!((&error["documents"], &error["documentCount"]), (&json!([{"id": resting["id"]}]), &json!(1)));
        }
        let events = world.events_of("payment.").await.len();
        let version = world.read(&order).await["version"].as_i64().unwrap();
        let mut input =
            json!({"idempotencyKey": world.key(), "id": refund["id"], "expectedVersion": version - 1, "note": "mistyped"});
        refused(&world.mutate("paymentReverse", input.clone()).await, "VERSION_CONFLICT", "input.expectedVersion");
        input["expectedVersion"] = json!(version);
        let dry = "mutation($input: PaymentReverseInput!) { paymentReverse(input: $input, validateOnly: true) {
            payment { amount { amount } reverses { id } } userErrors { code } seq } }";
        let payment_reverse = world.execute(dry, json!({ "input": input })).await["paymentReverse"].clone();
        assert_eq!(
            payment_reverse["payment"],
            json!({"amount": {"amount": "-1.00"}, "reverses": {"id": refund["id"]}}),
            "{payment_reverse}"
        );
        assert_eq!(world.events_of("payment.").await.len(), events, "a dry run records nothing");
        let payload = world.mutate("paymentReverse", input.clone()).await;
        let back = accepted(&payload, "payment").clone();
        assert_eq!(
            (&back["kind"], &back["amount"], &back["parent"]["id"]),
            (&json!("REFUND"), &pounds("-1.00"), &captured["id"])
        );
        assert_eq!(back["reverses"], json!({"id": refund["id"], "reversedBy": {"id": back["id"]}}));
        assert_eq!(world.mutate("paymentReverse", input).await["replayed"], json!(true));
        assert_eq!(world.events_of("payment.").await.len(), events + 1);
        assert_eq!(world.money(&order).await, ["7.65", "0.00", "PAID", "NONE"]);
        for gone in [&refund, &back] {
            refused(&world.take_back(gone).await, "INVALID_STATE", "input.id");
        }
        accepted(&world.take_back(&captured).await, "payment");
        assert_eq!(world.money(&order).await, ["7.65", "7.65", "AUTHORISED", "NONE"], "it may be captured again");
        let of_gone = world.pay(&order, "REFUND", "1.00", json!({"parentId": captured["id"]})).await;
        refused(&of_gone, "INVALID_STATE", "input.parentId");
        accepted(&world.take_back(&held_payment).await, "payment");
        assert_eq!(world.money(&order).await, ["7.65", "7.65", "UNPAID", "NONE"]);
        // A refund of the order depends on its captures, even if it names none.
        let cash = world.paid(&order, "CAPTURE", "7.65", json!({})).await;
        let given_payment = world.paid(&order, "REFUND", "7.65", json!({})).await;
        let answer = world.take_back(&cash).await;
        refused(&answer, "IN_USE", "input.id");
        assert_eq!(answer["userErrors"][0]["documents"], json!([{"id": given_payment["id"]}]));
    })
    .await;
}

#[tokio::test]
async fn facts_of_a_list_are_recorded_together_or_not_at_all() {
    World::on_both(async |world| {
        let (old, new) = (world.mugs("CONFIRMED", 3).await, world.mugs("CONFIRMED", 2).await);
        world.paid(&old, "CAPTURE", "7.65", json!({})).await;
        let exchange = json!({"method": "EXCHANGE", "reference": "EX-1"});
        let given_input = world.fact(&old, "REFUND", "5.10", exchange.clone());
        let mut taken_input = world.fact(&new, "CAPTURE", "5.10", exchange);
        taken_input["order"] = json!({"number": new["number"]});
        let list = |facts: &[&Value]| json!({"idempotencyKey": world.key(), "payments": facts});
        let mut odd = taken_input.clone();
        odd["amount"] = pounds("0.00");
        let events = world.events_of("payment.").await.len();
        refused(&world.mutate("paymentsRecord", list(&[&given_input, &odd])).await, "OUT_OF_RANGE", "input.payments.1.amount");
        refused(
            &world.mutate("paymentsRecord", list(&[&given_input, &given_input])).await,
            "DUPLICATE",
            "input.payments.1.reference",
        );
        refused(&world.mutate("paymentsRecord", list(&[])).await, "INVALID", "input.payments");
        assert_eq!(world.money(&old).await, ["7.65", "0.00", "PAID", "NONE"], "nothing was recorded");
        assert_eq!(world.events_of("payment.").await.len(), events);
        let input = list(&[&given_input, &taken_input]);
        let payload = world.mutate("paymentsRecord", input.clone()).await;
        let payments = accepted(&payload, "payments");
        assert_eq!(
            (&payments[0]["order"]["id"], &payments[1]["order"]["id"]),
            (&old["id"], &new["id"]),
            "in the order of the input"
        );
        assert_eq!(world.money(&old).await, ["7.65", "5.10", "PARTIALLY_PAID", "PARTIAL"]);
        assert_eq!(world.money(&new).await, ["5.10", "0.00", "PAID", "NONE"]);
        assert_eq!(world.events_of("payment.").await.len(), events + 2);
        let again = world.mutate("paymentsRecord", input).await;
        assert_eq!((&again["replayed"], &again["payments"]), (&json!(true), payments));
        let many: Vec<Value> = vec![given_input; 501];
        let many = list(&many.iter().collect::<Vec<_>>());
        refused(&world.mutate("paymentsRecord", many).await, "LIMIT_EXCEEDED", "input.payments");
        // For this many orders, their sizes are read first.
        let mut many = Vec::new();
        for _ in 0..7 {
            many.push(world.fact(&world.mugs("CONFIRMED", 1).await, "CAPTURE", "2.55", json!({})));
        }
        let payload = world.mutate("paymentsRecord", list(&many.iter().collect::<Vec<_>>())).await;
        assert_eq!(accepted(&payload, "payments").as_array().unwrap().len(), 7);
    })
    .await;
}

#[tokio::test]
async fn a_fact_names_its_order_and_is_of_its_currency() {
    World::on_both(async |world| {
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "channelId": world.web, "externalRef": "W-1",
            "lines": [{"product": {"id": world.mug}, "quantity": 1}]});
        let order = accepted(&world.mutate("orderCreate", input).await, "order").clone();
        for name in [json!({"external": {"channelId": world.web, "ref": "W-1"}}), json!({"number": order["number"]})] {
            let paid = world.paid(&order, "CAPTURE", "1.00", json!({ "order": name })).await;
            assert_eq!(paid["order"]["id"], order["id"]);
        }
        for (extra, code, field) in [
            (json!({"order": {"number": "99"}}), "NOT_FOUND", "input.order.number"),
            (json!({"order": {"number": "one"}}), "NOT_FOUND", "input.order.number"),
            (json!({"order": {"external": {"channelId": world.direct, "ref": "W-1"}}}), "NOT_FOUND", "input.order.external.ref"),
            (json!({"amount": {"amount": "1.00", "currencyCode": "EUR"}}), "INVALID", "input.amount"),
            (json!({"amount": pounds("-1.00")}), "OUT_OF_RANGE", "input.amount"),
            (json!({"method": " "}), "REQUIRED", "input.method"),
            (json!({"method": "m".repeat(65)}), "TOO_LONG", "input.method"),
            (json!({"occurredAt": "2026-11-20T09:06:00Z"}), "OUT_OF_RANGE", "input.occurredAt"),
            (json!({"returnId": "ret_00000000000000000000000000"}), "INVALID", "input.returnId"),
        ] {
            refused(&world.pay(&order, "CAPTURE", "1.00", extra).await, code, field);
        }
        let document = "mutation($input: PaymentRecordInput!) { paymentRecord(input: $input, validateOnly: true) {
            payment { kind order { id } } userErrors { code } seq } }";
        let mut input = world.fact(&order, "CAPTURE", "0.55", json!({}));
        input["idempotencyKey"] = json!("dry");
        let dry = world.execute(document, json!({ "input": input })).await["paymentRecord"].clone();
        assert_eq!(dry, json!({"payment": {"kind": "CAPTURE", "order": {"id": order["id"]}}, "userErrors": [], "seq": null}));
        assert_eq!(world.money(&order).await, ["2.55", "0.55", "PARTIALLY_PAID", "NONE"], "a dry run records nothing");
        // An order whose payment time has expired accepts late payments, but no authorisations.
        let late = world.mugs("PENDING", 1).await;
        world.advance_clock(10_000);
        expire_due(&world.ledger, world.ledger.clock().now(), &ExpiryCursors::default()).await.unwrap();
        refused(&world.pay(&late, "AUTHORISATION", "1.00", json!({})).await, "INVALID_STATE", "input.order");
        world.paid(&late, "CAPTURE", "1.00", json!({})).await;
        assert_eq!(world.money(&late).await, ["0.00", "-1.00", "OVERPAID", "NONE"]);
    })
    .await;
}

#[tokio::test]
async fn an_order_has_a_thousand_payments_at_most() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 1).await;
        for _ in 0..2 {
            let facts = vec![world.fact(&order, "AUTHORISATION", "0.01", json!({})); 500];
            let input = json!({"idempotencyKey": world.key(), "payments": facts});
            assert_eq!(accepted(&world.mutate("paymentsRecord", input).await, "payments").as_array().map(Vec::len), Some(500));
        }
        refused(&world.pay(&order, "CAPTURE", "0.01", json!({})).await, "LIMIT_EXCEEDED", "input.order");
        assert_eq!(world.money(&order).await, ["2.55", "2.55", "AUTHORISED", "NONE"]);
    })
    .await;
}
