//! Position up to which a tenant's journal has been counted into demand facts.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "demand_book")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The rows of the facts that belong to it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub generation: i64,
    /// Whether reports read it. Another one of the tenant is being made, or is left over.
    pub is_current: bool,
    pub seq: i64,
    /// Events up to this one need not be in the journal: their documents were read as they stood.
    pub documents_seq: i64,
    /// Number of its rows in `demand_day`.
    pub row_count: i64,
    /// The sum of the hashes of all its rows, modulo 2^128, as 32 hex digits.
    pub checksum: String,
}
