//! Destination of a schedule's files. New names are used, files are written whole, and no file of a
//! manifest is overwritten.

use bytes::Bytes;
use entity::prelude::*;
use platform::storage::Fault;

use super::{service::ExportSchedules, stop_reason::StopReason};
use crate::{
    buckets::failure_of,
    exchange::FeedPart,
    export_schedules::{
        core::{Manifest, Schedule, WrittenFile, marker_of},
        rows::bucket_row,
    },
    files::{Store, StoreError},
};

/// Maximum bytes of a manifest, and of the marker file that names the owner of a folder.
const MAX_MANIFEST: u64 = 32 << 20;
const MAX_MARKER: u64 = 1 << 10;

/// An open destination.
pub(super) struct Destination {
    store: Store,
    /// Prefix of the name of each file.
    folder: String,
    /// Whether it is a bucket of the tenant's, whose responses the tenant gets to see.
    is_external: bool,
}

impl ExportSchedules {
    /// Opens the destination of a schedule's files.
    pub(super) fn open_destination(&self, tenant: TenantId, schedule: &Schedule) -> Result<Destination, StopReason> {
        let (Some(bucket), Some(sealed)) = (&schedule.bucket, &schedule.sealed) else {
            let destination =
                |store: Store| Destination { store, folder: format!("{tenant}/exports/{}/", schedule.id), is_external: false };
            return self.0.exchange.files().deployment_store().map(destination).map_err(|error| stop_reason_of(error, false));
        };
        let store = self.0.buckets.open(bucket_row(tenant, schedule.id), bucket, sealed)?;
        Ok(Destination { store, folder: String::new(), is_external: true })
    }
}

/// Returns the stop for an error of the store. Details of the deployment's own store are logged for
/// the operator only.
fn stop_reason_of(error: StoreError, is_external: bool) -> StopReason {
    if is_external {
        return failure_of(error).into();
    }
    tracing::error!(%error, "an export could not be written");
    StopReason::Away("the store of this deployment cannot be written to".to_owned())
}

impl Destination {
    fn at(&self, name: &str) -> String {
        format!("{}{name}", self.folder)
    }

    async fn get(&self, name: &str, limit: u64) -> Result<Option<Bytes>, StopReason> {
        match self.store.get(&self.at(name), limit).await {
            Ok(bytes) => Ok(bytes),
            Err(StoreError::Missing) => Ok(None),
            Err(error) => Err(stop_reason_of(error, self.is_external)),
        }
    }

    /// Writes a file unless it exists. An existing file is from an earlier try and in no manifest:
    /// equal bytes stay, others are replaced.
    async fn put(&self, name: &str, bytes: Bytes) -> Result<(), StopReason> {
        let away = |error: StoreError| stop_reason_of(error, self.is_external);
        if self.store.create(&self.at(name), bytes.clone()).await.map_err(away)? {
            return Ok(());
        }
        let existing = self.get(name, bytes.len() as u64).await?;
        if existing.is_some_and(|existing| existing == bytes) {
            return Ok(());
        }
        self.store.put_bytes(&self.at(name), bytes).await.map_err(away)
    }

    /// Marks the folder as this schedule's; a folder of another schedule is left unchanged.
    pub(super) async fn claim(&self, schedule: &Schedule) -> Result<(), StopReason> {
        let marker = marker_of(schedule.fields.entity);
        let own_marker = Bytes::from(serde_json::json!({ "scheduleId": schedule.id }).to_string());
        let mut existing = self.get(&marker, MAX_MARKER).await?;
        if existing.is_none() {
            let created = self.store.create(&self.at(&marker), own_marker.clone()).await;
            if created.map_err(|error| stop_reason_of(error, self.is_external))? {
                return Ok(());
            }
            existing = self.get(&marker, MAX_MARKER).await?;
        }
        if existing.is_some_and(|existing| existing == own_marker) {
            return Ok(());
        }
        Err(StopReason::Paused("another export schedule has written into this folder: choose another prefix".to_owned()))
    }

    /// Returns the manifest of a run whose end was not recorded, if it exists.
    pub(super) async fn manifest(&self, name: &str, schedule: &Schedule) -> Result<Option<Manifest>, StopReason> {
        let Some(bytes) = self.get(name, MAX_MANIFEST).await? else { return Ok(None) };
        let parsed_manifest = serde_json::from_slice::<Manifest>(&bytes).ok();
        Ok(parsed_manifest.filter(|manifest| manifest.schedule_id == schedule.id))
    }

    pub(super) async fn put_manifest(&self, name: &str, manifest: &Manifest) -> Result<(), StopReason> {
        let text = serde_json::to_vec_pretty(manifest);
        let text = text.map_err(|error| Fault::Broken(format!("a manifest has no JSON: {error}")))?;
        self.put(name, text.into()).await
    }

    pub(super) async fn put_part(
        &self,
        (name, month): (String, Option<String>),
        (from_seq, to_seq): (i64, i64),
        part: FeedPart,
    ) -> Result<WrittenFile, StopReason> {
        let (rows, bytes, sha256) = (part.rows, part.bytes.len() as i64, part.sha256);
        self.put(&name, part.bytes).await?;
        Ok(WrittenFile { name, month, from_seq, to_seq, rows, bytes, sha256 })
    }
}
