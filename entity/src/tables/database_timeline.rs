//! The timeline of Postgres that the journals' epochs belong to: a server of another one was promoted since.

use sea_orm::entity::prelude::*;

use crate::record::Record;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "database_timeline")]
pub struct Model {
    /// DEPLOYMENT, the only one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: String,
    /// Increases with each promotion; 0 before it was first read.
    pub timeline: i64,
    /// Whether commits are acknowledged only once a standby has them.
    pub is_synchronous: bool,
}
