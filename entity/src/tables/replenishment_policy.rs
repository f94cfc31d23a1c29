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
    /// The scope as one text; a tenant has one policy for each scope.
    pub scope: String,
    pub product_id: Option<ProductId>,
    pub store_id: Option<StoreId>,
    /// 1: for all products of the store, or those of the supplier in it. Its classes are then C and
    /// Z and have no meaning: a CHECK requires a product or an ABC class beside a store, and a
    /// release that does not know this column reads a policy of few products of the store, not one
    /// of the tenant.
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
    /// Cost of one order: lots are economic if it is given.
    pub order_cost_minor: Option<i64>,
    pub order_cost_currency: Option<String>,
    /// `None` for kinds without a service level, and for policies that are older than the column:
    /// by quantiles.
    pub safety_stock_method: Option<SafetyStockMethod>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
