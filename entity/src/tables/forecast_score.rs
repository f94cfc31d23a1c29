//! Accuracy of the forecasts of one week, made a number of weeks before: sums over products of a
//! class.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

/// Errors are forecast less actual, in thousandths of a unit.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "forecast_score")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The Monday of the week that was forecast.
    #[sea_orm(primary_key, auto_increment = false)]
    pub week_date: i32,
    /// Weeks ahead: 1 for the week in which the run was made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub lead: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub level: ForecastLevel,
    #[sea_orm(primary_key, auto_increment = false)]
    pub class: DemandClass,
    pub series: i64,
    /// Units that were wanted.
    pub units: i64,
    pub error_milli: i64,
    pub absolute_milli: i64,
    /// Absolute errors of the last known week's value, which was forecast at the same time.
    pub naive_milli: i64,
    /// Series that had an interval.
    pub bounded: i64,
    pub inside80: i64,
    pub inside95: i64,
}
