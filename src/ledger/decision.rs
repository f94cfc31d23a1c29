//! What deciding one command comes to: stock, and the documents that moved it.
//!
//! A document that moves stock has a book here, which commands are decided against, and a part of the decision.

use std::collections::HashMap;

use entity::prelude::*;

use super::{command::StoredReceipt, events};
use crate::{
    orders::core::{OrderBook, OrderDecision},
    stock::core::{Level, LevelKey, StockDecision},
    storage::journal::{Counter, Event, NewEvent, Numbered, Want},
};

/// The documents that a batch is decided against.
#[derive(Default)]
pub struct Documents {
    pub orders: OrderBook,
}

impl Documents {
    /// Brings them forward by an accepted decision.
    pub fn evolve(&mut self, decision: &Decision) {
        self.orders.evolve(&decision.orders);
    }
}

/// What an accepted command wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    pub stock: StockDecision,
    pub orders: OrderDecision,
    /// The number of the last fact about a document, once they are numbered.
    pub last_seq: Option<i64>,
}

impl Decision {
    pub fn of_orders(orders: OrderDecision) -> Self {
        Self { orders, ..Self::default() }
    }

    /// How many events say what became of documents.
    pub fn facts(&self) -> usize {
        self.orders.events.len()
    }

    /// `want`, and what this one takes from the counter.
    pub fn want(&self, mut want: Want) -> Want {
        want.events += (self.facts() + self.stock.movements.len()) as i64;
        let new = self.orders.orders.iter().filter(|order| !order.exists).count();
        want.and(new, Numbered::Order).and(self.orders.returns.len(), Numbered::Return)
    }

    /// Numbers documents and events on from the counter, which is left where they end. The documents' facts come first, then the movements
    /// they caused; entries share their movement's number.
    pub fn number(&mut self, counter: &mut Counter, now: Timestamp, journaled: &mut Vec<Event>) {
        self.number_documents(counter);
        let mut push = |event: NewEvent| {
            counter.seq += 1;
            journaled.push(Event { seq: counter.seq, kind: event.kind.to_owned(), payload: event.payload, recorded_at: now });
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
        for new in &mut self.orders.returns {
            new.number = counter.number(Numbered::Return);
        }
    }

    fn document_events(&self) -> Vec<NewEvent> {
        let orders = &self.orders;
        orders.events.iter().filter_map(|of| events::document_event(of, &orders.orders, &orders.returns)).collect()
    }

    /// The last event that it made; none without events.
    pub fn last_seq(&self) -> Option<i64> {
        let movement = self.stock.movements.iter().map(|m| m.seq).max().filter(|seq| *seq > 0);
        movement.max(self.last_seq.filter(|seq| *seq > 0))
    }

    pub fn stored(&self) -> StoredReceipt {
        let stock = &self.stock;
        StoredReceipt::of(self.last_seq(), &stock.movements, &stock.reservations, &self.orders.orders, &self.orders.returns)
    }
}
