//! Lots: batches of a product with a code and dates, serial numbers as lots of one unit, and the
//! order in which they are picked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;

use super::{level::LevelKey, row_state::RowState};
use crate::catalog::core::text::fold;

/// The longest code of a lot, in characters.
pub const MAX_LOT_CODE: usize = 128;

/// A batch of a product. Days are counted from 1970-01-01, in the local time of the store that has
/// the lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    pub id: LotId,
    pub product: ProductId,
    pub code: String,
    /// The code in the form that is unique in the product: case-folded.
    pub key: String,
    pub tracking: Tracking,
    pub made_on: Option<i32>,
    /// The last day on which it may be used.
    pub expires_on: Option<i32>,
    pub status: LotStatus,
    pub note: Option<String>,
    /// Sum of all stores.
    pub on_hand: Quantity,
    /// True for a serial number without stock that is under way with a transfer. Loaded if it may
    /// come in; no row stores it.
    pub in_transit: bool,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub row: RowState,
}

impl Lot {
    /// Returns the condition for which it may not be sold on a day; `None` if it may.
    pub fn blocked(&self, day: i32) -> Option<Condition> {
        match self.status {
            LotStatus::Quarantine => Some(Condition::Quarantine),
            LotStatus::Recalled => Some(Condition::Recalled),
            LotStatus::Available => self.expires_on.is_some_and(|last| last < day).then_some(Condition::Expired),
        }
    }
}

/// Quantities of a lot at a level: a sub-balance. `unavailable ≤ on_hand`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotLevel {
    pub key: LevelKey,
    pub lot: LotId,
    pub on_hand: i64,
    pub unavailable: i64,
    /// Time at which the stock on hand of this lot began to arrive.
    pub received_at: Timestamp,
    pub updated_at: Timestamp,
    /// Time of the last count that has been posted.
    pub counted_at: Option<Timestamp>,
    pub row: RowState,
}

impl LotLevel {
    pub fn available(&self) -> i64 {
        self.on_hand - self.unavailable
    }
}

/// Choice of a line's lot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LotChoice {
    /// Units that leave are picked first-expired-first-out; units that come in need a lot.
    #[default]
    Unsaid,
    Id(LotId),
    /// By its code in the product; a new one is created when stock comes in.
    Named(Box<LotName>),
}

/// A lot by its code, with the data of a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotName {
    /// ID of a new lot.
    pub id: LotId,
    pub code: String,
    pub key: String,
    pub made_on: Option<i32>,
    pub expires_on: Option<i32>,
}

impl LotName {
    pub fn new(id: LotId, code: &str, made_on: Option<i32>, expires_on: Option<i32>) -> Self {
        let code = code.trim().to_owned();
        Self { id, key: fold(&code), code, made_on, expires_on }
    }
}

impl LotChoice {
    pub fn is_specified(&self) -> bool {
        *self != Self::Unsaid
    }
    /// Returns the ID or the folded code, by which lines are compared.
    pub fn word(&self) -> String {
        match self {
            Self::Unsaid => String::new(),
            Self::Id(id) => id.to_string(),
            Self::Named(name) => name.key.clone(),
        }
    }
}

/// Whether the dates of lots restrict picking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dates {
    #[default]
    Keep,
    /// An expired lot, or one near its expiry, may be taken: needs `stock.override`.
    Override,
}

/// Unavailable units of a level, or of one of its lots, by condition: the sums of the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnavailableUnits([i64; Condition::ALL.len()]);

impl UnavailableUnits {
    pub fn of(&self, condition: Condition) -> i64 {
        self.0[condition as usize]
    }
    pub fn add(&mut self, condition: Condition, delta: i64) {
        self.0[condition as usize] += delta;
    }
}

/// Lots that must be loaded before commands are decided.
#[derive(Debug, Default)]
pub struct LotRequest {
    pub ids: BTreeSet<LotId>,
    pub codes: BTreeSet<(ProductId, String)>,
    /// Lots whose levels in all stores are needed.
    pub whole: BTreeSet<LotId>,
    /// Products whose lots are created without a level.
    pub products: BTreeSet<ProductId>,
    /// Levels whose unavailable units by condition are needed.
    pub asides: BTreeSet<LevelKey>,
    /// Time of the earliest fact: a lot that was counted after it is loaded even if none of it is
    /// left. It loads nothing alone.
    pub since: Option<Timestamp>,
}

impl LotRequest {
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
            && self.codes.is_empty()
            && self.whole.is_empty()
            && self.products.is_empty()
            && self.asides.is_empty()
    }
    pub fn choice(&mut self, product: ProductId, choice: &LotChoice) {
        match choice {
            LotChoice::Unsaid => {}
            LotChoice::Id(id) => drop(self.ids.insert(*id)),
            LotChoice::Named(name) => drop(self.codes.insert((product, name.key.clone()))),
        }
    }
    /// Records that units of lots left at that moment.
    pub fn note_departure(&mut self, moment: Option<Timestamp>) {
        self.since = self.since.into_iter().chain(moment).min();
    }
    pub fn absorb(&mut self, mut other: Self) {
        self.note_departure(other.since);
        self.ids.append(&mut other.ids);
        self.codes.append(&mut other.codes);
        self.whole.append(&mut other.whole);
        self.products.append(&mut other.products);
        self.asides.append(&mut other.asides);
    }
}

/// Facts of a product whose lots are created without stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotProduct {
    pub sku: String,
    pub tracking: Tracking,
    pub status: ProductStatus,
}

/// The lots that a batch has loaded; all empty if nothing is tracked.
#[derive(Debug, Clone, Default)]
pub struct LotBook {
    pub lots: HashMap<LotId, Lot>,
    pub by_code: HashMap<(ProductId, String), LotId>,
    pub levels: BTreeMap<(LevelKey, LotId), LotLevel>,
    pub products: HashMap<ProductId, LotProduct>,
    /// Unavailable units of the requested levels: a level or lot without an entry has none.
    pub asides: HashMap<(LevelKey, Option<LotId>), UnavailableUnits>,
    pub asides_known: BTreeSet<LevelKey>,
    /// Returned, uninspected units in a store, of the lots that were requested whole. They are in
    /// quarantine.
    pub unseen: HashMap<(StoreId, LotId), i64>,
    /// Units of lots that are named by parcels which have not left: other orders do not take them.
    pub in_parcels: BTreeMap<(LevelKey, LotId), i64>,
    /// Units of a level's lots that an order's parcels name in all, and the units that the order
    /// holds there: for orders that had such parcels when they were loaded.
    pub packed: BTreeMap<(LevelKey, OrderId), PackedUnits>,
}

/// Packed and held units of an order at a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedUnits {
    /// Units of lots that its parcels name which have not left.
    pub named: i64,
    /// Units of its holds.
    pub held: i64,
}

impl LotBook {
    pub fn add(&mut self, lot: Lot) {
        self.by_code.insert((lot.product, lot.key.clone()), lot.id);
        self.lots.insert(lot.id, lot);
    }

    /// Returns the units of a level that parcels name beyond the holds of their orders, because the
    /// holds gave way.
    pub fn unheld_units(&self, key: LevelKey) -> i64 {
        let range = (key, OrderId::NIL)..=(key, OrderId::from_uuid(uuid::Uuid::max()));
        self.packed.range(range).map(|(_, packed)| (packed.named - packed.held).max(0)).sum()
    }
}

/// Lot that first-expired-first-out may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    pub lot: LotId,
    pub code: &'a str,
    pub available: i64,
    pub status: LotStatus,
    pub expires_on: Option<i32>,
    pub received_at: Timestamp,
}

/// True if a lot with this expiry has the required days left on a day; None requires nothing.
pub fn has_shelf_life(expires_on: Option<i32>, day: i32, remaining: Option<i32>) -> bool {
    match (expires_on, remaining) {
        (Some(last), Some(min_days)) => i64::from(last) - i64::from(day) >= i64::from(min_days),
        _ => true,
    }
}

impl Candidate<'_> {
    /// Whether it may be picked on a day, as far as its status and dates go.
    pub fn is_pickable(&self, day: i32, remaining: Option<i32>) -> bool {
        self.status == LotStatus::Available && has_shelf_life(self.expires_on, day, remaining)
    }
}

/// Picks `quantity` first-expired-first-out on a day: of AVAILABLE lots with at least `remaining`
/// days before their expiry, by expiry (none last), then by time of receipt, then by code. Returns
/// the quantity of each lot, and the missing rest. Source: `fefo_allocation` of the vectors (WHO
/// TRS 1025, Annex 7).
pub fn first_expired(candidates: &[Candidate<'_>], quantity: i64, day: i32, remaining: Option<i32>) -> (Vec<(LotId, i64)>, i64) {
    let is_usable = |candidate_lot: &&Candidate<'_>| candidate_lot.available > 0 && candidate_lot.is_pickable(day, remaining);
    let mut usable: Vec<&Candidate<'_>> = candidates.iter().filter(is_usable).collect();
    usable.sort_by_key(|candidate_lot| {
        (candidate_lot.expires_on.is_none(), candidate_lot.expires_on, candidate_lot.received_at, candidate_lot.code)
    });
    let mut remaining_quantity = quantity;
    let mut picked = Vec::new();
    for candidate in usable {
        if remaining_quantity == 0 {
            break;
        }
        let quantity_taken = remaining_quantity.min(candidate.available);
        remaining_quantity -= quantity_taken;
        picked.push((candidate.lot, quantity_taken));
    }
    (picked, remaining_quantity)
}
