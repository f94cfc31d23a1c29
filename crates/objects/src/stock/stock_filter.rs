//! Filter of stock levels.

use async_graphql::InputObject;

use super::{StockStatus, lot_filter::LotCodeFilter};
use crate::graphql::filters::{DateTimeFilter, IdFilter, QuantityFilter, StringFilter};

/// Stock levels that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, InputObject)]
pub struct StockFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<StockFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<StockFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<StockFilter>>,
    /// The stock level itself.
    pub id: Option<IdFilter>,
    /// Stores to include.
    pub store: Option<IdFilter>,
    /// Groups whose stores are included.
    pub store_group: Option<IdFilter>,
    /// Products to include.
    pub product: Option<IdFilter>,
    /// Categories whose products are included; for their descendants too, use `categoryTree`. `stockChanged` refuses its `isNull`.
    pub category: Option<IdFilter>,
    /// Categories whose products, and those of their descendants, are included. Needs product.read. Refused by `stockChanged`.
    pub category_tree: Option<IdFilter>,
    /// Suppliers whose products are included. Needs product.read. Refused by `stockChanged`.
    pub supplier: Option<IdFilter>,
    /// SKU of the product, in any spelling of capitals. Refused by `stockChanged`.
    pub sku: Option<StringFilter>,
    /// Barcode of the product. `eq` and `in` take a GTIN with or without zeros before it; `startsWith` and `contains` compare the printed code.
    /// Refused by `stockChanged`.
    pub barcode: Option<StringFilter>,
    /// Words of the SKU, name or barcodes of the product, at most 8, each of letters and digits; typos are tolerated. A text without letters and digits
    /// finds nothing; null does not search. Needs product.read. Refused by `stockChanged`.
    pub search: Option<String>,
    /// Code of a lot that the level has stock of. Refused by `stockChanged`.
    pub lot: Option<LotCodeFilter>,
    /// Available quantity, in smallest units.
    pub available: Option<QuantityFilter>,
    /// Quantity on hand, in smallest units.
    pub on_hand: Option<QuantityFilter>,
    /// Reserved quantity, in smallest units.
    pub reserved: Option<QuantityFilter>,
    /// Stock statuses to include; an empty list matches nothing.
    pub status: Option<Vec<StockStatus>>,
    /// Time at which the level last changed. Refused by `stockChanged`.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(StockFilter);
crate::keyed_filter!(
    StockFilter,
    "store" store StoreCode,
    "storeGroup" store_group StoreGroupCode,
    "product" product ProductSku,
    "category" category CategorySlug,
    "categoryTree" category_tree CategorySlug,
    "supplier" supplier SupplierCode;
    [store] "updatedAt" updated_at
);
