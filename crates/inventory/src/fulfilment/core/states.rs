//! The steps of works as one table. `docs/fulfilment.md` draws it, and a test compares the two.

use entity::prelude::WorkStatus::{self, Accepted, Open, Packed, Picked, Picking, Ready};

/// Actions of a store on a work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkAction {
    Accept,
    Reject,
    Pick,
    Unpick,
    Pack,
    Ready,
    Ship,
    Collect,
    Move,
}

impl WorkAction {
    /// The mutation that does it.
    pub const fn mutation(self) -> &'static str {
        match self {
            Self::Accept => "fulfilmentWorkAccept",
            Self::Reject => "fulfilmentWorkReject",
            Self::Pick => "fulfilmentWorkPick",
            Self::Unpick => "fulfilmentWorkUnpick",
            Self::Pack => "fulfilmentWorkPack",
            Self::Ready => "fulfilmentWorkReady",
            Self::Ship => "fulfilmentWorkShip",
            Self::Collect => "fulfilmentWorkCollect",
            Self::Move => "fulfilmentWorkMove",
        }
    }
    /// True if the action brings goods nearer to leaving: a hold on the order prevents it.
    pub const fn is_blocked_by_hold(self) -> bool {
        match self {
            Self::Accept | Self::Pick | Self::Pack | Self::Ready | Self::Ship | Self::Collect => true,
            Self::Reject | Self::Unpick | Self::Move => false,
        }
    }
}

/// An action and the states in which it is allowed. Its resulting state depends on quantities.
pub type WorkStep = (WorkAction, &'static [WorkStatus]);

/// All steps.
pub const WORK_STEPS: &[WorkStep] = &[
    (WorkAction::Accept, &[Open]),
    (WorkAction::Reject, &[Open, Accepted]),
    (WorkAction::Pick, &[Open, Accepted, Picking]),
    (WorkAction::Unpick, &[Picking, Picked, Packed, Ready]),
    (WorkAction::Pack, &[Picking, Picked]),
    (WorkAction::Ready, &[Packed]),
    (WorkAction::Ship, &[Picking, Picked, Packed, Ready]),
    (WorkAction::Collect, &[Ready]),
    (WorkAction::Move, &[Open, Accepted]),
];

/// Returns the steps that are allowed in a status.
pub fn actions_from(status: WorkStatus) -> impl Iterator<Item = WorkAction> {
    WORK_STEPS.iter().filter(move |step| step.1.contains(&status)).map(|step| step.0)
}

/// Whether the step is open in the state.
pub fn is_allowed(status: WorkStatus, action: WorkAction) -> bool {
    actions_from(status).any(|action_from_status| action_from_status == action)
}
