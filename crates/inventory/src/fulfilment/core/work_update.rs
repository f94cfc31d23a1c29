//! The update of an order's works: what each store has to send for a line is set to the line's open
//! units, store by store as they are held.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::prelude::*;

use super::{
    book::{WorkBook, WorkChange, WorkDecision},
    carriers::Label,
    due::DueCalculator,
    parcel::{Parcel, ParcelLine, ParcelShipment},
    refusal::Refusal,
    work::{Work, WorkHead},
};
use crate::{
    orders::core::{Fulfilment, Line, Order},
    stock::core::{At, Field, Rejection, RoomRefusal},
};

/// A product of an order's line, which a line of a work refers to.
type Goods = (u16, ProductId);

/// An order whose works are being updated.
pub(super) struct WorkUpdate<'a> {
    order: &'a Order,
    /// The order's works after the command.
    pub(super) works: Vec<Work>,
    /// The works that the command itself changed.
    touched_works: HashSet<u16>,
    pub(super) holds: BTreeMap<(u16, ProductId, StoreId), i64>,
    due: DueCalculator<'a>,
    /// Shipment by an order's command, which names no work.
    shipped: Option<&'a Fulfilment>,
    pub(super) moved: Option<(FulfilmentWorkId, StoreId)>,
    /// Quantities of each work's lines that left by this shipment.
    sent: HashMap<u16, Vec<ParcelLine>>,
    /// Maximum quantity of the kit part under way that may be taken off each work, so that the
    /// parts of one kit are taken off the same work. Empty if the line is no kit.
    whole: HashMap<u16, i64>,
}

impl<'a> WorkUpdate<'a> {
    /// Returns None if the order has no works to follow it: drafts, unpaid orders and sales over the counter.
    pub(super) fn of(
        order: &'a Order,
        decision: &WorkDecision,
        shipped: Option<&'a Fulfilment>,
        due: DueCalculator<'a>,
    ) -> Option<Self> {
        let mut works: Vec<Work> = due.book().of_order(order.id).cloned().collect();
        let mut changed_works = HashSet::new();
        for WorkChange { work, .. } in decision.works.iter().filter(|change| change.work.head.order == order.id) {
            changed_works.insert(work.head.nth);
            if let Some(stored_work) = works.iter_mut().find(|stored_work| stored_work.head.id == work.head.id) {
                stored_work.clone_from(work);
            }
        }
        if works.is_empty() && !is_in_fulfilment(order.status) {
            return None;
        }
        let (holds, sent, whole) = (BTreeMap::new(), HashMap::new(), HashMap::new());
        Some(Self { order, works, touched_works: changed_works, holds, due, shipped, moved: None, sent, whole })
    }

    /// Sets the due times of works that have not left; the others keep theirs.
    pub(super) fn date(&mut self) {
        for work in &mut self.works {
            let due_at = self.due.recalculate_due_at(work);
            if work.head.due_at != due_at {
                work.head.due_at = due_at;
                self.touched_works.insert(work.head.nth);
            }
        }
    }

    pub(super) fn settle_all_lines(&mut self) -> Result<(), Rejection> {
        let order = self.order;
        for line in &order.lines {
            let kits = if line.is_kit() { self.unpicked_kits(line) } else { HashMap::new() };
            for (product, takes) in line.goods() {
                self.whole = kits.iter().map(|(nth, kits)| (*nth, kits.saturating_mul(takes))).collect();
                let open_units = if is_in_fulfilment(order.status) { line.open.get() } else { 0 };
                self.settle((line.position, product), (open_units.saturating_mul(takes), takes))?;
            }
        }
        self.pack_shipped_units();
        Ok(())
    }

    /// Refuses another address where all goods are in parcels, which bear the one that there is.
    pub(super) fn check_address(&self) -> Result<(), Rejection> {
        let is_to_come = self.order.lines.iter().any(|line| line.backordered.is_positive());
        let is_unpacked = |work: &Work| work.lines.iter().any(|line| line.open + line.picked > 0);
        if is_to_come || self.works.iter().any(is_unpacked) {
            return Ok(());
        }
        let is_packed = |work: &&Work| work.lines.iter().any(|line| line.packed + line.shipped > 0);
        let number = self.order.number.get();
        let works: Vec<String> =
            self.works.iter().filter(is_packed).map(|work| WorkHead::number(number, work.head.nth)).collect();
        if works.is_empty() { Ok(()) } else { Err(Refusal::AddressStays { works }.at(At::input(Field::ShippingAddress))) }
    }

    /// Returns, for each work, the number of whole kits of a line that are not picked there.
    fn unpicked_kits(&self, line: &Line) -> HashMap<u16, i64> {
        let kits = |work: &Work| {
            let open_units_of = |product: ProductId| {
                let work_line =
                    work.lines.iter().find(|work_line| (work_line.position, work_line.product) == (line.position, product));
                work_line.map_or(0, |work_line| work_line.open)
            };
            line.goods().map(|(product, takes)| open_units_of(product) / takes.max(1)).min().unwrap_or(0)
        };
        self.works.iter().map(|work| (work.head.nth, kits(work))).collect()
    }

    /// Sets the units of a product that works have to send for a line to `wanted_units`, store by store as they are held. Units without a hold, which gave
    /// way, stay with the work that has them; units that no work has yet go to the order's own store.
    fn settle(&mut self, goods: Goods, (wanted_units, takes): (i64, i64)) -> Result<(), Rejection> {
        let mut stores: BTreeMap<StoreId, (i64, i64)> = BTreeMap::new();
        for work in &self.works {
            stores.entry(work.head.store).or_default().1 += live_quantity(work, goods);
        }
        if is_in_fulfilment(self.order.status) {
            let key_range = (goods.0, goods.1, StoreId::NIL)..;
            for ((_, _, store), held_units) in
                self.holds.range(key_range).take_while(|((position, product_id, _), _)| (*position, *product_id) == goods)
            {
                stores.entry(*store).or_default().0 += held_units;
            }
        }
        let live_units: i64 = stores.values().map(|(_, live)| live).sum();
        let surplus_holds: Vec<(StoreId, i64)> = positive_differences(&stores, |held_units, live| held_units - live);
        let missing_holds: Vec<(StoreId, i64)> = positive_differences(&stores, |held_units, live| live - held_units);
        let excess = live_units + surplus_holds.iter().map(|(_, units)| units).sum::<i64>() - wanted_units;
        if excess > 0 {
            self.remove_units(goods, excess, missing_holds, takes)?;
        }
        for (store, units) in surplus_holds {
            self.add(goods, store, units)?;
        }
        if excess < 0 {
            self.add(goods, self.order.store, -excess)?;
        }
        Ok(())
    }

    /// Takes units off the works of stores that no longer hold them, first of the store that they shipped from. Picked units are not taken.
    fn remove_units(
        &mut self,
        goods: Goods,
        excess: i64,
        mut missing_holds: Vec<(StoreId, i64)>,
        takes: i64,
    ) -> Result<(), Rejection> {
        let shipping_store = self.shipped.map(|fulfilment| fulfilment.store);
        missing_holds.sort_by_key(|(store, _)| Some(*store) != shipping_store);
        let mut remaining = excess;
        for (store, store_units) in &missing_holds {
            let store_units = remaining.min(*store_units);
            let mut taken_units = 0;
            if Some(*store) == shipping_store {
                let shipped = self.shipped_of(goods.0).saturating_mul(takes).min(store_units);
                taken_units += self.take(goods, *store, shipped, RemovalReason::Shipped);
            }
            taken_units += self.take(goods, *store, store_units - taken_units, RemovalReason::Dropped);
            remaining -= taken_units;
        }
        if remaining == 0 { Ok(()) } else { Err(self.reject_picked(goods, &missing_holds)) }
    }

    /// Returns the quantity of a line that left by the order's own shipment.
    fn shipped_of(&self, position: u16) -> i64 {
        let lines = self.shipped.into_iter().flat_map(|fulfilment| &fulfilment.lines);
        lines.filter(|line| line.position == position).map(|line| line.quantity.get()).sum()
    }

    /// Takes unpicked units off a store's works, and returns their number: shipped units from the oldest work first, dropped units from works that
    /// are not accepted, the newest first. For a kit, each work loses only whole kits.
    fn take(&mut self, goods: Goods, store: StoreId, units: i64, removal_reason: RemovalReason) -> i64 {
        let mut indices: Vec<usize> = (0..self.works.len()).filter(|index| self.works[*index].head.store == store).collect();
        if removal_reason == RemovalReason::Dropped {
            indices.reverse();
            indices.sort_by_key(|index| self.works[*index].head.accepted.is_some());
        }
        let mut remaining = units;
        for index in indices {
            let work = &mut self.works[index];
            let nth_work = work.head.nth;
            let Some(line) = work.line_of(goods.0, goods.1) else { continue };
            let limit = self.whole.get(&nth_work).copied().unwrap_or(line.open);
            let quantity_taken = remaining.min(line.open).min(limit);
            if quantity_taken <= 0 {
                continue;
            }
            if let Some(limit) = self.whole.get_mut(&nth_work) {
                *limit -= quantity_taken;
            }
            remaining -= quantity_taken;
            line.open -= quantity_taken;
            match removal_reason {
                RemovalReason::Dropped => line.dropped += quantity_taken,
                RemovalReason::Shipped => {
                    line.shipped += quantity_taken;
                    let parcel_line = ParcelLine { nth: line.nth, quantity: quantity_taken };
                    self.sent.entry(nth_work).or_default().push(parcel_line);
                }
            }
            self.touched_works.insert(nth_work);
        }
        units - remaining
    }

    /// Adds units to a store's work that is not accepted, else to a new one. Moved units always get a new work.
    fn add(&mut self, goods: Goods, store: StoreId, units: i64) -> Result<(), Rejection> {
        let from = self.moved.filter(|(_, to)| *to == store).map(|(work, _)| work);
        let is_joined = |work: &Work| match from {
            Some(_) => work.head.version == 0 && work.head.moved_from == from,
            // A work that is not accepted has nothing picked: it is OPEN. To ask for its status would sum all its lines, for each line of an order.
            None => work.head.accepted.is_none() && work.is_live(),
        };
        let work_index = self.works.iter().position(|work| work.head.store == store && is_joined(work));
        let index = if let Some(index) = work_index { index } else { self.begin(store, from, self.due.at(store, goods.1))? };
        let work = &mut self.works[index];
        work.add(goods.0, goods.1, units)?;
        let nth = work.head.nth;
        self.touched_works.insert(nth);
        Ok(())
    }

    /// Creates a work and returns its index.
    fn begin(&mut self, store: StoreId, moved_from: Option<FulfilmentWorkId>, due_at: Timestamp) -> Result<usize, Rejection> {
        let nth = self.works.iter().map(|work| work.head.nth).max().unwrap_or(0) + 1;
        if nth > entity::id::MAX_LINES {
            return Err(Refusal::TooManyWorks { most: entity::id::MAX_LINES }.at(At::input(Field::Id)));
        }
        let mut work = Work::new(self.order, nth, store, self.order.updated_at);
        work.head.due_at = due_at;
        work.head.moved_from = moved_from;
        self.works.push(work);
        Ok(self.works.len() - 1)
    }

    /// Adds a parcel to each work for the units that left by the order's own shipment.
    fn pack_shipped_units(&mut self) {
        let Some(fulfilment) = self.shipped else { return };
        let shipment = ParcelShipment { fulfilment: fulfilment.id, status: fulfilment.status };
        let created_at = fulfilment.shipped_at.unwrap_or(self.order.updated_at);
        for work in &mut self.works {
            let Some(lines) = self.sent.remove(&work.head.nth) else { continue };
            let position = work.parcels.len() as u16 + 1;
            let id = ParcelId::document(fulfilment.id.uuid()).line(work.head.nth);
            let (label, lots) = (Label::default(), Vec::new());
            work.parcels.push(Parcel { id, position, weight: None, label, sent: Some(shipment), created_at, lines, lots });
        }
    }

    /// The rejection of a change that would take picked units; it names their works.
    fn reject_picked(&self, goods: Goods, stores: &[(StoreId, i64)]) -> Rejection {
        let is_meant = |work: &&Work| {
            let has_picked =
                work.lines.iter().any(|line| (line.position, line.product) == goods && line.picked + line.packed > 0);
            has_picked && stores.iter().any(|(store, _)| *store == work.head.store)
        };
        let number = self.order.number.get();
        let works = self.works.iter().filter(is_meant).map(|work| WorkHead::number(number, work.head.nth)).collect();
        Refusal::Picked { works }.at(At::input(Field::Id))
    }

    /// Returns the works that differ from those in the book.
    pub(super) fn into_changes(self, book: &WorkBook) -> Vec<WorkChange> {
        let changed_numbers: BTreeSet<u16> = self.touched_works.into_iter().collect();
        let is_other = |work: &Work| book.works.get(&(work.head.order, work.head.nth)) != Some(work);
        let works = self.works.into_iter().filter(|work| changed_numbers.contains(&work.head.nth) && is_other(work));
        works.map(|work| WorkChange { work, before: None }).collect()
    }
}

/// Reason for taking units off a work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RemovalReason {
    Shipped,
    Dropped,
}

/// True if stores work on orders in this status.
pub(super) const fn is_in_fulfilment(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Confirmed | OrderStatus::PartiallyFulfilled)
}

fn live_quantity(work: &Work, goods: Goods) -> i64 {
    work.lines.iter().filter(|line| (line.position, line.product) == goods).map(super::work::WorkLine::live).sum()
}

/// Returns the stores with a difference above 0.
fn positive_differences(stores: &BTreeMap<StoreId, (i64, i64)>, difference_of: fn(i64, i64) -> i64) -> Vec<(StoreId, i64)> {
    let differences = stores.iter().map(|(store, (held_units, live))| (*store, difference_of(*held_units, *live)));
    differences.filter(|(_, units)| *units > 0).collect()
}
