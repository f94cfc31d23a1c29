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
    BySubject, active, active_levels, active_of, active_subjects, add, alerts, change, delete_resolved, ended_snoozes,
    last_resolution_times, last_seqs, load_dismissed_values, lock, tenants_with_old_alerts,
};
pub use dated::{alerted_subjects, page_of_dated, tenants_with_dates};
pub use dated_subject::DatedSubject;
pub use email::{DueEmail, discard_due_emails, find_due_emails, insert_emails, mark_queued, tenants_due};
pub use facts::{Zones, alerts_with_names, categories, count_difference, margins, scope_references, zones};
pub use follow::{LaggingTenant, advance, lagging_tenants, lock_follower};
pub use list::{AlertSort, AlertsSorted, Test, page, source};
pub use rule::{add_rule, change_rule, count_rules, lock_rule, lock_rule_of, remove_rule, rules, rules_by_id};
pub use schedules::{FailingSchedule, failing_schedules};
