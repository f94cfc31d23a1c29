//! Net total of an order, its balance, and its statuses.

use serde_json::{Value, json};

use super::{World, accepted, pounds, refused};

/// Returns a return of mugs of an order, inspected and not yet closed.
async fn came_back(world: &World, order: &Value, quantity: i64) -> Value {
    let line = json!({"orderLineId": order["lines"][0]["id"], "quantity": quantity});
    let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "receive": false, "lines": [line]});
    let customer_return = accepted(&world.mutate("returnCreate", input).await, "return").clone();
    for step in ["returnApprove", "returnReceive", "returnInspect"] {
        world.complete_step(step, &customer_return, json!({})).await;
    }
    customer_return
}

#[tokio::test]
async fn a_closed_return_is_taken_from_what_is_owed() {
    World::on_both(async |world| {
        let order = world.mugs("FULFILLED", 4).await;
        world.paid(&order, "CAPTURE", "10.20", json!({})).await;
        let back = came_back(&world, &order, 2).await;
        assert_eq!(world.money(&order).await, ["10.20", "0.00", "PAID", "NONE"], "until it is closed");
        let refund = |amount: &'static str| world.pay(&order, "REFUND", amount, json!({"returnId": back["id"]}));
        refused(&refund("1.00").await, "INVALID_STATE", "input.returnId");
        world.complete_step("returnClose", &back, json!({"refund": pounds("4.00")})).await;
        assert_eq!(world.read(&order).await["returnedTotal"]["amount"], "4.00");
        assert_eq!(world.money(&order).await, ["6.20", "-4.00", "OVERPAID", "NONE"]);
        let message = refused(&refund("4.01").await, "OUT_OF_RANGE", "input.amount");
        assert!(message.contains("at most 4.00 GBP is left to refund for the return"), "{message}");
        assert_eq!(accepted(&refund("1.50").await, "payment")["return"]["id"], back["id"]);
        refused(&refund("2.51").await, "OUT_OF_RANGE", "input.amount");
        let given = async || {
            let document = "query($id: ID!) { returns(first: 1, filter: { id: { eq: $id } }) {
                nodes { refundStatus payments { kind amount { amount } order { id } } } } }";
            world.execute(document, json!({"id": back["id"]})).await["returns"]["nodes"][0].clone()
        };
        let fact = |amount: &str| json!({"kind": "REFUND", "amount": {"amount": amount}, "order": {"id": order["id"]}});
        assert_eq!(given().await, json!({"refundStatus": "PARTIAL", "payments": [fact("1.50")]}));
        let rest = accepted(&refund("2.50").await, "payment").clone();
        assert_eq!(given().await, json!({"refundStatus": "FULL", "payments": [fact("1.50"), fact("2.50")]}));
        accepted(&world.take_back(&rest).await, "payment");
        assert_eq!(given().await["refundStatus"], "PARTIAL", "a refund that was taken back gives nothing");
        accepted(&refund("2.50").await, "payment");
        assert_eq!(world.money(&order).await, ["6.20", "0.00", "PAID", "PARTIAL"]);
        let other = world.mugs("FULFILLED", 1).await;
        world.paid(&other, "CAPTURE", "2.55", json!({})).await;
        let of_other = world.pay(&other, "REFUND", "0.01", json!({"returnId": back["id"]})).await;
        refused(&of_other, "INVALID", "input.returnId");
    })
    .await;
}

#[tokio::test]
async fn a_refund_names_its_return_by_the_number() {
    World::on_both(async |world| {
        let order = world.mugs("FULFILLED", 4).await;
        world.paid(&order, "CAPTURE", "10.20", json!({})).await;
        let back = came_back(&world, &order, 2).await;
        world.complete_step("returnClose", &back, json!({"refund": pounds("4.00")})).await;
        let found = world.execute("query($id: ID!) { return(by: {id: $id}) { number } }", json!({"id": back["id"]})).await;
        let number = found["return"]["number"].as_str().unwrap().to_owned();
        let other = "ret_01h455vb4pex5vsknk084sn02q";
        let refund = async |extra: Value| world.pay(&order, "REFUND", "0.50", extra).await;
        for none in ["RT-999999", "no number"] {
            let message = refused(&refund(json!({"return": {"number": none}})).await, "NOT_FOUND", "input.return.number");
            assert_eq!(message, format!("there is no such return: \"{none}\""));
        }
        refused(&refund(json!({"return": {"id": other}})).await, "NOT_FOUND", "input.return.id");
        refused(&refund(json!({"return": {"number": number}, "returnId": other})).await, "INVALID", "input.return");
        let payload = refund(json!({"return": {"number": number}})).await;
        assert_eq!(accepted(&payload, "payment")["return"]["id"], back["id"]);
        let both = refund(json!({"return": {"number": number.to_lowercase()}, "returnId": back["id"]})).await;
        assert_eq!(accepted(&both, "payment")["return"]["id"], back["id"]);
        let facts = [number.as_str(), "RT-999999"]
            .map(|number| world.fact(&order, "REFUND", "0.50", json!({"return": {"number": number}})));
        let many = world.mutate("paymentsRecord", json!({"idempotencyKey": world.key(), "payments": facts})).await;
        refused(&many, "NOT_FOUND", "input.payments.1.return.number");
        assert_eq!(world.money(&order).await[1], "-3.00", "of 4.00 to be given back, 1.00 was");
    })
    .await;
}

#[tokio::test]
async fn a_refund_names_its_return_by_the_reference_of_another_system() {
    World::on_both(async |world| {
        let order = world.mugs("FULFILLED", 2).await;
        world.paid(&order, "CAPTURE", "5.10", json!({})).await;
        let line = json!({"orderLineId": order["lines"][0]["id"], "quantity": 1});
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "externalRef": "RMA-17", "close": true,
            "refund": pounds("2.00"), "lines": [line]});
        let back = accepted(&world.mutate("returnCreate", input).await, "return").clone();
        let refund =
            async |reference: &str| world.pay(&order, "REFUND", "0.50", json!({"return": {"externalRef": reference}})).await;
        assert_eq!(accepted(&refund("RMA-17").await, "payment")["return"]["id"], back["id"]);
        let message = refused(&refund("RMA-18").await, "NOT_FOUND", "input.return.externalRef");
        assert_eq!(message, "there is no such return: \"RMA-18\"");
        assert_eq!(world.money(&order).await[1], "-1.50", "of 2.00 to be given back, 0.50 was");
    })
    .await;
}

#[tokio::test]
async fn a_return_of_two_orders_gives_back_to_each_its_share() {
    World::on_both(async |world| {
        let (one, two) = (world.mugs("FULFILLED", 1).await, world.mugs("FULFILLED", 2).await);
        let piece = |order: &Value, quantity: i64| json!({"orderLineId": order["lines"][0]["id"], "quantity": quantity});
        let line = json!({"product": {"id": world.mug}, "quantity": 3, "matches": [piece(&one, 1), piece(&two, 2)]});
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "receive": false, "lines": [line]});
        let back = accepted(&world.mutate("returnCreate", input).await, "return").clone();
        for step in ["returnApprove", "returnReceive", "returnInspect"] {
            world.complete_step(step, &back, json!({})).await;
        }
        // 5.00 of 7.65: a third is 1.67, to the penny.
        world.complete_step("returnClose", &back, json!({"refund": pounds("5.00")})).await;
        let returned = [world.read(&one).await, world.read(&two).await].map(|order| order["returnedTotal"]["amount"].clone());
        assert_eq!(returned, [json!("1.67"), json!("3.33")]);
    })
    .await;
}

#[tokio::test]
async fn a_cancel_changes_what_is_owed_in_the_same_step() {
    World::on_both(async |world| {
        let unpaid = world.mugs("CONFIRMED", 2).await;
        let cancelled = world.complete_step("orderCancel", &unpaid, json!({})).await;
        assert_eq!((&cancelled["paymentStatus"], &cancelled["netTotal"]["amount"]), (&json!("NOTHING_DUE"), &json!("0.00")));
        let paid = world.mugs("CONFIRMED", 3).await;
        world.paid(&paid, "CAPTURE", "7.65", json!({})).await;
        let one = json!({"lines": [{"lineId": paid["lines"][0]["id"], "quantity": 1}]});
        world.complete_step("orderFulfil", &paid, one).await;
        assert_eq!(world.complete_step("orderCancel", &paid, json!({})).await["paymentStatus"], "OVERPAID");
        assert_eq!(world.money(&paid).await, ["2.55", "-5.10", "OVERPAID", "NONE"]);
        world.paid(&paid, "REFUND", "5.10", json!({})).await;
        assert_eq!(world.money(&paid).await, ["2.55", "0.00", "PAID", "PARTIAL"]);
        let whole = world.mugs("CONFIRMED", 1).await;
        world.paid(&whole, "CAPTURE", "2.55", json!({})).await;
        world.complete_step("orderCancel", &whole, json!({})).await;
        world.paid(&whole, "REFUND", "2.55", json!({})).await;
        assert_eq!(world.money(&whole).await, ["0.00", "0.00", "PAID", "FULL"], "nothing is owed either way");
        for (filter, expected) in [
            (json!({"paymentStatus": ["NOTHING_DUE"]}), vec!["1"]),
            (json!({"paymentStatus": ["PAID"]}), vec!["2", "3"]),
            (json!({"paymentStatus": ["PAID"], "refundStatus": ["FULL"]}), vec!["3"]),
            (json!({"refundStatus": ["PARTIAL", "FULL"]}), vec!["2", "3"]),
            (json!({"refundStatus": ["NONE", "FULL"]}), vec!["1", "3"]),
            (json!({"paymentStatus": []}), vec![]),
        ] {
            assert_eq!(world.found(filter.clone()).await, expected, "{filter}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_hold_for_payment_lifts_itself_when_the_order_is_paid() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 2).await;
        for kind in ["PAYMENT", "ADDRESS", "PAYMENT"] {
            world.complete_step("orderHoldSet", &order, json!({"kind": kind, "reason": "as agreed"})).await;
        }
        world.paid(&order, "AUTHORISATION", "5.10", json!({})).await;
        world.paid(&order, "CAPTURE", "5.09", json!({})).await;
        let kinds =
            |order: &Value| order["holds"].as_array().unwrap().iter().map(|hold| hold["kind"].clone()).collect::<Vec<_>>();
        assert_eq!(kinds(&world.read(&order).await).len(), 3, "a penny is missing");
        world.paid(&order, "CAPTURE", "0.01", json!({})).await;
        assert_eq!(kinds(&world.read(&order).await), ["ADDRESS"]);
        let events = world.events_of("order.").await;
        assert_eq!(events[events.len() - 3..], ["order.updated", "order.hold_lifted", "order.hold_lifted"]);
        assert_eq!(world.found(json!({"hold": ["PAYMENT"]})).await, Vec::<String>::new());
        // A fact about money changes no state and no stock, and raises the version once.
        let after = world.read(&order).await;
        assert_eq!((&after["status"], &after["version"]), (&json!("CONFIRMED"), &json!(7)));
        assert_eq!(world.level(world.mug, world.store).await, [100, 2, 0]);
    })
    .await;
}
