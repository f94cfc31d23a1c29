//! Lots in purchases, and in returns to suppliers.

use serde_json::{Value, json};

use super::shop::{LotShop, accepted, gbp, key, lot, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    a_delivery_comes_in_lots_at_its_cost,
    serial_numbers_come_one_by_one,
    lots_of_a_delivery_that_do_not_fit_are_refused,
    a_lot_goes_back_to_its_supplier,
    a_recalled_lot_goes_back_from_where_it_lies_aside,
    a_cost_that_does_not_divide_is_posted_to_the_penny,
);

async fn receive(shop: &LotShop<'_>, order: &Value, lines: Value) -> Value {
    shop.office.buy("purchaseOrderReceive", json!({ "id": order["id"], "lines": lines })).await
}

fn receipt_line(order: &Value, index: usize, quantity: i64, damaged: i64, lots: Value) -> Value {
    json!({ "purchaseOrderLineId": order["lines"][index]["id"], "quantity": quantity, "damaged": damaged, "lots": lots })
}

async fn a_delivery_comes_in_lots_at_its_cost(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    let order = shop
        .office
        .ordered(json!({ "lines": [{ "product": shop.cheese, "quantity": 10, "unitCost": gbp("2.00") },
        { "product": shop.mug, "quantity": 3 }] }))
        .await;
    let first = json!({ "named": { "code": "L-1", "madeOn": "2026-01-01", "expiresOn": "2099-01-31" } });
    let lots = json!([{ "lot": first, "quantity": 4, "damaged": 1 }, { "lot": { "code": "L-2" }, "quantity": 2 }]);
    let lines = json!([receipt_line(&order, 0, 6, 1, lots), receipt_line(&order, 1, 3, 0, json!([]))]);
    let input = json!({ "id": order["id"], "idempotencyKey": "lorry", "lines": lines });
    let payload = shop.office.buy("purchaseOrderReceive", input.clone()).await;
    let after = accepted(&payload, "purchaseOrder");
    assert_eq!(
        (&after["status"], &after["lines"][0]["received"], &after["lines"][0]["damaged"]),
        (&json!("PARTIALLY_RECEIVED"), &json!(7), &json!(1))
    );
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("L-1", 5, 1), lot("L-2", 2, 0)]);
    assert_eq!(shop.office.level(&shop.cheese, &here).await, [7, 1, 3]);
    assert_eq!(shop.office.buy("purchaseOrderReceive", input).await["replayed"], true);
    // More of a known lot, named by its code alone.
    let further_payload =
        receive(&shop, &order, json!([receipt_line(&order, 0, 3, 0, json!([{ "lot": { "code": "l-1" }, "quantity": 3 }]))]))
            .await;
    assert_eq!(accepted(&further_payload, "purchaseOrder")["status"], "RECEIVED");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("L-1", 8, 1), lot("L-2", 2, 0)]);
    shop.office.is_sound().await;
}

async fn serial_numbers_come_one_by_one(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    let order = shop.office.ordered(json!({ "lines": [{ "product": shop.drill, "quantity": 3 }] })).await;
    let one = |code: &str, n: i64, damaged: i64| json!({ "lot": { "code": code }, "quantity": n, "damaged": damaged });
    let two_of_one = receive(&shop, &order, json!([receipt_line(&order, 0, 2, 0, json!([one("S-1", 2, 0)]))])).await;
    refused(&two_of_one, "OUT_OF_RANGE", "input.lines.0.lots.0.quantity");
    let all = json!([one("S-1", 1, 0), one("S-2", 0, 1), one("S-3", 1, 0)]);
    accepted(&receive(&shop, &order, json!([receipt_line(&order, 0, 2, 1, all)])).await, "purchaseOrder");
    assert_eq!(shop.lots(&shop.drill, &here).await, [lot("S-1", 1, 0), lot("S-2", 1, 1), lot("S-3", 1, 0)]);
    let again = shop.office.ordered(json!({ "lines": [{ "product": shop.drill, "quantity": 1 }] })).await;
    let twice = receive(&shop, &again, json!([receipt_line(&again, 0, 1, 0, json!([one("s-1", 1, 0)]))])).await;
    refused(&twice, "DUPLICATE", "input.lines.0.lots.0.lot");
    shop.office.is_sound().await;
}

async fn lots_of_a_delivery_that_do_not_fit_are_refused(world: &World) {
    let shop = LotShop::open(world).await;
    let order = shop
        .office
        .ordered(json!({ "lines": [{ "product": shop.cheese, "quantity": 10 }, { "product": shop.mug, "quantity": 3 }] }))
        .await;
    let [a, b] = ["a", "b"].map(|code| move |n: i64| json!({ "lot": { "code": code }, "quantity": n }));
    let all = shop.office.buy("purchaseOrderReceive", json!({ "id": order["id"] })).await;
    refused(&all, "INVALID", "input.lines");
    for (lines, code, field) in [
        (receipt_line(&order, 0, 5, 0, json!([])), "INVALID", "input.lines.0.lots"),
        (receipt_line(&order, 0, 5, 0, json!([a(4)])), "INVALID", "input.lines.0.lots"),
        (receipt_line(&order, 0, 5, 1, json!([a(5)])), "INVALID", "input.lines.0.lots"),
        (receipt_line(&order, 0, 5, 0, json!([b(0), a(5)])), "OUT_OF_RANGE", "input.lines.0.lots.0.quantity"),
        (receipt_line(&order, 0, 5, 0, json!([b(0), a(4)])), "OUT_OF_RANGE", "input.lines.0.lots.0.quantity"),
        (receipt_line(&order, 0, 5, 0, json!([a(6), b(-1)])), "OUT_OF_RANGE", "input.lines.0.lots.1.quantity"),
        (receipt_line(&order, 0, 4, 0, json!([a(2), a(2)])), "INVALID", "input.lines.0.lots.1.lot"),
        (receipt_line(&order, 1, 3, 0, json!([a(3)])), "INVALID", "input.lines.0.lots"),
    ] {
        refused(&receive(&shop, &order, json!([lines])).await, code, field);
    }
    let dates =
        json!([{ "lot": { "named": { "code": "a", "madeOn": "2030-01-01", "expiresOn": "2029-01-01" } }, "quantity": 5 }]);
    let backwards = receive(&shop, &order, json!([receipt_line(&order, 0, 5, 0, dates)])).await;
    refused(&backwards, "OUT_OF_RANGE", "input.lines.0.lots.0.lot.create.expiresOn");
    assert_eq!(shop.office.level(&shop.cheese, &shop.office.store).await, [0, 0, 10]);
    shop.office.is_sound().await;
}

async fn send_back(shop: &LotShop<'_>, lines: Value) -> Value {
    let input = json!({ "idempotencyKey": key(), "supplier": shop.office.supplier, "store": shop.office.store, "lines": lines });
    let fields = "supplierReturn { id credit { amount } lines { quantity source } }";
    shop.office.mutate("supplierReturnCreate", "SupplierReturnCreateInput", fields, input).await
}

async fn a_lot_goes_back_to_its_supplier(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    let order =
        shop.office.ordered(json!({ "lines": [{ "product": shop.cheese, "quantity": 10, "unitCost": gbp("2.00") }] })).await;
    let lots = json!([{ "lot": { "code": "a" }, "quantity": 4, "damaged": 2 }, { "lot": { "code": "b" }, "quantity": 4 }]);
    accepted(&receive(&shop, &order, json!([receipt_line(&order, 0, 8, 2, lots)])).await, "purchaseOrder");
    let line = order["lines"][0]["id"].clone();
    let back = json!([{ "purchaseOrderLineId": line, "quantity": 2, "source": "QUARANTINE", "lot": { "code": "a" } },
        { "purchaseOrderLineId": line, "quantity": 3, "lot": { "code": "b" } }]);
    let ret = send_back(&shop, back).await;
    assert_eq!(accepted(&ret, "supplierReturn")["credit"]["amount"], "10.00");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 4, 0), lot("b", 1, 0)]);
    let too_much = json!([{ "product": shop.cheese, "quantity": 2, "lot": { "code": "b" } }]);
    refused(&send_back(&shop, too_much).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    let none_aside = json!([{ "product": shop.cheese, "quantity": 1, "source": "QUARANTINE", "lot": { "code": "a" } }]);
    refused(&send_back(&shop, none_aside).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
    // Without a lot the first to expire goes.
    accepted(&send_back(&shop, json!([{ "product": shop.cheese, "quantity": 5 }])).await, "supplierReturn");
    assert_eq!(shop.lots(&shop.cheese, &here).await, []);
    shop.office.is_sound().await;
}

async fn a_recalled_lot_goes_back_from_where_it_lies_aside(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("bad", 5, "2099-03-01").await;
    let query = "query($p: ID!) { lots(filter: { product: { eq: $p } }) { nodes { id } } }";
    let found = shop.office.execute(query, json!({ "p": shop.cheese["id"] })).await;
    let input = json!({ "id": found["data"]["lots"]["nodes"][0]["id"], "idempotencyKey": "recall" });
    accepted(&shop.office.mutate("lotRecall", "LotStatusInput", "lot { status }", input).await, "lot");
    let line = json!([{ "product": shop.cheese, "quantity": 4, "source": "QUARANTINE", "lot": { "code": "bad" } }]);
    accepted(&send_back(&shop, line).await, "supplierReturn");
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("bad", 1, 1)]);
    shop.office.is_sound().await;
}

async fn a_cost_that_does_not_divide_is_posted_to_the_penny(world: &World) {
    let shop = LotShop::open(world).await;
    let input = json!({ "sku": "RIND", "name": "RIND", "tracking": "LOT", "unit": { "code": "kg", "decimals": 3 },
        "unitCost": gbp("3.33"), "price": gbp("4.00") });
    let payload = shop.office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    let rind = json!({ "id": accepted(&payload, "product")["id"] });
    let charge = json!([{ "kind": "FREIGHT", "amount": gbp("10.00") }]);
    let order = shop
        .office
        .ordered(json!({ "lines": [{ "product": rind, "quantity": 1_000, "unitCost": gbp("3.33") }], "charges": charge }))
        .await;
    let lots: Vec<Value> = [333, 1, 166]
        .iter()
        .enumerate()
        .map(|(n, grams)| json!({ "lot": { "code": format!("r{n}") }, "quantity": grams }))
        .collect();
    accepted(&receive(&shop, &order, json!([receipt_line(&order, 0, 500, 0, json!(lots))])).await, "purchaseOrder");
    // `verify` compares the value of the entries with that of the receipt.
    shop.office.is_sound().await;
}
