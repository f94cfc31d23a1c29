//! Rejections of returns in GraphQL: code and message of each, defined once. Those of a line are
//! with the rejections of orders.

use entity::prelude::Tracking;
use inventory::returns::core::{ReturnAction, ReturnRefusal, ReturnStepRefusal, return_actions_from};

use crate::{
    graphql::refusal::ErrorCode,
    orders::refusal::{NO_LINES, invalid, list_mutations, range, state},
    stock::CodeAndMessage,
};

pub fn describe_return_refusal(refusal: &ReturnRefusal) -> CodeAndMessage {
    match refusal {
        ReturnRefusal::ReferenceTaken { reference } => (ErrorCode::Duplicate, format!("a return has the reference {reference}")),
        ReturnRefusal::NoLines => invalid(NO_LINES),
        ReturnRefusal::ProductUnnamed => invalid("a PRODUCT line names its product or order line"),
        ReturnRefusal::OtherCurrency => invalid("a return has one currency"),
        ReturnRefusal::RefundTooLarge => range("the refund is too large to be kept exactly"),
        ReturnRefusal::KitLater { sku } => {
            invalid(&format!("{sku} is a kit, and kits come back at once: receive it now, or ask for its components back"))
        }
        ReturnRefusal::ProductArchived { sku } => state(&format!("{sku} is ARCHIVED: make it ACTIVE first (productUpdate)")),
        ReturnRefusal::LineOrPieces => invalid("give orderLineId or matches, not both"),
        ReturnRefusal::NoOrderLine => invalid("name the order line that it goes back on: you take back what your channel sold"),
        ReturnRefusal::PiecesNotWhole => {
            invalid("the pieces must come to the line's quantity: you take back what your channel sold")
        }
        ReturnRefusal::PieceTwice => invalid("this order line occurs twice: one piece can say it"),
        ReturnRefusal::OtherProduct => invalid("the order line is of another product"),
        ReturnRefusal::SoldIn(currency) => invalid(&format!("it was sold in {currency}, and is given back in it")),
        ReturnRefusal::PiecesOfCurrencies => {
            invalid("it was sold in another currency than the pieces before it: give it a return of its own")
        }
        ReturnRefusal::PiecesOfUnits => {
            invalid("it was sold in another unit than the pieces before it: give it a line of its own")
        }
        ReturnRefusal::ReturnableUpTo { most } => range(&format!("{most} of this order line can be returned")),
        ReturnRefusal::PiecesAboveLine => range("the pieces are more than the line's quantity"),
        ReturnRefusal::SerialLeftElsewhere { code } => {
            invalid(&format!("serial number {code} was not shipped with the order line that it is returned on"))
        }
        ReturnRefusal::SeveralLots { sku, tracking, codes } => {
            let noun = if *tracking == Tracking::Serial { "serial number" } else { "lot" };
            invalid(&format!("{sku} is tracked: say which {noun} comes in, of {}", list_codes(codes)))
        }
    }
}

/// Codes that a message names at most.
const MAX_NAMED_CODES: usize = 20;

/// Codes in a message; of many, how many there are besides.
fn list_codes(codes: &[String]) -> String {
    let code_list = codes.get(..MAX_NAMED_CODES).unwrap_or(codes).join(", ");
    match codes.len().saturating_sub(MAX_NAMED_CODES) {
        0 => code_list,
        hidden_count => format!("{code_list} and {hidden_count} more"),
    }
}

pub fn describe_step_refusal(refusal: &ReturnStepRefusal) -> CodeAndMessage {
    match refusal {
        ReturnStepRefusal::Status(status) => state(&format!(
            "the return is {status}; {}",
            list_mutations(return_actions_from(*status).map(ReturnAction::mutation))
        )),
        ReturnStepRefusal::NothingNamed => invalid("at least one line is needed; leave lines out for all outstanding goods"),
        ReturnStepRefusal::ChargeDoesNotCome => invalid("a CHARGE does not come: it counts once the goods have"),
        ReturnStepRefusal::AwaitedUpTo { most } if *most > 0 => range(&format!("between 1 and {most} can come")),
        ReturnStepRefusal::AwaitedUpTo { .. } => range("nothing of it is awaited"),
        ReturnStepRefusal::NotByLots => invalid("it is not kept by lots"),
        ReturnStepRefusal::NothingCame => state("nothing of it has come: returnReject ends it"),
        ReturnStepRefusal::SeenBeforeItCame => range("it is before the goods arrived"),
        ReturnStepRefusal::NothingToLookAt => invalid("all received goods are inspected already"),
        ReturnStepRefusal::NothingSeenNamed => {
            invalid("at least one line is needed; leave lines out to inspect all goods that are not inspected yet")
        }
        ReturnStepRefusal::UnseenUpTo { sku, most } if *most > 0 => range(&format!("between 1 and {most} of {sku}")),
        ReturnStepRefusal::UnseenUpTo { sku, .. } => range(&format!("nothing of {sku} is left to inspect")),
        ReturnStepRefusal::CameInNoLot => invalid("none of it was received in a lot"),
        ReturnStepRefusal::UnseenOfLot { quantity } => range(&format!("{quantity} of this lot is received and not inspected")),
        ReturnStepRefusal::RefundIn(currency) => invalid(&format!("the return is in {currency}")),
        ReturnStepRefusal::RefundUpTo(most) => {
            range(&format!("between 0 and {} was charged for the received goods", most.amount()))
        }
    }
}
