//! A copy of the whole deployment, as recorded in each of its two databases.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "deployment_copy")]
pub struct Model {
    /// ID of the copy, the same in both databases.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// SOURCE or TARGET.
    pub role: String,
    /// COPYING, VERIFYING or DONE.
    pub state: String,
    /// The other database, without its password.
    pub other_end: String,
    /// The last migration of both databases when the copy began.
    pub schema_version: String,
    /// The process that copies. Each batch checks it, so that of two processes one stops.
    pub runner: Uuid,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}
