//! Lots that were shipped with lines of orders, and the lot of a return that names none.

use serde_json::{Value, json};

use super::{
    house::{House, done, key, lot, refused},
    kits::{act, order, product, set},
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
async fn open(world: &World) -> House<'_> {
    let house = House::open(world).await;
    house.takes_in("L-1", 6, "2099-03-01").await;
    house.takes_in("L-2", 6, "2099-06-01").await;
    house
}

/// An order of these, placed in a status.
async fn placed(house: &House<'_>, status: &str, lines: &[(&Value, i64)]) -> Value {
    done(&order(house, status, lines).await, "order").clone()
}

/// Status of each fulfilment of an order, with the lots of each of its lines.
async fn shipped(house: &House<'_>, order: &Value) -> Vec<(Value, Vec<Value>)> {
    let query =
        "query($id: ID!) { order(by: { id: $id }) { fulfilments { status lines { lots { sku code quantity lot { code } } } } } }";
    let answer = house.office.ask(query, json!({ "id": order["id"] })).await;
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
async fn comes_back(house: &House<'_>, order: &Value, quantity: i64, more: Value) -> Value {
    let mut line = json!({ "orderLineId": order["lines"][0]["id"], "quantity": quantity });
    line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let input = json!({ "idempotencyKey": key(), "store": house.office.store, "lines": [line] });
    house.office.act("returnCreate", "ReturnCreateInput", "return { id status }", input).await
}

/// A return of units of these order lines that is approved and not received yet.
async fn awaited(house: &House<'_>, lines: &[(&Value, i64)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(line, n)| json!({ "orderLineId": line["id"], "quantity": n })).collect();
    let asked = json!({ "idempotencyKey": key(), "store": house.office.store, "receive": false, "lines": lines });
    let asked = house.office.act("returnCreate", "ReturnCreateInput", "return { id lines { id } }", asked).await;
    let ret = done(&asked, "return").clone();
    let approved = json!({ "idempotencyKey": key(), "id": ret["id"] });
    done(&house.office.act("returnApprove", "ReturnActionInput", "return { id }", approved).await, "return");
    ret
}

/// Goods of a return are received: those of `lines`, else all.
async fn received(house: &House<'_>, ret: &Value, more: Value) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "id": ret["id"] });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    house.office.act("returnReceive", "ReturnReceiveInput", "return { id status }", input).await
}

async fn undo(house: &House<'_>, document: &Value) {
    let input = json!({ "idempotencyKey": key(), "documentId": document, "note": "a mistake" });
    let undone = house.office.act("documentReverse", "DocumentReverseInput", "documentReversal { id }", input).await;
    done(&undone, "documentReversal");
}

async fn a_shipment_shows_the_lots_that_left_with_each_of_its_lines(world: &World) {
    let house = open(world).await;
    done(&house.adjust("RECEIPT", (&house.mug, &house.office.store), 3, Value::Null).await, "levels");
    let placed = placed(&house, "CONFIRMED", &[(&house.cheese, 5), (&house.cheese, 5), (&house.mug, 1)]).await;
    assert!(shipped(&house, &placed).await.is_empty());
    // Lines take the first to expire in their order, whichever is named first.
    let named = |index: usize, quantity: i64| json!({ "lineId": placed["lines"][index]["id"], "quantity": quantity });
    let lines = json!([named(1, 5), named(0, 4), named(2, 1)]);
    done(&act(&house, "orderFulfil", json!({ "id": placed["id"], "lines": lines })).await, "order");
    let first = vec![json!([left("L-1", 4)]), json!([left("L-1", 2), left("L-2", 3)]), json!([])];
    assert_eq!(shipped(&house, &placed).await, [(json!("SHIPPED"), first.clone())]);

    // The rest leaves in the lot that is named.
    let mut rest = named(0, 1);
    rest["lot"] = json!({ "code": "L-2" });
    done(&act(&house, "orderFulfil", json!({ "id": placed["id"], "lines": [rest] })).await, "order");
    let second = vec![json!([left("L-2", 1)])];
    assert_eq!(shipped(&house, &placed).await, [(json!("SHIPPED"), first.clone()), (json!("SHIPPED"), second.clone())]);

    // A reversed shipment keeps the lots that it shipped.
    let query = "query($id: ID!) { order(by: { id: $id }) { fulfilments { id lines { lots { code quantity } } } } }";
    let seen = house.office.ask(query, json!({ "id": placed["id"] })).await;
    undo(&house, &seen["data"]["order"]["fulfilments"][0]["id"]).await;
    assert_eq!(shipped(&house, &placed).await, [(json!("CANCELLED"), first), (json!("SHIPPED"), second)]);

    // Codes of lots belong to the order; the lot itself needs the right to see stock.
    let clerk = house.office.as_caller(world.ours.only(&["order.read"]));
    assert_eq!(clerk.ask(query, json!({ "id": placed["id"] })).await["data"], seen["data"]);
    let lots = "query($id: ID!) { order(by: { id: $id }) { fulfilments { lines { lots { lot { id } } } } } }";
    let hidden = clerk.ask(lots, json!({ "id": placed["id"] })).await;
    assert_eq!(hidden["errors"][0]["code"], "FORBIDDEN", "{hidden:#}");
    house.office.is_sound().await;
}

async fn a_kit_leaves_and_comes_back_in_the_lots_of_its_components(world: &World) {
    let house = open(world).await;
    let board = product(&house, "BOARD", "5.00", 4).await;
    let kit = product(&house, "PLATTER", "5.00", 0).await;
    done(&set(&house, &kit, &[(&board, 1), (&house.cheese, 2)]).await, "product");
    let placed = placed(&house, "CONFIRMED", &[(&kit, 2)]).await;
    done(&act(&house, "orderFulfil", json!({ "id": placed["id"] })).await, "order");
    assert_eq!(shipped(&house, &placed).await, [(json!("SHIPPED"), vec![json!([left("L-1", 4)])])]);
    done(&comes_back(&house, &placed, 1, json!({})).await, "return");
    let here = &house.office.store;
    assert_eq!(house.lots(&house.cheese, here).await, [lot("L-1", 4, 0), lot("L-2", 6, 0)]);
    assert_eq!(house.office.level(&board, here).await, [3, 0, 0]);
    house.office.is_sound().await;
}

async fn the_only_lot_that_is_left_comes_back_unnamed(world: &World) {
    let house = open(world).await;
    let here = &house.office.store;
    // Six of the first lot and two of the second.
    let sold = placed(&house, "FULFILLED", &[(&house.cheese, 8)]).await;
    let said = refused(&comes_back(&house, &sold, 1, json!({})).await, "INVALID", "input.lines.0.lot");
    assert!(said.contains("CHEESE") && said.contains("L-1, L-2"), "{said}");
    done(&comes_back(&house, &sold, 5, json!({ "lot": { "code": "L-1" } })).await, "return");
    refused(&comes_back(&house, &sold, 1, json!({})).await, "INVALID", "input.lines.0.lot");
    done(&comes_back(&house, &sold, 1, json!({ "lot": { "code": "L-1" } })).await, "return");

    let line = json!({ "orderLineId": sold["lines"][0]["id"], "quantity": 1, "disposition": "QUARANTINE" });
    let input = json!({ "idempotencyKey": key(), "store": here, "lines": [line] });
    let dry = "mutation($input: ReturnCreateInput!) { returnCreate(input: $input, validateOnly: true) { return { status } userErrors { code } } }";
    let foreseen = house.office.ask(dry, json!({ "input": input })).await;
    assert_eq!(foreseen["data"]["returnCreate"], json!({ "return": { "status": "RECEIVED" }, "userErrors": [] }), "{foreseen:#}");
    assert_eq!(house.lots(&house.cheese, here).await, [lot("L-1", 6, 0), lot("L-2", 4, 0)]);
    let back = house.office.act("returnCreate", "ReturnCreateInput", "return { id }", input.clone()).await;
    done(&back, "return");
    assert_eq!(house.lots(&house.cheese, here).await, [lot("L-1", 6, 0), lot("L-2", 5, 1)]);
    let again = house.office.act("returnCreate", "ReturnCreateInput", "return { id }", input).await;
    assert_eq!((&again["replayed"], &again["return"]), (&json!(true), &back["return"]));
    // The last one is written off: it is received into its lot and removed from it.
    done(&comes_back(&house, &sold, 1, json!({ "disposition": "WRITE_OFF" })).await, "return");
    assert_eq!(house.lots(&house.cheese, here).await, [lot("L-1", 6, 0), lot("L-2", 5, 1)]);
    refused(&comes_back(&house, &sold, 1, json!({})).await, "OUT_OF_RANGE", "input.lines.0.quantity");

    // Units beyond the order's line came from no known order, and may be of any lot.
    let sold = placed(&house, "FULFILLED", &[(&house.cheese, 1)]).await;
    let piece = json!([{ "orderLineId": sold["lines"][0]["id"], "quantity": 1 }]);
    let matched = async |quantity: i64| {
        let line = json!({ "product": house.cheese, "quantity": quantity, "matches": piece });
        let input = json!({ "idempotencyKey": key(), "store": here, "lines": [line] });
        house.office.act("returnCreate", "ReturnCreateInput", "return { id }", input).await
    };
    refused(&matched(2).await, "INVALID", "input.lines.0.lot");
    done(&matched(1).await, "return");
    assert_eq!(house.lots(&house.cheese, here).await, [lot("L-1", 6, 0), lot("L-2", 5, 1)]);
    house.office.is_sound().await;
}

async fn a_lot_is_left_again_once_its_receipt_is_undone(world: &World) {
    let house = open(world).await;
    let sold = placed(&house, "FULFILLED", &[(&house.cheese, 8)]).await;
    let ret = awaited(&house, &[(&sold["lines"][0], 2)]).await;
    let brought = json!([{ "lineId": ret["lines"][0]["id"], "quantity": 2, "lot": { "code": "L-2" } }]);
    done(&received(&house, &ret, json!({ "lines": brought })).await, "return");
    done(&comes_back(&house, &sold, 1, json!({})).await, "return");
    assert_eq!(house.lots(&house.cheese, &house.office.store).await, [lot("L-1", 1, 0), lot("L-2", 6, 2)]);
    undo(&house, &ret["id"]).await;
    let said = refused(&comes_back(&house, &sold, 1, json!({})).await, "INVALID", "input.lines.0.lot");
    assert!(said.contains("L-1, L-2"), "{said}");
    house.office.is_sound().await;
}

async fn serial_numbers_are_named_until_one_is_left(world: &World) {
    let house = House::open(world).await;
    let here = &house.office.store;
    for code in ["S-1", "S-2"] {
        done(&house.adjust("RECEIPT", (&house.drill, here), 1, json!({ "code": code })).await, "levels");
    }
    let sold = placed(&house, "FULFILLED", &[(&house.drill, 2)]).await;
    for quantity in [1, 2] {
        let said = refused(&comes_back(&house, &sold, quantity, json!({})).await, "INVALID", "input.lines.0.lot");
        assert!(said.contains("serial number") && said.contains("S-1, S-2"), "{said}");
    }
    done(&comes_back(&house, &sold, 1, json!({ "lot": { "code": "S-1" } })).await, "return");
    done(&comes_back(&house, &sold, 1, json!({})).await, "return");
    assert_eq!(house.lots(&house.drill, here).await, [lot("S-1", 1, 0), lot("S-2", 1, 0)]);
    house.office.is_sound().await;
}

async fn the_only_lot_that_is_left_is_received_unnamed(world: &World) {
    let house = open(world).await;
    let here = &house.office.store;
    // Six of the first lot and two of the second.
    let sold = placed(&house, "FULFILLED", &[(&house.cheese, 8)]).await;
    let ret = awaited(&house, &[(&sold["lines"][0], 8)]).await;
    let said = refused(&received(&house, &ret, json!({})).await, "INVALID", "input.lines");
    assert!(said.contains("CHEESE") && said.contains("L-1, L-2"), "{said}");
    let line = |quantity: i64| json!({ "lineId": ret["lines"][0]["id"], "quantity": quantity });
    let said = refused(&received(&house, &ret, json!({ "lines": [line(1)] })).await, "INVALID", "input.lines.0.lot");
    assert!(said.contains("L-1, L-2"), "{said}");
    let mut first = line(6);
    first["lot"] = json!({ "code": "L-1" });
    assert_eq!(done(&received(&house, &ret, json!({ "lines": [first] })).await, "return")["status"], "PARTIALLY_RECEIVED");

    // Only units of the second lot are left. A dry run accepts the line, and receives nothing.
    let one = json!({ "idempotencyKey": key(), "lines": [line(1)] });
    let dry = "mutation($input: ReturnReceiveInput!) { returnReceive(input: $input, validateOnly: true) { return { status } userErrors { code } } }";
    let mut input = one.clone();
    input["id"] = ret["id"].clone();
    let foreseen = house.office.ask(dry, json!({ "input": input })).await;
    let expected = json!({ "return": { "status": "PARTIALLY_RECEIVED" }, "userErrors": [] });
    assert_eq!(foreseen["data"]["returnReceive"], expected, "{foreseen:#}");
    assert_eq!(house.lots(&house.cheese, here).await, [lot("L-1", 6, 6), lot("L-2", 4, 0)]);
    let back = received(&house, &ret, one.clone()).await;
    assert_eq!(done(&back, "return")["status"], "PARTIALLY_RECEIVED");
    assert_eq!(house.lots(&house.cheese, here).await, [lot("L-1", 6, 6), lot("L-2", 5, 1)]);
    let again = received(&house, &ret, one).await;
    assert_eq!((&again["replayed"], &again["return"]), (&json!(true), &back["return"]));
    assert_eq!(done(&received(&house, &ret, json!({})).await, "return")["status"], "RECEIVED");
    assert_eq!(house.lots(&house.cheese, here).await, [lot("L-1", 6, 6), lot("L-2", 6, 2)]);

    // A returned serial number must be named unless it is the last one of the line.
    for code in ["S-1", "S-2"] {
        done(&house.adjust("RECEIPT", (&house.drill, here), 1, json!({ "code": code })).await, "levels");
    }
    let sold = placed(&house, "FULFILLED", &[(&house.drill, 2)]).await;
    let ret = awaited(&house, &[(&sold["lines"][0], 2)]).await;
    let said = refused(&received(&house, &ret, json!({})).await, "INVALID", "input.lines");
    assert!(said.contains("serial number") && said.contains("S-1, S-2"), "{said}");
    let named = json!([{ "lineId": ret["lines"][0]["id"], "quantity": 1, "lot": { "code": "S-2" } }]);
    done(&received(&house, &ret, json!({ "lines": named })).await, "return");
    assert_eq!(done(&received(&house, &ret, json!({})).await, "return")["status"], "RECEIVED");
    assert_eq!(house.lots(&house.drill, here).await, [lot("S-1", 1, 1), lot("S-2", 1, 1)]);
    house.office.is_sound().await;
}

async fn each_line_of_a_return_is_received_in_the_lot_of_its_order_line(world: &World) {
    let house = open(world).await;
    let placed = placed(&house, "CONFIRMED", &[(&house.cheese, 6), (&house.cheese, 2)]).await;
    done(&act(&house, "orderFulfil", json!({ "id": placed["id"] })).await, "order");
    let ret = awaited(&house, &[(&placed["lines"][0], 1), (&placed["lines"][1], 2)]).await;
    assert_eq!(done(&received(&house, &ret, json!({})).await, "return")["status"], "RECEIVED");
    assert_eq!(house.lots(&house.cheese, &house.office.store).await, [lot("L-1", 1, 1), lot("L-2", 6, 2)]);

    // Goods of no known order may be of any lot.
    let line = json!([{ "product": house.cheese, "quantity": 1, "unitPrice": { "amount": "1.00", "currencyCode": "GBP" } }]);
    let asked = json!({ "idempotencyKey": key(), "store": house.office.store, "receive": false, "lines": line });
    let asked = house.office.act("returnCreate", "ReturnCreateInput", "return { id }", asked).await;
    let ret = done(&asked, "return").clone();
    let approved = json!({ "idempotencyKey": key(), "id": ret["id"] });
    done(&house.office.act("returnApprove", "ReturnActionInput", "return { id }", approved).await, "return");
    let said = refused(&received(&house, &ret, json!({})).await, "INVALID", "input.lines");
    assert!(!said.contains("L-1"), "{said}");
    house.office.is_sound().await;
}

async fn units_that_a_line_of_a_receipt_names_are_not_found_for_another(world: &World) {
    let house = open(world).await;
    let here = &house.office.store;
    house.takes_in("L-3", 6, "2099-09-01").await;
    // Six of the first lot, six of the second and two of the third.
    let sold = placed(&house, "FULFILLED", &[(&house.cheese, 14)]).await;
    let ret = awaited(&house, &[(&sold["lines"][0], 14)]).await;
    let silent = |quantity: i64| json!({ "lineId": ret["lines"][0]["id"], "quantity": quantity });
    let named = |quantity: i64, code: &str| {
        let mut line = silent(quantity);
        line["lot"] = json!({ "code": code });
        line
    };
    let brings = async |lines: Value| received(&house, &ret, json!({ "lines": lines })).await;

    // While one of the first lot is left, the return may be of any of the three lots; after that of
    // the other two, in any order of lines.
    let said = refused(&brings(json!([silent(1), named(5, "L-1")])).await, "INVALID", "input.lines.0.lot");
    assert!(said.contains("of L-1, L-2, L-3"), "{said}");
    for (lines, field) in
        [(json!([silent(1), named(6, "L-1")]), "input.lines.0.lot"), (json!([named(6, "L-1"), silent(1)]), "input.lines.1.lot")]
    {
        let said = refused(&brings(lines).await, "INVALID", field);
        assert!(said.contains("of L-2, L-3"), "{said}");
    }
    assert_eq!(house.office.level(&house.cheese, here).await, [4, 0, 0], "nothing came");

    // Both lines without a lot get the lot of which two units are left.
    let all = json!([silent(1), named(6, "L-1"), named(6, "L-2"), silent(1)]);
    assert_eq!(done(&brings(all).await, "return")["status"], "RECEIVED");
    assert_eq!(house.lots(&house.cheese, here).await, [lot("L-1", 6, 6), lot("L-2", 6, 6), lot("L-3", 6, 2)]);
    house.office.is_sound().await;
}

async fn units_that_a_line_over_the_counter_names_are_not_found_for_another(world: &World) {
    let house = open(world).await;
    // Six of the first lot and two of the second, for two lines of the order.
    let placed = placed(&house, "CONFIRMED", &[(&house.cheese, 7), (&house.cheese, 1)]).await;
    done(&act(&house, "orderFulfil", json!({ "id": placed["id"] })).await, "order");
    let back = async |lines: Value| {
        let input = json!({ "idempotencyKey": key(), "store": house.office.store, "lines": lines });
        house.office.act("returnCreate", "ReturnCreateInput", "return { status }", input).await
    };
    let line = |nth: usize, quantity: i64| json!({ "orderLineId": placed["lines"][nth]["id"], "quantity": quantity });
    let mut named = line(0, 6);
    named["lot"] = json!({ "code": "L-1" });
    done(&back(json!([line(0, 1), named, line(1, 1)])).await, "return");
    assert_eq!(house.lots(&house.cheese, &house.office.store).await, [lot("L-1", 6, 0), lot("L-2", 6, 0)]);
    house.office.is_sound().await;
}
