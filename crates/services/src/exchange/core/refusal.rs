//! Rows that are refused, and why: values, of which `shell/wording.rs` makes codes and texts.

use entity::prelude::*;
use inventory::ledger::DocumentNumber;

use super::orders::Unfit;

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
    pub fn new(number: i64, field: &str, why: Refusal) -> Self {
        Self { number, field: field.to_owned(), why }
    }
    pub fn required(number: i64, field: &str) -> Self {
        Self::new(number, field, Refusal::Required)
    }
    pub fn missing(number: i64, field: &str, what: &'static str) -> Self {
        Self::new(number, field, Refusal::Missing(what))
    }
}

/// Why a row is refused. Texts are the beginnings of what its cells have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The row is none: the words of the reader.
    Unreadable(String),
    /// The room that the row belongs to refused it, with this code and these words.
    ByRoom {
        code: String,
        words: String,
    },
    Required,
    /// Nothing has this name: what it would be.
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
    /// A whole number that 64 bits do not hold.
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

/// Why the rows of an order are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRefusal {
    Unfit(Unfit),
    /// A row before it says another value of a field that an order has once.
    Disagrees {
        first: i64,
        field: String,
    },
    FirstStatus,
    /// The caller may not give prices.
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
