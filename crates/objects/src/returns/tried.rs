//! Changes of a dry run beside a return's row. They are not written, so the answer carries them.

use std::sync::Arc;

use entity::prelude::{OrderId, OrderLineId, ReturnId};
use inventory::payments::core::Payment;

use crate::orders::{Order, OrderLine};

/// Changes of a dry run beside one return.
pub struct ReturnTried {
    /// Orders that it would change, with their lines.
    pub orders: Vec<Order>,
    /// Payments that it would record.
    pub payments: Vec<Arc<Payment>>,
}

impl ReturnTried {
    /// An order as the dry run would leave it. None where it changes nothing.
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.iter().find(|order| order.row().id == id)
    }
    /// Payments that it would record for a return.
    pub fn refunds(&self, id: ReturnId) -> impl Iterator<Item = &Arc<Payment>> {
        self.payments.iter().filter(move |payment| payment.sales_return == Some(id))
    }
}

/// The line of an order as a dry run would leave it. None where it changes nothing of the order.
pub(super) fn line_tried(tried: Option<&ReturnTried>, id: OrderLineId) -> Option<OrderLine> {
    tried?.order(id.split_line().0)?.line(id)
}
