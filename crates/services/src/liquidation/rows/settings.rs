//! A tenant's criteria.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::liquidation_settings,
};
use platform::storage::{Fault, Finds, Reads, Work};

use crate::liquidation::core::Criteria;

/// Criteria as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub criteria: Criteria,
    /// 0 until the criteria are set for the first time.
    pub version: i64,
    pub updated_at: Option<Timestamp>,
}

#[derive(Record)]
#[record(of = liquidation_settings, alias = "s")]
struct SettingsRow {
    body: String,
    version: i64,
    updated_at: Timestamp,
}

/// The tenant's criteria, or the default ones.
pub async fn settings(reads: &impl Reads) -> Result<Settings, Fault> {
    let sql = format!("SELECT {} FROM liquidation_settings s WHERE s.tenant_id = $1", SettingsRow::SELECT);
    let Some(row) = reads.records::<SettingsRow>(&sql, vec![]).await?.pop() else {
        return Ok(Settings { criteria: Criteria::default(), version: 0, updated_at: None });
    };
    let criteria =
        serde_json::from_str(&row.body).map_err(|_| Fault::corrupt("liquidation_settings", "its body has the criteria"))?;
    Ok(Settings { criteria, version: row.version, updated_at: Some(row.updated_at) })
}

/// Replaces the stored criteria.
pub async fn change_settings(work: &Work, settings: &Settings, now: Timestamp) -> Result<(), Fault> {
    let body = serde_json::to_string(&settings.criteria).map_err(|err| Fault::Broken(err.to_string()))?;
    let row = liquidation_settings::Model { tenant_id: work.tenant(), body, version: settings.version, updated_at: now };
    work.upsert(row).await
}
