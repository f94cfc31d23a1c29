//! Commands of clients, and their random choice: mostly commands that the model accepts, and some
//! that it refuses.

use super::plain::{KIT, LOTTED, Model, Shelf, State, Step};

/// Numbers from a seed, the same on every machine.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
    pub fn up_to(&mut self, n: i64) -> i64 {
        1 + self.below(n.max(1) as usize) as i64
    }
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    pub fn of<T: Clone>(&mut self, some: &[T]) -> Option<T> {
        if some.is_empty() { None } else { Some(some[self.below(some.len())].clone()) }
    }
}

/// Documents, holds, movements and lots are named by the order in which they were made; moments are microseconds, None is now.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    Adjust {
        kind: &'static str,
        product: usize,
        store: usize,
        lot: Option<usize>,
        delta: i64,
        cost: Option<i64>,
        at: Option<i64>,
    },
    Set {
        product: usize,
        store: usize,
        on_hand: i64,
    },
    Shelve {
        product: usize,
        store: usize,
        lot: Option<usize>,
        from: Shelf,
        to: Shelf,
        quantity: i64,
    },
    Reserve {
        product: usize,
        store: usize,
        quantity: i64,
    },
    Release(usize),
    LotTo {
        lot: usize,
        state: State,
    },
    Order {
        store: usize,
        draft: bool,
        lines: Vec<(usize, i64)>,
    },
    Confirm(usize),
    Fulfil {
        order: usize,
        part: Option<(usize, i64)>,
        at: Option<i64>,
    },
    Cancel(usize),
    Return {
        order: usize,
        line: usize,
        quantity: i64,
        store: usize,
        disposition: &'static str,
    },
    Transfer {
        from: usize,
        to: usize,
        lines: Vec<(usize, i64)>,
    },
    /// Changes the quantity of a product of a transfer.
    Amend {
        transfer: usize,
        product: usize,
        quantity: i64,
    },
    Ready(usize),
    Ship(usize),
    Receive {
        transfer: usize,
        part: Option<(usize, i64)>,
    },
    Finish(usize),
    CallOff(usize),
    Count {
        store: usize,
    },
    Start(usize),
    /// Product, lot and figure; all at one moment.
    Record {
        count: usize,
        at: i64,
        found: Vec<(usize, Option<usize>, i64)>,
    },
    Submit(usize),
    Approve(usize),
    /// Calls a count off.
    Drop(usize),
    Buy {
        store: usize,
        lines: Vec<(usize, i64, i64)>,
    },
    /// The next step of a purchase order up to its being ordered.
    Advance {
        order: usize,
        step: Step,
    },
    /// Line, sound, damaged, lot.
    Deliver {
        order: usize,
        line: usize,
        sound: i64,
        damaged: i64,
        lot: Option<usize>,
    },
    Revalue {
        product: usize,
        cost: i64,
    },
    Reverse(usize),
}

const STORES: usize = 2;

/// The next ask of a client. `now` is a moment at which nothing happens, `began` the first such.
pub fn draw(dice: &mut Dice, model: &Model, began: i64, now: i64) -> Ask {
    for _ in 0..50 {
        if let Some(ask) = try_draw(dice, model, began, now) {
            return ask;
        }
    }
    Ask::Reserve { product: 0, store: 0, quantity: 1 }
}

/// A past moment that differs from those at which the past is compared.
fn earlier(dice: &mut Dice, began: i64, now: i64) -> i64 {
    began + dice.below((now - began).max(2) as usize) as i64 / 1_000 * 1_000 + 777
}

fn try_draw(dice: &mut Dice, model: &Model, began: i64, now: i64) -> Option<Ask> {
    let (store, reckless) = (dice.below(STORES), dice.one_in(12));
    let (product, far) = (dice.below(3), if reckless { 5_000 } else { 12 });
    let lot = (product == LOTTED).then(|| dice.below(model.lots.len()));
    // A backdated movement; for products with lots only before their first count.
    let is_counted = model.counted_at.contains_key(&(product, store))
        || model.counts.iter().any(|count| count.store == store && count.status == "REVIEW");
    let is_late = dice.one_in(4) && (product != LOTTED || !is_counted);
    let at = is_late.then(|| earlier(dice, began, now));
    Some(match dice.below(34) {
        0..=2 => {
            let cost = dice.one_in(2).then(|| dice.up_to(400));
            Ask::Adjust { kind: "RECEIPT", product, store, lot, delta: dice.up_to(20), cost, at }
        }
        3..=5 => {
            // A sale without a lot takes the first to expire; a backdated sale names its lot.
            let lot = lot.filter(|_| at.is_some() || dice.one_in(2));
            let far = if at.is_some() { 12 } else { far };
            Ask::Adjust { kind: "SALE", product, store, lot, delta: -dice.up_to(far), cost: None, at }
        }
        6 => {
            let delta = if dice.one_in(2) { dice.up_to(9) } else { -dice.up_to(far) };
            Ask::Adjust {
                kind: "ADJUSTMENT",
                product: product % 2,
                store,
                lot: None,
                delta,
                cost: None,
                at: at.filter(|_| product < 2),
            }
        }
        7 => {
            let level = model.levels.get(&(product % 2, store)).copied().unwrap_or_default();
            Ask::Set { product: product % 2, store, on_hand: (level.on_hand + dice.up_to(20) - 10).max(0) }
        }
        8..=10 => shelve(dice, model, product, store, lot, far)?,
        11 => Ask::Reserve { product, store, quantity: dice.up_to(far) },
        12 => Ask::Release(dice.of(&open(&model.holds, |hold| hold.remaining > 0))?),
        13 => lot_to(dice, model)?,
        14..=16 => Ask::Order { store, draft: dice.one_in(4), lines: order_lines(dice, far) },
        17 => Ask::Confirm(dice.of(&open(&model.orders, |order| order.is("DRAFT")))?),
        18..=20 => fulfil(dice, model, began, now)?,
        21 => Ask::Cancel(dice.of(&open(&model.orders, |order| order.is("CONFIRMED") || order.is("PARTIALLY_FULFILLED")))?),
        22 => give_back(dice, model)?,
        23..=25 => transfer(dice, model, far)?,
        26..=28 => count(dice, model, now)?,
        29 | 30 => buy(dice, model)?,
        31 => Ask::Revalue { product: product % 2, cost: dice.up_to(400) },
        _ => reverse(dice, model)?,
    })
}

fn open<T>(all: &[T], is_open: impl Fn(&T) -> bool) -> Vec<usize> {
    all.iter().enumerate().filter(|(_, one)| is_open(one)).map(|(n, _)| n).collect()
}

fn shelve(dice: &mut Dice, model: &Model, product: usize, store: usize, lot: Option<usize>, far: i64) -> Option<Ask> {
    use Shelf::{Available, Damaged, Gone, Quarantine};
    let ways: &[(Shelf, Shelf)] = if product == LOTTED {
        &[(Available, Damaged), (Damaged, Gone), (Available, Damaged)]
    } else {
        &[(Available, Damaged), (Available, Quarantine), (Quarantine, Available), (Damaged, Gone), (Damaged, Available)]
    };
    let (from, to) = dice.of(ways)?;
    let there = if from == Available { far } else { model.shelf((product, store), lot, from) };
    (there > 0).then(|| Ask::Shelve { product, store, lot, from, to, quantity: dice.up_to(there.min(far)) })
}

fn lot_to(dice: &mut Dice, model: &Model) -> Option<Ask> {
    let lot = dice.below(model.lots.len());
    let state = match model.lots[lot] {
        State::Available => dice.of(&[State::Quarantine, State::Recalled])?,
        State::Quarantine => dice.of(&[State::Available, State::Available, State::Recalled])?,
        State::Recalled => State::Available,
    };
    Some(Ask::LotTo { lot, state })
}

/// Kits alone, or products alone: the lines then determine how many units of each the order took.
fn order_lines(dice: &mut Dice, far: i64) -> Vec<(usize, i64)> {
    if dice.one_in(3) {
        return vec![(KIT, dice.up_to(far.min(6)))];
    }
    let first = dice.below(3);
    let mut lines = vec![(first, dice.up_to(far))];
    if dice.one_in(2) {
        lines.push(((first + 1) % 3, dice.up_to(9)));
    }
    lines
}

fn fulfil(dice: &mut Dice, model: &Model, began: i64, now: i64) -> Option<Ask> {
    let order = dice.of(&open(&model.orders, |order| order.is("CONFIRMED") || order.is("PARTIALLY_FULFILLED")))?;
    let lines = &model.orders[order].lines;
    let line = dice.of(&open(lines, |line| line.open > 0))?;
    let most = lines[line].open + i64::from(dice.one_in(10));
    let part = dice.one_in(2).then(|| (line, dice.up_to(most)));
    let is_plain = lines.iter().all(|line| line.product != LOTTED);
    let at = (is_plain && dice.one_in(4)).then(|| earlier(dice, began, now));
    Some(Ask::Fulfil { order, part, at })
}

fn give_back(dice: &mut Dice, model: &Model) -> Option<Ask> {
    let has_some = |order: &super::plain::Order| order.lines.iter().any(|l| l.product != LOTTED && l.fulfilled > l.returned);
    let order = dice.of(&open(&model.orders, has_some))?;
    let line = dice.of(&open(&model.orders[order].lines, |l| l.product != LOTTED && l.fulfilled > l.returned))?;
    let left = model.orders[order].lines[line].fulfilled - model.orders[order].lines[line].returned;
    let disposition = dice.of(&["RESTOCK", "QUARANTINE", "WRITE_OFF"])?;
    let most = left + i64::from(dice.one_in(10));
    Some(Ask::Return { order, line, quantity: dice.up_to(most), store: dice.below(STORES), disposition })
}

fn transfer(dice: &mut Dice, model: &Model, far: i64) -> Option<Ask> {
    let which = dice.of(&open(&model.transfers, |transfer| transfer.is_open()));
    let Some(which) = which.filter(|_| !dice.one_in(4)) else {
        let from = dice.below(STORES);
        let first = dice.below(3);
        let mut lines = vec![(first, dice.up_to(far))];
        if dice.one_in(2) {
            lines.push(((first + 1) % 3, dice.up_to(9)));
        }
        return Some(Ask::Transfer { from, to: 1 - from, lines });
    };
    let transfer = &model.transfers[which];
    Some(match transfer.status {
        "DRAFT" | "READY" if dice.one_in(4) => {
            let product = transfer.lines[dice.below(transfer.lines.len())].product;
            Ask::Amend { transfer: which, product, quantity: dice.up_to(far) }
        }
        "DRAFT" if !dice.one_in(8) => Ask::Ready(which),
        "READY" if !dice.one_in(8) => Ask::Ship(which),
        "DRAFT" | "READY" => Ask::CallOff(which),
        _ if dice.one_in(5) => Ask::Finish(which),
        _ => {
            let line = dice.of(&open(&transfer.lines, |line| line.under_way() > 0))?;
            let part = (!dice.one_in(3)).then(|| (line, dice.up_to(transfer.lines[line].under_way())));
            Ask::Receive { transfer: which, part }
        }
    })
}

/// Continues the open count of a store, or starts one.
fn count(dice: &mut Dice, model: &Model, now: i64) -> Option<Ask> {
    let Some(which) = dice.of(&open(&model.counts, |count| !matches!(count.status, "COMPLETED" | "CANCELLED"))) else {
        return Some(Ask::Count { store: dice.below(STORES) });
    };
    let count = &model.counts[which];
    Some(match count.status {
        "OPEN" => Ask::Start(which),
        "COUNTING" if count.found.is_empty() => {
            // Scanners send the quantities of one moment after the start of the count, for all lots
            // of a product together.
            let moments: Vec<i64> = model.moments.iter().copied().filter(|at| *at > count.started && *at < now).collect();
            let at = dice.of(&moments)?;
            let mut found = vec![(0, None, model.book(0, None, count.store, at))];
            found.extend((0..model.lots.len()).map(|lot| (LOTTED, Some(lot), model.book(LOTTED, Some(lot), count.store, at))));
            found.retain(|line| line.2 >= 0);
            for line in &mut found {
                line.2 = match dice.below(4) {
                    0 => line.2 + dice.up_to(5),
                    1 => (line.2 - dice.up_to(3)).max(0),
                    _ => line.2,
                };
            }
            Ask::Record { count: which, at, found }
        }
        "COUNTING" => Ask::Submit(which),
        // Holds would give way if little stock is free: another test covers which ones.
        _ if model.is_plenty(which) => Ask::Approve(which),
        _ => Ask::Drop(which),
    })
}

fn buy(dice: &mut Dice, model: &Model) -> Option<Ask> {
    let Some(order) = dice.of(&open(&model.buys, |buy| buy.is_open())).filter(|_| !dice.one_in(4)) else {
        let first = dice.below(3);
        let mut lines = vec![(first, dice.up_to(30), dice.up_to(400))];
        if dice.one_in(2) {
            lines.push(((first + 1) % 3, dice.up_to(30), dice.up_to(400)));
        }
        return Some(Ask::Buy { store: dice.below(STORES), lines });
    };
    let buy = &model.buys[order];
    Some(match buy.next() {
        Some(step) => Ask::Advance { order, step },
        None => {
            let line = dice.of(&open(&buy.lines, |line| line.open > 0))?;
            let product = buy.lines[line].product;
            let most = buy.lines[line].open + i64::from(dice.one_in(10));
            let all = dice.up_to(most);
            let damaged = if dice.one_in(3) { dice.below(all as usize + 1) as i64 } else { 0 };
            let lot = (product == LOTTED).then(|| dice.below(model.lots.len()));
            Ask::Deliver { order, line, sound: all - damaged, damaged, lot }
        }
    })
}

/// Reverses movements without a document. Those of the cup are never reversed, so that the model
/// knows its cost.
fn reverse(dice: &mut Dice, model: &Model) -> Option<Ask> {
    Some(Ask::Reverse(dice.of(&open(&model.movements, |past| past.may_be_reversed(model)))?))
}
