//! Erasure of a tenant from months that were detached from their tables. A file has the rows of
//! several tenants, so the files with rows of the tenant are written again without them, under
//! another name; then the manifest names the new files, and the old ones are removed last. An
//! interrupted erasure can be repeated.

use std::collections::BTreeSet;

use entity::prelude::TenantId;
use platform::storage::{Database, Fault, Part, PartState, PartValue};
use sha2::{Digest, Sha256};

use super::archive::{
    ARCHIVE_FOLDER, ArchivedMonth, MANIFEST, MAX_BYTES, digest, folder, put_manifest, put_rows, remove_unlisted, rows_of,
    shape_of, store_fault, verify_content, verify_month,
};
use crate::files::{FileLocation, Store};

/// Characters of the hash in the name of a new file: over the old file and the tenant, so that no
/// two erasures write one name.
const NAME_HASH_CHARACTERS: usize = 8;

/// Removes the rows of an erased tenant from months that are detached from their tables, and from
/// all archived months of a file store; returns the number of rows in the archives. Safe to run
/// again.
///
/// # Errors
/// Another archive or erasure is running, a part or the file store takes no writes, or an archive
/// is damaged: the others are processed all the same.
pub async fn erase_from_months(db: &Database, location: &FileLocation, tenant: TenantId) -> Result<u64, Fault> {
    let lock = db.lock_parts().await?;
    let outcome = erase_locked(db, location, tenant).await;
    let release_outcome = lock.release().await;
    outcome.and_then(|outcome| release_outcome.map(|()| outcome))
}

async fn erase_locked(db: &Database, location: &FileLocation, tenant: TenantId) -> Result<u64, Fault> {
    let parts = db.parts().await?;
    let detached: Vec<Part> =
        parts.into_iter().filter(|part| part.state != PartState::Attached && part.is_detachable()).collect();
    for part in &detached {
        db.clear_part(part, tenant).await?;
    }
    let store = match location {
        FileLocation::Folder(folder) if !folder.exists() => None,
        _ => Some(Store::open(location).map_err(|error| store_fault(ARCHIVE_FOLDER, &error))?),
    };
    let names = match &store {
        Some(store) => store.names_under(ARCHIVE_FOLDER).await.map_err(|error| store_fault(ARCHIVE_FOLDER, &error))?,
        None => Vec::new(),
    };
    let paths: Vec<(&str, &str)> = names.iter().filter_map(|name| name.rsplit_once('/')).collect();
    let archived_folders: BTreeSet<&str> =
        paths.iter().filter(|(_, file)| *file == MANIFEST).map(|(folder, _)| *folder).collect();
    let missing_part = detached.iter().find(|part| part.note.is_some() && !archived_folders.contains(folder(part).as_str()));
    if let Some(part) = missing_part {
        let advice = "give --files as it was given to `entrepot partitions archive`";
        return Err(Fault::Broken(format!("the archive of {} is not in {location}: {advice}", part.name)));
    }
    let Some(store) = &store else { return Ok(0) };
    let (mut erased_rows, mut failures) = (0, Vec::new());
    let folders: BTreeSet<&str> = paths.iter().map(|(folder, _)| *folder).collect();
    for folder in folders {
        let outcome = if archived_folders.contains(folder) {
            erase_from_archive(db, store, &detached, folder, tenant).await
        } else {
            remove_unfinished(store, &detached, folder).await
        };
        match outcome {
            Ok(rows) => erased_rows += rows,
            Err(fault) => failures.push(fault.to_string()),
        }
    }
    if failures.is_empty() { Ok(erased_rows) } else { Err(Fault::Broken(failures.join("; "))) }
}

/// Removes the files of a month whose archiving was interrupted: its rows are in the database, from
/// which the next run writes them. No rows of an archive.
async fn remove_unfinished(store: &Store, detached: &[Part], name: &str) -> Result<u64, Fault> {
    if !detached.iter().any(|part| folder(part) == name) {
        let advice = "restore its manifest, or remove its files, and run this command again";
        return Err(Fault::Broken(format!("{name} has no {MANIFEST}, and its month is not among the detached ones: {advice}")));
    }
    store.remove_all(name).await.map_err(|error| store_fault(name, &error))?;
    Ok(0)
}

/// Erases a tenant from the archive of a month; returns the number of its rows.
async fn erase_from_archive(
    db: &Database,
    store: &Store,
    detached: &[Part],
    folder: &str,
    tenant: TenantId,
) -> Result<u64, Fault> {
    let manifest = format!("{folder}/{MANIFEST}");
    let manifest_bytes = store.get(&manifest, MAX_BYTES).await.map_err(|error| store_fault(&manifest, &error))?;
    let archived: Option<ArchivedMonth> = manifest_bytes.and_then(|text| serde_json::from_slice(&text).ok());
    let archived = archived.ok_or_else(|| Fault::Broken(format!("{manifest} is no manifest of an archived month")))?;
    let remaining = rewrite_without_tenant(store, folder, &archived, tenant).await?;
    if remaining != archived {
        verify_month(store, &remaining).await?;
        put_manifest(store, folder, &remaining).await?;
    }
    // An interrupted run may have left the old note, and old files.
    let text = serde_json::to_string(&remaining).map_err(|error| Fault::Broken(error.to_string()))?;
    let outdated_part =
        detached.iter().find(|part| part.name == remaining.part && part.note.as_ref().is_some_and(|note| *note != text));
    if let Some(part) = outdated_part {
        db.store_part_note(part, &text).await?;
    }
    remove_unlisted(store, folder, &remaining).await?;
    Ok(archived.rows.saturating_sub(remaining.rows))
}

/// Returns the manifest of an archived month without a tenant. New files are written, and the old
/// ones are not deleted yet.
async fn rewrite_without_tenant(
    store: &Store,
    folder: &str,
    archived: &ArchivedMonth,
    tenant: TenantId,
) -> Result<ArchivedMonth, Fault> {
    let table = folder.split('/').nth(1).unwrap_or_default();
    let (shape, tenant_value) = (shape_of(table), PartValue::Id(tenant.uuid()));
    let (mut before, mut after) = (Sha256::new(), Sha256::new());
    let (mut rows, mut files) = (0, Vec::new());
    for file in &archived.files {
        let mut file_rows = rows_of(store, file).await?;
        rows += file_rows.len() as u64;
        file_rows.iter().for_each(|row| digest(&mut before, row));
        let has_tenant_rows = file_rows.iter().any(|row| row.first() == Some(&tenant_value));
        if has_tenant_rows {
            file_rows.retain(|row| row.first() != Some(&tenant_value));
            // Earlier versions archived one more column of attempts, the last.
            file_rows.iter_mut().for_each(|row| row.truncate(shape.columns.len()));
        }
        file_rows.iter().for_each(|row| digest(&mut after, row));
        if !has_tenant_rows {
            files.push(file.clone());
        } else if !file_rows.is_empty() {
            let number = file.name.rsplit('/').next().and_then(|name| name.split(['-', '.']).next()).unwrap_or_default();
            let mark = hex::encode(Sha256::new().chain_update(&file.sha256).chain_update(tenant.uuid().as_bytes()).finalize());
            let mark = mark.get(..NAME_HASH_CHARACTERS).unwrap_or_default();
            files.push(put_rows(store, format!("{folder}/{number}-{mark}.parquet"), shape, &file_rows).await?);
        }
    }
    verify_content(archived, rows, before)?;
    let rows = files.iter().map(|file| file.rows).sum();
    Ok(ArchivedMonth { rows, content_sha256: hex::encode(after.finalize()), files, ..archived.clone() })
}
