//! Orders that wait for the days on which their supplier takes orders and delivers.

use entrepot::clock::{day_text, local_day};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, key},
    world::on_both,
};

on_both!(a_suppliers_calendar_sets_days_of_arrival_and_makes_plans_look_further);

/// Sets the calendar of the desk's supplier.
async fn keep(desk: &Desk<'_>, calendar: Value) {
    let office = &desk.books.office;
    let query = "query($id: ID!) { supplier(by: { id: $id }) { version } }";
    let version = office.execute(query, json!({ "id": office.supplier["id"] })).await["data"]["supplier"]["version"].clone();
    let input = json!({ "id": office.supplier["id"], "expectedVersion": version, "calendar": calendar });
    accepted(&office.mutate("supplierUpdate", "SupplierUpdateInput", "supplier { id }", input).await, "supplier");
}

/// The days on which the lines of a new order are expected, with their sources.
async fn expected(desk: &Desk<'_>, product: &Value) -> Value {
    let office = &desk.books.office;
    let order = office.ordered(json!({ "lines": [{ "product": product, "quantity": 24 }] })).await;
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { lines { expectedOn expectedFrom } } }";
    let answer = office.execute(query, json!({ "id": order["id"] })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["purchaseOrder"]["lines"].clone()
}

async fn a_suppliers_calendar_sets_days_of_arrival_and_makes_plans_look_further(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    let today = local_day(world.node.clock.now(), "Europe/London");
    // 1, a Monday, to 7.
    let weekday = |days: i32| ((today + days).rem_euclid(7) + 3) % 7 + 1;
    let day = |days: i32| day_text(today + days);
    keep(&desk, json!({ "orderDays": [weekday(0)], "deliveryDays": [weekday(1)] })).await;
    // Today's order arrives in three weeks and a day; the next one arrives a week later, so that
    // stock has to last for four weeks.
    let plan = desk.plan(json!({})).await;
    let line = &plan["lines"]["nodes"][0];
    assert_eq!((&line["figures"]["point"], &line["quantity"]), (&json!(97), &json!(72)), "{plan:#}");
    let reason = &line["reasons"][1];
    let text = format!(
        "by the supplier's calendar an order goes out on {} and arrives on {}; the lead time counts as 28 days instead of 21",
        day(0),
        day(22)
    );
    assert_eq!((&reason["code"], &reason["text"]), (&json!("SUPPLIER_CALENDAR"), &json!(text)), "{line:#}");
    let office = &desk.books.office;
    let level = json!({ "product": mug, "store": office.store, "reorderPoint": 30, "maximum": 100 });
    let input = json!({ "idempotencyKey": key(), "items": [level] });
    accepted(&office.mutate("reorderPolicySet", "ReorderPolicySetInput", "levels { reorderPoint }", input).await, "levels");
    let suggested = office.execute("{ reorderSuggestions(supplier: { code: \"POT\" }) { leadTimeDays } }", json!({})).await;
    assert_eq!(suggested["data"]["reorderSuggestions"], json!([{ "leadTimeDays": 28 }]), "{suggested:#}");
    assert_eq!(expected(&desk, &mug).await, json!([{ "expectedOn": day(22), "expectedFrom": "SUPPLIER_PRODUCT" }]));
    // Closed today and on the next delivery day: the order is placed in a week, and arrives a week
    // after its own delivery day.
    let closed = json!([{ "date": day(0), "name": "Fair" }, { "date": day(29) }]);
    keep(&desk, json!({ "orderDays": [weekday(0)], "deliveryDays": [weekday(1)], "closedDays": closed })).await;
    assert_eq!(expected(&desk, &mug).await, json!([{ "expectedOn": day(36), "expectedFrom": "SUPPLIER_PRODUCT" }]));
    keep(&desk, Value::Null).await;
    assert_eq!(expected(&desk, &mug).await, json!([{ "expectedOn": day(21), "expectedFrom": "SUPPLIER_PRODUCT" }]));
    office.is_sound().await;
}
