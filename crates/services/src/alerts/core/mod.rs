//! The rules of alerts: pure.

mod address;
mod alert;
mod email;
mod kind;
mod level;
mod limits;
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
pub use limits::{
    DEFAULT_EXPIRING_DAYS, FAILED_RUNS_THRESHOLD, MAX_DAYS, MAX_NOTE, MAX_RECIPIENTS, MAX_RULES, MAX_SNOOZE_SECONDS,
};
pub use named::AlertNames;
pub use rule::{AlertScope, Recipient, Rule, Rules, Scope, Setting};
pub use schedule::{LocalMinute, Quiet, is_quiet, next_daily, quiet_end};
pub use settle::{AlertChangeSet, AlertHistory, Opening, Step, Trigger, apply_steps};
pub use states::{ALERT_STEPS, Action, actions_from, is_allowed, to_state};
