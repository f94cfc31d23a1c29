//! An order in an item of `orderChanged`.

use std::sync::Arc;

use macros::resolvers;
use platform::realtime::SharedEvent;

use super::order::Order;
use crate::graphql::scalars::Long;

/// An order after an event.
#[derive(Clone)]
pub struct OrderChange {
    pub(super) seq: i64,
    pub(super) order: Order,
    /// The event; None in a snapshot.
    pub(super) kind: Option<Arc<SharedEvent>>,
    pub(super) in_filter: bool,
}

/// Event name of the items of a snapshot, which have no event.
const SNAPSHOT: &str = "snapshot";

/// An order as one event left it. An order may come twice: keep the one with the greater version.
#[resolvers(shared)]
impl OrderChange {
    /// The event's number; 0 in a snapshot, where an order's version says how new it is.
    async fn seq(&self) -> Long {
        Long(self.seq)
    }
    /// The order with the event's own state, total and times; its lines and what hangs on them are read when the item is made.
    async fn order(&self) -> &Order {
        &self.order
    }
    /// Type of the event: order.created, order.confirmed, order.fulfilled, order.cancelled, order.expired, order.closed, order.held
    /// and order.hold_lifted (a hold was set or lifted), order.reopened, order.updated (the order was edited, a part of it was
    /// cancelled, a backorder was filled, stock that it held gave way, a return changed the quantities returned, pending or
    /// refunded, or a payment was recorded); snapshot for the current state. More may be added.
    async fn event_type(&self) -> &str {
        self.kind.as_ref().map_or(SNAPSHOT, |shared_event| shared_event.event.kind.as_str())
    }
    /// True if the order is in the filter. False once it has left, and no more is said of it until it enters again.
    async fn in_filter(&self) -> bool {
        self.in_filter
    }
}
