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
    step::find_work,
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
    work_ref: &WorkRef,
    command: &Ship,
) -> Result<(WorkDecision, OrderDecision), Rejection> {
    let at = At::input(Field::Id);
    let action = if command.code.is_some() { WorkAction::Collect } else { WorkAction::Ship };
    let (order, mut work) = find_work(books, work_ref, action, at)?;
    if command.code.is_some() && work.head.ready.as_ref().map(|ready| &ready.code) != command.code.as_ref() {
        return Err(Refusal::WrongCode.at(At::input(Field::Code)));
    }
    let shipment = ParcelShipment { fulfilment: command.fulfilment, status: FulfilmentStatus::Shipped };
    let leaving_parcels = label_parcels(draft, &mut work, books.1, command.parcels.as_deref())?;
    let shipped_units = mark_parcels_sent(&mut work, &leaving_parcels, shipment);
    let named_lots = shipped_lots(draft, &work, &leaving_parcels)?;
    let lines = shipped_lines(draft, order, &shipped_units)?;
    draft.end_pass()?;
    for LotPart { product, lot, units, .. } in &named_lots {
        draft.leaves_parcels(LevelKey { product: *product, store: work.head.store }, *lot, *units);
    }
    let fulfil = Fulfil {
        order: order.id,
        expected_version: None,
        store: Some(work.head.store),
        lines: Some(lines),
        lots: named_lots,
        occurred_at: command.occurred_at,
        on_shortage: command.on_shortage,
        actor: work_ref.actor,
        fulfilment: command.fulfilment,
        movements: command.movements,
    };
    // The input has no lines: rejections of lines are reported for the work.
    let order_decision = decide_fulfil(books.0, draft, &fulfil).map_err(|rejection| rejection.of_whole(at));
    draft.refuse_rows_at(at);
    let mut orders = order_decision?;
    let mut work_decision = WorkDecision::default();
    for fulfilment in &mut orders.fulfilments {
        fulfilment.work = Some(work.head.id);
        if command.code.is_some() {
            // The goods are in the customer's hands.
            let mut arrived = fulfilment.clone();
            (arrived.status, arrived.delivered_at) = (FulfilmentStatus::Delivered, fulfilment.shipped_at);
            work_decision.arrived.push(arrived);
        }
    }
    if command.code.is_some() {
        set_status(&mut work, command.fulfilment, FulfilmentStatus::Delivered);
    }
    work_decision.named.push(work.head.id);
    work_decision.works.push(WorkChange { work, before: None });
    Ok((work_decision, orders))
}

/// Returns the parcels that leave, with their new labels.
fn label_parcels(
    draft: &mut Draft<'_>,
    work: &mut Work,
    book: &WorkBook,
    labels: Option<&[(ParcelId, Label)]>,
) -> Result<Vec<ParcelId>, Rejection> {
    let Some(labels) = labels else {
        let packed_parcels = work.parcels.iter().filter(|parcel| parcel.sent.is_none() && !parcel.is_empty());
        let packed_parcels: Vec<ParcelId> = packed_parcels.map(|parcel| parcel.id).collect();
        if packed_parcels.is_empty() {
            return Err(Refusal::NothingPacked.at(At::input(Field::Parcels)));
        }
        return Ok(packed_parcels);
    };
    if labels.is_empty() {
        return Err(Refusal::NoParcels.at(At::input(Field::Parcels)));
    }
    let mut leaving_parcels: Vec<ParcelId> = Vec::with_capacity(labels.len());
    for (index, (id, new_label)) in labels.iter().enumerate() {
        let at = At::row(Field::Parcels, index);
        // An unknown carrier is reported beside an unknown parcel.
        draft.pass(new_label.carrier_in(&book.carriers, at))?;
        let labelled_parcel = label_parcel(work, book, (*id, new_label, &leaving_parcels), at);
        leaving_parcels.extend(draft.pass(labelled_parcel)?);
    }
    draft.end_pass()?;
    Ok(leaving_parcels)
}

fn label_parcel(
    work: &mut Work,
    book: &WorkBook,
    (id, new_label, earlier_parcels): (ParcelId, &Label, &[ParcelId]),
    at: At,
) -> Result<ParcelId, Rejection> {
    let parcel_field = at.field(Field::Id);
    let parcel = work.parcel_mut(id).ok_or_else(|| Rejection::not_found(Noun::Parcel, parcel_field))?;
    if earlier_parcels.contains(&id) {
        return Err(Refusal::ParcelTwice.at(parcel_field));
    }
    if parcel.sent.is_some() {
        return Err(Refusal::ParcelSent.at(parcel_field));
    }
    if parcel.is_empty() {
        return Err(Refusal::EmptyParcel.at(parcel_field));
    }
    parcel.label.change(new_label);
    parcel.label.check(&book.carriers, at)?;
    Ok(id)
}

/// Marks parcels as sent; returns the quantity of each product for each line of the order in them.
fn mark_parcels_sent(work: &mut Work, leaving: &[ParcelId], shipment: ParcelShipment) -> BTreeMap<(u16, ProductId), i64> {
    let mut units_by_line: BTreeMap<u16, i64> = BTreeMap::new();
    for parcel in work.parcels.iter_mut().filter(|parcel| leaving.contains(&parcel.id)) {
        parcel.sent = Some(shipment);
        for line in &parcel.lines {
            *units_by_line.entry(line.nth).or_default() += line.quantity;
        }
    }
    let mut goods = BTreeMap::new();
    for (nth, units) in units_by_line.into_iter().filter(|(_, units)| *units > 0) {
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
fn shipped_lines(
    draft: &mut Draft<'_>,
    order: &Order,
    shipped_units: &BTreeMap<(u16, ProductId), i64>,
) -> Result<Vec<LineQuantity>, Rejection> {
    let mut leaving_lines: Vec<(u16, i64)> = Vec::new();
    for to_line_quantity in &order.lines {
        let units = |product: ProductId| shipped_units.get(&(to_line_quantity.position, product)).copied().unwrap_or(0);
        let mut whole_units =
            to_line_quantity.goods().map(|(product, takes)| (units(product) / takes.max(1), units(product) % takes.max(1)));
        let Some((quantity, part_of_kit)) = whole_units.next() else { continue };
        if part_of_kit != 0 || whole_units.any(|other| other != (quantity, 0)) {
            draft.refuse(Refusal::KitInParts { sku: to_line_quantity.sku.clone() }.at(At::input(Field::Parcels)))?;
        }
        if quantity > 0 {
            leaving_lines.push((to_line_quantity.position, quantity));
        }
    }
    let leaving_units = |to_line_quantity: &Line| {
        leaving_lines.iter().find(|(position, _)| *position == to_line_quantity.position).map_or(0, |(_, units)| *units)
    };
    let is_stocked = |to_line_quantity: &&Line| to_line_quantity.goods().next().is_some();
    let is_last = order
        .lines
        .iter()
        .filter(is_stocked)
        .all(|to_line_quantity| to_line_quantity.outstanding() == leaving_units(to_line_quantity));
    let accompanying_lines = order
        .lines
        .iter()
        .filter(|to_line_quantity| is_last && to_line_quantity.kind() == LineKind::Product && !is_stocked(to_line_quantity));
    let accompanying_lines: Vec<(u16, i64)> = accompanying_lines
        .map(|to_line_quantity| (to_line_quantity.position, to_line_quantity.outstanding()))
        .filter(|(_, units)| *units > 0)
        .collect();
    let all_lines = leaving_lines.into_iter().chain(accompanying_lines);
    let to_line_quantity = |(position, units): (u16, i64)| LineQuantity {
        line: order.line_id(position),
        quantity: count(units),
        lot: LotChoice::Unsaid,
    };
    Ok(all_lines.map(to_line_quantity).collect())
}

/// Returns the lots that leaving parcels name, by lines of the order. Rejects lots that no longer
/// exist; the levels of the others limit their quantities.
fn shipped_lots(draft: &mut Draft<'_>, work: &Work, leaving_parcels: &[ParcelId]) -> Result<Vec<LotPart>, Rejection> {
    let mut lot_units: BTreeMap<(u16, ProductId, LotId), i64> = BTreeMap::new();
    let parcels = work.parcels.iter().filter(|parcel| leaving_parcels.contains(&parcel.id));
    for parcel_lot in parcels.flat_map(|parcel| &parcel.lots).filter(|parcel_lot| parcel_lot.units > 0) {
        let Some(line) = work.lines.iter().find(|line| line.nth == parcel_lot.nth) else { continue };
        *lot_units.entry((line.position, line.product, parcel_lot.lot)).or_default() += parcel_lot.units;
    }
    let mut parts = Vec::with_capacity(lot_units.len());
    for ((position, product, lot), units) in lot_units {
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
    let sent_parcels = work
        .parcels
        .iter_mut()
        .filter_map(|parcel| parcel.sent.as_mut())
        .filter(|parcel_shipment| parcel_shipment.fulfilment == fulfilment);
    sent_parcels.for_each(|parcel_shipment| parcel_shipment.status = status);
}

/// Decides that goods arrived, or that their delivery failed.
pub fn decide_arrival(book: &WorkBook, command: &Arrival, now: Timestamp) -> Result<WorkDecision, Rejection> {
    let at = At::input(Field::Id);
    let arriving = book.fulfilments.get(&command.fulfilment).filter(|stored_fulfilment| stored_fulfilment.order == command.order);
    let mut fulfilment = arriving.cloned().ok_or_else(|| Rejection::not_found(Noun::Fulfilment, at))?;
    if fulfilment.status != FulfilmentStatus::Shipped {
        return Err(Refusal::Fulfilment(fulfilment.status).at(at));
    }
    let (status, field) = match command.failed {
        Some(_) => (FulfilmentStatus::Failed, Field::FailedAt),
        None => (FulfilmentStatus::Delivered, Field::DeliveredAt),
    };
    // The time of the shipment may come from a clock that is ahead of this node's.
    let departed_at = fulfilment.shipped_at.unwrap_or(now);
    let moment = command.at.unwrap_or(now.max(departed_at));
    if moment > now.plus_seconds(MAX_CLOCK_SKEW_SECONDS) {
        return Err(Refusal::Ahead.at(At::input(field)));
    }
    if fulfilment.shipped_at.is_some() && moment < departed_at {
        return Err(Refusal::BeforeItLeft.at(At::input(field)));
    }
    fulfilment.status = status;
    fulfilment.delivered_at = command.failed.is_none().then_some(moment);
    fulfilment.failed_at = command.failed.is_some().then_some(moment);
    fulfilment.failed_reason.clone_from(&command.failed);
    let has_it = |work: &&Work| {
        let mut parcel_shipment = work.parcels.iter().filter_map(|parcel| parcel.sent);
        parcel_shipment.any(|parcel_shipment| parcel_shipment.fulfilment == command.fulfilment)
    };
    let mut works: Vec<Work> = book.of_order(command.order).filter(has_it).cloned().collect();
    works.iter_mut().for_each(|work| set_status(work, command.fulfilment, status));
    Ok(WorkDecision { arrived: vec![fulfilment], ..WorkDecision::step(works) })
}

/// Decides a new label of a parcel.
pub fn decide_track(book: &WorkBook, work_ref: &WorkRef, command: &Track) -> Result<WorkDecision, Rejection> {
    let at = At::input(Field::Id);
    let mut work = book.work(work_ref.order, work_ref.work).cloned().ok_or_else(|| Rejection::not_found(Noun::Parcel, at))?;
    let parcel = work.parcel_mut(command.parcel).ok_or_else(|| Rejection::not_found(Noun::Parcel, at))?;
    command.label.check(&book.carriers, At::INPUT)?;
    parcel.label = command.label.clone();
    Ok(WorkDecision::step(vec![work]))
}
