//! Lots that were shipped with lines of orders, and the lot of a return that names none.

use serde_json::{Value, json};

use super::{
    kits::{mutate, order, product, set_kit},
    shop::{LotShop, accepted, key, lot, refused},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    a_shipment_shows_the_lots_that_left_with_each_of_its_lines,
    a_kit_leaves_and_comes_back_in_the_lots_of_its_components,
    the_only_lot_that_is_left_comes_back_unnamed,
    a_lot_is_left_again_once_its_receipt_is_undone,
    the_only_lot_that_is_left_is_received_unnamed,
    each_line_of_a_return_is_received_in_the_lot_of_its_order_line,
    units_that_a_line_of_a_receipt_names_are_not_found_for_another,
    units_that_a_line_over_the_counter_names_are_not_found_for_another,
    serial_numbers_are_named_until_one_is_left,
);

/// Two lots of cheese, the first to expire first.
async fn open(world: &World) -> LotShop<'_> {
    let shop = LotShop::open(world).await;
    shop.receive_lot("L-1", 6, "2099-03-01").await;
    shop.receive_lot("L-2", 6, "2099-06-01").await;
    shop
}

/// An order of these, placed in a status.
async fn place_order(shop: &LotShop<'_>, status: &str, lines: &[(&Value, i64)]) -> Value {
    accepted(&order(shop, status, lines).await, "order").clone()
}

/// Status of each fulfilment of an order, with the lots of each of its lines.
async fn shipped(shop: &LotShop<'_>, order: &Value) -> Vec<(Value, Vec<Value>)> {
    let query =
        "query($id: ID!) { order(by: { id: $id }) { fulfilments { status lines { lots { sku code quantity lot { code } } } } } }";
    let answer = shop.office.execute(query, json!({ "id": order["id"] })).await;
    let all = answer["data"]["order"]["fulfilments"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let lots = |fulfilment: &Value| -> Vec<Value> {
        fulfilment["lines"].as_array().unwrap().iter().map(|line| line["lots"].clone()).collect()
    };
    all.iter().map(|fulfilment| (fulfilment["status"].clone(), lots(fulfilment))).collect()
}

fn left(code: &str, quantity: i64) -> Value {
    json!({ "sku": "CHEESE", "code": code, "quantity": quantity, "lot": { "code": code } })
}

/// A counter return of units of an order's first line.
async fn comes_back(shop: &LotShop<'_>, order: &Value, quantity: i64, extra: Value) -> Value {
    let mut line = json!({ "orderLineId": order["lines"][0]["id"], "quantity": quantity });
    line.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let input = json!({ "idempotencyKey": key(), "store": shop.office.store, "lines": [line] });
    shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id status }", input).await
}

/// A return of units of these order lines that is approved and not received yet.
async fn awaited(shop: &LotShop<'_>, lines: &[(&Value, i64)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(line, n)| json!({ "orderLineId": line["id"], "quantity": n })).collect();
    let return_input = json!({ "idempotencyKey": key(), "store": shop.office.store, "receive": false, "lines": lines });
    let return_input = shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id lines { id } }", return_input).await;
    let ret = accepted(&return_input, "return").clone();
    let approved = json!({ "idempotencyKey": key(), "id": ret["id"] });
    accepted(&shop.office.mutate("returnApprove", "ReturnActionInput", "return { id }", approved).await, "return");
    ret
}

/// Goods of a return are received: those of `lines`, else all.
async fn received(shop: &LotShop<'_>, ret: &Value, extra: Value) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "id": ret["id"] });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    shop.office.mutate("returnReceive", "ReturnReceiveInput", "return { id status }", input).await
}

async fn undo(shop: &LotShop<'_>, document: &Value) {
    let input = json!({ "idempotencyKey": key(), "documentId": document, "note": "a mistake" });
    let undone = shop.office.mutate("documentReverse", "DocumentReverseInput", "documentReversal { id }", input).await;
    accepted(&undone, "documentReversal");
}

async fn a_shipment_shows_the_lots_that_left_with_each_of_its_lines(world: &World) {
    let shop = open(world).await;
    accepted(&shop.adjust("RECEIPT", (&shop.mug, &shop.office.store), 3, Value::Null).await, "levels");
    let placed = place_order(&shop, "CONFIRMED", &[(&shop.cheese, 5), (&shop.cheese, 5), (&shop.mug, 1)]).await;
    assert!(shipped(&shop, &placed).await.is_empty());
    // Lines take the first to expire in their order, whichever is named first.
    let named = |index: usize, quantity: i64| json!({ "lineId": placed["lines"][index]["id"], "quantity": quantity });
    let lines = json!([named(1, 5), named(0, 4), named(2, 1)]);
    accepted(&mutate(&shop, "orderFulfil", json!({ "id": placed["id"], "lines": lines })).await, "order");
    let first = vec![json!([left("L-1", 4)]), json!([left("L-1", 2), left("L-2", 3)]), json!([])];
    assert_eq!(shipped(&shop, &placed).await, [(json!("SHIPPED"), first.clone())]);

    // The rest leaves in the lot that is named.
    let mut rest = named(0, 1);
    rest["lot"] = json!({ "code": "L-2" });
    accepted(&mutate(&shop, "orderFulfil", json!({ "id": placed["id"], "lines": [rest] })).await, "order");
    let second = vec![json!([left("L-2", 1)])];
    assert_eq!(shipped(&shop, &placed).await, [(json!("SHIPPED"), first.clone()), (json!("SHIPPED"), second.clone())]);

    // A reversed shipment keeps the lots that it shipped.
    let query = "query($id: ID!) { order(by: { id: $id }) { fulfilments { id lines { lots { code quantity } } } } }";
    let answer = shop.office.execute(query, json!({ "id": placed["id"] })).await;
    undo(&shop, &answer["data"]["order"]["fulfilments"][0]["id"]).await;
    assert_eq!(shipped(&shop, &placed).await, [(json!("CANCELLED"), first), (json!("SHIPPED"), second)]);

    // Codes of lots belong to the order; the lot itself needs the right to see stock.
    let clerk = shop.office.as_caller(world.ours.owner_with(&["order.read"]));
    assert_eq!(clerk.execute(query, json!({ "id": placed["id"] })).await["data"], answer["data"]);
    let lots = "query($id: ID!) { order(by: { id: $id }) { fulfilments { lines { lots { lot { id } } } } } }";
    let hidden = clerk.execute(lots, json!({ "id": placed["id"] })).await;
    assert_eq!(hidden["errors"][0]["code"], "FORBIDDEN", "{hidden:#}");
    shop.office.is_sound().await;
}

async fn a_kit_leaves_and_comes_back_in_the_lots_of_its_components(world: &World) {
    let shop = open(world).await;
    let board = product(&shop, "BOARD", "5.00", 4).await;
    let kit = product(&shop, "PLATTER", "5.00", 0).await;
    accepted(&set_kit(&shop, &kit, &[(&board, 1), (&shop.cheese, 2)]).await, "product");
    let placed = place_order(&shop, "CONFIRMED", &[(&kit, 2)]).await;
    accepted(&mutate(&shop, "orderFulfil", json!({ "id": placed["id"] })).await, "order");
    assert_eq!(shipped(&shop, &placed).await, [(json!("SHIPPED"), vec![json!([left("L-1", 4)])])]);
    accepted(&comes_back(&shop, &placed, 1, json!({})).await, "return");
    let here = &shop.office.store;
    assert_eq!(shop.lots(&shop.cheese, here).await, [lot("L-1", 4, 0), lot("L-2", 6, 0)]);
    assert_eq!(shop.office.level(&board, here).await, [3, 0, 0]);
    shop.office.is_sound().await;
}

async fn the_only_lot_that_is_left_comes_back_unnamed(world: &World) {
    let shop = open(world).await;
    let here = &shop.office.store;
    // Six of the first lot and two of the second.
    let sold = place_order(&shop, "FULFILLED", &[(&shop.cheese, 8)]).await;
    let message = refused(&comes_back(&shop, &sold, 1, json!({})).await, "INVALID", "input.lines.0.lot");
    assert!(message.contains("CHEESE") && message.contains("L-1, L-2"), "{message}");
    accepted(&comes_back(&shop, &sold, 5, json!({ "lot": { "code": "L-1" } })).await, "return");
    refused(&comes_back(&shop, &sold, 1, json!({})).await, "INVALID", "input.lines.0.lot");
    accepted(&comes_back(&shop, &sold, 1, json!({ "lot": { "code": "L-1" } })).await, "return");

    let line = json!({ "orderLineId": sold["lines"][0]["id"], "quantity": 1, "disposition": "QUARANTINE" });
    let input = json!({ "idempotencyKey": key(), "store": here, "lines": [line] });
    let dry = "mutation($input: ReturnCreateInput!) { returnCreate(input: $input, validateOnly: true) { return { status } userErrors { code } } }";
    let foreseen = shop.office.execute(dry, json!({ "input": input })).await;
    assert_eq!(foreseen["data"]["returnCreate"], json!({ "return": { "status": "RECEIVED" }, "userErrors": [] }), "{foreseen:#}");
    assert_eq!(shop.lots(&shop.cheese, here).await, [lot("L-1", 6, 0), lot("L-2", 4, 0)]);
    let back = shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input.clone()).await;
    accepted(&back, "return");
    assert_eq!(shop.lots(&shop.cheese, here).await, [lot("L-1", 6, 0), lot("L-2", 5, 1)]);
    let again = shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await;
    assert_eq!((&again["replayed"], &again["return"]), (&json!(true), &back["return"]));
    // The last one is written off: it is received into its lot and removed from it.
    accepted(&comes_back(&shop, &sold, 1, json!({ "disposition": "WRITE_OFF" })).await, "return");
    assert_eq!(shop.lots(&shop.cheese, here).await, [lot("L-1", 6, 0), lot("L-2", 5, 1)]);
    refused(&comes_back(&shop, &sold, 1, json!({})).await, "OUT_OF_RANGE", "input.lines.0.quantity");

    // Units beyond the order's line came from no known order, and may be of any lot.
    let sold = place_order(&shop, "FULFILLED", &[(&shop.cheese, 1)]).await;
    let piece = json!([{ "orderLineId": sold["lines"][0]["id"], "quantity": 1 }]);
    let matched = async |quantity: i64| {
        let line = json!({ "product": shop.cheese, "quantity": quantity, "matches": piece });
        let input = json!({ "idempotencyKey": key(), "store": here, "lines": [line] });
        shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await
    };
    refused(&matched(2).await, "INVALID", "input.lines.0.lot");
    accepted(&matched(1).await, "return");
    assert_eq!(shop.lots(&shop.cheese, here).await, [lot("L-1", 6, 0), lot("L-2", 5, 1)]);
    shop.office.is_sound().await;
}

async fn a_lot_is_left_again_once_its_receipt_is_undone(world: &World) {
    let shop = open(world).await;
    let sold = place_order(&shop, "FULFILLED", &[(&shop.cheese, 8)]).await;
    let ret = awaited(&shop, &[(&sold["lines"][0], 2)]).await;
    let brought = json!([{ "lineId": ret["lines"][0]["id"], "quantity": 2, "lot": { "code": "L-2" } }]);
    accepted(&received(&shop, &ret, json!({ "lines": brought })).await, "return");
    accepted(&comes_back(&shop, &sold, 1, json!({})).await, "return");
    assert_eq!(shop.lots(&shop.cheese, &shop.office.store).await, [lot("L-1", 1, 0), lot("L-2", 6, 2)]);
    undo(&shop, &ret["id"]).await;
    let message = refused(&comes_back(&shop, &sold, 1, json!({})).await, "INVALID", "input.lines.0.lot");
    assert!(message.contains("L-1, L-2"), "{message}");
    shop.office.is_sound().await;
}

async fn serial_numbers_are_named_until_one_is_left(world: &World) {
    let shop = LotShop::open(world).await;
    let here = &shop.office.store;
    for code in ["S-1", "S-2"] {
        accepted(&shop.adjust("RECEIPT", (&shop.drill, here), 1, json!({ "code": code })).await, "levels");
    }
    let sold = place_order(&shop, "FULFILLED", &[(&shop.drill, 2)]).await;
    for quantity in [1, 2] {
        let message = refused(&comes_back(&shop, &sold, quantity, json!({})).await, "INVALID", "input.lines.0.lot");
        assert!(message.contains("serial number") && message.contains("S-1, S-2"), "{message}");
    }
    accepted(&comes_back(&shop, &sold, 1, json!({ "lot": { "code": "S-1" } })).await, "return");
    accepted(&comes_back(&shop, &sold, 1, json!({})).await, "return");
    assert_eq!(shop.lots(&shop.drill, here).await, [lot("S-1", 1, 0), lot("S-2", 1, 0)]);
    shop.office.is_sound().await;
}

async fn the_only_lot_that_is_left_is_received_unnamed(world: &World) {
    let shop = open(world).await;
    let here = &shop.office.store;
    // Six of the first lot and two of the second.
    let sold = place_order(&shop, "FULFILLED", &[(&shop.cheese, 8)]).await;
    let ret = awaited(&shop, &[(&sold["lines"][0], 8)]).await;
    let message = refused(&received(&shop, &ret, json!({})).await, "INVALID", "input.lines");
    assert!(message.contains("CHEESE") && message.contains("L-1, L-2"), "{message}");
    let line = |quantity: i64| json!({ "lineId": ret["lines"][0]["id"], "quantity": quantity });
    let message = refused(&received(&shop, &ret, json!({ "lines": [line(1)] })).await, "INVALID", "input.lines.0.lot");
    assert!(message.contains("L-1, L-2"), "{message}");
    let mut first = line(6);
    first["lot"] = json!({ "code": "L-1" });
    assert_eq!(accepted(&received(&shop, &ret, json!({ "lines": [first] })).await, "return")["status"], "PARTIALLY_RECEIVED");

    // Only units of the second lot are left. A dry run accepts the line, and receives nothing.
    let one = json!({ "idempotencyKey": key(), "lines": [line(1)] });
    let dry = "mutation($input: ReturnReceiveInput!) { returnReceive(input: $input, validateOnly: true) { return { status } userErrors { code } } }";
    let mut input = one.clone();
    input["id"] = ret["id"].clone();
    let foreseen = shop.office.execute(dry, json!({ "input": input })).await;
    let expected = json!({ "return": { "status": "PARTIALLY_RECEIVED" }, "userErrors": [] });
    assert_eq!(foreseen["data"]["returnReceive"], expected, "{foreseen:#}");
    assert_eq!(shop.lots(&shop.cheese, here).await, [lot("L-1", 6, 6), lot("L-2", 4, 0)]);
    let back = received(&shop, &ret, one.clone()).await;
    assert_eq!(accepted(&back, "return")["status"], "PARTIALLY_RECEIVED");
    assert_eq!(shop.lots(&shop.cheese, here).await, [lot("L-1", 6, 6), lot("L-2", 5, 1)]);
    let again = received(&shop, &ret, one).await;
    assert_eq!((&again["replayed"], &again["return"]), (&json!(true), &back["return"]));
    assert_eq!(accepted(&received(&shop, &ret, json!({})).await, "return")["status"], "RECEIVED");
    assert_eq!(shop.lots(&shop.cheese, here).await, [lot("L-1", 6, 6), lot("L-2", 6, 2)]);

    // A returned serial number must be named unless it is the last one of the line.
    for code in ["S-1", "S-2"] {
        accepted(&shop.adjust("RECEIPT", (&shop.drill, here), 1, json!({ "code": code })).await, "levels");
    }
    let sold = place_order(&shop, "FULFILLED", &[(&shop.drill, 2)]).await;
    let ret = awaited(&shop, &[(&sold["lines"][0], 2)]).await;
    let message = refused(&received(&shop, &ret, json!({})).await, "INVALID", "input.lines");
    assert!(message.contains("serial number") && message.contains("S-1, S-2"), "{message}");
    let named_input = json!([{ "lineId": ret["lines"][0]["id"], "quantity": 1, "lot": { "code": "S-2" } }]);
    accepted(&received(&shop, &ret, json!({ "lines": named_input })).await, "return");
    assert_eq!(accepted(&received(&shop, &ret, json!({})).await, "return")["status"], "RECEIVED");
    assert_eq!(shop.lots(&shop.drill, here).await, [lot("S-1", 1, 1), lot("S-2", 1, 1)]);
    shop.office.is_sound().await;
}

async fn each_line_of_a_return_is_received_in_the_lot_of_its_order_line(world: &World) {
    let shop = open(world).await;
    let placed = place_order(&shop, "CONFIRMED", &[(&shop.cheese, 6), (&shop.cheese, 2)]).await;
    accepted(&mutate(&shop, "orderFulfil", json!({ "id": placed["id"] })).await, "order");
    let ret = awaited(&shop, &[(&placed["lines"][0], 1), (&placed["lines"][1], 2)]).await;
    assert_eq!(accepted(&received(&shop, &ret, json!({})).await, "return")["status"], "RECEIVED");
    assert_eq!(shop.lots(&shop.cheese, &shop.office.store).await, [lot("L-1", 1, 1), lot("L-2", 6, 2)]);

    // Goods of no known order may be of any lot.
    let line = json!([{ "product": shop.cheese, "quantity": 1, "unitPrice": { "amount": "1.00", "currencyCode": "GBP" } }]);
    let asked = json!({ "idempotencyKey": key(), "store": shop.office.store, "receive": false, "lines": line });
    let asked = shop.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", asked).await;
    let ret = accepted(&asked, "return").clone();
    let approved = json!({ "idempotencyKey": key(), "id": ret["id"] });
    accepted(&shop.office.mutate("returnApprove", "ReturnActionInput", "return { id }", approved).await, "return");
    let message = refused(&received(&shop, &ret, json!({})).await, "INVALID", "input.lines");
    assert!(!message.contains("L-1"), "{message}");
    shop.office.is_sound().await;
}

async fn units_that_a_line_of_a_receipt_names_are_not_found_for_another(world: &World) {
    let shop = open(world).await;
    let here = &shop.office.store;
    shop.receive_lot("L-3", 6, "2099-09-01").await;
    // Six of the first lot, six of the second and two of the third.
    let sold = place_order(&shop, "FULFILLED", &[(&shop.cheese, 14)]).await;
    let ret = awaited(&shop, &[(&sold["lines"][0], 14)]).await;
    let silent = |quantity: i64| json!({ "lineId": ret["lines"][0]["id"], "quantity": quantity });
    let named = |quantity: i64, code: &str| {
        let mut line = silent(quantity);
        line["lot"] = json!({ "code": code });
        line
    };
    let brings = async |lines: Value| received(&shop, &ret, json!({ "lines": lines })).await;

    // While one of the first lot is left, the return may be of any of the three lots; after that of
    // the other two, in any order of lines.
    let message = refused(&brings(json!([silent(1), named(5, "L-1")])).await, "INVALID", "input.lines.0.lot");
    assert!(message.contains("of L-1, L-2, L-3"), "{message}");
    for (lines, field) in
        [(json!([silent(1), named(6, "L-1")]), "input.lines.0.lot"), (json!([named(6, "L-1"), silent(1)]), "input.lines.1.lot")]
    {
        let message = refused(&brings(lines).await, "INVALID", field);
        assert!(message.contains("of L-2, L-3"), "{message}");
    }
    assert_eq!(shop.office.level(&shop.cheese, here).await, [4, 0, 0], "nothing came");

    // Both lines without a lot get the lot of which two units are left.
    let all = json!([silent(1), named(6, "L-1"), named(6, "L-2"), silent(1)]);
    assert_eq!(accepted(&brings(all).await, "return")["status"], "RECEIVED");
    assert_eq!(shop.lots(&shop.cheese, here).await, [lot("L-1", 6, 6), lot("L-2", 6, 6), lot("L-3", 6, 2)]);
    shop.office.is_sound().await;
}

async fn units_that_a_line_over_the_counter_names_are_not_found_for_another(world: &World) {
    let shop = open(world).await;
    // Six of the first lot and two of the second, for two lines of the order.
    let placed = place_order(&shop, "CONFIRMED", &[(&shop.cheese, 7), (&shop.cheese, 1)]).await;
    accepted(&mutate(&shop, "orderFulfil", json!({ "id": placed["id"] })).await, "order");
    let back = async |lines: Value| {
        let input = json!({ "idempotencyKey": key(), "store": shop.office.store, "lines": lines });
        shop.office.mutate("returnCreate", "ReturnCreateInput", "return { status }", input).await
    };
    let line = |nth: usize, quantity: i64| json!({ "orderLineId": placed["lines"][nth]["id"], "quantity": quantity });
    let mut named_line = line(0, 6);
    named_line["lot"] = json!({ "code": "L-1" });
    accepted(&back(json!([line(0, 1), named_line, line(1, 1)])).await, "return");
    assert_eq!(shop.lots(&shop.cheese, &shop.office.store).await, [lot("L-1", 6, 0), lot("L-2", 6, 0)]);
    shop.office.is_sound().await;
}
