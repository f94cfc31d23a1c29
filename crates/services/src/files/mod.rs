//! Files: uploads, generated files, and the links for their upload and download.
//!
//! A file is a row, and bytes in a folder or a bucket (`store.rs`). It is awaited until its bytes
//! have been uploaded by a signed, short-lived link, and checked; then it is ready, and never
//! changes. The bytes of an expired file are removed; its row stays, so that references to it
//! remain valid. `docs/decisions/0083-files.md`.

mod copying;
pub mod core;
pub mod draw;
pub mod events;
mod imports;
pub mod jobs;
mod rows;
mod shell;
mod store;

pub use copying::{FileCopyResult, StoredFile, copy_all, copy_of_tenant, find_missing_files, find_missing_of_tenant};
pub use imports::{begin_import, end_import, has_imports, remove_killed_imports};
pub use shell::{FileError, Files, LogoError, NewFile, OpenedFile, ResultFile, Writer};
pub use store::{BucketAccess, Bytestream, FileLocation, Store, StoreError, erase, has_any};
