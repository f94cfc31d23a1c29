//! Search texts of products, among which corrections are looked for.

use entity::{prelude::ProductId, record::Record, tables::product};

/// A product's ID and search text.
#[derive(Record)]
#[record(of = product, alias = "p")]
pub(super) struct SearchTextRow {
    pub(super) id: ProductId,
    pub(super) search_text: String,
}
