//! Returns that were closed with the wrong amount.

use serde_json::{Value, json};

use super::{
    receipts::with,
    undo::{Office, accepted, gbp, key, refused, reverse, reverse_document, undone},
};
use crate::{
    authorization::world::World,
    costing::world::{Books, run_tenant_sql},
    world::on_both,
};

on_both!(
    a_closed_return_is_opened_and_closed_again,
    what_fell_on_two_orders_goes_back_to_each,
    of_two_returns_of_an_order_the_later_one_is_opened_first,
    money_that_was_given_back_stays_given,
    whoever_may_not_settle_returns_opens_none,
);

const RETURN: &str = "return { id status version refunded { amount } lines { id } }";

/// Receives and inspects a return of these order lines.
async fn inspected(office: &Office<'_>, lines: &[(&Value, i64)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(line, units)| json!({ "orderLineId": line, "quantity": units })).collect();
    let input = json!({ "idempotencyKey": key(), "store": office.store, "lines": lines });
    let payload = office.mutate("returnCreate", "ReturnCreateInput", RETURN, input).await;
    let look = json!({ "idempotencyKey": key(), "id": accepted(&payload, "return")["id"] });
    let customer_return_payload = office.mutate("returnInspect", "ReturnInspectInput", RETURN, look).await;
    accepted(&customer_return_payload, "return").clone()
}

async fn closed(office: &Office<'_>, ret: &Value, refund: &str) -> Value {
    let input = json!({ "idempotencyKey": key(), "id": ret["id"], "refund": gbp(refund) });
    let payload = office.mutate("returnClose", "ReturnCloseInput", RETURN, input).await;
    accepted(&payload, "return").clone()
}

async fn now(office: &Office<'_>, ret: &Value) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on Return { id status version refunded { amount } } } }";
    office.execute(query, json!({ "id": ret["id"] })).await["data"]["node"].clone()
}

/// Returns the net total of an order.
async fn net(office: &Office<'_>, order: &Value) -> Value {
    let query = "query($id: ID!) { order(by: { id: $id }) { netTotal { amount } } }";
    office.execute(query, json!({ "id": order["id"] })).await["data"]["order"]["netTotal"]["amount"].clone()
}

/// An office, and `sales` sales of two mugs for 99.00 each.
async fn sold<'w>(world: &'w World, sales: usize) -> (Books<'w>, Vec<Value>) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 20, "2.00").await;
    let mut all = Vec::with_capacity(sales);
    for _ in 0..sales {
        all.push(books.sell(&mug, 2).await);
    }
    (books, all)
}

async fn a_closed_return_is_opened_and_closed_again(world: &World) {
    let (books, sales) = sold(world, 1).await;
    let (office, sale) = (&books.office, &sales[0]);
    let ret = inspected(office, &[(&sale["lines"][0]["id"], 1)]).await;
    refused(&reverse(office, &ret["id"], json!({})).await, "INVALID_STATE", "input.documentId");
    let settled = closed(office, &ret, "90.00").await;
    assert_eq!(net(office, sale).await, "108.00");
    let part = json!({ "lines": [{ "lineId": settled["lines"][0]["id"] }] });
    refused(&reverse(office, &ret["id"], part).await, "INVALID", "input.lines");
    let stale = reverse(office, &ret["id"], json!({ "expectedVersion": ret["version"] })).await;
    refused(&stale, "VERSION_CONFLICT", "input.expectedVersion");
    let reversal = undone(office, &ret["id"], json!({})).await;
    assert_eq!(
        (&reversal["kind"], &reversal["document"]["id"], &reversal["lines"]),
        (&json!("RETURN_REFUND"), &ret["id"], &json!([]))
    );
    let effects = reversal["effects"].as_array().unwrap();
    assert_eq!((&effects[0]["statusBefore"], &effects[0]["statusAfter"]), (&json!("CLOSED"), &json!("INSPECTED")));
    assert_eq!((&effects[1]["what"], &effects[1]["moneyDelta"]["amount"]), (&json!("REFUNDED"), &json!("-90.00")));
    let open = now(office, &ret).await;
    assert_eq!(
        (&open["status"], &open["refunded"], net(office, sale).await),
        (&json!("INSPECTED"), &Value::Null, json!("198.00"))
    );
    refused(&reverse(office, &ret["id"], json!({})).await, "INVALID_STATE", "input.documentId");
    office.is_sound().await;
    closed(office, &ret, "99.00").await;
    assert_eq!(net(office, sale).await, "99.00");
    undone(office, &ret["id"], json!({})).await;
    closed(office, &ret, "0.00").await;
    assert_eq!(net(office, sale).await, "198.00");
    office.is_sound().await;
}

async fn what_fell_on_two_orders_goes_back_to_each(world: &World) {
    let (books, sales) = sold(world, 2).await;
    let office = &books.office;
    let ret = inspected(office, &[(&sales[0]["lines"][0]["id"], 1), (&sales[1]["lines"][0]["id"], 2)]).await;
    closed(office, &ret, "100.01").await;
    // A third and two thirds, to the penny.
    assert_eq!((net(office, &sales[0]).await, net(office, &sales[1]).await), (json!("164.66"), json!("131.33")));
    undone(office, &ret["id"], json!({})).await;
    assert_eq!((net(office, &sales[0]).await, net(office, &sales[1]).await), (json!("198.00"), json!("198.00")));
    office.is_sound().await;
}

async fn of_two_returns_of_an_order_the_later_one_is_opened_first(world: &World) {
    let (books, sales) = sold(world, 1).await;
    let (office, line) = (&books.office, &sales[0]["lines"][0]["id"]);
    let (first, second) = (inspected(office, &[(line, 1)]).await, inspected(office, &[(line, 1)]).await);
    closed(office, &first, "99.00").await;
    closed(office, &second, "99.00").await;
    let payload = reverse(office, &first["id"], json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    let error = &payload["userErrors"][0];
    assert_eq!((&error["documents"][0]["id"], &error["documentCount"]), (&second["id"], &json!(1)));
    undone(office, &second["id"], json!({})).await;
    undone(office, &first["id"], json!({})).await;
    assert_eq!(net(office, &sales[0]).await, "198.00");
    // Two returns that were closed at the same time, as by a clock that waits for the last recorded
    // time, do not block each other.
    closed(office, &first, "99.00").await;
    closed(office, &second, "99.00").await;
    run_tenant_sql(world, "UPDATE sales_return SET updated_at = (SELECT max(r.updated_at) FROM sales_return r WHERE r.tenant_id = $1) WHERE tenant_id = $1").await;
    refused(&reverse(office, &first["id"], json!({})).await, "IN_USE", "input.documentId");
    undone(office, &second["id"], json!({})).await;
    undone(office, &first["id"], json!({})).await;
    office.is_sound().await;
}

async fn money_that_was_given_back_stays_given(world: &World) {
    let (books, sales) = sold(world, 1).await;
    let (office, sale) = (&books.office, &sales[0]);
    let pay = async |kind: &str, extra: Value| {
        let mut input = json!({ "idempotencyKey": key(), "order": { "id": sale["id"] }, "kind": kind, "method": "CASH" });
        extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
        accepted(&office.mutate("paymentRecord", "PaymentRecordInput", "payment { id }", input).await, "payment").clone()
    };
    pay("CAPTURE", json!({ "amount": gbp("198.00") })).await;
    let ret = inspected(office, &[(&sale["lines"][0]["id"], 1)]).await;
    closed(office, &ret, "99.00").await;
    let refund = pay("REFUND", json!({ "amount": gbp("50.00"), "returnId": ret["id"] })).await;
    let payload = reverse(office, &ret["id"], json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    let error = &payload["userErrors"][0];
    assert_eq!((&error["documents"][0]["id"], &error["documentCount"]), (&refund["id"], &json!(1)));
    assert_eq!(now(office, &ret).await["status"], "CLOSED");
    // A mistaken refund no longer keeps the return closed once it is reversed.
    let input = json!({ "idempotencyKey": key(), "id": refund["id"], "note": "never left the till" });
    accepted(&office.mutate("paymentReverse", "PaymentReverseInput", "payment { id }", input).await, "payment");
    undone(office, &ret["id"], json!({})).await;
    office.is_sound().await;
}

async fn whoever_may_not_settle_returns_opens_none(world: &World) {
    let (books, sales) = sold(world, 1).await;
    let office = &books.office;
    let ret = inspected(office, &[(&sales[0]["lines"][0]["id"], 1)]).await;
    closed(office, &ret, "99.00").await;
    let clerk = office.as_caller(with(&office.caller, None, &["document.reverse"]));
    let answer = reverse_document(&clerk, &ret["id"], json!({}), false).await;
    assert!(answer["errors"].to_string().contains("return.approve"), "{answer:#}");
    let annex = office.new_store("ANNEX").await;
    let elsewhere = office.as_caller(with(&office.caller, Some(&annex), &["document.reverse", "return.approve"]));
    refused(&reverse(&elsewhere, &ret["id"], json!({})).await, "NOT_FOUND", "input.documentId");
    assert_eq!(now(office, &ret).await["status"], "CLOSED");
}
