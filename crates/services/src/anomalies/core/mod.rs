//! Detection of anomalous days and patterns, and reconciliation of stored flags with new findings.
//! No database, no clock.

mod flag;
mod detection;
mod origin;
mod pattern;
mod people;
mod receipts;
mod series;
mod units;

pub use detection::{Changes, HISTORY_DAYS, WINDOW_DAYS, candidate_size, judge, reconcile, reconcile_patterns};
pub use flag::{Acceptance, Anomaly, Finding, Pattern, is_pattern};
pub use origin::Origin;
pub use pattern::{
    BelowCostLine, CountDifferences, PatternRules, PlacedItem, PlacedOrder, UnmovedStock, below_cost, duplicates,
    repeated_shortfall, unmoved_stock_finding,
};
pub use people::{Documents, Outlier, ReversalContent, SPAN_DAYS, find_outliers};
pub use receipts::{ReceiptUnits, find_duplicate_receipts};
pub use series::{Series, SeriesDay, SeriesKey};
pub use units::whole_units;
