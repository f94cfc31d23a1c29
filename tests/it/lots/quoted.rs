//! Available quantities in refusals: a repeated call for exactly that many units succeeds.

use serde_json::{Value, json};

use super::{
    kits::{product, set_kit},
    shop::{LotShop, accepted, gbp, key},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    what_a_sale_is_told_can_be_sold,
    what_a_hold_is_told_can_be_held,
    what_a_later_line_is_told_leaves_the_earlier_ones_out,
    what_an_order_of_kits_is_told_is_whole_kits,
    what_a_shipment_is_told_counts_what_is_held_for_it,
    what_a_transfer_is_told_can_leave,
    what_a_shelf_is_told_can_be_moved,
);

/// Returns the requested and the available quantity of a refusal; panics unless its only error is a
/// shortage of stock.
fn quantities_told(payload: &Value) -> (i64, i64) {
    let errors = payload["userErrors"].as_array().unwrap_or_else(|| panic!("{payload:#}"));
    let [one] = errors.as_slice() else { panic!("one refusal is expected: {payload:#}") };
    assert_eq!(one["code"], "INSUFFICIENT_STOCK", "{payload:#}");
    (one["requested"].as_i64().unwrap(), one["available"].as_i64().unwrap())
}

async fn mutate(shop: &LotShop<'_>, mutation: &str, kind: &str, mut input: Value) -> Value {
    input["idempotencyKey"] = json!(key());
    let query = format!(
        "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code message field ... on InsufficientStock {{ requested available }} }} }} }}"
    );
    let answer = shop.office.execute(&query, json!({ "input": input })).await;
    assert!(answer["errors"].is_null(), "{mutation} {input}: {answer:#}");
    answer["data"][mutation].clone()
}

/// Requests too much, then one more than the available quantity of the refusal, and then exactly
/// that quantity; returns it.
async fn keeps_its_word(shop: &LotShop<'_>, (mutation, kind): (&str, &str), much: i64, input: impl Fn(i64) -> Value) -> i64 {
    let (requested, available) = quantities_told(&mutate(shop, mutation, kind, input(much)).await);
    assert_eq!(requested, much, "{mutation}: what was asked for");
    let (_, again) = quantities_told(&mutate(shop, mutation, kind, input(available + 1)).await);
    assert_eq!(again, available, "{mutation}: one more is too much");
    if available > 0 {
        let payload = mutate(shop, mutation, kind, input(available)).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}: {available} of {much} were said to be there");
    }
    available
}

/// Cheese that must have a week left when it is sold: one lot is past its date, one near it, one
/// good for long. Today is 2026-09-21.
async fn dairy(world: &World) -> LotShop<'_> {
    let shop = LotShop::open(world).await;
    let input = json!({ "id": shop.cheese["id"], "expectedVersion": 1, "minimumRemainingDays": 7 });
    accepted(&shop.office.mutate("productUpdate", "ProductUpdateInput", "product { version }", input).await, "product");
    shop.receive_lot("late", 4, "2026-09-20").await;
    shop.receive_lot("near", 5, "2026-09-25").await;
    shop.receive_lot("good", 6, "2099-03-01").await;
    shop
}

fn sale(shop: &LotShop<'_>, n: i64, lot: Option<&str>) -> Value {
    let mut change = json!({ "product": shop.cheese, "store": shop.office.store, "delta": -n });
    if let Some(code) = lot {
        change["lot"] = json!({ "code": code });
    }
    json!({ "kind": "SALE", "reasonCode": "SALE", "changes": [change] })
}

const ADJUST: (&str, &str) = ("stockAdjust", "StockAdjustInput");
const ORDER: (&str, &str) = ("orderCreate", "OrderCreateInput");

async fn what_a_sale_is_told_can_be_sold(world: &World) {
    let shop = dairy(world).await;
    assert_eq!(keeps_its_word(&shop, ADJUST, 40, |n| sale(&shop, n, Some("near"))).await, 5);
    assert_eq!(keeps_its_word(&shop, ADJUST, 40, |n| sale(&shop, n, None)).await, 6);
    shop.receive_lot("good", 6, "2099-03-01").await;
    // Units that are held for others are not available either.
    let held_input = json!({ "items": [{ "product": shop.cheese, "store": shop.office.store, "quantity": 2 }] });
    assert_eq!(mutate(&shop, "stockReserve", "StockReserveInput", held_input).await["userErrors"], json!([]));
    let counter = |n: i64| json!({ "store": shop.office.store, "status": "FULFILLED", "lines": [{ "product": shop.cheese, "quantity": n }] });
    assert_eq!(keeps_its_word(&shop, ORDER, 30, counter).await, 4);
    // A caller that may override can take held units, too; they are not offered.
    let anyway = |n: i64| {
        let mut input = sale(&shop, n, Some("good"));
        input["onShortage"] = json!("SHORTEN");
        input
    };
    assert_eq!(quantities_told(&mutate(&shop, "stockAdjust", "StockAdjustInput", anyway(99)).await), (99, 0));
    assert_eq!(mutate(&shop, "stockAdjust", "StockAdjustInput", anyway(2)).await["userErrors"], json!([]));
    shop.office.is_sound().await;
}

async fn what_a_hold_is_told_can_be_held(world: &World) {
    let shop = dairy(world).await;
    let hold = |n: i64| json!({ "items": [{ "product": shop.cheese, "store": shop.office.store, "quantity": n }] });
    assert_eq!(keeps_its_word(&shop, ("stockReserve", "StockReserveInput"), 100, hold).await, 6);
    shop.receive_lot("more", 3, "2099-03-01").await;
    let order = |n: i64| json!({ "store": shop.office.store, "status": "CONFIRMED", "lines": [{ "product": shop.cheese, "quantity": n }] });
    assert_eq!(keeps_its_word(&shop, ORDER, 100, order).await, 3);
    shop.office.is_sound().await;
}

async fn what_a_later_line_is_told_leaves_the_earlier_ones_out(world: &World) {
    let shop = dairy(world).await;
    let two = |n: i64| {
        let mut input = sale(&shop, 2, None);
        let last = sale(&shop, n, None)["changes"][0].clone();
        input["changes"].as_array_mut().unwrap().push(last);
        input
    };
    assert_eq!(keeps_its_word(&shop, ADJUST, 50, two).await, 4);
    shop.receive_lot("good", 6, "2099-03-01").await;
    let lots = |n: i64| {
        let mut input = sale(&shop, 5, Some("good"));
        let last = sale(&shop, n, Some("good"))["changes"][0].clone();
        input["changes"].as_array_mut().unwrap().push(last);
        input
    };
    assert_eq!(keeps_its_word(&shop, ADJUST, 50, lots).await, 1);
    shop.office.is_sound().await;
}

async fn what_an_order_of_kits_is_told_is_whole_kits(world: &World) {
    let shop = LotShop::open(world).await;
    let (pot, bowl) = (product(&shop, "POT", "5.00", 10).await, product(&shop, "BOWL", "1.25", 15).await);
    let kit = product(&shop, "TEA-SET", "9.99", 0).await;
    accepted(&set_kit(&shop, &kit, &[(&pot, 1), (&bowl, 4)]).await, "product");
    let order = |status: &'static str| {
        let (store, kit) = (shop.office.store.clone(), kit.clone());
        move |n: i64| json!({ "store": store, "status": status, "lines": [{ "product": kit, "quantity": n }] })
    };
    assert_eq!(keeps_its_word(&shop, ORDER, 12, order("CONFIRMED")).await, 3);
    accepted(&shop.adjust("RECEIPT", (&bowl, &shop.office.store), 6, Value::Null).await, "levels");
    assert_eq!(keeps_its_word(&shop, ORDER, 12, order("FULFILLED")).await, 2);
    shop.office.is_sound().await;
}

async fn what_a_shipment_is_told_counts_what_is_held_for_it(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 6, "2099-03-01").await;
    shop.receive_lot("b", 6, "2099-04-01").await;
    let order = json!({ "store": here, "status": "CONFIRMED", "lines": [{ "product": shop.cheese, "quantity": 10 }] });
    let mut input = order;
    input["idempotencyKey"] = json!(key());
    let new_order = shop.office.mutate("orderCreate", "OrderCreateInput", "order { id lines { id } }", input).await;
    let new_order = accepted(&new_order, "order").clone();
    // Five units are damaged: the order's own hold is reduced.
    let mut broken = sale(&shop, 5, Some("a"));
    (broken["kind"], broken["reasonCode"], broken["onShortage"]) = (json!("REMOVAL"), json!("DAMAGE"), json!("SHORTEN"));
    assert_eq!(mutate(&shop, "stockAdjust", "StockAdjustInput", broken).await["userErrors"], json!([]));
    let ship = |n: i64| json!({ "id": new_order["id"], "lines": [{ "lineId": new_order["lines"][0]["id"], "quantity": n }] });
    assert_eq!(keeps_its_word(&shop, ("orderFulfil", "OrderFulfilInput"), 10, ship).await, 7);
    shop.office.is_sound().await;
}

async fn what_a_transfer_is_told_can_leave(world: &World) {
    let shop = dairy(world).await;
    let make = async |n: i64| {
        let input = json!({ "fromStore": shop.office.store, "toStore": shop.depot, "lines": [{ "product": shop.cheese, "quantity": n }] });
        let payload = shop.mutate_transfer("transferCreate", input).await;
        accepted(&payload, "transfer").clone()
    };
    let (much, more, all) = (make(60).await, make(12).await, make(11).await);
    let ready =
        async |document: &Value| mutate(&shop, "transferMarkReady", "TransferActionInput", json!({ "id": document["id"] })).await;
    assert_eq!(quantities_told(&ready(&much).await), (60, 11), "what is past its date stays");
    assert_eq!(quantities_told(&ready(&more).await), (12, 11));
    assert_eq!(ready(&all).await["userErrors"], json!([]));
    let sent = mutate(&shop, "transferShip", "TransferShipmentInput", json!({ "id": all["id"] })).await;
    assert_eq!(sent["userErrors"], json!([]), "and it leaves");
    shop.office.is_sound().await;
}

async fn what_a_shelf_is_told_can_be_moved(world: &World) {
    let shop = dairy(world).await;
    let moving = |from: &'static str, to: &'static str, lot: Option<&'static str>| {
        let (cheese, store) = (shop.cheese.clone(), shop.office.store.clone());
        move |n: i64| {
            let mut item = json!({ "product": cheese, "store": store, "quantity": n });
            if let Some(code) = lot {
                item["lot"] = json!({ "code": code });
            }
            json!({ "from": from, "to": to, "reasonCode": "OTHER", "items": [item] })
        }
    };
    let shelf = ("stockMove", "StockMoveInput");
    assert_eq!(keeps_its_word(&shop, shelf, 90, moving("AVAILABLE", "QUARANTINE", Some("near"))).await, 5);
    assert_eq!(keeps_its_word(&shop, shelf, 90, moving("EXPIRED", "WRITTEN_OFF", Some("late"))).await, 4);
    assert_eq!(keeps_its_word(&shop, shelf, 90, moving("QUARANTINE", "DAMAGED", None)).await, 5);
    assert_eq!(keeps_its_word(&shop, shelf, 90, moving("AVAILABLE", "DAMAGED", None)).await, 6);
    let order =
        shop.office.ordered(json!({ "lines": [{ "product": shop.cheese, "quantity": 9, "unitCost": gbp("1.00") }] })).await;
    let lots = json!([{ "lot": { "code": "bought" }, "quantity": 9 }]);
    let lines = json!([{ "purchaseOrderLineId": order["lines"][0]["id"], "quantity": 9, "lots": lots }]);
    accepted(&shop.office.buy("purchaseOrderReceive", json!({ "id": order["id"], "lines": lines })).await, "purchaseOrder");
    let back = |n: i64| {
        json!({ "supplier": shop.office.supplier, "store": shop.office.store,
        "lines": [{ "product": shop.cheese, "quantity": n, "lot": { "code": "bought" } }] })
    };
    assert_eq!(keeps_its_word(&shop, ("supplierReturnCreate", "SupplierReturnCreateInput"), 70, back).await, 9);
    shop.office.is_sound().await;
}
