//! Changes that a dry run would make with a return. They are not written, so the answer carries
//! them.

use std::sync::Arc;

use entity::prelude::{OrderId, OrderLineId, ReturnId};
use inventory::payments::core::Payment;

use crate::orders::{Order, OrderLine};

/// Changes that a dry run would make with one return.
pub struct ReturnDryRun {
    /// Orders that it would change, with their lines.
    pub orders: Vec<Order>,
    /// Payments that it would record.
    pub payments: Vec<Arc<Payment>>,
}

impl ReturnDryRun {
    /// An order after the dry run. None if it is unchanged.
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.iter().find(|order| order.row().id == id)
    }
    /// Payments that it would record for a return.
    pub fn refunds(&self, id: ReturnId) -> impl Iterator<Item = &Arc<Payment>> {
        self.payments.iter().filter(move |payment| payment.sales_return == Some(id))
    }
}

/// The line of an order after a dry run. None if the order is unchanged.
pub(super) fn line_after_dry_run(dry_run: Option<&ReturnDryRun>, id: OrderLineId) -> Option<OrderLine> {
    dry_run?.order(id.split_line().0)?.line(id)
}
