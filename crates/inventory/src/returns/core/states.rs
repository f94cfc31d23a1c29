//! The state machine of returns as one table. `docs/states.md` draws it, and a test compares the two.

use entity::prelude::ReturnStatus::{self, Approved, Closed, Inspected, PartiallyReceived, Received, Rejected, Requested};

/// Action on a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnAction {
    Approve,
    Reject,
    Receive,
    Inspect,
    Close,
}

impl ReturnAction {
    /// Returns the mutation of the action.
    pub const fn mutation(self) -> &'static str {
        match self {
            Self::Approve => "returnApprove",
            Self::Reject => "returnReject",
            Self::Receive => "returnReceive",
            Self::Inspect => "returnInspect",
            Self::Close => "returnClose",
        }
    }
}

/// From a state, by an action, to one of these states.
pub type ReturnSteps = (ReturnStatus, ReturnAction, &'static [ReturnStatus]);

/// All steps.
pub const RETURN_STEPS: &[ReturnSteps] = &[
    (Requested, ReturnAction::Approve, &[Approved]),
    (Requested, ReturnAction::Reject, &[Rejected]),
    (Approved, ReturnAction::Receive, &[PartiallyReceived, Received]),
    // An approved return whose goods never come must not hold its units for ever.
    (Approved, ReturnAction::Reject, &[Rejected]),
    (PartiallyReceived, ReturnAction::Receive, &[PartiallyReceived, Received]),
    (PartiallyReceived, ReturnAction::Inspect, &[PartiallyReceived]),
    (Received, ReturnAction::Inspect, &[Received, Inspected]),
    (Inspected, ReturnAction::Close, &[Closed]),
];

/// The actions that are open in a state.
pub fn return_actions_from(status: ReturnStatus) -> impl Iterator<Item = ReturnAction> {
    RETURN_STEPS.iter().filter(move |step| step.0 == status).map(|step| step.1)
}
