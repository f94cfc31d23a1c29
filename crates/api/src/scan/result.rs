//! Contents of a scanned code and the objects that it names, as the API shows them.

use async_graphql::{Enum, Object, SimpleObject};
use entity::prelude;
use macros::resolvers;
use services::scan::core::{Element, Format, MatchedBy, Problem, ProblemKind};

use super::SearchKind;
use crate::{
    catalog::{Barcode, Store},
    graphql::scalars::{Date, Quantity},
    schema::Node,
    stock::Lot,
};

/// Notation of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ScanFormat {
    /// Any other code: a SKU, a number, a barcode without check digit.
    Plain,
    /// GS1 element string: application identifiers with their values.
    #[graphql(name = "GS1_ELEMENT_STRING")]
    ElementString,
    /// GS1 Digital Link: a web address with application identifiers. It is not fetched.
    #[graphql(name = "GS1_DIGITAL_LINK")]
    DigitalLink,
    /// GTIN of 8, 13 or 14 digits with a correct check digit.
    Ean,
    /// GTIN of 12 digits with a correct check digit.
    Upc,
    /// SSCC, the 18 digits of a logistic unit, with a correct check digit.
    Sscc,
}

impl From<Format> for ScanFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Plain => Self::Plain,
            Format::ElementString => Self::ElementString,
            Format::DigitalLink => Self::DigitalLink,
            Format::Ean => Self::Ean,
            Format::Upc => Self::Upc,
            Format::Sscc => Self::Sscc,
        }
    }
}

/// Kind of a problem in a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ScanProblemCode {
    /// An element ends before its length.
    Truncated,
    /// A GTIN or SSCC has a wrong check digit, so it names nothing.
    BadCheckDigit,
    /// The place in the code has no known application identifier.
    UnknownAi,
    /// A key, or a qualifier of a GTIN such as a batch or a serial number, is in the query of a Digital Link: GS1 allows it in the path only.
    Misplaced,
    /// The code is of a pack whose barcode is not kept: the match is the item in it. Do not book the pack as one item.
    UnknownPack,
    /// A date is no day of the calendar.
    BadDate,
    /// A value is longer than its application identifier allows, or the code is longer than 512 bytes.
    TooLong,
}

/// A problem in a code. Everything before it was read.
#[derive(Debug, Clone, SimpleObject)]
pub struct ScanProblem {
    /// Kind of the problem.
    pub code: ScanProblemCode,
    /// Bytes of the input before the element that has the problem, 0 to 512.
    pub at: i32,
    /// Sentence for people.
    pub message: String,
}

impl From<Problem> for ScanProblem {
    fn from(problem: Problem) -> Self {
        let offset = i32::try_from(problem.at).unwrap_or(i32::MAX);
        let (code, message) = match problem.kind {
            ProblemKind::Truncated => (ScanProblemCode::Truncated, format!("The element at byte {offset} is cut off. Scan the code again.")),
            ProblemKind::BadCheckDigit => {
                (ScanProblemCode::BadCheckDigit, format!("The number at byte {offset} has a wrong check digit. Scan the code again."))
            }
            ProblemKind::UnknownIdentifier => {
                (ScanProblemCode::UnknownAi, format!("No known application identifier begins at byte {offset}. What follows may be missing."))
            }
            ProblemKind::Misplaced => (
                ScanProblemCode::Misplaced,
                format!("The element at byte {offset} belongs in the path of the link and was not read. Enter it by hand."),
            ),
            ProblemKind::UnknownPack => (
                ScanProblemCode::UnknownPack,
                "This pack has no barcode here; the match is the item in it. Add the barcode with its pack quantity to the product."
                    .to_owned(),
            ),
            ProblemKind::BadDate => (ScanProblemCode::BadDate, format!("The date at byte {offset} is no day of the calendar.")),
            ProblemKind::TooLong => (ScanProblemCode::TooLong, format!("The value at byte {offset} is too long. What follows was not read.")),
        };
        Self { code, at: offset, message }
    }
}

/// Element of a GS1 code.
#[derive(Debug, Clone, SimpleObject)]
pub struct Gs1Element {
    /// Application identifier, two to four digits: "01" is a GTIN, "10" a batch.
    pub ai: String,
    /// Value as it was read, without its application identifier.
    pub value: String,
    /// Day that the value says. Null unless the element is a date.
    pub date: Option<Date>,
}

impl From<Element> for Gs1Element {
    fn from(element: Element) -> Self {
        Self { ai: element.identifier, value: element.value, date: element.date.map(Date) }
    }
}

/// Answer to a scanned code.
pub struct ScanResult {
    pub input: String,
    pub format: Format,
    pub matches: Vec<ScanMatch>,
    pub has_more_matches: bool,
    pub elements: Vec<Element>,
    pub problem: Option<Problem>,
}

/// Content of a scanned code, and the things that it names.
#[Object]
impl ScanResult {
    /// Code as it was sent.
    async fn input(&self) -> &str {
        &self.input
    }
    /// Notation of the code.
    async fn format(&self) -> ScanFormat {
        self.format.into()
    }
    /// Things that the code names and the caller may read: by barcode, SKU, number, lot code, serial number, store code, supplier code, category slug,
    /// external reference, tracking number, in this order. At most 50, and at most 20 of a kind by one of these names; empty if
    /// there are none.
    async fn matches(&self) -> &[ScanMatch] {
        &self.matches
    }
    /// True if the code names more things that the caller may read than `matches` has.
    async fn has_more_matches(&self) -> bool {
        self.has_more_matches
    }
    /// Elements of a GS1 code, in the order in which they were read. Empty for other codes.
    async fn elements(&self) -> Vec<Gs1Element> {
        self.elements.iter().cloned().map(Gs1Element::from).collect()
    }
    /// First problem of the code. Null if it was read whole.
    async fn problem(&self) -> Option<ScanProblem> {
        self.problem.map(ScanProblem::from)
    }
}

/// Thing that a scanned code names.
pub struct ScanMatch {
    pub node: Node,
    pub kind: SearchKind,
    pub by: MatchedBy,
    pub barcode: Option<Barcode>,
    pub lot: Option<Lot>,
    pub lot_code: Option<String>,
    pub serial: Option<String>,
    /// Days since 1970-01-01.
    pub expires_on: Option<i32>,
    pub quantity: Option<prelude::Quantity>,
    pub store: Option<Store>,
}

/// Thing that a scanned code names, with what the code says of it.
#[resolvers]
impl ScanMatch {
    /// The thing.
    async fn node(&self) -> &Node {
        &self.node
    }
    /// Kind of the thing.
    async fn kind(&self) -> SearchKind {
        self.kind
    }
    /// Name that matched: "barcode", "sku", "number", "lotCode", "serial", "storeCode", "supplierCode", "categorySlug", "externalRef" or
    /// "trackingNumber".
    async fn matched_by(&self) -> &'static str {
        match self.by {
            MatchedBy::Barcode => "barcode",
            MatchedBy::Sku => "sku",
            MatchedBy::Number => "number",
            MatchedBy::LotCode => "lotCode",
            MatchedBy::Serial => "serial",
            MatchedBy::StoreCode => "storeCode",
            MatchedBy::SupplierCode => "supplierCode",
            MatchedBy::CategorySlug => "categorySlug",
            MatchedBy::ExternalRef => "externalRef",
            MatchedBy::TrackingNumber => "trackingNumber",
        }
    }
    /// Barcode that matched. Null if the thing matched by another name.
    async fn barcode(&self) -> Option<Barcode> {
        self.barcode.clone()
    }
    /// Smallest units in the pack that the barcode is of; 1 for every other match.
    async fn pack_quantity(&self) -> Quantity {
        self.barcode.as_ref().map_or(Quantity(prelude::Quantity::ONE), |barcode| barcode.pack_quantity)
    }
    /// Lot of the product, or the lot itself. Null if the code names no lot that the caller may read, and if `kinds` leaves lots out.
    // Null for callers without `StockRead`.
    #[field(permit(StockRead, in_body))]
    async fn lot(&self) -> Option<&Lot> {
        self.lot.as_ref()
    }
    /// Batch in the code. Null if the code has none.
    async fn lot_code(&self) -> Option<&str> {
        self.lot_code.as_deref()
    }
    /// Serial number in the code. Null if the code has none.
    async fn serial(&self) -> Option<&str> {
        self.serial.as_deref()
    }
    /// Expiry date in the code, else its best-before date. Null if the code has neither.
    async fn expires_on(&self) -> Option<Date> {
        self.expires_on.map(Date)
    }
    /// Count in the code, in the product's smallest units: of items of a variable measure, or in a logistic unit. Null if the code has none.
    async fn quantity(&self) -> Option<Quantity> {
        self.quantity.map(Quantity)
    }
    /// Store that the code names. Null for every other match.
    // Null for callers without `StoreRead`.
    #[field(permit(StoreRead, in_body))]
    async fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }
}
