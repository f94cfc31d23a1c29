//! The new cost of a product.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "revaluation_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revaluation_id: RevaluationId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub product_id: ProductId,
    pub unit_cost_minor: i64,
    /// The share of a charge that falls on the product, in minor units of the books' currency; null where the revaluation is of no charge.
    pub charge_minor: Option<i64>,
    /// The receipts that it falls on, as JSON: `[[seq, units], …]`.
    pub charge_receipts: Option<String>,
}
