//! Products as they are read, with their barcodes.

use entity::prelude::{CategoryId, FamilyId, Money, ProductId, ProductStatus, StockPolicy, SupplierId, Timestamp, Tracking};
use serde::{Deserialize, Serialize};

use super::{goods::Goods, text, verdict::Versioned};

/// A product as it is read: plain values, and the three lists as JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductRow {
    pub id: ProductId,
    pub sku: String,
    pub sku_key: String,
    pub name: String,
    pub name_key: String,
    pub description: Option<String>,
    pub status: ProductStatus,
    pub stock_policy: StockPolicy,
    /// The product consists of others and has no stock but theirs.
    #[serde(default)]
    pub is_kit: bool,
    pub category_id: Option<CategoryId>,
    pub supplier_id: Option<SupplierId>,
    pub family_id: Option<FamilyId>,
    /// JSON: a list of `ProductOption`, in the order of the family's names.
    pub options: String,
    /// JSON: a list of texts, the latest last.
    pub former_skus: String,
    pub unit_code: String,
    /// 0 to 9: one whole unit is 10^decimals smallest units.
    pub unit_decimals: i32,
    /// For one whole unit.
    pub price: Option<Money>,
    /// For one whole unit; shown only with `product.cost.read`.
    pub unit_cost: Option<Money>,
    /// In smallest units.
    pub low_stock_threshold: Option<i64>,
    pub tracking: Tracking,
    /// Days that a lot must still have before its expiry to be picked for a sale.
    pub minimum_remaining_days: Option<i32>,
    #[serde(default)]
    pub goods: Goods,
    /// JSON: an object.
    pub metadata: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl ProductRow {
    /// Returns the options that distinguish a variant from its siblings; empty if the column is
    /// invalid.
    pub fn option_list(&self) -> Vec<ProductOption> {
        serde_json::from_str(&self.options).unwrap_or_default()
    }
    pub fn former_sku_list(&self) -> Vec<String> {
        serde_json::from_str(&self.former_skus).unwrap_or_default()
    }
}

/// A product with its barcodes: what a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductDoc {
    pub row: ProductRow,
    pub barcodes: Vec<Barcode>,
}

impl Versioned for ProductDoc {
    fn version(&self) -> i64 {
        self.row.version
    }
}

impl ProductDoc {
    /// Returns the words of SKU, name and barcodes between single spaces, also at both ends, so
    /// that " mug" matches the beginning of a word.
    pub fn search_text(&self) -> String {
        let mut joined_words = String::from(" ");
        let codes = self.barcodes.iter().map(|b| b.code.as_str());
        for word in [self.row.sku.as_str(), self.row.name.as_str()].into_iter().chain(codes).flat_map(text::words) {
            joined_words.push_str(&word);
            joined_words.push(' ');
        }
        joined_words
    }
}

/// A code printed on a product, or on a pack of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Barcode {
    pub code: String,
    /// In smallest units: 12 for a case of a dozen.
    pub pack_quantity: i64,
}

/// A value of one of the family's options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductOption {
    pub name: String,
    pub value: String,
}
