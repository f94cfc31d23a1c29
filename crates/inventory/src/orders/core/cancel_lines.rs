//! Cancelling units of some lines: their reservations are released in the same step, and the rest
//! of the order is unchanged.

use entity::prelude::*;
use serde::Serialize;

use super::{
    act::{ActOnOrder, build_decision, open},
    book::OrderBook,
    decision::OrderDecision,
    edit::fulfil_remaining_charges,
    edit_lines::cancel_units,
    edit_reservations::{EditContext, release_excess},
    order::Order,
    refusal::Refusal,
    reservations::LineDemand,
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
    pub act: ActOnOrder,
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
    let cancelled_lines = select_cancelled_lines(draft, &order, &command.lines)?;
    for LineDemand { index, units, .. } in &cancelled_lines {
        cancel_units(&mut order.lines[*index], *units);
    }
    let edit_context = EditContext { actor: act.actor, note: act.note.as_deref(), movements: [act.movement; 2] };
    release_excess(draft, &order, &cancelled_lines, &edit_context)?;
    let fulfilment = fulfil_remaining_charges(draft, &mut order, command.fulfilment);
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
fn select_cancelled_lines(draft: &mut Draft<'_>, order: &Order, lines: &[CancelLine]) -> Result<Vec<LineDemand>, Rejection> {
    if lines.is_empty() {
        return Err(Refusal::NothingToCancel.at(At::argument(Field::Lines)));
    }
    let mut cancelled: Vec<LineDemand> = Vec::with_capacity(lines.len());
    for (nth, request) in lines.iter().enumerate() {
        let checked_line = check_cancelled_line(order, &cancelled, request, At::argument_row(Field::Lines, nth));
        cancelled.extend(draft.pass(checked_line)?);
    }
    draft.end_pass()?;
    Ok(cancelled)
}

fn check_cancelled_line(order: &Order, before: &[LineDemand], request: &CancelLine, place: At) -> Result<LineDemand, Rejection> {
    let at = |name: Field| place.field(name);
    let (order_id, position) = request.line.split_line();
    let line_index = order.lines.iter().position(|line| order_id == order.id && line.position == position);
    let Some(index) = line_index else { return Err(Rejection::not_found(Noun::OrderLine, at(Field::LineId))) };
    if before.iter().any(|other| other.index == index) {
        return Err(Refusal::LineTwice.at(at(Field::LineId)));
    }
    let max_quantity = order.lines[index].outstanding();
    if !request.quantity.is_positive() || request.quantity.get() > max_quantity {
        return Err(Refusal::CancellableUpTo { most: max_quantity }.at(at(Field::Quantity)));
    }
    Ok(LineDemand { index, units: request.quantity.get(), place })
}
