//! The rule by which products are replenished: of a product, a class, a supplier or the whole tenant.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "replenishment_policy")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReplenishmentPolicyId,
    /// All of its scope as one text, of which a tenant has one policy.
    pub scope: String,
    pub product_id: Option<ProductId>,
    pub store_id: Option<StoreId>,
    /// 1: for all products of the store, or those of the supplier in it. Its classes are then C and Z and say nothing: a CHECK asks for a product or an ABC
    /// class beside a store, and a release that does not know this column reads a policy of few products of the store, not one of the tenant.
    pub is_of_store: i32,
    pub abc_class: Option<AbcClass>,
    /// With an ABC class: of the products that are of both.
    pub xyz_class: Option<XyzClass>,
    pub supplier_id: Option<SupplierId>,
    pub kind: ReplenishmentPolicyKind,
    /// In ten-thousandths.
    pub service_level: Option<i32>,
    pub cover_days: Option<i32>,
    pub review_days: Option<i32>,
    /// A review day, in days since 1970-01-01: others are whole periods away.
    pub review_from: Option<i32>,
    pub safety_days: Option<i32>,
    pub target_days: Option<i32>,
    /// What one order costs: lots are economic where it is said.
    pub order_cost_minor: Option<i64>,
    pub order_cost_currency: Option<String>,
    /// None of kinds that promise nothing, and of policies that were set before there was a choice: by quantiles.
    pub safety_stock_method: Option<SafetyStockMethod>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
