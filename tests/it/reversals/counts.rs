//! Reversals of counts: whole, line by line, and refused while a later document depends on the
//! count.

use serde_json::{Value, json};

use super::{
    receipts::with,
    undo::{Office, accepted, effect, key, refused, reverse, reverse_document, undone},
};
use crate::{
    authorization::world::World,
    costing::world::{Books, run_tenant_sql},
    lots::shop::LotShop,
    world::on_both,
};

on_both!(
    a_count_is_undone_and_the_shelf_is_counted_again,
    a_line_of_a_count_is_undone_by_itself,
    of_two_counts_the_later_one_is_undone_first,
    what_happened_before_a_count_is_no_longer_balanced_once_it_is_undone,
    what_was_balanced_for_a_count_keeps_it,
    what_a_count_found_and_somebody_bought_stays,
    a_tally_from_before_knows_what_was_undone,
    lots_that_were_missing_are_back,
    whoever_may_not_approve_counts_undoes_none,
);

const COUNT: &str = "stocktake { id version status startedAt lines { nodes { id product { id } counted book difference countedAt reversedAt } } }";

/// A step of a count.
async fn step(office: &Office<'_>, mutation: &str, mut input: Value) -> Value {
    input["idempotencyKey"] = json!(key());
    let kind = match mutation {
        "stocktakeCreate" => "StocktakeCreateInput",
        "stocktakeRecord" => "StocktakeRecordInput",
        "stocktakeSubmit" => "StocktakeSubmitInput",
        _ => "StocktakeActionInput",
    };
    accepted(&office.mutate(mutation, kind, COUNT, input).await, "stocktake").clone()
}

/// A count of these products that has begun.
async fn begin_count(office: &Office<'_>, products: &[&Value]) -> Value {
    let input = json!({ "store": office.store, "kind": "LIST", "isBlind": false, "products": products });
    let payload = step(office, "stocktakeCreate", input).await;
    step(office, "stocktakeStart", json!({ "id": payload["id"] })).await
}

async fn post_counted(office: &Office<'_>, count: &Value, found: &[(&Value, i64)]) {
    let lines: Vec<Value> = found.iter().map(|(product, units)| json!({ "product": product, "counted": units })).collect();
    step(office, "stocktakeRecord", json!({ "id": count["id"], "lines": lines })).await;
}

async fn approved(office: &Office<'_>, count: &Value) -> Value {
    step(office, "stocktakeSubmit", json!({ "id": count["id"] })).await;
    step(office, "stocktakeApprove", json!({ "id": count["id"] })).await
}

/// A count with these quantities, approved.
async fn counted(office: &Office<'_>, products: &[(&Value, i64)]) -> Value {
    let names: Vec<&Value> = products.iter().map(|(product, _)| *product).collect();
    let count = begin_count(office, &names).await;
    post_counted(office, &count, products).await;
    approved(office, &count).await
}

fn line<'c>(count: &'c Value, product: &Value) -> &'c Value {
    let lines = count["lines"]["nodes"].as_array().unwrap();
    lines.iter().find(|line| line["product"]["id"] == product["id"]).unwrap()
}

async fn on_hand(office: &Office<'_>, product: &Value) -> i64 {
    office.level(product, &office.store).await[0]
}

async fn a_count_is_undone_and_the_shelf_is_counted_again(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 10, "2.00").await;
    let before = books.cost(&mug).await;
    let count = counted(office, &[(&mug, 7)]).await;
    assert_eq!((on_hand(office, &mug).await, &line(&count, &mug)["difference"]), (7, &json!(-3)));
    let stale = reverse(office, &count["id"], json!({ "expectedVersion": 1 })).await;
    refused(&stale, "VERSION_CONFLICT", "input.expectedVersion");
    let reversal = undone(office, &count["id"], json!({})).await;
    assert_eq!(
        (&reversal["kind"], &reversal["documentId"], &reversal["document"]["id"]),
        (&json!("COUNT"), &count["id"], &count["id"])
    );
    assert_eq!((effect(&reversal, "ON_HAND"), &reversal["lines"][0]["lineId"]), (vec![3], &line(&count, &mug)["id"]));
    assert_eq!((on_hand(office, &mug).await, books.cost(&mug).await), (10, before));
    let query = format!("query($id: ID!) {{ {} }}", COUNT.replacen("stocktake", "stocktake(by: { id: $id })", 1));
    let now = office.execute(&query, json!({ "id": count["id"] })).await["data"]["stocktake"].clone();
    assert_eq!((&now["status"], line(&now, &mug)["reversedAt"].is_string()), (&json!("COMPLETED"), true));
    refused(&reverse(office, &count["id"], json!({})).await, "INVALID_STATE", "input.documentId");
    // The next count is compared with the book without it.
    let again = counted(office, &[(&mug, 9)]).await;
    assert_eq!((&line(&again, &mug)["book"], on_hand(office, &mug).await), (&json!(10), 9));
    office.is_sound().await;
}

async fn a_line_of_a_count_is_undone_by_itself(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let (mug, cup, jug) =
        (office.product("MUG", "2.00").await, office.product("CUP", "1.00").await, office.product("JUG", "9.00").await);
    for product in [&mug, &cup, &jug] {
        books.receive(product, 10, "1.00").await;
    }
    let count = counted(office, &[(&mug, 8), (&cup, 13), (&jug, 10)]).await;
    let of_mugs = &line(&count, &mug)["id"];
    let part = json!({ "lines": [{ "lineId": of_mugs, "quantity": 1 }] });
    refused(&reverse(office, &count["id"], part).await, "INVALID", "input.lines.0.quantity");
    let right = json!({ "lines": [{ "lineId": line(&count, &jug)["id"] }] });
    refused(&reverse(office, &count["id"], right).await, "NOT_FOUND", "input.lines.0.lineId");
    let mugs = json!({ "lines": [{ "lineId": of_mugs }] });
    let reversal = undone(office, &count["id"], mugs.clone()).await;
    assert_eq!((reversal["lines"].as_array().unwrap().len(), effect(&reversal, "ON_HAND")), (1, vec![2]));
    assert_eq!((on_hand(office, &mug).await, on_hand(office, &cup).await), (10, 13));
    refused(&reverse(office, &count["id"], mugs).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    office.is_sound().await;
    undone(office, &count["id"], json!({})).await;
    assert_eq!((on_hand(office, &mug).await, on_hand(office, &cup).await), (10, 10));
    office.is_sound().await;
}

async fn of_two_counts_the_later_one_is_undone_first(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 10, "2.00").await;
    let first = counted(office, &[(&mug, 8)]).await;
    let second = counted(office, &[(&mug, 7)]).await;
    let payload = reverse(office, &first["id"], json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    let error = &payload["userErrors"][0];
    assert_eq!((&error["documents"][0]["id"], &error["documentCount"]), (&second["id"], &json!(1)));
    // This also holds if both were approved at the same time, as by a clock that waits for the last
    // recorded time.
    let newest = "SELECT max(c.completed_at) FROM stock_count c WHERE c.tenant_id = $1";
    let at_once = format!("UPDATE stock_count SET completed_at = ({newest}) WHERE tenant_id = $1 AND status = 'COMPLETED'");
    run_tenant_sql(world, &at_once).await;
    refused(&reverse(office, &first["id"], json!({})).await, "IN_USE", "input.documentId");
    undone(office, &second["id"], json!({})).await;
    assert_eq!(on_hand(office, &mug).await, 8);
    undone(office, &first["id"], json!({})).await;
    assert_eq!(on_hand(office, &mug).await, 10);
    office.is_sound().await;
}

async fn what_happened_before_a_count_is_no_longer_balanced_once_it_is_undone(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 10, "2.00").await;
    let earlier = counted(office, &[(&mug, 9)]).await;
    let between = begin_count(office, &[&mug]).await["startedAt"].clone();
    let count = counted(office, &[(&mug, 8)]).await;
    undone(office, &count["id"], json!({})).await;
    assert_eq!(on_hand(office, &mug).await, 9);
    // The later count had included the sale; the earlier one had not.
    books.adjust("SALE", &mug, -2, json!({ "occurredAt": between })).await;
    assert_eq!(on_hand(office, &mug).await, 7);
    // A sale that the earlier count had included is offset as before.
    books.adjust("SALE", &mug, -2, json!({ "occurredAt": earlier["startedAt"] })).await;
    assert_eq!(on_hand(office, &mug).await, 7);
    office.is_sound().await;
}

async fn what_was_balanced_for_a_count_keeps_it(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 10, "2.00").await;
    let count = counted(office, &[(&mug, 8)]).await;
    books.adjust("SALE", &mug, -2, json!({ "occurredAt": count["startedAt"] })).await;
    assert_eq!(on_hand(office, &mug).await, 8, "the count had seen it");
    let payload = reverse(office, &count["id"], json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    let error = &payload["userErrors"][0];
    assert_eq!((&error["documents"][0]["__typename"], &error["documentCount"]), (&json!("StockMovement"), &json!(1)));
    assert_eq!(on_hand(office, &mug).await, 8);
    office.is_sound().await;
}

async fn what_a_count_found_and_somebody_bought_stays(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 10, "2.00").await;
    let count = counted(office, &[(&mug, 15)]).await;
    let sale = books.sell(&mug, 12).await;
    let payload = reverse(office, &count["id"], json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    assert_eq!(payload["userErrors"][0]["documents"][0]["id"], sale["id"]);
    undone(office, &sale["id"], json!({})).await;
    undone(office, &count["id"], json!({})).await;
    assert_eq!(on_hand(office, &mug).await, 10);
    office.is_sound().await;
}

async fn a_tally_from_before_knows_what_was_undone(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 10, "2.00").await;
    // One tally is recorded before the other count, one is sent later by a scanner.
    let (early, late) = (begin_count(office, &[&mug]).await, begin_count(office, &[&mug]).await);
    post_counted(office, &early, &[(&mug, 9)]).await;
    let other = counted(office, &[(&mug, 6)]).await;
    undone(office, &other["id"], json!({})).await;
    let scanned = json!([{ "product": mug, "counted": 9 }]);
    let when = json!({ "id": late["id"], "lines": scanned, "countedAt": late["startedAt"] });
    step(office, "stocktakeRecord", when).await;
    let posted = approved(office, &early).await;
    let of = |count: &Value| (line(count, &mug)["book"].clone(), line(count, &mug)["difference"].clone());
    assert_eq!((of(&posted), on_hand(office, &mug).await), ((json!(10), json!(-1)), 9));
    approved(office, &late).await;
    assert_eq!(on_hand(office, &mug).await, 9, "a mug is missing, whoever says so");
    office.is_sound().await;
}

async fn lots_that_were_missing_are_back(world: &World) {
    let shop = LotShop::open(world).await;
    let office = &shop.office;
    for (code, quantity) in [("a", 6), ("b", 4)] {
        shop.receive_lot(code, quantity, "2099-03-01").await;
    }
    let before = shop.lots(&shop.cheese, &office.store).await;
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    shop.record_counted(&count, &[("a", 4), ("b", 5)]).await;
    let posted = shop.post_count(&count).await;
    let reversal = undone(office, &posted["id"], json!({})).await;
    assert_eq!((reversal["lines"].as_array().unwrap().len(), effect(&reversal, "ON_HAND")), (2, vec![1]));
    assert_eq!(shop.lots(&shop.cheese, &office.store).await, before);
    office.is_sound().await;
}

async fn whoever_may_not_approve_counts_undoes_none(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 10, "2.00").await;
    let count = counted(office, &[(&mug, 7)]).await;
    let clerk = office.as_caller(with(&office.caller, None, &["document.reverse"]));
    let answer = reverse_document(&clerk, &count["id"], json!({}), false).await;
    assert!(answer["errors"].to_string().contains("count.approve"), "{answer:#}");
    let annex = office.new_store("ANNEX").await;
    let elsewhere = office.as_caller(with(&office.caller, Some(&annex), &["document.reverse", "count.approve"]));
    refused(&reverse(&elsewhere, &count["id"], json!({})).await, "NOT_FOUND", "input.documentId");
    assert_eq!(on_hand(office, &mug).await, 7);
}
