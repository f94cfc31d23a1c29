//! One attempt at counting a line.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "count_try")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub count_id: CountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub lot_key: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub attempt: i64,
    pub counted: Quantity,
    pub counted_at: Timestamp,
    pub book: i64,
    pub book_version: i64,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub note: Option<String>,
    pub recorded_at: Timestamp,
}
