//! Destinations of the tables of schedules beside e-mails: a bucket of the tenant's, and the files of the owner.

use bytes::Bytes;
use entity::prelude::*;
use platform::{clock::rfc3339, jobs::core::Job};

use super::service::SavedViews;
use crate::{
    buckets::{BucketFailure, failure_of},
    files::FileError,
    saved_views::{
        core::{Schedule, View, file_extension, media_type},
        rows,
    },
};

/// The bytes of a table that is stored as a file.
pub(super) struct TableToStore {
    pub bytes: Bytes,
    pub read_at: Timestamp,
}

impl SavedViews {
    /// Writes a table into the tenant's bucket, if the schedule has one: under the same name at each try.
    pub(super) async fn write_to_bucket(
        &self,
        view: &View,
        schedule: &Schedule,
        (tenant, due_at): (TenantId, Timestamp),
        bytes: Bytes,
    ) -> Result<(), BucketFailure> {
        let (Some(bucket), Some(sealed)) = (&schedule.fields.bucket, &schedule.sealed) else { return Ok(()) };
        let store = self.0.buckets.open(rows::bucket_row(tenant, schedule.id), bucket, sealed)?;
        let name = schedule.bucket_name(&view.fields.slug, &rfc3339(due_at), file_extension(schedule.fields.format));
        store.put_bytes(&name, bytes).await.map_err(failure_of)
    }

    /// Stores a table as a file in the tenant's file store: it belongs to the owner, for seven
    /// days.
    pub(super) async fn store_table(
        &self,
        job: &Job,
        view: &View,
        schedule: &Schedule,
        table: TableToStore,
    ) -> Result<FileId, FileError> {
        let format = schedule.fields.format;
        let file_info = (format!("{}.{}", view.fields.slug, file_extension(format)), media_type(format));
        let author = (schedule.maker, schedule.key);
        let mut writer = self.0.files.write_as_of(job.tenant, author, file_info, table.read_at).await?;
        if !table.bytes.is_empty() {
            writer.write(table.bytes).await?;
        }
        let file = writer.finish().await?;
        let mut work = self.0.db.global().maintenance_for(job.tenant).await?;
        if let Err(error) = file.keep(&mut work).await {
            work.rollback().await?;
            return Err(error);
        }
        work.commit().await?;
        Ok(file.id())
    }
}
