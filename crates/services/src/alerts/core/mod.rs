//! The rules of alerts: pure.

mod address;
mod alert;
mod email;
mod kind;
mod level;
mod named;
mod rule;
mod schedule;
mod settle;
mod states;

pub use address::{InvalidAddress, MAX_EMAIL, check_address, distinct_addresses, is_same_address};
pub use alert::{Alert, AlertValues, FailedSchedule, Handling, Margin, Subject, SubjectIds};
pub use email::{EmailParts, MAX_LISTED, compose_email};
pub use kind::{DatedKind, SCHEDULE_KINDS, accepted_fields};
pub use level::{Level, LevelView, crossings};
pub use named::Named;
pub use rule::{AlertScope, Recipient, Rule, Rules, Scope, Setting};
pub use schedule::{LocalMinute, Quiet, is_quiet, next_daily, quiet_end};
pub use settle::{AlertChangeSet, AlertHistory, Opening, Step, Trigger, settle};
pub use states::{ALERT_STEPS, Action, actions_from, may, to_state};

/// The longest note on an alert.
pub const MAX_NOTE: usize = 1_000;
/// Maximum rules of a tenant.
pub const MAX_RULES: i64 = 500;
/// Maximum addresses and members of a rule.
pub const MAX_RECIPIENTS: usize = 20;
/// Maximum days that a rule looks ahead or waits.
pub const MAX_DAYS: i32 = 3_650;
/// Days before its expiry date from which a lot has an alert, if no rule sets them.
pub const DEFAULT_EXPIRING_DAYS: i32 = 30;
/// Consecutive failures of a schedule before there is an alert.
pub const FAILED_RUNS_THRESHOLD: i64 = 3;
/// Maximum snooze: a year.
pub const MAX_SNOOZE_SECONDS: i64 = 366 * 24 * 3600;
