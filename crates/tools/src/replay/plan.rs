//! The events of a file in their order: the driver sends them, and the totals are computed from
//! them.
//!
//! The plan holds 24 bytes for a line and one text for a product, a customer, a document and an
//! adjustment's note. Planning a year of 541,909 rows peaks at 45 MB for the whole process
//! (measured, debug build); it grows with lines, not with bytes.

use std::ops::Range;

use jiff::civil::DateTime;

use super::reader::FileSummary;
use super::rule::Kind;

/// The zone of every time in the file.
pub const TIME_ZONE: &str = "Europe/London";
/// The currency of every price in the file, in every country.
pub const CURRENCY: &str = "GBP";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    Order,
    Return,
    Adjustment,
}

/// Sorted by SKU, so that an index compares as its SKU does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub sku: Box<str>,
    pub name: Box<str>,
    /// Pence; the first positive price it was sold at, 0 when there was none.
    pub price: i64,
    /// Pence; 60 % of `price`, rounded down.
    pub cost: i64,
    /// Units in the opening receipt.
    pub opening: i64,
    /// Units on hand after the last document.
    pub closing: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The id in the file.
    pub external_ref: Box<str>,
    /// Country in the customer's earliest row, as the file writes it.
    pub country: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub kind: DocumentKind,
    pub invoice: Box<str>,
    /// Local time in [`TIME_ZONE`].
    pub time: DateTime,
    /// Index into [`Plan::customers`]; none for guests and adjustments.
    pub customer: Option<u32>,
    /// Country of the customer, guests too: a code of ISO 3166; None if the file names no country.
    pub country: Option<&'static str>,
    /// Into [`Plan::lines`].
    pub lines: Range<u32>,
    /// Into [`Plan::charges`]: charges of an order, credits of a return.
    pub charges: Range<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Index into [`Plan::products`].
    pub product: u32,
    /// Index into [`Plan::notes`] for an adjustment; not used otherwise.
    pub note: u32,
    /// Positive for orders and returns; signed for adjustments.
    pub quantity: i64,
    /// Pence for a unit; not used by adjustments.
    pub price: i64,
}

/// A line that is no stock: postage, a fee, a discount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The service's code; the description of a row without one.
    pub name: Box<str>,
    /// Positive, but for a credit that takes back another one.
    pub quantity: i64,
    pub price: i64,
}

impl Charge {
    /// A credit that takes back another one keeps a positive quantity and turns its price.
    pub fn signed_price(&self) -> i64 {
        if self.quantity < 0 { -self.price } else { self.price }
    }
}

/// Units of a return line that came from one order line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Index into [`Plan::lines`].
    pub return_line: u32,
    /// Index into [`Plan::lines`].
    pub order_line: u32,
    pub units: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub seal: FileSummary,
    /// In the order of [`Kind::ALL`].
    pub rows_by_kind: [u64; Kind::ALL.len()],
    /// Local midnight before the file's first row.
    pub opening_time: DateTime,
    pub products: Vec<Product>,
    pub customers: Vec<Customer>,
    /// By (time, lowest row number).
    pub documents: Vec<Document>,
    pub lines: Vec<Line>,
    pub charges: Vec<Charge>,
    pub notes: Vec<Box<str>>,
    /// Sorted by return line, the latest order first.
    pub pieces: Vec<Piece>,
    /// Invoices with charges and no order, which make nothing.
    pub skipped_charge_only: u64,
    /// Credit invoices with charge credits and no return, which make nothing.
    pub skipped_credit_only: u64,
}

impl Plan {
    pub fn lines_of(&self, document: &Document) -> &[Line] {
        &self.lines[document.lines.start as usize..document.lines.end as usize]
    }

    pub fn charges_of(&self, document: &Document) -> &[Charge] {
        &self.charges[document.charges.start as usize..document.charges.end as usize]
    }

    /// The pieces of a return's lines, in line order.
    pub fn pieces_of(&self, document: &Document) -> &[Piece] {
        let from = self.pieces.partition_point(|p| p.return_line < document.lines.start);
        let to = self.pieces.partition_point(|p| p.return_line < document.lines.end);
        &self.pieces[from..to]
    }

    /// The index of the document that a line belongs to.
    pub fn document_of(&self, line: u32) -> u32 {
        self.documents.partition_point(|d| d.lines.end <= line) as u32
    }

    pub fn product(&self, line: &Line) -> &Product {
        &self.products[line.product as usize]
    }

    /// Lines that move stock, the opening receipt's included.
    pub fn movements(&self) -> u64 {
        self.lines.len() as u64 + self.products.iter().filter(|p| p.opening > 0).count() as u64
    }
}
