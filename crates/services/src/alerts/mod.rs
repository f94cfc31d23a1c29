//! Alerts: conditions that need attention, of the kinds that `core/kind.rs` describes. One alert is
//! opened each time that a line is crossed.
//!
//! A worker reads each tenant's journal from a stored `seq`, and writes alerts and the new `seq` in
//! one transaction; conditions that depend on the day are scanned separately. An opened alert is an
//! event of the journal, and an e-mail to the recipients of the tenant's rules:
//! `docs/decisions/0086-alerts.md`.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
mod shell;

pub use events::AlertEvent;
pub use shell::visibility_tests;
pub use shell::{
    ActionRequest, AlertEmail, AlertError, AlertRefusal, Alerts, EMAIL_JOB, RequestedAction, RuleFields, RuleRemoval,
    StandingCondition, can_see_alert,
};
