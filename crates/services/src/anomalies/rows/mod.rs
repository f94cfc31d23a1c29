//! The tables of anomalies, and the data by which days and patterns are judged.

mod facts;
mod flags;
mod lines;
mod patterns;
mod people;
mod receipts;

pub use facts::{Candidate, JudgedStore, candidates, p99_line_units, series, stores};
pub use flags::{
    AnomalyFilter, AnomalySort, anomaly, insert, lock, open_or_accepted, page, standing_patterns, store_last_judged_day,
    write_changes,
};
pub use patterns::{below_cost_lines, count_differences, repeated_orders, unmoved_stock};
pub use people::{Span, documents, register_documents, reversal_content};
pub use receipts::receipt_units;
