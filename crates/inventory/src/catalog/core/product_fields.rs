//! Fields of a product as callers send them, and as they are checked.

use entity::prelude::{CategoryId, FamilyId, Money, ProductId, ProductStatus, StockPolicy, SupplierId, Tracking};
use serde::Serialize;

use super::{
    check::{Code, MoneyText},
    command::Target,
    goods::{GoodsCommand, GoodsFields},
    patch::Patch,
    product_row::{Barcode, ProductOption},
    rejection::Problem,
};

/// A unit as callers describe it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitText {
    pub code: String,
    pub decimals: i32,
}

/// A unit: one kg with 3 decimals is 1000 smallest units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    pub code: String,
    pub decimals: i32,
}

/// A product as callers describe it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ProductFields {
    pub sku: Patch<String>,
    pub name: Patch<String>,
    pub description: Patch<String>,
    pub unit: Patch<UnitText>,
    pub barcodes: Patch<Vec<Barcode>>,
    pub category_id: Patch<String>,
    pub supplier_id: Patch<String>,
    pub family_id: Patch<String>,
    pub options: Patch<Vec<ProductOption>>,
    pub price: Patch<MoneyText>,
    pub unit_cost: Patch<MoneyText>,
    pub low_stock_threshold: Patch<i64>,
    pub status: Patch<ProductStatus>,
    pub stock_policy: Patch<StockPolicy>,
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub tracking: Patch<Tracking>,
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub minimum_remaining_days: Patch<i64>,
    #[serde(skip_serializing_if = "GoodsFields::is_empty")]
    pub goods: GoodsFields,
    pub metadata: Patch<serde_json::Value>,
}

/// A checked command.
#[derive(Debug, Clone)]
pub struct ProductCommand {
    pub target: Target<ProductId>,
    pub sku: Patch<Code>,
    pub name: Patch<String>,
    pub description: Patch<String>,
    pub unit: Patch<Unit>,
    pub barcodes: Patch<Vec<Barcode>>,
    pub category_id: Patch<CategoryId>,
    pub supplier_id: Patch<SupplierId>,
    pub family_id: Patch<FamilyId>,
    pub options: Patch<Vec<ProductOption>>,
    pub price: Patch<Money>,
    pub unit_cost: Patch<Money>,
    pub low_stock_threshold: Patch<i64>,
    pub status: Patch<ProductStatus>,
    pub stock_policy: Patch<StockPolicy>,
    pub tracking: Patch<Tracking>,
    pub minimum_remaining_days: Patch<i64>,
    pub goods: GoodsCommand,
    pub metadata: Patch<String>,
    pub problems: Vec<Problem>,
}
