//! Reversals of documents by the case.

use serde_json::{Value, json};

use super::{
    receipts::with,
    undo::{accepted, effect, key, refused, reverse, reverse_document, undone},
};
use crate::{authorization::world::World, lots::shop::LotShop, scan::coded, world::on_both};

on_both!(
    cases_of_a_receipt_are_taken_back,
    cases_that_went_back_or_arrived_are_taken_back,
    what_goes_back_whole_is_not_counted_in_cases,
    a_scan_says_nothing_of_what_the_caller_may_not_undo,
);

const CASE: &str = "10012345678902";

/// A shop with mugs in cases of twelve, and cheese in cases of six.
async fn open(world: &World) -> LotShop<'_> {
    let shop = LotShop::open(world).await;
    coded(&shop, &shop.mug, json!([{ "code": "0012345678905" }, { "code": CASE, "packQuantity": 12 }])).await;
    coded(&shop, &shop.cheese, json!([{ "code": "9506000134352", "packQuantity": 6 }])).await;
    shop
}

/// An order of three cases of mugs, and the receipt of all of them.
async fn bought(shop: &LotShop<'_>) -> (Value, Value) {
    let ordered = shop.office.ordered(json!({ "lines": [{ "product": shop.mug, "quantity": 36 }] })).await;
    let payload = shop.office.receive(&ordered, &[36]).await;
    let receipt = accepted(&payload, "purchaseOrder")["receipts"][0]["id"].clone();
    (ordered, receipt)
}

/// Input of `packs` cases of a line.
fn cases(line: &Value, packs: i64) -> Value {
    json!({ "lineId": line, "packs": packs, "barcode": CASE })
}

fn pack_line(line: Value) -> Value {
    json!({ "lines": [line] })
}

async fn cases_of_a_receipt_are_taken_back(world: &World) {
    let shop = open(world).await;
    let office = &shop.office;
    let (ordered, receipt) = bought(&shop).await;
    let line = &ordered["lines"][0]["id"];
    for (name, value, code, field) in [
        ("barcode", json!("9506000134352"), "INVALID", "barcode"),
        ("barcode", json!("4006381333931"), "NOT_FOUND", "barcode"),
        ("barcode", Value::Null, "REQUIRED", "barcode"),
        ("packs", Value::Null, "REQUIRED", "quantity"),
        ("quantity", json!(12), "INVALID", "packs"),
        ("packs", json!(4), "OUT_OF_RANGE", "packs"),
        ("packs", json!(0), "OUT_OF_RANGE", "packs"),
        ("lineId", shop.mug["id"].clone(), "NOT_FOUND", "lineId"),
    ] {
        let mut wrong = cases(line, 1);
        wrong[name] = value;
        refused(&reverse(office, &receipt, pack_line(wrong)).await, code, &format!("input.lines.0.{field}"));
    }
    let reversal = undone(office, &receipt, pack_line(cases(line, 1))).await;
    assert_eq!((effect(&reversal, "ON_HAND"), office.level(&shop.mug, &office.store).await), (vec![-12], [24, 0, 12]));
    // The repeated call reverses no further case.
    let mut call = pack_line(cases(line, 1));
    call["idempotencyKey"] = json!(key());
    let first = reverse(office, &receipt, call.clone()).await;
    accepted(&first, "documentReversal");
    let again = reverse(office, &receipt, call).await;
    assert_eq!((&again["replayed"], &again["documentReversal"]["id"]), (&json!(true), &first["documentReversal"]["id"]));
    assert_eq!(office.level(&shop.mug, &office.store).await, [12, 0, 24]);
    // A line without a quantity is reversed whole.
    undone(office, &receipt, pack_line(json!({ "lineId": line }))).await;
    assert_eq!(office.level(&shop.mug, &office.store).await, [0, 0, 36]);
    office.is_sound().await;
}

async fn cases_that_went_back_or_arrived_are_taken_back(world: &World) {
    let shop = open(world).await;
    let office = &shop.office;
    bought(&shop).await;
    let lines = json!([{ "product": shop.mug, "quantity": 24 }]);
    let input = json!({ "idempotencyKey": key(), "supplier": office.supplier, "store": office.store, "lines": lines });
    let back = office.mutate("supplierReturnCreate", "SupplierReturnCreateInput", "supplierReturn { id }", input).await;
    let back = accepted(&back, "supplierReturn")["id"].clone();
    let mut wrong = cases(&shop.mug["id"], 1);
    wrong["barcode"] = json!("9506000134352");
    refused(&reverse(office, &back, pack_line(wrong)).await, "INVALID", "input.lines.0.barcode");
    undone(office, &back, pack_line(cases(&shop.mug["id"], 1))).await;
    assert_eq!(office.level(&shop.mug, &office.store).await, [24, 0, 0]);

    // Two cases arrive in the cellar, and are under way again one by one.
    let transfer = shop.create_held_transfer(&[(&shop.mug, 24)]).await;
    accepted(&shop.mutate_transfer("transferShip", json!({ "id": transfer["id"] })).await, "transfer");
    let line = &transfer["lines"][0]["id"];
    let arrived = json!({ "id": transfer["id"], "lines": [{ "lineId": line, "quantity": 24 }] });
    accepted(&shop.mutate_transfer("transferReceive", arrived).await, "transfer");
    undone(office, &transfer["id"], pack_line(cases(line, 1))).await;
    assert_eq!(office.level(&shop.mug, &shop.depot).await[0], 12);
    let query = "query($id: ID!) { stockMovements(filter: { reference: { eq: $id } }) { nodes { id kind } } }";
    let answer = office.execute(query, json!({ "id": transfer["id"] })).await["data"]["stockMovements"]["nodes"].clone();
    let receipt = answer.as_array().unwrap().iter().find(|one| one["kind"] == "TRANSFER_IN").unwrap()["id"].clone();
    refused(&reverse(office, &receipt, pack_line(cases(line, 2))).await, "OUT_OF_RANGE", "input.lines.0.packs");
    undone(office, &receipt, pack_line(cases(line, 1))).await;
    assert_eq!(office.level(&shop.mug, &shop.depot).await[0], 0);
    office.is_sound().await;
}

async fn what_goes_back_whole_is_not_counted_in_cases(world: &World) {
    let shop = open(world).await;
    let office = &shop.office;
    bought(&shop).await;
    let sale = json!({ "idempotencyKey": key(), "store": office.store, "status": "FULFILLED",
        "lines": [{ "product": shop.mug, "quantity": 12 }] });
    let sold = office.mutate("orderCreate", "OrderCreateInput", "order { id lines { id } }", sale).await;
    let sold = accepted(&sold, "order").clone();
    refused(&reverse(office, &sold["id"], pack_line(cases(&sold["lines"][0]["id"], 1))).await, "INVALID", "input.lines");
    let count = shop.start_count(json!({ "kind": "LIST", "products": [shop.mug] })).await;
    let found = json!({ "id": count["id"], "lines": [{ "product": shop.mug, "counted": 12 }] });
    accepted(&shop.mutate_count("stocktakeRecord", found).await, "stocktake");
    let line = shop.post_count(&count).await["lines"]["nodes"][0]["id"].clone();
    refused(&reverse(office, &count["id"], pack_line(cases(&line, 1))).await, "INVALID", "input.lines.0.packs");
    assert_eq!(office.level(&shop.mug, &office.store).await, [12, 0, 0]);
    office.is_sound().await;
}

async fn a_scan_says_nothing_of_what_the_caller_may_not_undo(world: &World) {
    let shop = open(world).await;
    let office = &shop.office;
    let (ordered, receipt) = bought(&shop).await;
    let mut wrong = cases(&ordered["lines"][0]["id"], 1);
    wrong["barcode"] = json!("9506000134352");
    let clerk = office.as_caller(with(&office.caller, None, &["document.reverse"]));
    let answer = reverse_document(&clerk, &receipt, pack_line(wrong.clone()), false).await;
    assert!(answer["errors"].to_string().contains("purchase.receive"), "{answer:#}");
    // A receipt of another store is not found, with any barcode.
    let elsewhere = office.as_caller(with(&office.caller, Some(&shop.depot), &["document.reverse", "purchase.receive"]));
    refused(&reverse(&elsewhere, &receipt, pack_line(wrong)).await, "NOT_FOUND", "input.documentId");
    let codes = ["document.reverse", "purchase.receive", "stock.movement.read"];
    let own = office.as_caller(with(&office.caller, Some(&office.store), &codes));
    let payload = reverse(&own, &receipt, pack_line(cases(&ordered["lines"][0]["id"], 3))).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    assert_eq!(office.level(&shop.mug, &office.store).await, [0, 0, 36]);
    office.is_sound().await;
}
