//! A fact about stock that needs attention, from its discovery until it is resolved.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AlertId,
    pub kind: AlertKind,
    pub subject: String,
    pub store_id: Option<StoreId>,
    pub product_id: Option<ProductId>,
    pub lot_id: Option<LotId>,
    pub purchase_order_id: Option<PurchaseOrderId>,
    pub transfer_id: Option<TransferId>,
    pub count_id: Option<CountId>,
    pub order_id: Option<OrderId>,
    /// ID of a schedule of a saved view or of exports, depending on the kind. The schedule may have
    /// been deleted.
    pub schedule_id: Option<Uuid>,
    /// Name of the saved view or of the export schedule, at the opening.
    pub schedule_name: Option<String>,
    /// Error of the schedule's last run, at the opening.
    pub error: Option<String>,
    pub state: AlertState,
    pub quantity: Option<i64>,
    pub threshold: Option<i64>,
    /// Days since 1970-01-01.
    pub day: Option<i32>,
    pub price_minor: Option<i64>,
    pub cost_minor: Option<i64>,
    pub currency: Option<String>,
    pub opened_at: Timestamp,
    pub seq: Option<i64>,
    pub snoozed_until: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    pub resolver_kind: Option<ActorKind>,
    pub resolver_id: Option<Uuid>,
    pub assignee_id: Option<MemberId>,
    pub note: Option<String>,
    pub version: i64,
    pub updated_at: Timestamp,
}
