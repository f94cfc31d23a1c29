//! A proposal of a plan: move a product to a store, or buy it for one.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "replenishment_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub plan_id: ReplenishmentPlanId,
    /// From 1, the most urgent first.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub id: ReplenishmentLineId,
    pub kind: ReplenishmentLineKind,
    pub state: ReplenishmentLineState,
    pub product_id: ProductId,
    pub store_id: StoreId,
    pub from_store_id: Option<StoreId>,
    pub supplier_id: Option<SupplierId>,
    /// Null: no policy is for it, and the default holds.
    pub policy_id: Option<ReplenishmentPolicyId>,
    pub policy_version: Option<i64>,
    pub quantity: i64,
    pub urgency_days: Option<i32>,
    pub cost_minor: Option<i64>,
    pub cost_currency: Option<String>,
    /// The draft that it is being made into, with other lines: its external reference names it.
    pub group_id: Option<Uuid>,
    pub purchase_order_id: Option<PurchaseOrderId>,
    pub transfer_id: Option<TransferId>,
    pub issue: Option<ReplenishmentIssue>,
    /// Kind of the actor who approved it; null while open, and for lines that were approved before
    /// this was recorded.
    pub approved_kind: Option<ActorKind>,
    pub approved_by: Option<Uuid>,
    /// Business day on which its delivery is due, since 1970-01-01; null of lines that were made before this was kept.
    pub due_on: Option<i32>,
    /// Day in whose night before the line is scored; null for `due_on`.
    pub score_on: Option<i32>,
    /// Null until it is scored, like what follows.
    pub outcome: Option<ReplenishmentOutcome>,
    pub demand_units: Option<i64>,
    /// 0 or 1.
    pub is_within: Option<i32>,
    pub out_days: Option<i32>,
    pub left_units: Option<i64>,
    pub excess_units: Option<i64>,
    /// Units for the time that the point covers at the pace of the four weeks before the plan; null of lines that were scored before this was kept.
    pub naive_units: Option<i64>,
    /// `demand_units`, with an estimate for the days without stock. None for lines that were scored before this column existed.
    pub estimated_units: Option<i64>,
    /// The promised share of order cycles without running out; null where none was promised, and of lines that were scored before
    /// this was kept.
    pub promised_millionths: Option<i32>,
    /// Figure of each step, and reasons, as JSON.
    pub body: String,
}
