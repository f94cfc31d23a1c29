//! Alerts: conditions that somebody should look at, of the kinds that `core/kind.rs` has facts of. One alert for each time that a line is crossed.
//!
//! A worker stands in each tenant's journal by a number, and writes alerts and moves the number in one transaction; what depends on the day is
//! looked for beside it. What was opened is an event of the journal, and a letter for whoever the tenant's rules name: `docs/decisions/0086-alerts.md`.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
mod shell;

pub use events::AlertEvent;
pub use shell::limits;
pub use shell::{
    Act, AlertEmail, AlertError, AlertRefusal, Alerts, Do, EMAIL_JOB, RuleFields, RuleRemoval, StandingCondition, sees,
};
