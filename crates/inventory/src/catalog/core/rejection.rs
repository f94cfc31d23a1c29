//! Everything the catalogue refuses, as data. `objects/src/catalog/refusal.rs` gives each its code and words.

use entity::prelude::Timestamp;
use serde::{Deserialize, Serialize};

use super::InputPath;

/// What a value is about.
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

/// What still stands in the way of archiving, or of a change of unit or policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Use {
    /// On hand, reserved, unavailable, incoming or in transit somewhere.
    Stock,
    Reservations,
    OpenOrders,
    OpenTransfers,
    OpenCounts,
    OpenPurchaseOrders,
    OpenBlanketOrders,
    OpenReturns,
    /// It is part of a kit.
    Kits,
    /// It is part of kits that open orders are not done with.
    OrderedKits,
    /// It is a kit.
    Components,
    /// The ledger has entries in the unit.
    Movements,
    /// Products that are not archived lie in it.
    Products,
    /// Categories that are not archived lie right below it.
    Categories,
    /// Integrations that are not disabled are bound to it.
    Integrations,
    /// Policies of replenishment are set for it.
    Policies,
    /// A budget of purchases limits what is bought from it.
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

/// Why a merge stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MergeStays {
    /// There is none.
    NotMerged,
    /// It was made by a release that did not keep what it moved.
    Unkept,
    /// The one that it was merged into is merged into another by now.
    MergedOn {
        first: String,
        into: String,
    },
    /// One of the two is erased, and does not come back.
    Erased,
    LongAgo {
        days: i64,
    },
}

/// Why something is refused. The caller's business, each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    Required,
    TooLong {
        most: usize,
    },
    Malformed(Form),
    /// A GTIN whose last digit does not follow from the others.
    CheckDigit {
        expected: u8,
    },
    /// Not an id, or the id of something else.
    WrongId(Subject),
    OutOfRange {
        least: i64,
        most: i64,
    },
    /// Serial numbers are for units that have no parts.
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
    /// The same value occurs before in this call.
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
    InUse(Vec<Use>),
    /// The same, with how many there are of each.
    InUseBy(Vec<(Use, i64)>),
    /// The step needs a row that is not archived.
    Archived,
    /// What is archived is named anew by nothing.
    ArchivedSince {
        what: Subject,
        since: Timestamp,
    },
    /// What lies in an archived category stays archived with it.
    InArchivedCategory {
        since: Timestamp,
    },
    /// A variant stays archived with its family.
    InArchivedFamily {
        since: Timestamp,
    },
    IntoItself,
    /// It stays as it was when it was merged.
    MergedInto {
        what: Subject,
        into: String,
    },
    /// A merge that cannot be taken back.
    Unmerge(Subject, MergeStays),
    /// Two that are to be merged have tax numbers, and none in common.
    OtherTaxIds,
    /// Documents of what is to be merged that are open: how many, and the first numbers.
    Open {
        what: Use,
        count: i64,
        numbers: Vec<i64>,
    },
    /// Two suppliers that are to be merged both offer these products: how many, and the first SKUs.
    BothOffer {
        count: usize,
        skus: Vec<String>,
    },
    /// Orders that name no channel are of DIRECT.
    DirectStays,
    /// A kit would be made of itself.
    KitInItself,
    /// A kit would be made of a kit.
    KitInKit,
    /// What is not stocked cannot be part of a kit.
    NotStocked,
    /// A kit is counted in whole ones, without lots.
    NotWhole,
    Stale {
        actual: i64,
    },
    /// The idempotency key came before with another input.
    KeyReused,
}

/// A rejection and the path, inside the row's input, to what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub at: InputPath,
    pub why: Rejection,
}

impl Problem {
    pub fn at(field: &str, why: Rejection) -> Self {
        Self { at: vec![field.to_owned()], why }
    }
}
