//! Parcels that leave, and their arrivals. The goods leave by the order's own rules; the work
//! determines which.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    book::{WorkBook, WorkChange, WorkDecision},
    carriers::Label,
    parcel::ParcelShipment,
    refusal::Refusal,
    states::WorkAction,
    step::open,
    work::{Work, WorkRef},
};
use crate::{
    orders::core::{Fulfil, Line, LineQuantity, LotPart, Order, OrderBook, OrderDecision, count, decide_fulfil},
    stock::core::{At, Draft, Field, LevelKey, LotChoice, Noun, Rejection, RoomRefusal, Shortage},
};

/// Maximum clock skew of a client that reports an arrival.
const MAX_CLOCK_SKEW_SECONDS: i64 = 300;

/// Parcels that leave a store.
#[derive(Debug, Clone)]
pub struct Ship {
    /// None for all parcels that are packed and have not left.
    pub parcels: Option<Vec<(ParcelId, Label)>>,
    /// Pickup code that the customer gave; None for a shipment.
    pub code: Option<String>,
    pub occurred_at: Option<Timestamp>,
    pub on_shortage: Shortage,
    pub fulfilment: FulfilmentId,
    /// Ids for the movements it may need: room, release elsewhere, and the sale.
    pub movements: [MovementId; 3],
}

/// Result of a shipment: delivered, or failed.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub order: OrderId,
    pub fulfilment: FulfilmentId,
    /// Reason of a failure; None if the parcels arrived.
    pub failed: Option<String>,
    pub at: Option<Timestamp>,
}

/// New label of a parcel.
#[derive(Debug, Clone)]
pub struct Track {
    pub parcel: ParcelId,
    pub label: Label,
}

pub fn decide_ship(
    books: (&OrderBook, &WorkBook),
    draft: &mut Draft<'_>,
    on: &WorkRef,
    command: &Ship,
) -> Result<(WorkDecision, OrderDecision), Rejection> {
    let at = At::input(Field::Id);
    let action = if command.code.is_some() { WorkAction::Collect } else { WorkAction::Ship };
    let (order, mut work) = open(books, on, action, at)?;
    if command.code.is_some() && work.head.ready.as_ref().map(|ready| &ready.code) != command.code.as_ref() {
        return Err(Refusal::WrongCode.at(At::input(Field::Code)));
    }
    let sent = ParcelShipment { fulfilment: command.fulfilment, status: FulfilmentStatus::Shipped };
    let leaving = label(draft, &mut work, books.1, command.parcels.as_deref())?;
    let left = send(&mut work, &leaving, sent);
    let named = lots(draft, &work, &leaving)?;
    let lines = lines(draft, order, &left)?;
    draft.end_pass()?;
    for LotPart { product, lot, units, .. } in &named {
        draft.leaves_parcels(LevelKey { product: *product, store: work.head.store }, *lot, *units);
    }
    let fulfil = Fulfil {
        order: order.id,
        expected_version: None,
        store: Some(work.head.store),
        lines: Some(lines),
        lots: named,
        occurred_at: command.occurred_at,
        on_shortage: command.on_shortage,
        actor: on.actor,
        fulfilment: command.fulfilment,
        movements: command.movements,
    };
    // The input has no lines: rejections of lines are reported for the work.
    let shipped = decide_fulfil(books.0, draft, &fulfil).map_err(|why| why.of_whole(at));
    draft.refuse_rows_at(at);
    let mut orders = shipped?;
    let mut own = WorkDecision::default();
    for fulfilment in &mut orders.fulfilments {
        fulfilment.work = Some(work.head.id);
        if command.code.is_some() {
            // The goods are in the customer's hands.
            let mut arrived = fulfilment.clone();
            (arrived.status, arrived.delivered_at) = (FulfilmentStatus::Delivered, fulfilment.shipped_at);
            own.arrived.push(arrived);
        }
    }
    if command.code.is_some() {
        set_status(&mut work, command.fulfilment, FulfilmentStatus::Delivered);
    }
    own.named.push(work.head.id);
    own.works.push(WorkChange { work, before: None });
    Ok((own, orders))
}

/// Returns the parcels that leave, with their new labels.
fn label(
    draft: &mut Draft<'_>,
    work: &mut Work,
    book: &WorkBook,
    named: Option<&[(ParcelId, Label)]>,
) -> Result<Vec<ParcelId>, Rejection> {
    let Some(named) = named else {
        let all = work.parcels.iter().filter(|parcel| parcel.sent.is_none() && !parcel.is_empty());
        let all: Vec<ParcelId> = all.map(|parcel| parcel.id).collect();
        if all.is_empty() {
            return Err(Refusal::NothingPacked.at(At::input(Field::Parcels)));
        }
        return Ok(all);
    };
    if named.is_empty() {
        return Err(Refusal::NoParcels.at(At::input(Field::Parcels)));
    }
    let mut leaving: Vec<ParcelId> = Vec::with_capacity(named.len());
    for (index, (id, said)) in named.iter().enumerate() {
        let at = At::row(Field::Parcels, index);
        // An unknown carrier is reported beside an unknown parcel.
        draft.pass(said.carrier_in(&book.carriers, at))?;
        let labelled = label_parcel(work, book, (*id, said, &leaving), at);
        leaving.extend(draft.pass(labelled)?);
    }
    draft.end_pass()?;
    Ok(leaving)
}

fn label_parcel(
    work: &mut Work,
    book: &WorkBook,
    (id, said, before): (ParcelId, &Label, &[ParcelId]),
    at: At,
) -> Result<ParcelId, Rejection> {
    let of_parcel = at.field(Field::Id);
    let parcel = work.parcel_mut(id).ok_or_else(|| Rejection::not_found(Noun::Parcel, of_parcel))?;
    if before.contains(&id) {
        return Err(Refusal::ParcelTwice.at(of_parcel));
    }
    if parcel.sent.is_some() {
        return Err(Refusal::ParcelSent.at(of_parcel));
    }
    if parcel.is_empty() {
        return Err(Refusal::EmptyParcel.at(of_parcel));
    }
    parcel.label.change(said);
    parcel.label.check(&book.carriers, at)?;
    Ok(id)
}

/// Marks parcels as sent; returns the quantity of each product for each line of the order in them.
fn send(work: &mut Work, leaving: &[ParcelId], sent: ParcelShipment) -> BTreeMap<(u16, ProductId), i64> {
    let mut left: BTreeMap<u16, i64> = BTreeMap::new();
    for parcel in work.parcels.iter_mut().filter(|parcel| leaving.contains(&parcel.id)) {
        parcel.sent = Some(sent);
        for line in &parcel.lines {
            *left.entry(line.nth).or_default() += line.quantity;
        }
    }
    let mut goods = BTreeMap::new();
    for (nth, units) in left.into_iter().filter(|(_, units)| *units > 0) {
        if let Some(line) = work.line_mut(nth) {
            line.packed -= units;
            line.shipped += units;
            *goods.entry((line.position, line.product)).or_default() += units;
        }
    }
    goods
}

/// Returns the quantities that leave, by lines of the order, kits whole. Products without stock
/// keeping leave with the last of the stocked ones.
fn lines(draft: &mut Draft<'_>, order: &Order, left: &BTreeMap<(u16, ProductId), i64>) -> Result<Vec<LineQuantity>, Rejection> {
    let mut leaving: Vec<(u16, i64)> = Vec::new();
    for line in &order.lines {
        let units = |product: ProductId| left.get(&(line.position, product)).copied().unwrap_or(0);
        let mut whole = line.goods().map(|(product, takes)| (units(product) / takes.max(1), units(product) % takes.max(1)));
        let Some((quantity, rest)) = whole.next() else { continue };
        if rest != 0 || whole.any(|other| other != (quantity, 0)) {
            draft.refuse(Refusal::KitInParts { sku: line.sku.clone() }.at(At::input(Field::Parcels)))?;
        }
        if quantity > 0 {
            leaving.push((line.position, quantity));
        }
    }
    let of = |line: &Line| leaving.iter().find(|(position, _)| *position == line.position).map_or(0, |(_, units)| *units);
    let is_stocked = |line: &&Line| line.goods().next().is_some();
    let is_last = order.lines.iter().filter(is_stocked).all(|line| line.outstanding() == of(line));
    let with = order.lines.iter().filter(|line| is_last && line.kind() == LineKind::Product && !is_stocked(line));
    let with: Vec<(u16, i64)> = with.map(|line| (line.position, line.outstanding())).filter(|(_, units)| *units > 0).collect();
    let all = leaving.into_iter().chain(with);
    let line = |(position, units): (u16, i64)| LineQuantity {
        line: order.line_id(position),
        quantity: count(units),
        lot: LotChoice::Unsaid,
    };
    Ok(all.map(line).collect())
}

/// Returns the lots that leaving parcels name, by lines of the order. Rejects lots that no longer
/// exist; the levels of the others limit their quantities.
fn lots(draft: &mut Draft<'_>, work: &Work, leaving: &[ParcelId]) -> Result<Vec<LotPart>, Rejection> {
    let mut named: BTreeMap<(u16, ProductId, LotId), i64> = BTreeMap::new();
    let parcels = work.parcels.iter().filter(|parcel| leaving.contains(&parcel.id));
    for of in parcels.flat_map(|parcel| &parcel.lots).filter(|of| of.units > 0) {
        let Some(line) = work.lines.iter().find(|line| line.nth == of.nth) else { continue };
        *named.entry((line.position, line.product, of.lot)).or_default() += of.units;
    }
    let mut parts = Vec::with_capacity(named.len());
    for ((position, product, lot), units) in named {
        if draft.lot(lot).is_none() {
            let (key, at) = (LevelKey { product, store: work.head.store }, At::input(Field::Parcels));
            let sku = draft.level(key, at)?.facts.sku.clone();
            draft.refuse(Refusal::LotGone { sku }.at(at))?;
        }
        parts.push(LotPart { position, product, lot, units });
    }
    Ok(parts)
}

fn set_status(work: &mut Work, fulfilment: FulfilmentId, status: FulfilmentStatus) {
    let own = work.parcels.iter_mut().filter_map(|parcel| parcel.sent.as_mut()).filter(|sent| sent.fulfilment == fulfilment);
    own.for_each(|sent| sent.status = status);
}

/// Decides that goods arrived, or that their delivery failed.
pub fn decide_arrival(book: &WorkBook, command: &Arrival, now: Timestamp) -> Result<WorkDecision, Rejection> {
    let at = At::input(Field::Id);
    let found = book.fulfilments.get(&command.fulfilment).filter(|one| one.order == command.order);
    let mut fulfilment = found.cloned().ok_or_else(|| Rejection::not_found(Noun::Fulfilment, at))?;
    if fulfilment.status != FulfilmentStatus::Shipped {
        return Err(Refusal::Fulfilment(fulfilment.status).at(at));
    }
    let (status, field) = match command.failed {
        Some(_) => (FulfilmentStatus::Failed, Field::FailedAt),
        None => (FulfilmentStatus::Delivered, Field::DeliveredAt),
    };
    // The time of the shipment may come from a clock that is ahead of this node's.
    let left = fulfilment.shipped_at.unwrap_or(now);
    let moment = command.at.unwrap_or(now.max(left));
    if moment > now.plus_seconds(MAX_CLOCK_SKEW_SECONDS) {
        return Err(Refusal::Ahead.at(At::input(field)));
    }
    if fulfilment.shipped_at.is_some() && moment < left {
        return Err(Refusal::BeforeItLeft.at(At::input(field)));
    }
    fulfilment.status = status;
    fulfilment.delivered_at = command.failed.is_none().then_some(moment);
    fulfilment.failed_at = command.failed.is_some().then_some(moment);
    fulfilment.failed_reason.clone_from(&command.failed);
    let has_it = |work: &&Work| {
        let mut sent = work.parcels.iter().filter_map(|parcel| parcel.sent);
        sent.any(|sent| sent.fulfilment == command.fulfilment)
    };
    let mut works: Vec<Work> = book.of_order(command.order).filter(has_it).cloned().collect();
    works.iter_mut().for_each(|work| set_status(work, command.fulfilment, status));
    Ok(WorkDecision { arrived: vec![fulfilment], ..WorkDecision::step(works) })
}

/// Decides a new label of a parcel.
pub fn decide_track(book: &WorkBook, on: &WorkRef, command: &Track) -> Result<WorkDecision, Rejection> {
    let at = At::input(Field::Id);
    let mut work = book.work(on.order, on.work).cloned().ok_or_else(|| Rejection::not_found(Noun::Parcel, at))?;
    let parcel = work.parcel_mut(command.parcel).ok_or_else(|| Rejection::not_found(Noun::Parcel, at))?;
    command.label.check(&book.carriers, At::INPUT)?;
    parcel.label = command.label.clone();
    Ok(WorkDecision::step(vec![work]))
}
