//! Works follow their orders: after each command that changed an order or its reservations, the
//! open units of its works are set to the open units of its lines, in the stores that have the
//! reservations. The command's own changes of works come first.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::prelude::*;

use super::{
    book::{ShipmentFact, WorkBefore, WorkBook, WorkChange, WorkDecision, WorkFact},
    carriers::Label,
    due::DueCalculator,
    parcel::{Parcel, ParcelLine, ParcelShipment},
    refusal::Refusal,
    work::{Work, WorkHead},
};
use crate::{
    catalog::core::handling::PlusDays,
    fulfilment::events,
    ledger::Decision,
    orders::core::{Fulfilment, Line, Order, OrderBook, OrderDecision, OrderFact},
    stock::core::{At, Book, Field, Rejection, Reservation, RoomRefusal},
};

/// A product of an order's line, which a line of a work refers to.
type Goods = (u16, ProductId);

/// Derives the effect of a decision on works; None if no work changes.
pub fn follow(
    stock: &Book,
    (orders, works): (&OrderBook, &WorkBook),
    decision: &Decision,
    plus_days: PlusDays,
) -> Result<Option<WorkDecision>, Rejection> {
    let mut own = decision.documents.get::<WorkDecision>().cloned().unwrap_or_default();
    let changed = decision.documents.get::<OrderDecision>();
    let decided = changed.map_or(&[][..], |of| of.orders.as_slice());
    let fulfilments = changed.map_or(&[][..], |of| of.fulfilments.as_slice());
    let remade = own.remade.iter().filter_map(|id| orders.orders.get(id));
    let all: Vec<&Order> = decided.iter().chain(remade).collect();
    for &order in &all {
        let is_new = changed.is_some_and(|of| of.events.iter().any(|fact| fact.order == order.id && fact.before.is_none()));
        // A command that loaded no reservations changes no goods.
        if !is_new && !works.followed.contains(&order.id) {
            continue;
        }
        if changed.is_some_and(|of| of.by_channel) {
            check_not_accepted(works, order.id)?;
        }
        let shipped = fulfilments.iter().find(|one| one.order == order.id && one.work.is_none());
        let due = DueCalculator::of(order, (stock, orders, works), changed, plus_days);
        let Some(mut following) = WorkUpdate::of(order, &own, shipped, due) else { continue };
        following.holds = holds(stock, &decision.stock.reservations, order.id, is_new);
        following.date();
        // An order that predates works and has no reservations has no store to send from until it reserves stock again.
        let has_none = following.works.is_empty() && following.holds.is_empty() && !own.remade.contains(&order.id);
        if has_none && orders.orders.get(&order.id).is_some_and(|before| is_in_fulfilment(before.status) && before.has_open()) {
            continue;
        }
        following.moved = own.moved.filter(|(work, _)| own.works.iter().any(|one| one.work.head.id == *work));
        following.settle_all()?;
        if changed.is_some_and(|of| changes_address(of, order.id)) {
            following.check_address()?;
        }
        own.works.retain(|one| one.work.head.order != order.id);
        own.works.extend(following.changed(works));
    }
    super::order_holds::touch_works_on_hold_change(&all, (orders, works), &mut own);
    let shipments = fulfilments.iter().map(|one| ShipmentFact { kind: events::FULFILMENT_SHIPPED, fulfilment: one.clone() });
    let arrived = own.arrived.iter().map(|one| {
        let kind = match one.status {
            FulfilmentStatus::Delivered => events::FULFILMENT_DELIVERED,
            FulfilmentStatus::Cancelled => events::FULFILMENT_CANCELLED,
            _ => events::FULFILMENT_FAILED,
        };
        ShipmentFact { kind, fulfilment: one.clone() }
    });
    own.shipments = shipments.chain(arrived).collect();
    finish(&mut own, works, stock.now);
    let is_nothing = own.works.is_empty() && own.shipments.is_empty() && own.barred.is_empty() && own.named.is_empty();
    Ok(if is_nothing { None } else { Some(own) })
}

/// Refuses what a key of a channel edits or cancels of an order, beyond notes, while a store has accepted a work of it.
fn check_not_accepted(book: &WorkBook, order: OrderId) -> Result<(), Rejection> {
    let is_over = |work: &Work| matches!(work.head.status, WorkStatus::Rejected | WorkStatus::Cancelled);
    if book.of_order(order).any(|work| work.head.accepted.is_some() && !is_over(work)) {
        return Err(Refusal::AcceptedByStore.at(At::input(Field::Id)));
    }
    Ok(())
}

/// True if an existing order gets another address. The removal of an address redirects nothing.
fn changes_address(of: &OrderDecision, order: OrderId) -> bool {
    let is_said = |fact: &OrderFact| fact.order == order && fact.before.is_some() && fact.changed.contains(&"shippingAddress");
    let is_off = of.details.iter().any(|one| one.after.order == order && one.is_unaddressed);
    !is_off && of.events.iter().any(is_said)
}

/// Sets every work's status, version and event.
fn finish(own: &mut WorkDecision, book: &WorkBook, now: Timestamp) {
    own.facts = Vec::with_capacity(own.works.len());
    for WorkChange { work, before } in &mut own.works {
        let found = book.works.get(&(work.head.order, work.head.nth));
        *before = found.map(WorkBefore::of);
        work.head.version = found.map_or(1, |found| found.head.version + 1);
        work.head.status = work.status();
        work.head.updated_at = now;
        let kind = match before {
            None => events::WORK_CREATED,
            Some(_) if own.rejected == Some(work.head.id) => events::WORK_REJECTED,
            Some(_) => events::WORK_CHANGED,
        };
        own.facts.push(WorkFact { kind, work: work.head.id, before: before.map(|before| before.status) });
    }
}

/// Returns the held quantities of an order by line, product and store. A new order's holds are all
/// in the decision.
fn holds(stock: &Book, decided: &[Reservation], order: OrderId, is_new: bool) -> BTreeMap<(u16, ProductId, StoreId), i64> {
    let newer: HashSet<ReservationId> = decided.iter().map(|one| one.id).collect();
    let booked = (!is_new).then(|| stock.reservations.values()).into_iter().flatten();
    let mut holds = BTreeMap::new();
    for one in decided.iter().chain(booked.filter(|one| !newer.contains(&one.id))) {
        if one.status == ReservationStatus::Active
            && let Some((of, position)) = one.order
            && of == order
        {
            *holds.entry((position, one.key.product, one.key.store)).or_default() += one.remaining.get();
        }
    }
    holds
}

/// An order whose works are being updated.
struct WorkUpdate<'a> {
    order: &'a Order,
    /// The order's works after the command.
    works: Vec<Work>,
    /// The works that the command itself changed.
    own: HashSet<u16>,
    holds: BTreeMap<(u16, ProductId, StoreId), i64>,
    due: DueCalculator<'a>,
    /// Shipment by an order's command, which names no work.
    shipped: Option<&'a Fulfilment>,
    moved: Option<(FulfilmentWorkId, StoreId)>,
    /// Quantities of each work's lines that left by this shipment.
    sent: HashMap<u16, Vec<ParcelLine>>,
    /// Maximum quantity of the kit part under way that may be taken off each work, so that the
    /// parts of one kit are taken off the same work. Empty if the line is no kit.
    whole: HashMap<u16, i64>,
}

impl<'a> WorkUpdate<'a> {
    /// Returns None if the order has no works to follow it: drafts, unpaid orders and sales over the counter.
    fn of(order: &'a Order, own: &WorkDecision, shipped: Option<&'a Fulfilment>, due: DueCalculator<'a>) -> Option<Self> {
        let mut works: Vec<Work> = due.book().of_order(order.id).cloned().collect();
        let mut changed = HashSet::new();
        for WorkChange { work, .. } in own.works.iter().filter(|one| one.work.head.order == order.id) {
            changed.insert(work.head.nth);
            if let Some(found) = works.iter_mut().find(|found| found.head.id == work.head.id) {
                found.clone_from(work);
            }
        }
        if works.is_empty() && !is_in_fulfilment(order.status) {
            return None;
        }
        let (holds, sent, whole) = (BTreeMap::new(), HashMap::new(), HashMap::new());
        Some(Self { order, works, own: changed, holds, due, shipped, moved: None, sent, whole })
    }

    /// Sets the due times of works that have not left; the others keep theirs.
    fn date(&mut self) {
        for work in &mut self.works {
            let due_at = self.due.recalculate_due_at(work);
            if work.head.due_at != due_at {
                work.head.due_at = due_at;
                self.own.insert(work.head.nth);
            }
        }
    }

    fn settle_all(&mut self) -> Result<(), Rejection> {
        let order = self.order;
        for line in &order.lines {
            let kits = if line.is_kit() { self.unpicked_kits(line) } else { HashMap::new() };
            for (product, takes) in line.goods() {
                self.whole = kits.iter().map(|(nth, kits)| (*nth, kits.saturating_mul(takes))).collect();
                let open = if is_in_fulfilment(order.status) { line.open.get() } else { 0 };
                self.settle((line.position, product), (open.saturating_mul(takes), takes))?;
            }
        }
        self.pack_shipped_units();
        Ok(())
    }

    /// Refuses another address where all goods are in parcels, which bear the one that there is.
    fn check_address(&self) -> Result<(), Rejection> {
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
            let open = |product: ProductId| {
                let own = work.lines.iter().find(|own| (own.position, own.product) == (line.position, product));
                own.map_or(0, |own| own.open)
            };
            line.goods().map(|(product, takes)| open(product) / takes.max(1)).min().unwrap_or(0)
        };
        self.works.iter().map(|work| (work.head.nth, kits(work))).collect()
    }

    /// Sets the units of a product that works have to send for a line to `wanted`, store by store as they are held. Units without a hold, which gave
    /// way, stay with the work that has them; units that no work has yet go to the order's own store.
    fn settle(&mut self, goods: Goods, (wanted, takes): (i64, i64)) -> Result<(), Rejection> {
        let mut stores: BTreeMap<StoreId, (i64, i64)> = BTreeMap::new();
        for work in &self.works {
            stores.entry(work.head.store).or_default().1 += live(work, goods);
        }
        if is_in_fulfilment(self.order.status) {
            let of_goods = (goods.0, goods.1, StoreId::NIL)..;
            for ((_, _, store), held) in self.holds.range(of_goods).take_while(|((at, of, _), _)| (*at, *of) == goods) {
                stores.entry(*store).or_default().0 += held;
            }
        }
        let asked: i64 = stores.values().map(|(_, live)| live).sum();
        let more: Vec<(StoreId, i64)> = positive_differences(&stores, |held, live| held - live);
        let less: Vec<(StoreId, i64)> = positive_differences(&stores, |held, live| live - held);
        let over = asked + more.iter().map(|(_, units)| units).sum::<i64>() - wanted;
        if over > 0 {
            self.remove_units(goods, over, less, takes)?;
        }
        for (store, units) in more {
            self.add(goods, store, units)?;
        }
        if over < 0 {
            self.add(goods, self.order.store, -over)?;
        }
        Ok(())
    }

    /// Takes units off the works of stores that no longer hold them, first of the store that they shipped from. Picked units are not taken.
    fn remove_units(&mut self, goods: Goods, over: i64, mut less: Vec<(StoreId, i64)>, takes: i64) -> Result<(), Rejection> {
        let from = self.shipped.map(|one| one.store);
        less.sort_by_key(|(store, _)| Some(*store) != from);
        let mut left = over;
        for (store, most) in &less {
            let most = left.min(*most);
            let mut taken = 0;
            if Some(*store) == from {
                let shipped = self.shipped_of(goods.0).saturating_mul(takes).min(most);
                taken += self.take(goods, *store, shipped, RemovalReason::Shipped);
            }
            taken += self.take(goods, *store, most - taken, RemovalReason::Dropped);
            left -= taken;
        }
        if left == 0 { Ok(()) } else { Err(self.picked(goods, &less)) }
    }

    /// Returns the quantity of a line that left by the order's own shipment.
    fn shipped_of(&self, position: u16) -> i64 {
        let lines = self.shipped.into_iter().flat_map(|one| &one.lines);
        lines.filter(|line| line.position == position).map(|line| line.quantity.get()).sum()
    }

    /// Takes unpicked units off a store's works, and returns their number: shipped units from the oldest work first, dropped units from works that
    /// are not accepted, the newest first. For a kit, each work loses only whole kits.
    fn take(&mut self, goods: Goods, store: StoreId, units: i64, how: RemovalReason) -> i64 {
        let mut order: Vec<usize> = (0..self.works.len()).filter(|index| self.works[*index].head.store == store).collect();
        if how == RemovalReason::Dropped {
            order.reverse();
            order.sort_by_key(|index| self.works[*index].head.accepted.is_some());
        }
        let mut left = units;
        for index in order {
            let work = &mut self.works[index];
            let nth_work = work.head.nth;
            let Some(line) = work.line_of(goods.0, goods.1) else { continue };
            let most = self.whole.get(&nth_work).copied().unwrap_or(line.open);
            let taken = left.min(line.open).min(most);
            if taken <= 0 {
                continue;
            }
            if let Some(most) = self.whole.get_mut(&nth_work) {
                *most -= taken;
            }
            left -= taken;
            line.open -= taken;
            match how {
                RemovalReason::Dropped => line.dropped += taken,
                RemovalReason::Shipped => {
                    line.shipped += taken;
                    let sent = ParcelLine { nth: line.nth, quantity: taken };
                    self.sent.entry(nth_work).or_default().push(sent);
                }
            }
            self.own.insert(nth_work);
        }
        units - left
    }

    /// Adds units to a store's work that is not accepted, else to a new one. Moved units always get a new work.
    fn add(&mut self, goods: Goods, store: StoreId, units: i64) -> Result<(), Rejection> {
        let from = self.moved.filter(|(_, to)| *to == store).map(|(work, _)| work);
        let is_joined = |work: &Work| match from {
            Some(_) => work.head.version == 0 && work.head.moved_from == from,
            // A work that is not accepted has nothing picked: it is OPEN. To ask for its status would sum all its lines, for each line of an order.
            None => work.head.accepted.is_none() && work.is_live(),
        };
        let found = self.works.iter().position(|work| work.head.store == store && is_joined(work));
        let index = if let Some(index) = found { index } else { self.begin(store, from, self.due.at(store, goods.1))? };
        let work = &mut self.works[index];
        work.add(goods.0, goods.1, units)?;
        let nth = work.head.nth;
        self.own.insert(nth);
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
        let sent = ParcelShipment { fulfilment: fulfilment.id, status: fulfilment.status };
        let created_at = fulfilment.shipped_at.unwrap_or(self.order.updated_at);
        for work in &mut self.works {
            let Some(lines) = self.sent.remove(&work.head.nth) else { continue };
            let position = work.parcels.len() as u16 + 1;
            let id = ParcelId::document(fulfilment.id.uuid()).line(work.head.nth);
            let (label, lots) = (Label::default(), Vec::new());
            work.parcels.push(Parcel { id, position, weight: None, label, sent: Some(sent), created_at, lines, lots });
        }
    }

    /// The rejection of a change that would take picked units; it names their works.
    fn picked(&self, goods: Goods, stores: &[(StoreId, i64)]) -> Rejection {
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
    fn changed(self, book: &WorkBook) -> Vec<WorkChange> {
        let own: BTreeSet<u16> = self.own.into_iter().collect();
        let is_other = |work: &Work| book.works.get(&(work.head.order, work.head.nth)) != Some(work);
        let works = self.works.into_iter().filter(|work| own.contains(&work.head.nth) && is_other(work));
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
const fn is_in_fulfilment(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Confirmed | OrderStatus::PartiallyFulfilled)
}

fn live(work: &Work, goods: Goods) -> i64 {
    work.lines.iter().filter(|line| (line.position, line.product) == goods).map(super::work::WorkLine::live).sum()
}

/// Returns the stores with a difference above 0.
fn positive_differences(stores: &BTreeMap<StoreId, (i64, i64)>, of: fn(i64, i64) -> i64) -> Vec<(StoreId, i64)> {
    let all = stores.iter().map(|(store, (held, live))| (*store, of(*held, *live)));
    all.filter(|(_, units)| *units > 0).collect()
}
