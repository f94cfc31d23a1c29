//! Months of the journal and of webhooks' attempts that leave the database: detached from their
//! tables, written as Parquet, read back and compared, and removed a week later.

mod erase;
mod file;

use bytes::Bytes;
use entity::prelude::Timestamp;
use parquet::errors::ParquetError;
use platform::storage::{Database, Fault, Month, Part, PartColumn, PartShape, PartState, PartValue};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    backups::core::archived::{LeftOut, archived_payload},
    files::{Store, StoreError},
    webhooks,
};

pub use erase::erase_from_months;
use file::{decoded, encoded};

/// Folder of archives in the file store.
const ARCHIVE_FOLDER: &str = "archive";
/// Name of a month's manifest, which is written last.
const MANIFEST: &str = "manifest.json";
/// Maximum rows of a file, and bytes of texts after which it ends.
const FILE_ROWS: usize = 128 * 1024;
const FILE_BYTES: usize = 64 << 20;
/// Maximum bytes of a file that is read back.
const MAX_BYTES: u64 = 1 << 30;
/// Rows of a page.
const PAGE: u32 = 5_000;
/// Days for which an archived month stays in the database.
pub const ARCHIVED_MONTH_RETENTION_DAYS: i64 = 7;

const EVENT_SHAPE: PartShape = PartShape {
    columns: &[
        ("tenant_id", PartColumn::Id),
        ("seq", PartColumn::Whole),
        ("kind", PartColumn::Text),
        ("payload", PartColumn::Text),
        ("recorded_at", PartColumn::Whole),
    ],
    key: 2,
};
/// Without `body`: a receiver may answer with anything, also with personal data of a customer.
const WEBHOOK_ATTEMPT_SHAPE: PartShape = PartShape {
    columns: &[
        ("tenant_id", PartColumn::Id),
        ("endpoint_id", PartColumn::Id),
        ("id", PartColumn::Id),
        ("seq", PartColumn::Whole),
        ("number", PartColumn::Whole),
        ("at", PartColumn::Whole),
        ("status", PartColumn::Whole),
        ("error", PartColumn::Text),
        ("latency_ms", PartColumn::Whole),
    ],
    key: 3,
};

/// Manifest of an archived month: stored beside its files as `manifest.json`, and with the part
/// itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedMonth {
    pub part: String,
    pub rows: u64,
    /// SHA-256 of all values of all rows, in their order.
    pub content_sha256: String,
    pub files: Vec<ArchivedFile>,
    /// Microseconds since 1970.
    pub archived_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedFile {
    pub name: String,
    pub rows: u64,
    pub sha256: String,
}

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
    pub left_out: &'a [LeftOut],
}

/// Archives the months before `terms.before`, and removes those that were archived a week ago. An
/// interrupted run can be repeated.
///
/// # Errors
/// Another archive or erasure is running, or the database or the file store fails.
pub async fn archive_months(db: &Database, store: &Store, terms: ArchiveTerms<'_>) -> Result<Vec<(String, MonthOutcome)>, Fault> {
    let lock = db.lock_parts().await?;
    let outcomes = archive_locked(db, store, terms).await;
    let released = lock.release().await;
    outcomes.and_then(|outcomes| released.map(|()| outcomes))
}

async fn archive_locked(db: &Database, store: &Store, terms: ArchiveTerms<'_>) -> Result<Vec<(String, MonthOutcome)>, Fault> {
    let mut outcomes = Vec::new();
    for part in db.parts().await? {
        if part.is_detachable() && part.month.is_some_and(|month| month < terms.before) {
            let outcome = archive_month(db, store, &part, terms).await?;
            outcomes.push((part.name, outcome));
        }
    }
    Ok(outcomes)
}

async fn archive_month(db: &Database, store: &Store, part: &Part, terms: ArchiveTerms<'_>) -> Result<MonthOutcome, Fault> {
    if let Some(why) = prepare_drop(db, part, terms).await? {
        return Ok(MonthOutcome::Waits(why));
    }
    db.detach_part(part).await?;
    let part = Part { state: PartState::Detached, ..part.clone() };
    if let Some(noted) = &part.note {
        let noted: ArchivedMonth = serde_json::from_str(noted)
            .map_err(|error| Fault::Broken(format!("the comment of the table {} is not of its archive: {error}", part.name)))?;
        // A tenant that was erased while the month was written is still in the archive: the archive
        // is then written again from the remaining rows.
        if db.part_size(&part).await? == noted.rows
            && let Some(outcome) = drop_archived_month(db, store, &part, &noted, terms.now).await?
        {
            return Ok(outcome);
        }
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
    erase::remove_unnamed(store, &folder, &archived).await?;
    Ok(MonthOutcome::Archived(archived))
}

/// Removes an archived month from the database after its week. Returns `None` if its archive is
/// damaged: its rows still exist, so it is written again.
async fn drop_archived_month(
    db: &Database,
    store: &Store,
    part: &Part,
    noted: &ArchivedMonth,
    now: Timestamp,
) -> Result<Option<MonthOutcome>, Fault> {
    let days = ARCHIVED_MONTH_RETENTION_DAYS - (now.micros() - noted.archived_at).div_euclid(24 * 3600 * 1_000_000);
    if days > 0 {
        return Ok(Some(MonthOutcome::Kept { days }));
    }
    if let Err(fault) = verify_month(store, noted).await {
        tracing::warn!(%fault, part = %part.name, "the archive of a month is damaged: it is written again");
        return Ok(None);
    }
    db.drop_part(part).await?;
    Ok(Some(MonthOutcome::Removed))
}

/// Writes the manifest of a month, and returns its text.
async fn put_manifest(store: &Store, folder: &str, archived: &ArchivedMonth) -> Result<String, Fault> {
    let text = serde_json::to_string(archived).map_err(|error| Fault::Broken(error.to_string()))?;
    let name = format!("{folder}/{MANIFEST}");
    store.put_bytes(&name, Bytes::from(text.clone())).await.map_err(|error| store_fault(&name, &error))?;
    Ok(text)
}

/// Marks a month's events as deleted for readers of the journal, before they are, and returns the
/// reason why the month cannot leave yet, if there is one.
async fn prepare_drop(db: &Database, part: &Part, terms: ArchiveTerms<'_>) -> Result<Option<String>, Fault> {
    let (PartState::Attached | PartState::Detaching, "event", Some(month)) = (part.state, part.table, part.month) else {
        return Ok(None);
    };
    let (from, to) = (Timestamp(month.start()), Timestamp(month.plus(1).start()));
    let waiting = webhooks::release_month(db, from, to, terms.now.plus_seconds(-terms.grace_seconds)).await?;
    Ok((waiting > 0).then(|| format!("webhooks or alerts of {waiting} tenant(s) have not processed it yet")))
}

/// Returns the folder of a part's files.
fn folder(part: &Part) -> String {
    let month = part.month.map_or_else(|| "before".to_owned(), |month| month.to_string());
    format!("{ARCHIVE_FOLDER}/{}/{month}", part.table)
}

/// Returns the columns of an archived table.
fn shape_of(table: &str) -> PartShape {
    if table == "event" { EVENT_SHAPE } else { WEBHOOK_ATTEMPT_SHAPE }
}

fn store_fault(name: &str, error: &StoreError) -> Fault {
    Fault::Broken(format!("{name}: {error}"))
}

fn parquet_fault(name: &str, error: &ParquetError) -> Fault {
    Fault::Broken(format!("{name} is no file of an archive: {error}"))
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

/// Writes rows as a file of an archive.
async fn put_rows(store: &Store, name: String, shape: PartShape, rows: &[Vec<PartValue>]) -> Result<ArchivedFile, Fault> {
    let encoded = encoded(shape, rows).map_err(|error| parquet_fault(&name, &error))?;
    let sha256 = hex::encode(Sha256::digest(&encoded));
    store.put_bytes(&name, Bytes::from(encoded)).await.map_err(|error| store_fault(&name, &error))?;
    Ok(ArchivedFile { name, rows: rows.len() as u64, sha256 })
}

/// Reads the rows of a file, and checks that it is unchanged.
async fn rows_of(store: &Store, file: &ArchivedFile) -> Result<Vec<Vec<PartValue>>, Fault> {
    let found = store.get(&file.name, MAX_BYTES).await.map_err(|error| store_fault(&file.name, &error))?;
    let found = found.filter(|found| hex::encode(Sha256::digest(found)) == file.sha256);
    let found = found.ok_or_else(|| Fault::Broken(format!("{} has changed since it was written", file.name)))?;
    decoded(found).map_err(|error| parquet_fault(&file.name, &error))
}

/// Verifies an archive as a whole: files, rows and values are as they were written.
pub async fn verify_month(store: &Store, archived: &ArchivedMonth) -> Result<(), Fault> {
    let (mut content, mut rows) = (Sha256::new(), 0);
    for file in &archived.files {
        let decoded = rows_of(store, file).await?;
        rows += decoded.len() as u64;
        decoded.iter().for_each(|row| digest(&mut content, row));
    }
    verify_content(archived, rows, content)
}

/// Compares the rows that were read from an archive with its number of rows and hash.
fn verify_content(archived: &ArchivedMonth, rows: u64, content: Sha256) -> Result<(), Fault> {
    if rows != archived.rows || hex::encode(content.finalize()) != archived.content_sha256 {
        return Err(Fault::Broken(format!("the archive of {} does not have the rows that were archived", archived.part)));
    }
    Ok(())
}

/// Removes fields that an archive does not keep from an event. Rows of attempts have other columns,
/// and stay unchanged.
fn omit_fields(row: &mut [PartValue], left_out: &[LeftOut]) -> Result<(), serde_json::Error> {
    if let [_, _, PartValue::Text(kind), PartValue::Text(payload), _] = row
        && let Some(archived) = archived_payload(kind, payload, left_out)?
    {
        *payload = archived;
    }
    Ok(())
}

fn text_bytes(value: &PartValue) -> usize {
    if let PartValue::Text(text) = value { text.len() } else { 0 }
}

/// Adds a row to a digest: of each value its kind, and its bytes.
fn digest(content: &mut Sha256, row: &[PartValue]) {
    for value in row {
        match value {
            PartValue::None => content.update([0_u8]),
            PartValue::Id(id) => {
                content.update([1_u8]);
                content.update(id.as_bytes());
            }
            PartValue::Whole(number) => {
                content.update([2_u8]);
                content.update(number.to_be_bytes());
            }
            PartValue::Text(text) => {
                content.update([3_u8]);
                content.update((text.len() as u64).to_be_bytes());
                content.update(text.as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn attempt(number: i64, error: Option<&str>) -> Vec<PartValue> {
        let id = |low: u128| PartValue::Id(Uuid::from_u128(low));
        let status = if error.is_none() { PartValue::Whole(200) } else { PartValue::None };
        let error = error.map_or(PartValue::None, |error| PartValue::Text(error.to_owned()));
        let whole = PartValue::Whole;
        vec![id(1), id(2), id(3), whole(7), whole(number), whole(-1), status, error, whole(0)]
    }

    #[test]
    fn rows_come_back_from_a_file_as_they_were() {
        let rows = vec![attempt(1, None), attempt(2, Some("refusé")), attempt(3, Some(""))];
        let bytes = encoded(WEBHOOK_ATTEMPT_SHAPE, &rows).unwrap();
        assert_eq!(decoded(Bytes::from(bytes)).unwrap(), rows);
        assert!(decoded(Bytes::from_static(b"PAR1 and no more")).is_err());
    }

    #[test]
    fn a_digest_tells_values_apart_that_have_the_same_bytes() {
        let of = |row: &[PartValue]| {
            let mut content = Sha256::new();
            digest(&mut content, row);
            content.finalize().to_vec()
        };
        let text = |text: &str| PartValue::Text(text.to_owned());
        assert_ne!(of(&[text("ab"), text("c")]), of(&[text("a"), text("bc")]));
        assert_ne!(of(&[PartValue::None, text("a")]), of(&[text("a"), PartValue::None]));
        assert_eq!(of(&attempt(1, None)), of(&attempt(1, None)));
    }
}
