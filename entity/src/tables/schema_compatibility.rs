//! The migration that a binary must know to work with this database; no row while every binary can.

use sea_orm::entity::prelude::*;

use crate::record::Record;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "schema_compatibility")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub needs: String,
}
