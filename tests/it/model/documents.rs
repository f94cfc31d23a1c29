//! Effects of transfers, counts and purchase orders on the model.

use std::collections::BTreeMap;

use super::{
    apply::Verdict,
    asks::Ask,
    plain::{Count, LISTED, Line, Model, Parcel, Past, RANGE, SHORT, STATE, Shelf, Step, parts},
};

/// Maximum units that other clients may take of a product while a count of it is approved.
pub const ROOM: i64 = 80;

impl Model {
    /// Changes the held quantity by the difference.
    pub fn amend(&mut self, n: usize, product: usize, quantity: i64) -> Verdict {
        let transfer = self.transfers[n].clone();
        let line = transfer.lines.iter().position(|line| line.product == product).unwrap();
        let (place, more) = ((product, transfer.from), quantity - transfer.lines[line].quantity);
        match transfer.status {
            "DRAFT" => {}
            "READY" if more > 0 => self.hold(place, more)?,
            "READY" => self.level(place).reserved += more,
            _ => return Err(STATE),
        }
        self.transfers[n].lines[line].quantity = quantity;
        Ok(())
    }

    pub fn ready(&mut self, n: usize) -> Verdict {
        let transfer = self.transfers[n].clone();
        if transfer.status != "DRAFT" {
            return Err(STATE);
        }
        for line in &transfer.lines {
            self.hold((line.product, transfer.from), line.quantity)?;
        }
        self.transfers[n].status = "READY";
        Ok(())
    }

    pub fn ship(&mut self, n: usize) -> Verdict {
        let transfer = self.transfers[n].clone();
        if transfer.status != "READY" {
            return Err(STATE);
        }
        for (at, line) in transfer.lines.iter().enumerate() {
            let place = (line.product, transfer.from);
            self.level(place).reserved -= line.quantity;
            let lots = self.take(place, None, line.quantity, None)?;
            self.level((line.product, transfer.to)).in_transit += line.quantity;
            let line = &mut self.transfers[n].lines[at];
            (line.shipped, line.lots) = (line.quantity, lots);
        }
        self.transfers[n].status = "IN_TRANSIT";
        Ok(())
    }

    pub fn receive(&mut self, n: usize, part: Option<(usize, i64)>) -> Verdict {
        let transfer = self.transfers[n].clone();
        if !matches!(transfer.status, "IN_TRANSIT" | "PARTIALLY_RECEIVED") {
            return Err(STATE);
        }
        let arriving: Vec<(usize, i64)> = match part {
            Some((line, quantity)) if quantity > transfer.lines[line].under_way() => return Err(RANGE),
            Some(part) => vec![part],
            None => transfer.lines.iter().enumerate().map(|(line, of)| (line, of.under_way())).filter(|of| of.1 > 0).collect(),
        };
        for (line, quantity) in arriving {
            let place = (transfer.lines[line].product, transfer.to);
            for (lot, some) in self.transfers[n].lines[line].unload(quantity) {
                self.shift(place, lot, some, None);
            }
            self.level(place).in_transit -= quantity;
            self.transfers[n].lines[line].received += quantity;
        }
        let rest = self.transfers[n].lines.iter().any(|line| line.under_way() > 0);
        self.transfers[n].status = if rest { "PARTIALLY_RECEIVED" } else { "RECEIVED" };
        Ok(())
    }

    pub fn finish(&mut self, n: usize) -> Verdict {
        let transfer = self.transfers[n].clone();
        if !matches!(transfer.status, "IN_TRANSIT" | "PARTIALLY_RECEIVED") {
            return Err(STATE);
        }
        for (at, line) in transfer.lines.iter().enumerate().filter(|(_, line)| line.under_way() > 0) {
            self.level((line.product, transfer.to)).in_transit -= line.under_way();
            // Units that are lost on the way leave by the line, whichever lots they were of: their
            // value is rounded once.
            self.pools[line.product].take(line.under_way());
            self.transfers[n].lines[at].lost += line.under_way();
        }
        self.transfers[n].status = "RECEIVED";
        Ok(())
    }

    pub fn call_off(&mut self, n: usize) -> Verdict {
        let transfer = self.transfers[n].clone();
        match transfer.status {
            "DRAFT" => {}
            "READY" => transfer.lines.iter().for_each(|line| self.level((line.product, transfer.from)).reserved -= line.quantity),
            _ => return Err(STATE),
        }
        self.transfers[n].status = "CANCELLED";
        Ok(())
    }

    pub fn count(&mut self, ask: &Ask) -> Verdict {
        let (n, expected) = match ask {
            Ask::Count { store } => {
                self.counts.push(Count { status: "OPEN", store: *store, started: 0, found: Vec::new(), at: 0 });
                return Ok(());
            }
            Ask::Start(n) => (*n, "OPEN"),
            Ask::Record { count, .. } | Ask::Submit(count) => (*count, "COUNTING"),
            Ask::Approve(n) => (*n, "REVIEW"),
            Ask::Drop(n) if self.counts[*n].status != "COMPLETED" => (*n, self.counts[*n].status),
            _ => return Err(STATE),
        };
        if self.counts[n].status != expected {
            return Err(STATE);
        }
        match ask {
            Ask::Start(_) => (self.counts[n].status, self.counts[n].started) = ("COUNTING", self.now + 1),
            Ask::Record { at, found, .. } => (self.counts[n].at, self.counts[n].found) = (*at, found.clone()),
            Ask::Submit(_) => self.counts[n].status = "REVIEW",
            Ask::Drop(_) if expected == "CANCELLED" => return Err(STATE),
            Ask::Drop(_) => self.counts[n].status = "CANCELLED",
            _ => return self.approve(n),
        }
        Ok(())
    }

    /// Whether unpromised stock covers the missing units of a count, with `ROOM` for commands of
    /// other clients meanwhile. A late receipt changes nothing here: it adds as many missing units
    /// as it receives.
    pub fn is_plenty(&self, n: usize) -> bool {
        let Count { store, at, found, .. } = &self.counts[n];
        let missing = |line: &&(usize, Option<usize>, i64)| self.book(line.0, line.1, *store, *at) - line.2;
        let of = |product: usize| found.iter().filter(move |line| line.0 == product);
        let is_sellable = |line: &(usize, Option<usize>, i64)| {
            let missing = missing(&line);
            missing <= 0 || line.1.is_none_or(|lot| self.sellable(lot, *store) >= ROOM + missing)
        };
        let is_free = |product: usize| {
            let missing: i64 =
                of(product).map(|line| if line.1.is_some() { missing(&line).max(0) } else { missing(&line) }).sum();
            self.available((product, *store)) >= ROOM + missing
        };
        found.iter().all(|line| is_sellable(line) && is_free(line.0))
    }

    /// The most that a command takes of the available units of any one product.
    pub fn takes(&self, ask: &Ask) -> i64 {
        let all = |lines: &[Line]| lines.iter().flat_map(|line| parts(line.product, line.open)).map(|(_, some)| some).sum();
        match ask {
            Ask::Adjust { delta, .. } => -delta.min(&0),
            Ask::Set { product, store, on_hand } => {
                let level = self.levels.get(&(*product, *store)).copied().unwrap_or_default();
                (level.on_hand - on_hand).max(0)
            }
            Ask::Shelve { from: Shelf::Available, quantity, .. }
            | Ask::Reserve { quantity, .. }
            | Ask::Amend { quantity, .. } => *quantity,
            Ask::Order { lines, .. } => lines.iter().flat_map(|(product, n)| parts(*product, *n)).map(|(_, some)| some).sum(),
            Ask::Confirm(n) => all(&self.orders[*n].lines),
            Ask::Ready(n) => self.transfers[*n].lines.iter().map(|line| line.quantity).sum(),
            Ask::Reverse(n) => match &self.movements[*n] {
                Past { shelves: Some((_, _, quantity)), .. } => *quantity,
                past => past.lots.iter().map(|(_, delta)| (*delta).max(0)).sum(),
            },
            // A whole lot of any quantity.
            Ask::LotTo { .. } => i64::from(u32::MAX),
            Ask::Approve(n) => {
                let Count { store, at, found, .. } = &self.counts[*n];
                found.iter().map(|(product, lot, counted)| (self.book(*product, *lot, *store, *at) - counted).max(0)).sum()
            }
            _ => 0,
        }
    }

    /// Posts the differences from the book at the time of the count, including movements that were
    /// recorded later.
    fn approve(&mut self, n: usize) -> Verdict {
        let Count { store, at, found, .. } = self.counts[n].clone();
        let mut differences: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
        for (product, lot, counted) in &found {
            let place = (*product, store);
            let difference = counted - self.book(*product, *lot, store, at);
            // Missing units of a lot that may not be sold take from no hold.
            let missing = lot.map_or(-difference, |lot| self.sellable(lot, store).min(-difference));
            if difference < 0 && self.available(place) < missing {
                return Err(SHORT);
            }
            if difference != 0 {
                self.shift(place, *lot, difference, None);
                // Damaged units are the last of a lot that are missing.
                let damaged = lot.map_or(0, |lot| self.shelf(place, Some(lot), Shelf::Damaged) - self.lot_on_hand(lot, store));
                self.put(place, *lot, Shelf::Damaged, -damaged.max(0));
                differences.entry(*product).or_default().push(difference);
            }
        }
        for (product, all) in differences {
            let (total, pool) = (all.iter().sum::<i64>(), &mut self.pools[product]);
            if all.iter().all(|one| *one > 0) {
                pool.receive(total, LISTED[product]);
            } else if all.iter().all(|one| *one < 0) {
                pool.take_each(all.iter().map(|one| -one));
            } else {
                // Units in and units out of one movement are netted, at a cost that the
                // documentation does not define.
                pool.units += total;
                pool.forget();
            }
        }
        for (product, ..) in &found {
            self.counted_at.insert((*product, store), at);
        }
        self.counts[n].status = "COMPLETED";
        Ok(())
    }

    pub fn advance(&mut self, n: usize, step: Step) -> Verdict {
        if self.buys[n].next() != Some(step) {
            return Err(STATE);
        }
        self.buys[n].status = match step {
            Step::Submit => "PENDING_APPROVAL",
            Step::Approve => "APPROVED",
            Step::Order => "ORDERED",
        };
        if step == Step::Order {
            let buy = self.buys[n].clone();
            buy.lines.iter().for_each(|line| self.level((line.product, buy.store)).incoming += line.open);
        }
        Ok(())
    }

    pub fn deliver(&mut self, (n, line): (usize, usize), sound: i64, damaged: i64, lot: Option<usize>) -> Verdict {
        let buy = self.buys[n].clone();
        if !matches!(buy.status, "ORDERED" | "PARTIALLY_RECEIVED") {
            return Err(STATE);
        }
        let of = &buy.lines[line];
        if sound + damaged > of.open {
            return Err(RANGE);
        }
        let place = (of.product, buy.store);
        self.shift(place, lot, sound + damaged, None);
        self.put(place, lot, Shelf::Damaged, damaged);
        self.pools[of.product].receive(sound + damaged, of.cost);
        self.level(place).incoming -= sound + damaged;
        self.buys[n].lines[line].open -= sound + damaged;
        let rest = self.buys[n].lines.iter().any(|line| line.open > 0);
        self.buys[n].status = if rest { "PARTIALLY_RECEIVED" } else { "RECEIVED" };
        Ok(())
    }
}

impl Parcel {
    /// Removes this many units of the parcel's lots, the first to expire first.
    fn unload(&mut self, quantity: i64) -> Vec<(Option<usize>, i64)> {
        let (mut left, mut out) = (quantity, Vec::new());
        for (lot, under_way) in &mut self.lots {
            let some = left.min(*under_way);
            if some > 0 {
                (*under_way, left) = (*under_way - some, left - some);
                out.push((*lot, some));
            }
        }
        out
    }
}
