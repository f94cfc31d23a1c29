//! The one way stock changes: every command on stock or on a document that moves it is queued here, decided in memory against what was locked,
//! and committed with its neighbours in one transaction.

mod batch;
mod command;
mod engine;
mod events;

pub use command::{Command, Outcome, Receipt};
pub use engine::Ledger;
pub use events::{LevelState, StockChanged};
