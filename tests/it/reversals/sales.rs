//! Sales over the counter that were typed twice.

use serde_json::{Value, json};

use super::{
    receipts::with,
    undo::{Office, accepted, effect, gbp, key, refused, reverse, reverse_document, undone, would},
};
use crate::{authorization::world::World, costing::world::Books, lots::shop::LotShop, world::on_both};

on_both!(
    a_sale_is_undone_and_its_order_is_cancelled,
    what_was_paid_of_it_is_to_be_given_back,
    a_sale_that_something_came_back_of_names_the_return,
    a_sale_is_undone_whole,
    a_sale_of_a_till_whose_clock_is_ahead_is_undone_at_once,
    a_kit_comes_back_in_its_parts_and_lots_as_they_left,
    what_no_stock_moved_with_is_cancelled_and_not_undone,
    whoever_may_not_sell_undoes_no_sale,
);

async fn order(office: &Office<'_>, id: &Value) -> Value {
    let query = "query($id: ID!) { order(by: { id: $id }) { id status version paymentStatus balance { amount } \
        lines { id quantity open fulfilled cancelled } } }";
    office.execute(query, json!({ "id": id })).await["data"]["order"].clone()
}

async fn on_hand(office: &Office<'_>, product: &Value) -> i64 {
    office.level(product, &office.store).await[0]
}

async fn a_sale_is_undone_and_its_order_is_cancelled(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    books.receive(&mug, 5, "3.00").await;
    let before = books.cost(&mug).await;
    let sale = books.sell(&mug, 7).await;
    assert_ne!(books.cost(&mug).await, before);
    let foreseen = would(office, &sale["id"], json!({})).await;
    assert_eq!(effect(accepted(&foreseen, "documentReversal"), "FULFILLED"), [-7]);
    assert_eq!(on_hand(office, &mug).await, 3, "a dry run changes nothing");
    let reversal = undone(office, &sale["id"], json!({})).await;
    let status = &reversal["effects"][0];
    assert_eq!((&status["statusBefore"], &status["statusAfter"]), (&json!("FULFILLED"), &json!("CANCELLED")));
    assert_eq!(["FULFILLED", "CANCELLED", "ON_HAND"].map(|field| effect(&reversal, field)), [[-7], [7], [7]]);
    assert_eq!(
        (&reversal["kind"], &reversal["document"]["id"], &reversal["lines"][0]["lineId"]),
        (&json!("SALE"), &sale["id"], &sale["lines"][0]["id"])
    );
    let now = order(office, &sale["id"]).await;
    assert_eq!((&now["status"], &now["lines"][0]["fulfilled"]), (&json!("CANCELLED"), &json!(0)));
    assert_eq!((on_hand(office, &mug).await, &books.cost(&mug).await[1]), (10, &before[1]));
    refused(&reverse(office, &sale["id"], json!({})).await, "INVALID_STATE", "input.documentId");
    books.sell(&mug, 10).await;
    office.is_sound().await;
}

async fn what_was_paid_of_it_is_to_be_given_back(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let sale = books.sell(&mug, 1).await;
    let paid = json!({ "idempotencyKey": key(), "order": { "id": sale["id"] }, "kind": "CAPTURE", "method": "CASH", "amount": gbp("99.00") });
    accepted(&office.mutate("paymentRecord", "PaymentRecordInput", "payment { id }", paid).await, "payment");
    undone(office, &sale["id"], json!({})).await;
    let now = order(office, &sale["id"]).await;
    assert_eq!((&now["paymentStatus"], &now["balance"]["amount"]), (&json!("OVERPAID"), &json!("-99.00")));
    office.is_sound().await;
}

async fn a_sale_that_something_came_back_of_names_the_return(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let sale = books.sell(&mug, 3).await;
    let lines = json!([{ "orderLineId": sale["lines"][0]["id"], "quantity": 1 }]);
    let back = json!({ "idempotencyKey": key(), "store": office.store, "lines": lines });
    let payload = office.mutate("returnCreate", "ReturnCreateInput", "return { id }", back).await;
    let ret = accepted(&payload, "return");
    let payload = reverse(office, &sale["id"], json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    let error = &payload["userErrors"][0];
    assert_eq!((&error["documents"][0]["id"], &error["documentCount"]), (&ret["id"], &json!(1)));
    assert_eq!(on_hand(office, &mug).await, 3);
    office.is_sound().await;
}

async fn a_sale_is_undone_whole(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let sale = books.sell(&mug, 3).await;
    let part = json!({ "lines": [{ "lineId": sale["lines"][0]["id"], "quantity": 1 }] });
    refused(&reverse(office, &sale["id"], part).await, "INVALID", "input.lines");
    let version = order(office, &sale["id"]).await["version"].as_i64().unwrap();
    let stale = reverse(office, &sale["id"], json!({ "expectedVersion": version + 1 })).await;
    refused(&stale, "VERSION_CONFLICT", "input.expectedVersion");
    let input = json!({ "idempotencyKey": key(), "expectedVersion": version });
    let first = reverse(office, &sale["id"], input.clone()).await;
    let again = reverse(office, &sale["id"], input).await;
    assert_eq!((&again["replayed"], &again["documentReversal"]["id"]), (&json!(true), &first["documentReversal"]["id"]));
    assert_eq!(on_hand(office, &mug).await, 5);
    office.is_sound().await;
}

async fn a_sale_of_a_till_whose_clock_is_ahead_is_undone_at_once(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let now = world.node.clock.now();
    let at = |seconds: i64| entrepot::clock::rfc3339(now.plus_seconds(seconds));
    let lines = json!([{ "product": mug, "quantity": 2 }]);
    let input =
        json!({ "idempotencyKey": key(), "store": office.store, "status": "FULFILLED", "placedAt": at(240), "lines": lines });
    let sale = office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await;
    let sale = accepted(&sale, "order")["id"].clone();
    refused(&reverse(office, &sale, json!({ "occurredAt": at(180) })).await, "OUT_OF_RANGE", "input.occurredAt");
    undone(office, &sale, json!({})).await;
    assert_eq!((&order(office, &sale).await["status"], on_hand(office, &mug).await), (&json!("CANCELLED"), 5));
    office.is_sound().await;
}

async fn a_kit_comes_back_in_its_parts_and_lots_as_they_left(world: &World) {
    let shop = LotShop::open(world).await;
    let office = &shop.office;
    for (code, day) in [("a", "2099-03-01"), ("b", "2099-04-01")] {
        shop.receive_lot(code, 4, day).await;
    }
    let board = office.product("BOARD", "5.00").await;
    let components = json!([{ "productId": shop.cheese["id"], "quantity": 3 }]);
    let kit = json!({ "idempotencyKey": key(), "id": board["id"], "components": components });
    accepted(&office.mutate("kitSet", "KitSetInput", "product { id }", kit).await, "product");
    let before = shop.lots(&shop.cheese, &office.store).await;
    let lines = json!([{ "product": shop.cheese, "quantity": 1 }, { "product": board, "quantity": 2 }]);
    let input = json!({ "idempotencyKey": key(), "store": office.store, "status": "FULFILLED", "lines": lines });
    let sale = office.mutate("orderCreate", "OrderCreateInput", "order { id lines { id } }", input).await;
    let sale = accepted(&sale, "order");
    let reversal = undone(office, &sale["id"], json!({})).await;
    let quantities: Vec<&Value> = reversal["lines"].as_array().unwrap().iter().map(|line| &line["quantity"]).collect();
    assert_eq!(quantities, [&json!(1), &json!(6)]);
    assert_eq!(shop.lots(&shop.cheese, &office.store).await, before);
    office.is_sound().await;
}

async fn what_no_stock_moved_with_is_cancelled_and_not_undone(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let lines = json!([{ "product": mug, "quantity": 3 }]);
    let input = json!({ "idempotencyKey": key(), "store": office.store, "status": "CONFIRMED", "lines": lines });
    let order_id = office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await;
    let order_id = &accepted(&order_id, "order")["id"];
    refused(&reverse(office, order_id, json!({})).await, "INVALID_STATE", "input.documentId");
    let shipped = json!({ "idempotencyKey": key(), "id": order_id });
    accepted(&office.mutate("orderFulfil", "OrderFulfilInput", "order { id }", shipped).await, "order");
    refused(&reverse(office, order_id, json!({})).await, "INVALID", "input.documentId");
    office.is_sound().await;
}

async fn whoever_may_not_sell_undoes_no_sale(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let sale = books.sell(&mug, 3).await;
    let clerk = office.as_caller(with(&office.caller, None, &["document.reverse"]));
    let answer = reverse_document(&clerk, &sale["id"], json!({}), false).await;
    assert!(answer["errors"].to_string().contains("order.write"), "{answer:#}");
    let annex = office.new_store("ANNEX").await;
    let elsewhere = office.as_caller(with(&office.caller, Some(&annex), &["document.reverse", "order.write"]));
    refused(&reverse(&elsewhere, &sale["id"], json!({})).await, "NOT_FOUND", "input.documentId");
    assert_eq!(on_hand(office, &mug).await, 2);
}
