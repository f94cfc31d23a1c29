//! Errors that a method of a run made of sums over weeks, at earlier origins: what demand over a lead time is read off.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "forecast_pool")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The run's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_week: i32,
    /// Index among the run's methods, as series refer to it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub method: i32,
    /// Scaled errors of sums over 1, 2, … weeks as JSON, each list ascending.
    pub body: String,
}
