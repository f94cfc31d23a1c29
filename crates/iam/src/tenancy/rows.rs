//! A tenant's row, and the tables that hold a tenant's rows.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{tenant, tenant_erasure},
};
use platform::storage::{Fault, Finds, Reads, Row, Work};
use sea_orm::Value;

use super::{core::Settings, pattern_limits::PatternLimits};

#[derive(Record)]
#[record(of = tenant, alias = "tenant")]
struct SettingsRow {
    version: i64,
    name: String,
    default_currency: String,
    time_zone: String,
    mfa_required: bool,
    reservation_seconds: i64,
    session_idle_seconds: Option<i64>,
    session_seconds: Option<i64>,
    password_length: Option<i64>,
    approval_minor: Option<i64>,
    costing_method: CostingMethod,
    closed_through: Option<i32>,
    anomaly_size: Option<i64>,
    duplicate_receipt_days: Option<i64>,
    anomaly_loss_units: Option<i64>,
    anomaly_loss_amount: Option<i64>,
    anomaly_reversals: Option<i64>,
    anomaly_short_counts: Option<i64>,
    anomaly_duplicate_minutes: Option<i64>,
    anomaly_unmoved_days: Option<i64>,
}

impl From<SettingsRow> for Settings {
    fn from(row: SettingsRow) -> Self {
        Self {
            version: row.version,
            name: row.name,
            currency: row.default_currency,
            time_zone: row.time_zone,
            mfa_required: row.mfa_required,
            reservation_seconds: row.reservation_seconds,
            session_idle_seconds: row.session_idle_seconds,
            session_seconds: row.session_seconds,
            password_length: row.password_length,
            approval_minor: row.approval_minor,
            costing_method: row.costing_method,
            closed_through: row.closed_through,
            anomaly_size: row.anomaly_size,
            duplicate_receipt_days: row.duplicate_receipt_days,
            patterns: PatternLimits {
                loss_units: row.anomaly_loss_units,
                loss_amount: row.anomaly_loss_amount,
                reversals: row.anomaly_reversals,
                short_counts: row.anomaly_short_counts,
                duplicate_minutes: row.anomaly_duplicate_minutes,
                unmoved_days: row.anomaly_unmoved_days,
            },
        }
    }
}

/// The settings; locked, in a transaction that changes them.
pub async fn settings(reads: &impl Reads, lock: bool) -> Result<Settings, Fault> {
    let lock = if lock { reads.backend().for_change("tenant") } else { String::new() };
    let sql = format!("SELECT {} FROM tenant WHERE id = $1{lock}", SettingsRow::SELECT);
    let row = reads.records::<SettingsRow>(&sql, vec![]).await?.pop();
    row.map(Settings::from).ok_or_else(|| Fault::corrupt("tenant", "a caller's tenant has a row"))
}

/// The total above which another member must approve a purchase, from the tenant's current
/// settings.
pub async fn approval_limit(reads: &impl Reads) -> Result<Option<Money>, Fault> {
    let settings = settings(reads, false).await?;
    let limit = settings.approval_limit();
    if limit.is_none() && settings.approval_minor.is_some() {
        return Err(Fault::corrupt("tenant", format!("unknown currency {}", settings.currency)));
    }
    Ok(limit)
}

pub async fn write(work: &Work, next: &Settings, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE tenant SET version = $2, name = $3, default_currency = $4, time_zone = $5, mfa_required = $6,
               reservation_seconds = $7, session_idle_seconds = $8, session_seconds = $9, updated_at = $10, password_length = $11, approval_minor = $12, costing_method = $13,
               closed_through = $14, anomaly_size = $15, duplicate_receipt_days = $16, anomaly_loss_units = $17, anomaly_loss_amount = $18, anomaly_reversals = $19,
               anomaly_short_counts = $20, anomaly_duplicate_minutes = $21, anomaly_unmoved_days = $22 WHERE id = $1";
    let values: Vec<Value> = vec![
        next.version.into(),
        next.name.as_str().into(),
        next.currency.as_str().into(),
        next.time_zone.as_str().into(),
        next.mfa_required.into(),
        next.reservation_seconds.into(),
        next.session_idle_seconds.into(),
        next.session_seconds.into(),
        now.micros().into(),
        next.password_length.into(),
        next.approval_minor.into(),
        next.costing_method.as_str().into(),
        next.closed_through.into(),
        next.anomaly_size.into(),
        next.duplicate_receipt_days.into(),
        next.patterns.loss_units.into(),
        next.patterns.loss_amount.into(),
        next.patterns.reversals.into(),
        next.patterns.short_counts.into(),
        next.patterns.duplicate_minutes.into(),
        next.patterns.unmoved_days.into(),
    ];
    work.execute(sql, values).await?;
    Ok(())
}

/// Whether anything is valued in the tenant's currency: stock that has moved, a charge that was converted into it, an order with an
/// agreed rate, or an invoice that was converted.
pub async fn has_values(reads: &impl Reads) -> Result<bool, Fault> {
    for sql in [
        "SELECT 1 FROM movement WHERE tenant_id = $1 LIMIT 1",
        "SELECT 1 FROM purchase_charge WHERE tenant_id = $1 AND books_minor IS NOT NULL LIMIT 1",
        "SELECT 1 FROM purchase_order WHERE tenant_id = $1 AND fixed_rate IS NOT NULL LIMIT 1",
        "SELECT 1 FROM invoice WHERE tenant_id = $1 AND books_currency IS NOT NULL LIMIT 1",
    ] {
        if !reads.rows(sql, vec![]).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The time zones of the stores that are in use.
pub async fn zones_of_stores(reads: &impl Reads) -> Result<Vec<String>, Fault> {
    let rows = reads.rows("SELECT time_zone FROM store WHERE tenant_id = $1 AND archived_at IS NULL", vec![]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// A requested erasure.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = tenant_erasure, alias = "tenant_erasure")]
pub struct Erasure {
    pub asked_at: Timestamp,
    pub due_at: Timestamp,
    pub erased_at: Option<Timestamp>,
}

pub async fn erasure(reads: &impl Reads) -> Result<Option<Erasure>, Fault> {
    let sql = format!("SELECT {} FROM tenant_erasure WHERE tenant_id = $1", Erasure::SELECT);
    Ok(reads.records(&sql, vec![]).await?.pop())
}

pub async fn insert_erasure(work: &Work, requested_by: &str, asked_at: Timestamp, due_at: Timestamp) -> Result<(), Fault> {
    let row =
        tenant_erasure::Model { tenant_id: work.tenant(), asked_at, asked_by: requested_by.to_owned(), due_at, erased_at: None };
    work.insert::<tenant_erasure::Entity>(row).await
}

pub async fn delete_erasure(work: &Work) -> Result<u64, Fault> {
    work.execute("DELETE FROM tenant_erasure WHERE tenant_id = $1 AND erased_at IS NULL", vec![]).await
}

pub async fn mark_erased(work: &Work, at: Timestamp) -> Result<u64, Fault> {
    work.execute("UPDATE tenant_erasure SET erased_at = $2 WHERE tenant_id = $1 AND erased_at IS NULL", vec![at.micros().into()])
        .await
}
