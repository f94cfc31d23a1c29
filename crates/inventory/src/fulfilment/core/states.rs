//! The steps of works as one table. `docs/fulfilment.md` draws it, and a test compares the two.

use entity::prelude::WorkStatus::{self, Accepted, Open, Packed, Picked, Picking, Ready};

/// What a store can do to a work.
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
    /// Whether it brings goods nearer to leaving: a hold on their order keeps it back.
    pub const fn brings_nearer(self) -> bool {
        match self {
            Self::Accept | Self::Pick | Self::Pack | Self::Ready | Self::Ship | Self::Collect => true,
            Self::Reject | Self::Unpick | Self::Move => false,
        }
    }
}

/// The states in which a step is open. Where it leads to, quantities say.
pub type WorkStep = (WorkAction, &'static [WorkStatus]);

/// Every step there is.
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

/// The steps that are open in a state.
pub fn actions_from(status: WorkStatus) -> impl Iterator<Item = WorkAction> {
    WORK_STEPS.iter().filter(move |step| step.1.contains(&status)).map(|step| step.0)
}

/// Whether the step is open in the state.
pub fn may(status: WorkStatus, action: WorkAction) -> bool {
    actions_from(status).any(|open| open == action)
}
