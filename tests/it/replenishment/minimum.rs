//! Orders that a supplier takes from an amount on.

use serde_json::{Value, json};

use super::desk::Desk;
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, gbp},
    world::on_both,
};

on_both!(
    a_plan_fills_an_order_up_to_the_minimum_of_its_supplier,
    an_order_below_the_minimum_waits_until_the_latest_safe_day,
    an_order_says_whether_it_is_below_the_minimum,
);

/// Sets what the desk's supplier takes at least, or takes it away.
async fn least(desk: &Desk<'_>, minimum: Value) {
    let office = &desk.books.office;
    let query = "query($id: ID!) { supplier(by: { id: $id }) { version } }";
    let version = office.execute(query, json!({ "id": office.supplier["id"] })).await["data"]["supplier"]["version"].clone();
    let input = json!({ "id": office.supplier["id"], "expectedVersion": version, "minimumOrderValue": minimum });
    let fields = "supplier { minimumOrderValue { amount currencyCode } }";
    let payload = office.mutate("supplierUpdate", "SupplierUpdateInput", fields, input).await;
    assert_eq!(accepted(&payload, "supplier")["minimumOrderValue"], minimum);
}

fn codes(line: &Value) -> Vec<&str> {
    line["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

async fn below_minimum(desk: &Desk<'_>, order: &Value) -> Value {
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { isBelowMinimum } }";
    let answer = desk.books.office.execute(query, json!({ "id": order["id"] })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["purchaseOrder"]["isBelowMinimum"].clone()
}

async fn a_plan_fills_an_order_up_to_the_minimum_of_its_supplier(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    least(&desk, gbp("150.00")).await;
    let plan = desk.plan(json!({})).await;
    let line = &plan["lines"]["nodes"][0];
    assert_eq!(
        (&line["quantity"], &line["cost"]["amount"], &line["state"]),
        (&json!(84), &json!("151.20"), &json!("OPEN")),
        "{plan:#}"
    );
    assert_eq!((&plan["costs"], &line["figures"]["needed"]), (&json!([gbp("151.20")]), &json!(59)));
    assert_eq!(codes(line), ["BELOW_POINT", "PACK", "FILLED_UP"]);
    assert_eq!(line["reasons"][2]["text"], "60 become 84, so that the order reaches the supplier's minimum of 150.00 GBP");
    let payload = desk.approve(&plan, json!({ "all": true })).await;
    assert_eq!(payload["approved"], 1, "{payload:#}");
    let order = &desk.read(&plan).await["lines"]["nodes"][0]["purchaseOrder"];
    assert_eq!(order["lines"][0]["quantity"], 84, "{order:#}");
    assert_eq!(below_minimum(&desk, order).await, json!(false));
    desk.books.office.is_sound().await;
}

async fn an_order_below_the_minimum_waits_until_the_latest_safe_day(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    least(&desk, gbp("1000.00")).await;
    let plan = desk.plan(json!({})).await;
    let line = &plan["lines"]["nodes"][0];
    assert_eq!((&line["quantity"], &line["state"], &plan["cutCount"]), (&json!(60), &json!("OPEN"), &json!(0)), "{plan:#}");
    assert_eq!(codes(line).last(), Some(&"BELOW_MINIMUM"), "27 are gone before a delivery of tomorrow's order");
    // 59 last longer than three weeks and a day.
    desk.put(&mug, &desk.books.office.store, 32).await;
    let plan = desk.plan(json!({})).await;
    let line = &plan["lines"]["nodes"][0];
    assert_eq!(
        (&line["quantity"], &line["state"], &line["issue"]),
        (&json!(36), &json!("CUT"), &json!("BELOW_MINIMUM")),
        "{plan:#}"
    );
    assert_eq!((&plan["cutCount"], &plan["costs"], codes(line).last()), (&json!(1), &json!([]), Some(&"BELOW_MINIMUM")));
    assert_eq!(desk.approve(&plan, json!({ "all": true })).await["approved"], 0);
    desk.books.office.is_sound().await;
    least(&desk, Value::Null).await;
    let plan = desk.plan(json!({})).await;
    assert_eq!((&plan["lines"]["nodes"][0]["state"], &plan["cutCount"]), (&json!("OPEN"), &json!(0)), "{plan:#}");
}

async fn an_order_says_whether_it_is_below_the_minimum(world: &World) {
    let desk = Desk::of(world).await;
    let office = &desk.books.office;
    let mug = office.product("MUG", "2.00").await;
    let charge = json!({ "kind": "FREIGHT", "basis": "VALUE", "name": "Sea", "amount": gbp("50.00") });
    let order = office.draft_with(json!({ "lines": [{ "product": mug, "quantity": 10 }], "charges": [charge] })).await;
    assert_eq!(order["goodsTotal"]["amount"], "20.00", "{order:#}");
    assert_eq!(below_minimum(&desk, &order).await, json!(false), "the supplier takes any order");
    for (minimum, is_below) in [("20.00", false), ("20.01", true), ("70.00", true)] {
        least(&desk, gbp(minimum)).await;
        assert_eq!(below_minimum(&desk, &order).await, json!(is_below), "{minimum}");
    }
    least(&desk, json!({ "amount": "1.00", "currencyCode": "EUR" })).await;
    assert_eq!(below_minimum(&desk, &order).await, Value::Null);
    least(&desk, gbp("70.00")).await;
    let reader = office.as_caller(world.ours.owner_with(&["purchase.read", "product.read", "store.read"]));
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { isBelowMinimum supplier { minimumOrderValue { amount } } } }";
    let answer = reader.execute(query, json!({ "id": order["id"] })).await;
    let expected = json!({ "isBelowMinimum": null, "supplier": { "minimumOrderValue": { "amount": "70.00" } } });
    assert_eq!(answer["data"]["purchaseOrder"], expected, "{answer:#}");
    office.is_sound().await;
}
