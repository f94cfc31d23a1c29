//! Inputs of imports and exports, and their conversion to options.

use async_graphql::{Enum, ID, InputObject};
use entity::prelude::{FileId, ReasonCode};
use platform::path;
use services::exchange::core::{Decimal, ExportOptions, FactPosition, ImportOptions, Mode, Noun, WriteMode};

use super::types::DataJobFormat;
use crate::{
    catalog::{CategoryRef, ProductRef, StoreRef},
    graphql::{
        reading::InputErrors,
        scalars::{DateTime, Long},
    },
    references::Names,
    stock::ReasonCode as ReasonWord,
};

/// Type of the rows of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ImportEntity {
    /// Products, by SKU. Needs product.write.
    Products,
    /// Stock as absolute quantities: sku or barcode, store, onHand. Needs stock.set.
    Stock,
    /// Stock as changes: sku or barcode, store, delta. Needs stock.adjust.
    StockChanges,
    /// Suppliers, by code. Needs product.write.
    Suppliers,
    /// Categories, by slug. Needs product.write.
    Categories,
    /// Customers, by externalRef. Needs customer.write.
    Customers,
    /// Orders, one line a row: the rows of one order have the same channel and externalRef and
    /// follow each other. Needs order.write, and order.price where a product has a price of its
    /// own.
    Orders,
}

impl From<ImportEntity> for Noun {
    fn from(noun: ImportEntity) -> Self {
        match noun {
            ImportEntity::Products => Self::Products,
            ImportEntity::Stock => Self::Stock,
            ImportEntity::StockChanges => Self::StockChanges,
            ImportEntity::Suppliers => Self::Suppliers,
            ImportEntity::Categories => Self::Categories,
            ImportEntity::Customers => Self::Customers,
            ImportEntity::Orders => Self::Orders,
        }
    }
}

/// Type of the rows of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ExportEntity {
    /// Products, by SKU. Needs product.read; costs are left out without product.cost.read.
    Products,
    /// Stock levels. Needs stock.read, and shows the stores that it is for.
    Stock,
    /// Entries of the ledger, in its order. Needs stock.movement.read, and shows the stores that it is for.
    Movements,
    /// Lines of orders, by order number. Needs order.read, and shows the stores that it is for.
    Orders,
    /// Suppliers, by code. Needs product.read.
    Suppliers,
    /// Categories, by slug. Needs product.read.
    Categories,
    /// Customers, in the order of their creation. Needs customer.read; without
    /// customer.contact.read the contact fields are left out, with it the audit log records the
    /// access.
    Customers,
    /// Demand facts, one row for each business day, product, store, channel and currency. Needs
    /// report.read, and shows the stores that it is for; costs are left out without
    /// product.cost.read.
    DemandFacts,
}

impl From<ExportEntity> for Noun {
    fn from(noun: ExportEntity) -> Self {
        match noun {
            ExportEntity::Products => Self::Products,
            ExportEntity::Stock => Self::Stock,
            ExportEntity::Movements => Self::Movements,
            ExportEntity::Orders => Self::Orders,
            ExportEntity::Suppliers => Self::Suppliers,
            ExportEntity::Categories => Self::Categories,
            ExportEntity::Customers => Self::Customers,
            ExportEntity::DemandFacts => Self::DemandFacts,
        }
    }
}

/// Policy for a row whose key exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "Mode")]
pub enum ImportMode {
    /// The row is refused.
    Create,
    /// The existing record is changed as the row says: an empty cell changes nothing, \N clears the value. An order is never changed: one
    /// that is there as the rows say is left as it is, another one is refused.
    Upsert,
}

/// Decimal separator of amounts in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "Decimal")]
pub enum DecimalSeparator {
    /// Point, as in 12.50.
    Point,
    /// Comma, as in 12,50.
    Comma,
}

/// A column of the file, and the field that it is.
#[derive(Debug, Clone, InputObject)]
pub struct ColumnMappingInput {
    /// The column, as the file names it.
    pub column: String,
    /// The field; left out, the column is left out of account.
    pub field: Option<String>,
}

/// Rows of a file that are to become rows here.
#[derive(Debug, Clone, InputObject)]
pub struct ImportCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The file: one of yours, with the purpose IMPORT, whose bytes have come.
    pub file_id: ID,
    /// Type of the rows. Required, unless the deprecated `noun` is given.
    pub entity: Option<ImportEntity>,
    /// Deprecated name of `entity`.
    #[graphql(deprecation = "2026-11-25: use entity. Removed after 2027-11-25.")]
    pub noun: Option<ImportEntity>,
    /// Format of the file; PARQUET is refused, because it is only exported. Null to detect it from the bytes.
    pub format: Option<DataJobFormat>,
    /// Delimiter between the cells of a CSV, one character; detected from the header by default.
    pub delimiter: Option<String>,
    /// Character encoding of the file, such as utf-8, utf-16le or windows-1252. Null to detect it
    /// from the bytes.
    pub encoding: Option<String>,
    /// Mapping of columns to fields, for columns whose names do not identify the field. Empty by default.
    #[graphql(default)]
    pub mapping: Vec<ColumnMappingInput>,
    /// Policy for a row whose key exists already. Stock is always set or changed. Default UPSERT.
    #[graphql(default_with = "ImportMode::Upsert")]
    pub mode: ImportMode,
    /// Report the outcome of each row without writing anything. Rows are checked in chunks of 500,
    /// orders one by one, against the present data. Default false.
    #[graphql(default)]
    pub validate_only: bool,
    /// Deprecated name of `validateOnly`.
    #[graphql(default, deprecation = "2026-11-25: use validateOnly. Removed after 2027-11-25.")]
    pub dry_run: bool,
    /// Reason code of the stock changes. Default CORRECTION.
    #[graphql(default_with = "ReasonWord::Correction")]
    pub reason_code: ReasonWord,
    /// The decimal separator of prices, costs, discounts and taxes that are texts; numbers of JSON and of workbooks need none. An amount with the other
    /// separator, or with one between thousands, is refused. Default POINT.
    #[graphql(default_with = "DecimalSeparator::Point")]
    pub decimal_separator: DecimalSeparator,
}

/// Rows that are to become a file.
#[derive(Debug, Clone, InputObject)]
pub struct ExportCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Type of the rows. Required, unless the deprecated `noun` is given.
    pub entity: Option<ExportEntity>,
    /// Deprecated name of `entity`.
    #[graphql(deprecation = "2026-11-25: use entity. Removed after 2027-11-25.")]
    pub noun: Option<ExportEntity>,
    /// Format of the file. In a CSV, a text that a spreadsheet would read as a formula is prefixed
    /// with an apostrophe, also behind a semicolon, a tab or a line's end inside it; an import
    /// removes the apostrophes. Default CSV.
    #[graphql(default_with = "DataJobFormat::Csv")]
    pub format: DataJobFormat,
    /// Deprecated form of `stores`: their IDs.
    #[graphql(deprecation = "2026-11-26: use stores. Removed after 2027-11-26.")]
    pub store_ids: Option<Vec<ID>>,
    /// Deprecated form of `categories`: their IDs.
    #[graphql(deprecation = "2026-11-26: use categories. Removed after 2027-11-26.")]
    pub category_ids: Option<Vec<ID>>,
    /// Deprecated form of `products`: their IDs.
    #[graphql(deprecation = "2026-11-26: use products. Removed after 2027-11-26.")]
    pub product_ids: Option<Vec<ID>>,
    /// Stores to include. A code that names nothing adds nothing. Null for all.
    pub stores: Option<Vec<StoreRef>>,
    /// Categories to include. A slug that names nothing adds nothing. Null for all.
    pub categories: Option<Vec<CategoryRef>>,
    /// Products to include. A key that names nothing adds nothing. Null for all.
    pub products: Option<Vec<ProductRef>>,
    /// Start of the time range, included: time of the last change; for movements of the occurrence, for orders of the placing,
    /// for demand facts of the business day, from midnight UTC. Null for none.
    pub from: Option<DateTime>,
    /// End of the time range, excluded. Null for none.
    pub to: Option<DateTime>,
    /// Deprecated name of `to`.
    #[graphql(deprecation = "2026-11-25: use to. Removed after 2027-11-25.")]
    pub before: Option<DateTime>,
    /// Position that the export before reached, the field to of its manifest, at least 0: only demand facts that
    /// later events have revised are exported. The rows replace those of the same businessDate, productId, storeId, channelId and
    /// currency; a row with the state GONE removes its own. Null to export all facts.
    pub since_seq: Option<Long>,
    /// Generation of the manifest that sinceSeq is taken from. The data job fails if the facts have been rebuilt since, because a new
    /// generation needs an export of all facts. Null to compare the generations of the manifests instead.
    pub since_generation: Option<Long>,
}

/// Returns the type of the rows from either field. If it is missing, a placeholder is returned
/// until the reading fails.
fn entity(noun: Option<Noun>, reader: &mut InputErrors) -> Noun {
    noun.unwrap_or_else(|| {
        reader.required("the type of the rows is needed", || path!["input", "entity"]);
        Noun::Products
    })
}

impl ImportCreateInput {
    pub(super) fn read(&self, reader: &mut InputErrors) -> (Noun, FileId, ImportOptions) {
        let noun = self.entity.or(self.noun).map(Noun::from);
        let delimiter = self.delimiter.as_deref().and_then(|text| {
            let mut letters = text.chars();
            let one = letters.next().filter(|c| letters.next().is_none() && c.is_ascii() && !c.is_alphanumeric() && *c != '"');
            if one.is_none() {
                reader.invalid("one character is expected, as in ;", || path!["input", "delimiter"]);
            }
            one
        });
        if self.format == Some(DataJobFormat::Parquet) {
            reader.invalid("a Parquet file is exported and not imported", || path!["input", "format"]);
        }
        let mapping = self.mapping.iter().map(|one| (one.column.clone(), one.field.clone().unwrap_or_default())).collect();
        let options = ImportOptions {
            format: self.format.map(Into::into),
            delimiter,
            encoding: self.encoding.clone(),
            mapping,
            mode: self.mode.into(),
            earnest: if self.validate_only || self.dry_run { WriteMode::DryRun } else { WriteMode::Write },
            reason: ReasonCode::from(self.reason_code),
            decimal: self.decimal_separator.into(),
        };
        (entity(noun, reader), reader.id(&self.file_id, || path!["input", "fileId"]), options)
    }
}

impl ExportCreateInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .list(("stores", self.stores.take()), ("storeIds", &mut self.store_ids))
            .list(("categories", self.categories.take()), ("categoryIds", &mut self.category_ids))
            .list(("products", self.products.take()), ("productIds", &mut self.product_ids))
    }
    pub(super) fn read(&self, reader: &mut InputErrors) -> (Noun, ExportOptions) {
        let noun = entity(self.entity.or(self.noun).map(Noun::from), reader);
        let since = self.since_seq.map(|seq| FactPosition {
            seq: seq.0,
            generation: self.since_generation.map(|generation_number| generation_number.0),
        });
        if since.is_some_and(|since| since.seq < 0) {
            reader.invalid("the number of an event is at least 0", || path!["input", "sinceSeq"]);
        }
        if since.is_some() && noun != Noun::DemandFacts {
            reader.invalid("only demand facts are exported by what has been revised", || path!["input", "sinceSeq"]);
        }
        if since.is_none() && self.since_generation.is_some() {
            reader.invalid("a generation belongs to a sinceSeq", || path!["input", "sinceGeneration"]);
        }
        let options = ExportOptions {
            format: self.format.into(),
            stores: self.store_ids.clone().map(|ids| reader.ids(Some(ids), "storeIds")),
            categories: self.category_ids.clone().map(|ids| reader.ids(Some(ids), "categoryIds")),
            products: self.product_ids.clone().map(|ids| reader.ids(Some(ids), "productIds")),
            from: self.from.map(|at| at.0.micros()),
            before: self.to.or(self.before).map(|at| at.0.micros()),
            since,
        };
        (noun, options)
    }
}
