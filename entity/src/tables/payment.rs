//! A payment of an order, or a refund.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "payment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PaymentId,
    pub order_id: OrderId,
    pub kind: PaymentKind,
    pub amount_minor: i64,
    pub currency: String,
    pub method: String,
    pub reference: Option<String>,
    /// The authorisation of a capture or a void, the capture of a refund.
    pub parent_id: Option<PaymentId>,
    pub return_id: Option<ReturnId>,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub note: Option<String>,
    /// The payment that this one takes back: its amount counts against it.
    pub reverses_id: Option<PaymentId>,
}
