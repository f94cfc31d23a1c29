//! Files of a tenant that is being imported. They are copied before the tenant is in the database,
//! so a note in their store names the tenant meanwhile: the files of a killed import are found by
//! it.

use entity::prelude::*;
use iam::identity::rows;
use platform::storage::{Database, Fault, ImportLock};

use super::{FileLocation, StoreError, erase, has_any, store::Store};

/// Folder of the notes: one for each tenant, named by its ID.
const NOTES_FOLDER: &str = ".imports";
/// Text of a note, for an operator who finds it.
const NOTE_TEXT: &[u8] =
    b"An import of this tenant has begun. Where it was killed, the next import or the job file.forget removes its files.\n";

fn note_path(tenant: TenantId) -> String {
    format!("{NOTES_FOLDER}/{tenant}")
}

/// Writes a note that files of a tenant are about to be copied here; returns whether it did. If
/// files of the tenant exist already, they are not from an import, and no note is written.
///
/// # Errors
/// The store cannot be reached, or takes no writes.
pub async fn begin_import(to: &FileLocation, tenant: TenantId) -> Result<bool, StoreError> {
    if has_any(to, tenant).await? {
        return Ok(false);
    }
    Store::open(to)?.put(&note_path(tenant), NOTE_TEXT).await?;
    Ok(true)
}

/// Removes the note of an import: the tenant is in the database, or its files are gone.
///
/// # Errors
/// The store cannot be reached, or takes no writes.
pub async fn end_import(to: &FileLocation, tenant: TenantId) -> Result<(), StoreError> {
    Store::open(to)?.remove(&note_path(tenant)).await
}

/// Whether any import is noted here, one that runs or one that was killed.
///
/// # Errors
/// The store cannot be reached.
pub async fn has_imports(location: &FileLocation) -> Result<bool, StoreError> {
    if is_no_folder(location) {
        return Ok(false);
    }
    Store::open(location)?.has_any(NOTES_FOLDER).await
}

/// Removes the files of imports that were killed; of how many tenants. While the lock is held, none of those runs which are noted; files of tenants
/// that are in the database stay.
///
/// # Errors
/// The database, or the store.
pub async fn remove_killed_imports(db: &Database, location: &FileLocation, _lock: &ImportLock) -> Result<usize, Fault> {
    let store_fault = |error: StoreError| Fault::Broken(format!("the files of imports in {location}: {error}"));
    if is_no_folder(location) {
        return Ok(0);
    }
    let (store, mut removed_count) = (Store::open(location).map_err(store_fault)?, 0);
    for name in store.names_under(NOTES_FOLDER).await.map_err(store_fault)? {
        let tenant = name.rsplit('/').next().and_then(|id| id.parse::<TenantId>().ok());
        let Some(tenant) = tenant else { continue };
        // An import that was killed between its commit and its end has stored its tenant: the files
        // belong to it.
        if !is_there(db, tenant).await? {
            let files = erase(location, tenant).await.map_err(store_fault)?;
            tracing::warn!(%tenant, files, "an import was killed: the files that it had copied are removed");
            removed_count += 1;
        }
        store.remove(&name).await.map_err(store_fault)?;
    }
    Ok(removed_count)
}

fn is_no_folder(location: &FileLocation) -> bool {
    matches!(location, FileLocation::Folder(folder) if !folder.exists())
}

/// Whether the primary has the tenant: a replica may not have it yet.
async fn is_there(db: &Database, tenant: TenantId) -> Result<bool, Fault> {
    let work = db.global().begin().await?;
    let tenant_row = rows::tenant(&work, tenant).await?;
    work.rollback().await?;
    Ok(tenant_row.is_some())
}
