//! Alerts, rules and e-mails in the database.

mod alert;
mod dated;
mod dated_subject;
mod facts;
mod follow;
mod email;
mod list;
mod rule;
mod schedules;
mod anomalous_days;
mod works;

pub use alert::{
    BySubject, active, active_levels, active_of, active_subjects, add, alerts, change, dismissed, ended_snoozes, forget,
    last_resolved, last_seqs, lock, tenants_with_old_alerts,
};
pub use dated::{alerted, page_of_dated, tenants_with_dates};
pub use dated_subject::Dated;
pub use email::{DueEmail, discard_due, due, insert_emails, mark_queued, tenants_due};
pub use facts::{Zones, categories, count_difference, margins, named, scope_references, zones};
pub use follow::{LaggingTenant, advance, behind, lock_follower};
pub use list::{AlertSort, AlertsSorted, Test, page, source};
pub use rule::{add_rule, change_rule, count_rules, lock_rule, lock_rule_of, remove_rule, rules, rules_by_id};
pub use schedules::{FailingSchedule, failing_schedules};
