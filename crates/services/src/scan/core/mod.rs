//! Parses a scanned code: GS1 element strings, GS1 Digital Links, numbers with a check digit, plain
//! codes. Reads neither the network nor the database.
//!
//! Source of the table and of the rules: GS1 General Specifications, release 24, sections 3
//! (application identifiers), 7.8 (FNC1), 7.9 (check digits) and 7.12 (dates); GS1 Digital Link:
//! URI syntax, release 1.4.

mod check_digit;
mod date;
mod digital_link;
mod element_string;
mod identifier;
mod names;
mod reading;

use inventory::catalog::core::gtin;

pub use check_digit::is_sscc;
pub use identifier::{Identifier, Length};
pub use names::{InvoiceNumber, Kind, MatchedBy, Names, WorkNumber, parse_number, tracking_spellings};
pub use reading::{Element, Format, MAX_BYTES, Problem, ProblemKind, ScannedCode};

/// Reads a code. `year` is the present one: years of two digits are the nearest.
pub fn read(code: &str, year: i32) -> ScannedCode {
    if code.len() > MAX_BYTES {
        let problem = Some(Problem { kind: ProblemKind::TooLong, at: MAX_BYTES });
        return ScannedCode { format: Format::Plain, elements: Vec::new(), problem };
    }
    // Scanners end a code as keyboards end a line.
    let code = code.trim_end_matches(['\r', '\n', '\t', ' ']);
    let links = code.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
        || code.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
    if links {
        return digital_link::read(code, year).unwrap_or_else(|| read_plain(code));
    }
    element_string::read(code, year).unwrap_or_else(|| read_plain(code))
}

/// Reads a code without elements, by its length and check digit.
fn read_plain(code: &str) -> ScannedCode {
    let format = match code.trim() {
        digits if is_sscc(digits) => Format::Sscc,
        digits if gtin::expected_check_digit(digits).is_none() || gtin::wrong_check_digit(digits).is_some() => Format::Plain,
        digits if digits.len() == 12 => Format::Upc,
        _ => Format::Ean,
    };
    ScannedCode { format, elements: Vec::new(), problem: None }
}

#[cfg(test)]
mod tests;
