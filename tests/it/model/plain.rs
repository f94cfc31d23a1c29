//! Expected state of stock, as plainly as possible: written from the documentation and the schema's
//! descriptions, not from the code. No rows, no locks, no batches; one command after the other.

use std::collections::BTreeMap;

use super::costs::{Pool, Worth};

/// A product with lots; 0 is a mug and 1 a cup.
pub const LOTTED: usize = 2;
/// A mug and two cups.
pub const KIT: usize = 3;
pub const PARTS: [(usize, i64); 2] = [(0, 1), (1, 2)];
/// List costs of the products, in pence.
pub const LISTED: [i64; 3] = [200, 300, 150];

/// Product and store.
pub type LevelRef = (usize, usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shelf {
    Available,
    Quarantine,
    Damaged,
    Gone,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Available,
    Quarantine,
    Recalled,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Submit,
    Approve,
    Order,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level {
    pub on_hand: i64,
    pub reserved: i64,
    pub incoming: i64,
    pub in_transit: i64,
}
#[derive(Debug, Clone)]
pub struct Hold {
    pub place: LevelRef,
    pub remaining: i64,
}
#[derive(Debug, Clone)]
pub struct Line {
    pub product: usize,
    pub open: i64,
    pub cancelled: i64,
    pub fulfilled: i64,
    pub returned: i64,
}
#[derive(Debug, Clone)]
pub struct Order {
    pub status: &'static str,
    pub store: usize,
    pub lines: Vec<Line>,
    /// Value of the units of each product that the order took and has not given back.
    pub took: BTreeMap<usize, Worth>,
}
#[derive(Debug, Clone)]
pub struct Parcel {
    pub product: usize,
    pub quantity: i64,
    pub shipped: i64,
    pub received: i64,
    pub lost: i64,
    /// Lots that it left from, and the units of each that are still under way.
    pub lots: Vec<(Option<usize>, i64)>,
}
#[derive(Debug, Clone)]
pub struct Transfer {
    pub status: &'static str,
    pub from: usize,
    pub to: usize,
    pub lines: Vec<Parcel>,
}
#[derive(Debug, Clone)]
pub struct Count {
    pub status: &'static str,
    pub store: usize,
    pub started: i64,
    pub found: Vec<(usize, Option<usize>, i64)>,
    pub at: i64,
}
#[derive(Debug, Clone)]
pub struct Bought {
    pub product: usize,
    pub open: i64,
    pub cost: i64,
}
#[derive(Debug, Clone)]
pub struct Buy {
    pub status: &'static str,
    pub store: usize,
    pub lines: Vec<Bought>,
}
/// A movement without a document, with the data that its reversal needs.
#[derive(Debug, Clone)]
pub struct Past {
    pub place: LevelRef,
    pub lots: Vec<(Option<usize>, i64)>,
    pub shelves: Option<(Shelf, Shelf, i64)>,
    pub is_reversed: bool,
    /// True if it is from before a count, or of a lot that could not be sold then: the
    /// documentation does not define its reversal.
    pub is_odd: bool,
    /// By how much it changed what the product is worth by the average, and how many times that was revalued before it.
    pub value: i64,
    pub revalued: usize,
}
/// A change of the on-hand quantity.
#[derive(Debug, Clone)]
pub struct Entry {
    pub place: LevelRef,
    pub lot: Option<usize>,
    pub delta: i64,
    pub occurred: i64,
    pub recorded: i64,
}

#[derive(Debug, Clone, Default)]
pub struct Model {
    pub levels: BTreeMap<LevelRef, Level>,
    /// Units that are set aside of a product, or of one of its lots.
    pub shelves: BTreeMap<(LevelRef, Option<usize>, Shelf), i64>,
    pub lots: Vec<State>,
    /// On hand of a lot in a store.
    pub lot_levels: BTreeMap<(usize, usize), i64>,
    pub holds: Vec<Hold>,
    pub orders: Vec<Order>,
    pub transfers: Vec<Transfer>,
    pub counts: Vec<Count>,
    pub buys: Vec<Buy>,
    pub movements: Vec<Past>,
    pub entries: Vec<Entry>,
    pub counted_at: BTreeMap<LevelRef, i64>,
    pub pools: [Pool; 3],
    /// Moments at which nothing happened.
    pub moments: Vec<i64>,
    /// The last of these moments; commands are applied as after it.
    pub now: i64,
}

/// Reason of a refusal.
pub type Refusal = &'static str;
pub const STATE: Refusal = "not in this state";
pub const SHORT: Refusal = "not enough";
pub const RANGE: Refusal = "out of range";

impl Order {
    pub fn is(&self, status: &str) -> bool {
        self.status == status
    }
}
impl Transfer {
    pub fn is_open(&self) -> bool {
        !matches!(self.status, "RECEIVED" | "CANCELLED")
    }
}
impl Parcel {
    pub fn under_way(&self) -> i64 {
        self.shipped - self.received - self.lost
    }
}
impl Buy {
    pub fn next(&self) -> Option<Step> {
        match self.status {
            "DRAFT" => Some(Step::Submit),
            "PENDING_APPROVAL" => Some(Step::Approve),
            "APPROVED" => Some(Step::Order),
            _ => None,
        }
    }
    pub fn is_open(&self) -> bool {
        self.status != "RECEIVED"
    }
}
impl Past {
    pub fn may_be_reversed(&self, model: &Model) -> bool {
        // Only set-asides of lots that may not be sold are reversed: the documentation does not
        // define the reversal of other movements.
        let is_free = |(lot, _): &(Option<usize>, i64)| lot.is_none_or(|lot| model.lots[lot] == State::Available);
        let is_aside = self.shelves.is_some_and(|(_, to, _)| to != Shelf::Gone);
        self.place.0 != 1 && !self.is_odd && (is_aside || self.lots.iter().all(is_free))
    }
}

impl Model {
    pub fn level(&mut self, place: LevelRef) -> &mut Level {
        self.levels.entry(place).or_default()
    }
    pub fn shelf(&self, place: LevelRef, lot: Option<usize>, shelf: Shelf) -> i64 {
        self.shelves.get(&(place, lot, shelf)).copied().unwrap_or_default()
    }
    pub fn put(&mut self, place: LevelRef, lot: Option<usize>, shelf: Shelf, delta: i64) {
        if !matches!(shelf, Shelf::Available | Shelf::Gone) {
            *self.shelves.entry((place, lot, shelf)).or_default() += delta;
        }
    }
    pub fn lot_on_hand(&self, lot: usize, store: usize) -> i64 {
        self.lot_levels.get(&(lot, store)).copied().unwrap_or_default()
    }
    /// Returns the units of a lot that may be sold in a store.
    pub fn sellable(&self, lot: usize, store: usize) -> i64 {
        match self.lots[lot] {
            State::Available => self.lot_on_hand(lot, store) - self.shelf((LOTTED, store), Some(lot), Shelf::Damaged),
            _ => 0,
        }
    }
    pub fn unavailable(&self, place: LevelRef) -> i64 {
        if place.0 == LOTTED {
            return (0..self.lots.len()).map(|lot| self.lot_on_hand(lot, place.1) - self.sellable(lot, place.1)).sum();
        }
        self.shelf(place, None, Shelf::Quarantine) + self.shelf(place, None, Shelf::Damaged)
    }
    pub fn available(&self, place: LevelRef) -> i64 {
        let level = self.levels.get(&place).copied().unwrap_or_default();
        level.on_hand - level.reserved - self.unavailable(place)
    }
    /// Returns the book quantity at a moment.
    pub fn book(&self, product: usize, lot: Option<usize>, store: usize, at: i64) -> i64 {
        let is_of = |entry: &&Entry| entry.place == (product, store) && entry.lot == lot && entry.occurred < at;
        self.entries.iter().filter(is_of).map(|entry| entry.delta).sum()
    }
    /// On hand at a moment, as known at another.
    pub fn on_hand_at(&self, place: LevelRef, at: i64, known: i64) -> i64 {
        let is_of = |entry: &&Entry| entry.place == place && entry.occurred <= at && entry.recorded <= known;
        self.entries.iter().filter(is_of).map(|entry| entry.delta).sum()
    }

    /// Picks the lots that leave: the one that is named, or the first to expire. The lots are in
    /// that order.
    pub fn pick(&self, place: LevelRef, lot: Option<usize>, quantity: i64) -> Result<Vec<(Option<usize>, i64)>, Refusal> {
        if place.0 != LOTTED {
            return Ok(vec![(None, quantity)]);
        }
        let (mut left, mut picked) = (quantity, Vec::new());
        for one in (0..self.lots.len()).filter(|one| lot.is_none_or(|lot| lot == *one)) {
            let some = self.sellable(one, place.1).min(left);
            if some > 0 {
                picked.push((Some(one), some));
                left -= some;
            }
        }
        if left > 0 { Err(SHORT) } else { Ok(picked) }
    }

    /// Changes the on-hand quantity. A movement from before a posted count is booked together with
    /// its opposite: the count included it.
    pub fn shift(&mut self, place: LevelRef, lot: Option<usize>, delta: i64, at: Option<i64>) {
        let occurred = at.unwrap_or(self.now + 1);
        let recorded = self.now + 1;
        self.entries.push(Entry { place, lot, delta, occurred, recorded });
        if self.is_countered(place, at) {
            self.entries.push(Entry { place, lot, delta: -delta, occurred, recorded });
            return;
        }
        self.level(place).on_hand += delta;
        if let Some(lot) = lot {
            *self.lot_levels.entry((lot, place.1)).or_default() += delta;
        }
    }
    pub fn is_countered(&self, place: LevelRef, at: Option<i64>) -> bool {
        at.is_some_and(|at| self.counted_at.get(&place).is_some_and(|counted| at < *counted))
    }

    /// Takes sellable units; a hold for them has been released before.
    pub fn take(
        &mut self,
        place: LevelRef,
        lot: Option<usize>,
        quantity: i64,
        at: Option<i64>,
    ) -> Result<Vec<(Option<usize>, i64)>, Refusal> {
        if self.is_countered(place, at) {
            self.shift(place, lot, -quantity, at);
            return Ok(vec![(lot, quantity)]);
        }
        if self.available(place) < quantity {
            return Err(SHORT);
        }
        let picked = self.pick(place, lot, quantity)?;
        for (lot, some) in &picked {
            self.shift(place, *lot, -some, at);
        }
        Ok(picked)
    }

    pub fn hold(&mut self, place: LevelRef, quantity: i64) -> Result<(), Refusal> {
        if self.available(place) < quantity {
            return Err(SHORT);
        }
        self.level(place).reserved += quantity;
        Ok(())
    }
}

/// Returns the products that a line takes: a kit its parts, anything else itself.
pub fn parts(product: usize, quantity: i64) -> Vec<(usize, i64)> {
    if product == KIT { PARTS.iter().map(|(part, each)| (*part, each * quantity)).collect() } else { vec![(product, quantity)] }
}
