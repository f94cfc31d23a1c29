//! Alerts in GraphQL: types, lists, inputs, answers, and the stream.

pub mod alert;
pub mod named;
pub mod query;
pub mod rule;
pub mod enums;

pub use alert::{Alert, AlertConnection, AlertEdge, AlertSchedule};
pub use enums::{AlertDigest, AlertKind, AlertStatus};
pub use query::{AlertListFilter, AlertQuery, load_alert, load_rule};
pub use rule::{AlertRule, QuietHours};
