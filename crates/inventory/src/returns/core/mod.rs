//! The rules of returns: pure. Stock is moved through `stock::core`'s draft, so a return is
//! accepted or refused whole, with the changes of its orders.

mod act;
mod book;
mod close;
mod command;
mod create;
mod inspect;
mod kit;
mod lots_chosen;
mod lots_left;
mod needs;
mod refusal;
mod reverse;
mod reverse_inspection;
mod reverse_receipt;
mod sales_return;
mod states;
mod take_in;

pub use act::{ActOnReturn, ReceivedGoods, ReceivedReturnLine, RemainderPolicy, ReturnStep, decide_return_step};
pub use book::{Before, ClosedSince, Decided, ReturnBasis, ReturnBook, ReturnDecision, Settled, Shipped};
pub use command::{ReturnCommand, create_needs};
pub use create::{CreateReturn, NewReturnLine, Receive, RefundAtOnce, ReturnMatch, Settle, decide_return};
pub use inspect::{InspectedLine, Inspection};
pub use lots_left::{ReturnableLot, ReturnableLots, ReturnedLot, lots_left};
pub use needs::ReturnNeeds;
pub use refusal::{ReturnRefusal, ReturnStepRefusal};
pub use reverse::{RefundReversal, ReverseRefund};
pub use reverse_inspection::{InspectionReversal, ReverseInspection};
pub use reverse_receipt::{ReceiptReversal, ReverseReceipt};
pub use sales_return::{Return, ReturnLine, ReturnLot, ReturnPiece, ReturnState};
pub use states::{RETURN_STEPS, ReturnAction, ReturnSteps, return_actions_from};
