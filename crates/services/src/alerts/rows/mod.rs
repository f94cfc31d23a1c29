//! Alerts, rules and letters in the database.

mod alert;
mod dated;
mod facts;
mod follow;
mod email;
mod list;
mod rule;
mod schedules;
mod strange;
mod works;

pub use alert::{
    BySubject, active, active_levels, active_of, active_subjects, add, alerts, change, dismissed, forget, last_resolved,
    last_seqs, lock, resolved_long_ago, snoozed,
};
pub use dated::{Dated, alerted, page_of_dated, tenants_with_dates};
pub use email::{DueEmail, drop_due, due, note_queued, put_down, tenants_due};
pub use facts::{Zones, categories, differences, margins, named, named_by, zones};
pub use follow::{Behind, advance, behind, hold};
pub use list::{AlertSort, AlertsSorted, Test, page, source};
pub use rule::{add_rule, change_rule, count_rules, lock_rule, lock_rule_of, remove_rule, rules, rules_by_id};
pub use schedules::{FailingSchedule, failing_schedules};
