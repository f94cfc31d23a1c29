//! A tenant that waits for its owner to open the link in an e-mail, by the hash of the token.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "registration")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    pub email: String,
    pub display_name: String,
    pub tenant_name: String,
    pub tenant_slug: String,
    pub password_hash: String,
    pub expires_at: Timestamp,
}
