//! The steps of a purchase order that need no more than the order: from the request for approval to
//! its end.

use entity::prelude::*;

use super::{
    book::{PurchaseBook, PurchaseDecision},
    expected_date::set_expected_days,
    lead_time::LeadTimes,
    order::PurchaseOrder,
    order_state::{Approval, End, OrderState, Placement, Request},
    refusal::Refusal,
    states::Action,
};
use crate::purchasing::events;
use crate::stock::core::{At, Delta, Draft, Field, MovementHead, Reference, ReferenceKind, Rejection, RoomRefusal};

/// A step. Changes of the lines, confirmations and receipts have commands of their own.
#[derive(Debug, Clone)]
pub struct ActOnPurchaseOrder {
    pub order: PurchaseOrderId,
    pub action: Action,
    pub expected_version: Option<i64>,
    /// Reason; kept with the order if it ends or is rejected, and with the stock that moves.
    pub note: Option<String>,
    pub actor: Actor,
    /// ID of the movement, if incoming stock changes.
    pub movement: MovementId,
    /// Total above which the approver must not be the requester; None for no limit.
    pub limit: Option<Money>,
    /// Lead times of the order's products, for the step that sends it to the supplier.
    pub leads: LeadTimes,
}

pub fn decide_act(
    book: &PurchaseBook,
    draft: &mut Draft<'_>,
    command: &ActOnPurchaseOrder,
) -> Result<PurchaseDecision, Rejection> {
    let mut order = book.order_for(command.order, command.action, command.expected_version)?;
    let (before, now) = (order.status(), draft.now());
    let end = || End { at: now, reason: command.note.clone() };
    let mut decision = PurchaseDecision::default();
    let kind = match (command.action, &order.state) {
        (Action::Submit, OrderState::Draft) => {
            order.state = OrderState::PendingApproval(Request { by: command.actor, at: now });
            events::PURCHASE_ORDER_SUBMITTED
        }
        (Action::Approve, OrderState::PendingApproval(request)) => {
            let approval = Approval { request: *request, by: approver(&order, command)?, at: now };
            order.state = OrderState::Approved(approval);
            events::PURCHASE_ORDER_APPROVED
        }
        (Action::Reject, OrderState::PendingApproval(request)) => {
            require_person(command)?;
            order.state = OrderState::Rejected { request: *request, at: now, reason: command.note.clone() };
            events::PURCHASE_ORDER_REJECTED
        }
        (Action::Order, OrderState::Approved(approval)) => {
            order.state = OrderState::Ordered(Placement { approval: *approval, at: now });
            plan(draft, &order, command, 1)?;
            set_expected_days(draft, &mut order, &command.leads)?;
            events::PURCHASE_ORDER_ORDERED
        }
        (Action::Close, state) => {
            let Some((placement, received_at)) = state.placement_and_receipt() else { return Err(order.status_refusal()) };
            plan(draft, &order, command, -1)?;
            for index in 0..order.lines.len() {
                let short = order.lines[index].give_up();
                if short.is_positive() {
                    let mut discrepancy = order.note(DiscrepancyKind::Short, short, now);
                    (discrepancy.position, discrepancy.note) = (Some(order.lines[index].position), command.note.clone());
                    decision.discrepancies.push(discrepancy);
                }
            }
            order.state = OrderState::Closed(placement, received_at, end());
            events::PURCHASE_ORDER_CLOSED
        }
        (
            Action::Cancel,
            OrderState::Draft
            | OrderState::PendingApproval(_)
            | OrderState::Rejected { .. }
            | OrderState::Approved(_)
            | OrderState::Ordered(_),
        ) => {
            if order.is_incoming() {
                plan(draft, &order, command, -1)?;
            }
            for line in &mut order.lines {
                line.give_up();
            }
            order.state = OrderState::Cancelled(order.state.stage(), end());
            events::PURCHASE_ORDER_CANCELLED
        }
        (Action::Update | Action::Receive | Action::Confirm | Action::Amend, _) => {
            return Err(Refusal::OtherCommand.at(At::INPUT));
        }
        (Action::Submit | Action::Approve | Action::Reject | Action::Order | Action::Cancel, _) => {
            return Err(order.status_refusal());
        }
    };
    order.touch(now);
    decision.events.push(order.event(kind, Some(before)));
    decision.orders.push(order);
    Ok(decision)
}

/// Rejects keys of integrations: their rights are granted once, and no person reviews the single
/// order.
fn require_person(command: &ActOnPurchaseOrder) -> Result<MemberId, Rejection> {
    match command.actor.kind {
        ActorKind::Member => Ok(MemberId::from_uuid(command.actor.id)),
        ActorKind::Integration | ActorKind::System => Err(Refusal::PersonDecides.at(At::input(Field::Id))),
    }
}

fn approver(order: &PurchaseOrder, command: &ActOnPurchaseOrder) -> Result<MemberId, Rejection> {
    let person = require_person(command)?;
    match command.limit {
        Some(limit) if order.needs_other_approver(command.actor, Some(limit)) => {
            Err(Refusal::AboveLimit(limit).at(At::input(Field::Id)))
        }
        _ => Ok(person),
    }
}

/// Adds the open quantities to incoming stock (`sign` 1) or removes them (−1).
fn plan(draft: &mut Draft<'_>, order: &PurchaseOrder, command: &ActOnPurchaseOrder, sign: i64) -> Result<(), Rejection> {
    let Some(first_line) = order.lines.first() else { return Ok(()) };
    let now = draft.now();
    draft.begin(
        head(order, command.movement, command.actor, command.note.clone(), now),
        order.key(first_line),
        At::input(Field::Id),
    )?;
    for line in order.lines.iter().filter(|line| line.open.is_positive()) {
        let delta = Delta { incoming: sign * line.open.get(), ..Delta::default() };
        let planned = draft.post(order.key(line), delta, None, None, At::input(Field::Id));
        draft.pass(planned)?;
    }
    draft.end();
    Ok(())
}

/// Head of a movement that changes only incoming quantities: an ADJUSTMENT with the reason
/// PURCHASE.
pub(super) fn head(
    order: &PurchaseOrder,
    id: MovementId,
    actor: Actor,
    note: Option<String>,
    occurred_at: Timestamp,
) -> MovementHead {
    MovementHead {
        id,
        kind: MovementKind::Adjustment,
        reason: Some(ReasonCode::Purchase),
        note,
        external_ref: order.external_ref.clone(),
        reference: Some(Reference { kind: ReferenceKind::PurchaseOrder, id: order.id.uuid() }),
        actor,
        reverses: None,
        occurred_at,
    }
}
