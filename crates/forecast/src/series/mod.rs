//! From recorded weeks to a series that models can use: which weeks are known, what they are worth, which were cut, and of which class they are.

mod cap;
mod class;
mod weeks;
mod quality;

pub use crate::class::Class;
pub use cap::{CAP_FLOOR, LogSpread, MIN_POSITIVE, capped, limit_at, own_percentile};
pub(crate) use cap::{median, robust_spread};
pub use class::{DemandPattern, NEW_WEEKS, classify, settled};
pub use quality::{Deduction, DeductionReason, Quality, quality};
pub use weeks::{DORMANT_WEEKS, ExcludedWeek, KnownWeeks, Prepared, Reason, prepare};
