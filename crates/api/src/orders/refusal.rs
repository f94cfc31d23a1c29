//! Refusals of orders and returns as GraphQL says them: each its code and words, once.

use inventory::orders::core::{
    Action, LineRefusal, Refusal, ReturnAction, ReturnRefusal, ReturnStepRefusal, actions_from, return_actions_from,
};

use crate::{graphql::refusal::ErrorCode, stock::Said};

const NO_LINES: &str = "at least one line is needed";
const ONE_CURRENCY: &str = "an order has one currency";

pub fn invalid(message: &str) -> Said {
    (ErrorCode::Invalid, message.to_owned())
}
pub fn range(message: &str) -> Said {
    (ErrorCode::OutOfRange, message.to_owned())
}
pub fn state(message: &str) -> Said {
    (ErrorCode::InvalidState, message.to_owned())
}

/// The mutations that are open to a document.
pub fn open(mutations: impl Iterator<Item = &'static str>) -> String {
    let mutations: Vec<&str> = mutations.collect();
    if mutations.is_empty() { "nothing is open".to_owned() } else { format!("open are {}", mutations.join(", ")) }
}

pub fn order(why: &Refusal) -> Said {
    match why {
        Refusal::Status(status) => {
            state(&format!("the order is {status}; {}", open(actions_from(*status).filter_map(Action::mutation))))
        }
        Refusal::StoreArchived => state("the store is archived"),
        Refusal::ReferenceTaken { reference } => {
            (ErrorCode::Duplicate, format!("an order of this channel has the reference {reference}"))
        }
        Refusal::NoDirectChannel => invalid("there is no channel with the code DIRECT: name one"),
        Refusal::OddCountry => invalid("a code of ISO 3166, or a name, is expected"),
        Refusal::NoLines => invalid(NO_LINES),
        Refusal::SourcedOverCounter => {
            invalid("what is sold over the counter (FULFILLED) leaves from its store: leave sourcing out")
        }
        Refusal::NoDestination => invalid("NEAREST needs to know where the order goes: say destination, or another strategy"),
        Refusal::OverrideBeforeSale => invalid("only a sale that has happened (FULFILLED) can override a shortage"),
        Refusal::TooManyHolds { holds, most } => {
            (ErrorCode::LimitExceeded, format!("its lines and the parts of its kits are {holds}, and at most {most} are taken"))
        }
        Refusal::TotalTooLarge => range("the total is too large to be kept exactly"),
        Refusal::ReservationTwice => invalid("this reservation occurs twice"),
        Refusal::ReservationEnded(status) => state(&format!("it is {status}")),
        Refusal::HeldForOrder => state("it belongs to an order"),
        Refusal::HeldForDocument => state("it belongs to a document"),
        Refusal::DraftHolds => invalid("a DRAFT holds nothing: it takes no reservation's place"),
        Refusal::HeldProductElsewhere => invalid("it holds a product that no line of the order takes"),
        Refusal::TooManyShares { most } => (
            ErrorCode::LimitExceeded,
            format!("it would take more than {most} holds: let it come from fewer stores, or order in parts"),
        ),
        Refusal::KitChanged { sku } => state(&format!("what {sku} is made of has changed just now: try again")),
        Refusal::NothingNamed => invalid("at least one line is needed; leave lines out to ship all that is open"),
        Refusal::LineTwice => invalid("this line occurs twice"),
        Refusal::ShippableUpTo { most } => range(&format!("between 1 and {most} can be shipped")),
        Refusal::LotOfKit { sku } => invalid(&format!("{sku} is a kit: the lots of its components are picked")),
        Refusal::HeldInOtherStores => {
            state("nothing of it is held in its own store: name the store that it leaves from (OrderLine.allocations)")
        }
        Refusal::NothingHeldThere => state("nothing of it is held where it leaves from (OrderLine.allocations)"),
        Refusal::WaitsForStock => {
            state("all that is left of it waits for stock (backorders): name the lines to ship what has come meanwhile")
        }
        Refusal::MayNotShipThere => state("it is held in this store, and you lack the permission order.fulfil there"),
    }
}

pub fn line(why: &LineRefusal) -> Said {
    match why {
        LineRefusal::NotPositive => range("a quantity above 0 is expected"),
        LineRefusal::ProductUnnamed => invalid("a PRODUCT line names its product"),
        LineRefusal::ChargeWithProduct => invalid("a CHARGE has no product"),
        LineRefusal::ChargeUnnamed => invalid("a CHARGE needs a name"),
        LineRefusal::NoPrice => invalid("it has no price: give unitPrice"),
        LineRefusal::NegativePrice => range("a price is never negative"),
        LineRefusal::NegativeAmount => range("an amount of 0 or more is expected"),
        LineRefusal::DiscountAbovePrice => range("a discount is at most the line's price"),
        LineRefusal::TooLarge => range("the line is too large to be kept exactly"),
        LineRefusal::KitsTooLarge => range("what these kits are made of would pass 2^53 − 1"),
        LineRefusal::OtherCurrency => invalid(ONE_CURRENCY),
        LineRefusal::NotActive { sku, status } => state(&format!("{sku} is {status}: only ACTIVE products are sold")),
    }
}

pub fn sales_return(why: &ReturnRefusal) -> Said {
    match why {
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
            invalid(&format!("serial number {code} did not leave with what it goes back on"))
        }
    }
}

pub fn return_step(why: &ReturnStepRefusal) -> Said {
    match why {
        ReturnStepRefusal::Status(status) => {
            state(&format!("the return is {status}; {}", open(return_actions_from(*status).map(ReturnAction::mutation))))
        }
        ReturnStepRefusal::NothingNamed => invalid("at least one line is needed; leave lines out for all that has yet to come"),
        ReturnStepRefusal::ChargeDoesNotCome => invalid("a CHARGE does not come: it counts once the goods have"),
        ReturnStepRefusal::AwaitedUpTo { most } if *most > 0 => range(&format!("between 1 and {most} can come")),
        ReturnStepRefusal::AwaitedUpTo { .. } => range("nothing of it is awaited"),
        ReturnStepRefusal::NotByLots => invalid("it is not kept by lots"),
        ReturnStepRefusal::NothingCame => state("nothing of it has come: returnReject ends it"),
        ReturnStepRefusal::NothingToLookAt => invalid("all that has come was looked at"),
        ReturnStepRefusal::NothingSeenNamed => {
            invalid("at least one line is needed; leave lines out for all that nobody has looked at")
        }
        ReturnStepRefusal::UnseenUpTo { most } if *most > 0 => range(&format!("between 1 and {most} of it")),
        ReturnStepRefusal::UnseenUpTo { .. } => range("nothing of it is left to look at"),
        ReturnStepRefusal::CameInNoLot => invalid("none of it came in a lot"),
        ReturnStepRefusal::UnseenOfLot { quantity } => range(&format!("{quantity} of this lot came and nobody has looked at it")),
        ReturnStepRefusal::RefundIn(currency) => invalid(&format!("the return is in {currency}")),
        ReturnStepRefusal::RefundUpTo(most) => range(&format!("between 0 and {} was charged for what came", most.amount())),
    }
}
