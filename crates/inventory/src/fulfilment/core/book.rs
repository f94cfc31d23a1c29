//! What works are decided on, and what becomes of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::prelude::*;

use super::{carriers::ShippingCarrier, due::StoreHandling, work::Work};
use crate::{
    fulfilment::events::{EventType, FulfilmentEvent, WorkEvent},
    orders::core::Fulfilment,
};

/// The works of a batch's orders, loaded and locked, and what is known of what commands name.
#[derive(Debug, Clone, Default)]
pub struct WorkBook {
    pub works: BTreeMap<(OrderId, u16), Work>,
    /// Orders whose works and holds are all loaded.
    pub followed: BTreeSet<OrderId>,
    /// Stores that have refused a line of an order.
    pub barred: HashSet<(OrderId, u16, StoreId)>,
    pub fulfilments: HashMap<FulfilmentId, Fulfilment>,
    pub carriers: HashMap<CarrierId, ShippingCarrier>,
    /// Of lots that commands name: how much is in parcels by their names, of other orders than the batch's, that have not left a store.
    pub packed: HashMap<(StoreId, LotId), i64>,
    /// The stores of these works that state how long they take to ship. Levels say it of other stores.
    pub handling: HashMap<StoreId, StoreHandling>,
}

/// A work as a command leaves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    pub work: Work,
    /// None of a work that the command made.
    pub before: Option<Before>,
}

/// What of a work has rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    pub status: WorkStatus,
    pub lines: usize,
    pub parcels: usize,
}

/// A fact about a work, for the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkFact {
    pub kind: EventType<WorkEvent>,
    pub work: FulfilmentWorkId,
    pub before: Option<WorkStatus>,
}

/// A fact about goods that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentFact {
    pub kind: EventType<FulfilmentEvent>,
    pub fulfilment: Fulfilment,
}

/// A store would not send a line of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Barred {
    pub order: OrderId,
    pub position: u16,
    pub store: StoreId,
    pub at: Timestamp,
    pub by: Actor,
}

/// What an accepted command did to works. A step leaves its works in `works` as it wants them; `follow` says the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkDecision {
    pub works: Vec<Touched>,
    pub facts: Vec<WorkFact>,
    pub shipments: Vec<ShipmentFact>,
    /// Fulfilments that arrived, or did not, or were undone.
    pub arrived: Vec<Fulfilment>,
    pub barred: Vec<Barred>,
    /// The works that the command was about; none where it only changed an order.
    pub named: Vec<FulfilmentWorkId>,
    /// The work that a store refused whole.
    pub rejected: Option<FulfilmentWorkId>,
    /// The work whose goods go to another store, and which.
    pub moved: Option<(FulfilmentWorkId, StoreId)>,
    /// Orders whose works are to be made anew as their holds say, though nothing of them changes.
    pub remade: Vec<OrderId>,
}

impl Before {
    pub fn of(work: &Work) -> Self {
        Self { status: work.head.status, lines: work.lines.len(), parcels: work.parcels.len() }
    }
}

impl WorkDecision {
    /// A step of works that changes them alone.
    pub fn step(works: Vec<Work>) -> Self {
        let named = works.iter().map(|work| work.head.id).collect();
        let works = works.into_iter().map(|work| Touched { work, before: None }).collect();
        Self { works, named, ..Self::default() }
    }
}

impl WorkBook {
    /// The works of an order, the oldest first.
    pub fn of_order(&self, order: OrderId) -> impl Iterator<Item = &Work> {
        self.works.range((order, 0)..=(order, u16::MAX)).map(|(_, work)| work)
    }
    /// A work of an order.
    pub fn work(&self, order: OrderId, id: FulfilmentWorkId) -> Option<&Work> {
        self.of_order(order).find(|work| work.head.id == id)
    }
    /// Stores that have refused lines of the order.
    pub fn barred_from(&self, order: OrderId) -> Vec<(u16, StoreId)> {
        self.barred.iter().filter(|(of, ..)| *of == order).map(|(_, position, store)| (*position, *store)).collect()
    }

    /// Brings the works forward by an accepted decision.
    pub fn evolve(&mut self, decision: &WorkDecision) {
        for Touched { work, .. } in &decision.works {
            self.works.insert((work.head.order, work.head.nth), work.clone());
        }
        self.barred.extend(decision.barred.iter().map(|one| (one.order, one.position, one.store)));
        self.fulfilments.extend(decision.arrived.iter().map(|one| (one.id, one.clone())));
    }
}
