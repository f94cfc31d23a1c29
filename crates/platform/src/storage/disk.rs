//! Free space of disks.

use std::path::Path;

/// Returns the bytes that this process may still write into a folder; None if the system does not say.
#[cfg(unix)]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let stats = rustix::fs::statvfs(folder).ok()?;
    Some(stats.f_bavail.saturating_mul(stats.f_frsize))
}

#[cfg(not(unix))]
pub const fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}
