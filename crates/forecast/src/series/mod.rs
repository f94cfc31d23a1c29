//! Recorded weeks made into a series that models can use: the known weeks, their values, the cut
//! ones, and the class.

mod cap;
mod class;
mod weeks;
mod quality;

pub use crate::class::Class;
pub use cap::{LogSpread, MIN_DEVIATION, MIN_POSITIVE, cap_limit, cap_units, percentile_of};
pub(crate) use cap::{median, robust_spread};
pub use class::{DemandPattern, NEW_WEEKS, classify, settle_class};
pub use quality::{Deduction, DeductionReason, Quality, quality};
pub use weeks::{DORMANT_WEEKS, ExcludedWeek, KnownWeeks, PreparedSeries, Reason, prepare};
