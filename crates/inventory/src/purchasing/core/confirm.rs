//! Confirmations by the supplier of a placed order. They change no quantity.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::{
    book::{PurchaseBook, PurchaseDecision},
    correspondence::Confirmation,
    create::check_ref_is_free,
    order::{Line, PurchaseOrder},
    refusal::{AmendRefusal, Refusal},
    states::Action,
};
use crate::purchasing::events;
use crate::stock::core::{At, Draft, Field, Noun, Rejection, RoomRefusal};

/// Command to record a confirmation. If `lines` is `None`, all open lines are confirmed as ordered.
#[derive(Debug, Clone)]
pub struct Confirm {
    pub order: PurchaseOrderId,
    pub expected_version: Option<i64>,
    /// The supplier's reference of the order; `None` keeps the stored one.
    pub external_ref: Option<String>,
    /// Confirmed day of lines that name none; None keeps the day that was confirmed before.
    pub on: Option<i32>,
    pub lines: Option<Vec<ConfirmLine>>,
}

#[derive(Debug, Clone, Copy)]
pub struct ConfirmLine {
    pub line: PurchaseOrderLineId,
    /// Quantity of the whole line; `None` for all that was ordered.
    pub quantity: Option<Quantity>,
    pub on: Option<i32>,
}

pub fn decide_confirm(book: &PurchaseBook, draft: &mut Draft<'_>, command: &Confirm) -> Result<PurchaseDecision, Rejection> {
    let mut order = book.order_for(command.order, Action::Confirm, command.expected_version)?;
    let (before, original) = (order.status(), Box::new(order.clone()));
    if let Some(reference) = command.external_ref.as_ref().filter(|reference| order.external_ref.as_ref() != Some(*reference)) {
        check_ref_is_free(book, order.supplier, Some(reference.as_str()), At::input(Field::ExternalRef))?;
        order.external_ref = Some(reference.clone());
    }
    match &command.lines {
        None => {
            for line in order.lines.iter_mut().filter(|line| line.open.is_positive()) {
                let on = command.on.or(line.confirmed.on);
                line.confirmed = Confirmation { on, quantity: Some(line.quantity) };
            }
        }
        Some(lines) if lines.is_empty() && command.external_ref.is_none() => {
            return Err(Refusal::NoLines.at(At::input(Field::Lines)));
        }
        Some(lines) => confirm_lines(draft, &mut order, lines, command.on)?,
    }
    order.confirmed_at = Some(draft.now());
    order.correspondence.confirmed = Some(order.revision);
    order.touch(draft.now());
    let events = vec![order.event(events::PURCHASE_ORDER_CONFIRMED, Some(before))];
    Ok(PurchaseDecision { orders: vec![order], events, before: Some(original), ..PurchaseDecision::default() })
}

/// Confirms the named lines; all refusals of one stage are reported.
fn confirm_lines(
    draft: &mut Draft<'_>,
    order: &mut PurchaseOrder,
    lines: &[ConfirmLine],
    on: Option<i32>,
) -> Result<(), Rejection> {
    let mut seen_indexes = BTreeSet::new();
    for (index, request) in lines.iter().enumerate() {
        let confirmed = confirm_line(order, &mut seen_indexes, (index, request), on);
        draft.pass(confirmed)?;
    }
    draft.end_pass()
}

fn confirm_line(
    order: &mut PurchaseOrder,
    seen_indexes: &mut BTreeSet<usize>,
    (index, request): (usize, &ConfirmLine),
    on: Option<i32>,
) -> Result<(), Rejection> {
    let at = |name: Field| At::line(index).field(name);
    let line_index = place_of(order, request.line, at(Field::LineId))?;
    if !seen_indexes.insert(line_index) {
        return Err(Refusal::LineTwice.at(at(Field::LineId)));
    }
    let line = &mut order.lines[line_index];
    refuse_cancelled(line, at(Field::LineId))?;
    if !line.open.is_positive() {
        return Err(AmendRefusal::NothingToCome { sku: line.sku.clone() }.at(at(Field::LineId)));
    }
    let quantity = request.quantity.unwrap_or(line.quantity);
    if quantity < line.received || quantity > line.most {
        let refusal = AmendRefusal::ConfirmFromTo { sku: line.sku.clone(), least: line.received, most: line.most };
        return Err(refusal.at(at(Field::Quantity)));
    }
    line.confirmed = Confirmation { on: request.on.or(on).or(line.confirmed.on), quantity: Some(quantity) };
    Ok(())
}

/// Returns the line's index among the order's.
pub(super) fn place_of(order: &PurchaseOrder, line: PurchaseOrderLineId, at: At) -> Result<usize, Rejection> {
    let (order_id, position) = line.split_line::<entity::id::kind::PurchaseOrderId>();
    let line_index = order.lines.iter().position(|line| line.position == position).filter(|_| order_id == order.id);
    line_index.ok_or_else(|| Rejection::not_found(Noun::PurchaseOrderLine, at))
}

/// Refuses a line that was cancelled.
pub(super) fn refuse_cancelled(line: &Line, at: At) -> Result<(), Rejection> {
    if line.is_cancelled() {
        return Err(AmendRefusal::LineCancelled { sku: line.sku.clone() }.at(at));
    }
    Ok(())
}
