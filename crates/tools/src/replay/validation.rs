//! Checks of a row against the limits of the API, run while the file is read: before anything is
//! sent, and with the row to look at.

use entity::prelude::Timestamp;
use jiff::civil::DateTime;

use super::documents;
use super::error::ReplayError;
use super::plan::Product;
use super::reader::Row;
use super::rule::Kind;

/// Maximum characters of a name in the API: a product's or a customer's, and a customer's
/// reference.
pub(super) const MAX_NAME_CHARS: usize = 255;
/// Maximum characters of a charge's name.
pub(super) const MAX_CHARGE_CHARS: usize = 300;
const MAX_SKU_CHARS: usize = 64;
const MAX_NOTE_CHARS: usize = 1_000;
/// Maximum characters of a document's reference, which is the invoice number; an adjustment's has
/// `ADJ-` before it.
const MAX_REFERENCE_CHARS: usize = 128;
const PREFIX_CHARS: usize = 4;
/// The largest number in the API, of units and of pence.
const MAX_SAFE: i128 = (1 << 53) - 1;
/// Minutes ahead of its clock for which the API accepts a time.
const MAX_AHEAD_MINUTES: i64 = 5;

/// Local time after which nothing can have happened yet.
pub(super) fn latest_time(now: Timestamp) -> Result<DateTime, ReplayError> {
    let now = jiff::Timestamp::from_microsecond(now.0).unwrap_or(jiff::Timestamp::MAX);
    let ahead = now.saturating_add(jiff::SignedDuration::from_mins(MAX_AHEAD_MINUTES)).unwrap_or(now);
    Ok(documents::time_zone()?.to_datetime(ahead))
}

/// Characters in a row that databases cannot keep, or that are not read as they were meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ForbiddenChars {
    Controls,
    Nul,
}

/// Goes through the rows of one file; the sums of all documents of a kind bound each document's.
pub(super) struct RowValidator<'a> {
    file: &'a str,
    latest: DateTime,
    units: i128,
    sold: i128,
    given_back: i128,
}

impl<'a> RowValidator<'a> {
    pub fn new(file: &'a str, latest: DateTime) -> Self {
        Self { file, latest, units: 0, sold: 0, given_back: 0 }
    }

    /// `sku` and `description` as the rule makes them.
    pub fn check_row(&mut self, row: &Row<'_>, kind: Kind, sku: &str, description: &str) -> Result<(), ReplayError> {
        let is_adjustment = matches!(kind, Kind::AdjustIn | Kind::AdjustOut);
        if matches!(kind, Kind::Financial | Kind::ServiceIgnored | Kind::Ignored) {
            return Ok(());
        }
        let reference = if is_adjustment { MAX_REFERENCE_CHARS - PREFIX_CHARS } else { MAX_REFERENCE_CHARS };
        self.check_text(row, "InvoiceNo", row.invoice, reference, ForbiddenChars::Nul)?;
        let code = if matches!(kind, Kind::Charge | Kind::ChargeCredit) { MAX_CHARGE_CHARS } else { MAX_SKU_CHARS };
        self.check_text(row, "StockCode", sku, code, ForbiddenChars::Controls)?;
        if is_adjustment {
            self.check_text(row, "Description", description, MAX_NOTE_CHARS, ForbiddenChars::Nul)?;
        } else if let Some(customer) = row.customer {
            self.check_text(row, "CustomerID", customer, MAX_NAME_CHARS, ForbiddenChars::Controls)?;
        }
        if row.time > self.latest {
            return Err(
                self.bad_row_error(row.number, format!("InvoiceDate {} is in the future", super::flat_values::local(row.time)))
            );
        }
        self.check_sums(row, kind)
    }

    fn check_sums(&mut self, row: &Row<'_>, kind: Kind) -> Result<(), ReplayError> {
        let units = i128::from(row.quantity).abs();
        let pence = units * i128::from(row.price).abs();
        match kind {
            Kind::Return | Kind::ChargeCredit => self.given_back += pence,
            _ => self.sold += pence,
        }
        if !matches!(kind, Kind::Charge | Kind::ChargeCredit) {
            self.units += units;
        }
        let too_much = [("units", self.units), ("pence sold", self.sold), ("pence given back", self.given_back)];
        match too_much.into_iter().find(|(_, sum)| *sum > MAX_SAFE) {
            None => Ok(()),
            Some((unit, _)) => {
                Err(self
                    .bad_row_error(row.number, format!("with it the file has more than {MAX_SAFE} {unit}, the limit of the API")))
            }
        }
    }

    fn check_text(
        &self,
        row: &Row<'_>,
        column: &str,
        text: &str,
        max_chars: usize,
        without: ForbiddenChars,
    ) -> Result<(), ReplayError> {
        match text_problem(text, max_chars, without) {
            None => Ok(()),
            Some(problem) => Err(self.bad_row_error(row.number, format!("{column} {problem}"))),
        }
    }

    fn bad_row_error(&self, row: u32, reason: String) -> ReplayError {
        ReplayError::BadRow { file: self.file.to_owned(), row: u64::from(row), reason }
    }
}

/// A product's name, which may come from any of its rows; `row` is the first one that has it.
pub(super) fn check_name(file: &str, name: &str, row: u32) -> Result<(), ReplayError> {
    match text_problem(name, MAX_NAME_CHARS, ForbiddenChars::Controls) {
        None => Ok(()),
        Some(problem) => {
            let reason = format!("Description {problem}, and would be a product's name");
            Err(ReplayError::BadRow { file: file.to_owned(), row: u64::from(row), reason })
        }
    }
}

/// Checks the highest possible value of the stock, of all units that ever arrive at their cost,
/// against the limit of the API.
pub(super) fn check_stock_value(file: &str, products: &[Product], came_back: &[i64]) -> Result<(), ReplayError> {
    let mut sum = 0;
    for (product, returned_units) in products.iter().zip(came_back) {
        sum += (i128::from(product.opening) + i128::from(*returned_units)) * i128::from(product.cost);
        if sum > MAX_SAFE {
            let reason =
                format!("with product {} the stock is worth more than {MAX_SAFE} pence, the limit of the API", product.sku);
            return Err(ReplayError::TooMuch { file: file.to_owned(), reason });
        }
    }
    Ok(())
}

fn text_problem(text: &str, max_chars: usize, without: ForbiddenChars) -> Option<String> {
    // Most texts are short: only a long one is counted.
    if text.len() > max_chars && text.chars().nth(max_chars).is_some() {
        return Some(format!("has {} characters; the API takes {max_chars}", text.chars().count()));
    }
    let is_bad = |c: char| c == '\0' || without == ForbiddenChars::Controls && c.is_control();
    text.chars().any(is_bad).then(|| "holds a control character".to_owned())
}
