//! A company; it owns everything else.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "tenant")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub default_currency: String,
    pub time_zone: String,
    pub mfa_required: bool,
    pub sandbox: bool,
    /// Days since 1970-01-01: the last day that nothing may be dated to.
    pub closed_through: Option<i32>,
    pub reservation_seconds: i64,
    pub created_at: Timestamp,
    pub version: i64,
    pub updated_at: Option<Timestamp>,
    pub session_idle_seconds: Option<i64>,
    pub session_seconds: Option<i64>,
    pub sandbox_of: Option<TenantId>,
    pub sandbox_slot: Option<i32>,
    pub password_length: Option<i64>,
    pub approval_minor: Option<i64>,
    pub costing_method: CostingMethod,
    /// Whole units of a line; null: the default of the detector.
    pub anomaly_size: Option<i64>,
    /// Days between equal receipts; null: the default of the detector.
    pub duplicate_receipt_days: Option<i64>,
    /// Whole units of a line below cost; null, as of all limits of patterns: the default of the detector.
    pub anomaly_loss_units: Option<i64>,
    /// Whole units of the currency that a line below cost loses.
    pub anomaly_loss_amount: Option<i64>,
    /// Returns and cancellations of a person.
    pub anomaly_reversals: Option<i64>,
    /// Counts in a row that miss units.
    pub anomaly_short_counts: Option<i64>,
    /// Minutes between equal orders.
    pub anomaly_duplicate_minutes: Option<i64>,
    /// Days without a movement.
    pub anomaly_unmoved_days: Option<i64>,
    /// Null: it is served.
    pub suspended_at: Option<Timestamp>,
    pub suspended_reason: Option<String>,
}
