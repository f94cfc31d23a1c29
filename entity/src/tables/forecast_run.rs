//! Forecasts of all products of a tenant, made at once. A run never changes, except that its check
//! for alerts is recorded.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "forecast_run")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The Monday of the first week that is forecast, in days since 1970-01-01. The week before is the last of the history.
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_week: i32,
    pub made_at: Timestamp,
    /// The last event that was in the demand facts.
    pub seq: i64,
    /// Weeks of the history.
    pub weeks: i32,
    /// Rows of `forecast_series`.
    pub series: i64,
    /// The version of the program that made it.
    pub version: String,
    /// The methods that were chosen, as JSON.
    pub choices: String,
    /// A hash of all figures, as 16 hexadecimal digits.
    pub fingerprint: String,
    /// Findings about series that move demand from outside, as JSON.
    pub factors: String,
    /// Time at which it opened and resolved alerts of forecasts that drift. None: not yet.
    pub watched_at: Option<Timestamp>,
}
