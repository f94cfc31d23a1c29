//! The tenant itself: its settings, everything it owns as files, and its end.

mod core;
pub mod erase;
pub mod events;
pub mod export;
pub mod import;
mod manifest;
mod pattern_limits;
pub mod plan;
mod persons;
mod rejection;
mod rows;
mod shell;
pub mod suspension;
pub mod tables;

pub use self::core::{ANOMALY_SIZE_RANGE, Change, DUPLICATE_RECEIPT_DAYS_RANGE, Settings};
pub use manifest::{FORMAT, Manifest, OmittedTable, WrittenTable};
pub use pattern_limits::{
    DUPLICATE_MINUTES_RANGE, LOSS_AMOUNT_RANGE, LOSS_UNITS_RANGE, PatternChange, PatternLimits, REVERSALS_RANGE,
    SHORT_COUNTS_RANGE, UNMOVED_DAYS_RANGE,
};
pub use rejection::{Field, Rejection};
pub use rows::approval_limit;
pub use shell::{UpdateOutcome, settings, update};
