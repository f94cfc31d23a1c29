//! Events of stock: movements and the levels they changed, lots, and the policies of levels. Figures are absolute and complete in themselves.

use std::collections::HashMap;

use entity::prelude::*;
use iam::access::{code, kind};
use platform::{
    clock,
    storage::{
        events::{Audience, EventViewer, PayloadVisibility, Stream, Subject, Terms},
        journal::NewEvent,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    core::{Level, LevelKey, Lot, Movement},
    rows::list::LevelRow,
};
use crate::catalog::events::{LEVELS, ProductMoved};

platform::events! {
    /// Movements of stock, and the levels that they change.
    STOCK: StockChanged = Terms {
        permission: code::<kind::StockRead>(),
        shown: PayloadVisibility::Part(visible_movement_payload),
        stream: Some(Stream { topic: LEVELS, concerns: |changed| audience_of_levels(changed.levels.iter().map(|level| (level.store, level.product, level.category))) }),
    } => {
        STOCK_CHANGED "stock.changed",
    }
    /// Lots.
    LOT: LotChanged = Terms { permission: code::<kind::StockRead>(), shown: PayloadVisibility::Part(visible_lot_payload), stream: None } => {
        LOT_CHANGED "lot.changed",
    }
    /// Reorder policies of levels, and their bin locations.
    STOCK_POLICY: PolicySet = Terms {
        permission: code::<kind::StockRead>(),
        shown: PayloadVisibility::Part(visible_policies_payload),
        stream: Some(Stream { topic: LEVELS, concerns: |set| audience_of_levels(set.levels.iter().map(|level| (level.store, level.product, level.category))) }),
    } => {
        STOCK_POLICY_SET "stock_policy.set",
    }
}

fn audience_of_levels(levels: impl Iterator<Item = (StoreId, ProductId, Option<CategoryId>)>) -> Audience {
    let subjects = levels.flat_map(|(store, product, category)| {
        [Subject::of(store), Subject::of(product)].into_iter().chain(category.map(Subject::of))
    });
    Audience::Of(subjects.collect())
}

/// The payload of `stock.changed`: one movement and the levels it changed, as they were after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockChanged {
    pub movement: MovementId,
    pub kind: MovementKind,
    pub levels: Vec<LevelState>,
}

/// A level after a change, with the data that filters test before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LevelState {
    pub id: LevelId,
    pub product: ProductId,
    pub store: StoreId,
    pub category: Option<CategoryId>,
    pub on_hand: Quantity,
    pub reserved: Quantity,
    pub unavailable: Quantity,
    pub incoming: Quantity,
    pub in_transit: Quantity,
    pub safety_stock: Quantity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reorder_point: Option<Quantity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Quantity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_stock_threshold: Option<Quantity>,
    pub version: i64,
    /// Number of the movement's entries on this level: versions `version − entries + 1 ..=
    /// version`.
    pub entries: i64,
    /// On hand, reserved and unavailable before the movement.
    pub before: [i64; 3],
}

/// Returns the levels of stores that the viewer sees; the movement, if they see all of its stores.
fn visible_movement_payload(changed: &StockChanged, viewer: EventViewer<'_>) -> Option<Value> {
    let visible_levels: Vec<&LevelState> = changed.levels.iter().filter(|level| viewer.covers(level.store)).collect();
    if visible_levels.is_empty() {
        return None;
    }
    // The ID of the movement needs the permission to read movements in all of its stores.
    let is_movement_visible =
        changed.levels.iter().all(|level| viewer.covers_with(code::<kind::StockMovementRead>(), level.store));
    let level = |level: &LevelState| {
        json!({ "id": level.id, "productId": level.product, "storeId": level.store, "onHand": level.on_hand, "reserved": level.reserved,
            "unavailable": level.unavailable, "available": level.on_hand.get() - level.unavailable.get() - level.reserved.get(),
            "incoming": level.incoming, "inTransit": level.in_transit, "safetyStock": level.safety_stock,
            "reorderPoint": level.reorder_point, "maximum": level.maximum, "version": level.version })
    };
    Some(json!({
        "movementId": is_movement_visible.then_some(changed.movement),
        "movementKind": is_movement_visible.then_some(changed.kind),
        "levels": visible_levels.into_iter().map(level).collect::<Vec<_>>(),
    }))
}

/// The payload of `lot.changed`: a lot that was created, or whose status, dates or note changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LotChanged {
    pub id: LotId,
    pub product_id: ProductId,
    pub code: String,
    pub status: LotStatus,
    pub made_on: Option<String>,
    pub expires_on: Option<String>,
    pub version: i64,
}

/// A lot, in full for a viewer who sees all stores. The event does not have the stores of the lot:
/// other viewers get its ID and product, and read the lot if it is in a store of theirs.
fn visible_lot_payload(lot: &LotChanged, viewer: EventViewer<'_>) -> Option<Value> {
    // No store has the nil ID: only viewers of all stores have rights there.
    let sees_all = viewer.covers(StoreId::NIL);
    viewer.is_permitted().then(|| {
        json!({ "id": lot.id, "productId": lot.product_id, "code": sees_all.then_some(&lot.code), "status": sees_all.then_some(lot.status),
            "madeOn": lot.made_on.as_ref().filter(|_| sees_all), "expiresOn": lot.expires_on.as_ref().filter(|_| sees_all), "version": lot.version })
    })
}

/// The payload of `stock_policy.set`: the policies of levels, with the former ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicySet {
    pub levels: Vec<PolicyMoved>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyMoved {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bin_location: Option<String>,
    #[serde(default)]
    pub category: Option<CategoryId>,
    pub maximum: Option<Quantity>,
    #[serde(default)]
    pub maximum_before: Option<Quantity>,
    pub product: ProductId,
    pub reorder_point: Option<Quantity>,
    #[serde(default)]
    pub reorder_point_before: Option<Quantity>,
    pub safety_stock: Quantity,
    pub store: StoreId,
}

impl PolicyMoved {
    pub fn key(&self) -> LevelKey {
        LevelKey { product: self.product, store: self.store }
    }
    /// Returns the level before the event and after.
    pub fn before_and_after(&self, level: LevelRow) -> (LevelRow, LevelRow) {
        let (reorder_point, maximum, safety_stock) = (self.reorder_point, self.maximum, self.safety_stock);
        let after = LevelRow { safety_stock, reorder_point, maximum, ..level };
        let before = LevelRow { reorder_point: self.reorder_point_before, maximum: self.maximum_before, ..after.clone() };
        (before, after)
    }
}

/// The policies of levels in stores that the viewer sees.
fn visible_policies_payload(set: &PolicySet, viewer: EventViewer<'_>) -> Option<Value> {
    let level = |level: &PolicyMoved| {
        json!({ "productId": level.product, "storeId": level.store, "reorderPoint": level.reorder_point, "maximum": level.maximum,
            "safetyStock": level.safety_stock, "binLocation": level.bin_location })
    };
    let visible_levels: Vec<Value> = set.levels.iter().filter(|level| viewer.covers(level.store)).map(level).collect();
    (!visible_levels.is_empty()).then(|| json!({ "levels": visible_levels }))
}

impl ProductMoved {
    /// Returns one of the product's levels before the event and after.
    pub fn before_and_after(&self, level: LevelRow) -> (LevelRow, LevelRow) {
        let after = LevelRow { low_stock_threshold: self.threshold_after, category: self.category_after, ..level };
        let before = LevelRow { low_stock_threshold: self.threshold_before, category: self.category_before, ..after.clone() };
        (before, after)
    }
}

/// The event of a movement. `levels` are the states after the whole command, in order of their
/// keys; `later_movements` are the movements after this one. A count has thousands of entries, so nothing
/// here is searched from the beginning.
pub fn stock_changed(movement: &Movement, later_movements: &[Movement], levels: &[&Level]) -> NewEvent {
    let mut states: Vec<LevelState> = Vec::with_capacity(movement.entries.len());
    let mut indices: HashMap<LevelKey, usize> = HashMap::with_capacity(movement.entries.len());
    let mut after: HashMap<LevelKey, [i64; 2]> = HashMap::new();
    for entry in later_movements
        .iter()
        .flat_map(|movement| &movement.entries)
        .filter(|entry_with_arrivals| entry_with_arrivals.incoming_delta != 0 || entry_with_arrivals.in_transit_delta != 0)
    {
        let [incoming, in_transit] = after.entry(entry.key).or_default();
        (*incoming, *in_transit) = (*incoming + entry.incoming_delta, *in_transit + entry.in_transit_delta);
    }
    for entry in &movement.entries {
        let (on_hand, reserved, unavailable) = (entry.on_hand_after, entry.reserved_after, entry.unavailable_after);
        if let Some(state) = indices.get(&entry.key).and_then(|index| states.get_mut(*index)) {
            (state.on_hand, state.reserved, state.unavailable) = (on_hand, reserved, unavailable);
            state.version = entry.version_after;
            state.entries += 1;
            continue;
        }
        let Ok(index) = levels.binary_search_by_key(&entry.key, |level| level.key) else { continue };
        let level = levels[index];
        let [incoming, in_transit] = after.get(&entry.key).copied().unwrap_or_default();
        let planned = |now: Quantity, later_movements: i64| Quantity::new(now.get() - later_movements).unwrap_or(now);
        indices.insert(entry.key, states.len());
        states.push(LevelState {
            id: level.id,
            product: entry.key.product,
            store: entry.key.store,
            category: level.facts.category,
            on_hand,
            reserved,
            unavailable,
            incoming: planned(level.incoming, incoming),
            in_transit: planned(level.in_transit, in_transit),
            safety_stock: level.safety_stock,
            reorder_point: level.reorder_point,
            maximum: level.maximum,
            low_stock_threshold: level.facts.low_stock_threshold,
            version: entry.version_after,
            entries: 1,
            before: [
                on_hand.get() - entry.on_hand_delta,
                reserved.get() - entry.reserved_delta,
                unavailable.get() - entry.unavailable_delta,
            ],
        });
    }
    STOCK_CHANGED.event(&StockChanged { movement: movement.id, kind: movement.kind, levels: states })
}

pub fn lot_changed(lot: &Lot) -> NewEvent {
    let payload = LotChanged {
        id: lot.id,
        product_id: lot.product,
        code: lot.code.clone(),
        status: lot.status,
        made_on: lot.made_on.map(clock::day_text),
        expires_on: lot.expires_on.map(clock::day_text),
        version: lot.version,
    };
    LOT_CHANGED.event(&payload)
}
