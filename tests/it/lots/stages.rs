//! A call that names lots reports every invalid lot, whichever line names it.

use serde_json::{Value, json};

use super::{
    kits::{product, set_kit},
    shop::{LotShop, accepted, key, sent_lots},
};
use crate::{
    authorization::world::World,
    world::{
        answers::{at_each_field, refusals},
        on_both,
    },
};

on_both!(
    a_transfer_is_told_each_lot_that_is_short,
    an_arrival_is_told_each_lot_that_did_not_leave,
    a_delivery_is_told_each_lot_of_nothing,
    a_discrepancy_is_told_each_product_that_is_kept_by_lots,
    a_return_over_the_counter_is_told_each_line_that_lacks_its_lot,
    a_shortage_names_the_lot_and_the_kit,
);

/// Cheese in three lots and two drills.
async fn stocked(world: &World) -> LotShop<'_> {
    let shop = LotShop::open(world).await;
    for (code, units) in [("a", 3), ("b", 3), ("c", 4)] {
        shop.receive_lot(code, units, "2099-03-01").await;
    }
    for code in ["S-1", "S-2"] {
        let payload = shop.adjust("RECEIPT", (&shop.drill, &shop.office.store), 1, json!({ "code": code })).await;
        accepted(&payload, "levels");
    }
    shop
}

/// Lots with their quantities, as input.
fn lots(named: &[(&str, i64)]) -> Value {
    named.iter().map(|(code, n)| json!({ "lot": { "code": code }, "quantity": n })).collect()
}

/// A line of a transfer in these lots.
fn parcel(transfer: &Value, line: usize, named: &[(&str, i64)]) -> Value {
    let quantity: i64 = named.iter().map(|(_, n)| n).sum();
    json!({ "lineId": transfer["lines"][line]["id"], "quantity": quantity, "lots": lots(named) })
}

async fn a_transfer_is_told_each_lot_that_is_short(world: &World) {
    let shop = stocked(world).await;
    let transfer = shop.create_held_transfer(&[(&shop.cheese, 10), (&shop.drill, 2)]).await;
    let ship = async |lines: Value| {
        refusals(&shop.mutate_transfer("transferShip", json!({ "id": transfer["id"], "lines": lines })).await)
    };
    let cheese = parcel(&transfer, 0, &[("a", 4), ("b", 4), ("c", 2)]);
    let drills = parcel(&transfer, 1, &[("S-1", 2)]);
    let places = ["lines.0.lots.0.quantity", "lines.0.lots.1.quantity", "lines.1.lots.0.quantity"];
    assert_eq!(ship(json!([cheese, drills])).await, at_each_field("INSUFFICIENT_STOCK", &places));
    // Lots that are not there come first, of all lines.
    let unknown = [parcel(&transfer, 0, &[("none", 2), ("a", 4), ("nor", 4)]), parcel(&transfer, 1, &[("S-9", 2)])];
    let places = ["lines.0.lots.0.lot.code", "lines.0.lots.2.lot.code", "lines.1.lots.0.lot.code"];
    assert_eq!(ship(json!(unknown)).await, at_each_field("NOT_FOUND", &places));
    let sent = shop.mutate_transfer("transferShip", json!({ "id": transfer["id"] })).await;
    assert_eq!(sent_lots(&accepted(&sent, "transfer")["lines"][0]).len(), 3, "nothing left on the way");
    shop.office.is_sound().await;
}

async fn an_arrival_is_told_each_lot_that_did_not_leave(world: &World) {
    let shop = stocked(world).await;
    let transfer = shop.create_held_transfer(&[(&shop.cheese, 10), (&shop.drill, 2)]).await;
    accepted(&shop.mutate_transfer("transferShip", json!({ "id": transfer["id"] })).await, "transfer");
    let lines = json!([parcel(&transfer, 0, &[("a", 4), ("b", 4), ("c", 1)]), parcel(&transfer, 1, &[("S-1", 2)])]);
    let payload = shop.mutate_transfer("transferReceive", json!({ "id": transfer["id"], "lines": lines })).await;
    let places = ["lines.0.lots.0.quantity", "lines.0.lots.1.quantity", "lines.1.lots.0.quantity"];
    assert_eq!(refusals(&payload), at_each_field("OUT_OF_RANGE", &places));
    accepted(&shop.mutate_transfer("transferReceive", json!({ "id": transfer["id"] })).await, "transfer");
    shop.office.is_sound().await;
}

async fn a_delivery_is_told_each_lot_of_nothing(world: &World) {
    let shop = LotShop::open(world).await;
    let ordered = json!({ "lines": [{ "product": shop.cheese, "quantity": 10 }, { "product": shop.drill, "quantity": 1 }] });
    let order = shop.office.ordered(ordered).await;
    let line = |nth: usize, quantity: i64, named: &[(&str, i64)]| json!({ "purchaseOrderLineId": order["lines"][nth]["id"], "quantity": quantity, "lots": lots(named) });
    let lines = json!([line(0, 10, &[("a", 0), ("b", 10), ("c", 0)]), line(1, 1, &[("S-1", 0), ("S-2", 1)])]);
    let payload = shop.office.buy("purchaseOrderReceive", json!({ "id": order["id"], "lines": lines })).await;
    let places = ["lines.0.lots.0.quantity", "lines.0.lots.2.quantity", "lines.1.lots.0.quantity"];
    assert_eq!(refusals(&payload), at_each_field("OUT_OF_RANGE", &places));
}

async fn a_discrepancy_is_told_each_product_that_is_kept_by_lots(world: &World) {
    let shop = stocked(world).await;
    let change = |document: &Value, delta: i64| json!({ "product": document, "store": shop.office.store, "delta": delta });
    let changes = [change(&shop.cheese, -11), change(&shop.mug, -1), change(&shop.drill, -3), change(&shop.cheese, -1)];
    let input = json!({ "idempotencyKey": key(), "kind": "SALE", "reasonCode": "SALE", "onShortage": "POST_DISCREPANCY", "changes": changes });
    let sold = shop.office.mutate("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await;
    assert_eq!(refusals(&sold), at_each_field("INVALID", &["changes.0.delta", "changes.2.delta", "changes.3.delta"]));
    assert_eq!(shop.lots(&shop.cheese, &shop.office.store).await.len(), 3, "nothing was sold");
    shop.office.is_sound().await;
}

async fn a_return_over_the_counter_is_told_each_line_that_lacks_its_lot(world: &World) {
    let shop = stocked(world).await;
    let price = json!({ "amount": "4.00", "currencyCode": "GBP" });
    let line = |document: &Value| json!({ "product": document, "quantity": 1, "unitPrice": price });
    let lines = [line(&shop.cheese), line(&shop.mug), line(&shop.drill)];
    let input = json!({ "idempotencyKey": key(), "store": shop.office.store, "lines": lines });
    let back = shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await;
    assert_eq!(refusals(&back), at_each_field("INVALID", &["lines.0.lot", "lines.2.lot"]));
}

async fn a_shortage_names_the_lot_and_the_kit(world: &World) {
    let shop = stocked(world).await;
    let short = async |mutation: &str, kind: &str, mut input: Value| {
        input["idempotencyKey"] = json!(key());
        let shortage_fields = "code ... on InsufficientStock { index sku kitSku lotCode requested available }";
        let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ {shortage_fields} }} }} }}");
        shop.office.execute(&query, json!({ "input": input })).await["data"][mutation]["userErrors"].clone()
    };
    let change = |code: &str, delta: i64| json!({ "product": shop.cheese, "store": shop.office.store, "delta": delta, "lot": { "code": code } });
    let changes = json!({ "kind": "SALE", "reasonCode": "SALE", "changes": [change("c", -2), change("a", -4), change("b", -4)] });
    let of_lot = |index: i64, code: &str| json!({ "code": "INSUFFICIENT_STOCK", "index": index, "sku": "CHEESE", "kitSku": null, "lotCode": code, "requested": 4, "available": 3 });
    assert_eq!(short("stockAdjust", "StockAdjustInput", changes).await, json!([of_lot(1, "a"), of_lot(2, "b")]));
    let pot = product(&shop, "POT", "5.00", 3).await;
    let kit = product(&shop, "TEA-SET", "9.99", 0).await;
    accepted(&set_kit(&shop, &kit, &[(&pot, 2)]).await, "product");
    let lines = json!([{ "product": shop.drill, "quantity": 1 }, { "product": kit, "quantity": 5 }]);
    let order = json!({ "store": shop.office.store, "status": "CONFIRMED", "lines": lines });
    let of_kit = json!({ "code": "INSUFFICIENT_STOCK", "index": 1, "sku": "POT", "kitSku": "TEA-SET", "lotCode": null, "requested": 5, "available": 1 });
    assert_eq!(short("orderCreate", "OrderCreateInput", order).await, json!([of_kit]));
}
