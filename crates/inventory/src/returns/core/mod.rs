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
mod returnable_lots;
mod needs;
mod new_return;
mod posting;
mod refusal;
mod reverse;
mod reverse_inspection;
mod reverse_receipt;
mod sales_return;
mod states;
mod step;
mod take_in;

pub use act::decide_return_step;
pub use book::{
    ClosedSince, ReturnBasis, ReturnBook, ReturnDecision, ReturnOutcome, ReturnedQuantities, ShippedProducts, StateBefore,
};
pub use command::{ReturnCommand, create_needs};
pub use create::decide_return;
pub use needs::ReturnNeeds;
pub use new_return::{CreateReturn, ImmediateRefund, NewReturnLine, Receive, ReturnMatch, Settle};
pub use refusal::{ReturnRefusal, ReturnStepRefusal};
pub use returnable_lots::{ReturnableLot, ReturnableLots, ReturnedLot, unreturned_lots};
pub use reverse::{RefundReversal, ReverseRefund};
pub use reverse_inspection::{InspectionReversal, ReverseInspection};
pub use reverse_receipt::{ReceiptReversal, ReverseReceipt};
pub use sales_return::{Return, ReturnLine, ReturnLot, ReturnPiece, ReturnState};
pub use states::{RETURN_STEPS, ReturnAction, ReturnSteps, return_actions_from};
pub use step::{ActOnReturn, InspectedLine, Inspection, ReceivedGoods, ReceivedReturnLine, RemainderPolicy, ReturnStep};
