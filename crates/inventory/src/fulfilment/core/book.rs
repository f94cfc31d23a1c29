//! State that commands on works are decided on, and the decision.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::prelude::*;

use super::{carriers::ShippingCarrier, work::Work};
use crate::{
    catalog::core::handling::HandlingTime,
    fulfilment::events::{EventType, FulfilmentEvent, WorkEvent},
    orders::core::Fulfilment,
};

/// The works of a batch's orders, loaded and locked, and the rows that commands refer to.
#[derive(Debug, Clone, Default)]
pub struct WorkBook {
    pub works: BTreeMap<(OrderId, u16), Work>,
    /// Orders whose works and reservations are all loaded.
    pub followed: BTreeSet<OrderId>,
    /// Stores that have refused a line of an order.
    pub barred: HashSet<(OrderId, u16, StoreId)>,
    pub fulfilments: HashMap<FulfilmentId, Fulfilment>,
    pub carriers: HashMap<CarrierId, ShippingCarrier>,
    /// Quantities of lots that commands name, packed by lot in parcels of other orders than the
    /// batch's that have not left a store.
    pub packed: HashMap<(StoreId, LotId), i64>,
    /// The stores of these works that have a handling time. Levels have it for other stores.
    pub handling: HashMap<StoreId, StoreHandling>,
}

/// A store's handling time and time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreHandling {
    pub time: HandlingTime,
    pub time_zone: String,
}

/// A work after a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkChange {
    pub work: Work,
    /// None if the command created the work.
    pub before: Option<WorkBefore>,
}

/// Status of a work before the command, and the number of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkBefore {
    pub status: WorkStatus,
    pub lines: usize,
    pub parcels: usize,
}

/// An event of a work, for the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkFact {
    pub kind: EventType<WorkEvent>,
    pub work: FulfilmentWorkId,
    pub before: Option<WorkStatus>,
}

/// An event of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentFact {
    pub kind: EventType<FulfilmentEvent>,
    pub fulfilment: Fulfilment,
}

/// A store's refusal to send a line of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreRefusal {
    pub order: OrderId,
    pub position: u16,
    pub store: StoreId,
    pub at: Timestamp,
    pub by: Actor,
}

/// Effect of an accepted command on works. A step puts its changed works into `works`; `follow`
/// adds the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkDecision {
    pub works: Vec<WorkChange>,
    pub facts: Vec<WorkFact>,
    pub shipments: Vec<ShipmentFact>,
    /// Fulfilments that arrived, failed, or were undone.
    pub arrived: Vec<Fulfilment>,
    pub barred: Vec<StoreRefusal>,
    /// The works that the command names; empty if it only changed an order.
    pub named: Vec<FulfilmentWorkId>,
    /// The work that a store refused whole.
    pub rejected: Option<FulfilmentWorkId>,
    /// The work whose goods move to another store, and that store.
    pub moved: Option<(FulfilmentWorkId, StoreId)>,
    /// Orders whose works are to be recalculated from their reservations, though the command
    /// changes neither.
    pub remade: Vec<OrderId>,
}

impl WorkBefore {
    pub fn of(work: &Work) -> Self {
        Self { status: work.head.status, lines: work.lines.len(), parcels: work.parcels.len() }
    }
}

impl WorkDecision {
    /// A decision that changes only these works.
    pub fn step(works: Vec<Work>) -> Self {
        let work_ids = works.iter().map(|work| work.head.id).collect();
        let works = works.into_iter().map(|work| WorkChange { work, before: None }).collect();
        Self { works, named: work_ids, ..Self::default() }
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
    pub fn refused_stores_of(&self, order: OrderId) -> Vec<(u16, StoreId)> {
        self.barred.iter().filter(|(order_id, ..)| *order_id == order).map(|(_, position, store)| (*position, *store)).collect()
    }

    /// Applies an accepted decision to the works.
    pub fn evolve(&mut self, decision: &WorkDecision) {
        for WorkChange { work, .. } in &decision.works {
            self.works.insert((work.head.order, work.head.nth), work.clone());
        }
        self.barred.extend(decision.barred.iter().map(|bar| (bar.order, bar.position, bar.store)));
        self.fulfilments.extend(decision.arrived.iter().map(|fulfilment| (fulfilment.id, fulfilment.clone())));
    }
}
