//! Settings of the e-mails about goods that are ready: the tenant's under the nil ID, a store's
//! under its own.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::ready_setting,
};
use platform::storage::{Fault, Finds, Reads, Work};

use crate::fulfilment::core::{ReadySetting, ReadyTerms};

#[derive(Record)]
#[record(of = ready_setting, alias = "r")]
struct SettingRow {
    store_id: StoreId,
    body: String,
    version: i64,
    updated_at: Timestamp,
}

/// Returns the tenant's setting, and the store's if a store is named; settings that were never made
/// are left out.
async fn load_settings(reads: &impl Reads, store: StoreId) -> Result<Vec<ReadySetting>, Fault> {
    let sql = format!(
        "SELECT {} FROM ready_setting r WHERE r.tenant_id = $1 AND r.store_id IN ($2, $3) ORDER BY r.store_id",
        SettingRow::SELECT
    );
    let rows = reads.records::<SettingRow>(&sql, vec![StoreId::NIL.into(), store.into()]).await?;
    rows.into_iter()
        .map(|row| {
            let terms = serde_json::from_str(&row.body).map_err(|_| Fault::corrupt("ready_setting", "its body has the terms"))?;
            let store = (row.store_id != StoreId::NIL).then_some(row.store_id);
            Ok(ReadySetting { store, terms, version: row.version, updated_at: Some(row.updated_at) })
        })
        .collect()
}

/// Returns the setting of the tenant (None) or of a store, and the terms in force there.
pub async fn load_ready_setting(reads: &impl Reads, store: Option<StoreId>) -> Result<(ReadySetting, ReadyTerms), Fault> {
    let store_settings = load_settings(reads, store.unwrap_or(StoreId::NIL)).await?;
    let setting_of = |store: Option<StoreId>| store_settings.iter().find(|setting| setting.store == store);
    let tenant_terms = setting_of(None).map(|setting| setting.terms.clone()).unwrap_or_default();
    let store_setting = setting_of(store).cloned().unwrap_or_else(|| ReadySetting::unset_for(store));
    let effective_terms = store_setting.terms.clone().merge_over(tenant_terms);
    Ok((store_setting, effective_terms))
}

/// Returns the terms in force in a store.
pub async fn load_ready_terms(reads: &impl Reads, store: StoreId) -> Result<ReadyTerms, Fault> {
    Ok(load_ready_setting(reads, Some(store)).await?.1)
}

/// Writes a setting in the place of the one that was there.
pub async fn put_ready_setting(work: &Work, setting: &ReadySetting, now: Timestamp) -> Result<(), Fault> {
    let body = serde_json::to_string(&setting.terms).map_err(|err| Fault::Broken(err.to_string()))?;
    let row = ready_setting::Model {
        tenant_id: work.tenant(),
        store_id: setting.store.unwrap_or(StoreId::NIL),
        body,
        version: setting.version,
        updated_at: now,
    };
    work.upsert(row).await
}
