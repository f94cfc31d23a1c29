//! Refused rows and the reasons, as values; `shell/rejection_messages.rs` converts them to codes
//! and texts.

use entity::prelude::*;
use inventory::ledger::DocumentNumber;

/// A row that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// From 1, without the header.
    pub number: i64,
    /// The column; empty for the row as a whole.
    pub field: String,
    pub why: Refusal,
}

impl Refused {
    pub fn new(number: i64, field: &str, refusal: Refusal) -> Self {
        Self { number, field: field.to_owned(), why: refusal }
    }
    pub fn required(number: i64, field: &str) -> Self {
        Self::new(number, field, Refusal::Required)
    }
    pub fn missing(number: i64, field: &str, noun: &'static str) -> Self {
        Self::new(number, field, Refusal::Missing(noun))
    }
}

/// Reasons to refuse a row. Texts are the beginnings of its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The row is unreadable; the text is the reader's.
    Unreadable(String),
    /// The room that the row belongs to refused it, with this code and these words.
    ByRoom {
        code: String,
        words: String,
    },
    Required,
    /// No object has this name; the value is the kind of the object.
    Missing(&'static str),
    NotWhole {
        text: String,
    },
    NotBoolean {
        text: String,
    },
    NotOneOf {
        words: &'static str,
        text: String,
    },
    NoLineKind,
    NoCurrency,
    /// A decimal number with a comma is expected.
    Pointed {
        text: String,
    },
    Amount(MoneyError),
    /// More than a field of 32 bits keeps.
    TooMuch,
    TooManyDays,
    UnitDecimals,
    DecimalsWithoutUnit,
    /// More than a quantity may be.
    OutOfRange,
    NoObject,
    LongObject,
    /// A whole number that exceeds 64 bits.
    LongNumber {
        text: String,
    },
    NoTags,
    TooManyTags,
    NoBarcodes,
    TooManyBarcodes,
    BarcodeIsNoText,
    BarcodeWithoutCode,
    PackQuantity,
    ChargeWithProduct,
    TaxRate,
    NoDay,
    DatesWithoutLot,
    NoMoment,
    Order(OrderRefusal),
}

/// Reasons to refuse the rows of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRefusal {
    Unfit(UnfitOrder),
    /// An earlier row has a different value in a field that an order has only once.
    Disagrees {
        first: i64,
        field: String,
    },
    FirstStatus,
    /// The caller may not set prices.
    Priced,
    Known {
        number: DocumentNumber,
    },
    Differs {
        number: DocumentNumber,
        field: String,
    },
    /// Another row of the order is refused.
    AsAWhole {
        row: i64,
        why: Box<Refusal>,
    },
}

/// Reasons to refuse an order whose rows cannot be determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnfitOrder {
    /// The order's rows are not adjacent.
    Scattered,
    TooLong,
    /// A row next to the order's rows does not name its order: it may belong to this one.
    Doubtful,
}
