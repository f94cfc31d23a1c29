//! An invitation of a member, by the hash of its token.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "invitation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    pub tenant_id: TenantId,
    pub member_id: MemberId,
    pub email: String,
    pub invited_by: MemberId,
    pub sent_at: Timestamp,
    pub expires_at: Timestamp,
}
