//! Creating files, uploading and downloading their bytes, and removing them.

mod error;
mod logos;
mod mark;
mod pictures;
mod upload_slots;
mod receive;
mod results;
mod service;

pub use error::FileError;
pub use logos::LogoError;
pub use pictures::{THUMBNAIL_JOB, ThumbnailRequest};
pub use results::{ResultFile, Writer};
pub use service::{Files, NewFile, OpenedFile};
