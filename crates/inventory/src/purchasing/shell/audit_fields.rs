//! Fields of suppliers' catalogues and of policies that the audit log compares, under the names
//! that the API gives them.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::{
    audit::{Fields, money},
    clock,
};
use serde_json::json;

use crate::purchasing::{core::Supply, rows::Policy};

const COST: &str = code::<kind::ProductCostRead>();

/// Returns the fields of a row of a supplier's catalogue for its product's audit log: their paths
/// have the supplier's ID.
pub(super) fn supply(supply: &Supply) -> Fields {
    let path = |field: &str| format!("supplierProducts.{}.{field}", supply.supplier);
    let price = |minor: i64| money(Some(Money::new(minor, supply.unit_cost.currency)));
    let breaks: Vec<_> = supply
        .breaks
        .iter()
        .map(|price_break| json!({ "fromQuantity": price_break.from, "unitCost": price(price_break.minor) }))
        .collect();
    Fields::default()
        .with(path("supplierSku"), &supply.supplier_sku)
        .with(path("packSize"), supply.pack_size)
        .with(path("minimumOrder"), supply.minimum_order)
        .with(path("leadTimeDays"), supply.lead_time_days)
        .masked(path("unitCost"), COST, price(supply.unit_cost.minor))
        .masked(path("priceBreaks"), COST, breaks)
        .with(path("preferred"), supply.is_preferred)
        .with(path("archivedAt"), supply.archived_at.map(clock::rfc3339))
}

/// A row that another one replaces as the preferred one.
pub(super) fn preference_fields(supplier: SupplierId, is_preferred: bool) -> Fields {
    Fields::default().with(format!("supplierProducts.{supplier}.preferred"), is_preferred)
}

pub(super) fn policy(policy: &Policy) -> Fields {
    Fields::default()
        .with("reorderPoint", policy.reorder_point)
        .with("maximum", policy.maximum)
        .with("safetyStock", policy.safety_stock)
        .with("binLocation", &policy.bin_location)
}
