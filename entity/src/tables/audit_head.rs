//! The last sealed entry of a tenant, and the last checkpoint.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "audit_head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    pub seq: i64,
    pub hash: Vec<u8>,
    pub checkpoint_seq: i64,
    pub checkpoint_at: Timestamp,
}
