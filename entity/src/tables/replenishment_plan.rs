//! Plans of transfers and purchases, each as it was computed at one time.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "replenishment_plan")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReplenishmentPlanId,
    pub state: ReplenishmentPlanState,
    /// The scope as one text: a newer plan with the same scope replaces this one.
    pub scope: String,
    /// IDs of the stores that it is for, as JSON; empty for all.
    pub stores: String,
    pub supplier_id: Option<SupplierId>,
    /// Days since 1970-01-01, in the tenant's time zone.
    pub business_date: i32,
    /// 0 or 1.
    pub is_nightly: i32,
    pub made_at: Timestamp,
    /// The last event before its facts were read.
    pub seq: i64,
    /// The run whose forecasts it rests on; null: there was none.
    pub forecast_week: Option<i32>,
    pub budget_minor: Option<i64>,
    pub budget_currency: Option<String>,
    pub line_count: i64,
    /// Lines that the budget has no place for, among the others.
    pub cut_count: i64,
    /// Proposals beyond the most lines of a plan.
    pub left_out: i64,
    /// Currency and minor units of purchases that are not cut, as JSON.
    pub costs: String,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub version: i64,
    pub updated_at: Timestamp,
}
