//! The audit log: who did what, when, from where, and what became of it.
//!
//! An entry is written in the transaction of what it is about. `AuditContext` is how: the schema's mutation root wraps each field, the context goes
//! with the task, and storage takes its entry along with the transaction that commits; no room has to think of it. What commits nothing
//! (a refusal, a denial) is written by itself. A sealer then chains the entries of each tenant by their hashes and signs the head.

mod adopt;
mod core;
pub mod fields;
mod held;
mod writer;
pub mod rows;
mod shell;
mod context;
pub mod verify;

pub use self::core::{Address, Chain, Checkpoint, Entry, GENESIS, Hash, Outcome, Seal, Target, changes, changes_of};
pub use adopt::{adopt, adopt_waiting, waiting_under};
pub use context::{AuditContext, Origin, attribute, changed, changed_node, listens, refused, refused_in_data, set_target};
pub use fields::{Fields, MaskStore, money};
pub use held::counter_and_end;
pub use shell::Audit;
pub use writer::AuditWriter;
