//! Taking away what is over.

use std::time::Duration;

use super::Files;
use crate::jobs::Registry;

const EVERY: Duration = Duration::from_mins(10);

/// Adds what this room knows how to do.
pub fn register(registry: Registry, files: &Files) -> Registry {
    let files = files.clone();
    registry.standing("file.forget", EVERY, move |_| {
        let files = files.clone();
        async move { files.forget_old().await.map(drop) }
    })
}
