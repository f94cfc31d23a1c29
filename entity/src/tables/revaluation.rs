//! A document that says what stock is worth.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "revaluation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RevaluationId,
    pub number: i64,
    pub seq: i64,
    pub external_ref: Option<String>,
    pub note: String,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    /// Days since 1970-01-01, in the store's time zone.
    pub business_date: i32,
    pub created_at: Timestamp,
    /// The revaluation that this one undoes.
    pub reverses_id: Option<RevaluationId>,
}
