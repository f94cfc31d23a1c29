//! Steps of a work that move no stock: accepting, picking, packing.

use entity::prelude::*;

use super::{
    book::{WorkBook, WorkDecision},
    pack::{NewParcel, check_quantity, find_line, pack_parcels, take_from_parcels},
    parcel_lots::splits_lots,
    refusal::Refusal,
    states::{WorkAction, is_allowed},
    work::{Accepted, Ready, Work, WorkLine, WorkRef},
};
use crate::{
    orders::core::{Order, OrderBook, hold_commands::check_not_on_hold},
    stock::core::{At, Draft, Field, Noun, Rejection, RoomRefusal},
};

/// Lines of a work with quantities; None for all that can be taken.
pub type LineSelection = Option<Vec<(FulfilmentWorkLineId, Quantity)>>;

/// A step of one work.
#[derive(Debug, Clone)]
pub enum Step {
    Pick(LineSelection),
    Unpick(LineSelection),
    Pack(Vec<NewParcel>),
    /// The goods are ready for pickup, with this code.
    Ready(String),
}

impl Step {
    pub const fn action(&self) -> WorkAction {
        match self {
            Self::Pick(_) => WorkAction::Pick,
            Self::Unpick(_) => WorkAction::Unpick,
            Self::Pack(_) => WorkAction::Pack,
            Self::Ready(_) => WorkAction::Ready,
        }
    }
}

/// Checks that the order is confirmed and not over, and has no hold on its goods. Required for
/// accepting, picking, packing and ready; shipping also needs the order's own command.
pub fn check_fulfillable(order: &Order, at: At) -> Result<(), Rejection> {
    check_confirmed(order, at)?;
    check_not_on_hold(order, at)
}

/// Checks that the order is confirmed and not over: enough for actions that bring goods no nearer
/// to leaving.
pub fn check_confirmed(order: &Order, at: At) -> Result<(), Rejection> {
    match order.status {
        OrderStatus::Confirmed | OrderStatus::PartiallyFulfilled => Ok(()),
        other => Err(Refusal::OrderStatus(other).at(at)),
    }
}

/// Returns the work in the book, if the step is allowed.
pub fn find_work<'b>(
    (orders, works): (&'b OrderBook, &'b WorkBook),
    work_ref: &WorkRef,
    action: WorkAction,
    at: At,
) -> Result<(&'b Order, Work), Rejection> {
    let missing = || Rejection::not_found(Noun::FulfilmentWork, at);
    let order = orders.orders.get(&work_ref.order).ok_or_else(missing)?;
    let work = works.work(work_ref.order, work_ref.work).ok_or_else(missing)?;
    if let Some(expected) = work_ref.expected_version
        && expected != work.head.version
    {
        return Err(Rejection::stale(Noun::FulfilmentWork, work.head.id.uuid(), work.head.version));
    }
    if !is_allowed(work.head.status, action) {
        return Err(Refusal::Status(work.head.status).at(at));
    }
    Ok((order, work.clone()))
}

/// Accepts works, all or none.
pub fn decide_accept(
    books: (&OrderBook, &WorkBook),
    draft: &mut Draft<'_>,
    work_refs: &[WorkRef],
) -> Result<WorkDecision, Rejection> {
    if work_refs.is_empty() {
        return Err(Refusal::NoWorks.at(At::input(Field::Ids)));
    }
    let mut accepted: Vec<Work> = Vec::with_capacity(work_refs.len());
    for (index, work_ref) in work_refs.iter().enumerate() {
        let at = At::row(Field::Ids, index);
        if accepted.iter().any(|work| work.head.id == work_ref.work) {
            draft.refuse(Refusal::WorkTwice.at(at))?;
            continue;
        }
        let checked_work = find_work(books, work_ref, WorkAction::Accept, at)
            .and_then(|(order, work)| check_fulfillable(order, at).map(|()| work));
        let Some(mut work) = draft.pass(checked_work)? else { continue };
        work.head.accepted = Some(Accepted { at: draft.now(), by: work_ref.actor });
        accepted.push(work);
    }
    draft.end_pass()?;
    Ok(WorkDecision::step(accepted))
}

/// Decides a step of one work.
pub fn decide_step(
    books: (&OrderBook, &WorkBook),
    draft: &mut Draft<'_>,
    work_ref: &WorkRef,
    step: &Step,
) -> Result<WorkDecision, Rejection> {
    let (at, now) = (At::input(Field::Id), draft.now());
    let (order, mut work) = find_work(books, work_ref, step.action(), at)?;
    match step {
        // Goods can always be put back to their places.
        Step::Unpick(lines) => unpick_goods(draft, &mut work, lines.as_deref())?,
        Step::Pick(lines) => {
            check_fulfillable(order, at)?;
            pick_goods(draft, &mut work, lines.as_deref(), work_ref.actor)?;
        }
        Step::Pack(parcels) => {
            check_fulfillable(order, at)?;
            for (index, parcel) in parcels.iter().enumerate() {
                let label = parcel.label.check(&books.1.carriers, At::row(Field::Parcels, index));
                draft.pass(label)?;
            }
            pack_parcels(draft, books.1, &mut work, parcels)?;
        }
        Step::Ready(code) => {
            check_fulfillable(order, at)?;
            work.head.ready = Some(Ready { at: now, code: code.clone() });
        }
    }
    Ok(WorkDecision::step(vec![work]))
}

/// Picks goods. Picking a work that is not accepted accepts it.
pub(super) fn pick_goods(
    draft: &mut Draft<'_>,
    work: &mut Work,
    lines: Option<&[(FulfilmentWorkLineId, Quantity)]>,
    actor: Actor,
) -> Result<(), Rejection> {
    work.head.accepted.get_or_insert(Accepted { at: draft.now(), by: actor });
    let Some(requested_lines) = lines else {
        for line in &mut work.lines {
            (line.open, line.picked) = (0, line.picked + line.open);
        }
        return Ok(());
    };
    apply_to_lines(
        draft,
        work,
        requested_lines,
        |line| line.open,
        |work, nth, units| {
            if let Some(line) = work.line_mut(nth) {
                (line.open, line.picked) = (line.open - units, line.picked + units);
            }
        },
    )
}

/// Puts back goods that have not left, those in no parcel first.
fn unpick_goods(
    draft: &mut Draft<'_>,
    work: &mut Work,
    lines: Option<&[(FulfilmentWorkLineId, Quantity)]>,
) -> Result<(), Rejection> {
    work.head.ready = None;
    let unpick_units = |work: &mut Work, nth: u16, units: i64| {
        let picked_units = work.line_mut(nth).map_or(0, |line| line.picked.min(units));
        let unpacked_units = take_from_parcels(work, nth, units - picked_units);
        if let Some(line) = work.line_mut(nth) {
            line.picked -= picked_units;
            line.packed -= unpacked_units;
            line.open += picked_units + unpacked_units;
        }
    };
    if let Some(requested_lines) = lines {
        for (index, (id, quantity)) in requested_lines.iter().enumerate() {
            let at = At::line(index);
            let Ok(line) = find_line(work, *id, at) else { continue };
            if splits_lots(work, line.nth, quantity.get() - line.picked) {
                draft.refuse(Refusal::LotsStay.at(at.field(Field::Quantity)))?;
            }
        }
        return apply_to_lines(draft, work, requested_lines, |line| line.picked + line.packed, unpick_units);
    }
    let line_units: Vec<(u16, i64)> = work.lines.iter().map(|line| (line.nth, line.picked + line.packed)).collect();
    line_units.into_iter().for_each(|(nth, units)| unpick_units(work, nth, units));
    Ok(())
}

/// Applies a change to each named line, up to its limit. All lines that fail at the first
/// failing stage are reported.
fn apply_to_lines(
    draft: &mut Draft<'_>,
    work: &mut Work,
    requested_lines: &[(FulfilmentWorkLineId, Quantity)],
    max_units: fn(&WorkLine) -> i64,
    change: impl Fn(&mut Work, u16, i64),
) -> Result<(), Rejection> {
    if requested_lines.is_empty() {
        return Err(Refusal::NothingNamed.at(At::input(Field::Lines)));
    }
    let mut seen_lines = Vec::with_capacity(requested_lines.len());
    for (index, (id, quantity)) in requested_lines.iter().enumerate() {
        let at = At::line(index);
        let Some(line) = draft.pass(find_line(work, *id, at))? else { continue };
        if seen_lines.contains(&line.nth) {
            draft.refuse(Refusal::LineTwice.at(at.field(Field::LineId)))?;
            continue;
        }
        seen_lines.push(line.nth);
        if let Some(units) = draft.pass(check_quantity(*quantity, max_units(&line), at))? {
            change(work, line.nth, units);
        }
    }
    draft.end_pass()
}
