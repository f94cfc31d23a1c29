//! Which days are strange, and what becomes of flags when they are judged again. No database, no clock.

mod flag;
mod judge;

pub use flag::{Acceptance, Anomaly, Finding, SeriesKey};
pub use judge::{Changes, HISTORY_DAYS, Series, SeriesDay, WINDOW_DAYS, candidate_size, judge, reconcile, whole_units};
