//! The one way stock changes: every command on stock or on a document that moves it is queued here, decided in memory against what was locked,
//! and committed with its neighbours in one transaction.

mod speculative_state;
mod audited;
mod batch;
mod command;
mod count_events;
mod decision;
mod due;
mod engine;
mod events;
mod footprint;
pub mod jobs;
mod load;
mod transfer_events;
mod purchase_events;
mod receipt;
pub mod shell;
mod tenants;

pub use command::{Command, Outcome};
pub use decision::{Decision, Documents};
pub use engine::Ledger;
pub use receipt::{Receipt, StoredReceipt};
pub use tenants::Terms;

pub use platform::storage::group_commit::{Grouping, LaneStatus};
