//! What suppliers offer, when levels are filled up, and what that comes to.

mod mail;
mod plan;
mod policy;
mod supply;

pub use mail::{KIND, Letter, MailRefusal, Sent, send};
pub use plan::{MAX_SUGGESTIONS, PlanAsk, suggestions, supplier_performance};
pub use policy::{PolicyRefusal, PolicyRow, PolicySet, PolicyWhat, Set, set_policies};
pub use supply::{MAX_ROWS, Outcome, SupplyBatch, SupplyRow, SupplyUpsert, upsert_supplies};

use crate::storage::{
    Fault, Work,
    idempotency::{self, Key, Known},
};

/// What an earlier call with the same key left.
pub(super) enum Before {
    Nothing,
    Reused,
    Same(String),
}

/// Looked up inside the transaction: whoever used this key at the same time has either committed, and is found here, or stands in the way of our write.
pub(super) async fn before(work: &Work, key: &Key) -> Result<Before, Fault> {
    let found = idempotency::look_up(work, [key]).await?;
    Ok(match idempotency::known(key, &found) {
        None => Before::Nothing,
        Some(Known::Reused) => Before::Reused,
        Some(Known::Same(receipt)) => Before::Same(receipt),
    })
}

/// How often a call is begun again after another one took a unique value first. The second time it sees that value.
pub(super) const TRIES: u32 = 3;
