//! The only writer of stock: every command on stock, or on a document that moves it, is queued
//! here, decided in memory against locked or speculative state, and committed with others in one
//! transaction.

mod adjust;
mod audited;
mod batch;
mod call;
mod command;
mod batch_decisions;
mod decision;
mod document;
pub(crate) mod due;
mod engine;
pub mod jobs;
mod lines;
mod load;
mod needs;
mod number;
pub mod opening;
mod parts;
mod plan;
mod receipt;
mod registry;
pub mod shell;
mod source;
mod speculative_state;
mod stock_command;
mod tenants;
mod job_cursor;

pub use call::{
    CallRefusal, LotRef, MAX_NAME, MAX_NOTE, MAX_REFERENCE, Mode, Pack, ProductRef, Stop, StoreRef, SubmitResult, load_packs,
};
pub(crate) use call::{
    Checks, MissingReferences, Names, check_key, check_override, document_ids, key_of, load_known_store, load_stores_by_code,
    lot_choice, may_override, resolve_reservations, serialize_shortage, store_of, stored_answer_or, submit, submit_resolved,
    submit_with_missing,
};
pub use command::{Command, Decide, Outcome, Verdict};
pub use decision::{Books, Decision};
pub use document::{Document, DocumentPhase, Rows};
pub use engine::Ledger;
pub use job_cursor::JobCursor;
pub use needs::Needs;
pub use number::DocumentNumber;
pub use parts::{Part, Parts};
pub use receipt::{Receipt, StoredReceipt};
pub use registry::Documents;
pub use source::Source;
pub use stock_command::StockCommand;
pub use tenants::Terms;

pub use platform::storage::group_commit::{EXCLUSIVE_WEIGHT, Grouping, LaneStatus};
