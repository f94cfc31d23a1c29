//! The tables of anomalies, and what days and patterns are judged by.

mod facts;
mod flags;
mod lines;
mod patterns;
mod people;
mod receipts;

pub use facts::{Candidate, JudgedStore, candidates, p99_line_units, series, stores};
pub use flags::{
    AnomalyFilter, AnomalySort, anomaly, insert, lock, open_or_accepted, page, settle, standing_patterns, write_judged,
};
pub use patterns::{cheap_lines, counted, repeated_orders, still};
pub use people::{Span, documents, register_documents, reversed};
pub use receipts::received;
