//! The one way stock changes: every command on stock or on a document that moves it is queued here, decided in memory against what was locked,
//! and committed with its neighbours in one transaction.

mod audited;
mod batch;
mod call;
mod command;
mod decided;
mod decision;
mod document;
pub(crate) mod due;
mod engine;
pub mod jobs;
mod load;
mod needs;
mod number;
pub mod opening;
mod parts;
mod plan;
mod rated;
mod receipt;
mod registry;
pub mod shell;
mod source;
mod speculative_state;
mod stock_command;
mod tenants;
mod walk;

pub use call::{CallRefusal, Done, LotRef, MAX_NAME, MAX_NOTE, MAX_REFERENCE, Mode, Pack, ProductRef, Stop, StoreRef, packs};
pub(crate) use call::{
    Checks, Missing, Names, check_key, chosen, document_ids, first_answer, key_of, known_store, may_override, overrides,
    own_reservations, shortage_word, store_of, stores_by_code, submit, submit_found, submit_named,
};
pub use command::{Command, Decide, Outcome, Verdict};
pub use decision::{Books, Decision};
pub use document::{Document, Rows, Turn};
pub use engine::Ledger;
pub use needs::Needs;
pub use number::DocumentNumber;
pub use parts::{Part, Parts};
pub use receipt::{Receipt, StoredReceipt};
pub use registry::Documents;
pub use source::Source;
pub use stock_command::StockCommand;
pub use tenants::Terms;
pub use walk::Walk;

pub use platform::storage::group_commit::{ALONE, Grouping, LaneStatus};
