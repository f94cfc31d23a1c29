//! Book quantities of a count's lines: each lot is compared with its own book, and lines that were
//! not counted are left out.

use entrepot::clock::rfc3339;
use serde_json::{Value, json};

use super::shop::{LotShop, accepted, lines, lot, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    lots_counted_in_one_call_with_their_moment_have_each_their_own_book,
    what_another_count_posted_meanwhile_is_added_once,
    a_serial_product_counted_in_one_call_with_its_moment_keeps_its_units,
    a_list_has_a_line_for_each_lot_and_no_other,
    a_lot_that_turns_up_takes_the_place_of_the_line_without_one,
    a_line_without_a_lot_that_somebody_counted_is_kept,
);

fn line(code: &str, counted: i64, book: i64) -> (Option<String>, Option<i64>, Option<i64>) {
    (Some(code.to_owned()), Some(counted), Some(book))
}

/// The input that records these lots as they were counted then.
fn counted_then(shop: &LotShop<'_>, count: &Value, lots: &[(&str, i64)], at: entity::prelude::Timestamp) -> Value {
    let mut found = shop.counted_input(count, lots);
    found["countedAt"] = json!(rfc3339(at));
    found
}

async fn accuracy(shop: &LotShop<'_>, count: &Value) -> Value {
    let query = "query($id: ID!) { stocktake(by: { id: $id }) { figures { booked counted accuracy } progress { lines counted uncounted } } }";
    let answer = shop.office.execute(query, json!({ "id": count["id"] })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["stocktake"].clone()
}

async fn lots_counted_in_one_call_with_their_moment_have_each_their_own_book(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    for code in ["a", "b", "c"] {
        shop.receive_lot(code, 100, "2099-03-01").await;
    }
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    let at = world.node.clock.now();
    // Sold after the shelf was counted: the book at that moment does not include the sale.
    accepted(&shop.adjust("SALE", (&shop.cheese, &here), -5, json!({ "code": "a" })).await, "levels");
    let found = counted_then(&shop, &count, &[("a", 100), ("b", 100), ("c", 99)], at);
    accepted(&shop.mutate_count("stocktakeRecord", found).await, "stocktake");
    let posted = shop.post_count(&count).await;
    assert_eq!(lines(&posted, "CHEESE"), [line("a", 100, 100), line("b", 100, 100), line("c", 99, 100)]);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 95, 0), lot("b", 100, 0), lot("c", 99, 0)]);
    shop.office.is_sound().await;
}

async fn what_another_count_posted_meanwhile_is_added_once(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 100, "2099-03-01").await;
    shop.receive_lot("b", 100, "2099-04-01").await;
    let (first, second) = (shop.start_count(json!({ "kind": "FULL" })).await, shop.start_count(json!({ "kind": "FULL" })).await);
    shop.record_counted(&first, &[("a", 100), ("b", 90)]).await;
    let at = world.node.clock.now();
    shop.post_count(&first).await;
    let found = counted_then(&shop, &second, &[("a", 100), ("b", 90)], at);
    accepted(&shop.mutate_count("stocktakeRecord", found).await, "stocktake");
    let posted = shop.post_count(&second).await;
    assert_eq!(lines(&posted, "CHEESE"), [line("a", 100, 100), line("b", 90, 90)]);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 100, 0), lot("b", 90, 0)]);
    shop.office.is_sound().await;
}

async fn a_serial_product_counted_in_one_call_with_its_moment_keeps_its_units(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    for code in ["S-1", "S-2", "S-3"] {
        accepted(&shop.adjust("RECEIPT", (&shop.drill, &here), 1, json!({ "code": code })).await, "levels");
    }
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    let at = world.node.clock.now();
    let one = |code: &str, n: i64| json!({ "product": shop.drill, "lot": { "code": code }, "counted": n });
    let all = json!({ "id": count["id"], "countedAt": rfc3339(at), "lines": [one("S-1", 1), one("S-2", 1), one("S-3", 0)] });
    accepted(&shop.mutate_count("stocktakeRecord", all).await, "stocktake");
    let posted = shop.post_count(&count).await;
    assert_eq!(lines(&posted, "DRILL"), [line("S-1", 1, 1), line("S-2", 1, 1), line("S-3", 0, 1)]);
    assert_eq!(shop.lots(&shop.drill, &here).await, [lot("S-1", 1, 0), lot("S-2", 1, 0)]);
    shop.office.is_sound().await;
}

async fn a_list_has_a_line_for_each_lot_and_no_other(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("a", 10, "2099-03-01").await;
    let count = shop.start_count(json!({ "kind": "LIST", "products": [shop.cheese] })).await;
    assert_eq!(lines(&count, "CHEESE"), [(Some("a".to_owned()), None, None)]);
    let found = shop.record_counted(&count, &[("a", 9)]).await;
    assert_eq!(lines(&found, "CHEESE"), [line("a", 9, 10)]);
    let is = json!({ "figures": { "booked": 10, "counted": 9, "accuracy": "0.000000" },
        "progress": { "lines": 1, "counted": 1, "uncounted": 0 } });
    assert_eq!(accuracy(&shop, &count).await, is);
    shop.post_count(&count).await;
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("a", 9, 0)]);
    shop.office.is_sound().await;
}

async fn a_lot_that_turns_up_takes_the_place_of_the_line_without_one(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("gone", 2, "2099-03-01").await;
    accepted(&shop.adjust("SALE", (&shop.cheese, &here), -2, Value::Null).await, "levels");
    for kind in [json!({ "kind": "FULL" }), json!({ "kind": "LIST", "products": [shop.cheese] })] {
        let count = shop.start_count(kind).await;
        assert_eq!(lines(&count, "CHEESE"), [(None, None, None)], "nothing of it lies here: that is to be seen");
        let found = shop.record_counted(&count, &[("gone", 1)]).await;
        assert_eq!(lines(&found, "CHEESE"), [line("gone", 1, 0)], "nobody counted nothing");
        let seen = accuracy(&shop, &count).await;
        assert_eq!((&seen["figures"]["accuracy"], &seen["progress"]["uncounted"]), (&json!("0.000000"), &json!(0)));
        shop.post_count(&count).await;
        assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("gone", 1, 0)]);
        accepted(&shop.adjust("SALE", (&shop.cheese, &here), -1, Value::Null).await, "levels");
    }
    shop.office.is_sound().await;
}

async fn a_line_without_a_lot_that_somebody_counted_is_kept(world: &World) {
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    shop.receive_lot("gone", 2, "2099-03-01").await;
    accepted(&shop.adjust("SALE", (&shop.cheese, &here), -2, Value::Null).await, "levels");
    let count = shop.start_count(json!({ "kind": "FULL" })).await;
    let none = json!({ "id": count["id"], "lines": [{ "product": shop.cheese, "counted": 0 }] });
    accepted(&shop.mutate_count("stocktakeRecord", none).await, "stocktake");
    accepted(&shop.mutate_count("stocktakeSubmit", json!({ "id": count["id"] })).await, "stocktake");
    accepted(&shop.mutate_count("stocktakeRecount", json!({ "id": count["id"], "products": [shop.cheese] })).await, "stocktake");
    let found = shop.record_counted(&count, &[("gone", 1)]).await;
    assert_eq!(lines(&found, "CHEESE"), [(None, Some(0), Some(0)), line("gone", 1, 0)]);
    let tries = |code: Option<&str>| {
        let all = found["lines"]["nodes"].as_array().unwrap();
        all.iter().find(|one| one["lotCode"].as_str() == code).unwrap()["attempts"].clone()
    };
    assert_eq!((tries(None), tries(Some("gone"))), (json!(1), json!(1)), "it was counted once, by whoever saw nothing");
    shop.post_count(&count).await;
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("gone", 1, 0)]);
    let again = json!({ "id": count["id"], "lines": [{ "product": shop.cheese, "counted": 0 }] });
    refused(&shop.mutate_count("stocktakeRecord", again).await, "INVALID_STATE", "input.id");
    shop.office.is_sound().await;
}
