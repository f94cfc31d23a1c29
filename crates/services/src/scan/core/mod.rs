//! Parses a scanned code: GS1 element strings, GS1 Digital Links, numbers with a check digit, plain
//! codes. Reads neither the network nor the database.
//!
//! Source of the table and of the rules: GS1 General Specifications, release 24, sections 3
//! (application identifiers), 7.8 (FNC1), 7.9 (check digits) and 7.12 (dates); GS1 Digital Link:
//! URI syntax, release 1.4.

mod date;
mod digital_link;
mod element_string;
mod identifier;
mod names;

use inventory::catalog::core::gtin;

pub use identifier::{Identifier, Length};
pub use names::{InvoiceNumber, Kind, MatchedBy, Names, WorkNumber, numbered, tracking_spellings};

/// Maximum bytes of a code.
pub const MAX_BYTES: usize = 512;

/// Content of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
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

/// Reads a code. `year` is the present one: years of two digits are the nearest.
pub fn read(code: &str, year: i32) -> Reading {
    if code.len() > MAX_BYTES {
        let problem = Some(Problem { kind: ProblemKind::TooLong, at: MAX_BYTES });
        return Reading { format: Format::Plain, elements: Vec::new(), problem };
    }
    // Scanners end a code as keyboards end a line.
    let code = code.trim_end_matches(['\r', '\n', '\t', ' ']);
    let links = code.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
        || code.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
    if links {
        return digital_link::read(code, year).unwrap_or_else(|| plain(code));
    }
    element_string::read(code, year).unwrap_or_else(|| plain(code))
}

/// Reads a code without elements, by its length and check digit.
fn plain(code: &str) -> Reading {
    let format = match code.trim() {
        digits if is_sscc(digits) => Format::Sscc,
        digits if gtin::expected_check_digit(digits).is_none() || gtin::wrong_check_digit(digits).is_some() => Format::Plain,
        digits if digits.len() == 12 => Format::Upc,
        _ => Format::Ean,
    };
    Reading { format, elements: Vec::new(), problem: None }
}

/// Whether these are the 18 digits of a logistic unit with a valid check digit.
pub fn is_sscc(digits: &str) -> bool {
    digits.len() == 18 && checks(digits)
}

/// Whether the last digit is the check digit of the others: weights 3 and 1 in turn from the right
/// (General Specifications, 7.9.1).
fn checks(digits: &str) -> bool {
    let Some((body, last)) = digits.split_at_checked(digits.len().saturating_sub(1)) else { return false };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || body.is_empty() {
        return false;
    }
    let weighted = |(place, byte): (usize, u8)| u32::from(byte - b'0') * if place % 2 == 0 { 3 } else { 1 };
    let sum: u32 = body.bytes().rev().enumerate().map(weighted).sum();
    last.parse() == Ok((10 - sum % 10) % 10)
}

impl Reading {
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
struct Builder {
    elements: Vec<Element>,
    problem: Option<Problem>,
}

impl Builder {
    fn fail(&mut self, kind: ProblemKind, at: usize) {
        self.problem.get_or_insert(Problem { kind, at });
    }

    /// Adds a complete value of an identifier, and checks it.
    fn take(&mut self, identifier: &Identifier<'_>, value: &str, at: usize, year: i32) {
        let mut date = None;
        if identifier.is_date() {
            date = date::read(value, year);
            if date.is_none() {
                self.fail(ProblemKind::BadDate, at);
            }
        }
        if identifier.has_check_digit() && !checks(value) {
            self.fail(ProblemKind::BadCheckDigit, at);
        }
        self.elements.push(Element { identifier: identifier.digits.to_owned(), value: value.to_owned(), date });
    }

    fn done(self, format: Format) -> Reading {
        Reading { format, elements: self.elements, problem: self.problem }
    }
}

#[cfg(test)]
mod tests;
