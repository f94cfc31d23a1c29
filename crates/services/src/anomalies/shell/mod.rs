//! Judging days, asking for anomalies, and accepting them.

mod accept;
mod ask;
mod detect;
mod patterns;

pub use accept::{Accept, AcceptError, accept};
pub use ask::{find, p99_line_units, page};
pub use detect::{Detected, detect, detect_all};
