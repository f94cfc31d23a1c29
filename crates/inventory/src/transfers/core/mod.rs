//! The rules of transfers: pure. Stock is moved through `stock::core`'s draft, so a step is accepted or refused whole.
//!
//! What is under way is in `in_transit` of the receiver's level: shipping puts it there, receiving takes it on hand, closing writes it off.

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
pub use reverse::{ReverseStep, StepReversal, Undo};
pub use states::{Action, TRANSFER_STEPS, actions_from, may};
pub use transfer::{Before, Line, Made, SentLot, Transfer, TransferBook, TransferDecision, TransferEnd, TransferState};
