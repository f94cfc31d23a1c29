//! The one way stock changes: every command on stock or on a document that moves it is queued here, decided in memory against what was locked,
//! and committed with its neighbours in one transaction.

mod about;
mod ahead;
mod audited;
mod batch;
mod command;
mod decision;
mod due;
mod engine;
mod events;
pub mod jobs;
mod load;
pub mod shell;
mod tenants;

pub use about::{ProductMoved, about};
pub use command::{Command, Outcome, Receipt, StoredReceipt};
pub use engine::Ledger;
pub use events::{LevelState, OrderEvent, OrderHead, ReturnEvent, StockChanged};
pub use tenants::Terms;

pub use crate::storage::group_commit::Grouping;
