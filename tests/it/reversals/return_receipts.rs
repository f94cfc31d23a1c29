//! Reversals of returns that were recorded as received by mistake.

use serde_json::{Value, json};

use super::{
    receipts::with,
    undo::{Office, accepted, effect, key, refused, reverse, reverse_document, undone},
};
use crate::{authorization::world::World, costing::world::Books, world::on_both};

on_both!(
    what_came_in_goes_out_again_and_is_awaited,
    two_steps_of_receiving_are_undone_together,
    goods_that_were_looked_at_as_they_came_stay,
    what_was_given_up_is_asked_back_again,
    whoever_takes_no_returns_undoes_none,
);

const RETURN: &str = "return { id status version receivedAt lines { id received } }";

/// A desk, and a sale of four mugs out of twenty.
pub async fn sold(world: &World) -> (Books<'_>, Value, Value) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 20, "2.00").await;
    let sale = books.sell(&mug, 4).await;
    (books, mug, sale)
}

/// A return of units of the sale that is approved and not received yet.
pub async fn approved(office: &Office<'_>, sale: &Value, quantity: i64) -> Value {
    let lines = json!([{ "orderLineId": sale["lines"][0]["id"], "quantity": quantity }]);
    let input = json!({ "idempotencyKey": key(), "store": office.store, "receive": false, "lines": lines });
    let payload = office.mutate("returnCreate", "ReturnCreateInput", RETURN, input).await;
    let input = json!({ "idempotencyKey": key(), "id": accepted(&payload, "return")["id"] });
    accepted(&office.mutate("returnApprove", "ReturnActionInput", RETURN, input).await, "return").clone()
}

pub async fn receive_return(office: &Office<'_>, ret: &Value, quantity: i64, extra: Value) -> Value {
    let lines = json!([{ "lineId": ret["lines"][0]["id"], "quantity": quantity }]);
    let mut input = json!({ "idempotencyKey": key(), "id": ret["id"], "lines": lines });
    extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    accepted(&office.mutate("returnReceive", "ReturnReceiveInput", RETURN, input).await, "return").clone()
}

pub async fn step(office: &Office<'_>, mutation: &str, kind: &str, ret: &Value, extra: Value) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "id": ret["id"] });
    extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    accepted(&office.mutate(mutation, kind, RETURN, input).await, "return").clone()
}

pub async fn now(office: &Office<'_>, ret: &Value) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on Return { status receivedAt lines { received } } } }";
    office.execute(query, json!({ "id": ret["id"] })).await["data"]["node"].clone()
}

/// Returns the returned units of the sale's line, and those still to be returned.
pub async fn back(office: &Office<'_>, sale: &Value) -> Value {
    let query = "query($id: ID!) { order(by: { id: $id }) { lines { returned returnPending } } }";
    office.execute(query, json!({ "id": sale["id"] })).await["data"]["order"]["lines"][0].clone()
}

/// On hand and unavailable of a product in the office's store.
pub async fn aside(office: &Office<'_>, product: &Value) -> [i64; 2] {
    let [on_hand, unavailable, _] = office.level(product, &office.store).await;
    [on_hand, unavailable]
}

async fn what_came_in_goes_out_again_and_is_awaited(world: &World) {
    let (books, mug, sale) = sold(world).await;
    let office = &books.office;
    let ret = approved(office, &sale, 3).await;
    refused(&reverse(office, &ret["id"], json!({})).await, "INVALID_STATE", "input.documentId");
    let received_return = receive_return(office, &ret, 3, json!({})).await;
    assert_eq!((&received_return["status"], aside(office, &mug).await), (&json!("RECEIVED"), [19, 3]));
    let part = json!({ "lines": [{ "lineId": received_return["lines"][0]["id"] }] });
    refused(&reverse(office, &ret["id"], part).await, "INVALID", "input.lines");
    let stale = reverse(office, &ret["id"], json!({ "expectedVersion": ret["version"] })).await;
    refused(&stale, "VERSION_CONFLICT", "input.expectedVersion");
    let reversal = undone(office, &ret["id"], json!({})).await;
    assert_eq!((&reversal["kind"], &reversal["document"]["id"]), (&json!("RETURN_RECEIPT"), &ret["id"]));
    assert_eq!(
        (&reversal["lines"][0]["lineId"], &reversal["lines"][0]["quantity"]),
        (&received_return["lines"][0]["id"], &json!(3))
    );
    let status = &reversal["effects"][0];
    assert_eq!((&status["statusBefore"], &status["statusAfter"]), (&json!("RECEIVED"), &json!("APPROVED")));
    let figures = ["RECEIVED", "RETURNED", "ON_HAND", "UNAVAILABLE"].map(|field| effect(&reversal, field));
    assert_eq!(figures, [[-3]; 4]);
    assert_eq!(now(office, &ret).await, json!({ "status": "APPROVED", "receivedAt": null, "lines": [{ "received": 0 }] }));
    assert_eq!(aside(office, &mug).await, [16, 0]);
    assert_eq!(back(office, &sale).await, json!({ "returned": 0, "returnPending": 3 }));
    refused(&reverse(office, &ret["id"], json!({})).await, "INVALID_STATE", "input.documentId");
    office.is_sound().await;
    // The goods arrive after all, and the receipt is reversed a second time; then the return is
    // rejected.
    receive_return(office, &ret, 3, json!({})).await;
    let again = undone(office, &ret["id"], json!({})).await;
    assert_eq!(effect(&again, "ON_HAND"), [-3], "only what stands goes back");
    step(office, "returnReject", "ReturnRejectInput", &ret, json!({ "reason": "it never came" })).await;
    assert_eq!(back(office, &sale).await, json!({ "returned": 0, "returnPending": 0 }));
    office.is_sound().await;
}

async fn two_steps_of_receiving_are_undone_together(world: &World) {
    let (books, mug, sale) = sold(world).await;
    let office = &books.office;
    let ret = approved(office, &sale, 4).await;
    receive_return(office, &ret, 1, json!({})).await;
    let received_return = receive_return(office, &ret, 2, json!({})).await;
    assert_eq!(received_return["status"], "PARTIALLY_RECEIVED");
    let reversal = undone(office, &ret["id"], json!({})).await;
    assert_eq!((reversal["movements"].as_array().unwrap().len(), effect(&reversal, "ON_HAND")), (2, vec![-3]));
    assert_eq!(aside(office, &mug).await, [16, 0]);
    assert_eq!(back(office, &sale).await, json!({ "returned": 0, "returnPending": 4 }));
    office.is_sound().await;
}

async fn goods_that_were_looked_at_as_they_came_stay(world: &World) {
    let (books, mug, sale) = sold(world).await;
    let office = &books.office;
    let lines = json!([{ "orderLineId": sale["lines"][0]["id"], "quantity": 3 }]);
    let input = json!({ "idempotencyKey": key(), "store": office.store, "lines": lines });
    let ret = accepted(&office.mutate("returnCreate", "ReturnCreateInput", RETURN, input).await, "return").clone();
    let payload = reverse(office, &ret["id"], json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    assert_eq!(payload["userErrors"][0]["documents"][0]["id"], ret["id"]);
    assert_eq!(aside(office, &mug).await, [19, 0]);
    step(office, "returnInspect", "ReturnInspectInput", &ret, json!({})).await;
    refused(&reverse(office, &ret["id"], json!({})).await, "INVALID_STATE", "input.documentId");
    office.is_sound().await;
}

async fn what_was_given_up_is_asked_back_again(world: &World) {
    let (books, _, sale) = sold(world).await;
    let office = &books.office;
    let ret = approved(office, &sale, 3).await;
    let over = receive_return(office, &ret, 1, json!({ "isLast": true })).await;
    assert_eq!((&over["status"], back(office, &sale).await), (&json!("RECEIVED"), json!({ "returned": 1, "returnPending": 0 })));
    let other = approved(office, &sale, 2).await;
    let payload = reverse(office, &ret["id"], json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    let error = &payload["userErrors"][0];
    assert_eq!((&error["documents"][0]["id"], &error["documentCount"]), (&other["id"], &json!(1)));
    step(office, "returnReject", "ReturnRejectInput", &other, json!({ "reason": "asked for twice" })).await;
    undone(office, &ret["id"], json!({})).await;
    assert_eq!(back(office, &sale).await, json!({ "returned": 0, "returnPending": 3 }));
    office.is_sound().await;
}

async fn whoever_takes_no_returns_undoes_none(world: &World) {
    let (books, _, sale) = sold(world).await;
    let office = &books.office;
    let ret = approved(office, &sale, 1).await;
    receive_return(office, &ret, 1, json!({})).await;
    let clerk = office.as_caller(with(&office.caller, None, &["document.reverse"]));
    let answer = reverse_document(&clerk, &ret["id"], json!({}), false).await;
    assert!(answer["errors"].to_string().contains("order.return"), "{answer:#}");
    let annex = office.new_store("ANNEX").await;
    let elsewhere = office.as_caller(with(&office.caller, Some(&annex), &["document.reverse", "order.return"]));
    refused(&reverse(&elsewhere, &ret["id"], json!({})).await, "NOT_FOUND", "input.documentId");
    assert_eq!(now(office, &ret).await["status"], "RECEIVED");
}
