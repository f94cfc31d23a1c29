//! Expected state of the ledger, as plainly as possible: no rows, no locks, no batches, one command after the other.

use std::collections::BTreeMap;

use entity::prelude::*;
use entrepot::stock::core::Shortage;

use super::world::{POSTER, WRAPPING};

/// Product and store, by their places.
pub type LevelRef = (usize, usize);

/// A command of the model. Holds, orders and movements are identified by the order in which they were made.
#[derive(Debug, Clone)]
pub enum Ask {
    Adjust { kind: MovementKind, policy: Shortage, changes: Vec<(usize, usize, i64)> },
    Set { policy: Shortage, item: (usize, usize, i64) },
    Reserve { due: bool, items: Vec<(usize, usize, i64)> },
    Release(usize),
    Expire(usize),
    Create { status: OrderStatus, due: bool, store: usize, lines: Vec<(usize, i64)>, charge: bool, takes: Option<usize> },
    Confirm(usize),
    Fulfil { order: usize, store: Option<usize>, part: Option<(usize, i64)> },
    Cancel(usize),
    ExpireOrder(usize),
    Close(usize),
    Return { order: usize, line: usize, quantity: i64, store: usize, disposition: Disposition },
    Reverse(usize),
}

#[derive(Debug, Clone)]
pub struct Hold {
    pub place: LevelRef,
    pub remaining: i64,
    unpaid: bool,
    due: bool,
    /// The order and its line.
    pub line: Option<(usize, usize)>,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub product: Option<usize>,
    /// Open, backordered, cancelled, fulfilled, returned.
    pub open: i64,
    pub backordered: i64,
    pub cancelled: i64,
    pub fulfilled: i64,
    pub returned: i64,
}
#[derive(Debug, Clone)]
pub struct Order {
    pub status: OrderStatus,
    store: usize,
    due: bool,
    pub lines: Vec<Line>,
}
#[derive(Debug, Clone)]
struct Past {
    changes: Vec<(LevelRef, i64)>,
    reversed: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Model {
    /// On hand, reserved, unavailable.
    pub levels: BTreeMap<LevelRef, [i64; 3]>,
    pub holds: Vec<Hold>,
    /// Holds that were made by reserving, not by an order.
    pub free: Vec<usize>,
    pub orders: Vec<Order>,
    past: Vec<Past>,
}

type Verdict = Result<(), &'static str>;
const STATE: Verdict = Err("INVALID_STATE");
const RANGE: Verdict = Err("OUT_OF_RANGE");
const SHORT: Verdict = Err("INSUFFICIENT");

fn stocked(line: &Line) -> Option<usize> {
    line.product.filter(|p| *p != WRAPPING)
}

impl Model {
    pub fn movements(&self) -> usize {
        self.past.len()
    }
    /// Applies all of a command or nothing.
    pub fn apply(&mut self, ask: &Ask) -> Verdict {
        let before = self.clone();
        let verdict = self.step(ask);
        if verdict.is_err() {
            *self = before;
        }
        verdict
    }

    fn step(&mut self, ask: &Ask) -> Verdict {
        match ask {
            Ask::Adjust { kind, policy, changes } => self.adjust(*kind, *policy, changes),
            Ask::Set { policy, item: (p, s, target) } => self.set(*policy, (*p, *s), *target),
            Ask::Reserve { due, items } => self.reserve(*due, items),
            Ask::Release(n) => self.end_hold(self.free[*n]),
            Ask::Expire(n) => {
                let hold = &self.holds[self.free[*n]];
                if hold.due && hold.remaining > 0 { self.end_hold(self.free[*n]) } else { Ok(()) }
            }
            Ask::Create { .. } => self.create(ask),
            Ask::Confirm(n) => self.confirm(*n),
            Ask::Fulfil { order, store, part } => self.fulfil(*order, *store, *part),
            Ask::Cancel(n) => match self.orders[*n].status {
                OrderStatus::Draft | OrderStatus::Pending | OrderStatus::Confirmed => self.end_order(*n, OrderStatus::Cancelled),
                OrderStatus::PartiallyFulfilled => self.end_order(*n, OrderStatus::Fulfilled),
                _ => STATE,
            },
            Ask::ExpireOrder(n) => {
                let order = &self.orders[*n];
                if order.status == OrderStatus::Pending && order.due { self.end_order(*n, OrderStatus::Expired) } else { Ok(()) }
            }
            Ask::Close(n) => match &mut self.orders[*n].status {
                status @ OrderStatus::Fulfilled => {
                    *status = OrderStatus::Closed;
                    Ok(())
                }
                _ => STATE,
            },
            Ask::Return { .. } => self.take_back(ask),
            Ask::Reverse(n) => self.reverse(*n),
        }
    }

    fn level(&mut self, place: LevelRef) -> &mut [i64; 3] {
        self.levels.entry(place).or_default()
    }
    fn available(&mut self, place: LevelRef) -> i64 {
        let [on_hand, reserved, unavailable] = *self.level(place);
        on_hand - reserved - unavailable
    }
    /// Takes the changes of the available quantities one after the other, or makes room first according to the policy.
    fn cover(&mut self, changes: &[(LevelRef, i64)], policy: Shortage) -> Verdict {
        let mut lowest: BTreeMap<LevelRef, (i64, i64)> = BTreeMap::new();
        for (place, change) in changes {
            let available = self.available(*place);
            let (now, low) = lowest.entry(*place).or_insert((available, 0));
            *now += change;
            *low = (*low).min(*now);
        }
        for (place, (_, low)) in lowest {
            match policy {
                _ if low == 0 => {}
                Shortage::Refuse => return SHORT,
                Shortage::PostDiscrepancy => self.level(place)[0] -= low,
                Shortage::Shorten => self.shorten(place, -low)?,
            }
        }
        Ok(())
    }
    fn shorten(&mut self, place: LevelRef, mut missing: i64) -> Verdict {
        for unpaid in [true, false] {
            for hold in self.holds.iter_mut().rev().filter(|h| h.place == place && h.unpaid == unpaid) {
                let taken = missing.min(hold.remaining);
                hold.remaining -= taken;
                missing -= taken;
                self.levels.entry(place).or_default()[1] -= taken;
            }
        }
        if missing > 0 { SHORT } else { Ok(()) }
    }
    fn shift(&mut self, changes: &[(LevelRef, i64)]) {
        for (place, change) in changes {
            self.level(*place)[0] += change;
        }
    }
    fn post(&mut self, changes: Vec<(LevelRef, i64)>) {
        self.shift(&changes);
        if !changes.is_empty() {
            self.past.push(Past { changes, reversed: false });
        }
    }

    fn adjust(&mut self, kind: MovementKind, policy: Shortage, changes: &[(usize, usize, i64)]) -> Verdict {
        for (product, _, delta) in changes {
            let fits = match kind {
                MovementKind::Receipt | MovementKind::Return => *delta > 0,
                MovementKind::Sale | MovementKind::Removal => *delta < 0,
                _ => *delta != 0,
            };
            if *product == WRAPPING {
                return Err("INVALID");
            }
            if !fits {
                return RANGE;
            }
        }
        let changes: Vec<_> = changes.iter().map(|(p, s, delta)| ((*p, *s), *delta)).collect();
        self.cover(&changes, policy)?;
        self.post(changes);
        Ok(())
    }
    fn set(&mut self, policy: Shortage, place: LevelRef, target: i64) -> Verdict {
        if place.0 == WRAPPING {
            return Err("INVALID");
        }
        if target < 0 {
            return RANGE;
        }
        let change = target - self.level(place)[0];
        let policy = if policy == Shortage::Refuse { policy } else { Shortage::Shorten };
        self.cover(&[(place, change)], policy)?;
        self.post(if change == 0 { vec![] } else { vec![(place, change)] });
        Ok(())
    }
    fn hold(&mut self, place: LevelRef, quantity: i64, unpaid: bool, line: Option<(usize, usize)>) -> Verdict {
        if self.available(place) < quantity {
            return SHORT;
        }
        self.level(place)[1] += quantity;
        self.holds.push(Hold { place, remaining: quantity, unpaid, due: false, line });
        Ok(())
    }
    fn reserve(&mut self, due: bool, items: &[(usize, usize, i64)]) -> Verdict {
        // Requests that no state would allow are refused before shortages are reported.
        for (product, _, quantity) in items {
            if *quantity <= 0 {
                return RANGE;
            }
            if *product == WRAPPING {
                return Err("INVALID");
            }
        }
        for (product, store, quantity) in items {
            self.hold((*product, *store), *quantity, true, None)?;
            self.free.push(self.holds.len() - 1);
            self.holds.last_mut().unwrap().due = due;
        }
        Ok(())
    }
    fn end_hold(&mut self, n: usize) -> Verdict {
        let (place, hold) = (self.holds[n].place, std::mem::take(&mut self.holds[n].remaining));
        if hold == 0 {
            return STATE;
        }
        self.level(place)[1] -= hold;
        Ok(())
    }

    fn create(&mut self, ask: &Ask) -> Verdict {
        let Ask::Create { status, due, store, lines, charge, takes } = ask else { return STATE };
        if lines.iter().any(|(_, quantity)| *quantity <= 0) {
            return RANGE;
        }
        if let Some(n) = takes {
            let product = self.holds[self.free[*n]].place.0;
            self.end_hold(self.free[*n])?;
            if *status == OrderStatus::Draft || !lines.iter().any(|line| line.0 == product) {
                return Err("INVALID");
            }
        }
        let new = |product, open| Line { product, open, backordered: 0, cancelled: 0, fulfilled: 0, returned: 0 };
        let mut rows: Vec<_> = lines.iter().map(|(p, n)| new(Some(*p), *n)).collect();
        rows.extend(charge.then(|| new(None, 1)));
        self.orders.push(Order { status: *status, store: *store, due: *due, lines: rows });
        let n = self.orders.len() - 1;
        match status {
            OrderStatus::Draft => Ok(()),
            OrderStatus::Fulfilled => {
                let sold: Vec<_> = lines.iter().filter(|l| l.0 != WRAPPING).map(|(p, n)| ((*p, *store), -n)).collect();
                self.cover(&sold, Shortage::Refuse)?;
                self.shift(&sold);
                self.orders[n].lines.iter_mut().for_each(|line| line.fulfilled = std::mem::take(&mut line.open));
                Ok(())
            }
            _ => self.hold_lines(n),
        }
    }
    fn hold_lines(&mut self, n: usize) -> Verdict {
        let Order { status, store, lines, .. } = self.orders[n].clone();
        for (position, line) in lines.iter().enumerate() {
            let Some(product) = stocked(line) else { continue };
            let place = (product, store);
            let held_quantity = if product == POSTER { line.open.min(self.available(place)) } else { line.open };
            if held_quantity > 0 {
                self.hold(place, held_quantity, status == OrderStatus::Pending, Some((n, position)))?;
            }
            let line = &mut self.orders[n].lines[position];
            (line.backordered, line.open) = (line.open - held_quantity, held_quantity);
        }
        Ok(())
    }
    fn confirm(&mut self, n: usize) -> Verdict {
        match self.orders[n].status {
            OrderStatus::Draft => {
                self.orders[n].status = OrderStatus::Confirmed;
                self.hold_lines(n)
            }
            OrderStatus::Pending => {
                self.orders[n].status = OrderStatus::Confirmed;
                self.holds.iter_mut().filter(|h| h.line.is_some_and(|l| l.0 == n)).for_each(|h| h.unpaid = false);
                Ok(())
            }
            _ => STATE,
        }
    }
    fn end_order(&mut self, n: usize, status: OrderStatus) -> Verdict {
        for hold in 0..self.holds.len() {
            if self.holds[hold].line.is_some_and(|l| l.0 == n) && self.holds[hold].remaining > 0 {
                self.end_hold(hold)?;
            }
        }
        self.orders[n].status = status;
        for line in &mut self.orders[n].lines {
            line.cancelled += std::mem::take(&mut line.open) + std::mem::take(&mut line.backordered);
        }
        Ok(())
    }

    /// Takes up to `most` units that are held for a line, at a place or, if `here` is false, at all others.
    fn consume(&mut self, line: (usize, usize), place: LevelRef, here: bool, limit: i64) {
        let mut taken = 0;
        for hold in self.holds.iter_mut().filter(|h| h.line == Some(line) && (h.place == place) == here) {
            let some = hold.remaining.min(limit - taken);
            hold.remaining -= some;
            taken += some;
            self.levels.entry(hold.place).or_default()[1] -= some;
        }
    }
    fn fulfil(&mut self, n: usize, store: Option<usize>, part: Option<(usize, i64)>) -> Verdict {
        let order = self.orders[n].clone();
        if !matches!(order.status, OrderStatus::Confirmed | OrderStatus::PartiallyFulfilled) {
            return STATE;
        }
        let store = store.unwrap_or(order.store);
        let outstanding = |line: &Line| line.open + line.backordered;
        let wanted: Vec<(usize, i64)> = match part {
            Some((line, quantity)) if quantity <= 0 || quantity > outstanding(&order.lines[line]) => return RANGE,
            Some(part) => vec![part],
            None => (0..order.lines.len()).map(|l| (l, order.lines[l].open)).filter(|w| w.1 > 0).collect(),
        };
        if wanted.is_empty() {
            return STATE;
        }
        let mut leaving = Vec::new();
        for (position, quantity) in wanted {
            let place = stocked(&order.lines[position]).map(|product| (product, store));
            if let Some(place) = place {
                self.consume((n, position), place, true, quantity);
            }
            let held_quantity: i64 = self.holds.iter().filter(|h| h.line == Some((n, position))).map(|h| h.remaining).sum();
            let line = &mut self.orders[n].lines[position];
            // Held units stay open, as far as they are outstanding.
            let owed = outstanding(line) - quantity;
            line.open = held_quantity.min(owed).max(line.open - quantity);
            (line.backordered, line.fulfilled) = (owed - line.open, line.fulfilled + quantity);
            let Some(place) = place else { continue };
            self.consume((n, position), place, false, (held_quantity - owed).max(0));
            leaving.push((place, -quantity));
        }
        // Units that were held are free by now and leave with the rest.
        self.cover(&leaving, Shortage::Refuse)?;
        self.shift(&leaving);
        let order = &mut self.orders[n];
        let mut goods = order.lines.iter().filter(|line| line.product.is_some()).peekable();
        if goods.peek().is_some() && goods.all(|line| outstanding(line) == 0) {
            // Charges go with the last of the goods.
            for charge in order.lines.iter_mut().filter(|line| line.product.is_none()) {
                charge.fulfilled += std::mem::take(&mut charge.open);
            }
        }
        let rest = order.lines.iter().any(|line| outstanding(line) > 0);
        order.status = if rest { OrderStatus::PartiallyFulfilled } else { OrderStatus::Fulfilled };
        Ok(())
    }

    fn take_back(&mut self, ask: &Ask) -> Verdict {
        let Ask::Return { order, line, quantity, store, disposition } = ask else { return STATE };
        let line = &mut self.orders[*order].lines[*line];
        if *quantity <= 0 || *quantity > line.fulfilled - line.returned {
            return RANGE;
        }
        line.returned += quantity;
        let Some(product) = stocked(line) else { return Ok(()) };
        let level = self.level((product, *store));
        match disposition {
            Disposition::Restock => level[0] += quantity,
            Disposition::Quarantine => (level[0], level[2]) = (level[0] + quantity, level[2] + quantity),
            Disposition::WriteOff => {}
        }
        Ok(())
    }
    fn reverse(&mut self, n: usize) -> Verdict {
        if std::mem::replace(&mut self.past[n].reversed, true) {
            return STATE;
        }
        let back: Vec<_> = self.past[n].changes.iter().rev().map(|(place, change)| (*place, -change)).collect();
        self.cover(&back, Shortage::Refuse)?;
        self.shift(&back);
        Ok(())
    }
}
