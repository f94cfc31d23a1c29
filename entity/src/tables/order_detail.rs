//! Details of an order beside its lines. `personal` is sealed under the order's key in `subject`;
//! without a row the order has no details.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "order_detail")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: OrderId,
    /// Contact and addresses, sealed.
    pub personal: Option<Vec<u8>>,
    pub note_for_customer: Option<String>,
    pub note_for_staff: Option<String>,
    /// A JSON list of texts.
    pub tags: String,
    /// A JSON object.
    pub metadata: String,
    pub requested_for: Option<Timestamp>,
    pub delivery_method: DeliveryMethod,
}
