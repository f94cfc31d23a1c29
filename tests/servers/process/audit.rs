//! The audit after a load: every acknowledged change exists exactly once, and no other does.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    load::Outcomes,
    shop::{LevelRef, LevelState, Shop, place_of, text},
};

const MOVEMENTS: &str = "query($after: Cursor) { result: stockMovements(first: 100, after: $after) {
    nodes { seq entries { product { id } store { id } onHandAfter reservedAfter } } pageInfo { hasNextPage endCursor } } }";
const ORDERS: &str = "query($after: Cursor) { result: orders(first: 250, after: $after) { nodes { id number } pageInfo { hasNextPage endCursor } } }";

/// Compares all acknowledged changes with the stored ones.
pub async fn audit(shop: &Shop, on_hand: i64, outcomes: &Outcomes) {
    let movements = shop.client.all(MOVEMENTS).await;
    let there: BTreeSet<i64> = movements.iter().map(|m| m["seq"].as_i64().unwrap()).collect();
    assert_eq!(there.len(), movements.len(), "a movement is listed twice");
    let mut acknowledged: BTreeSet<i64> = shop.opening.iter().copied().collect();
    for done in &outcomes.done {
        assert!(acknowledged.insert(done.seq), "two calls were told of the same change: {done:?}");
    }
    let lost: Vec<_> = acknowledged.difference(&there).collect();
    let extra: Vec<_> = there.difference(&acknowledged).collect();
    assert!(lost.is_empty() && extra.is_empty(), "acknowledged but lost: {lost:?}; there without an acknowledgement: {extra:?}");

    let mut entries: BTreeMap<LevelRef, i64> = BTreeMap::new();
    for entry in movements.iter().flat_map(|m| m["entries"].as_array().unwrap()) {
        let after = [&entry["onHandAfter"], &entry["reservedAfter"]].map(|n| n.as_i64().unwrap());
        assert!(after.iter().all(|n| *n >= 0) && after[1] <= after[0], "negative or oversold: {entry}");
        *entries.entry(place_of(entry)).or_default() += 1;
    }
    assert_eq!(shop.levels().await, expected(shop, on_hand, outcomes, &entries));
    audit_orders(shop, outcomes).await;
}

/// Sums the acknowledged changes by level; a level's version counts its entries.
fn expected(shop: &Shop, on_hand: i64, outcomes: &Outcomes, entries: &BTreeMap<LevelRef, i64>) -> BTreeMap<LevelRef, LevelState> {
    let places = shop.products.iter().flat_map(|product| shop.stores.iter().map(move |store| (product.clone(), store.clone())));
    let mut levels: BTreeMap<LevelRef, LevelState> = places
        .map(|place| {
            let version = entries.get(&place).copied().unwrap_or_default();
            (place, LevelState { on_hand, reserved: 0, version })
        })
        .collect();
    for effect in outcomes.done.iter().flat_map(|done| &done.effects) {
        let level = levels.get_mut(&effect.place).unwrap();
        level.on_hand += effect.on_hand;
        level.reserved += effect.reserved;
    }
    levels
}

/// Every acknowledged order, no other, numbered without a gap.
async fn audit_orders(shop: &Shop, outcomes: &Outcomes) {
    let there: BTreeMap<String, String> =
        shop.client.all(ORDERS).await.iter().map(|order| (text(&order["id"]), text(&order["number"]))).collect();
    let acknowledged: BTreeMap<String, String> = outcomes.done.iter().filter_map(|done| done.order.clone()).collect();
    assert_eq!(there, acknowledged);
    let mut numbers: Vec<u64> =
        there.values().map(|n| n.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()).collect();
    numbers.sort_unstable();
    assert!(numbers.windows(2).all(|two| two[1] == two[0] + 1), "the numbers of orders have a gap: {numbers:?}");
}
