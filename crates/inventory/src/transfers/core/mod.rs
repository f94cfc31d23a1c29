//! The rules of transfers: pure. Stock is moved through `stock::core`'s draft, so a step is
//! accepted or refused whole.
//!
//! Goods under way are in `in_transit` of the receiver's level: shipping adds them there, receiving
//! moves them to on hand, closing writes them off.

mod begin;
mod change;
mod command;
mod decide;
mod lots;
mod moves;
mod refusal;
mod reverse;
mod states;
mod transfer;

pub use change::Change;
pub use command::{TransferCommand, TransferNeeds};
pub use decide::{Begin, NewTransfer, Planned, Step, Steps, decide};
pub use moves::{Arrival, Loss, Parcel, Shipment};
pub use refusal::Refusal;
pub use reverse::{ReverseStep, ReversibleStep, StepReversal};
pub use states::{Action, TRANSFER_STEPS, actions_from, may};
pub use transfer::{Before, CreatedState, Line, SentLot, Transfer, TransferBook, TransferDecision, TransferEnd, TransferState};
