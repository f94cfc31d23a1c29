//! A login of a user to a tenant.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    pub user_id: UserId,
    pub tenant_id: TenantId,
    pub member_id: MemberId,
    pub name: Option<String>,
    pub user_agent: Option<String>,
    pub address: Option<String>,
    pub created_at: Timestamp,
    pub used_at: Timestamp,
    pub auth_at: Timestamp,
    pub mfa_at: Option<Timestamp>,
    pub ends_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub end_reason: Option<String>,
    pub risk: i32,
    pub risk_signs: String,
    pub begun_from: Option<SessionId>,
}
