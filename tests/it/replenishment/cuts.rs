//! Units on order that are not needed any more.

use serde_json::{Value, json};

use super::desk::Desk;
use crate::{
    authorization::world::World,
    purchasing::office::{gbp, key, refused},
    world::on_both,
};

on_both!(what_is_on_order_and_not_needed_is_cut_where_the_supplier_takes_that);

async fn what_is_on_order_and_not_needed_is_cut_where_the_supplier_takes_that(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    let office = &desk.books.office;
    let plate = office.product("PLATE", "2.00").await;
    // 27 mugs and 120 on order, of which 86 are needed. The plate has no forecast.
    let lines = json!([{ "product": mug, "quantity": 120 }, { "product": plate, "quantity": 12, "unitCost": gbp("2.00") }]);
    let both = office.ordered(json!({ "lines": lines })).await;
    let takes = async |days: Value| {
        let terms = json!([{ "supplier": office.supplier, "creditPercent": 0, "cancelDays": days }]);
        desk.settings(json!({ "supplierTerms": terms })).await;
        desk.plan(json!({})).await
    };
    assert_eq!(desk.plan(json!({})).await["lineCount"], 0, "nobody said that the supplier takes it");
    let input = json!({ "idempotencyKey": key(), "supplierTerms": [{ "supplier": office.supplier, "creditPercent": 0 }] });
    let nothing = office.mutate("liquidationSettingsSet", "LiquidationSettingsSetInput", "settings { version }", input).await;
    refused(&nothing, "OUT_OF_RANGE", "input.supplierTerms.0.creditPercent");
    assert_eq!(takes(json!(60)).await["lineCount"], 0, "it is too late for that");
    let plan = takes(json!(7)).await;
    let line = &plan["lines"]["nodes"][0];
    let expected = ["kind", "quantity", "state"].map(|name| line[name].clone());
    assert_eq!((json!(expected), &plan["costs"]), (json!(["CANCEL_INCOMING", 60, "OPEN"]), &json!([])), "{plan:#}");
    assert_eq!((&line["cost"]["amount"], &line["incomingOrder"]["id"]), (&json!("108.00"), &both["id"]), "what is not spent");
    assert_eq!((&line["reasons"][0]["code"], &line["supplier"]["id"]), (&json!("NOT_NEEDED"), &office.supplier["id"]));
    let payload = desk.approve(&plan, json!({ "all": true })).await;
    assert_eq!((&payload["approved"], &payload["plan"]["state"]), (&json!(1), &json!("APPROVED")), "{payload:#}");
    let line = &desk.read(&plan).await["lines"]["nodes"][0];
    assert_eq!((&line["state"], &line["purchaseOrder"]["id"]), (&json!("APPROVED"), &both["id"]), "{line:#}");
    assert_eq!(
        (&line["purchaseOrder"]["status"], &line["purchaseOrder"]["lines"][0]["quantity"]),
        (&json!("ORDERED"), &json!(60))
    );
    assert_eq!(office.level(&mug, &office.store).await[2], 60);
    assert_eq!(desk.plan(json!({})).await["lineCount"], 0, "the rest is needed");
    // With more stock both orders can be cut completely: a line of an order with other lines, and
    // an order with no other line.
    let alone = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 24 }] })).await;
    desk.put(&mug, &office.store, 200).await;
    let plan = desk.plan(json!({})).await;
    assert_eq!(plan["lineCount"], 2, "{plan:#}");
    let payload = desk.approve(&plan, json!({ "all": true })).await;
    assert_eq!((&payload["approved"], &payload["refused"]), (&json!(2), &json!([])), "{payload:#}");
    assert_eq!(office.level(&mug, &office.store).await[2], 0);
    let plan = desk.read(&plan).await;
    for (order, status) in [(&both, "ORDERED"), (&alone, "CANCELLED")] {
        let found = plan["lines"]["nodes"].as_array().unwrap().iter().find(|line| line["incomingOrder"]["id"] == order["id"]);
        assert_eq!(found.unwrap()["purchaseOrder"]["status"], status, "{plan:#}");
    }
    office.is_sound().await;
}
