//! Which days are strange, and what becomes of flags when they are judged again. No database, no clock.

mod flag;
mod judge;
mod pattern;
mod people;
mod receipts;

pub use flag::{Acceptance, Anomaly, Finding, SeriesKey};
pub use judge::{
    Changes, HISTORY_DAYS, Series, SeriesDay, WINDOW_DAYS, candidate_size, judge, reconcile, reconcile_patterns, whole_units,
};
pub use pattern::{
    CheapLine, Counted, Pattern, PatternRules, PlacedItem, PlacedOrder, Still, below_cost, counts_short, duplicates, is_pattern,
    unmoved,
};
pub use people::{Documents, FarAbove, Origin, Reversed, SPAN_DAYS, far_above};
pub use receipts::{Received, received_twice};
