//! The data directory beside the repository.

use std::{fs, path::PathBuf};

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(name)
}

/// Reads a file of the data directory. `None`, with a message, if it does not exist; CI has it.
pub fn bytes(name: &str) -> Option<Vec<u8>> {
    let file = path(name);
    if !file.exists() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI has ../shared/data");
        eprintln!("SKIPPED: there is no ../shared/data/{name} beside the project");
        return None;
    }
    Some(fs::read(file).unwrap())
}
