//! Format of the numbers of a kind of document, from one of them on.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "number_pattern")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    /// A word of `Numbered`.
    pub kind: String,
    /// The first number with this pattern; the kind's next row ends it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_number: i64,
    pub pattern: String,
    pub created_at: Timestamp,
}
