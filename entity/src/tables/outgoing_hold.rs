//! The hold of what leaves the deployment: nothing is sent while its row is there.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "outgoing_hold")]
pub struct Model {
    /// DEPLOYMENT, the only one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: String,
    pub held_at: Timestamp,
    /// Why, for the operator.
    pub reason: String,
}
