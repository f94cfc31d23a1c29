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

pub use address::{BadAddress, MAX_EMAIL, check_address, distinct_addresses, is_same_address};
pub use alert::{Alert, AlertValues, FailedSchedule, Handling, Margin, Subject, SubjectIds};
pub use email::{MOST_LISTED, Written, written};
pub use kind::{DatedKind, SCHEDULE_KINDS, kind_takes};
pub use level::{Level, LevelView, crossings};
pub use named::Named;
pub use rule::{AlertScope, Recipient, Rule, Rules, Scope, Setting};
pub use schedule::{Local, Quiet, is_quiet, next_daily, quiet_end};
pub use settle::{AlertHistory, Opening, Settled, Step, Trigger, settle};
pub use states::{ALERT_STEPS, Action, actions_from, may, to_state};

/// The longest note on an alert.
pub const MAX_NOTE: usize = 1_000;
/// Rules that a tenant has at most.
pub const MAX_RULES: i64 = 500;
/// Addresses, and members, that a rule tells at most.
pub const MAX_RECIPIENTS: usize = 20;
/// Days that a rule looks ahead, or waits, at most.
pub const MAX_DAYS: i32 = 3_650;
/// How many days before its date a lot is told of where no rule says so.
pub const EXPIRING_DAYS: i32 = 30;
/// Runs of a schedule that fail in a row before there is an alert.
pub const FAILED_RUNS: i64 = 3;
/// The farthest ahead that an alert can be put off: a year.
pub const MAX_SNOOZE_SECONDS: i64 = 366 * 24 * 3600;
