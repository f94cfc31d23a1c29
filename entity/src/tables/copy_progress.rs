//! Progress of a copy of the deployment with one table. Written in the transaction of each batch,
//! in the target.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "copy_progress")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub copy_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub table_name: String,
    /// The primary key of the last row that was written, encoded; empty before the first.
    pub last_key: Vec<u8>,
    pub row_count: i64,
    /// Bytes of the rows' values.
    pub byte_count: i64,
    pub is_done: bool,
    pub updated_at: Timestamp,
}
