//! Rejections of transfers in GraphQL: code and message of each, defined once.

use inventory::transfers::core::{Action, Refusal, actions_from};

use crate::{
    graphql::refusal::ErrorCode,
    orders::refusal::{invalid, list_mutations, range, state},
    stock::CodeAndMessage,
};

pub fn describe_transfer_refusal(refusal: &Refusal) -> CodeAndMessage {
    match refusal {
        Refusal::Status(status) => {
            state(&format!("the transfer is {status}; {}", list_mutations(actions_from(*status).map(Action::mutation))))
        }
        Refusal::HasLeft(status) => state(&format!(
            "the transfer is {status}: only its expected time and its note change; undo its shipment by documentReverse"
        )),
        Refusal::SendersOnly => state("the stock is held: lines are changed by who may ship in the sending store"),
        Refusal::NoObject => invalid("a JSON object is expected"),
        Refusal::MetadataTooLarge { most_bytes } => range(&format!("at most {most_bytes} bytes of JSON are kept")),
        Refusal::SameStore => invalid("a transfer goes to another store than it comes from"),
        Refusal::NoLines => invalid("at least one line is needed"),
        Refusal::TooManyLines { most } => (ErrorCode::LimitExceeded, format!("a transfer has at most {most} lines")),
        Refusal::Emptied => invalid("a transfer without lines says nothing: cancel it"),
        Refusal::ProductTwice => invalid("this product occurs twice: one line can say it"),
        Refusal::NotPositive => range("a quantity above 0 is expected"),
        Refusal::NegativeQuantity => range("a quantity of 0 or more is expected"),
        Refusal::ReferenceTaken { reference } => (ErrorCode::Duplicate, format!("a transfer has the reference {reference}")),
        Refusal::NothingNamed => invalid("at least one line is needed; leave the list out for all"),
        Refusal::LineTwice => invalid("this line occurs twice"),
        Refusal::LineUpTo { most } if *most > 0 => range(&format!("between 1 and {most} of it")),
        Refusal::LineUpTo { .. } => range("nothing of it is left"),
        Refusal::NothingLeaves => invalid("nothing would leave"),
        Refusal::ArrivesBeforeItLeft => range("it cannot arrive before it left"),
        Refusal::NotTracked { sku } => invalid(&format!("{sku} is not tracked by lots")),
        Refusal::LotTwice => invalid("this lot occurs twice"),
        Refusal::LotUpTo { most } if *most > 0 => range(&format!("1 to {most} of this lot")),
        Refusal::LotUpTo { .. } => range("none of this lot is under way"),
        Refusal::LotsSum { quantity, sum } => {
            invalid(&format!("the lots of a line sum to its quantity, {quantity}: these are {sum}"))
        }
    }
}
