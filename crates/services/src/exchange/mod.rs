//! Imports and exports of the rooms' rows as files.
//!
//! An exchange is a row and a job. Its worker reads the file as a stream and applies it in chunks
//! through the rooms' own shells, with the rights that the requester has at that moment, and stores
//! its position after each chunk. Each chunk has an idempotency key made of the exchange and its
//! rows, so the successor of a dead worker repeats the last chunk and changes nothing twice.
//! `docs/decisions/0083-files.md`.

pub mod core;
pub mod events;
pub mod jobs;
pub mod read;
mod rows;
mod shell;

pub use shell::{
    BatchOutcome, BulkDocument, BulkRequest, Call, DryRun, Engine, Exchange, ExchangeError, ExchangeRequest, Feed, FeedError,
    FeedFile, FeedHead, FeedPage, FeedPart, FileColumn, RefusalText, Requester, WorkbookCell, cancel_dropped_job, columns_file,
    feed_head, may_feed, workbook,
};
