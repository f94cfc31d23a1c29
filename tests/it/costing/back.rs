//! Returns to stock and reversals: their value equals, to the penny, that of the original movement.

use entrepot::costing::shell::catch_up;
use serde_json::{Value, json};

use super::{
    books::{postings, throw_away},
    world::Books,
};
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    what_comes_back_in_parts_is_worth_what_was_sold_and_no_more,
    a_return_of_several_orders_takes_from_each_what_it_gave,
    a_reversal_of_several_lines_is_exact,
    a_reversal_after_a_revaluation_writes_nothing_else_off,
);

async fn give_back(books: &Books<'_>, line: Value) {
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "lines": [line] });
    accepted(&books.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
}

/// Rebuilds the book from the journal and compares it.
async fn is_the_same_made_again(world: &World, books: &Books<'_>) {
    let tenant = books.office.caller.tenant;
    let before = postings(world, tenant).await;
    throw_away(world).await;
    assert!(catch_up(&world.node.db, tenant, usize::MAX).await.unwrap().is_current());
    assert_eq!(postings(world, tenant).await, before);
    books.office.is_sound().await;
}

async fn what_comes_back_in_parts_is_worth_what_was_sold_and_no_more(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "9.00").await;
    books.receive(&mug, 2, "0.01").await;
    books.receive(&mug, 1, "0.00").await;
    let order = books.sell(&mug, 3).await;
    assert_eq!(order["costOfGoodsSold"]["amount"], "0.02");
    // Each return in a page of the book of its own.
    for _ in 0..3 {
        give_back(&books, json!({ "orderLineId": order["lines"][0]["id"], "product": mug, "quantity": 1 })).await;
        books.cost(&mug).await;
    }
    assert_eq!(books.cost(&mug).await.as_array().unwrap()[..3], [json!(3), json!("0.02"), json!("0.02")]);
    assert_eq!(books.report(&mug, "FIFO").await[2], "0.02");
    is_the_same_made_again(world, &books).await;
}

async fn a_return_of_several_orders_takes_from_each_what_it_gave(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "9.00").await;
    books.receive(&mug, 10, "1.00").await;
    let cheap = books.sell(&mug, 10).await;
    books.receive(&mug, 10, "5.00").await;
    let dear = books.sell(&mug, 10).await;
    let line = |order: &Value| order["lines"][0]["id"].clone();
    let piece = |order: &Value, quantity: i64| json!({ "orderLineId": line(order), "quantity": quantity });
    give_back(&books, json!({ "product": mug, "quantity": 5, "matches": [piece(&cheap, 2), piece(&dear, 3)] })).await;
    assert_eq!(books.cost(&mug).await[1], "17.00", "two at one pound and three at five");
    give_back(&books, json!({ "product": mug, "quantity": 8, "orderLineId": line(&cheap) })).await;
    assert_eq!(books.cost(&mug).await[1], "25.00");
    give_back(&books, json!({ "product": mug, "quantity": 7, "orderLineId": line(&dear) })).await;
    assert_eq!(books.cost(&mug).await.as_array().unwrap()[..3], [json!(20), json!("60.00"), json!("60.00")], "all of it");
    is_the_same_made_again(world, &books).await;
}

async fn reversed(books: &Books<'_>, movement: &Value) {
    let input = json!({ "idempotencyKey": key(), "movementId": movement["id"], "note": "it never was" });
    accepted(&books.office.mutate("stockReverse", "StockReverseInput", "movement { id }", input).await, "movement");
}

async fn a_reversal_of_several_lines_is_exact(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "9.00").await;
    books.receive(&mug, 2, "0.01").await;
    books.receive(&mug, 1, "0.00").await;
    let change = json!({ "product": mug, "store": books.office.store, "delta": -1 });
    let input = json!({ "idempotencyKey": key(), "kind": "REMOVAL", "reasonCode": "OTHER", "changes": [change, change, change] });
    let payload = books.office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await;
    assert_eq!(books.cost(&mug).await[1], "0.00");
    reversed(&books, accepted(&payload, "movement")).await;
    assert_eq!(books.cost(&mug).await.as_array().unwrap()[..3], [json!(3), json!("0.02"), json!("0.02")]);
    received_twice(&books, &mug).await;
    is_the_same_made_again(world, &books).await;
}

/// A return of all three mugs that is recorded as received too early, reversed, and received again:
/// it is valued at the cost of its sale, and not at the product's listed cost.
async fn received_twice(books: &Books<'_>, mug: &Value) {
    let order = books.sell(mug, 3).await;
    let lines = json!([{ "orderLineId": order["lines"][0]["id"], "quantity": 3 }]);
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "receive": false, "lines": lines });
    let payload = books.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await;
    let id = accepted(&payload, "return")["id"].clone();
    let step = async |mutation: &str, kind: &str| {
        let input = json!({ "idempotencyKey": key(), "id": id });
        accepted(&books.office.mutate(mutation, kind, "return { id }", input).await, "return");
    };
    step("returnApprove", "ReturnActionInput").await;
    step("returnReceive", "ReturnReceiveInput").await;
    assert_eq!(books.cost(mug).await[1], "0.02");
    let input = json!({ "idempotencyKey": key(), "documentId": id, "note": "it had not come" });
    let undone = books.office.mutate("documentReverse", "DocumentReverseInput", "documentReversal { id }", input).await;
    accepted(&undone, "documentReversal");
    assert_eq!(books.cost(mug).await[0], 0);
    step("returnReceive", "ReturnReceiveInput").await;
    assert_eq!(books.cost(mug).await.as_array().unwrap()[..3], [json!(3), json!("0.02"), json!("0.02")]);
}

async fn a_reversal_after_a_revaluation_writes_nothing_else_off(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 10, "1.00").await;
    let wrong = books.receive(&mug, 10, "10.00").await;
    accepted(&books.revalue(json!({ "lines": [{ "product": mug, "unitCost": gbp("1.00") }] })).await, "revaluation");
    books.receive(&mug, 10, "4.00").await;
    reversed(&books, &wrong).await;
    assert_eq!(books.cost(&mug).await, json!([20, "50.00", "50.00", [[10, "10.00"], [10, "40.00"]]]));
    is_the_same_made_again(world, &books).await;
}
