//! Plans for dead stock, each as it was computed at one time.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "liquidation_plan")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LiquidationPlanId,
    pub state: LiquidationPlanState,
    /// IDs of the stores that it is for, as JSON; empty for all.
    pub stores: String,
    /// Days since 1970-01-01, in the tenant's time zone.
    pub business_date: i32,
    pub made_at: Timestamp,
    /// The last event before its facts were read.
    pub seq: i64,
    /// The run whose forecasts it rests on; null: there was none.
    pub forecast_week: Option<i32>,
    /// Currency of all amounts of the plan and its lines.
    pub currency: String,
    pub line_count: i64,
    /// Proposals beyond the most lines of a plan.
    pub left_out: i64,
    /// Sums of the lines.
    pub low_minor: i64,
    pub likely_minor: i64,
    pub high_minor: i64,
    pub value_minor: i64,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub version: i64,
    pub updated_at: Timestamp,
    /// The member in whose name a job advances it each night; null where calls do.
    pub advanced_by: Option<MemberId>,
}
