//! Storage of files: a folder, or an S3 bucket. Only the modules of `store` use `object_store`.

mod error;
mod location;
mod objects;
mod remote;

use std::io;

use error::disk;

pub use error::StoreError;
pub use location::FileLocation;
pub use objects::{Bytestream, Sink, Store};
pub use remote::BucketAccess;

/// Removes all objects of a tenant that is erased.
pub async fn erase(location: &FileLocation, tenant: entity::prelude::TenantId) -> Result<u64, StoreError> {
    if let FileLocation::Folder(folder) = location
        && !folder.exists()
    {
        return Ok(0);
    }
    let removed = Store::open(location)?.remove_all(&tenant.to_string()).await?;
    // Partial files of a killed process have names that are not listed.
    if let FileLocation::Folder(folder) = location
        && let Err(error) = tokio::fs::remove_dir_all(folder.join(tenant.to_string())).await
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(disk(error));
    }
    Ok(removed)
}

/// Whether any object of a tenant exists.
pub async fn has_any(location: &FileLocation, tenant: entity::prelude::TenantId) -> Result<bool, StoreError> {
    if let FileLocation::Folder(folder) = location
        && !folder.exists()
    {
        return Ok(false);
    }
    Store::open(location)?.has_any(&tenant.to_string()).await
}
