//! Judging days, reading anomalies, and accepting them.

mod accept;
mod ask;
mod detect;
mod patterns;

pub use accept::{AcceptError, AcceptInput, accept};
pub use ask::{find, p99_line_units, page};
pub use detect::{DetectionCounts, detect, detect_all};
