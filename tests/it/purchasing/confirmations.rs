//! Confirmations of suppliers, and the expected days of goods.

use entrepot::clock::{day_text, local_day};
use serde_json::{Value, json};

use super::{
    amendments::{FIELDS, amend},
    office::{Office, accepted, gbp, key, refused},
};
use crate::{
    authorization::world::World,
    world::{answers::refusals, on_both},
};

on_both!(
    what_the_supplier_confirms_is_what_is_expected,
    a_confirmation_is_refused_where_it_cannot_be_kept,
    a_lead_time_gives_the_day_where_nobody_states_one,
);

fn in_days(office: &Office<'_>, days: i32) -> String {
    day_text(local_day(office.world.node.clock.now(), "Europe/London") + days)
}

async fn confirm(office: &Office<'_>, order: &Value, mut input: Value) -> Value {
    input["id"] = order["id"].clone();
    input["idempotencyKey"] = json!(key());
    office.mutate("purchaseOrderConfirm", "PurchaseOrderConfirmInput", &format!("purchaseOrder {{ {FIELDS} }}"), input).await
}

/// Returns the units that arrive in the office's store up to a day.
async fn arriving(office: &Office<'_>, product: &Value, day: &str) -> Value {
    let query = "query($p: ID!, $s: ID!, $d: Date!) { availabilityForecast(product: { id: $p }, store: { id: $s }, date: $d) { arriving } }";
    let answer = office.execute(query, json!({ "p": product["id"], "s": office.store["id"], "d": day })).await;
    answer["data"]["availabilityForecast"]["arriving"].clone()
}

async fn what_the_supplier_confirms_is_what_is_expected(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let (soon, late) = (in_days(&office, 3), in_days(&office, 10));
    let lines = json!([{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 5 }]);
    let out = office.ordered(json!({ "expectedOn": late, "lines": lines })).await;
    assert_eq!(arriving(&office, &mug, &soon).await, 0);
    let input = json!({ "externalRef": "S-77", "confirmedOn": soon, "lines": [{ "purchaseOrderLineId": out["lines"][0]["id"], "quantity": 8 }] });
    let payload = confirm(&office, &out, input).await;
    let confirmed = accepted(&payload, "purchaseOrder");
    assert_eq!(
        (&confirmed["externalRef"], &confirmed["status"], &confirmed["revision"]),
        (&json!("S-77"), &json!("ORDERED"), &json!(1))
    );
    assert!(confirmed["confirmedAt"].is_string(), "{confirmed:#}");
    let (first, second) = (&confirmed["lines"][0], &confirmed["lines"][1]);
    assert_eq!((&first["expectedOn"], &first["expectedFrom"]), (&json!(soon), &json!("CONFIRMED")));
    assert_eq!(
        (&first["confirmedQuantity"], &first["promisedShort"], &first["open"]),
        (&json!(8), &json!(2), &json!(10)),
        "no quantity changes"
    );
    assert_eq!(
        (&second["expectedOn"], &second["expectedFrom"], &second["confirmedOn"]),
        (&json!(late), &json!("ORDER"), &Value::Null)
    );
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 10]);
    assert_eq!((arriving(&office, &mug, &soon).await, arriving(&office, &plate, &soon).await), (json!(10), json!(0)));
    // All open quantities, as ordered.
    let payload = confirm(&office, &out, json!({ "confirmedOn": late })).await;
    let whole = accepted(&payload, "purchaseOrder");
    for line in whole["lines"].as_array().unwrap() {
        assert_eq!((&line["confirmedOn"], &line["promisedShort"]), (&json!(late), &json!(0)), "{line:#}");
    }
    assert_eq!(arriving(&office, &mug, &soon).await, 0);
    // A changed quantity must be confirmed again; the day stays until another one is stated.
    let set = json!([{ "purchaseOrderLineId": out["lines"][0]["id"], "quantity": 9 }, { "purchaseOrderLineId": out["lines"][1]["id"], "expectedOn": soon }]);
    let payload = amend(&office, &out, json!({ "setLines": set })).await;
    let amended = &accepted(&payload, "purchaseOrder")["lines"];
    assert_eq!((&amended[0]["confirmedQuantity"], &amended[0]["expectedFrom"]), (&Value::Null, &json!("CONFIRMED")));
    assert_eq!(
        (&amended[1]["confirmedQuantity"], &amended[1]["expectedFrom"], &amended[1]["expectedOn"]),
        (&json!(5), &json!("LINE"), &json!(soon))
    );
    office.is_sound().await;
    let events = office
        .execute(
            "{ events(types: [\"purchase_order.confirmed\", \"purchase_order.amended\"], first: 10) { nodes { type } } }",
            json!({}),
        )
        .await;
    let types: Vec<&str> =
        events["data"]["events"]["nodes"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types.iter().filter(|kind| **kind == "purchase_order.confirmed").count(), 2, "{types:?}");
    assert_eq!(types.iter().filter(|kind| **kind == "purchase_order.amended").count(), 1, "{types:?}");
}

async fn a_confirmation_is_refused_where_it_cannot_be_kept(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let out = office.ordered(json!({ "externalRef": "S-1", "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let other = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    refused(&confirm(&office, &other, json!({ "externalRef": "S-1" })).await, "DUPLICATE", "input.externalRef");
    accepted(&confirm(&office, &out, json!({ "externalRef": "S-1" })).await, "purchaseOrder");
    let line = |quantity: i64| json!({ "lineId": out["lines"][0]["id"], "quantity": quantity });
    let both = json!({ "lines": [{ "lineId": out["lines"][0]["id"], "purchaseOrderLineId": other["lines"][0]["id"] }] });
    refused(&confirm(&office, &out, both).await, "INVALID", "input.lines.0.lineId");
    refused(&confirm(&office, &out, json!({ "lines": [{ "quantity": 5 }] })).await, "REQUIRED", "input.lines.0.lineId");
    let message =
        refused(&confirm(&office, &out, json!({ "lines": [line(11)] })).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    assert!(message.contains("purchaseOrderAmend"), "{message}");
    accepted(&office.receive(&out, &[4]).await, "purchaseOrder");
    refused(&confirm(&office, &out, json!({ "lines": [line(3)] })).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    refused(&confirm(&office, &out, json!({ "lines": [line(5), line(6)] })).await, "INVALID", "input.lines.1.lineId");
    refused(&confirm(&office, &out, json!({ "lines": [] })).await, "INVALID", "input.lines");
    let theirs = json!({ "lines": [{ "purchaseOrderLineId": other["lines"][0]["id"] }] });
    refused(&confirm(&office, &out, theirs).await, "NOT_FOUND", "input.lines.0.lineId");
    // All errors of one stage are reported, and none of a later stage.
    let strange = json!({ "purchaseOrderLineId": other["lines"][0]["id"] });
    let several = confirm(&office, &out, json!({ "lines": [line(3), strange, strange] })).await;
    let missing = |index: usize| ("NOT_FOUND".to_owned(), format!("input.lines.{index}.lineId"));
    assert_eq!(refusals(&several), [missing(1), missing(2)]);
    let payload = confirm(&office, &out, json!({ "lines": [line(4)] })).await;
    assert_eq!(accepted(&payload, "purchaseOrder")["lines"][0]["promisedShort"], 6);
    accepted(&office.buy("purchaseOrderReceive", json!({ "id": out["id"] })).await, "purchaseOrder");
    refused(&confirm(&office, &out, json!({})).await, "INVALID_STATE", "input.id");
    office.is_sound().await;
}

async fn a_lead_time_gives_the_day_where_nobody_states_one(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate, bowl) =
        (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await, office.product("BOWL", "1.00").await);
    let rows = json!([{ "supplier": office.supplier, "product": plate, "unitCost": gbp("3.00"), "leadTimeDays": 3 }]);
    let offers = json!({ "idempotencyKey": key(), "rows": rows });
    accepted(
        &office.mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", "rows { outcome }", offers).await,
        "rows",
    );
    let lines = json!([{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 5 }]);
    let out = office.ordered(json!({ "lines": lines })).await;
    let query = format!("query($id: ID!) {{ purchaseOrder(by: {{ id: $id }}) {{ {FIELDS} }} }}");
    let expected = |order: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or("null").to_owned();
        order["lines"].as_array().unwrap().iter().map(|line| (text(&line["expectedOn"]), text(&line["expectedFrom"]))).collect()
    };
    let days = |days: i32, from: &str| (in_days(&office, days), from.to_owned());
    let purchase_order = office.execute(&query, json!({ "id": out["id"] })).await["data"]["purchaseOrder"].clone();
    assert_eq!(expected(&purchase_order), [days(5, "SUPPLIER"), days(3, "SUPPLIER_PRODUCT")]);
    assert_eq!(purchase_order["expectedOn"], Value::Null, "nobody has stated one");
    for (product, day, quantity) in [(&mug, 4, 0), (&mug, 5, 10), (&plate, 2, 0), (&plate, 3, 5)] {
        assert_eq!(arriving(&office, product, &in_days(&office, day)).await, quantity, "{product} in {day} days");
    }
    // An added line goes to the supplier today; a stated day comes before any lead time.
    let change = json!({ "addLines": [{ "product": bowl, "quantity": 1 }], "setLines": [{ "purchaseOrderLineId": out["lines"][0]["id"], "expectedOn": in_days(&office, 8) }] });
    let payload = amend(&office, &out, change).await;
    assert_eq!(
        expected(accepted(&payload, "purchaseOrder")),
        [days(8, "LINE"), days(3, "SUPPLIER_PRODUCT"), days(5, "SUPPLIER")]
    );
    let cleared = json!({ "expectedOn": in_days(&office, 9), "setLines": [{ "purchaseOrderLineId": out["lines"][0]["id"], "expectedOn": null }] });
    let payload = amend(&office, &out, cleared).await;
    assert_eq!(expected(accepted(&payload, "purchaseOrder")), [days(9, "ORDER"), days(9, "ORDER"), days(9, "ORDER")]);
    let payload = amend(&office, &out, json!({ "expectedOn": null })).await;
    assert_eq!(expected(accepted(&payload, "purchaseOrder"))[0], days(5, "SUPPLIER"));
    let draft = office.draft(json!([{ "product": mug, "quantity": 1 }])).await;
    let purchase_order = office.execute(&query, json!({ "id": draft["id"] })).await["data"]["purchaseOrder"].clone();
    assert_eq!(expected(&purchase_order), [("null".to_owned(), "null".to_owned())], "a draft is with nobody");
    office.is_sound().await;
}
