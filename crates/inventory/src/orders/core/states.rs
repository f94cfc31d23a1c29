//! The state machine of orders as one table. `docs/states.md` draws it, and a test compares the two.

use entity::prelude::OrderStatus::{self, Cancelled, Closed, Confirmed, Draft, Expired, Fulfilled, PartiallyFulfilled, Pending};

/// Actions on an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Confirm,
    Fulfil,
    Cancel,
    /// By the job, after a pending order's expiry.
    Expire,
    Close,
    /// Changes the order's fields, and its lines as long as its status allows it.
    Update,
    Reopen,
}

impl Action {
    /// Returns the mutation of the action; None for actions of the system.
    pub const fn mutation(self) -> Option<&'static str> {
        match self {
            Self::Confirm => Some("orderConfirm"),
            Self::Fulfil => Some("orderFulfil"),
            Self::Cancel => Some("orderCancel"),
            Self::Close => Some("orderClose"),
            Self::Update => Some("orderUpdate"),
            Self::Reopen => Some("orderReopen"),
            Self::Expire => None,
        }
    }
}

/// A status, an action, and its possible results.
pub type Step = (OrderStatus, Action, &'static [OrderStatus]);

/// All steps.
pub const ORDER_STEPS: &[Step] = &[
    (Draft, Action::Confirm, &[Confirmed]),
    (Draft, Action::Cancel, &[Cancelled]),
    (Pending, Action::Confirm, &[Confirmed]),
    (Pending, Action::Cancel, &[Pending, Cancelled]),
    (Pending, Action::Expire, &[Expired]),
    (Confirmed, Action::Fulfil, &[PartiallyFulfilled, Fulfilled]),
    (Confirmed, Action::Cancel, &[Confirmed, Cancelled]),
    (PartiallyFulfilled, Action::Fulfil, &[PartiallyFulfilled, Fulfilled]),
    (PartiallyFulfilled, Action::Cancel, &[PartiallyFulfilled, Fulfilled]),
    (Fulfilled, Action::Close, &[Closed]),
    (Closed, Action::Reopen, &[Fulfilled]),
    (Draft, Action::Update, &[Draft]),
    (Pending, Action::Update, &[Pending]),
    (Confirmed, Action::Update, &[Confirmed]),
    (PartiallyFulfilled, Action::Update, &[PartiallyFulfilled, Fulfilled]),
    (Fulfilled, Action::Update, &[Fulfilled]),
    (Closed, Action::Update, &[Closed]),
    (Cancelled, Action::Update, &[Cancelled]),
];

/// Returns the actions that are allowed in a status.
pub fn actions_from(status: OrderStatus) -> impl Iterator<Item = Action> {
    ORDER_STEPS.iter().filter(move |step| step.0 == status).map(|step| step.1)
}

/// True if the action is allowed in the status.
pub fn is_action_allowed(status: OrderStatus, action: Action) -> bool {
    actions_from(status).any(|open| open == action)
}
