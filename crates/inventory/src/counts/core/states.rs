//! The state machine of counts as one table. `docs/states.md` draws it, and a test compares the two.

use entity::prelude::CountStatus::{self, Cancelled, Completed, Counting, Open, Review};

/// Action on a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Start,
    Record,
    Submit,
    Recount,
    Approve,
    Cancel,
}

impl Action {
    /// Returns the mutation of the action.
    pub const fn mutation(self) -> &'static str {
        match self {
            Self::Start => "stocktakeStart",
            Self::Record => "stocktakeRecord",
            Self::Submit => "stocktakeSubmit",
            Self::Recount => "stocktakeRecount",
            Self::Approve => "stocktakeApprove",
            Self::Cancel => "stocktakeCancel",
        }
    }
}

/// All steps: from a state, by an action, to one of these states.
pub const COUNT_STEPS: &[(CountStatus, Action, &[CountStatus])] = &[
    (Open, Action::Start, &[Counting]),
    (Open, Action::Cancel, &[Cancelled]),
    (Counting, Action::Record, &[Counting]),
    (Counting, Action::Submit, &[Review]),
    (Counting, Action::Cancel, &[Cancelled]),
    (Review, Action::Recount, &[Counting]),
    (Review, Action::Approve, &[Completed]),
    (Review, Action::Cancel, &[Cancelled]),
];

/// The actions that are open in a state.
pub fn actions_from(status: CountStatus) -> impl Iterator<Item = Action> {
    COUNT_STEPS.iter().filter(move |step| step.0 == status).map(|step| step.1)
}

/// Whether the action is open in the state.
pub fn may(status: CountStatus, action: Action) -> bool {
    actions_from(status).any(|action_from_status| action_from_status == action)
}
