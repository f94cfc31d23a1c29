//! Goods that a store does not send: it rejects them, cannot find them, or an operator moves them
//! to another store.

use entity::prelude::*;

use super::{
    book::{StoreRefusal, WorkBook, WorkDecision},
    pack::{check_quantity, find_line},
    refusal::Refusal,
    states::WorkAction,
    step::{LineSelection, check_confirmed, check_fulfillable, find_work, pick_goods},
    work::{Rejected, Work, WorkRef},
};
use crate::{
    orders::core::{Line, LineUnits, OnShortage, Order, OrderBook, OrderDecision, Reallocation, Sourcing, decide_reallocate},
    stock::core::{At, Draft, Field, Rejection, RoomRefusal},
};

/// Reasons for goods not to leave from this store.
#[derive(Debug, Clone)]
pub enum ReleaseReason {
    /// The store does not send them.
    Rejected(Rejected),
    /// The goods were searched for: found units are picked, the rest is missing.
    NotFound,
    /// The goods move to this store.
    Moved(StoreId),
}

/// Selection of goods: all that are not picked, or these.
pub type GoodsSelection = LineSelection;

/// Release of goods by a store, and the sourcing rule for another one.
#[derive(Debug, Clone)]
pub struct ReleaseGoods {
    /// Goods to release; for `NotFound`, those that were picked.
    pub lines: GoodsSelection,
    pub why: ReleaseReason,
    pub sourcing: Sourcing,
    /// Ids of the release and of the new hold.
    pub movements: [MovementId; 2],
}

impl ReleaseGoods {
    pub const fn action(&self) -> WorkAction {
        match self.why {
            ReleaseReason::Rejected(_) => WorkAction::Reject,
            ReleaseReason::NotFound => WorkAction::Pick,
            ReleaseReason::Moved(_) => WorkAction::Move,
        }
    }
}

pub fn decide_release_goods(
    books: (&OrderBook, &WorkBook),
    draft: &mut Draft<'_>,
    work_ref: &WorkRef,
    command: &ReleaseGoods,
) -> Result<(WorkDecision, Option<OrderDecision>), Rejection> {
    let at = At::input(Field::Id);
    let (order, mut work) = find_work(books, work_ref, command.action(), at)?;
    match command.why {
        // Goods that were found are picked.
        ReleaseReason::NotFound => check_fulfillable(order, at)?,
        ReleaseReason::Rejected(_) | ReleaseReason::Moved(_) => check_confirmed(order, at)?,
    }
    let lines = match command.why {
        ReleaseReason::NotFound => {
            match command.lines.as_deref() {
                // No units were found.
                Some([]) => {}
                lines => pick_goods(draft, &mut work, lines, work_ref.actor)?,
            }
            find_missing_units(&work, order)
        }
        ReleaseReason::Rejected(_) | ReleaseReason::Moved(_) => select_units(draft, &work, order, command.lines.as_deref())?,
    };
    if lines.is_empty() && matches!(command.why, ReleaseReason::NotFound) {
        return Ok((WorkDecision::step(vec![work]), None));
    }
    for line_units in &lines {
        drop_units(&mut work, order, *line_units)?;
    }
    let order_decision = source_from_others(books, draft, (work_ref, &work), (command, &lines))?;
    let has_refused = !matches!(command.why, ReleaseReason::Moved(_));
    if !work.is_live() && work.lines.iter().all(|line| line.shipped == 0) && has_refused {
        work.head.rejected = Some(match &command.why {
            ReleaseReason::Rejected(rejected) => rejected.clone(),
            ReleaseReason::NotFound | ReleaseReason::Moved(_) => Rejected { reason: RejectReason::NoStock, note: None },
        });
    }
    let (id, store, is_rejected) = (work.head.id, work.head.store, work.head.rejected.is_some());
    let is_new_bar = |position: u16| !books.1.barred.contains(&(order.id, position, store));
    let (now, by) = (draft.now(), work_ref.actor);
    let refused_lines = lines.iter().filter(|line_units| has_refused && is_new_bar(line_units.position));
    let new_bars = refused_lines
        .map(|line_units| StoreRefusal { order: order.id, position: line_units.position, store, at: now, by })
        .collect();
    let moved_work = if let ReleaseReason::Moved(to) = command.why { Some((id, to)) } else { None };
    let rejected = is_rejected.then_some(id);
    Ok((WorkDecision { barred: new_bars, rejected, moved: moved_work, ..WorkDecision::step(vec![work]) }, Some(order_decision)))
}

/// Sources the goods from other stores, by the order's rule; moved goods, from one store only.
fn source_from_others(
    (orders, works): (&OrderBook, &WorkBook),
    draft: &mut Draft<'_>,
    (work_ref, work): (&WorkRef, &Work),
    (command, lines): (&ReleaseGoods, &[LineUnits]),
) -> Result<OrderDecision, Rejection> {
    let (barred_stores, on_shortage) = match command.why {
        ReleaseReason::Moved(to) if to == work.head.store => return Err(Refusal::SameStore.at(At::input(Field::ToStore))),
        // A move by an operator may choose a store that has refused before.
        ReleaseReason::Moved(_) => (Vec::new(), OnShortage::Refuse),
        ReleaseReason::Rejected(_) | ReleaseReason::NotFound => (works.refused_stores_of(work_ref.order), OnShortage::Wait),
    };
    let resource = Reallocation {
        order: work_ref.order,
        from: work.head.store,
        lines,
        sourcing: &command.sourcing,
        barred: &barred_stores,
        short: on_shortage,
        actor: work_ref.actor,
        movements: command.movements,
    };
    decide_reallocate(orders, draft, &resource)
}

fn find_order_line(order: &Order, position: u16) -> Option<&Line> {
    order.lines.iter().find(|line| line.position == position)
}

/// Returns the quantity of a product in one unit of the line.
fn units_per_line_unit(line: &Line, product: ProductId) -> i64 {
    line.goods().find(|(part, _)| *part == product).map_or(1, |(_, takes)| takes.max(1))
}

/// Returns the lines of the order that the store does not send, in whole units: the named ones, or
/// all that are not picked. One part names a whole kit, whose parts go together.
fn select_units(
    draft: &mut Draft<'_>,
    work: &Work,
    order: &Order,
    lines: Option<&[(FulfilmentWorkLineId, Quantity)]>,
) -> Result<Vec<LineUnits>, Rejection> {
    let mut units: Vec<LineUnits> = Vec::new();
    let Some(lines) = lines else {
        for line in work.lines.iter().filter(|line| line.open > 0) {
            let Some(order_line) = find_order_line(order, line.position) else { continue };
            let kit_units = line.open / units_per_line_unit(order_line, line.product);
            add(&mut units, line.position, kit_units);
        }
        return Ok(units);
    };
    if lines.is_empty() {
        return Err(Refusal::NothingNamed.at(At::input(Field::Lines)));
    }
    for (index, (id, quantity)) in lines.iter().enumerate() {
        let at = At::line(index);
        let Some(line) = draft.pass(find_line(work, *id, at))? else { continue };
        let Some(quantity) = draft.pass(check_quantity(*quantity, line.open, at))? else { continue };
        let Some(order_line) = find_order_line(order, line.position) else { continue };
        let takes = units_per_line_unit(order_line, line.product);
        let is_other = |other: &LineUnits| other.position == line.position && other.units != quantity / takes;
        if quantity % takes != 0 || units.iter().any(is_other) {
            draft.refuse(Refusal::KitInParts { sku: order_line.sku.clone() }.at(at.field(Field::Quantity)))?;
            continue;
        }
        add(&mut units, line.position, quantity / takes);
    }
    draft.end_pass()?;
    Ok(units)
}

/// Returns the units that were not found: for a product its open units; for a kit, those beyond the
/// whole kits that the picked parts suffice for.
fn find_missing_units(work: &Work, order: &Order) -> Vec<LineUnits> {
    let mut units: Vec<LineUnits> = Vec::new();
    for line in &work.lines {
        let Some(order_line) = find_order_line(order, line.position) else { continue };
        let takes = units_per_line_unit(order_line, line.product);
        let (expected, found_units) = (line.live() / takes, (line.picked + line.packed) / takes);
        let missing = expected - found_units;
        match units.iter_mut().find(|existing| existing.position == line.position) {
            Some(existing) => existing.units = existing.units.max(missing),
            None => units.push(LineUnits { position: line.position, units: missing }),
        }
    }
    units.retain(|order_line| order_line.units > 0);
    units
}

fn add(units: &mut Vec<LineUnits>, position: u16, whole_units: i64) {
    if whole_units > 0 && !units.iter().any(|existing| existing.position == position) {
        units.push(LineUnits { position, units: whole_units });
    }
}

/// Takes units of an order's line off the work: unpicked units first, then picked units that are in
/// no parcel.
fn drop_units(work: &mut Work, order: &Order, line_units: LineUnits) -> Result<(), Rejection> {
    let Some(line) = find_order_line(order, line_units.position) else { return Ok(()) };
    for (product, takes) in line.goods() {
        let Some(work_line) = work.line_of(line_units.position, product) else { continue };
        let mut remaining = line_units.units.saturating_mul(takes);
        for bucket in [&mut work_line.open, &mut work_line.picked] {
            let quantity = remaining.min(*bucket);
            *bucket -= quantity;
            remaining -= quantity;
            work_line.dropped += quantity;
        }
        if remaining > 0 {
            return Err(Refusal::KitInParts { sku: line.sku.clone() }.at(At::input(Field::Lines)));
        }
    }
    Ok(())
}
