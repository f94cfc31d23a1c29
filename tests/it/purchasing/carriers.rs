//! Charges that another supplier bills, as a carrier bills its freight.

use serde_json::{Value, json};

use super::{
    amendments::of_lines,
    office::{Office, accepted, gbp, key, refused},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    a_carrier_bills_its_freight_and_the_goods_cost_more_for_it,
    a_charge_names_only_a_supplier_that_is_in_use,
    who_bills_a_charge_of_an_open_order_stays_in_use,
);

async fn supplier(office: &Office<'_>, code: &str) -> Value {
    let input = json!({ "code": code, "name": code });
    let payload = office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", input).await;
    json!({ "id": accepted(&payload, "supplier")["id"] })
}

async fn archive(office: &Office<'_>, supplier: &Value) -> Value {
    office.mutate("supplierArchive", "SupplierArchiveInput", "supplier { id }", json!({ "id": supplier["id"] })).await
}

async fn merge(office: &Office<'_>, from: &Value, into: &Value) -> Value {
    let input = json!({ "idempotencyKey": key(), "id": from["id"], "intoId": into["id"] });
    office.mutate("supplierMerge", "SupplierMergeInput", "supplier { id } documents", input).await
}

/// The names of an order's charges with the codes of the suppliers of their own.
async fn billed(office: &Office<'_>, order: &Value) -> Value {
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { charges { name supplier { code } } } }";
    office.execute(query, json!({ "id": order["id"] })).await["data"]["purchaseOrder"]["charges"].clone()
}

async fn a_carrier_bills_its_freight_and_the_goods_cost_more_for_it(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    supplier(&office, "HAUL").await;
    let charges = json!([
        { "kind": "FREIGHT", "name": "Lorry", "amount": gbp("5.00"), "supplier": { "code": "haul" } },
        { "kind": "DUTY", "amount": gbp("1.00"), "supplier": office.supplier },
    ]);
    let lines = json!([{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 10 }]);
    let out = office.ordered(json!({ "lines": lines, "charges": charges })).await;
    assert_eq!(out["total"]["amount"], "56.00");
    assert_eq!(of_lines(&out, "charges"), ["2.40", "3.60"]);
    // A charge whose supplier is the order's has none of its own.
    let own = json!([{ "name": "Lorry", "supplier": { "code": "HAUL" } }, { "name": "Duty", "supplier": null }]);
    assert_eq!(billed(&office, &out).await, own);
    let query = "query($id: ID!) { purchaseOrderHtml(id: $id) }";
    let page = office.execute(query, json!({ "id": out["id"] })).await["data"]["purchaseOrderHtml"].clone();
    let page = page.as_str().unwrap();
    assert!(page.contains("Duty") && page.contains("51.00"), "the supplier reads what it bills: {page}");
    assert!(!page.contains("Lorry") && !page.contains("56.00"), "and not what the carrier does: {page}");
    let purchase_order = office.receive(&out, &[10, 10]).await;
    let purchase_order = accepted(&purchase_order, "purchaseOrder");
    let landed: Vec<_> =
        purchase_order["receipts"][0]["lines"].as_array().unwrap().iter().map(|one| &one["landedTotal"]["amount"]).collect();
    assert_eq!(landed, ["22.40", "33.60"]);
    assert_eq!(billed(&office, &out).await, own);
    office.is_sound().await;
}

async fn a_charge_names_only_a_supplier_that_is_in_use(world: &World) {
    let office = Office::of(world).await;
    let (mug, haul) = (office.product("MUG", "2.00").await, supplier(&office, "HAUL").await);
    let lines = json!([{ "product": mug, "quantity": 10 }]);
    let create = async |charge: Value| {
        let duty = json!({ "kind": "DUTY", "amount": gbp("1.00") });
        let input =
            json!({ "supplier": office.supplier, "store": office.store, "lines": lines.clone(), "charges": [duty, charge] });
        office.buy("purchaseOrderCreate", input).await
    };
    let freight = |supplier: &Value| json!({ "kind": "FREIGHT", "amount": gbp("5.00"), "supplier": supplier });
    let field = "input.charges.1.supplier";
    refused(&create(freight(&json!({ "code": "NOPE" }))).await, "NOT_FOUND", &format!("{field}.code"));
    refused(&create(freight(&json!({ "id": world.theirs.ids["sup"] }))).await, "NOT_FOUND", &format!("{field}.id"));
    let deposit = json!({ "kind": "DEPOSIT", "amount": gbp("5.00"), "supplier": haul });
    refused(&create(deposit).await, "INVALID", field);
    let draft = office.draft(lines.clone()).await;
    let update = async |supplier: &Value| {
        office.buy("purchaseOrderUpdate", json!({ "id": draft["id"], "charges": [freight(supplier)] })).await
    };
    accepted(&update(&haul).await, "purchaseOrder");
    assert_eq!(billed(&office, &draft).await, json!([{ "name": "Freight", "supplier": { "code": "HAUL" } }]));
    accepted(&update(&office.supplier).await, "purchaseOrder");
    assert_eq!(billed(&office, &draft).await, json!([{ "name": "Freight", "supplier": null }]));
    accepted(&archive(&office, &haul).await, "supplier");
    let message = refused(&create(freight(&haul)).await, "INVALID", field);
    assert!(message.contains("archived since"), "{message}");
    refused(&update(&haul).await, "INVALID", "input.charges.0.supplier");
    office.is_sound().await;
}

async fn who_bills_a_charge_of_an_open_order_stays_in_use(world: &World) {
    let office = Office::of(world).await;
    let (mug, haul, fleet) =
        (office.product("MUG", "2.00").await, supplier(&office, "HAUL").await, supplier(&office, "FLEET").await);
    let charges = json!([
        { "kind": "FREIGHT", "amount": gbp("5.00"), "supplier": haul },
        { "kind": "INSURANCE", "amount": gbp("1.00"), "supplier": haul },
    ]);
    let out = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }], "charges": charges })).await;
    let message = refused(&archive(&office, &haul).await, "IN_USE", "input.id");
    assert!(message.contains("purchase orders are open (1)"), "{message}");
    refused(&merge(&office, &haul, &fleet).await, "IN_USE", "input.id");
    accepted(&office.receive(&out, &[10]).await, "purchaseOrder");
    let merged = merge(&office, &haul, &fleet).await;
    assert_eq!(
        (accepted(&merged, "supplier")["id"].clone(), &merged["documents"]),
        (fleet["id"].clone(), &json!(1)),
        "{merged:#}"
    );
    // Bills stay as they were written.
    assert_eq!(billed(&office, &out).await[0]["supplier"]["code"], "HAUL");
    office.is_sound().await;
}
