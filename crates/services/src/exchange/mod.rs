//! What comes and goes in files: imports and exports of the rooms' rows.
//!
//! An exchange is a row and a job. Its worker reads the file as a stream, carries it out in chunks through the rooms' own shells, with the rights
//! that whoever asked for it has at that moment, and notes after each chunk how far it is. Each chunk has an idempotency key made of the exchange and
//! its rows, so whoever takes over from a dead worker does the last chunk again and changes nothing twice. `docs/decisions/0083-files.md`.

pub mod core;
pub mod events;
pub mod jobs;
pub mod read;
mod rows;
mod shell;

pub use shell::{
    Ask, BatchOutcome, BulkAsk, Call, DryRun, Engine, Exchange, ExchangeError, Feed, FeedError, FeedFile, FeedHead, FeedPage,
    FeedPart, FileColumn, Looked, RefusalText, Requester, WorkbookCell, columns_file, feed_head, job_dropped, may_feed, workbook,
};
