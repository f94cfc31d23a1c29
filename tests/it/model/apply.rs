//! Effects of each command on the model, or the reason of its refusal.

use super::{
    asks::Ask,
    costs::{Worth, give_back},
    plain::{
        Bought, Buy, Hold, LISTED, LOTTED, LevelRef, Line, Model, Order, Parcel, Past, RANGE, Refusal, SHORT, STATE, Shelf,
        State, Transfer, parts,
    },
};

pub type Verdict = Result<(), Refusal>;

impl Model {
    /// Applies a command completely or not at all.
    pub fn apply(&mut self, ask: &Ask) -> Verdict {
        let before = self.clone();
        let verdict = self.step(ask);
        if verdict.is_err() {
            *self = before;
        }
        verdict
    }

    /// Whether the documentation allows either answer: reversing a set-aside of a lot that was
    /// recalled since may be refused, as long as no unit of it can be sold afterwards.
    pub fn may_refuse(&self, ask: &Ask) -> bool {
        match ask {
            Ask::Reverse(n) if self.movements[*n].is_odd => true,
            Ask::Reverse(n) => {
                self.movements[*n].lots.iter().any(|(lot, _)| lot.is_some_and(|lot| self.lots[lot] != State::Available))
            }
            _ => false,
        }
    }

    fn step(&mut self, ask: &Ask) -> Verdict {
        match ask {
            Ask::Adjust { product, store, lot, delta, cost, at, .. } => self.adjust((*product, *store), *lot, *delta, *cost, *at),
            Ask::Set { product, store, on_hand } => {
                let place = (*product, *store);
                let delta = *on_hand - self.level(place).on_hand;
                self.adjust(place, None, delta, None, None)
            }
            Ask::Shelve { product, store, lot, from, to, quantity } => {
                self.shelve((*product, *store), *lot, (*from, *to), *quantity)
            }
            Ask::Reserve { product, store, quantity } => {
                self.hold((*product, *store), *quantity)?;
                self.holds.push(Hold { place: (*product, *store), remaining: *quantity });
                Ok(())
            }
            Ask::Release(n) => {
                let (place, held_quantity) = (self.holds[*n].place, std::mem::take(&mut self.holds[*n].remaining));
                self.level(place).reserved -= held_quantity;
                if held_quantity == 0 { Err(STATE) } else { Ok(()) }
            }
            Ask::LotTo { lot, state } => self.lot_to(*lot, *state),
            Ask::Order { store, draft, lines } => {
                let line = |(product, open): &(usize, i64)| Line {
                    product: *product,
                    open: *open,
                    cancelled: 0,
                    fulfilled: 0,
                    returned: 0,
                };
                self.orders.push(Order {
                    status: "DRAFT",
                    store: *store,
                    lines: lines.iter().map(line).collect(),
                    took: Default::default(),
                });
                if *draft { Ok(()) } else { self.confirm(self.orders.len() - 1) }
            }
            Ask::Confirm(n) => self.confirm(*n),
            Ask::Fulfil { order, part, at } => self.fulfil(*order, *part, *at),
            Ask::Cancel(n) => self.cancel(*n),
            Ask::Return { order, line, quantity, store, disposition } => {
                self.take_back((*order, *line), *quantity, *store, disposition)
            }
            Ask::Transfer { from, to, lines } => {
                let line = |(product, quantity): &(usize, i64)| Parcel {
                    product: *product,
                    quantity: *quantity,
                    shipped: 0,
                    received: 0,
                    lost: 0,
                    lots: Vec::new(),
                };
                self.transfers.push(Transfer { status: "DRAFT", from: *from, to: *to, lines: lines.iter().map(line).collect() });
                Ok(())
            }
            Ask::Amend { transfer, product, quantity } => self.amend(*transfer, *product, *quantity),
            Ask::Ready(n) => self.ready(*n),
            Ask::Ship(n) => self.ship(*n),
            Ask::Receive { transfer, part } => self.receive(*transfer, *part),
            Ask::Finish(n) => self.finish(*n),
            Ask::CallOff(n) => self.call_off(*n),
            Ask::Buy { store, lines } => {
                let line = |(product, open, cost): &(usize, i64, i64)| Bought { product: *product, open: *open, cost: *cost };
                self.buys.push(Buy { status: "DRAFT", store: *store, lines: lines.iter().map(line).collect() });
                Ok(())
            }
            Ask::Advance { order, step } => self.advance(*order, *step),
            Ask::Deliver { order, line, sound, damaged, lot } => self.deliver((*order, *line), *sound, *damaged, *lot),
            Ask::Revalue { product, .. } if self.pools[*product].units == 0 => Err(STATE),
            Ask::Revalue { product, cost } => {
                self.pools[*product].revalue(*cost);
                Ok(())
            }
            Ask::Reverse(n) => self.reverse(*n),
            _ => self.count(ask),
        }
    }

    fn adjust(&mut self, place: LevelRef, lot: Option<usize>, delta: i64, cost: Option<i64>, at: Option<i64>) -> Verdict {
        let is_countered = self.is_countered(place, at);
        let before = self.pools[place.0].average;
        let revalued = self.pools[place.0].revalued;
        let lots = if delta > 0 {
            self.shift(place, lot, delta, at);
            vec![(lot, delta)]
        } else {
            self.take(place, lot, -delta, at)?.into_iter().map(|(lot, some)| (lot, -some)).collect()
        };
        let pool = &mut self.pools[place.0];
        if is_countered {
            pool.forget();
        } else if delta > 0 {
            pool.receive(delta, cost.unwrap_or(LISTED[place.0]));
        } else {
            pool.take_each(lots.iter().map(|(_, some)| -some));
        }
        let value = pool.average - before;
        let is_blocked = |(lot, _): &(Option<usize>, i64)| lot.is_some_and(|lot| self.lots[lot] != State::Available);
        let is_odd = is_countered || lots.iter().any(is_blocked);
        self.movements.push(Past { place, lots, shelves: None, is_reversed: false, is_odd, value, revalued });
        Ok(())
    }

    fn shelve(&mut self, place: LevelRef, lot: Option<usize>, (from, to): (Shelf, Shelf), quantity: i64) -> Verdict {
        match from {
            Shelf::Available if self.available(place) < quantity => return Err(SHORT),
            Shelf::Available if lot.is_some_and(|lot| self.sellable(lot, place.1) < quantity) => return Err(SHORT),
            Shelf::Available => {}
            _ if self.shelf(place, lot, from) < quantity => return Err(SHORT),
            _ => {}
        }
        self.put(place, lot, from, -quantity);
        self.put(place, lot, to, quantity);
        let (before, revalued) = (self.pools[place.0].average, self.pools[place.0].revalued);
        let mut lots = vec![(lot, 0)];
        if to == Shelf::Gone {
            self.shift(place, lot, -quantity, None);
            self.pools[place.0].take(quantity);
            lots = vec![(lot, -quantity)];
        }
        let value = self.pools[place.0].average - before;
        self.movements.push(Past {
            place,
            lots,
            shelves: Some((from, to, quantity)),
            is_reversed: false,
            is_odd: false,
            value,
            revalued,
        });
        Ok(())
    }

    fn lot_to(&mut self, lot: usize, state: State) -> Verdict {
        let allowed = match state {
            State::Available => self.lots[lot] != State::Available,
            State::Quarantine => self.lots[lot] == State::Available,
            State::Recalled => self.lots[lot] != State::Recalled,
        };
        if !allowed {
            return Err(STATE);
        }
        // Units that are promised to orders are not taken from them.
        for store in 0..2 {
            if self.available((LOTTED, store)) < self.sellable(lot, store) {
                return Err(SHORT);
            }
        }
        self.lots[lot] = state;
        Ok(())
    }

    fn confirm(&mut self, n: usize) -> Verdict {
        if !self.orders[n].is("DRAFT") {
            return Err(STATE);
        }
        let order = self.orders[n].clone();
        for line in &order.lines {
            for (product, quantity) in parts(line.product, line.open) {
                self.hold((product, order.store), quantity)?;
            }
        }
        self.orders[n].status = "CONFIRMED";
        Ok(())
    }

    fn fulfil(&mut self, n: usize, part: Option<(usize, i64)>, at: Option<i64>) -> Verdict {
        let order = self.orders[n].clone();
        if !(order.is("CONFIRMED") || order.is("PARTIALLY_FULFILLED")) {
            return Err(STATE);
        }
        let leaving: Vec<(usize, i64)> = match part {
            Some((line, quantity)) if quantity > order.lines[line].open => return Err(RANGE),
            Some(part) => vec![part],
            None => order.lines.iter().enumerate().map(|(line, of)| (line, of.open)).filter(|(_, open)| *open > 0).collect(),
        };
        for (line, quantity) in leaving {
            let product = order.lines[line].product;
            for (product, quantity) in parts(product, quantity) {
                let place = (product, order.store);
                self.level(place).reserved -= quantity;
                let is_countered = self.is_countered(place, at);
                let left = self.take(place, None, quantity, at)?;
                let worth = if is_countered {
                    self.pools[product].forget();
                    Worth { units: quantity, is_unsure: (true, true), ..Worth::default() }
                } else {
                    self.pools[product].take_each(left.iter().map(|(_, some)| *some))
                };
                let took = self.orders[n].took.entry(product).or_default();
                *took = took.plus(worth);
            }
            let line = &mut self.orders[n].lines[line];
            (line.open, line.fulfilled) = (line.open - quantity, line.fulfilled + quantity);
        }
        let rest = self.orders[n].lines.iter().any(|line| line.open > 0);
        self.orders[n].status = if rest { "PARTIALLY_FULFILLED" } else { "FULFILLED" };
        Ok(())
    }

    fn cancel(&mut self, n: usize) -> Verdict {
        let order = self.orders[n].clone();
        self.orders[n].status = match order.status {
            "DRAFT" | "CONFIRMED" => "CANCELLED",
            "PARTIALLY_FULFILLED" => "FULFILLED",
            _ => return Err(STATE),
        };
        for line in &order.lines {
            for (product, quantity) in parts(line.product, line.open) {
                if !order.is("DRAFT") {
                    self.level((product, order.store)).reserved -= quantity;
                }
            }
        }
        for line in &mut self.orders[n].lines {
            line.cancelled += std::mem::take(&mut line.open);
        }
        Ok(())
    }

    fn take_back(&mut self, (n, line): (usize, usize), quantity: i64, store: usize, disposition: &str) -> Verdict {
        let of = &mut self.orders[n].lines[line];
        if quantity > of.fulfilled - of.returned {
            return Err(RANGE);
        }
        of.returned += quantity;
        for (product, quantity) in parts(of.product, quantity) {
            let place = (product, store);
            self.shift(place, None, quantity, None);
            if disposition == "QUARANTINE" {
                self.put(place, None, Shelf::Quarantine, quantity);
            }
            let took = self.orders[n].took.entry(product).or_default();
            let worth = give_back(took, quantity);
            self.pools[product].bring(worth);
            // Units that are written off come in, and are taken out again.
            if disposition == "WRITE_OFF" {
                self.shift(place, None, -quantity, None);
                self.pools[product].take(quantity);
            }
        }
        Ok(())
    }

    fn reverse(&mut self, n: usize) -> Verdict {
        let past = self.movements[n].clone();
        let place = past.place;
        if past.is_reversed {
            return Err(STATE);
        }
        if let Some((from, to, quantity)) = past.shelves {
            if to != Shelf::Gone && to != Shelf::Available && self.shelf(place, past.lots[0].0, to) < quantity {
                return Err(SHORT);
            }
            if to == Shelf::Available && self.available(place) < quantity {
                return Err(SHORT);
            }
            self.put(place, past.lots[0].0, to, -quantity);
            self.put(place, past.lots[0].0, from, quantity);
        }
        for (lot, delta) in &past.lots {
            let has_some = match lot {
                // Received units are taken from the shelf where their lot is now.
                Some(lot) if self.lots[*lot] != State::Available => {
                    self.lot_on_hand(*lot, place.1) - self.shelf(place, Some(*lot), Shelf::Damaged) >= *delta
                }
                _ => self.available(place) >= *delta && lot.is_none_or(|lot| self.sellable(lot, place.1) >= *delta),
            };
            if past.shelves.is_none() && *delta > 0 && !has_some {
                return Err(SHORT);
            }
            if *delta != 0 {
                self.shift(place, *lot, -delta, None);
            }
        }
        let delta: i64 = past.lots.iter().map(|lot| lot.1).sum();
        let pool = &mut self.pools[place.0];
        if delta != 0 {
            pool.units -= delta;
            pool.average -= past.value;
            pool.knows_layers = false;
            pool.knows_average &= pool.revalued == past.revalued;
        }
        self.movements[n].is_reversed = true;
        Ok(())
    }
}
