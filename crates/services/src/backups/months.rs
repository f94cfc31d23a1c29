//! Months of the journal and of webhooks' attempts that leave the database: detached from their
//! tables, written as Parquet, read back and compared, and removed a week later.

mod archive;
mod erase;
mod file;

use entity::prelude::Timestamp;
use platform::storage::{Database, Fault, Month, Part, PartState, PartValue};
use sha2::{Digest, Sha256};

use crate::{
    backups::core::archived::{OmittedField, archived_payload},
    files::Store,
    webhooks,
};
use archive::{MANIFEST, MAX_BYTES, digest, folder, put_manifest, put_rows, remove_unlisted, shape_of, store_fault};

pub use archive::{ArchivedFile, ArchivedMonth, verify_month};
pub use erase::erase_from_months;

/// Maximum rows of a file, and bytes of texts after which it ends.
const FILE_ROWS: usize = 128 * 1024;
const FILE_BYTES: usize = 64 << 20;
/// Rows of a page.
const PAGE: u32 = 5_000;
/// Days for which an archived month stays in the database.
pub const ARCHIVED_MONTH_RETENTION_DAYS: i64 = 7;

/// Outcome of a month's archiving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MonthOutcome {
    /// The month was empty, or its archive is a week old and was verified again.
    Removed,
    Archived(ArchivedMonth),
    /// The month is archived, and stays in the database for this many days.
    Kept {
        days: i64,
    },
    /// The month is still needed, for this reason.
    Waits(String),
    /// The month could not be archived, and the next run tries it again.
    Failed(String),
}

/// Conditions on which months leave the database.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveTerms<'a> {
    /// Months before this one leave.
    pub before: Month,
    pub now: Timestamp,
    /// Seconds after its end for which a month waits for webhooks or alerts that have not processed
    /// its events; then it leaves all the same.
    pub grace_seconds: i64,
    pub left_out: &'a [OmittedField],
}

/// Archives the months before `terms.before`, and removes those that were archived a week ago. An
/// interrupted run can be repeated.
///
/// # Errors
/// Another archive or erasure is running, or the database or the file store fails.
pub async fn archive_months(db: &Database, store: &Store, terms: ArchiveTerms<'_>) -> Result<Vec<(String, MonthOutcome)>, Fault> {
    let lock = db.lock_parts().await?;
    let outcomes = archive_locked(db, store, terms).await;
    let release_outcome = lock.release().await;
    outcomes.and_then(|outcomes| release_outcome.map(|()| outcomes))
}

async fn archive_locked(db: &Database, store: &Store, terms: ArchiveTerms<'_>) -> Result<Vec<(String, MonthOutcome)>, Fault> {
    let mut outcomes = Vec::new();
    for part in db.parts().await? {
        if part.is_detachable() && part.month.is_some_and(|month| month < terms.before) {
            // A month that fails keeps no other in the database.
            let outcome =
                archive_month(db, store, &part, terms).await.unwrap_or_else(|fault| MonthOutcome::Failed(fault.to_string()));
            outcomes.push((part.name, outcome));
        }
    }
    Ok(outcomes)
}

async fn archive_month(db: &Database, store: &Store, part: &Part, terms: ArchiveTerms<'_>) -> Result<MonthOutcome, Fault> {
    if let Some(reason) = prepare_drop(db, part, terms).await? {
        return Ok(MonthOutcome::Waits(reason));
    }
    db.detach_part(part).await?;
    let part = Part { state: PartState::Detached, ..part.clone() };
    if let Some(noted_month) = &part.note {
        let noted_month: ArchivedMonth = serde_json::from_str(noted_month)
            .map_err(|error| Fault::Broken(format!("the comment of the table {} is not of its archive: {error}", part.name)))?;
        // A tenant that was erased while the month was written is still in the archive: the archive
        // is then written again from the remaining rows.
        if db.part_size(&part).await? == noted_month.rows
            && let Some(outcome) = drop_archived_month(db, store, &part, &noted_month, terms.now).await?
        {
            return Ok(outcome);
        }
    }
    if part.note.is_none()
        && let Some(reason) = find_other_archive(db, store, &part).await?
    {
        return Ok(MonthOutcome::Failed(reason));
    }
    let (archived, folder) = (write(db, store, &part, terms).await?, folder(&part));
    if archived.rows == 0 {
        // An interrupted run may have left files of rows that are erased by now. A whole archive
        // without a part stays: erasures reach it.
        let manifest = format!("{folder}/{MANIFEST}");
        if part.note.is_some() || !store.holds(&manifest).await.map_err(|error| store_fault(&manifest, &error))? {
            store.remove_all(&folder).await.map_err(|error| store_fault(&folder, &error))?;
        }
        db.drop_part(&part).await?;
        return Ok(MonthOutcome::Removed);
    }
    verify_month(store, &archived).await?;
    let text = put_manifest(store, &folder, &archived).await?;
    db.store_part_note(&part, &text).await?;
    remove_unlisted(store, &folder, &archived).await?;
    Ok(MonthOutcome::Archived(archived))
}

/// Returns the reason why a part must not take the place of an archive that is there: it has fewer rows, so it was made anew after the month had left, by a
/// clock that was behind. A run that was interrupted before it noted its archive has left one of the same rows.
async fn find_other_archive(db: &Database, store: &Store, part: &Part) -> Result<Option<String>, Fault> {
    let manifest = format!("{}/{MANIFEST}", folder(part));
    if !store.holds(&manifest).await.map_err(|error| store_fault(&manifest, &error))? {
        return Ok(None);
    }
    let text = store.get(&manifest, MAX_BYTES).await.map_err(|error| store_fault(&manifest, &error))?.unwrap_or_default();
    let archived: ArchivedMonth =
        serde_json::from_slice(&text).map_err(|error| Fault::Broken(format!("{manifest} is not of an archive: {error}")))?;
    let rows = db.part_size(part).await?;
    let reason = || {
        format!(
            "{manifest} has {} rows of this month already, and the table {} has {rows}: it was made after the month had left, by a clock that was behind. Check the clocks of nodes and workers; move the archive elsewhere to archive these rows as well",
            archived.rows, part.name
        )
    };
    Ok((rows > 0 && rows < archived.rows).then(reason))
}

/// Removes an archived month from the database after its week. Returns `None` if its archive is
/// damaged: its rows still exist, so it is written again.
async fn drop_archived_month(
    db: &Database,
    store: &Store,
    part: &Part,
    noted_month: &ArchivedMonth,
    now: Timestamp,
) -> Result<Option<MonthOutcome>, Fault> {
    let days = ARCHIVED_MONTH_RETENTION_DAYS - (now.micros() - noted_month.archived_at).div_euclid(24 * 3600 * 1_000_000);
    if days > 0 {
        return Ok(Some(MonthOutcome::Kept { days }));
    }
    if let Err(fault) = verify_month(store, noted_month).await {
        tracing::warn!(%fault, part = %part.name, "the archive of a month is damaged: it is written again");
        return Ok(None);
    }
    db.drop_part(part).await?;
    Ok(Some(MonthOutcome::Removed))
}

/// Marks a month's events as deleted for readers of the journal, before they are, and returns the
/// reason why the month cannot leave yet, if there is one.
async fn prepare_drop(db: &Database, part: &Part, terms: ArchiveTerms<'_>) -> Result<Option<String>, Fault> {
    let (PartState::Attached | PartState::Detaching, "event", Some(month)) = (part.state, part.table, part.month) else {
        return Ok(None);
    };
    let (from, to) = (Timestamp(month.start()), Timestamp(month.plus(1).start()));
    let waiting_tenants = webhooks::release_month(db, from, to, terms.now.plus_seconds(-terms.grace_seconds)).await?;
    Ok((waiting_tenants > 0).then(|| format!("webhooks or alerts of {waiting_tenants} tenant(s) have not processed it yet")))
}

/// Writes all rows of a part.
async fn write(db: &Database, store: &Store, part: &Part, terms: ArchiveTerms<'_>) -> Result<ArchivedMonth, Fault> {
    let shape = shape_of(part.table);
    let (mut content, mut files, mut open, mut bytes) = (Sha256::new(), Vec::new(), Vec::new(), 0);
    let mut last: Option<Vec<PartValue>> = None;
    loop {
        let mut page = db.part_rows(part, shape, last.as_deref(), PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        last = page.last().cloned();
        for row in &mut page {
            omit_fields(row, terms.left_out)
                .map_err(|error| Fault::Broken(format!("{}: the payload of an event: {error}", part.name)))?;
            digest(&mut content, row);
            bytes += row.iter().map(text_bytes).sum::<usize>();
        }
        open.extend(page);
        if !open.is_empty() && (is_last || open.len() >= FILE_ROWS || bytes >= FILE_BYTES) {
            let name = format!("{}/{:05}.parquet", folder(part), files.len() + 1);
            files.push(put_rows(store, name, shape, &open).await?);
            open.clear();
            bytes = 0;
        }
        if is_last {
            break;
        }
    }
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let content_sha256 = hex::encode(content.finalize());
    Ok(ArchivedMonth { part: part.name.clone(), rows, content_sha256, files, archived_at: terms.now.micros() })
}

/// Removes fields that an archive does not keep from an event. Rows of attempts have other columns,
/// and stay unchanged.
fn omit_fields(row: &mut [PartValue], omitted_fields: &[OmittedField]) -> Result<(), serde_json::Error> {
    if let [_, _, PartValue::Text(kind), PartValue::Text(payload), _] = row
        && let Some(archived) = archived_payload(kind, payload, omitted_fields)?
    {
        *payload = archived;
    }
    Ok(())
}

fn text_bytes(value: &PartValue) -> usize {
    if let PartValue::Text(text) = value { text.len() } else { 0 }
}
