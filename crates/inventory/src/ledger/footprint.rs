//! What a command needs loaded.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::count_events::CountFootprint;
use crate::{
    counts::core::{self as count_rules, Steps as CountSteps},
    orders::core::{ActOnReturn, Confirm, Create, CreateReturn, Fill, Fulfil, ReturnStep, Sourcing},
    purchasing::core as purchasing,
    stock::core::{LevelKey, LotChoice, LotsWanted, Shortage},
    transfers::core::{Step as TransferStep, Steps},
};

/// What must be loaded and locked before a command can be decided.
#[derive(Debug, Default)]
pub struct Footprint {
    pub levels: BTreeSet<LevelKey>,
    pub reservations: BTreeSet<ReservationId>,
    /// Levels whose holds may have to give way.
    pub holds_on: BTreeSet<LevelKey>,
    pub reversals: BTreeSet<MovementId>,
    pub orders: BTreeSet<OrderId>,
    pub returns: BTreeSet<ReturnId>,
    /// Orders of which it matters how much came back for good.
    pub settled: BTreeSet<OrderId>,
    /// Orders that goods come back on.
    pub comes_back: BTreeSet<OrderId>,
    /// Levels of what is sold, or comes back: kits among them stand for what they are made of.
    pub goods: BTreeSet<LevelKey>,
    pub channels: BTreeSet<ChannelId>,
    pub customers: BTreeSet<CustomerId>,
    /// Stores of orders that name no product, and so no level that knows its store.
    pub stores: BTreeSet<StoreId>,
    pub order_refs: BTreeSet<String>,
    pub return_refs: BTreeSet<String>,
    /// Lots that are named, and what is asked of them; what lies at a level that is kept by lots is loaded with it.
    pub lots: LotsWanted,
    pub transfers: BTreeSet<TransferId>,
    pub transfer_refs: BTreeSet<String>,
    pub count: CountFootprint,
    pub purchase_orders: BTreeSet<PurchaseOrderId>,
    pub purchase_refs: BTreeSet<String>,
}

impl Footprint {
    /// Whether it rests on rows that change from command to command besides levels: those are read under a lock.
    pub fn needs_locks(&self) -> bool {
        !(self.reservations.is_empty()
            && self.holds_on.is_empty()
            && self.reversals.is_empty()
            && self.orders.is_empty()
            && self.returns.is_empty()
            && self.return_refs.is_empty()
            && self.lots.is_empty()
            && self.transfers.is_empty()
            && self.transfer_refs.is_empty()
            && self.count.is_empty()
            && self.purchase_orders.is_empty())
    }
    pub(super) fn shortage(&mut self, policy: Shortage) {
        if policy == Shortage::Shorten {
            self.holds_on.extend(&self.levels);
        }
    }
}

impl Footprint {
    pub(super) fn create(&mut self, c: &Create, keys: &[LevelKey]) {
        self.goods.extend(c.lines.iter().filter_map(|line| Some(LevelKey { product: line.product?, store: c.store })));
        self.levels.extend(&self.goods);
        self.levels.extend(keys);
        self.levels.extend(c.sourcing.iter().flat_map(Sourcing::levels));
        self.reservations.extend(&c.reservations);
        self.channels.insert(c.channel);
        self.customers.extend(c.customer);
        self.order_refs.extend(c.external_ref.clone());
        self.lots.left_at(c.placed_at);
        if c.is_only_charges() {
            self.stores.insert(c.store);
        }
        self.shortage(c.on_shortage);
    }
    pub(super) fn confirm(&mut self, c: &Confirm, keys: &[LevelKey]) {
        self.levels.extend(keys);
        self.levels.extend(c.sourcing.iter().flat_map(Sourcing::levels));
        self.orders.insert(c.act.order);
    }
    pub(super) fn fulfil(&mut self, c: &Fulfil, keys: &[LevelKey]) {
        for line in c.lines.iter().flatten() {
            // Which product a line is of is not known here: a code is looked for among those of the order.
            keys.iter().for_each(|key| self.lots.choice(key.product, &line.lot));
        }
        self.levels.extend(keys);
        if keys.is_empty() {
            self.stores.extend(c.store);
        }
        self.orders.insert(c.order);
        self.lots.left_at(c.occurred_at);
        self.shortage(c.on_shortage);
    }
    pub(super) fn fill(&mut self, c: &Fill) {
        self.levels.extend(&c.levels);
        self.orders.insert(c.order);
    }
    pub(super) fn take_back(&mut self, c: &CreateReturn) {
        self.goods.extend(c.lines.iter().filter_map(|line| Some(LevelKey { product: line.product?, store: c.store })));
        self.levels.extend(&self.goods);
        self.levels.extend(&c.parts);
        self.comes_back.extend(c.lines.iter().flat_map(|line| &line.matches).map(|piece| piece.line.split_line().0));
        self.orders.extend(&self.comes_back);
        self.customers.extend(c.customer);
        self.return_refs.extend(c.external_ref.clone());
        if c.is_only_charges() {
            self.stores.insert(c.store);
        }
        for line in &c.lines {
            line.product.into_iter().for_each(|product| self.lots.choice(product, &line.lot));
        }
    }
    pub(super) fn act_on_return(&mut self, c: &ActOnReturn, keys: &[LevelKey]) {
        self.levels.extend(keys);
        self.orders.extend(&c.orders);
        self.returns.insert(c.ret);
        // Which product a line is of is not known here: a lot is looked for among those of the return.
        let mut lots = |lot: &LotChoice| keys.iter().for_each(|key| self.lots.choice(key.product, lot));
        match &c.step {
            ReturnStep::Receive(goods) => {
                goods.lines.iter().flatten().for_each(|line| lots(&line.lot));
                self.comes_back.extend(&c.orders);
            }
            ReturnStep::Inspect(what) => {
                what.lines.iter().flatten().for_each(|line| lots(&line.lot));
                self.lots.asides.extend(keys);
            }
            ReturnStep::Close { .. } => self.settled.extend(&c.orders),
            ReturnStep::Approve | ReturnStep::Reject { .. } => {}
        }
    }
    pub(super) fn count(&mut self, c: &CountSteps, keys: &[LevelKey]) {
        self.levels.extend(keys);
        self.count = CountFootprint::of(c, keys);
        match &c.step {
            count_rules::Step::Record(record) => {
                record.tallied.iter().for_each(|one| self.lots.choice(one.product, &one.lot));
            }
            count_rules::Step::Approve(approval) => {
                self.lots.codes.extend(approval.lots.keys().map(|line| (line.product, line.lot.clone())));
                self.lots.asides.extend(keys);
            }
            _ => {}
        }
        // A count is a fact: what is held gives way to it.
        let is_posted = matches!(c.step, count_rules::Step::Approve(_));
        self.shortage(if is_posted { Shortage::Shorten } else { Shortage::Refuse });
    }
    pub(super) fn transfer(&mut self, c: &Steps, keys: &[LevelKey]) {
        self.levels.extend(keys);
        // Also of a new one, which is not there: a transfer is decided under locks.
        self.transfers.insert(c.transfer);
        match &c.step {
            TransferStep::Create(new) => self.transfer_refs.extend(new.external_ref.clone()),
            TransferStep::Update(change) => self.transfer_refs.extend(change.external_ref.clone()),
            _ => {}
        }
        self.lots.ids.extend(&c.sent);
        if let TransferStep::Ship(shipment) = &c.step {
            self.lots.left_at(shipment.occurred_at);
        }
        let lines = match &c.step {
            TransferStep::Ship(shipment) => &shipment.lines,
            TransferStep::Receive(arrival) => &arrival.lines,
            _ => &None,
        };
        for (choice, _) in lines.iter().flatten().flat_map(|line| &line.lots) {
            // Which product a line is of is not known here: a code is looked for among those of the transfer.
            keys.iter().for_each(|key| self.lots.choice(key.product, choice));
        }
    }
    pub(super) fn purchase(&mut self, c: &purchasing::Command, keys: &[LevelKey]) {
        self.levels.extend(c.levels());
        self.levels.extend(keys);
        c.lots(keys, &mut self.lots);
        self.purchase_orders.extend(c.orders());
        self.purchase_refs.extend(c.references());
    }
    pub(super) fn absorb(&mut self, mut own: Self) {
        self.levels.append(&mut own.levels);
        self.reservations.append(&mut own.reservations);
        self.holds_on.append(&mut own.holds_on);
        self.reversals.append(&mut own.reversals);
        self.orders.append(&mut own.orders);
        self.returns.append(&mut own.returns);
        self.settled.append(&mut own.settled);
        self.comes_back.append(&mut own.comes_back);
        self.goods.append(&mut own.goods);
        self.channels.append(&mut own.channels);
        self.customers.append(&mut own.customers);
        self.stores.append(&mut own.stores);
        self.order_refs.append(&mut own.order_refs);
        self.return_refs.append(&mut own.return_refs);
        self.lots.absorb(own.lots);
        self.transfers.append(&mut own.transfers);
        self.transfer_refs.append(&mut own.transfer_refs);
        self.count.absorb(own.count);
        self.purchase_orders.append(&mut own.purchase_orders);
        self.purchase_refs.append(&mut own.purchase_refs);
    }
}
