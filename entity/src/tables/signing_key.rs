//! A key that signs access tokens; PKCS #8.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "signing_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SigningKeyId,
    pub algorithm: String,
    pub pkcs8: Vec<u8>,
    pub created_at: Timestamp,
    /// From when on it signs; it is published before that, and checks for a while after the next one has begun.
    pub signs_from: Timestamp,
}
