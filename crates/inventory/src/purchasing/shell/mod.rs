//! What suppliers offer, when levels are filled up, and what that comes to.

mod mail;
mod plan;
mod policy;
mod supply;

pub use mail::{KIND, MailRefusal, Sent, SupplierEmail, send};
pub use plan::{MAX_SUGGESTIONS, PlanAsk, suggestions, supplier_performance};
pub use policy::{PolicyRefusal, PolicyRow, PolicySet, PolicyWhat, Set, set_policies};
pub use supply::{MAX_ROWS, Outcome, SupplyBatch, SupplyRow, SupplyUpsert, upsert_supplies};

/// How often a call is begun again after another one took a unique value first. The second time it sees that value.
pub(super) const TRIES: u32 = 3;
