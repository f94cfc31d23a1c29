//! The state machine of orders as one table. `docs/states.md` draws it, and a test compares the two.

use entity::prelude::OrderStatus::{self, Cancelled, Closed, Confirmed, Draft, Expired, Fulfilled, PartiallyFulfilled, Pending};

/// What can be done to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Confirm,
    Fulfil,
    Cancel,
    /// By the job, when a pending order's time is over.
    Expire,
    Close,
    /// Changes what an order says, and its lines where they may still change.
    Update,
    Reopen,
}

impl Action {
    /// The mutation that does it; None for what only the system does.
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

/// From a state, by an action, to one of these states.
pub type Step = (OrderStatus, Action, &'static [OrderStatus]);

/// Every step there is.
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

/// The actions that are open in a state.
pub fn actions_from(status: OrderStatus) -> impl Iterator<Item = Action> {
    ORDER_STEPS.iter().filter(move |step| step.0 == status).map(|step| step.1)
}

/// Whether the action is open in the state.
pub fn may(status: OrderStatus, action: Action) -> bool {
    actions_from(status).any(|open| open == action)
}
