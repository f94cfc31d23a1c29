//! Goods that a store does not send: it rejects them, cannot find them, or an operator moves them
//! to another store.

use entity::prelude::*;

use super::{
    book::{Barred, WorkBook, WorkDecision},
    pack::{find_line, within},
    refusal::Refusal,
    states::WorkAction,
    step::{Picked, check_confirmed, check_fulfillable, open, pick},
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
pub type GoodsSelection = Picked;

/// Release of goods by a store, and the sourcing rule for another one.
#[derive(Debug, Clone)]
pub struct LetGo {
    /// Goods to release; for `NotFound`, those that were picked.
    pub lines: GoodsSelection,
    pub why: ReleaseReason,
    pub sourcing: Sourcing,
    /// Ids of the release and of the new hold.
    pub movements: [MovementId; 2],
}

impl LetGo {
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
    on: &WorkRef,
    command: &LetGo,
) -> Result<(WorkDecision, Option<OrderDecision>), Rejection> {
    let at = At::input(Field::Id);
    let (order, mut work) = open(books, on, command.action(), at)?;
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
                lines => pick(draft, &mut work, lines, on.actor)?,
            }
            units_not_found(&work, order)
        }
        ReleaseReason::Rejected(_) | ReleaseReason::Moved(_) => named(draft, &work, order, command.lines.as_deref())?,
    };
    if lines.is_empty() && matches!(command.why, ReleaseReason::NotFound) {
        return Ok((WorkDecision::step(vec![work]), None));
    }
    for of in &lines {
        drop_units(&mut work, order, *of)?;
    }
    let orders = source_elsewhere(books, draft, (on, &work), (command, &lines))?;
    let has_refused = !matches!(command.why, ReleaseReason::Moved(_));
    if !work.is_live() && work.lines.iter().all(|line| line.shipped == 0) && has_refused {
        work.head.rejected = Some(match &command.why {
            ReleaseReason::Rejected(rejected) => rejected.clone(),
            ReleaseReason::NotFound | ReleaseReason::Moved(_) => Rejected { reason: RejectReason::NoStock, note: None },
        });
    }
    let (id, store, is_rejected) = (work.head.id, work.head.store, work.head.rejected.is_some());
    let new = |position: u16| !books.1.barred.contains(&(order.id, position, store));
    let (now, by) = (draft.now(), on.actor);
    let refused = lines.iter().filter(|of| has_refused && new(of.position));
    let barred = refused.map(|of| Barred { order: order.id, position: of.position, store, at: now, by }).collect();
    let moved = if let ReleaseReason::Moved(to) = command.why { Some((id, to)) } else { None };
    let rejected = is_rejected.then_some(id);
    Ok((WorkDecision { barred, rejected, moved, ..WorkDecision::step(vec![work]) }, Some(orders)))
}

/// Sources the goods from other stores, by the order's rule; moved goods, from one store only.
fn source_elsewhere(
    (orders, works): (&OrderBook, &WorkBook),
    draft: &mut Draft<'_>,
    (on, work): (&WorkRef, &Work),
    (command, lines): (&LetGo, &[LineUnits]),
) -> Result<OrderDecision, Rejection> {
    let (barred, short) = match command.why {
        ReleaseReason::Moved(to) if to == work.head.store => return Err(Refusal::SameStore.at(At::input(Field::ToStore))),
        // A move by an operator may choose a store that has refused before.
        ReleaseReason::Moved(_) => (Vec::new(), OnShortage::Refuse),
        ReleaseReason::Rejected(_) | ReleaseReason::NotFound => (works.refused_stores_of(on.order), OnShortage::Wait),
    };
    let resource = Reallocation {
        order: on.order,
        from: work.head.store,
        lines,
        sourcing: &command.sourcing,
        barred: &barred,
        short,
        actor: on.actor,
        movements: command.movements,
    };
    decide_reallocate(orders, draft, &resource)
}

fn line_at(order: &Order, position: u16) -> Option<&Line> {
    order.lines.iter().find(|line| line.position == position)
}

/// Returns the quantity of a product in one unit of the line.
fn takes(line: &Line, product: ProductId) -> i64 {
    line.goods().find(|(own, _)| *own == product).map_or(1, |(_, takes)| takes.max(1))
}

/// Returns the lines of the order that the store does not send, in whole units: the named ones, or
/// all that are not picked. One part names a whole kit, whose parts go together.
fn named(
    draft: &mut Draft<'_>,
    work: &Work,
    order: &Order,
    lines: Option<&[(FulfilmentWorkLineId, Quantity)]>,
) -> Result<Vec<LineUnits>, Rejection> {
    let mut units: Vec<LineUnits> = Vec::new();
    let Some(lines) = lines else {
        for line in work.lines.iter().filter(|line| line.open > 0) {
            let Some(of) = line_at(order, line.position) else { continue };
            let whole = line.open / takes(of, line.product);
            add(&mut units, line.position, whole);
        }
        return Ok(units);
    };
    if lines.is_empty() {
        return Err(Refusal::NothingNamed.at(At::input(Field::Lines)));
    }
    for (index, (id, quantity)) in lines.iter().enumerate() {
        let at = At::line(index);
        let Some(line) = draft.pass(find_line(work, *id, at))? else { continue };
        let Some(quantity) = draft.pass(within(*quantity, line.open, at))? else { continue };
        let Some(of) = line_at(order, line.position) else { continue };
        let takes = takes(of, line.product);
        let is_other = |own: &LineUnits| own.position == line.position && own.units != quantity / takes;
        if quantity % takes != 0 || units.iter().any(is_other) {
            draft.refuse(Refusal::KitInParts { sku: of.sku.clone() }.at(at.field(Field::Quantity)))?;
            continue;
        }
        add(&mut units, line.position, quantity / takes);
    }
    draft.end_pass()?;
    Ok(units)
}

/// Returns the units that were not found: for a product its open units; for a kit, those beyond the
/// whole kits that the picked parts suffice for.
fn units_not_found(work: &Work, order: &Order) -> Vec<LineUnits> {
    let mut units: Vec<LineUnits> = Vec::new();
    for line in &work.lines {
        let Some(of) = line_at(order, line.position) else { continue };
        let takes = takes(of, line.product);
        let (all, found) = (line.live() / takes, (line.picked + line.packed) / takes);
        let missing = all - found;
        match units.iter_mut().find(|own| own.position == line.position) {
            Some(own) => own.units = own.units.max(missing),
            None => units.push(LineUnits { position: line.position, units: missing }),
        }
    }
    units.retain(|of| of.units > 0);
    units
}

fn add(units: &mut Vec<LineUnits>, position: u16, whole: i64) {
    if whole > 0 && !units.iter().any(|own| own.position == position) {
        units.push(LineUnits { position, units: whole });
    }
}

/// Takes units of an order's line off the work: unpicked units first, then picked units that are in
/// no parcel.
fn drop_units(work: &mut Work, order: &Order, of: LineUnits) -> Result<(), Rejection> {
    let Some(line) = line_at(order, of.position) else { return Ok(()) };
    for (product, takes) in line.goods() {
        let Some(own) = work.line_of(of.position, product) else { continue };
        let mut left = of.units.saturating_mul(takes);
        for bucket in [&mut own.open, &mut own.picked] {
            let out = left.min(*bucket);
            *bucket -= out;
            left -= out;
            own.dropped += out;
        }
        if left > 0 {
            return Err(Refusal::KitInParts { sku: line.sku.clone() }.at(At::input(Field::Lines)));
        }
    }
    Ok(())
}
