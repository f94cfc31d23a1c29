//! Events of files.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};

platform::events! {
    /// Files.
    FILE: FileChanged = Terms { permission: code::<kind::FileWrite>(), shown: PayloadVisibility::Whole, stream: None } => {
        FILE_CREATED "file.created",
        FILE_UPLOADED "file.uploaded" by system,
    }
}

/// The payload of a file's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChanged {
    pub id: FileId,
    pub purpose: String,
    pub size: i64,
    pub state: String,
}
