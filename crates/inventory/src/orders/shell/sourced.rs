//! Where an order looks for its stock. What stores have is read before the command is queued, so that it can say which levels it needs; how much
//! they have is asked again under the locks, where the plan is made.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permission, Permit, Reach};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    ledger::{Command, Done, Ledger, Mode, Stop, submit},
    orders::{
        core::{Position, Sourcing, SourcingRule},
        rows,
    },
    stock::core::{LevelKey, Reason},
};

/// How often stock that has come elsewhere is looked at, before an order is refused because others were quicker.
const TRIES: u32 = 5;

/// What is looked for, and by which rule.
pub(crate) struct Search {
    pub rule: SourcingRule,
    pub destination: Option<Position>,
    pub products: BTreeSet<ProductId>,
    /// Where something is reserved that the order will take the place of.
    pub reserved: Vec<LevelKey>,
}

impl Search {
    /// The stores that the caller may act in and that have any of it.
    pub async fn look(&self, reads: &impl Reads, reach: &Reach) -> Result<Sourcing, Fault> {
        let (rule, destination) = (self.rule, self.destination);
        let kits = rows::kits(reads, self.products.iter().copied()).await?;
        let parts = kits.values().flatten().map(|part| part.product);
        let goods = self.products.iter().copied().filter(|product| !kits.contains_key(product)).chain(parts);
        let goods: BTreeSet<ProductId> = goods.collect();
        let goods: Vec<ProductId> = goods.into_iter().collect();
        let stores = rows::sources(reads, reach, (&goods, &self.reserved), (rule, destination)).await?;
        Ok(Sourcing { rule, destination, stores })
    }
}

/// Hands in a command that looks for its stock. Where it came too late, and stock has come that it did not look at, it looks once more.
pub(super) async fn submit_sourced<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    search: Search,
    (key, mode): (Key, Mode),
    command: impl Fn(Sourcing) -> Command,
) -> Done {
    let scope = permit.scope(ledger.database());
    let mut seen: BTreeSet<LevelKey> = BTreeSet::new();
    let mut refused = Vec::new();
    for _ in 0..TRIES {
        let sourcing = search.look(&scope, &permit.reach()).await?;
        let levels: BTreeSet<LevelKey> = sourcing.levels().collect();
        if !refused.is_empty() && levels.is_subset(&seen) {
            break;
        }
        seen.extend(levels);
        match submit(ledger, permit, command(sourcing), key.clone(), mode).await {
            Err(Stop::Refused(why)) if why.iter().any(|one| matches!(one.why, Reason::LotShort { .. })) => refused = why,
            done => return done,
        }
    }
    Err(Stop::Refused(refused))
}
