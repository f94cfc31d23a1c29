//! Rejections of orders in GraphQL: code and message of each, defined once.

use inventory::orders::core::{Action, LineRefusal, Refusal, actions_from};
use platform::plurals::pluralize;

use crate::{catalog::archived_message, graphql::refusal::ErrorCode, stock::CodeAndMessage};

pub const NO_LINES: &str = "at least one line is needed";
const ONE_CURRENCY: &str = "an order has one currency";

pub fn invalid(message: &str) -> CodeAndMessage {
    (ErrorCode::Invalid, message.to_owned())
}
pub fn range(message: &str) -> CodeAndMessage {
    (ErrorCode::OutOfRange, message.to_owned())
}
pub fn state(message: &str) -> CodeAndMessage {
    (ErrorCode::InvalidState, message.to_owned())
}

/// The mutations that are open to a document.
pub fn list_mutations(mutations: impl Iterator<Item = &'static str>) -> String {
    let mutations: Vec<&str> = mutations.collect();
    if mutations.is_empty() { "nothing is open".to_owned() } else { format!("open are {}", mutations.join(", ")) }
}

const COUNTER_SALE_TEXT: &str =
    "an order sold over the counter (FULFILLED) takes its goods from its own store: leave sourcing out";
const HELD_ELSEWHERE_TEXT: &str =
    "nothing of it is held in its own store: name the store that it leaves from (OrderLine.allocations)";
const BACKORDERED_TEXT: &str =
    "all its open units wait for stock (backorders): name the lines to ship those that have arrived since";
const HOLD_KINDS: &str =
    "CREDIT, FRAUD, ADDRESS, PAYMENT, or a text of your own in one line is expected; SHORT and SOURCING are the platform's own";

fn describe_remaining(units: i64) -> String {
    pluralize(units, "has left", "have left")
}

pub fn describe_order_refusal(refusal: &Refusal) -> CodeAndMessage {
    match refusal {
        Refusal::Status(status) => {
            state(&format!("the order is {status}; {}", list_mutations(actions_from(*status).filter_map(Action::mutation))))
        }
        Refusal::StoreArchived => state("the store is archived"),
        Refusal::ReferenceTaken { reference } => {
            (ErrorCode::Duplicate, format!("an order of this channel has the reference {reference}"))
        }
        Refusal::NoDirectChannel => invalid("there is no channel with the code DIRECT: name one"),
        Refusal::ChannelArchived { since } => invalid(&archived_message("channel", *since)),
        Refusal::CustomerArchived { since } => invalid(&archived_message("customer", *since)),
        Refusal::OddCountry => invalid("a code of ISO 3166, or a name, is expected"),
        Refusal::NoLines => invalid(NO_LINES),
        Refusal::SourcedOverCounter => invalid(COUNTER_SALE_TEXT),
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
        Refusal::KitChanged { sku } => state(&format!("the components of {sku} have just changed: try again")),
        Refusal::NothingNamed => invalid("at least one line is needed; leave lines out to ship all that is open"),
        Refusal::LineTwice => invalid("this line occurs twice"),
        Refusal::ShippableUpTo { most } => range(&format!("between 1 and {most} can be shipped")),
        Refusal::LotOfKit { sku } => invalid(&format!("{sku} is a kit: the lots of its components are picked")),
        Refusal::HeldInOtherStores => state(HELD_ELSEWHERE_TEXT),
        Refusal::NothingHeldThere => state("nothing of it is held where it leaves from (OrderLine.allocations)"),
        Refusal::WaitsForStock => state(BACKORDERED_TEXT),
        Refusal::NothingToCancel => invalid("at least one line is needed; leave lines out to cancel all that has not left"),
        Refusal::CancellableUpTo { most: 0 } => range("nothing of the line is left to cancel"),
        Refusal::CancellableUpTo { most } => range(&format!("between 1 and {most} can be cancelled")),
        Refusal::DraftIsEdited => state("a DRAFT owes nothing yet: set its lines by orderUpdate, or cancel it whole"),
        Refusal::OnHold { kinds } => (
            ErrorCode::OnHold,
            format!("The order is on hold: {}. Nothing leaves until each hold is lifted (orderHoldLift).", kinds.join(", ")),
        ),
        Refusal::NothingToHold(status) => state(&format!("the order is {status}: nothing of it leaves any more")),
        Refusal::HeldOften { most } => (ErrorCode::LimitExceeded, format!("an order has at most {most} holds at once")),
        Refusal::OddHoldKind => invalid(HOLD_KINDS),
        Refusal::HoldLifted => state("the hold is lifted already"),
        Refusal::MayNotShipThere => state("it is held in this store, and you lack the permission order.fulfil there"),
        Refusal::OnlyNotes(status) => state(&format!("the order is {status}: only its notes, tags and metadata change")),
        Refusal::LinesStay(status) => state(&format!("the order is {status}: its lines do not change any more")),
        Refusal::PriceOfShipped { sku } => state(&format!("some of {sku} has left at its price: cancel the rest and add a line")),
        Refusal::LeastQuantity { least } => range(&format!("{}: at least {least} is expected", describe_remaining(*least))),
        Refusal::NothingLeft => range("a discount or a tax is stated of a quantity above 0"),
        Refusal::TooManyLines { most } => (ErrorCode::LimitExceeded, format!("an order has at most {most} lines")),
        Refusal::TooManyTags { most } => (ErrorCode::LimitExceeded, format!("an order has at most {most} tags")),
        Refusal::MetadataTooLarge { most_bytes } => range(&format!("at most {most_bytes} bytes of JSON are kept")),
        Refusal::DraftLooksLater => invalid("a DRAFT looks for its stock when it is confirmed: say sourcing, not resourcing"),
        Refusal::OnlyOfDrafts(status) => {
            state(&format!("the order is {status}: store, channel, placedAt and sourcing change only while it is a DRAFT"))
        }
        Refusal::NothingToChange => invalid("nothing is said: name a field to change"),
        Refusal::EmptyTag => invalid("a tag is more than blanks"),
        Refusal::NoObject => invalid("a JSON object is expected"),
        Refusal::EmptyContact => invalid("a contact has at least one field; null takes it off"),
        Refusal::EmptyAddress => invalid("an address has at least one field; null takes it off"),
    }
}

pub fn describe_line_refusal(refusal: &LineRefusal) -> CodeAndMessage {
    match refusal {
        LineRefusal::NotPositive => range("a quantity above 0 is expected"),
        LineRefusal::ProductUnnamed => invalid("a PRODUCT line names its product"),
        LineRefusal::ChargeWithProduct => invalid("a CHARGE has no product"),
        LineRefusal::ChargeUnnamed => invalid("a CHARGE needs a name"),
        LineRefusal::NoPrice => invalid("it has no price: give unitPrice"),
        LineRefusal::NegativePrice => range("a price is never negative"),
        LineRefusal::NegativeAmount => range("an amount of 0 or more is expected"),
        LineRefusal::DiscountAbovePrice => range("a discount is at most the line's price"),
        LineRefusal::RateBelowZero => invalid("a price below 0 has no tax rate: state its tax as an amount"),
        LineRefusal::OtherTaxThanRate { tax } => {
            invalid(&format!("the rate results in a tax of {}: leave one of the two out", tax.amount()))
        }
        LineRefusal::TooLarge => range("the line is too large to be kept exactly"),
        LineRefusal::KitsTooLarge => range("the components of these kits would exceed 2^53 − 1"),
        LineRefusal::OtherCurrency => invalid(ONE_CURRENCY),
        LineRefusal::NotActive { sku, status } => state(&format!("{sku} is {status}: only ACTIVE products are sold")),
    }
}
