//! Deposits: returnable crates and advance payments are charges of an order, and do not raise the
//! cost of its goods.

use serde_json::json;

use super::{
    amendments::{amend, of_lines},
    office::{Office, accepted, gbp, refused},
};
use crate::{authorization::world::World, world::on_both};

on_both!(a_deposit_is_in_the_total_and_in_no_goods_cost, a_deposit_stays_off_the_goods_when_the_order_changes,);

async fn a_deposit_is_in_the_total_and_in_no_goods_cost(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let charges = json!([
        { "kind": "FREIGHT", "amount": gbp("5.00") },
        { "kind": "DEPOSIT", "basis": "WEIGHT", "amount": gbp("12.00") },
        { "kind": "DEPOSIT", "name": "Paid ahead", "amount": gbp("1.50") },
    ]);
    let lines = json!([{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 10 }]);
    let out = office.ordered(json!({ "lines": lines, "charges": charges })).await;
    assert_eq!((&out["goodsTotal"]["amount"], &out["total"]["amount"]), (&json!("50.00"), &json!("68.50")));
    assert_eq!(of_lines(&out, "charges"), ["2.00", "3.00"], "the freight alone is spread");
    let names: Vec<_> = out["charges"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["Freight", "Deposit", "Paid ahead"]);
    let purchase_order = office.receive(&out, &[4, 10]).await;
    let purchase_order = accepted(&purchase_order, "purchaseOrder");
    let landed: Vec<_> =
        purchase_order["receipts"][0]["lines"].as_array().unwrap().iter().map(|one| &one["landedTotal"]["amount"]).collect();
    assert_eq!(landed, ["8.80", "33.00"]);
    let query = "query($id: ID!) { purchaseOrderHtml(id: $id) }";
    let page = office.execute(query, json!({ "id": out["id"] })).await["data"]["purchaseOrderHtml"].clone();
    assert!(page.as_str().unwrap().contains("Paid ahead"), "the supplier reads of it: {page}");
    office.is_sound().await;
    accepted(&office.receive(&out, &[6, 0]).await, "purchaseOrder");
    office.is_sound().await;
    let nothing = json!({ "supplier": office.supplier, "store": office.store, "lines": [{ "product": mug, "quantity": 1 }],
        "charges": [{ "kind": "DEPOSIT", "amount": gbp("0.00") }] });
    refused(&office.buy("purchaseOrderCreate", nothing).await, "OUT_OF_RANGE", "input.charges.0.amount");
}

async fn a_deposit_stays_off_the_goods_when_the_order_changes(world: &World) {
    let office = Office::of(world).await;
    let (mug, bowl) = (office.product("MUG", "2.00").await, office.product("BOWL", "2.00").await);
    let charges = json!([{ "kind": "DUTY", "amount": gbp("3.00") }, { "kind": "DEPOSIT", "amount": gbp("12.00") }]);
    let out = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }], "charges": charges })).await;
    accepted(&office.receive(&out, &[5]).await, "purchaseOrder");
    let change = json!({ "setLines": [{ "purchaseOrderLineId": out["lines"][0]["id"], "quantity": 5 }],
        "addLines": [{ "product": bowl, "quantity": 5 }] });
    let amended = amend(&office, &out, change).await;
    let amended = accepted(&amended, "purchaseOrder");
    // Half of the duty was booked with the mugs, and the bowls carry the rest.
    assert_eq!(of_lines(amended, "charges"), ["1.50", "1.50"]);
    assert_eq!(amended["total"]["amount"], "35.00");
    office.is_sound().await;
    accepted(&office.buy("purchaseOrderReceive", json!({ "id": out["id"] })).await, "purchaseOrder");
    assert_eq!(office.level(&bowl, &office.store).await, [5, 0, 0]);
    office.is_sound().await;
}
