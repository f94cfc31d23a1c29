//! Content of a code: its elements, and the first problem.

use super::{check_digit::checks, date, identifier::Identifier};

/// Maximum bytes of a code.
pub const MAX_BYTES: usize = 512;

/// Content of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedCode {
    pub format: Format,
    /// Elements in the order of the code.
    pub elements: Vec<Element>,
    /// The first problem; `elements` has the valid elements all the same.
    pub problem: Option<Problem>,
}

/// Notation of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Plain,
    ElementString,
    DigitalLink,
    /// A GTIN of 8, 13 or 14 digits.
    Ean,
    /// A GTIN of 12 digits.
    Upc,
    /// The 18 digits of a logistic unit.
    Sscc,
}

/// A value with its application identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Two to four digits.
    pub identifier: String,
    pub value: String,
    /// Days since 1970-01-01, if the identifier is a date's and the value is valid.
    pub date: Option<i32>,
}

/// Reason why a code was not read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    /// Offset of the faulty element, in bytes.
    pub at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The element is shorter than its length.
    Truncated,
    BadCheckDigit,
    /// No known identifier begins at this position.
    UnknownIdentifier,
    /// A key or a qualifier in the query of a link.
    Misplaced,
    /// The code is a pack, and the product has no barcode of the pack.
    UnknownPack,
    BadDate,
    /// The value is longer than its identifier allows, or the code is longer than the maximum.
    TooLong,
}

impl ScannedCode {
    /// Returns the first value of an identifier.
    pub fn value(&self, identifier: &str) -> Option<&str> {
        self.elements.iter().find(|element| element.identifier == identifier).map(|element| element.value.as_str())
    }
    /// Returns the product's GTIN: of a trade item, or of the content of a logistic unit.
    pub fn gtin(&self) -> Option<&str> {
        self.value("01").or_else(|| self.value("02")).filter(|digits| checks(digits))
    }
    /// The batch's code.
    pub fn lot(&self) -> Option<&str> {
        self.value("10")
    }
    /// The serial number.
    pub fn serial(&self) -> Option<&str> {
        self.value("21")
    }
    /// Returns the expiry date, else the best-before date; days since 1970-01-01.
    pub fn expires_on(&self) -> Option<i32> {
        let date = |identifier: &str| self.elements.iter().find(|element| element.identifier == identifier)?.date;
        date("17").or_else(|| date("15"))
    }
    /// Returns the number of items in the code: a variable count, or the count in a logistic unit.
    pub fn quantity(&self) -> Option<i64> {
        self.value("30").or_else(|| self.value("37"))?.parse().ok()
    }
}

/// Elements that have been read so far, and the first problem.
#[derive(Debug, Default)]
pub(super) struct Builder {
    elements: Vec<Element>,
    problem: Option<Problem>,
}

impl Builder {
    pub(super) fn record_problem(&mut self, kind: ProblemKind, at: usize) {
        self.problem.get_or_insert(Problem { kind, at });
    }

    /// Adds a complete value of an identifier, and checks it.
    pub(super) fn add_value(&mut self, identifier: &Identifier<'_>, value: &str, at: usize, year: i32) {
        let mut date = None;
        if identifier.is_date() {
            date = date::read(value, year);
            if date.is_none() {
                self.record_problem(ProblemKind::BadDate, at);
            }
        }
        if identifier.has_check_digit() && !checks(value) {
            self.record_problem(ProblemKind::BadCheckDigit, at);
        }
        self.elements.push(Element { identifier: identifier.digits.to_owned(), value: value.to_owned(), date });
    }

    pub(super) fn finish(self, format: Format) -> ScannedCode {
        ScannedCode { format, elements: self.elements, problem: self.problem }
    }
}
