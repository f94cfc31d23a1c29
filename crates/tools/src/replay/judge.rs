//! What the API would refuse of a row, found while the file is read: before anything is sent, with the row to look at.

use entity::prelude::Timestamp;
use jiff::civil::DateTime;

use super::documents;
use super::error::ReplayError;
use super::plan::Product;
use super::reader::Row;
use super::rule::Kind;

/// How many characters the API keeps of a name: a product's or a customer's, and a customer's reference.
pub(super) const NAME: usize = 255;
/// Of a charge's name.
pub(super) const CHARGE: usize = 300;
const SKU: usize = 64;
const NOTE: usize = 1_000;
/// Of a document's reference, which is the invoice number; an adjustment's has `ADJ-` before it.
const REFERENCE: usize = 128;
const PREFIX: usize = 4;
/// The largest number that the API tells, of units and of pence.
const MOST: i128 = (1 << 53) - 1;
/// How far ahead of its clock the API takes a time.
const AHEAD_MINUTES: i64 = 5;

/// Local time after which nothing can have happened yet.
pub(super) fn latest(now: Timestamp) -> Result<DateTime, ReplayError> {
    let now = jiff::Timestamp::from_microsecond(now.0).unwrap_or(jiff::Timestamp::MAX);
    let ahead = now.saturating_add(jiff::SignedDuration::from_mins(AHEAD_MINUTES)).unwrap_or(now);
    Ok(documents::zone()?.to_datetime(ahead))
}

/// What a row holds that databases cannot keep, or that is not read as it was meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Without {
    Controls,
    Nul,
}

/// Goes through the rows of one file; the sums of all documents of a kind bound each document's.
pub(super) struct Judge<'a> {
    file: &'a str,
    latest: DateTime,
    units: i128,
    sold: i128,
    given_back: i128,
}

impl<'a> Judge<'a> {
    pub fn new(file: &'a str, latest: DateTime) -> Self {
        Self { file, latest, units: 0, sold: 0, given_back: 0 }
    }

    /// `sku` and `description` as the rule makes them.
    pub fn row(&mut self, row: &Row<'_>, kind: Kind, sku: &str, description: &str) -> Result<(), ReplayError> {
        let is_adjustment = matches!(kind, Kind::AdjustIn | Kind::AdjustOut);
        if matches!(kind, Kind::Financial | Kind::ServiceIgnored | Kind::Ignored) {
            return Ok(());
        }
        let reference = if is_adjustment { REFERENCE - PREFIX } else { REFERENCE };
        self.text(row, "InvoiceNo", row.invoice, reference, Without::Nul)?;
        let code = if matches!(kind, Kind::Charge | Kind::ChargeCredit) { CHARGE } else { SKU };
        self.text(row, "StockCode", sku, code, Without::Controls)?;
        if is_adjustment {
            self.text(row, "Description", description, NOTE, Without::Nul)?;
        } else if let Some(customer) = row.customer {
            self.text(row, "CustomerID", customer, NAME, Without::Controls)?;
        }
        if row.time > self.latest {
            return Err(
                self.refusal(row.number, format!("InvoiceDate {} lies in the future", super::flat_values::local(row.time)))
            );
        }
        self.sums(row, kind)
    }

    fn sums(&mut self, row: &Row<'_>, kind: Kind) -> Result<(), ReplayError> {
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
        match too_much.into_iter().find(|(_, sum)| *sum > MOST) {
            None => Ok(()),
            Some((what, _)) => Err(self
                .refusal(row.number, format!("with it the file comes to more than {MOST} {what}, the most that the API tells"))),
        }
    }

    fn text(&self, row: &Row<'_>, column: &str, text: &str, most: usize, without: Without) -> Result<(), ReplayError> {
        match fault(text, most, without) {
            None => Ok(()),
            Some(why) => Err(self.refusal(row.number, format!("{column} {why}"))),
        }
    }

    fn refusal(&self, row: u32, reason: String) -> ReplayError {
        ReplayError::BadRow { file: self.file.to_owned(), row: u64::from(row), reason }
    }
}

/// A product's name, which may come from any of its rows; `row` is the first one that has it.
pub(super) fn name(file: &str, name: &str, row: u32) -> Result<(), ReplayError> {
    match fault(name, NAME, Without::Controls) {
        None => Ok(()),
        Some(why) => {
            let reason = format!("Description {why}, and would be a product's name");
            Err(ReplayError::BadRow { file: file.to_owned(), row: u64::from(row), reason })
        }
    }
}

/// What the stock may be worth at its most: all that ever comes in, at its cost.
pub(super) fn worth(file: &str, products: &[Product], came_back: &[i64]) -> Result<(), ReplayError> {
    let mut sum = 0;
    for (product, back) in products.iter().zip(came_back) {
        sum += (i128::from(product.opening) + i128::from(*back)) * i128::from(product.cost);
        if sum > MOST {
            let reason =
                format!("with product {} the stock is worth more than {MOST} pence, the most that the API tells", product.sku);
            return Err(ReplayError::TooMuch { file: file.to_owned(), reason });
        }
    }
    Ok(())
}

fn fault(text: &str, most: usize, without: Without) -> Option<String> {
    // Most texts are short: only a long one is counted.
    if text.len() > most && text.chars().nth(most).is_some() {
        return Some(format!("has {} characters; the API takes {most}", text.chars().count()));
    }
    let is_bad = |c: char| c == '\0' || without == Without::Controls && c.is_control();
    text.chars().any(is_bad).then(|| "holds a control character".to_owned())
}
