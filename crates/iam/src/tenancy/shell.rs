//! Changing a tenant's settings.

use entity::prelude::*;
use platform::{
    audit::{self, Fields},
    clock::{self, Clock},
    storage::{
        Database, Fault, Reads,
        journal::{self, NewEvent},
    },
};

use super::{
    core::{self, Change, Facts, Settings},
    rejection::Rejection,
    rows,
};
use crate::access::{Permit, kind};

/// Result of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateOutcome {
    /// The settings, and the number of the change's event; None if nothing changed.
    Done(Box<Settings>, Option<i64>),
    Refused(Vec<Rejection>),
}

/// Changes the settings of the permit's tenant, all or none.
pub async fn update(
    db: &Database,
    clock: &Clock,
    permit: Permit<kind::TenantWrite>,
    change: &Change,
) -> Result<UpdateOutcome, Fault> {
    let mut work = permit.scope(db).begin().await?;
    let before = rows::settings(&work, true).await?;
    // Values in the ledger carry no currency of their own: theirs is the tenant's.
    let has_values = rows::has_values(&work).await?;
    // The books are closed for all stores at once, so the day must be over in every store's time
    // zone.
    let is_closing = change.closed_through.flatten().is_some();
    let zones = if is_closing { rows::zones_of_stores(&work).await? } else { Vec::new() };
    let (now, own_zone) = (clock.now(), std::iter::once(&before.time_zone));
    let today = own_zone.chain(&zones).map(|zone| clock::local_day(now, zone)).min().unwrap_or_default();
    let facts = Facts { has_values, is_time_zone: clock::is_time_zone, today };
    match core::decide(&before, change, facts) {
        Err(rejections) => {
            work.rollback().await?;
            Ok(UpdateOutcome::Refused(rejections))
        }
        Ok(unchanged) if unchanged == before => {
            work.rollback().await?;
            Ok(UpdateOutcome::Done(Box::new(unchanged), None))
        }
        Ok(updated) => {
            let now = clock.now();
            rows::write(&work, &updated, now).await?;
            audit::changed(&mut work, permit.tenant(), Some(&audit_fields(&before)), Some(&audit_fields(&updated)), None);
            let seq = journal::append(&mut work, vec![event(permit.tenant(), &before, &updated)], now).await?;
            work.commit().await?;
            Ok(UpdateOutcome::Done(Box::new(updated), seq))
        }
    }
}

fn event(tenant: TenantId, before: &Settings, after: &Settings) -> NewEvent {
    let all = |settings: &Settings| {
        serde_json::json!({ "name": settings.name, "defaultCurrency": settings.currency, "timeZone": settings.time_zone, "mfaRequired": settings.mfa_required,
            "reservationSeconds": settings.reservation_seconds, "sessionIdleSeconds": settings.session_idle_seconds, "sessionSeconds": settings.session_seconds,
            "passwordLength": settings.password_length, "approvalMinor": settings.approval_minor,
            "costingMethod": settings.costing_method, "closedThrough": settings.closed_through.map(clock::day_text), "anomalySize": settings.anomaly_size,
            "duplicateReceiptDays": settings.duplicate_receipt_days, "anomalyLossUnits": settings.patterns.loss_units,
            "anomalyLossAmount": settings.patterns.loss_amount, "anomalyReversals": settings.patterns.reversals, "anomalyShortCounts": settings.patterns.short_counts,
            "anomalyDuplicateMinutes": settings.patterns.duplicate_minutes, "anomalyUnmovedDays": settings.patterns.unmoved_days })
    };
    let (before, after, version) = (all(before), all(after), after.version);
    super::events::TENANT_UPDATED.event(&super::events::SettingsChanged { id: tenant, before, after, version })
}

/// Returns the fields that the audit log compares: settings under the names of `tenantUpdate`. All
/// members may read them.
fn audit_fields(settings: &Settings) -> Fields {
    Fields::default()
        .with("name", &settings.name)
        .with("defaultCurrency", &settings.currency)
        .with("timeZone", &settings.time_zone)
        .with("mfaRequired", settings.mfa_required)
        .with("reservationSeconds", settings.reservation_seconds)
        .with("sessionIdleSeconds", settings.session_idle_seconds)
        .with("sessionSeconds", settings.session_seconds)
        .with("passwordLength", settings.password_length)
        .with("approvalLimit", audit::money(settings.approval_limit()))
        .with("costingMethod", settings.costing_method)
        .with("closedThrough", settings.closed_through.map(clock::day_text))
        .with("anomalySize", settings.anomaly_size)
        .with("duplicateReceiptDays", settings.duplicate_receipt_days)
        .with("anomalyLossUnits", settings.patterns.loss_units)
        .with("anomalyLossAmount", settings.patterns.loss_amount)
        .with("anomalyReversals", settings.patterns.reversals)
        .with("anomalyShortCounts", settings.patterns.short_counts)
        .with("anomalyDuplicateMinutes", settings.patterns.duplicate_minutes)
        .with("anomalyUnmovedDays", settings.patterns.unmoved_days)
}

/// The current settings.
pub async fn settings(reads: &impl Reads) -> Result<Settings, Fault> {
    rows::settings(reads, false).await
}
