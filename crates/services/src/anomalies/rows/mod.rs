//! The tables of anomalies, and what days are judged by.

mod facts;
mod flags;
mod lines;

pub use facts::{JudgedStore, candidates, series, stores};
pub use flags::{ANOMALIES, AnomalyFilter, anomaly, insert, keys, lock, page, settle, standing, write_judged};
