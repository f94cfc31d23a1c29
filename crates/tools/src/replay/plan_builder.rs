//! Rows of a file, collected for its plan. Invoices, SKUs and customers are numbered in the order of
//! their first use.

use std::collections::HashMap;

use jiff::civil::DateTime;

use super::plan::DocumentKind;
use super::rule::Kind;

/// A row that moves stock. 32 bytes, kept until lines are merged.
pub(super) struct StockRow {
    pub document: u32,
    pub product: u32,
    pub row: u32,
    /// Into the notes, for adjustments.
    pub note: u32,
    /// Positive for orders and returns, signed for adjustments.
    pub quantity: i64,
    pub price: i64,
}

pub(super) struct DraftDocument {
    pub kind: DocumentKind,
    pub invoice: u32,
    pub time: DateTime,
    /// The lowest row number.
    pub seq: u32,
    pub customer: Option<u32>,
    /// Country of the first row, by its code.
    pub country: Option<&'static str>,
}

pub(super) struct ServiceRow {
    pub invoice: u32,
    pub credit: bool,
    pub sku: Box<str>,
    /// Name of a charge without a code; empty otherwise.
    pub name: Box<str>,
    /// Positive for a charge; a credit's sign is turned, so that it is positive too.
    pub quantity: i64,
    pub price: i64,
    pub row: u32,
}

/// The documents of an invoice: an order, a return, an adjustment.
pub(super) type Slots = [Option<u32>; 3];

/// Uses of a name for a product, and the row of the first use.
#[derive(Default)]
pub(super) struct NameUse {
    pub sales: u64,
    pub first_sale: u32,
    pub all: u64,
    pub first: u32,
}

#[derive(Default)]
pub(super) struct PlanBuilder {
    pub rows_by_kind: [u64; Kind::ALL.len()],
    pub first_time: Option<DateTime>,
    pub invoices: Interner,
    pub slots: Vec<Slots>,
    pub drafts: Vec<DraftDocument>,
    pub skus: Interner,
    pub names: Vec<HashMap<Box<str>, NameUse>>,
    pub customers: Interner,
    pub countries: Vec<Box<str>>,
    pub picks: Vec<StockRow>,
    pub notes: Vec<Box<str>>,
    pub services: Vec<ServiceRow>,
}

/// Texts numbered in the order of their first use.
#[derive(Default)]
pub(super) struct Interner {
    index: HashMap<Box<str>, u32>,
    pub list: Vec<Box<str>>,
}

impl Interner {
    pub(super) fn intern(&mut self, text: &str) -> u32 {
        if let Some(&existing_number) = self.index.get(text) {
            return existing_number;
        }
        let number = self.list.len() as u32;
        self.index.insert(text.into(), number);
        self.list.push(text.into());
        number
    }
}
