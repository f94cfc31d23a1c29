//! Cancelling units of some lines: their reservations are released in the same step, and the rest
//! of the order is unchanged.

use entity::prelude::*;
use serde::Serialize;

use super::{
    act::{Act, build_decision, open},
    book::OrderBook,
    decision::OrderDecision,
    edit::settle,
    edit_holds::{EditContext, release_excess},
    edit_lines::lower,
    hold::Wanted,
    order::Order,
    refusal::Refusal,
    states::Action,
};
use crate::{
    orders::events,
    stock::core::{At, Draft, Field, Noun, Rejection, RoomRefusal},
};

/// Units of a line to cancel; whole kits for a kit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CancelLine {
    pub line: OrderLineId,
    pub quantity: Quantity,
}

/// A cancellation of some lines.
#[derive(Debug, Clone)]
pub struct CancelLines {
    pub act: Act,
    /// The lines, each once.
    pub lines: Vec<CancelLine>,
    /// ID of the fulfilment of the charges, if nothing else is left to deliver.
    pub fulfilment: FulfilmentId,
}

/// Cancels these units: backordered units first, then open ones. An order without units left to
/// deliver is cancelled, or FULFILLED if any have left.
pub fn decide_cancel_lines(book: &OrderBook, draft: &mut Draft<'_>, command: &CancelLines) -> Result<OrderDecision, Rejection> {
    let act = &command.act;
    let mut order = open(book, act.order, act.expected_version, Action::Cancel)?;
    if order.status == OrderStatus::Draft {
        return Err(Refusal::DraftIsEdited.at(At::argument(Field::Lines)));
    }
    let fallen = named(draft, &order, &command.lines)?;
    for Wanted { index, units, .. } in &fallen {
        lower(&mut order.lines[*index], *units);
    }
    let editing = EditContext { actor: act.actor, note: act.note.as_deref(), movements: [act.movement; 2] };
    release_excess(draft, &order, &fallen, &editing)?;
    let fulfilment = settle(draft, &mut order, command.fulfilment);
    let is_over = order.lines.iter().all(|line| line.outstanding() == 0);
    if is_over && order.status != OrderStatus::Fulfilled {
        order.status = OrderStatus::Cancelled;
        order.expires_at = None;
    }
    order.touch(draft.now());
    let kind = if is_over { events::ORDER_CANCELLED } else { events::ORDER_UPDATED };
    let mut decision =
        OrderDecision { fulfilments: fulfilment.into_iter().collect(), ..build_decision(book, order, kind, act.into()) };
    decision.events.iter_mut().for_each(|fact| fact.changed.push("lines"));
    decision.by_channel = act.by_channel;
    Ok(decision)
}

/// Returns the named lines, each with at most its outstanding units.
fn named(draft: &mut Draft<'_>, order: &Order, lines: &[CancelLine]) -> Result<Vec<Wanted>, Rejection> {
    if lines.is_empty() {
        return Err(Refusal::NothingToCancel.at(At::argument(Field::Lines)));
    }
    let mut fallen: Vec<Wanted> = Vec::with_capacity(lines.len());
    for (nth, one) in lines.iter().enumerate() {
        let found = cancellable(order, &fallen, one, At::argument_row(Field::Lines, nth));
        fallen.extend(draft.pass(found)?);
    }
    draft.end_pass()?;
    Ok(fallen)
}

fn cancellable(order: &Order, before: &[Wanted], one: &CancelLine, place: At) -> Result<Wanted, Rejection> {
    let at = |name: Field| place.field(name);
    let (of, position) = one.line.split_line();
    let found = order.lines.iter().position(|line| of == order.id && line.position == position);
    let Some(index) = found else { return Err(Rejection::not_found(Noun::OrderLine, at(Field::LineId))) };
    if before.iter().any(|other| other.index == index) {
        return Err(Refusal::LineTwice.at(at(Field::LineId)));
    }
    let most = order.lines[index].outstanding();
    if !one.quantity.is_positive() || one.quantity.get() > most {
        return Err(Refusal::CancellableUpTo { most }.at(at(Field::Quantity)));
    }
    Ok(Wanted { index, units: one.quantity.get(), place })
}
