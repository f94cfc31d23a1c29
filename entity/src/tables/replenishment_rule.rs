//! The rule by which lines of the night's plan are approved without a person.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "replenishment_rule")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// 0 or 1.
    pub is_on: i32,
    /// Amounts and conditions, as JSON.
    pub body: String,
    /// Plans that were made up to this moment are none of the rule's, or it has gone through them.
    pub done_until: Timestamp,
    pub version: i64,
    pub updated_at: Timestamp,
}
