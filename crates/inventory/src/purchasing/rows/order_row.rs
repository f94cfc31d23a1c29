//! A purchase order's row, and its conversion into the order of the rules.

use std::collections::HashMap;

use entity::{prelude::*, record::Record, tables::purchase_order};
use platform::storage::Fault;
use uuid::Uuid;

use crate::{
    ledger::DocumentNumber,
    purchasing::core::{Approval, Change, Correspondence, End, FixedRate, OrderState, Placement, PurchaseOrder, Request, Stage},
};

/// An order without its lines.
#[derive(Record)]
#[record(of = purchase_order, alias = "o")]
pub(super) struct OrderRow {
    id: PurchaseOrderId,
    number: i64,
    status: PurchaseOrderStatus,
    supplier_id: SupplierId,
    store_id: StoreId,
    currency: String,
    expected_on: Option<i32>,
    external_ref: Option<String>,
    note: Option<String>,
    over_percent: i32,
    under_percent: i32,
    goods_minor: i64,
    charges_minor: i64,
    reason: Option<String>,
    actor_kind: ActorKind,
    actor_id: Uuid,
    editors: Option<String>,
    requester_kind: Option<ActorKind>,
    requester_id: Option<Uuid>,
    approver_id: Option<MemberId>,
    submitted_at: Option<Timestamp>,
    decided_at: Option<Timestamp>,
    ordered_at: Option<Timestamp>,
    received_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    revision: i32,
    confirmed_at: Option<Timestamp>,
    blanket_order_id: Option<BlanketOrderId>,
    fixed_rate: Option<String>,
    fixed_rate_currency: Option<String>,
    sent_revision: Option<i32>,
    sent_at: Option<Timestamp>,
    confirmed_revision: Option<i32>,
    fixed_rate_day: Option<i32>,
}

impl OrderRow {
    /// Returns None if a row has columns that its status does not have, or lacks one that it has.
    fn state(&self) -> Option<OrderState> {
        use PurchaseOrderStatus::{
            Approved, Cancelled, Closed, Draft, Ordered, PartiallyReceived, PendingApproval, Received, Rejected,
        };
        let reason = self.reason.clone();
        if reason.is_some() && !matches!(self.status, Rejected | Closed | Cancelled) {
            return None;
        }
        let end = self.ended_at.map(|at| End { at, reason: reason.clone() });
        Some(match (self.status, self.stage()?, self.received_at, end) {
            (Draft, Stage::Draft, None, None) => OrderState::Draft,
            (PendingApproval, Stage::Requested(request), None, None) => OrderState::PendingApproval(request),
            (Rejected, Stage::Rejected { request, at }, None, None) => OrderState::Rejected { request, at, reason },
            (Approved, Stage::Approved(approval), None, None) => OrderState::Approved(approval),
            (Ordered, Stage::Ordered(placement), None, None) => OrderState::Ordered(placement),
            (PartiallyReceived, Stage::Ordered(placement), Some(at), None) => OrderState::PartiallyReceived(placement, at),
            (Received, Stage::Ordered(placement), Some(at), None) => OrderState::Received(placement, at),
            (Closed, Stage::Ordered(placement), at, Some(end)) => OrderState::Closed(placement, at, end),
            (Cancelled, stage, None, Some(end)) => OrderState::Cancelled(stage, end),
            _ => return None,
        })
    }
    fn stage(&self) -> Option<Stage> {
        let actor = self.requester_kind.zip(self.requester_id).map(|(kind, id)| Actor { kind, id });
        let request = match (actor, self.submitted_at) {
            (Some(by), Some(at)) => Some(Request { by, at }),
            (None, None) => None,
            _ => return None,
        };
        Some(match (request, self.approver_id, self.decided_at, self.ordered_at) {
            (None, None, None, None) => Stage::Draft,
            (Some(request), None, None, None) => Stage::Requested(request),
            (Some(request), None, Some(at), None) => Stage::Rejected { request, at },
            (Some(request), Some(by), Some(at), None) => Stage::Approved(Approval { request, by, at }),
            (Some(request), Some(by), Some(at), Some(ordered_at)) => {
                Stage::Ordered(Placement { approval: Approval { request, by, at }, at: ordered_at })
            }
            _ => return None,
        })
    }
    pub fn order(self) -> Result<PurchaseOrder, Fault> {
        let currency = currency_of("purchase_order", &self.currency)?;
        let editors = parse_editors("purchase_order", self.editors.as_deref())?;
        let fixed_rate = parse_fixed_rate(self.fixed_rate.as_deref(), self.fixed_rate_currency.as_deref(), self.fixed_rate_day)?;
        let state = self.state().ok_or_else(|| Fault::corrupt("purchase_order", "people and times are those of the status"))?;
        let revision = self.revision as u16;
        // A confirmation from before revisions were recorded can only be of the first revision, if
        // the order has no other.
        let first_revision = (revision == 1 && self.confirmed_at.is_some()).then_some(1);
        let correspondence = Correspondence {
            sent: self.sent_revision.zip(self.sent_at).map(|(revision, at)| (revision as u16, at)),
            confirmed: self.confirmed_revision.map(|revision| revision as u16).or(first_revision),
        };
        Ok(PurchaseOrder {
            id: self.id,
            number: DocumentNumber::Given(self.number),
            state,
            supplier: self.supplier_id,
            store: self.store_id,
            currency,
            fixed_rate,
            blanket: self.blanket_order_id,
            expected_on: self.expected_on,
            external_ref: self.external_ref,
            note: self.note,
            over_percent: self.over_percent as u8,
            under_percent: self.under_percent as u8,
            goods: Money::new(self.goods_minor, currency),
            charges_sum: Money::new(self.charges_minor, currency),
            actor: Actor { kind: self.actor_kind, id: self.actor_id },
            editors,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            lines: Vec::new(),
            charges: Vec::new(),
            receipts: 0,
            discrepancies: 0,
            revision,
            confirmed_at: self.confirmed_at,
            correspondence,
            change: Change::Figures,
        })
    }
}

/// Returns the index of each order.
pub(super) fn index_by_order(orders: &[PurchaseOrder]) -> HashMap<PurchaseOrderId, usize> {
    orders.iter().enumerate().map(|(index, order)| (order.id, index)).collect()
}

/// Parses editors in the form of `write`: kind and ID of each.
pub(super) fn parse_editors(table: &'static str, editors: Option<&str>) -> Result<Vec<Actor>, Fault> {
    editors.into_iter().flat_map(|list| list.split(' ')).map(|text| editor(table, text)).collect()
}

fn editor(table: &'static str, text: &str) -> Result<Actor, Fault> {
    let actor = text.split_once(':').and_then(|(kind, id)| Some(Actor { kind: ActorKind::parse(kind)?, id: id.parse().ok()? }));
    actor.ok_or_else(|| Fault::corrupt(table, format!("unknown editor {text}")))
}

/// Returns the agreed rate of an order, from its columns.
pub(super) fn parse_fixed_rate(
    rate: Option<&str>,
    code: Option<&str>,
    market_day: Option<i32>,
) -> Result<Option<FixedRate>, Fault> {
    let corrupt = || Fault::corrupt("purchase_order", "a rate that is agreed is a decimal and has the currency of the books");
    match (rate, code) {
        (None, None) => Ok(None),
        (Some(rate), Some(code)) => {
            let books = currency_of("purchase_order", code)?;
            Ok(Some(FixedRate { rate: rate.parse().map_err(|()| corrupt())?, books, market_day }))
        }
        _ => Err(corrupt()),
    }
}

pub(super) fn currency_of(table: &'static str, code: &str) -> Result<Currency, Fault> {
    Currency::parse(code).ok_or_else(|| Fault::corrupt(table, format!("unknown currency {code}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> OrderRow {
        OrderRow {
            id: PurchaseOrderId::NIL,
            number: 1,
            status: PurchaseOrderStatus::Draft,
            supplier_id: SupplierId::NIL,
            store_id: StoreId::NIL,
            currency: "GBP".to_owned(),
            expected_on: None,
            external_ref: None,
            note: None,
            over_percent: 0,
            under_percent: 0,
            goods_minor: 0,
            charges_minor: 0,
            reason: None,
            actor_kind: ActorKind::Member,
            actor_id: Uuid::nil(),
            editors: None,
            requester_kind: None,
            requester_id: None,
            approver_id: None,
            submitted_at: None,
            decided_at: None,
            ordered_at: None,
            received_at: None,
            ended_at: None,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            revision: 1,
            confirmed_at: None,
            blanket_order_id: None,
            fixed_rate: None,
            fixed_rate_currency: None,
            sent_revision: None,
            sent_at: None,
            confirmed_revision: None,
            fixed_rate_day: None,
        }
    }

    #[test]
    fn a_row_has_what_its_status_has_and_nothing_else() {
        let mut legal = 0;
        for status in PurchaseOrderStatus::ALL {
            for mask in 0..1_u32 << 8 {
                let at = |bit: u32| (mask & 1 << bit != 0).then_some(Timestamp(i64::from(bit)));
                let row = OrderRow {
                    status: *status,
                    reason: at(0).map(|_| "late".to_owned()),
                    requester_kind: at(1).map(|_| ActorKind::Member),
                    requester_id: at(1).map(|_| Uuid::from_u128(1)),
                    approver_id: at(2).map(|_| MemberId::from_uuid(Uuid::from_u128(2))),
                    submitted_at: at(3),
                    decided_at: at(4),
                    ordered_at: at(5),
                    received_at: at(6),
                    ended_at: at(7),
                    ..draft()
                };
                let Some(state) = row.state() else { continue };
                legal += 1;
                let stage = state.stage();
                assert_eq!((state.status(), state.reason()), (row.status, row.reason.as_ref()));
                assert_eq!((stage.request().map(|one| one.at), stage.approver()), (row.submitted_at, row.approver_id));
                assert_eq!((stage.decided_at(), stage.ordered_at()), (row.decided_at, row.ordered_at));
                assert_eq!((state.received_at(), state.ended_at()), (row.received_at, row.ended_at));
            }
        }
        assert_eq!(legal, 22, "of 9 * 2^8");
    }
}
