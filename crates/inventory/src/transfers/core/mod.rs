//! The rules of transfers: pure. Stock is moved through `stock::core`'s draft, so a step is
//! accepted or refused whole.
//!
//! Goods under way are in `in_transit` of the receiver's level: shipping adds them there, receiving
//! moves them to on hand, closing writes them off.

mod begin;
mod change;
mod command;
mod decide;
mod holds;
mod lots;
mod moves;
mod parcels;
mod plan;
mod refusal;
mod reverse;
mod states;
mod step;
mod transfer;

pub use command::{TransferCommand, TransferNeeds};
pub use decide::decide;
pub use refusal::Refusal;
pub use reverse::{ReverseStep, ReversibleStep, StepReversal};
pub use states::{Action, TRANSFER_STEPS, actions_from, may};
pub use step::{Arrival, Begin, Change, NewTransfer, Parcel, PlannedQuantity, Shipment, Step, Steps};
pub use transfer::{
    CreatedState, Line, Loss, SentLot, StateBefore, Transfer, TransferBook, TransferDecision, TransferEnd, TransferState,
};
