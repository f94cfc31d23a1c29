//! Releases memory that holds the program's own file: its code and its constants. A start touches much of them, and a process at rest needs little.
//!
//! The one crate of the workspace with an `unsafe` call (`docs/decisions/0360`).

#[cfg(target_os = "linux")]
mod mappings;

use std::io;

/// Releases the pages of the program's own file that this process has mapped and never changed. A page that is needed again is mapped again,
/// from the system's page cache. On other systems than Linux nothing is released.
///
/// The bytes of these mappings that were in memory.
///
/// # Errors
/// `/proc` cannot be read, or the system refuses (`EINVAL`: the memory of the process is locked).
#[cfg(target_os = "linux")]
pub fn release() -> io::Result<u64> {
    mappings::release()
}

/// Nothing is released on this system.
///
/// # Errors
/// Never.
#[cfg(not(target_os = "linux"))]
pub fn release() -> io::Result<u64> {
    Ok(0)
}
