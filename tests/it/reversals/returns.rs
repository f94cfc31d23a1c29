//! Returns to suppliers that are undone: the goods are back as they were.

use serde_json::{Value, json};

use super::undo::{Office, accepted, effect, key, order, refused, reverse, undone};
use crate::{authorization::world::World, world::on_both};

on_both!(what_went_back_is_here_again_in_its_condition, a_return_of_a_closed_order_stays,);

/// Returns units of a purchase order's line to the supplier, from available or set-aside stock.
async fn sent_back(office: &Office<'_>, line: &Value, quantity: i64, source: &str) -> Value {
    let lines = json!([{ "purchaseOrderLineId": line, "quantity": quantity, "source": source }]);
    let input = json!({ "idempotencyKey": key(), "supplier": office.supplier, "store": office.store, "lines": lines });
    let payload = office.mutate("supplierReturnCreate", "SupplierReturnCreateInput", "supplierReturn { id }", input).await;
    accepted(&payload, "supplierReturn")["id"].clone()
}

async fn what_went_back_is_here_again_in_its_condition(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let ordered = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let line = ordered["lines"][0]["id"].clone();
    let lines = json!([{ "purchaseOrderLineId": line, "quantity": 6, "damaged": 4, "note": "wet box" }]);
    accepted(&office.buy("purchaseOrderReceive", json!({ "id": ordered["id"], "lines": lines })).await, "purchaseOrder");
    let back = sent_back(&office, &line, 4, "QUARANTINE").await;
    assert_eq!(office.level(&mug, &office.store).await, [6, 0, 0]);
    let some = json!({ "lines": [{ "lineId": mug["id"], "quantity": 1 }] });
    let reversal = undone(&office, &back, some).await;
    assert_eq!((&reversal["kind"], &reversal["lines"][0]["lineId"]), (&json!("SUPPLIER_RETURN"), &mug["id"]));
    assert_eq!(["RETURNED", "ON_HAND", "UNAVAILABLE"].map(|field| effect(&reversal, field)), [[-1], [1], [1]]);
    let credit = reversal["effects"].as_array().unwrap().iter().find(|one| one["what"] == "CREDIT").unwrap();
    assert_eq!(credit["moneyDelta"]["amount"], "-2.00");
    assert_eq!(office.level(&mug, &office.store).await, [7, 1, 0]);
    undone(&office, &back, json!({})).await;
    assert_eq!(office.level(&mug, &office.store).await, [10, 4, 0]);
    assert_eq!(order(&office, &ordered["id"]).await["lines"][0]["returned"], 0);
    refused(&reverse(&office, &back, json!({})).await, "INVALID_STATE", "input.documentId");
    office.is_sound().await;
}

async fn a_return_of_a_closed_order_stays(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let ordered = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    accepted(&office.receive(&ordered, &[10]).await, "purchaseOrder");
    let back = sent_back(&office, &ordered["lines"][0]["id"], 3, "AVAILABLE").await;
    office.step(&ordered, "purchaseOrderClose").await;
    refused(&reverse(&office, &back, json!({})).await, "INVALID_STATE", "input.documentId");
    assert_eq!(office.level(&mug, &office.store).await, [7, 0, 0]);
    office.is_sound().await;
}
