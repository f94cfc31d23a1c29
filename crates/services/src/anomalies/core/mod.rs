//! Detection of anomalous days and patterns, and reconciliation of stored flags with new findings.
//! No database, no clock.

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
    BelowCostLine, CountDifferences, Pattern, PatternRules, PlacedItem, PlacedOrder, UnmovedStock, below_cost, duplicates,
    is_pattern, repeated_shortfall, unmoved_stock_finding,
};
pub use people::{Documents, Origin, Outlier, ReversalContent, SPAN_DAYS, find_outliers};
pub use receipts::{ReceiptUnits, find_duplicate_receipts};
