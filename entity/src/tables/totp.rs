//! A user's one-time password generator.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "totp")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub seed: Option<Vec<u8>>,
    pub confirmed_at: Option<Timestamp>,
    pub last_step: i64,
    pub pending_seed: Option<Vec<u8>>,
    pub pending_at: Option<Timestamp>,
    pub wrong: i64,
    pub wrong_since: Timestamp,
}
