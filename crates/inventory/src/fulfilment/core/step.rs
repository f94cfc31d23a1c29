//! Steps of a work that move no stock: accepting, picking, packing.

use entity::prelude::*;

use super::{
    book::{WorkBook, WorkDecision},
    command::On,
    parcel::{NewParcel, line_named, pack, unpack, within},
    parcel_lots::splits_lots,
    refusal::Refusal,
    states::{WorkAction, may},
    work::{Accepted, Ready, Work, WorkLine},
};
use crate::{
    orders::core::{Order, OrderBook, holds::not_held},
    stock::core::{At, Draft, Field, Noun, Rejection, RoomRefusal},
};

/// Lines of a work and how much of each; None: all that can be.
pub type Picked = Option<Vec<(FulfilmentWorkLineId, Quantity)>>;

/// A step of one work.
#[derive(Debug, Clone)]
pub enum Step {
    Pick(Picked),
    Unpick(Picked),
    Pack(Vec<NewParcel>),
    /// The customer fetches it here, and says this code.
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

/// Whether the order lets its works go on: it is confirmed and not over, and no hold keeps its goods back. Asked for accepting, picking, packing and
/// saying that it is ready; what ships also asks the order's own command.
pub fn goes_on(order: &Order, at: At) -> Result<(), Rejection> {
    stands(order, at)?;
    not_held(order, at)
}

/// Whether the order is confirmed and not over: enough for what brings its goods no nearer to leaving.
pub fn stands(order: &Order, at: At) -> Result<(), Rejection> {
    match order.status {
        OrderStatus::Confirmed | OrderStatus::PartiallyFulfilled => Ok(()),
        other => Err(Refusal::OrderStatus(other).at(at)),
    }
}

/// The work as the book has it, if the step is open.
pub fn open<'b>(
    (orders, works): (&'b OrderBook, &'b WorkBook),
    on: &On,
    action: WorkAction,
    at: At,
) -> Result<(&'b Order, Work), Rejection> {
    let missing = || Rejection::not_found(Noun::FulfilmentWork, at);
    let order = orders.orders.get(&on.order).ok_or_else(missing)?;
    let work = works.work(on.order, on.work).ok_or_else(missing)?;
    if let Some(expected) = on.expected_version
        && expected != work.head.version
    {
        return Err(Rejection::stale(Noun::FulfilmentWork, work.head.id.uuid(), work.head.version));
    }
    if !may(work.head.status, action) {
        return Err(Refusal::Status(work.head.status).at(at));
    }
    Ok((order, work.clone()))
}

/// Somebody of the store takes works on, all or none.
pub fn decide_accept(books: (&OrderBook, &WorkBook), draft: &mut Draft<'_>, all: &[On]) -> Result<WorkDecision, Rejection> {
    if all.is_empty() {
        return Err(Refusal::NoWorks.at(At::input(Field::Ids)));
    }
    let mut accepted: Vec<Work> = Vec::with_capacity(all.len());
    for (index, on) in all.iter().enumerate() {
        let at = At::row(Field::Ids, index);
        if accepted.iter().any(|work| work.head.id == on.work) {
            draft.refuse(Refusal::WorkTwice.at(at))?;
            continue;
        }
        let found = open(books, on, WorkAction::Accept, at).and_then(|(order, work)| goes_on(order, at).map(|()| work));
        let Some(mut work) = draft.pass(found)? else { continue };
        work.head.accepted = Some(Accepted { at: draft.now(), by: on.actor });
        accepted.push(work);
    }
    draft.end_pass()?;
    Ok(WorkDecision::step(accepted))
}

/// A step of one work.
pub fn decide_step(
    books: (&OrderBook, &WorkBook),
    draft: &mut Draft<'_>,
    on: &On,
    step: &Step,
) -> Result<WorkDecision, Rejection> {
    let (at, now) = (At::input(Field::Id), draft.now());
    let (order, mut work) = open(books, on, step.action(), at)?;
    match step {
        // Goods can always go back to where they lay.
        Step::Unpick(lines) => unpick(draft, &mut work, lines.as_deref())?,
        Step::Pick(lines) => {
            goes_on(order, at)?;
            pick(draft, &mut work, lines.as_deref(), on.actor)?;
        }
        Step::Pack(parcels) => {
            goes_on(order, at)?;
            for (index, parcel) in parcels.iter().enumerate() {
                let label = parcel.label.check(&books.1.carriers, At::row(Field::Parcels, index));
                draft.pass(label)?;
            }
            pack(draft, books.1, &mut work, parcels)?;
        }
        Step::Ready(code) => {
            goes_on(order, at)?;
            work.head.ready = Some(Ready { at: now, code: code.clone() });
        }
    }
    Ok(WorkDecision::step(vec![work]))
}

/// Takes goods off their places. Whoever picks a work that nobody has accepted accepts it.
pub(super) fn pick(
    draft: &mut Draft<'_>,
    work: &mut Work,
    lines: Option<&[(FulfilmentWorkLineId, Quantity)]>,
    actor: Actor,
) -> Result<(), Rejection> {
    work.head.accepted.get_or_insert(Accepted { at: draft.now(), by: actor });
    let Some(named) = lines else {
        for line in &mut work.lines {
            (line.open, line.picked) = (0, line.picked + line.open);
        }
        return Ok(());
    };
    each(
        draft,
        work,
        named,
        |line| line.open,
        |work, nth, units| {
            if let Some(line) = work.line_mut(nth) {
                (line.open, line.picked) = (line.open - units, line.picked + units);
            }
        },
    )
}

/// Puts goods back that have not left, those that are in no parcel first.
fn unpick(draft: &mut Draft<'_>, work: &mut Work, lines: Option<&[(FulfilmentWorkLineId, Quantity)]>) -> Result<(), Rejection> {
    work.head.ready = None;
    let back = |work: &mut Work, nth: u16, units: i64| {
        let loose = work.line_mut(nth).map_or(0, |line| line.picked.min(units));
        let out = unpack(work, nth, units - loose);
        if let Some(line) = work.line_mut(nth) {
            line.picked -= loose;
            line.packed -= out;
            line.open += loose + out;
        }
    };
    if let Some(named) = lines {
        for (index, (id, quantity)) in named.iter().enumerate() {
            let at = At::line(index);
            let Ok(line) = line_named(work, *id, at) else { continue };
            if splits_lots(work, line.nth, quantity.get() - line.picked) {
                draft.refuse(Refusal::LotsStay.at(at.field(Field::Quantity)))?;
            }
        }
        return each(draft, work, named, |line| line.picked + line.packed, back);
    }
    let all: Vec<(u16, i64)> = work.lines.iter().map(|line| (line.nth, line.picked + line.packed)).collect();
    all.into_iter().for_each(|(nth, units)| back(work, nth, units));
    Ok(())
}

/// Does something to lines as they are named, each at most as far as is possible. Of lines that are refused, all of one stage are told.
fn each(
    draft: &mut Draft<'_>,
    work: &mut Work,
    named: &[(FulfilmentWorkLineId, Quantity)],
    most: fn(&WorkLine) -> i64,
    change: impl Fn(&mut Work, u16, i64),
) -> Result<(), Rejection> {
    if named.is_empty() {
        return Err(Refusal::NothingNamed.at(At::input(Field::Lines)));
    }
    let mut seen = Vec::with_capacity(named.len());
    for (index, (id, quantity)) in named.iter().enumerate() {
        let at = At::line(index);
        let Some(line) = draft.pass(line_named(work, *id, at))? else { continue };
        if seen.contains(&line.nth) {
            draft.refuse(Refusal::LineTwice.at(at.field(Field::LineId)))?;
            continue;
        }
        seen.push(line.nth);
        if let Some(units) = draft.pass(within(*quantity, most(&line), at))? {
            change(work, line.nth, units);
        }
    }
    draft.end_pass()
}
