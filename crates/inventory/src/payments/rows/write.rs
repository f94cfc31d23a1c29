//! Rows of the payments that a batch recorded.

use entity::prelude::*;
use platform::storage::{Bulk, Rows};

use super::load::PaymentRow;
use crate::payments::core::Payment;

impl From<&Payment> for PaymentRow {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.id,
            order_id: payment.order,
            kind: payment.kind,
            amount_minor: payment.amount.minor.abs(),
            currency: payment.amount.currency.to_string(),
            method: payment.method.clone(),
            reference: payment.reference.clone(),
            parent_id: payment.parent,
            return_id: payment.sales_return,
            occurred_at: payment.occurred_at,
            recorded_at: payment.recorded_at,
            actor_kind: payment.actor.kind,
            actor_id: payment.actor.id,
            note: payment.note.clone(),
            reverses_id: payment.reverses,
        }
    }
}

/// Returns the rows of new payments, each after its parent.
pub fn payment_rows<'p>(tenant: TenantId, payments: impl Iterator<Item = &'p Payment>) -> Bulk {
    let mut rows = Rows::<PaymentRow>::insert(tenant);
    rows.extend(payments.map(PaymentRow::from));
    rows.into()
}
