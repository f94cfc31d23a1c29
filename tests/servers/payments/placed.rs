//! Orders that are placed together with their payments.

use serde_json::{Value, json};

use super::{World, accepted, pounds, refused};

/// The input of a new order of three mugs, 7.65 in all, with its payments.
fn create_three_orders(world: &World, status: &str, payments: Value) -> Value {
    let lines = json!([{"product": {"id": world.mug}, "quantity": 3}]);
    json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": status, "lines": lines, "payments": payments})
}

fn card(kind: &str, amount: &str, reference: &str) -> Value {
    json!({"kind": kind, "amount": pounds(amount), "method": "CARD", "reference": reference})
}

#[tokio::test]
async fn a_till_sells_and_takes_the_money_in_one_call() {
    World::on_both(async |world| {
        let input =
            create_three_orders(&world, "FULFILLED", json!([{"kind": "CAPTURE", "amount": pounds("7.65"), "method": "CASH"}]));
        let first = world.mutate("orderCreate", input.clone()).await;
        let order = accepted(&first, "order").clone();
        assert_eq!((&order["paymentStatus"], &order["version"]), (&json!("PAID"), &json!(1)));
        assert_eq!(order["payments"].as_array().unwrap().len(), 1);
        assert_eq!(world.money(&order).await, ["7.65", "0.00", "PAID", "NONE"]);
        assert_eq!(world.level(world.mug, world.store).await, [97, 0, 0]);
        assert_eq!(
            [world.events_of("order.").await, world.events_of("payment.").await],
            [["order.created"], ["payment.recorded"]]
        );
        let again = world.mutate("orderCreate", input.clone()).await;
        assert_eq!((&again["replayed"], &accepted(&again, "order")["id"]), (&json!(true), &order["id"]));
        let mut less = input;
        less["payments"][0]["amount"] = pounds("7.00");
        refused(&world.mutate("orderCreate", less).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
        assert_eq!(world.found(json!({"paymentStatus": ["PAID"]})).await, ["1"]);
        // A payment captured with the order is refunded as a later one is.
        world.paid(&order, "REFUND", "7.65", json!({"parentId": order["payments"][0]["id"]})).await;
        assert_eq!(world.money(&order).await, ["7.65", "7.65", "UNPAID", "FULL"]);
    })
    .await;
}

#[tokio::test]
async fn a_checkout_places_an_order_that_is_authorised() {
    World::on_both(async |world| {
        for (payments, status) in [
            (json!([card("AUTHORISATION", "7.65", "au_1")]), "AUTHORISED"),
            (json!([card("AUTHORISATION", "6.65", "au_2"), card("CAPTURE", "1.00", "ch_2")]), "PARTIALLY_PAID"),
            (json!([card("CAPTURE", "8.00", "ch_3")]), "OVERPAID"),
            (json!([]), "UNPAID"),
        ] {
            let order = world.mutate("orderCreate", create_three_orders(&world, "CONFIRMED", payments)).await;
            assert_eq!(accepted(&order, "order")["paymentStatus"], json!(status));
        }
        assert_eq!(world.level(world.mug, world.store).await, [100, 12, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_reference_that_is_taken_leaves_no_order() {
    World::on_both(async |world| {
        let payload =
            world.mutate("orderCreate", create_three_orders(&world, "CONFIRMED", json!([card("CAPTURE", "7.65", "ch_1")]))).await;
        let payments_id = accepted(&payload, "order")["payments"][0]["id"].as_str().unwrap().to_owned();
        let twice =
            world.mutate("orderCreate", create_three_orders(&world, "CONFIRMED", json!([card("CAPTURE", "7.65", "ch_1")]))).await;
        let message = refused(&twice, "DUPLICATE", "input.payments.0.reference");
        assert!(message.contains(&payments_id), "the payment is named: {message}");
        let both = json!([card("CAPTURE", "1.00", "ch_2"), card("CAPTURE", "2.00", "ch_2")]);
        let both = world.mutate("orderCreate", create_three_orders(&world, "CONFIRMED", both)).await;
        refused(&both, "DUPLICATE", "input.payments.1.reference");
        let one = |world: &World| create_three_orders(world, "CONFIRMED", json!([card("CAPTURE", "7.65", "ch_9")]));
        let (a, b) = futures_util::join!(world.mutate("orderCreate", one(&world)), world.mutate("orderCreate", one(&world)));
        let codes: Vec<&str> = [&a, &b].into_iter().filter_map(|answer| answer["userErrors"][0]["code"].as_str()).collect();
        assert_eq!(codes, ["DUPLICATE"]);
        assert_eq!(world.level(world.mug, world.store).await, [100, 6, 0]);
        assert_eq!(world.found(json!({})).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_a_new_order_cannot_have_been_paid_is_refused_with_the_order() {
    World::on_both(async |world| {
        let euros = json!({"kind": "CAPTURE", "amount": {"amount": "7.65", "currencyCode": "EUR"}, "method": "CARD"});
        let input = json!({"kind": "CAPTURE", "amount": pounds("1.00"), "method": "CARD", "occurredAt": "2027-01-01T00:00:00Z"});
        for (payment, code, field) in [
            (card("REFUND", "1.00", "re_1"), "INVALID", "kind"),
            (card("VOID", "1.00", "vo_1"), "INVALID", "kind"),
            (card("CAPTURE", "0.00", "ch_1"), "OUT_OF_RANGE", "amount"),
            (euros, "INVALID", "amount"),
            (input, "OUT_OF_RANGE", "occurredAt"),
            (card("CAPTURE", "1.00", &"r".repeat(129)), "TOO_LONG", "reference"),
        ] {
            let answer = world.mutate("orderCreate", create_three_orders(&world, "CONFIRMED", json!([payment]))).await;
            refused(&answer, code, &format!("input.payments.0.{field}"));
        }
        assert_eq!((world.found(json!({})).await.len(), world.level(world.mug, world.store).await), (0, [100, 0, 0]));
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_says_that_it_would_be_paid_and_writes_nothing() {
    World::on_both(async |world| {
        let document = "mutation($input: OrderCreateInput!) { orderCreate(input: $input, validateOnly: true) { \
            order { paymentStatus balance { amount } } userErrors { code } } }";
        let input = create_three_orders(&world, "CONFIRMED", json!([card("CAPTURE", "7.65", "ch_1")]));
        let dry = world.execute(document, json!({"input": input.clone()})).await["orderCreate"].clone();
        assert_eq!(dry, json!({"order": {"paymentStatus": "PAID", "balance": {"amount": "0.00"}}, "userErrors": []}));
        assert_eq!(world.query_number("SELECT count(*) FROM payment WHERE tenant_id = $1").await, 0);
        accepted(&world.mutate("orderCreate", input).await, "order");
        assert_eq!(world.query_number("SELECT count(*) FROM payment WHERE tenant_id = $1").await, 1);
    })
    .await;
}

#[tokio::test]
async fn payments_are_recorded_by_who_may_record_them() {
    World::on_both(async |world| {
        let document =
            "mutation($input: OrderCreateInput!) { result: orderCreate(input: $input) { order { id } userErrors { code } } }";
        let paid = create_three_orders(&world, "CONFIRMED", json!([card("CAPTURE", "7.65", "ch_1")]));
        let answer = world.execute_without(&["payment.write"], document, json!({"input": paid})).await;
        assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer:#}");
        let unpaid = create_three_orders(&world, "CONFIRMED", json!([]));
        let answer = world.execute_without(&["payment.write"], document, json!({"input": unpaid})).await;
        assert_eq!(answer["result"]["userErrors"], json!([]), "{answer:#}");
    })
    .await;
}
