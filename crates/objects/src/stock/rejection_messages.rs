//! Rejections of the rooms that move stock, in GraphQL: code and message of each, defined once.

use std::fmt::Display;

use entity::prelude::{LotStatus, Tracking};
use inventory::{
    ledger::CallRefusal,
    lots,
    stock::core::{AnyRefusal, ExpiredWay, LotRefusal, Noun, Reason, Refusal, RoomRefusal, Scarce},
};
use platform::{clock, storage::idempotency::MAX_KEY};

use crate::{
    counts, fulfilment,
    graphql::error_code::{CodeAndMessage, ErrorCode},
    orders, payments, purchasing, returns, reversals, transfers,
};

/// The rooms above stock, each with the messages of its own rejections.
const MESSAGE_SOURCES: [fn(&AnyRefusal) -> Option<CodeAndMessage>; 12] = [
    |any| of(any, describe_call_refusal),
    |any| of(any, describe_lot_refusal),
    |any| of(any, orders::refusal::describe_order_refusal),
    |any| of(any, orders::refusal::describe_line_refusal),
    |any| of(any, fulfilment::refusal::describe_work_refusal),
    |any| of(any, returns::refusal::describe_return_refusal),
    |any| of(any, returns::refusal::describe_step_refusal),
    |any| of(any, payments::refusal::describe_payment_refusal),
    |any| of(any, transfers::refusal::describe_transfer_refusal),
    |any| of(any, counts::refusal::describe_count_refusal),
    |any| of(any, purchasing::refusal::describe_purchase_refusal),
    |any| of(any, reversals::refusal::describe_reversal_refusal),
];

fn of<T: RoomRefusal>(any: &AnyRefusal, describe: fn(&T) -> CodeAndMessage) -> Option<CodeAndMessage> {
    any.get().map(describe)
}

/// Code and message of a reason, without available quantities.
pub fn describe_reason(reason: &Reason) -> CodeAndMessage {
    match reason {
        Reason::NotFound(what) => (ErrorCode::NotFound, format!("there is no such {}", noun(*what))),
        Reason::PeriodClosed { through } => {
            (ErrorCode::PeriodClosed, format!("the books are closed through {}", clock::day_text(*through)))
        }
        Reason::VersionConflict { level, .. } => {
            (ErrorCode::VersionConflict, format!("the level has changed: its version is {}", level.version))
        }
        Reason::StaleDocument { what, actual, .. } => {
            (ErrorCode::VersionConflict, format!("the {} has changed: its version is {actual}", noun(*what)))
        }
        Reason::Insufficient { level, requested, .. } => {
            (ErrorCode::InsufficientStock, format!("{requested} of {} asked for, and there is not so much", level.facts.sku))
        }
        Reason::LotShort { what, requested, .. } => {
            (ErrorCode::InsufficientStock, format!("{requested} of {} asked for, and there is not so much", scarce_goods(what)))
        }
        Reason::KeyReused => (ErrorCode::IdempotencyKeyReused, "this key was used before with another input".to_owned()),
        Reason::Stock(refusal) => describe_stock_refusal(refusal),
        Reason::Room(any) => {
            let message = MESSAGE_SOURCES.iter().find_map(|source| source(any));
            // A test finds the room that is missing above.
            message.unwrap_or_else(|| (ErrorCode::Invalid, "this cannot be done".to_owned()))
        }
    }
}

pub const fn noun(noun: Noun) -> &'static str {
    match noun {
        Noun::BlanketOrder => "blanket order",
        Noun::Carrier => "carrier",
        Noun::Category => "category",
        Noun::Channel => "channel",
        Noun::Count => "count",
        Noun::Customer => "customer",
        Noun::Document => "document",
        Noun::Fulfilment => "fulfilment",
        Noun::FulfilmentWork => "fulfilment work",
        Noun::FulfilmentWorkLine => "fulfilment work line",
        Noun::Hold => "hold",
        Noun::Line => "line",
        Noun::LineOfThisProduct => "line of this product",
        Noun::Lot => "lot",
        Noun::Movement => "movement",
        Noun::Order => "order",
        Noun::OrderLine => "order line",
        Noun::Parcel => "parcel",
        Noun::Payment => "payment",
        Noun::Product => "product",
        Noun::PurchaseOrder => "purchase order",
        Noun::PurchaseOrderLine => "purchase order line",
        Noun::Reservation => "reservation",
        Noun::Return => "return",
        Noun::ReturnLine => "return line",
        Noun::Store => "store",
        Noun::Supplier => "supplier",
        Noun::Transfer => "transfer",
        Noun::TransferLine => "transfer line",
    }
}

pub fn scarce_goods(goods: &Scarce) -> String {
    match goods {
        Scarce::Lot { code } => format!("lot {code}"),
        Scarce::OutsideParcels { code } => {
            format!("lot {code} (packed for orders: take another, or take it out of its parcel with fulfilmentWorkUnpick)")
        }
        Scarce::NotPacked { sku } => {
            format!(
                "{sku} in lots that may be taken (others are packed for orders: fulfilmentWorkUnpick takes them out of their parcels)"
            )
        }
        Scarce::Aside { sku, condition } => format!("{sku} that is {condition}"),
        Scarce::MayBeTaken { sku } => format!("{sku} in lots that may be taken"),
        Scarce::MayBeSold { sku } => format!("{sku} in lots that may be sold"),
        Scarce::NotHeld { sku } => format!("{sku} in lots that are not held for buyers"),
        Scarce::Kit { kit, part } => format!("{kit} (for {part})"),
        Scarce::Stores { sku, most: 1, .. } => format!("{sku} from one store"),
        Scarce::Stores { sku, most, .. } => format!("{sku} from at most {most} stores"),
    }
}

fn describe_call_refusal(refusal: &CallRefusal) -> CodeAndMessage {
    match refusal {
        CallRefusal::NoKey => (ErrorCode::Required, format!("a key of 1 to {MAX_KEY} characters is needed")),
        CallRefusal::NoText => (ErrorCode::Required, "a text is needed".to_owned()),
        CallRefusal::EmptyText => (ErrorCode::Invalid, "an empty text is not kept: leave it out".to_owned()),
        CallRefusal::Nul => (ErrorCode::Invalid, "a text without NUL characters is expected".to_owned()),
        CallRefusal::TextTooLong { most } => (ErrorCode::TooLong, format!("at most {most} characters are kept")),
        CallRefusal::OddCode => (ErrorCode::Invalid, "a code without control characters is expected".to_owned()),
        CallRefusal::TooMany { most } => (ErrorCode::LimitExceeded, format!("at most {most} are taken in one call")),
    }
}

const NOT_POSITIVE: &str = "a quantity above 0 is expected";
const NO_ITEMS: &str = "at least one item is needed";
const NOT_TRACKED: &str = "is not tracked by lots";

fn describe_stock_refusal(reason: &Refusal) -> CodeAndMessage {
    let invalid = |message: &str| (ErrorCode::Invalid, message.to_owned());
    let range = |message: &str| (ErrorCode::OutOfRange, message.to_owned());
    let state = |message: &str| (ErrorCode::InvalidState, message.to_owned());
    match reason {
        Refusal::NoChanges => invalid("at least one change is needed"),
        Refusal::NoItems => invalid(NO_ITEMS),
        Refusal::NoReservations => invalid("at least one reservation is needed"),
        Refusal::ChangeOfNothing => range("a change of 0 says nothing"),
        Refusal::BringsIn(kind) => range(&format!("a {kind} brings stock in: a delta above 0 is expected")),
        Refusal::TakesOut(kind) => range(&format!("a {kind} takes stock out: a delta below 0 is expected")),
        Refusal::NotPositive => range(NOT_POSITIVE),
        Refusal::NegativeStock => range("stock is never negative"),
        Refusal::NegativeCost => range("a cost is never negative"),
        Refusal::LevelTwice => invalid("this product and store occur twice: name them once"),
        Refusal::LineTooLarge => range("the line is too large to be kept exactly"),
        Refusal::RateMissing { from, to, day } => {
            let explanation = purchasing::refusal::rate_missing(*from, *to, *day);
            (ErrorCode::RateMissing, format!("{explanation} Without a rate, give unitCost in {to}."))
        }
        Refusal::Ahead => range("it lies more than five minutes ahead"),
        Refusal::TooEarly => range("it lies before 0001-01-02T00:00:00Z"),
        Refusal::Kit { sku } => {
            invalid(&format!("{sku} is a kit, whose stock is that of its components: name those (Product.components)"))
        }
        Refusal::Untracked { sku } => invalid(&format!("{sku} is not stocked (UNTRACKED)")),
        Refusal::ProductArchived { sku } => state(&format!("{sku} is ARCHIVED")),
        Refusal::StoreArchived => state("the store is archived"),
        Refusal::StockTooLarge => range("stock would pass 2^53 − 1"),
        Refusal::NoMovement => invalid("an entry needs a movement"),
        Refusal::TooManyEntries { most } => {
            (ErrorCode::LimitExceeded, format!("it would take more than {most} entries: do it in parts"))
        }
        Refusal::AlreadyReversed => state("it has been reversed already"),
        Refusal::KeepsCount => state("it records the result of a count: reverse the late movement instead, at its occurredAt"),
        Refusal::OfDocument(kind) => {
            state(&format!("it belongs to a document ({}): undo it there, or by documentReverse", kind.as_str()))
        }
        Refusal::NotReversible(kind) => state(&format!("a {kind} cannot be reversed")),
        Refusal::NoEntries => state("it has no entries"),
        Refusal::HeldForOrder => state("it belongs to an order: cancel the order instead"),
        Refusal::HeldForDocument => state("it belongs to a document: cancel that instead"),
        Refusal::ReservationEnded(status) => state(&format!("it is {status}; only an ACTIVE reservation can be released")),
        Refusal::TtlOutOfRange { least, most } => range(&format!("between {least} and {most} seconds")),
        Refusal::Lot(reason) => describe_stock_lot_refusal(reason),
    }
}

fn describe_stock_lot_refusal(reason: &LotRefusal) -> CodeAndMessage {
    let invalid = |message: String| (ErrorCode::Invalid, message);
    let range = |message: &str| (ErrorCode::OutOfRange, message.to_owned());
    let state = |message: String| (ErrorCode::InvalidState, message);
    match reason {
        LotRefusal::NotTracked { sku } => invalid(format!("{sku} {NOT_TRACKED}")),
        LotRefusal::Unsaid { sku, tracking } => {
            let noun = if *tracking == Tracking::Serial { "serial number" } else { "lot" };
            invalid(format!("{sku} is tracked: say which {noun} comes in"))
        }
        LotRefusal::SerialNotOne => range("a serial number stands for one unit: a line for each"),
        LotRefusal::SerialInStock { code } => {
            (ErrorCode::Duplicate, format!("serial number {code} is in stock already: it stands for one unit"))
        }
        LotRefusal::SerialUnderWay { code } => {
            (ErrorCode::Duplicate, format!("serial number {code} is under way with a transfer: it stands for one unit"))
        }
        LotRefusal::OtherDates { code } => invalid(format!("lot {code} is known with other dates: change them with lotUpdate")),
        LotRefusal::ExpiresBeforeMade => range("it would expire before it was made"),
        LotRefusal::Expired { code, way: ExpiredWay::SetAside } => {
            state(format!("lot {code} is past its date and set aside: stockMove writes it off, lotUpdate corrects its date"))
        }
        LotRefusal::Expired { code, way: ExpiredWay::Override } => {
            state(format!("lot {code} is past its date: only stock.override sells it (onShortage)"))
        }
        LotRefusal::Blocked { code, why: reason } => state(blocked_lot_text(code, reason)),
        LotRefusal::BlockedForReversal { code, why: reason } => {
            state(format!("lot {code} is {reason}: release it, or take the goods in by a movement of their own"))
        }
        LotRefusal::NotAvailable { code, status } => state(blocked_lot_text(code, status)),
        LotRefusal::NotOnRecord { sku } => invalid(format!("{sku} is tracked: take in the lot that was not on record first")),
    }
}

fn blocked_lot_text(code: &str, reason: impl Display) -> String {
    format!("lot {code} is {reason}: release the lot first")
}

fn describe_lot_refusal(reason: &lots::core::Refusal) -> CodeAndMessage {
    use lots::core::Refusal as Why;
    let state = |message: String| (ErrorCode::InvalidState, message);
    match reason {
        Why::NotTracked { sku } => state(format!("{sku} {NOT_TRACKED}")),
        Why::ProductArchived { sku } => state(format!("{sku} is ARCHIVED")),
        Why::CodeTaken { sku } => (ErrorCode::Duplicate, format!("{sku} has a lot with this code")),
        Why::Status(status) => {
            let open_mutations = match status {
                LotStatus::Available => "lotQuarantine, lotRecall",
                LotStatus::Quarantine => "lotRelease, lotRecall",
                LotStatus::Recalled => "lotRelease",
            };
            state(format!("the lot is {status}; open are {open_mutations}"))
        }
        Why::NoDiscrepancy => (ErrorCode::Invalid, "REFUSE or SHORTEN: nothing leaves, so no discrepancy is possible".to_owned()),
        Why::CameElsewhere => state("units of this lot have just arrived in another store: try again".to_owned()),
        Why::NoItems => (ErrorCode::Invalid, NO_ITEMS.to_owned()),
        Why::WayClosed => {
            state("this move is not possible: write off expired or recalled stock, or release it with its lot".to_owned())
        }
        Why::NotPositive => (ErrorCode::OutOfRange, NOT_POSITIVE.to_owned()),
        Why::Blocked { code, why: reason } => state(blocked_lot_text(code, reason)),
    }
}
