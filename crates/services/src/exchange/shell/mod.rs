//! Requesting imports, exports and bulk operations, and running them.

mod apply;
mod bulk;
mod columnar;
mod engine;
mod error;
mod export;
mod feed;
mod halt;
mod import;
mod manage;
mod order_rows;
mod orders;
mod queue;
mod report;
mod service;
mod stock;
mod table_file;
mod text_rows;
mod time_slice;
mod rejection_messages;
mod work;
mod workbook;
mod write;

pub use bulk::BulkRequest;
pub use engine::{BatchOutcome, BulkDocument, Call, DryRun, Engine, Requester};
pub use error::ExchangeError;
pub use feed::{Feed, FeedError, FeedFile, FeedHead, FeedPage, FeedPart, feed_head, may_feed};
pub use manage::{ExchangeRequest, cancel_dropped_job};
pub use queue::{JOB, Order};
pub use service::{Exchange, RefusalText};
pub use table_file::{FileColumn, columns_file};
pub use workbook::{WorkbookCell, workbook};
