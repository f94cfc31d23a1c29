//! A scanned case is booked as the units in it.

use serde_json::{Value, json};

use super::coded;
use crate::{
    authorization::world::World,
    lots::shop::{LotShop, accepted, key},
    purchasing::office::{gbp, refused},
    world::on_both,
};

on_both!(
    a_case_books_what_is_in_it,
    a_case_is_counted_and_taken_out_whole,
    a_case_is_shipped_and_received_by_the_line_of_its_document,
    cases_are_what_a_line_is_changed_to_and_inspected_in,
    a_blanket_order_is_agreed_in_cases,
    cases_of_an_order_are_cancelled,
    a_supplier_confirms_in_cases,
    packs_that_cannot_be_counted_are_refused
);

const CASE: &str = "10012345678902";

/// A shop with mugs as single units and in cases of twelve.
async fn open(world: &World) -> LotShop<'_> {
    let shop = LotShop::open(world).await;
    coded(&shop, &shop.mug, json!([{ "code": "0012345678905" }, { "code": CASE, "packQuantity": 12 }])).await;
    shop
}

fn case(packs: i64) -> Value {
    json!({ "product": { "barcode": CASE }, "packs": packs })
}

async fn adjusted(shop: &LotShop<'_>, mut change: Value) -> Value {
    change["store"] = shop.office.store.clone();
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": [change] });
    shop.office.mutate("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await
}

async fn a_case_books_what_is_in_it(world: &World) {
    let shop = open(world).await;
    let office = &shop.office;
    assert_eq!(accepted(&adjusted(&shop, case(5)).await, "levels")[0]["onHand"], 60);
    let line = "lines { quantity }";
    let sale = json!({ "idempotencyKey": key(), "store": office.store, "lines": [case(1)] });
    let order = office.mutate("orderCreate", "OrderCreateInput", &format!("order {{ id version {line} }}"), sale.clone()).await;
    let order_made = accepted(&order, "order").clone();
    assert_eq!(order_made["lines"], json!([{ "quantity": 12 }]));
    let again = office.mutate("orderCreate", "OrderCreateInput", &format!("order {{ id version {line} }}"), sale).await;
    assert_eq!((&again["replayed"], &again["order"]["id"]), (&json!(true), &order_made["id"]));
    let more = json!({ "id": order_made["id"], "idempotencyKey": key(), "expectedVersion": order_made["version"], "addLines": [case(2)] });
    let more = office.mutate("orderUpdate", "OrderUpdateInput", &format!("order {{ {line} }}"), more).await;
    assert_eq!(accepted(&more, "order")["lines"], json!([{ "quantity": 12 }, { "quantity": 24 }]));
    let moved = json!({ "fromStore": office.store, "toStore": shop.depot, "lines": [case(1)] });
    let moved = shop.mutate_transfer("transferCreate", moved).await;
    assert_eq!(accepted(&moved, "transfer")["lines"][0]["quantity"], 12);
    let mut bought = case(3);
    bought["unitCost"] = gbp("1.50");
    let bought = office.draft(json!([bought])).await;
    assert_eq!(bought["lines"][0]["quantity"], 36);
    let mut hold_input = case(1);
    hold_input["store"] = office.store.clone();
    let hold_input = json!({ "idempotencyKey": key(), "items": [hold_input] });
    let hold_input = office.mutate("stockReserve", "StockReserveInput", "reservations { quantity }", hold_input).await;
    assert_eq!(accepted(&hold_input, "reservations"), &json!([{ "quantity": 12 }]));
    let back = json!({ "idempotencyKey": key(), "store": office.store, "lines": [case(1)] });
    let back = office.mutate("returnCreate", "ReturnCreateInput", &format!("return {{ {line} }}"), back).await;
    assert_eq!(accepted(&back, "return")["lines"], json!([{ "quantity": 12 }]));
    office.is_sound().await;
}

async fn a_case_is_counted_and_taken_out_whole(world: &World) {
    let shop = open(world).await;
    accepted(&adjusted(&shop, case(3)).await, "levels");
    let count = shop.start_count(json!({ "kind": "LIST", "products": [shop.mug] })).await;
    let found = json!({ "id": count["id"], "lines": [case(2)] });
    let counted = shop.mutate_count("stocktakeRecord", found).await;
    assert_eq!(accepted(&counted, "stocktake")["lines"]["nodes"][0]["counted"], 24);
    let mut out = case(-1);
    out["store"] = shop.office.store.clone();
    let input = json!({ "idempotencyKey": key(), "kind": "ADJUSTMENT", "reasonCode": "DAMAGE", "changes": [out] });
    let left = shop.office.mutate("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await;
    assert_eq!(accepted(&left, "levels")[0]["onHand"], 24);
    // A single one is a pack of one.
    let one = json!({ "product": { "barcode": "0012345678905" }, "packs": 4 });
    assert_eq!(accepted(&adjusted(&shop, one).await, "levels")[0]["onHand"], 28);
    // `quantity` counts smallest units, also with the barcode of a case.
    let units = json!({ "product": { "barcode": CASE }, "delta": 1 });
    assert_eq!(accepted(&adjusted(&shop, units).await, "levels")[0]["onHand"], 29);
    let mut aside = case(1);
    aside["store"] = shop.office.store.clone();
    let aside = json!({ "idempotencyKey": key(), "to": "DAMAGED", "reasonCode": "DAMAGE", "items": [aside] });
    let aside = shop.office.mutate("stockMove", "StockMoveInput", "levels { unavailable }", aside).await;
    assert_eq!(accepted(&aside, "levels")[0]["unavailable"], 12);
    // A work is picked by the case, too.
    let sale = json!({ "idempotencyKey": key(), "store": shop.office.store, "lines": [case(1)], "sourcing": {} });
    let sale = shop.office.mutate("orderCreate", "OrderCreateInput", "order { id }", sale).await;
    let of = json!({ "of": { "order": { "eq": accepted(&sale, "order")["id"] } } });
    let works = "query($of: FulfilmentWorkFilter) { fulfilmentWorks(filter: $of) { nodes { id lines { id } } } }";
    let work = shop.office.execute(works, of).await["data"]["fulfilmentWorks"]["nodes"][0].clone();
    let picked = json!({ "idempotencyKey": key(), "id": work["id"], "lines": [cases_of(&work, 1)] });
    let picked = shop.office.mutate("fulfilmentWorkPick", "FulfilmentWorkPickInput", "work { lines { picked } }", picked).await;
    assert_eq!(accepted(&picked, "work")["lines"], json!([{ "picked": 12 }]));
}

/// Input of `packs` cases for a document's first line, by its ID.
fn cases_of(document: &Value, packs: i64) -> Value {
    json!({ "lineId": document["lines"][0]["id"], "packs": packs, "barcode": CASE })
}

async fn a_case_is_shipped_and_received_by_the_line_of_its_document(world: &World) {
    let shop = open(world).await;
    let office = &shop.office;
    coded(&shop, &shop.cheese, json!([{ "code": "9506000134352", "packQuantity": 6 }])).await;
    // Three cases come from the supplier, in two deliveries.
    let mut bought = case(3);
    bought["unitCost"] = gbp("1.50");
    let order = office.ordered(json!({ "lines": [bought] })).await;
    let delivery = |line: Value| json!({ "id": order["id"], "lines": [line] });
    let first = office.buy("purchaseOrderReceive", delivery(cases_of(&order, 2))).await;
    assert_eq!(accepted(&first, "purchaseOrder")["lines"][0]["received"], 24);
    // A case of cheese on the line of mugs is a wrong scan, and nothing is booked.
    let at = |name: &str| format!("input.lines.0.{name}");
    let mut wrong = cases_of(&order, 1);
    wrong["barcode"] = json!("9506000134352");
    refused(&office.buy("purchaseOrderReceive", delivery(wrong)).await, "INVALID", &at("barcode"));
    for (name, value, code) in [
        ("barcode", json!("4006381333931"), "NOT_FOUND"),
        ("barcode", Value::Null, "REQUIRED"),
        ("quantity", json!(12), "INVALID"),
    ] {
        let mut line = cases_of(&order, 1);
        line[name] = value;
        let field = if name == "quantity" { "packs" } else { name };
        refused(&office.buy("purchaseOrderReceive", delivery(line)).await, code, &at(field));
    }
    let rest = office.buy("purchaseOrderReceive", delivery(cases_of(&order, 1))).await;
    assert_eq!(accepted(&rest, "purchaseOrder")["lines"][0]["received"], 36);
    // Two of them go to the cellar.
    let transfer = shop.create_held_transfer(&[(&shop.mug, 24)]).await;
    let input_for = |line: Value| json!({ "id": transfer["id"], "lines": [line] });
    let sent = shop.mutate_transfer("transferShip", input_for(cases_of(&transfer, 2))).await;
    assert_eq!(accepted(&sent, "transfer")["lines"][0]["shipped"], 24);
    let mut elsewhere = cases_of(&transfer, 1);
    elsewhere["lineId"] = order["lines"][0]["id"].clone();
    refused(&shop.mutate_transfer("transferReceive", input_for(elsewhere)).await, "NOT_FOUND", &at("lineId"));
    let come = shop.mutate_transfer("transferReceive", input_for(cases_of(&transfer, 1))).await;
    assert_eq!(accepted(&come, "transfer")["lines"][0]["received"], 12);
    // One case is returned to the supplier, and a customer returns another.
    let back = json!({ "idempotencyKey": key(), "supplier": office.supplier, "store": office.store, "lines": [case(1)] });
    let back =
        office.mutate("supplierReturnCreate", "SupplierReturnCreateInput", "supplierReturn { lines { quantity } }", back).await;
    assert_eq!(accepted(&back, "supplierReturn")["lines"], json!([{ "quantity": 12 }]));
    let return_input = json!({ "idempotencyKey": key(), "store": office.store, "receive": false, "lines": [case(2)] });
    let return_input = office.mutate("returnCreate", "ReturnCreateInput", "return { id lines { id } }", return_input).await;
    let ret = accepted(&return_input, "return").clone();
    let approved = json!({ "idempotencyKey": key(), "id": ret["id"] });
    accepted(&office.mutate("returnApprove", "ReturnActionInput", "return { id }", approved).await, "return");
    let brought = json!({ "idempotencyKey": key(), "id": ret["id"], "lines": [cases_of(&ret, 1)] });
    let brought = office.mutate("returnReceive", "ReturnReceiveInput", "return { lines { received } }", brought).await;
    assert_eq!(accepted(&brought, "return")["lines"], json!([{ "received": 12 }]));
    office.is_sound().await;
}

async fn cases_are_what_a_line_is_changed_to_and_inspected_in(world: &World) {
    let shop = open(world).await;
    let office = &shop.office;
    coded(&shop, &shop.cheese, json!([{ "code": "9506000134352", "packQuantity": 6 }])).await;
    accepted(&adjusted(&shop, case(5)).await, "levels");
    let sale = json!({ "idempotencyKey": key(), "store": office.store, "status": "CONFIRMED", "lines": [case(1)] });
    let order = office.mutate("orderCreate", "OrderCreateInput", "order { id version lines { id } }", sale).await;
    let order = accepted(&order, "order").clone();
    let update = async |version: &Value, line: Value| {
        let input = json!({ "idempotencyKey": key(), "id": order["id"], "expectedVersion": version, "setLines": [line] });
        office.mutate("orderUpdate", "OrderUpdateInput", "order { version lines { quantity } }", input).await
    };
    let three = update(&order["version"], cases_of(&order, 3)).await;
    let three = accepted(&three, "order").clone();
    assert_eq!(three["lines"], json!([{ "quantity": 36 }]));
    for (name, value, code, field) in [
        ("barcode", json!("9506000134352"), "INVALID", "barcode"),
        ("barcode", json!("4006381333931"), "NOT_FOUND", "barcode"),
        ("barcode", Value::Null, "REQUIRED", "barcode"),
        ("packs", Value::Null, "REQUIRED", "quantity"),
        ("quantity", json!(12), "INVALID", "packs"),
    ] {
        let mut line = cases_of(&order, 1);
        line[name] = value;
        refused(&update(&three["version"], line).await, code, &format!("input.setLines.0.{field}"));
    }
    // A line without a quantity keeps its own.
    let cheaper = update(&three["version"], json!({ "lineId": order["lines"][0]["id"], "unitPrice": gbp("3.00") })).await;
    assert_eq!(accepted(&cheaper, "order")["lines"], three["lines"]);

    let mut bought = case(3);
    bought["unitCost"] = gbp("1.50");
    let out = office.ordered(json!({ "lines": [bought] })).await;
    let amend = async |line: Value| {
        let input = json!({ "idempotencyKey": key(), "id": out["id"], "setLines": [line] });
        office.mutate("purchaseOrderAmend", "PurchaseOrderAmendInput", "purchaseOrder { lines { quantity } }", input).await
    };
    let mut elsewhere = cases_of(&out, 5);
    elsewhere["lineId"] = order["lines"][0]["id"].clone();
    refused(&amend(elsewhere).await, "NOT_FOUND", "input.setLines.0.lineId");
    assert_eq!(accepted(&amend(cases_of(&out, 5)).await, "purchaseOrder")["lines"], json!([{ "quantity": 60 }]));

    let return_input = json!({ "idempotencyKey": key(), "store": office.store, "receive": false, "lines": [case(2)] });
    let return_input = office.mutate("returnCreate", "ReturnCreateInput", "return { id lines { id } }", return_input).await;
    let ret = accepted(&return_input, "return").clone();
    let input_for = |lines: Value| json!({ "idempotencyKey": key(), "id": ret["id"], "lines": lines });
    let approved = json!({ "idempotencyKey": key(), "id": ret["id"] });
    accepted(&office.mutate("returnApprove", "ReturnActionInput", "return { id }", approved).await, "return");
    let brought = input_for(json!([cases_of(&ret, 2)]));
    accepted(&office.mutate("returnReceive", "ReturnReceiveInput", "return { id }", brought).await, "return");
    let inspect = async |line: Value| {
        office
            .mutate("returnInspect", "ReturnInspectInput", "return { lines { restocked writtenOff } }", input_for(json!([line])))
            .await
    };
    let mut broken = cases_of(&ret, 1);
    broken["disposition"] = json!("WRITE_OFF");
    let payload = inspect(broken.clone()).await;
    assert_eq!(accepted(&payload, "return")["lines"], json!([{ "restocked": 0, "writtenOff": 12 }]));
    broken["packs"] = json!(2);
    refused(&inspect(broken.clone()).await, "OUT_OF_RANGE", "input.lines.0.packs");
    broken["packs"] = Value::Null;
    broken["barcode"] = Value::Null;
    refused(&inspect(broken).await, "REQUIRED", "input.lines.0.quantity");
    office.is_sound().await;
}

async fn a_blanket_order_is_agreed_in_cases(world: &World) {
    let shop = open(world).await;
    let office = &shop.office;
    let fields = "blanketOrder { id lines { quantity } }";
    let line = |mut line: Value| {
        line["unitCost"] = gbp("1.50");
        line
    };
    let write = async |line: Value| {
        let input = json!({ "idempotencyKey": key(), "supplier": office.supplier, "validFrom": "2020-01-01", "validTo": "2099-12-31",
            "lines": [line] });
        office.mutate("blanketOrderCreate", "BlanketOrderCreateInput", fields, input).await
    };
    refused(&write(line(json!({ "product": shop.mug, "packs": 10 }))).await, "INVALID", "input.lines.0.packs");
    refused(&write(line(json!({ "product": shop.mug }))).await, "REQUIRED", "input.lines.0.quantity");
    let payload = write(line(case(10))).await;
    let blanket = accepted(&payload, "blanketOrder").clone();
    assert_eq!(blanket["lines"], json!([{ "quantity": 120 }]));
    let fewer = json!({ "idempotencyKey": key(), "id": blanket["id"], "lines": [line(case(5))] });
    let fewer = office.mutate("blanketOrderUpdate", "BlanketOrderUpdateInput", fields, fewer).await;
    assert_eq!(accepted(&fewer, "blanketOrder")["lines"], json!([{ "quantity": 60 }]));
}

async fn cases_of_an_order_are_cancelled(world: &World) {
    let shop = open(world).await;
    let office = &shop.office;
    coded(&shop, &shop.cheese, json!([{ "code": "9506000134352", "packQuantity": 6 }])).await;
    accepted(&adjusted(&shop, case(5)).await, "levels");
    let sale = json!({ "idempotencyKey": key(), "store": office.store, "status": "CONFIRMED", "lines": [case(5)] });
    let order = office.mutate("orderCreate", "OrderCreateInput", "order { id lines { id } }", sale).await;
    let order = accepted(&order, "order").clone();
    let cancel = async |line: Value| {
        let document = "mutation($input: ActionInput!, $lines: [OrderLineCancel!]) { orderCancel(input: $input, lines: $lines) { \
            order { lines { cancelled } } userErrors { code message field } } }";
        let input = json!({ "idempotencyKey": key(), "id": order["id"] });
        office.execute(document, json!({ "input": input, "lines": [line] })).await["data"]["orderCancel"].clone()
    };
    for (name, value, code, field) in [
        ("barcode", json!("9506000134352"), "INVALID", "barcode"),
        ("barcode", json!("4006381333931"), "NOT_FOUND", "barcode"),
        ("barcode", Value::Null, "REQUIRED", "barcode"),
        ("packs", Value::Null, "REQUIRED", "quantity"),
        ("quantity", json!(12), "INVALID", "packs"),
        ("packs", json!(6), "OUT_OF_RANGE", "packs"),
    ] {
        let mut line = cases_of(&order, 1);
        line[name] = value;
        refused(&cancel(line).await, code, &format!("lines.0.{field}"));
    }
    assert_eq!(accepted(&cancel(cases_of(&order, 1)).await, "order")["lines"], json!([{ "cancelled": 12 }]));
    // Single ones are counted as before.
    let one = json!({ "lineId": order["lines"][0]["id"], "quantity": 1 });
    assert_eq!(accepted(&cancel(one).await, "order")["lines"], json!([{ "cancelled": 13 }]));
    office.is_sound().await;
}

async fn a_supplier_confirms_in_cases(world: &World) {
    let shop = open(world).await;
    let office = &shop.office;
    let mut bought = case(3);
    bought["unitCost"] = gbp("1.50");
    let order = office.ordered(json!({ "lines": [bought] })).await;
    let confirm = async |line: Value| {
        let input = json!({ "idempotencyKey": key(), "id": order["id"], "lines": [line] });
        let fields = "purchaseOrder { lines { quantity confirmedQuantity } }";
        office.mutate("purchaseOrderConfirm", "PurchaseOrderConfirmInput", fields, input).await
    };
    for (name, value, code, field) in [
        ("barcode", json!("4006381333931"), "NOT_FOUND", "barcode"),
        ("barcode", Value::Null, "REQUIRED", "barcode"),
        ("packs", Value::Null, "REQUIRED", "quantity"),
        ("quantity", json!(12), "INVALID", "packs"),
        ("lineId", Value::Null, "REQUIRED", "lineId"),
    ] {
        let mut line = cases_of(&order, 1);
        line[name] = value;
        refused(&confirm(line).await, code, &format!("input.lines.0.{field}"));
    }
    let two = confirm(cases_of(&order, 2)).await;
    assert_eq!(accepted(&two, "purchaseOrder")["lines"], json!([{ "quantity": 36, "confirmedQuantity": 24 }]));
    // A line without a quantity is confirmed as ordered.
    let all = confirm(json!({ "lineId": order["lines"][0]["id"] })).await;
    assert_eq!(accepted(&all, "purchaseOrder")["lines"], json!([{ "quantity": 36, "confirmedQuantity": 36 }]));
}

async fn packs_that_cannot_be_counted_are_refused(world: &World) {
    let shop = open(world).await;
    let at = |name: &str| format!("input.changes.0.{name}");
    for (change, code, field) in [
        (json!({ "product": shop.mug, "packs": 1 }), "INVALID", "packs"),
        (json!({ "product": { "sku": "CUP" }, "packs": 1 }), "INVALID", "packs"),
        (json!({ "product": { "barcode": CASE }, "packs": 1, "delta": 12 }), "INVALID", "packs"),
        (json!({ "product": { "barcode": CASE } }), "REQUIRED", "delta"),
        (json!({ "product": { "barcode": "4006381333931" }, "packs": 1 }), "NOT_FOUND", "product.barcode"),
    ] {
        refused(&adjusted(&shop, change).await, code, &at(field));
    }
    // Errors in the units of packs have the path of the packs.
    for (packs, code) in [(0, "OUT_OF_RANGE"), (1, "INSUFFICIENT_STOCK")] {
        let sale = json!({ "idempotencyKey": key(), "store": shop.office.store, "lines": [case(packs)] });
        let sale = shop.office.mutate("orderCreate", "OrderCreateInput", "order { id }", sale).await;
        refused(&sale, code, "input.lines.0.packs");
    }
    coded(&shop, &shop.mug, json!([{ "code": CASE, "packQuantity": 9_007_199_254_740_991_i64 }])).await;
    refused(&adjusted(&shop, case(2)).await, "OUT_OF_RANGE", &at("packs"));
}
