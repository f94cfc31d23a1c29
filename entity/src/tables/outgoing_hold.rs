//! The hold of outgoing messages: nothing leaves the deployment while its row exists.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "outgoing_hold")]
pub struct Model {
    /// DEPLOYMENT, the only one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: String,
    pub held_at: Timestamp,
    /// Reason, for the operator.
    pub reason: String,
}
