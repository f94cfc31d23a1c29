//! Closing a return when it is created: the callers' input, and the further permissions that it
//! needs.

use entity::prelude::*;
use iam::access::{Denied, Permission, Permit, kind};
use platform::storage::Reads;
use serde::Serialize;

use crate::{
    ledger::{Checks, MAX_NOTE, MAX_REFERENCE, Stop},
    orders::{rows::places_of, shell::MAX_METHOD_LENGTH},
    returns::core::ImmediateRefund,
    stock::core::{At, Field},
};

/// The most payments with which a return is closed.
const MAX_REFUNDS: usize = 100;

/// Closes a return at once.
#[derive(Debug, Clone, Serialize)]
pub struct ReturnSettle {
    /// None for the received goods at their lines' prices.
    pub refund: Option<Money>,
    /// Payments of the refund. `payments::shell` records them.
    pub payments: Vec<ImmediateRefund>,
}

/// Permits of the caller besides that to receive returns.
pub(super) struct Settling {
    closing: Permit<kind::ReturnApprove>,
    paying: Option<(Permit<kind::PaymentWrite>, Permit<kind::PaymentRefund>)>,
}

impl Settling {
    /// Needs `return.approve`, and `payment.write` and `payment.refund` if there are payments.
    pub(super) fn of(permit: &Permit<kind::OrderReturn>, settle: &ReturnSettle) -> Result<Self, Denied> {
        let close_permit = permit.also::<kind::ReturnApprove>()?;
        let payment_permits = if settle.payments.is_empty() {
            None
        } else {
            Some((permit.also::<kind::PaymentWrite>()?, permit.also::<kind::PaymentRefund>()?))
        };
        Ok(Self { closing: close_permit, paying: payment_permits })
    }

    /// Refuses a store whose returns, and orders whose payments, are not the caller's to settle.
    pub(super) async fn covers(&self, reads: &impl Reads, store: StoreId, orders: &[OrderId]) -> Result<(), Stop> {
        if !self.closing.covers(store) {
            return Err(Denied(kind::ReturnApprove::info().code).into());
        }
        let Some((payment_permit, refund_permit)) = &self.paying else { return Ok(()) };
        if !payment_permit.is_limited() && !refund_permit.is_limited() {
            return Ok(());
        }
        for (_, store, channel) in places_of(reads, orders).await? {
            if !payment_permit.covers_document(store, channel) {
                return Err(Denied(kind::PaymentWrite::info().code).into());
            }
            if !refund_permit.covers_document(store, channel) {
                return Err(Denied(kind::PaymentRefund::info().code).into());
            }
        }
        Ok(())
    }
}

pub(super) fn check_refunds(checks: &mut Checks, refunds: &[ImmediateRefund]) {
    checks.items(refunds.len(), MAX_REFUNDS, || At::input(Field::Payments));
    for (index, refund) in refunds.iter().enumerate().take(MAX_REFUNDS) {
        let row_field = At::row(Field::Payments, index);
        checks.check_required(&refund.method, MAX_METHOD_LENGTH, || row_field.field(Field::Method));
        checks.text(refund.reference.as_deref(), MAX_REFERENCE, || row_field.field(Field::PaymentReference));
        checks.text(refund.note.as_deref(), MAX_NOTE, || row_field.field(Field::Note));
    }
}
