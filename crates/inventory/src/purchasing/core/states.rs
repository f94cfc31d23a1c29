//! The state machine of purchase orders as one table. `docs/states.md` draws it, and a test compares the two.

use entity::prelude::PurchaseOrderStatus::{
    self, Approved, Cancelled, Closed, Draft, Ordered, PartiallyReceived, PendingApproval, Received, Rejected,
};

/// Action on a purchase order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Update,
    Submit,
    Approve,
    Reject,
    Order,
    Receive,
    Close,
    Cancel,
    Confirm,
    Amend,
}

impl Action {
    /// Returns the mutation of the action.
    pub const fn mutation(self) -> &'static str {
        match self {
            Self::Update => "purchaseOrderUpdate",
            Self::Submit => "purchaseOrderSubmit",
            Self::Approve => "purchaseOrderApprove",
            Self::Reject => "purchaseOrderReject",
            Self::Order => "purchaseOrderPlace",
            Self::Receive => "purchaseOrderReceive",
            Self::Close => "purchaseOrderClose",
            Self::Cancel => "purchaseOrderCancel",
            Self::Confirm => "purchaseOrderConfirm",
            Self::Amend => "purchaseOrderAmend",
        }
    }
}

/// From a state, by an action, to one of these states.
pub type Step = (PurchaseOrderStatus, Action, &'static [PurchaseOrderStatus]);

/// All steps. A delivery of nothing but wrong items leaves an order ORDERED.
pub const PURCHASE_STEPS: &[Step] = &[
    (Draft, Action::Update, &[Draft]),
    (Draft, Action::Submit, &[PendingApproval]),
    (Draft, Action::Cancel, &[Cancelled]),
    (PendingApproval, Action::Approve, &[Approved]),
    (PendingApproval, Action::Reject, &[Rejected]),
    (PendingApproval, Action::Cancel, &[Cancelled]),
    (Rejected, Action::Update, &[Draft]),
    (Rejected, Action::Cancel, &[Cancelled]),
    (Approved, Action::Order, &[Ordered]),
    (Approved, Action::Cancel, &[Cancelled]),
    (Ordered, Action::Receive, &[Ordered, PartiallyReceived, Received]),
    (Ordered, Action::Close, &[Closed]),
    (Ordered, Action::Cancel, &[Cancelled]),
    (Ordered, Action::Confirm, &[Ordered]),
    (Ordered, Action::Amend, &[Ordered]),
    (PartiallyReceived, Action::Receive, &[PartiallyReceived, Received]),
    (PartiallyReceived, Action::Close, &[Closed]),
    (PartiallyReceived, Action::Confirm, &[PartiallyReceived]),
    (PartiallyReceived, Action::Amend, &[PartiallyReceived, Received]),
    (Received, Action::Close, &[Closed]),
];

/// The actions that are open in a state.
pub fn actions_from(status: PurchaseOrderStatus) -> impl Iterator<Item = Action> {
    PURCHASE_STEPS.iter().filter(move |step| step.0 == status).map(|step| step.1)
}

/// Whether the action is open in the state.
pub fn is_action_allowed(status: PurchaseOrderStatus, action: Action) -> bool {
    actions_from(status).any(|open| open == action)
}
