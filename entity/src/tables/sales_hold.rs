//! Holds that stop the goods of an order until they are lifted.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "sales_hold")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HoldId,
    pub order_id: OrderId,
    pub kind: String,
    pub reason: String,
    pub note: Option<String>,
    pub placed_at: Timestamp,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    /// Null until the hold is lifted, as the two columns after it.
    pub lifted_at: Option<Timestamp>,
    pub lifter_kind: Option<ActorKind>,
    pub lifter_id: Option<Uuid>,
    /// Code of the rule that set it; null for a hold that an actor set.
    pub rule_code: Option<String>,
    /// JSON: what made the rule match.
    pub matched: Option<String>,
}
