//! Erasure of a tenant: the time at which it is due, and at which it was done.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "tenant_erasure")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    pub asked_at: Timestamp,
    pub asked_by: String,
    pub due_at: Timestamp,
    pub erased_at: Option<Timestamp>,
}
