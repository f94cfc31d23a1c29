//! A login that waits for its second factor, by the hash of its token.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "login_challenge")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    pub user_id: UserId,
    pub tenant_id: TenantId,
    pub member_id: MemberId,
    pub network: Option<String>,
    pub auth_at: Timestamp,
    pub expires_at: Timestamp,
    pub tries: i64,
    pub done_at: Option<Timestamp>,
    pub risk: i32,
    pub risk_signs: String,
    pub code_hash: Option<Vec<u8>>,
}
