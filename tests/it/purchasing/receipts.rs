//! Receipts of deliveries: partial, over and under, damaged, wrong, repeated and concurrent ones,
//! and their costs.

use serde_json::{Value, json};

use super::office::{Office, accepted, gbp, key, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    more_than_the_tolerance_is_refused_and_within_it_is_noted,
    less_within_the_tolerance_completes_an_order,
    what_is_ordered_is_expected_by_order_and_day,
    an_order_is_closed_short,
    damaged_goods_are_on_hand_and_not_available,
    wrong_items_are_noted_and_not_taken_in,
    a_receipt_carries_its_cost_to_the_last_penny,
    two_receivers_at_once_never_receive_too_much,
    the_same_delivery_is_counted_once,
    what_cannot_be_received_is_refused_with_its_path,
    what_came_last_is_when_an_order_was_received,
    a_dry_run_writes_nothing,
);

fn kinds(order: &Value) -> Vec<(String, i64)> {
    let all = order["discrepancies"].as_array().unwrap();
    all.iter().map(|one| (one["kind"].as_str().unwrap().to_owned(), one["quantity"].as_i64().unwrap())).collect()
}

async fn more_than_the_tolerance_is_refused_and_within_it_is_noted(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let strict = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    refused(&office.receive(&strict, &[11]).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 10]);
    // Ten percent of 19 is one whole unit.
    let lax = office.ordered(json!({ "overDeliveryPercent": 10, "lines": [{ "product": mug, "quantity": 19 }] })).await;
    refused(&office.receive(&lax, &[21]).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    accepted(&office.receive(&lax, &[15]).await, "purchaseOrder");
    refused(&office.receive(&lax, &[6]).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    let over = office.receive(&lax, &[5]).await;
    let over = accepted(&over, "purchaseOrder");
    assert_eq!((&over["status"], kinds(over)), (&json!("RECEIVED"), vec![("OVER".to_owned(), 1)]));
    assert_eq!(office.level(&mug, &office.store).await, [20, 0, 10], "the other order is still to come");
    office.is_sound().await;
}

async fn less_within_the_tolerance_completes_an_order(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let order = office
        .ordered(
            json!({ "underDeliveryPercent": 10, "lines": [{ "product": mug, "quantity": 20 }, { "product": plate, "quantity": 20 }] }),
        )
        .await;
    let first = office.receive(&order, &[18, 0]).await;
    assert_eq!(accepted(&first, "purchaseOrder")["status"], "PARTIALLY_RECEIVED", "the plates are missing");
    assert_eq!(office.level(&mug, &office.store).await, [18, 0, 2]);
    let second = office.receive(&order, &[0, 19]).await;
    let second = accepted(&second, "purchaseOrder");
    assert_eq!((&second["status"], kinds(second)), (&json!("RECEIVED"), vec![("SHORT".to_owned(), 2), ("SHORT".to_owned(), 1)]));
    assert_eq!((office.level(&mug, &office.store).await, office.level(&plate, &office.store).await), ([18, 0, 0], [19, 0, 0]));
    office.is_sound().await;
}

async fn what_is_ordered_is_expected_by_order_and_day(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let undated = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 5 }] })).await;
    let dated = office.ordered(json!({ "expectedOn": "2027-01-15", "lines": [{ "product": mug, "quantity": 20 }] })).await;
    accepted(&office.receive(&dated, &[8]).await, "purchaseOrder");
    let query = "query($product: ProductRef!, $store: StoreRef!) { availabilityExplanation(product: $product, store: $store) {
        onHand incoming incomingFrom { quantity expectedOn document { id } } } }";
    let answer = office.execute(query, json!({ "product": mug, "store": office.store })).await;
    let expected = json!({ "onHand": 8, "incoming": 17, "incomingFrom": [
        // Five days is the supplier's lead time, as the order has no date.
        { "quantity": 5, "expectedOn": "2026-09-26", "document": { "id": undated["id"] } },
        { "quantity": 12, "expectedOn": "2027-01-15", "document": { "id": dated["id"] } },
    ] });
    assert_eq!(answer["data"]["availabilityExplanation"], expected, "{answer:#}");
}

async fn an_order_is_closed_short(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 20 }] })).await;
    let part = office.receive(&order, &[12]).await;
    accepted(&part, "purchaseOrder");
    let closed = office.buy("purchaseOrderClose", json!({ "id": order["id"], "note": "out of clay" })).await;
    let closed = accepted(&closed, "purchaseOrder");
    assert_eq!(
        (&closed["status"], &closed["reason"], kinds(closed)),
        (&json!("CLOSED"), &json!("out of clay"), vec![("SHORT".to_owned(), 8)])
    );
    assert_eq!(closed["discrepancies"][0]["note"], "out of clay");
    assert_eq!(office.level(&mug, &office.store).await, [12, 0, 0]);
    let moved_entries = office.entries(&order).await;
    let plan: Vec<&Value> = moved_entries.iter().filter(|one| one["kind"] == "ADJUSTMENT").collect();
    assert_eq!(
        (plan.len(), &plan[0]["reasonCode"], &plan[0]["entries"][0]["incomingDelta"]),
        (2, &json!("PURCHASE"), &json!(-8))
    );
    office.is_sound().await;
}

async fn damaged_goods_are_on_hand_and_not_available(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let line = order["lines"][0]["id"].clone();
    let lines = json!([{ "purchaseOrderLineId": line, "quantity": 7, "damaged": 3, "note": "wet box" }]);
    let payload = office.buy("purchaseOrderReceive", json!({ "id": order["id"], "lines": lines })).await;
    let after = accepted(&payload, "purchaseOrder");
    assert_eq!(
        (&after["lines"][0]["received"], &after["lines"][0]["damaged"], kinds(after)),
        (&json!(10), &json!(3), vec![("DAMAGED".to_owned(), 3)])
    );
    assert_eq!(
        (&after["discrepancies"][0]["note"], &after["discrepancies"][0]["purchaseOrderLineId"]),
        (&json!("wet box"), &line)
    );
    assert_eq!(after["discrepancies"][0]["receiptId"], after["receipts"][0]["id"]);
    assert_eq!(office.level(&mug, &office.store).await, [10, 3, 0]);
    office.is_sound().await;
}

async fn wrong_items_are_noted_and_not_taken_in(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let wrong = json!([{ "product": plate, "quantity": 4 }, { "quantity": 1, "note": "a teapot" }]);
    let payload = office.buy("purchaseOrderReceive", json!({ "id": order["id"], "lines": [], "wrongItems": wrong })).await;
    let after = accepted(&payload, "purchaseOrder");
    assert_eq!(
        (&after["status"], kinds(after)),
        (&json!("ORDERED"), vec![("WRONG_ITEM".to_owned(), 4), ("WRONG_ITEM".to_owned(), 1)])
    );
    assert_eq!(
        (&after["discrepancies"][0]["product"]["sku"], &after["discrepancies"][1]["note"]),
        (&json!("PLATE"), &json!("a teapot"))
    );
    assert_eq!((office.level(&mug, &office.store).await, office.level(&plate, &office.store).await), ([0, 0, 10], [0, 0, 0]));
    let nobodys = json!([{ "product": { "id": world.theirs.ids["prd"] }, "quantity": 4 }]);
    let payload = office.buy("purchaseOrderReceive", json!({ "id": order["id"], "wrongItems": nobodys })).await;
    refused(&payload, "NOT_FOUND", "input.wrongItems.0.product.id");
    office.is_sound().await;
}

/// Freight of 10.00 is split into 3.87 and 6.13, and each line is received in three parts: unit
/// costs differ by a penny, and the parts sum to the line's total to the penny.
async fn a_receipt_carries_its_cost_to_the_last_penny(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "1.00").await;
    let tea = office
        .mutate(
            "productCreate",
            "ProductCreateInput",
            "product { id }",
            json!({ "sku": "TEA", "name": "Tea", "unit": { "code": "kg", "decimals": 3 } }),
        )
        .await;
    let tea = json!({ "id": accepted(&tea, "product")["id"] });
    let lines = json!([{ "product": mug, "quantity": 7 }, { "product": tea, "quantity": 3_333, "unitCost": gbp("3.33") }]);
    let order = office.ordered(json!({ "lines": lines, "charges": [{ "kind": "FREIGHT", "amount": gbp("10.00") }] })).await;
    // 7.00 and 11.10 of goods, 3.87 and 6.13 of freight.
    assert_eq!(
        (&order["lines"][0]["charges"]["amount"], &order["lines"][1]["charges"]["amount"]),
        (&json!("3.87"), &json!("6.13"))
    );
    for parts in [[2, 1_000], [4, 2_000], [1, 333]] {
        accepted(&office.receive(&order, &parts).await, "purchaseOrder");
        office.is_sound().await;
    }
    let read = office
        .execute(
            "query($id: ID!) { purchaseOrder(by: { id: $id }) { receipts { lines { landedTotal { amount } } } } }",
            json!({ "id": order["id"] }),
        )
        .await;
    let landed = |place: usize| -> i64 {
        let receipts = read["data"]["purchaseOrder"]["receipts"].as_array().unwrap();
        receipts
            .iter()
            .map(|receipt| {
                receipt["lines"][place]["landedTotal"]["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap()
            })
            .sum()
    };
    assert_eq!((landed(0), landed(1)), (1_087, 1_723), "goods and freight of each line, to the penny");
    // The ledger's entries carry the same: `verify` has compared them. One whole unit costs a penny more on some of them.
    let entries = office.entries(&order).await;
    let costs: Vec<String> = entries
        .iter()
        .filter(|one| one["kind"] == "RECEIPT")
        .flat_map(|one| one["entries"].as_array().unwrap().clone())
        .map(|entry| entry["unitCost"]["amount"].to_string())
        .collect();
    assert!(costs.iter().any(|cost| cost.contains("1.55")) && costs.iter().any(|cost| cost.contains("1.56")), "{costs:?}");
}

async fn two_receivers_at_once_never_receive_too_much(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let all = futures_util::future::join_all((0..8).map(|_| office.receive(&order, &[3]))).await;
    let total = all.iter().filter(|payload| payload["userErrors"] == json!([])).count();
    assert_eq!(total, 3, "three times three of ten: {all:#?}");
    assert_eq!(office.level(&mug, &office.store).await, [9, 0, 1]);
    office.is_sound().await;
}

async fn the_same_delivery_is_counted_once(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let again = key();
    let line = json!([{ "purchaseOrderLineId": order["lines"][0]["id"], "quantity": 4 }]);
    let input = json!({ "idempotencyKey": again, "id": order["id"], "lines": line });
    let both = futures_util::future::join_all((0..4).map(|_| office.buy("purchaseOrderReceive", input.clone()))).await;
    assert_eq!(both.iter().filter(|payload| payload["replayed"] == json!(false)).count(), 1, "{both:#?}");
    assert!(both.iter().all(|payload| payload["seq"] == both[0]["seq"] && payload["userErrors"] == json!([])), "{both:#?}");
    assert_eq!(office.level(&mug, &office.store).await, [4, 0, 6]);
    let mut other = input;
    other["lines"][0]["quantity"] = json!(5);
    refused(&office.buy("purchaseOrderReceive", other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
}

async fn what_cannot_be_received_is_refused_with_its_path(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let other = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let line =
        |document: &Value, quantity: i64| json!({ "purchaseOrderLineId": document["lines"][0]["id"], "quantity": quantity });
    let cases = [
        (json!({ "lines": [] }), "INVALID", "input.lines"),
        (json!({ "lines": [line(&order, 0)] }), "OUT_OF_RANGE", "input.lines.0.quantity"),
        (json!({ "lines": [line(&order, -1)] }), "OUT_OF_RANGE", "input.lines.0.quantity"),
        (json!({ "lines": [line(&order, 1), line(&order, 1)] }), "INVALID", "input.lines.1.lineId"),
        (json!({ "lines": [line(&other, 1)] }), "NOT_FOUND", "input.lines.0.lineId"),
        (json!({ "lines": [line(&order, 1)], "expectedVersion": 1 }), "VERSION_CONFLICT", "input.expectedVersion"),
        (json!({ "lines": [line(&order, 1)], "occurredAt": "2099-01-01T00:00:00Z" }), "OUT_OF_RANGE", "input.occurredAt"),
        (json!({ "lines": [line(&order, 9_007_199_254_740_991)] }), "OUT_OF_RANGE", "input.lines.0.quantity"),
    ];
    for (mut input, code, field) in cases {
        input["id"] = order["id"].clone();
        refused(&office.buy("purchaseOrderReceive", input).await, code, field);
    }
    refused(&office.buy("purchaseOrderReceive", json!({ "id": world.theirs.ids["por"] })).await, "NOT_FOUND", "input.id");
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 20]);
    // The refusal states that all units have been received, though another line of the order is
    // still open.
    let two = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 1 }, { "product": mug, "quantity": 1 }] })).await;
    accepted(&office.receive(&two, &[1]).await, "purchaseOrder");
    let message = refused(&office.receive(&two, &[1]).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    assert_eq!(message, "nothing of MUG is left to be received");
}

async fn what_came_last_is_when_an_order_was_received(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let before = entrepot::clock::rfc3339(world.node.clock.now());
    world.advance_clock(60);
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let receive = async |quantity: i64, at: &str| {
        let lines = json!([{ "purchaseOrderLineId": order["lines"][0]["id"], "quantity": quantity }]);
        office.buy("purchaseOrderReceive", json!({ "id": order["id"], "lines": lines, "occurredAt": at })).await
    };
    world.advance_clock(3_600);
    let moment = entrepot::clock::rfc3339(world.node.clock.now());
    accepted(&receive(4, &moment).await, "purchaseOrder");
    // A receipt that is recorded later but occurred earlier, even before the order was entered, is
    // not the last one.
    let early = receive(6, &before).await;
    assert_eq!(
        (&accepted(&early, "purchaseOrder")["status"], &early["purchaseOrder"]["receivedAt"]),
        (&json!("RECEIVED"), &json!(moment))
    );
    office.is_sound().await;
}

async fn a_dry_run_writes_nothing(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let before = world.dump(office.caller.tenant).await;
    let query = "mutation($input: PurchaseOrderReceiveInput!) { purchaseOrderReceive(input: $input, validateOnly: true) { purchaseOrder { status lines { received } } userErrors { code } seq } }";
    let answer = office.execute(query, json!({ "input": { "idempotencyKey": key(), "id": order["id"] } })).await;
    let purchase_order_receive = &answer["data"]["purchaseOrderReceive"];
    assert_eq!(
        (
            &purchase_order_receive["purchaseOrder"]["status"],
            &purchase_order_receive["purchaseOrder"]["lines"][0]["received"],
            &purchase_order_receive["seq"]
        ),
        (&json!("RECEIVED"), &json!(10), &Value::Null)
    );
    assert_eq!(world.dump(office.caller.tenant).await, before);
}
