//! The audit log: who did what, when and from where, and the outcome.
//!
//! An entry is written in the transaction of the change that it records. `AuditContext` does this:
//! the schema's mutation root wraps each field, the context follows the task, and storage adds its
//! entry to the transaction that commits, so no room has to do so itself. A refusal or denial,
//! which commits nothing, is written in a transaction of its own. A sealer then chains the entries
//! of each tenant by their hashes and signs the head.

mod imported_log;
mod core;
pub mod fields;
mod held;
mod writer;
pub mod rows;
mod shell;
mod context;
pub mod verify;

pub use self::core::{Address, Chain, Checkpoint, Entry, GENESIS, Hash, Outcome, Seal, Target, changes, changes_of};
pub use context::{
    AuditContext, Origin, attribute, changed, changed_node, logs_changes, note_refusal_code, record_refusal_code, set_target,
};
pub use fields::{Fields, MaskStore, money};
pub use held::lock_counter_and_chain_end;
pub use imported_log::{apply_imported_log, chain_entries_of_lost_key, count_unchained_by_key};
pub use shell::Audit;
pub use writer::AuditWriter;
