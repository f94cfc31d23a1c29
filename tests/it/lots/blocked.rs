//! Unavailable stock stays unavailable: a reversal does not free a lot that was recalled meanwhile,
//! and a release does not free damaged or uninspected units.

use serde_json::{Value, json};

use super::shop::{LotShop, accepted, key, lot, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    a_set_aside_is_not_undone_once_its_lot_may_not_be_sold,
    a_receipt_is_undone_where_its_lot_lies_now,
    a_write_off_is_not_undone_into_a_lot_that_may_not_be_sold,
    damaged_goods_of_a_delivery_stay_damaged_when_their_lot_is_released,
    damaged_goods_that_come_into_a_recalled_lot_stay_damaged,
    damaged_goods_without_lots_are_set_aside_as_damaged,
    damaged_goods_go_back_before_what_is_only_looked_at,
    what_came_back_and_nobody_looked_at_is_not_released_with_its_lot,
    a_count_of_a_lot_that_may_not_be_sold_leaves_its_damaged_units_damaged,
);

/// Does something to a lot of cheese.
async fn on_lot(shop: &LotShop<'_>, mutation: &str, code: &str) {
    let query = "query($p: ID!) { lots(filter: { product: { eq: $p } }) { nodes { id code } } }";
    let found = shop.office.execute(query, json!({ "p": shop.cheese["id"] })).await;
    let lot = found["data"]["lots"]["nodes"].as_array().unwrap().iter().find(|lot| lot["code"] == code).unwrap();
    let input = json!({ "id": lot["id"], "idempotencyKey": key() });
    accepted(&shop.office.mutate(mutation, "LotStatusInput", "lot { status }", input).await, "lot");
}

/// Moves units of a lot from one shelf to another, and returns the movement.
async fn move_lot(shop: &LotShop<'_>, (from, to): (&str, &str), (code, quantity): (&str, i64)) -> Value {
    let item = json!({ "product": shop.cheese, "store": shop.office.store, "quantity": quantity, "lot": { "code": code } });
    let input = json!({ "idempotencyKey": key(), "from": from, "to": to, "reasonCode": "OTHER", "items": [item] });
    let payload = shop.office.mutate("stockMove", "StockMoveInput", "movement { id }", input).await;
    accepted(&payload, "movement")["id"].clone()
}

async fn undo(shop: &LotShop<'_>, movement: &Value, policy: &str) -> Value {
    let input = json!({ "idempotencyKey": key(), "movementId": movement, "note": "by mistake", "onShortage": policy });
    shop.office.mutate("stockReverse", "StockReverseInput", "levels { onHand unavailable }", input).await
}

/// Returns the unavailable units of a product here, by condition.
async fn aside(shop: &LotShop<'_>, product: &Value) -> Vec<(String, i64)> {
    let query = "query($p: ID!, $s: ID!) { availabilityExplanation(product: { id: $p }, store: { id: $s }) { unavailableBy { condition quantity } } }";
    let answer = shop.office.execute(query, json!({ "p": product["id"], "s": shop.office.store["id"] })).await;
    let all = answer["data"]["availabilityExplanation"]["unavailableBy"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let one = |document: &Value| (document["condition"].as_str().unwrap().to_owned(), document["quantity"].as_i64().unwrap());
    let mut found: Vec<_> = all.iter().map(one).filter(|(_, n)| *n != 0).collect();
    found.sort();
    found
}

fn by(condition: &str, quantity: i64) -> (String, i64) {
    (condition.to_owned(), quantity)
}

async fn a_set_aside_is_not_undone_once_its_lot_may_not_be_sold(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    for (code, step) in [("a", "lotRecall"), ("b", "lotQuarantine")] {
        shop.receive_lot(code, 10, "2099-03-01").await;
        let movement = move_lot(&shop, ("AVAILABLE", "QUARANTINE"), (code, 4)).await;
        on_lot(&shop, step, code).await;
        for policy in ["REFUSE", "SHORTEN", "POST_DISCREPANCY"] {
            refused(&undo(&shop, &movement, policy).await, "INVALID_STATE", "input.movementId");
        }
        let sold = shop.adjust("SALE", (&shop.cheese, &here), -1, json!({ "code": code })).await;
        refused(&sold, "INSUFFICIENT_STOCK", "input.changes.0.delta");
    }
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 10, 10), lot("b", 10, 10)]);
    shop.office.is_sound().await;
}

/// Receives units of a lot, and returns the movement.
async fn taken_in(shop: &LotShop<'_>, code: &str, quantity: i64) -> Value {
    let change = json!({ "product": shop.cheese, "store": shop.office.store, "delta": quantity, "lot": { "code": code } });
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": [change] });
    let payload = shop.office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await;
    accepted(&payload, "movement")["id"].clone()
}

async fn a_receipt_is_undone_where_its_lot_lies_now(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    // Available when it was received, recalled since.
    let first = taken_in(&shop, "a", 4).await;
    on_lot(&shop, "lotRecall", "a").await;
    accepted(&undo(&shop, &first, "REFUSE").await, "levels");
    assert_eq!(aside(&shop, &shop.cheese).await, [by("RECALLED", 10)]);
    // Recalled when it was received, released since.
    let second = taken_in(&shop, "a", 3).await;
    on_lot(&shop, "lotRelease", "a").await;
    accepted(&undo(&shop, &second, "REFUSE").await, "levels");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 10, 0)]);
    // In quarantine when it was received, recalled since.
    on_lot(&shop, "lotQuarantine", "a").await;
    let third = taken_in(&shop, "a", 2).await;
    on_lot(&shop, "lotRecall", "a").await;
    accepted(&undo(&shop, &third, "REFUSE").await, "levels");
    assert_eq!(aside(&shop, &shop.cheese).await, [by("RECALLED", 10)]);
    // Gone meanwhile.
    let fourth = taken_in(&shop, "a", 5).await;
    on_lot(&shop, "lotRelease", "a").await;
    accepted(&shop.adjust("SALE", (&shop.cheese, &here), -11, json!({ "code": "a" })).await, "levels");
    refused(&undo(&shop, &fourth, "REFUSE").await, "INSUFFICIENT_STOCK", "input.movementId");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 4, 0)]);
    shop.office.is_sound().await;
}

async fn a_write_off_is_not_undone_into_a_lot_that_may_not_be_sold(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    let gone = move_lot(&shop, ("AVAILABLE", "WRITTEN_OFF"), ("a", 3)).await;
    move_lot(&shop, ("AVAILABLE", "DAMAGED"), ("a", 2)).await;
    let broken = move_lot(&shop, ("DAMAGED", "WRITTEN_OFF"), ("a", 1)).await;
    on_lot(&shop, "lotRecall", "a").await;
    refused(&undo(&shop, &gone, "REFUSE").await, "INVALID_STATE", "input.movementId");
    refused(&undo(&shop, &broken, "REFUSE").await, "INVALID_STATE", "input.movementId");
    on_lot(&shop, "lotRelease", "a").await;
    accepted(&undo(&shop, &gone, "REFUSE").await, "levels");
    accepted(&undo(&shop, &broken, "REFUSE").await, "levels");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 10, 2)]);
    assert_eq!(aside(&shop, &shop.cheese).await, [by("DAMAGED", 2)]);
    shop.office.is_sound().await;
}

/// A delivery of seven sound ones and three that are damaged, of lot a.
async fn delivered(shop: &LotShop<'_>) {
    let order = shop
        .office
        .ordered(json!({ "lines": [{ "product": shop.cheese, "quantity": 10, "unitCost": super::shop::gbp("3.33") }] }))
        .await;
    let lots = json!([{ "lot": { "code": "a" }, "quantity": 7, "damaged": 3 }]);
    let lines = json!([{ "purchaseOrderLineId": order["lines"][0]["id"], "quantity": 7, "damaged": 3, "lots": lots }]);
    accepted(&shop.office.buy("purchaseOrderReceive", json!({ "id": order["id"], "lines": lines })).await, "purchaseOrder");
}

async fn damaged_goods_of_a_delivery_stay_damaged_when_their_lot_is_released(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    delivered(&shop).await;
    assert_eq!(aside(&shop, &shop.cheese).await, [by("DAMAGED", 3)]);
    for step in ["lotQuarantine", "lotRelease", "lotRecall", "lotRelease"] {
        on_lot(&shop, step, "a").await;
    }
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 10, 3)]);
    let sold = shop.adjust("SALE", (&shop.cheese, &here), -8, json!({ "code": "a" })).await;
    refused(&sold, "INSUFFICIENT_STOCK", "input.changes.0.delta");
    shop.office.is_sound().await;
}

async fn damaged_goods_that_come_into_a_recalled_lot_stay_damaged(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 1, "2099-03-01").await;
    on_lot(&shop, "lotRecall", "a").await;
    delivered(&shop).await;
    assert_eq!(aside(&shop, &shop.cheese).await, [by("DAMAGED", 3), by("RECALLED", 8)]);
    on_lot(&shop, "lotRelease", "a").await;
    assert_eq!(aside(&shop, &shop.cheese).await, [by("DAMAGED", 3)]);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 11, 3)]);
    shop.office.is_sound().await;
}

async fn damaged_goods_without_lots_are_set_aside_as_damaged(world: &World) {
    let shop = LotShop::open(world).await;
    let order = shop.office.ordered(json!({ "lines": [{ "product": shop.mug, "quantity": 5 }] })).await;
    let lines = json!([{ "purchaseOrderLineId": order["lines"][0]["id"], "quantity": 3, "damaged": 2 }]);
    accepted(&shop.office.buy("purchaseOrderReceive", json!({ "id": order["id"], "lines": lines })).await, "purchaseOrder");
    assert_eq!(aside(&shop, &shop.mug).await, [by("DAMAGED", 2)]);
    let item = json!({ "product": shop.mug, "store": shop.office.store, "quantity": 1 });
    let input =
        json!({ "idempotencyKey": key(), "from": "QUARANTINE", "to": "AVAILABLE", "reasonCode": "OTHER", "items": [item] });
    let freed = shop.office.mutate("stockMove", "StockMoveInput", "levels { onHand }", input).await;
    refused(&freed, "INSUFFICIENT_STOCK", "input.items.0.quantity");
    shop.office.is_sound().await;
}

async fn damaged_goods_go_back_before_what_is_only_looked_at(world: &World) {
    let shop = LotShop::open(world).await;
    delivered(&shop).await;
    move_lot(&shop, ("AVAILABLE", "QUARANTINE"), ("a", 2)).await;
    let line = json!([{ "product": shop.cheese, "quantity": 4, "source": "QUARANTINE" }]);
    let input = json!({ "idempotencyKey": key(), "supplier": shop.office.supplier, "store": shop.office.store, "lines": line });
    let ret = shop.office.mutate("supplierReturnCreate", "SupplierReturnCreateInput", "supplierReturn { id }", input).await;
    accepted(&ret, "supplierReturn");
    assert_eq!(aside(&shop, &shop.cheese).await, [by("QUARANTINE", 1)]);
    assert_eq!(shop.lots(&shop.cheese, &shop.office.store).await, [lot("a", 6, 1)]);
    shop.office.is_sound().await;
}

async fn what_came_back_and_nobody_looked_at_is_not_released_with_its_lot(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    accepted(&shop.adjust("SALE", (&shop.cheese, &here), -4, json!({ "code": "a" })).await, "levels");
    let back = json!({ "idempotencyKey": key(), "store": here, "receive": false,
        "lines": [{ "product": shop.cheese, "quantity": 3, "unitPrice": super::shop::gbp("4.00") }] });
    let fields = "return { id status lines { id } }";
    let payload = shop.office.mutate("returnCreate", "ReturnCreateInput", fields, back).await;
    let ret = accepted(&payload, "return").clone();
    let approve = json!({ "id": ret["id"], "idempotencyKey": key() });
    accepted(&shop.office.mutate("returnApprove", "ReturnActionInput", fields, approve).await, "return");
    // One is received while the lot is available, two while it is recalled.
    let comes = async |n: i64| {
        let lines = json!([{ "lineId": ret["lines"][0]["id"], "quantity": n, "lot": { "code": "a" } }]);
        let input = json!({ "id": ret["id"], "idempotencyKey": key(), "lines": lines });
        accepted(&shop.office.mutate("returnReceive", "ReturnReceiveInput", fields, input).await, "return");
    };
    comes(1).await;
    on_lot(&shop, "lotRecall", "a").await;
    comes(2).await;
    on_lot(&shop, "lotRelease", "a").await;
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 9, 3)], "nobody has looked at three of them");
    assert_eq!(aside(&shop, &shop.cheese).await, [by("QUARANTINE", 3)]);
    let seen = |disposition: &str, n: i64| json!({ "lineId": ret["lines"][0]["id"], "quantity": n, "disposition": disposition });
    let input = json!({ "id": ret["id"], "idempotencyKey": key(), "lines": [seen("RESTOCK", 1), seen("WRITE_OFF", 2)] });
    accepted(&shop.office.mutate("returnInspect", "ReturnInspectInput", fields, input).await, "return");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 7, 0)]);
    shop.office.is_sound().await;
}

async fn a_count_of_a_lot_that_may_not_be_sold_leaves_its_damaged_units_damaged(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    for (code, step) in [("a", "lotRecall"), ("b", "lotQuarantine")] {
        shop.receive_lot(code, 10, "2099-03-01").await;
        move_lot(&shop, ("AVAILABLE", "DAMAGED"), (code, 3)).await;
        on_lot(&shop, step, code).await;
    }
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    shop.record_counted(&count, &[("a", 8), ("b", 2)]).await;
    shop.post_count(&count).await;
    assert_eq!(aside(&shop, &shop.cheese).await, [by("DAMAGED", 5), by("RECALLED", 5)]);
    for code in ["a", "b"] {
        on_lot(&shop, "lotRelease", code).await;
    }
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 8, 3), lot("b", 2, 2)]);
    shop.office.is_sound().await;
}
