//! All refusals of the catalogue, as data. `objects/src/catalog/refusal.rs` has their codes and
//! texts.

use entity::prelude::Timestamp;
use serde::{Deserialize, Serialize};

/// A path inside a row's input.
pub type InputPath = Vec<String>;

/// Subject of a rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Subject {
    Product,
    Sku,
    Barcode,
    Category,
    Slug,
    Supplier,
    Family,
    Options,
    OptionName,
    Store,
    Code,
    Customer,
    ExternalRef,
    Channel,
    ClosedDay,
}

/// The form that a text must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// No control characters.
    Plain,
    Slug,
    Email,
    HttpUrl,
    TimeZone,
    /// An ISO 4217 code.
    Currency,
    /// A decimal number.
    Amount,
    /// A JSON object.
    Object,
    /// A code of ISO 3166.
    Country,
    TaxNumber,
    /// A number of a customs tariff.
    Tariff,
    Tag,
}

/// Use of a row that prevents archiving, or a change of unit or stock policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RowUsage {
    /// The product has units on hand, reserved, unavailable, incoming or in transit.
    Stock,
    Reservations,
    OpenOrders,
    OpenTransfers,
    OpenCounts,
    OpenPurchaseOrders,
    OpenBlanketOrders,
    OpenReturns,
    /// The product is a component of a kit.
    Kits,
    /// The product is a component of kits that open orders still need.
    OrderedKits,
    /// The product is a kit.
    Components,
    /// The ledger has entries in the unit.
    Movements,
    /// The category has products that are not archived.
    Products,
    /// The category has children that are not archived.
    Categories,
    /// Integrations that are not disabled are bound to the channel.
    Integrations,
    /// Replenishment policies exist for the store.
    Policies,
    /// A purchase budget limits purchases from the supplier.
    Budgets,
    /// The available quantity at which its stock is low.
    LowStockThreshold,
    /// Barcodes of packs.
    PackBarcodes,
    /// Reorder points, maximums and safety stock of its levels.
    ReorderPolicies,
    /// Pack sizes, minimum orders and price breaks of its suppliers.
    SupplierTerms,
    /// Alert rules of the product that have a threshold.
    AlertThresholds,
}

/// Reason why a merge cannot be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnmergeRefusal {
    /// No merge of the row exists.
    NotMerged,
    /// An earlier release made the merge and kept no record of the rows that it moved.
    Unkept,
    /// The survivor of the merge has been merged itself.
    MergedOn {
        first: String,
        into: String,
    },
    /// One of the two rows is erased and cannot be restored.
    Erased,
    LongAgo {
        days: i64,
    },
}

/// Reason of a refusal; each one is the caller's error, not ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    Required,
    TooLong {
        most: usize,
    },
    Malformed(Form),
    /// A GTIN with a wrong check digit.
    CheckDigit {
        expected: u8,
    },
    /// A malformed ID, or the ID of another kind of object.
    WrongId(Subject),
    OutOfRange {
        least: i64,
        most: i64,
    },
    /// Serial numbers need a unit without decimals.
    SerialInParts,
    /// More decimals than the currency has.
    TooManyDecimals {
        decimals: u32,
    },
    TooMany {
        most: usize,
    },
    TooLarge {
        most_bytes: usize,
    },
    /// Another row has this value.
    Taken(Subject),
    /// The same value occurs earlier in this call.
    Repeated(Subject),
    Missing(Subject),
    /// A category would become its own ancestor.
    Cycle,
    TooDeep {
        most: usize,
    },
    /// The options of a variant are the options of its family, each once.
    OptionNames {
        expected: Vec<String>,
    },
    OptionsWithoutFamily,
    InUse(Vec<RowUsage>),
    /// Like `InUse`, with the number of each use.
    InUseBy(Vec<(RowUsage, i64)>),
    /// The step needs a row that is not archived.
    Archived,
    /// The row is archived, and new references to it are refused.
    ArchivedSince {
        what: Subject,
        since: Timestamp,
    },
    /// Rows in an archived category stay archived with it.
    InArchivedCategory {
        since: Timestamp,
    },
    /// A variant stays archived with its family.
    InArchivedFamily {
        since: Timestamp,
    },
    IntoItself,
    /// The row is merged, and does not change any more.
    MergedInto {
        what: Subject,
        into: String,
    },
    /// The merge cannot be undone.
    Unmerge(Subject, UnmergeRefusal),
    /// The two rows to merge have tax numbers, and none in common.
    OtherTaxIds,
    /// Open documents of the row to merge: their number and the first document numbers.
    Open {
        what: RowUsage,
        count: i64,
        numbers: Vec<i64>,
    },
    /// Both suppliers to merge offer these products: their number, and the first SKUs.
    BothOffer {
        count: usize,
        skus: Vec<String>,
    },
    /// Orders that name no channel use DIRECT.
    DirectStays,
    /// A kit would be a component of itself.
    KitInItself,
    /// A kit would be a component of a kit.
    KitInKit,
    /// A product without stock cannot be part of a kit.
    NotStocked,
    /// A kit is counted in whole units, without lots.
    NotWhole,
    Stale {
        actual: i64,
    },
    /// The idempotency key was used with another input.
    KeyReused,
}

/// A rejection and its path in the row's input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub at: InputPath,
    pub why: Rejection,
}

impl Problem {
    pub fn at(field: &str, rejection: Rejection) -> Self {
        Self { at: vec![field.to_owned()], why: rejection }
    }
}
