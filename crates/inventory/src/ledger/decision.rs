//! What deciding one command comes to: stock, and the documents that moved it.
//!
//! A document that moves stock has a book here, which commands are decided against, and a part of the decision.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::journal::{Counter, Event, NewEvent, Numbered, Want};

use super::{count_events, events, purchase_events, receipt::StoredReceipt, transfer_events};
use crate::{
    counts::core::{CountBook, CountDecision},
    orders::core::{Order, OrderBook, OrderDecision},
    purchasing::core::{Change, PurchaseBook, PurchaseDecision},
    stock::core::{Level, LevelKey, StockDecision},
    transfers::core::{TransferBook, TransferDecision},
};

/// The documents that a batch is decided against.
#[derive(Default)]
pub struct Documents {
    pub orders: OrderBook,
    pub transfers: TransferBook,
    pub counts: CountBook,
    pub purchases: PurchaseBook,
}

impl Documents {
    /// Brings them forward by an accepted decision.
    pub fn evolve(&mut self, decision: &Decision) {
        self.orders.evolve(&decision.orders);
        decision.transfer.iter().for_each(|one| self.transfers.evolve(one));
        decision.count.iter().for_each(|one| self.counts.evolve(one));
        self.purchases.evolve(&decision.purchases);
    }
}

/// What an accepted command wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    pub stock: StockDecision,
    pub orders: OrderDecision,
    pub transfer: Option<TransferDecision>,
    pub count: Option<CountDecision>,
    pub purchases: PurchaseDecision,
    /// Orders whose holds gave way, as they are: their own rows do not change.
    pub shortened: Vec<Order>,
    /// The number of the last fact about a document, once they are numbered.
    pub last_seq: Option<i64>,
}

impl Decision {
    pub fn of_orders(orders: OrderDecision) -> Self {
        Self { orders, ..Self::default() }
    }
    pub fn of_transfer(transfer: TransferDecision) -> Self {
        Self { transfer: Some(transfer), ..Self::default() }
    }
    pub fn of_count(count: CountDecision) -> Self {
        Self { count: Some(count), ..Self::default() }
    }
    pub fn of_purchases(purchases: PurchaseDecision) -> Self {
        Self { purchases, ..Self::default() }
    }

    /// How many events say what became of documents.
    pub fn facts(&self) -> usize {
        let documents = usize::from(self.transfer.is_some()) + usize::from(self.count.is_some());
        let told = self.stock.told_lots.len() + self.shortened.len();
        self.orders.events.len() + self.purchases.events.len() + told + documents
    }

    /// `want`, and what this one takes from the counter.
    pub fn want(&self, mut want: Want) -> Want {
        want.events += (self.facts() + self.stock.movements.len()) as i64;
        let new = self.orders.orders.iter().filter(|order| !order.exists).count();
        let new_transfer = self.transfer.iter().filter(|one| !one.transfer.exists).count();
        let new_count = self.count.iter().filter(|one| !one.count.exists).count();
        let purchases = self.purchases.orders.iter().filter(|order| order.change == Change::New).count();
        want.and(new, Numbered::Order)
            .and(self.orders.returns.iter().filter(|ret| !ret.exists).count(), Numbered::Return)
            .and(purchases, Numbered::PurchaseOrder)
            .and(self.purchases.returns.len(), Numbered::SupplierReturn)
            .and(new_transfer, Numbered::Transfer)
            .and(new_count, Numbered::Count)
    }

    /// Numbers documents and events on from the counter, which is left where they end. The documents' facts come first, then the movements
    /// they caused; entries share their movement's number.
    pub fn number(&mut self, counter: &mut Counter, now: Timestamp, journaled: &mut Vec<Event>) {
        self.number_documents(counter);
        let mut push = |event: NewEvent| {
            counter.seq += 1;
            journaled.push(event.numbered(counter.seq, now));
            counter.seq
        };
        for event in self.document_events() {
            self.last_seq = Some(push(event));
        }
        let levels: Vec<&Level> = self.stock.levels.iter().collect();
        let mut last: HashMap<LevelKey, i64> = HashMap::new();
        for nth in 0..self.stock.movements.len() {
            let Some((movement, later)) = self.stock.movements[nth..].split_first_mut() else { break };
            movement.seq = push(events::stock_changed(movement, later, &levels));
            last.extend(movement.entries.iter().map(|entry| (entry.key, movement.seq)));
        }
        for level in &mut self.stock.levels {
            level.seq = last.get(&level.key).copied().unwrap_or(level.seq);
        }
    }

    fn number_documents(&mut self, counter: &mut Counter) {
        for new in self.orders.orders.iter_mut().filter(|order| !order.exists) {
            new.number = counter.number(Numbered::Order);
        }
        for new in self.orders.returns.iter_mut().filter(|ret| !ret.exists) {
            new.number = counter.number(Numbered::Return);
        }
        for new in self.transfer.iter_mut().filter(|one| !one.transfer.exists) {
            new.transfer.number = counter.number(Numbered::Transfer);
        }
        for new in self.count.iter_mut().filter(|one| !one.count.exists) {
            new.count.number = counter.number(Numbered::Count);
        }
        for new in self.purchases.orders.iter_mut().filter(|order| order.change == Change::New) {
            new.number = counter.number(Numbered::PurchaseOrder);
        }
        for new in &mut self.purchases.returns {
            new.number = counter.number(Numbered::SupplierReturn);
        }
    }

    fn document_events(&self) -> Vec<NewEvent> {
        let (orders, purchases) = (&self.orders, &self.purchases);
        let sold = orders.events.iter().filter_map(|of| events::document_event(of, &orders.orders, &orders.returns));
        let bought = purchases.events.iter().filter_map(|of| purchase_events::event_of(of, purchases));
        let lots = self.stock.lots.iter().filter(|lot| self.stock.told_lots.contains(&lot.id)).map(events::lot_changed);
        let counted = self.count.as_ref().map(count_events::count_event);
        let moved = self.transfer.as_ref().map(transfer_events::transfer_event);
        let sold = sold.chain(self.shortened.iter().map(events::order_shortened));
        sold.chain(bought).chain(lots).chain(moved).chain(counted).collect()
    }

    /// The last event that it made; none without events.
    pub fn last_seq(&self) -> Option<i64> {
        let movement = self.stock.movements.iter().map(|m| m.seq).max().filter(|seq| *seq > 0);
        movement.max(self.last_seq.filter(|seq| *seq > 0))
    }

    pub fn stored(&self) -> StoredReceipt {
        let (stock, orders) = (&self.stock, &self.orders);
        let stored = StoredReceipt::of(self.last_seq(), &stock.movements, &stock.reservations, &orders.orders, &orders.returns)
            .and_purchases(&self.purchases.orders, &self.purchases.returns);
        let count = self.count.as_ref().map(|one| one.count.id);
        let transfer = self.transfer.as_ref().map(|one| one.transfer.id);
        StoredReceipt { lot: stock.told_lots.first().copied(), transfer, count, ..stored }
    }
}
