//! The tables of anomalies, and the data by which days and patterns are judged.

mod facts;
mod flags;
mod lines;
mod patterns;
mod people;
mod receipts;

pub use facts::{Candidate, JudgedStore, candidates, p99_line_units, series, stores};
pub use flags::{
    AnomalyFilter, AnomalySort, anomaly, insert, lock, open_or_accepted, page, settle, standing_patterns, store_last_judged_day,
};
pub use patterns::{below_cost_lines, counted, repeated_orders, still};
pub use people::{Span, documents, register_documents, reversed};
pub use receipts::received;
