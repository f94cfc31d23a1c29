//! Lots: batches of a product with a code and dates, serial numbers as lots of one, and which of them is taken first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;

use super::{level::LevelKey, row_state::RowState};
use crate::catalog::core::text::fold;

/// The longest code of a lot, in characters.
pub const MAX_LOT_CODE: usize = 128;

/// A batch of a product. Days are counted from 1970-01-01, in the local time of wherever the lot lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    pub id: LotId,
    pub product: ProductId,
    pub code: String,
    /// The code as it is unique in the product: folded.
    pub key: String,
    pub tracking: Tracking,
    pub made_on: Option<i32>,
    /// The last day on which it may be used.
    pub expires_on: Option<i32>,
    pub status: LotStatus,
    pub note: Option<String>,
    /// In all stores together.
    pub on_hand: Quantity,
    /// Of a serial number that is in no stock: whether it is under way with a transfer. Asked for where it may come in; no row keeps it.
    pub in_transit: bool,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub row: RowState,
}

impl Lot {
    /// Why none of it may be sold on a day; none when it may.
    pub fn blocked(&self, day: i32) -> Option<Condition> {
        match self.status {
            LotStatus::Quarantine => Some(Condition::Quarantine),
            LotStatus::Recalled => Some(Condition::Recalled),
            LotStatus::Available => self.expires_on.is_some_and(|last| last < day).then_some(Condition::Expired),
        }
    }
}

/// How much of a lot a level has: a sub-balance. `unavailable ≤ on_hand`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotLevel {
    pub key: LevelKey,
    pub lot: LotId,
    pub on_hand: i64,
    pub unavailable: i64,
    /// Time at which the stock on hand of this lot began to arrive.
    pub received_at: Timestamp,
    pub updated_at: Timestamp,
    /// When it was last counted, as far as that count has been posted.
    pub counted_at: Option<Timestamp>,
    pub row: RowState,
}

impl LotLevel {
    pub fn available(&self) -> i64 {
        self.on_hand - self.unavailable
    }
}

/// How a line says its lot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LotChoice {
    /// What goes out is picked first-expired-first-out; what comes in needs a lot.
    #[default]
    Unsaid,
    Id(LotId),
    /// By its code in the product; a new one is made where stock comes in.
    Named(Box<LotName>),
}

/// A lot by its code, with what a new one would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotName {
    /// The id that it would have.
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
    pub fn is_said(&self) -> bool {
        *self != Self::Unsaid
    }
    /// What it says, for whoever compares lines: an id, or a folded code.
    pub fn word(&self) -> String {
        match self {
            Self::Unsaid => String::new(),
            Self::Id(id) => id.to_string(),
            Self::Named(name) => name.key.clone(),
        }
    }
}

/// Whether the dates of lots bind whoever picks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dates {
    #[default]
    Keep,
    /// A lot that is past its date, or near it, may be taken: needs `stock.override`.
    Override,
}

/// What has been set aside of a level, or of one of its lots, and why. It is what the entries sum to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Aside([i64; Condition::ALL.len()]);

impl Aside {
    pub fn of(&self, condition: Condition) -> i64 {
        self.0[condition as usize]
    }
    pub fn add(&mut self, condition: Condition, delta: i64) {
        self.0[condition as usize] += delta;
    }
}

/// What must be loaded of lots before commands are decided.
#[derive(Debug, Default)]
pub struct LotsWanted {
    pub ids: BTreeSet<LotId>,
    pub codes: BTreeSet<(ProductId, String)>,
    /// Lots of which it must be known where they lie.
    pub whole: BTreeSet<LotId>,
    /// Products of which lots are made without a level.
    pub products: BTreeSet<ProductId>,
    /// Levels of which it must be known what was set aside, and why.
    pub asides: BTreeSet<LevelKey>,
    /// When the earliest of the facts was: a lot that was counted after it is loaded also where nothing of it is left. It asks for nothing alone.
    pub since: Option<Timestamp>,
}

impl LotsWanted {
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
    /// That something of lots left at that moment.
    pub fn left_at(&mut self, moment: Option<Timestamp>) {
        self.since = self.since.into_iter().chain(moment).min();
    }
    pub fn absorb(&mut self, mut own: Self) {
        self.left_at(own.since);
        self.ids.append(&mut own.ids);
        self.codes.append(&mut own.codes);
        self.whole.append(&mut own.whole);
        self.products.append(&mut own.products);
        self.asides.append(&mut own.asides);
    }
}

/// What is known of a product whose lots are made without stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotProduct {
    pub sku: String,
    pub tracking: Tracking,
    pub status: ProductStatus,
}

/// The lots that a batch has loaded; all empty where nothing is tracked.
#[derive(Debug, Clone, Default)]
pub struct LotBook {
    pub lots: HashMap<LotId, Lot>,
    pub by_code: HashMap<(ProductId, String), LotId>,
    pub levels: BTreeMap<(LevelKey, LotId), LotLevel>,
    pub products: HashMap<ProductId, LotProduct>,
    /// Of the levels that were asked for: a level or lot without an entry has nothing set aside.
    pub asides: HashMap<(LevelKey, Option<LotId>), Aside>,
    pub asides_known: BTreeSet<LevelKey>,
    /// Of the lots that were asked for whole: what customers brought back to a store and nobody has looked at. It lies in quarantine.
    pub unseen: HashMap<(StoreId, LotId), i64>,
    /// What parcels that have not left name of lots, where they lie: it is not taken by others.
    pub in_parcels: BTreeMap<(LevelKey, LotId), i64>,
    /// What parcels of an order name of a level's lots in all, and what the order holds there: of orders that had such parcels when it was loaded.
    pub packed: BTreeMap<(LevelKey, OrderId), Packed>,
}

/// What an order has of a level, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed {
    /// What its parcels that have not left name of lots.
    pub named: i64,
    /// What its holds are for.
    pub held: i64,
}

impl LotBook {
    pub fn add(&mut self, lot: Lot) {
        self.by_code.insert((lot.product, lot.key.clone()), lot.id);
        self.lots.insert(lot.id, lot);
    }

    /// What parcels name of a level for orders beyond what those hold of it: their holds gave way.
    pub fn unheld(&self, key: LevelKey) -> i64 {
        let range = (key, OrderId::NIL)..=(key, OrderId::from_uuid(uuid::Uuid::max()));
        self.packed.range(range).map(|(_, packed)| (packed.named - packed.held).max(0)).sum()
    }
}

/// What first-expired-first-out looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    pub lot: LotId,
    pub code: &'a str,
    pub available: i64,
    pub status: LotStatus,
    pub expires_on: Option<i32>,
    pub received_at: Timestamp,
}

/// Whether what expires then has so many days left on a day; no number asks for nothing.
pub fn lasts(expires_on: Option<i32>, day: i32, remaining: Option<i32>) -> bool {
    match (expires_on, remaining) {
        (Some(last), Some(least)) => i64::from(last) - i64::from(day) >= i64::from(least),
        _ => true,
    }
}

impl Candidate<'_> {
    /// Whether it may be picked on a day, as far as its status and dates go.
    pub fn may_go(&self, day: i32, remaining: Option<i32>) -> bool {
        self.status == LotStatus::Available && lasts(self.expires_on, day, remaining)
    }
}

/// Picks `quantity` first-expired-first-out on a day: of AVAILABLE lots with at least `remaining` days before their expiry, by expiry (none
/// last), then by when they came in, then by code. Gives what to take of each, and what is short. Source: `fefo_allocation` of the vectors
/// (WHO TRS 1025, Annex 7).
pub fn first_expired(candidates: &[Candidate<'_>], quantity: i64, day: i32, remaining: Option<i32>) -> (Vec<(LotId, i64)>, i64) {
    let is_usable = |c: &&Candidate<'_>| c.available > 0 && c.may_go(day, remaining);
    let mut usable: Vec<&Candidate<'_>> = candidates.iter().filter(is_usable).collect();
    usable.sort_by_key(|c| (c.expires_on.is_none(), c.expires_on, c.received_at, c.code));
    let mut left = quantity;
    let mut picked = Vec::new();
    for candidate in usable {
        if left == 0 {
            break;
        }
        let taken = left.min(candidate.available);
        left -= taken;
        picked.push((candidate.lot, taken));
    }
    (picked, left)
}
