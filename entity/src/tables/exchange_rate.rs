//! An exchange rate as its source published it. Never changed: a correction is a new row.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

/// Rate of a currency pair: one `base` is `rate` of `quote`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "exchange_rate")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExchangeRateId,
    pub base: String,
    pub quote: String,
    /// A decimal as it was written, at most twelve significant digits.
    pub rate: String,
    /// Days since 1970-01-01.
    pub day: i32,
    pub source: String,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub recorded_at: Timestamp,
    pub replaced_by: Option<ExchangeRateId>,
}
