//! Returns to suppliers.

use serde_json::{Value, json};

use super::office::{Office, accepted, gbp, key, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(what_goes_back_leaves_the_stock_and_is_credited, what_cannot_go_back_is_refused,);

const FIELDS: &str = "supplierReturn { id number credit { amount } reasonCode purchaseOrder { id } supplier { code } store { id } \
    lines { sku quantity source unitCredit { amount } total { amount } purchaseOrderLineId } }";

async fn send_back(office: &Office<'_>, mut input: Value) -> Value {
    for (name, value) in [("supplier", &office.supplier), ("store", &office.store), ("idempotencyKey", &json!(key()))] {
        if input[name].is_null() {
            input[name] = value.clone();
        }
    }
    office.mutate("supplierReturnCreate", "SupplierReturnCreateInput", FIELDS, input).await
}

async fn what_goes_back_leaves_the_stock_and_is_credited(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10, "unitCost": gbp("1.50") }] })).await;
    let line = order["lines"][0]["id"].clone();
    let input = json!([{ "purchaseOrderLineId": line, "quantity": 7, "damaged": 3 }]);
    accepted(&office.buy("purchaseOrderReceive", json!({ "id": order["id"], "lines": input })).await, "purchaseOrder");
    let lines = json!([{ "purchaseOrderLineId": line, "quantity": 3, "source": "QUARANTINE" }, { "product": mug, "quantity": 2, "unitCredit": gbp("1.00") }]);
    let again = key();
    let payload = send_back(&office, json!({ "idempotencyKey": again, "lines": lines })).await;
    let ret = accepted(&payload, "supplierReturn");
    assert_eq!(
        (&ret["credit"]["amount"], &ret["purchaseOrder"]["id"], &ret["reasonCode"]),
        (&json!("6.50"), &order["id"], &json!("DAMAGE"))
    );
    assert_eq!((&ret["lines"][0]["total"]["amount"], &ret["lines"][1]["purchaseOrderLineId"]), (&json!("4.50"), &Value::Null));
    assert_eq!(office.level(&mug, &office.store).await, [5, 0, 0]);
    let replay = send_back(&office, json!({ "idempotencyKey": again, "lines": lines })).await;
    assert_eq!((&replay["replayed"], &replay["supplierReturn"]), (&json!(true), ret));
    let read = office
        .execute("query($id: ID!) { purchaseOrder(by: { id: $id }) { lines { returned } } }", json!({ "id": order["id"] }))
        .await;
    assert_eq!(read["data"]["purchaseOrder"]["lines"][0]["returned"], 3);
    let list = office
        .execute(
            "query($s: ID!) { supplierReturns(filter: { supplier: { eq: $s } }) { nodes { id lines { sku } } } }",
            json!({ "s": office.supplier["id"] }),
        )
        .await;
    assert_eq!(
        list["data"]["supplierReturns"]["nodes"],
        json!([{ "id": ret["id"], "lines": [{ "sku": "MUG" }, { "sku": "MUG" }] }])
    );
    let number = ret["number"].as_str().unwrap().to_lowercase();
    for (filter, is_found) in [
        (json!({ "number": { "eq": number }, "store": { "eq": office.store["id"] } }), true),
        (json!({ "sku": { "startsWith": "mu" }, "reasonCode": ["DAMAGE"] }), true),
        (json!({ "product": { "eq": mug["id"] }, "purchaseOrder": { "eq": order["id"] } }), true),
        (json!({ "createdAt": { "gte": "2020-01-01T00:00:00Z" }, "occurredAt": { "gte": "2020-01-01T00:00:00Z" } }), true),
        (json!({ "not": { "externalRef": { "eq": "none" } } }), true),
        (json!({ "externalRef": { "startsWith": "" } }), false),
        (json!({ "supplier": { "key": ["pot"] }, "store": { "key": ["DOCK"] }, "id": { "eq": ret["id"] } }), true),
        (json!({ "store": { "key": ["none"] } }), false),
        (json!({ "search": "none" }), false),
        (json!({ "reasonCode": ["EXPIRY"] }), false),
        (json!({ "occurredAt": { "lt": "2020-01-01T00:00:00Z" } }), false),
        (json!({ "number": { "eq": "PO-1" } }), false),
        (json!({ "purchaseOrder": { "eq": world.theirs.ids["por"] } }), false),
        (json!({ "or": [{ "product": { "in": [] } }, { "sku": { "eq": "JUG" } }] }), false),
    ] {
        let mut filter = filter;
        filter["supplier"]["eq"] = office.supplier["id"].clone();
        let query = "query($f: SupplierReturnFilter) { supplierReturns(filter: $f, sort: { field: OCCURRED_AT }) { nodes { id } totalCount { count } } }";
        let list = office.execute(query, json!({ "f": filter })).await["data"]["supplierReturns"].clone();
        assert_eq!(list["totalCount"]["count"], i32::from(is_found), "{filter}");
        assert_eq!(list["nodes"][0]["id"] == ret["id"], is_found, "{filter}");
    }
    office.is_sound().await;
}

async fn what_cannot_go_back_is_refused(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let line = order["lines"][0]["id"].clone();
    accepted(&office.receive(&order, &[4]).await, "purchaseOrder");
    let other = office
        .mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "OTHER", "name": "Other" }))
        .await;
    let cases = [
        (json!({ "lines": [] }), "INVALID", "input.lines"),
        (json!({ "lines": [{ "quantity": 1 }] }), "INVALID", "input.lines.0.product"),
        (json!({ "lines": [{ "product": mug, "quantity": 0 }] }), "OUT_OF_RANGE", "input.lines.0.quantity"),
        (json!({ "lines": [{ "product": mug, "quantity": 5 }] }), "INSUFFICIENT_STOCK", "input.lines.0.quantity"),
        (
            json!({ "lines": [{ "product": mug, "quantity": 1, "source": "QUARANTINE" }] }),
            "INSUFFICIENT_STOCK",
            "input.lines.0.quantity",
        ),
        (json!({ "lines": [{ "purchaseOrderLineId": line, "quantity": 5 }] }), "OUT_OF_RANGE", "input.lines.0.quantity"),
        (
            json!({ "lines": [{ "purchaseOrderLineId": line, "product": plate, "quantity": 1 }] }),
            "INVALID",
            "input.lines.0.purchaseOrderLineId",
        ),
        (
            json!({ "supplier": { "id": other["supplier"]["id"] }, "lines": [{ "purchaseOrderLineId": line, "quantity": 1 }] }),
            "NOT_FOUND",
            "input.lines.0.purchaseOrderLineId",
        ),
        (
            json!({ "lines": [{ "product": mug, "quantity": 1, "unitCredit": gbp("-1.00") }] }),
            "OUT_OF_RANGE",
            "input.lines.0.unitCredit",
        ),
        (
            json!({ "store": { "id": world.theirs.ids["sto"] }, "lines": [{ "product": mug, "quantity": 1 }] }),
            "NOT_FOUND",
            "input.store.id",
        ),
    ];
    for (input, code, field) in cases {
        refused(&send_back(&office, input).await, code, field);
    }
    assert_eq!(office.level(&mug, &office.store).await, [4, 0, 6]);
    office.is_sound().await;
}
