//! The state machine of transfers as one table. `docs/states.md` draws it, and a test compares the two.

use entity::prelude::TransferStatus::{self, Cancelled, Draft, InTransit, PartiallyReceived, Ready, Received};

/// Action on a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Update,
    Ready,
    Ship,
    Receive,
    Close,
    Cancel,
}

impl Action {
    /// Returns the mutation of the action.
    pub const fn mutation(self) -> &'static str {
        match self {
            Self::Update => "transferUpdate",
            Self::Ready => "transferMarkReady",
            Self::Ship => "transferShip",
            Self::Receive => "transferReceive",
            Self::Close => "transferClose",
            Self::Cancel => "transferCancel",
        }
    }
}

/// All steps: from a state, by an action, to one of these states.
pub const TRANSFER_STEPS: &[(TransferStatus, Action, &[TransferStatus])] = &[
    (Draft, Action::Update, &[Draft]),
    (Draft, Action::Ready, &[Ready]),
    (Draft, Action::Cancel, &[Cancelled]),
    (Ready, Action::Update, &[Ready]),
    (Ready, Action::Ship, &[InTransit]),
    (Ready, Action::Cancel, &[Cancelled]),
    (InTransit, Action::Update, &[InTransit]),
    (InTransit, Action::Receive, &[PartiallyReceived, Received]),
    (InTransit, Action::Close, &[Received]),
    (PartiallyReceived, Action::Update, &[PartiallyReceived]),
    (PartiallyReceived, Action::Receive, &[PartiallyReceived, Received]),
    (PartiallyReceived, Action::Close, &[Received]),
];

/// The actions that are open in a state.
pub fn actions_from(status: TransferStatus) -> impl Iterator<Item = Action> {
    TRANSFER_STEPS.iter().filter(move |step| step.0 == status).map(|step| step.1)
}

/// Whether the action is open in the state.
pub fn may(status: TransferStatus, action: Action) -> bool {
    actions_from(status).any(|action_from_status| action_from_status == action)
}
