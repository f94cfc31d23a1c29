//! The archive of a month: its files, and its manifest, which is written last.

use std::collections::HashSet;

use bytes::Bytes;
use parquet::errors::ParquetError;
use platform::storage::{Fault, Part, PartColumn, PartShape, PartValue};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file::{decode_rows, encode_rows};
use crate::files::{Store, StoreError};

/// Folder of archives in the file store.
pub(super) const ARCHIVE_FOLDER: &str = "archive";
/// Name of a month's manifest, which is written last.
pub(super) const MANIFEST: &str = "manifest.json";
/// Maximum bytes of a file that is read back.
pub(super) const MAX_BYTES: u64 = 1 << 30;

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

/// Returns the folder of a part's files.
pub(super) fn folder(part: &Part) -> String {
    let month = part.month.map_or_else(|| "before".to_owned(), |month| month.to_string());
    format!("{ARCHIVE_FOLDER}/{}/{month}", part.table)
}

/// Returns the columns of an archived table.
pub(super) fn shape_of(table: &str) -> PartShape {
    if table == "event" { EVENT_SHAPE } else { WEBHOOK_ATTEMPT_SHAPE }
}

pub(super) fn store_fault(name: &str, error: &StoreError) -> Fault {
    Fault::Broken(format!("{name}: {error}"))
}

fn parquet_fault(name: &str, error: &ParquetError) -> Fault {
    Fault::Broken(format!("{name} is no file of an archive: {error}"))
}

/// Writes the manifest of a month, and returns its text.
pub(super) async fn put_manifest(store: &Store, folder: &str, archived: &ArchivedMonth) -> Result<String, Fault> {
    let text = serde_json::to_string(archived).map_err(|error| Fault::Broken(error.to_string()))?;
    let name = format!("{folder}/{MANIFEST}");
    store.put_bytes(&name, Bytes::from(text.clone())).await.map_err(|error| store_fault(&name, &error))?;
    Ok(text)
}

/// Writes rows as a file of an archive.
pub(super) async fn put_rows(
    store: &Store,
    name: String,
    shape: PartShape,
    rows: &[Vec<PartValue>],
) -> Result<ArchivedFile, Fault> {
    let encoded = encode_rows(shape, rows).map_err(|error| parquet_fault(&name, &error))?;
    let sha256 = hex::encode(Sha256::digest(&encoded));
    store.put_bytes(&name, Bytes::from(encoded)).await.map_err(|error| store_fault(&name, &error))?;
    Ok(ArchivedFile { name, rows: rows.len() as u64, sha256 })
}

/// Reads the rows of a file, and checks that it is unchanged.
pub(super) async fn rows_of(store: &Store, file: &ArchivedFile) -> Result<Vec<Vec<PartValue>>, Fault> {
    let archive_bytes = store.get(&file.name, MAX_BYTES).await.map_err(|error| store_fault(&file.name, &error))?;
    let archive_bytes = archive_bytes.filter(|archive_bytes| hex::encode(Sha256::digest(archive_bytes)) == file.sha256);
    let archive_bytes = archive_bytes.ok_or_else(|| Fault::Broken(format!("{} has changed since it was written", file.name)))?;
    decode_rows(archive_bytes).map_err(|error| parquet_fault(&file.name, &error))
}

/// Verifies an archive as a whole: files, rows and values are as they were written.
pub async fn verify_month(store: &Store, archived: &ArchivedMonth) -> Result<(), Fault> {
    let (mut content, mut rows) = (Sha256::new(), 0);
    for file in &archived.files {
        let decoded_rows = rows_of(store, file).await?;
        rows += decoded_rows.len() as u64;
        decoded_rows.iter().for_each(|row| digest(&mut content, row));
    }
    verify_content(archived, rows, content)
}

/// Compares the rows that were read from an archive with its number of rows and hash.
pub(super) fn verify_content(archived: &ArchivedMonth, rows: u64, content: Sha256) -> Result<(), Fault> {
    if rows != archived.rows || hex::encode(content.finalize()) != archived.content_sha256 {
        return Err(Fault::Broken(format!("the archive of {} does not have the rows that were archived", archived.part)));
    }
    Ok(())
}

/// Removes files of a month that its manifest does not name: those of runs that were ended in the middle, and those that others have replaced.
pub(super) async fn remove_unlisted(store: &Store, folder: &str, archived: &ArchivedMonth) -> Result<(), Fault> {
    let manifest = format!("{folder}/{MANIFEST}");
    let mut kept_names: HashSet<&str> = archived.files.iter().map(|file| file.name.as_str()).collect();
    kept_names.insert(&manifest);
    for name in store.names_under(folder).await.map_err(|error| store_fault(folder, &error))? {
        if !kept_names.contains(name.as_str()) {
            store.remove(&name).await.map_err(|error| store_fault(&name, &error))?;
        }
    }
    Ok(())
}

/// Adds a row to a digest: of each value its kind, and its bytes.
pub(super) fn digest(content: &mut Sha256, row: &[PartValue]) {
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
        let bytes = encode_rows(WEBHOOK_ATTEMPT_SHAPE, &rows).unwrap();
        assert_eq!(decode_rows(Bytes::from(bytes)).unwrap(), rows);
        assert!(decode_rows(Bytes::from_static(b"PAR1 and no more")).is_err());
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
