//! Copying all stored files, and finding rows whose bytes are missing.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::file,
};
use platform::storage::{Database, Fault};

use super::{FileLocation, StoreError, store::Store};

/// Numbers of files that were copied, and that existed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileCopyResult {
    pub copied: u64,
    pub there: u64,
}

/// Copies every object that the other store lacks or has with another size. An interrupted copy
/// continues with the next call.
pub async fn copy_all(from: &FileLocation, to: &FileLocation) -> Result<FileCopyResult, StoreError> {
    copy_under(from, to, "").await
}

/// Copies the objects of one tenant in the same way.
pub async fn copy_of_tenant(from: &FileLocation, to: &FileLocation, tenant: TenantId) -> Result<FileCopyResult, StoreError> {
    copy_under(from, to, &format!("{tenant}/")).await
}

async fn copy_under(from: &FileLocation, to: &FileLocation, prefix: &str) -> Result<FileCopyResult, StoreError> {
    if from == to {
        return Ok(FileCopyResult::default());
    }
    if let FileLocation::Folder(folder) = from
        && !folder.exists()
    {
        return Ok(FileCopyResult::default());
    }
    let (from, to) = (Store::open(from)?, Store::open(to)?);
    let mut counts = FileCopyResult::default();
    for (name, size) in from.names().await?.into_iter().filter(|(name, _)| name.starts_with(prefix)) {
        if to.size(&name).await? == Some(size) {
            counts.there += 1;
            continue;
        }
        from.transfer(&name, &to).await?;
        counts.copied += 1;
    }
    Ok(counts)
}

/// A file whose row has the status ready.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = file, alias = "f")]
pub struct StoredFile {
    #[record(column = "tenant_id")]
    pub tenant: TenantId,
    pub id: FileId,
    pub name: String,
    /// Bytes.
    pub size: i64,
    pub blob: Option<String>,
}

/// Files read at a time.
const PAGE: i64 = 500;

/// Returns the files whose rows are ready and whose bytes are missing, of all tenants.
pub async fn find_missing_files(db: &Database, location: &FileLocation) -> Result<Vec<StoredFile>, Fault> {
    find_missing_of_tenant(db, location, None).await
}

/// Returns the missing files of one tenant, or of all.
pub async fn find_missing_of_tenant(
    db: &Database,
    location: &FileLocation,
    tenant: Option<TenantId>,
) -> Result<Vec<StoredFile>, Fault> {
    let store_fault = |error: StoreError| Fault::Broken(format!("{location:?}: {error}"));
    let store = Store::open(location).map_err(store_fault)?;
    let sql = format!(
        "SELECT {} FROM file f WHERE f.state = 'READY' AND f.blob IS NOT NULL AND (f.tenant_id, f.id) > ($1, $2)
         ORDER BY f.tenant_id, f.id LIMIT $3",
        StoredFile::SELECT
    );
    let (mut missing_files, mut after) = (Vec::new(), (tenant.unwrap_or(TenantId::NIL), FileId::NIL));
    loop {
        let page: Vec<StoredFile> = db.global().records(&sql, vec![after.0.into(), after.1.into(), PAGE.into()]).await?;
        let Some(last) = page.last() else { return Ok(missing_files) };
        after = (last.tenant, last.id);
        for file in page {
            if tenant.is_some_and(|tenant| tenant != file.tenant) {
                return Ok(missing_files);
            }
            let blob = file.blob.as_deref().unwrap_or_default();
            if !store.holds(blob).await.map_err(store_fault)? {
                missing_files.push(file);
            }
        }
    }
}
