//! Options and limits of imports and exports.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::files::core::limits::{IMPORT_ROWS, REFUSED_ROWS};

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    Csv,
    Jsonl,
    Xlsx,
    /// Typed columns, for programs that read many rows. Exports only.
    Parquet,
}

/// Handling of a row whose key exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// The row is refused.
    Create,
    /// The fields that the row has are changed.
    Upsert,
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WriteMode {
    Write,
    /// Only report the result that each row would have.
    DryRun,
}

/// Decimal sign of amounts that the file does not store as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Decimal {
    #[default]
    Point,
    Comma,
}

/// Options for reading a file. Those that are None are guessed, and the guess is reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOptions {
    pub format: Option<Format>,
    pub delimiter: Option<char>,
    /// A label of the Encoding Standard, as in windows-1252.
    pub encoding: Option<String>,
    /// Columns of the file, and the fields that they are mapped to; all others are matched by name.
    pub mapping: Vec<(String, String)>,
    pub mode: Mode,
    pub earnest: WriteMode,
    /// Reason of stock changes.
    pub reason: ReasonCode,
    /// Never guessed. Imports that were requested before this option existed use a point.
    #[serde(default, skip_serializing_if = "is_point")]
    pub decimal: Decimal,
}

/// The default is not serialized, so that calls from before this option existed keep their digest.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_point(decimal: &Decimal) -> bool {
    *decimal == Decimal::Point
}

/// Limits of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportLimits {
    pub rows: i64,
    /// Rows that are refused before the rest is not tried any more.
    pub refused: i64,
}

impl Default for ImportLimits {
    fn default() -> Self {
        Self { rows: IMPORT_ROWS, refused: REFUSED_ROWS }
    }
}

/// Options of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportOptions {
    pub format: Format,
    pub stores: Option<Vec<StoreId>>,
    pub categories: Option<Vec<CategoryId>>,
    pub products: Option<Vec<ProductId>>,
    /// Bounds of a time that the noun has: changed, occurred, placed.
    pub from: Option<i64>,
    pub before: Option<i64>,
    /// For demand facts: only those that were revised since. Not serialized if None, so that calls
    /// from before this option keep their digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<FactPosition>,
}

/// Position up to which a reader has the demand facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactPosition {
    pub seq: i64,
    /// Generation of the reader's facts; None if the reader compares it itself.
    pub generation: Option<i64>,
}
