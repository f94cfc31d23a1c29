//! Whom orders are sold to. `personal` is sealed under the key in `subject`; name and e-mail address are only in rows from before that.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "customer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CustomerId,
    pub external_ref: Option<String>,
    pub name: Option<String>,
    pub country: Option<String>,
    pub email: Option<String>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub personal: Option<Vec<u8>>,
    pub email_blind: Option<Vec<u8>>,
    /// The customer that this one is merged into, which is merged into none itself.
    pub merged_into: Option<CustomerId>,
    /// A JSON list of texts.
    pub tags: String,
    /// The tags folded, with a line end before and after each.
    pub tag_keys: String,
    pub archived_at: Option<Timestamp>,
}
