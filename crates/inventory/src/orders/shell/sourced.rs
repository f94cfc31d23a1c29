//! Sourcing of orders before they are queued. The stock of stores is read here, so that the command
//! can name the levels that it needs; the quantities are read again under the locks, where the plan
//! is made.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permission, Permit, Reach};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    ledger::{Command, Ledger, Mode, Stop, SubmitResult, submit},
    orders::{
        core::{Position, Sourcing, SourcingRule},
        rows,
    },
    stock::core::{LevelKey, Reason},
};

/// Maximum number of tries to source an order from stock that has come in elsewhere, when others
/// were quicker.
const MAX_SOURCING_ATTEMPTS: u32 = 5;

/// Products to source, and the rule.
pub(crate) struct Search {
    pub rule: SourcingRule,
    pub destination: Option<Position>,
    pub products: BTreeSet<ProductId>,
    /// Levels of the reservations that the order will take over.
    pub reserved: Vec<LevelKey>,
}

impl Search {
    /// Returns the stores within the caller's reach that have any of the products.
    pub async fn find_sources(&self, reads: &impl Reads, reach: &Reach) -> Result<Sourcing, Fault> {
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

/// Submits a command that sources its stock. If it is short, and another look finds levels that
/// were not candidates before, it is submitted again.
pub(super) async fn submit_sourced<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    search: Search,
    (key, mode): (Key, Mode),
    command: impl Fn(Sourcing) -> Command,
) -> SubmitResult {
    let scope = permit.scope(ledger.database());
    let mut known_levels: BTreeSet<LevelKey> = BTreeSet::new();
    let mut last_rejections = Vec::new();
    for _ in 0..MAX_SOURCING_ATTEMPTS {
        let sourcing = search.find_sources(&scope, &permit.reach()).await?;
        let levels: BTreeSet<LevelKey> = sourcing.levels().collect();
        if !last_rejections.is_empty() && levels.is_subset(&known_levels) {
            break;
        }
        known_levels.extend(levels);
        match submit(ledger, permit, command(sourcing), key.clone(), mode).await {
            Err(Stop::Refused(rejections))
                if rejections.iter().any(|rejection| matches!(rejection.why, Reason::LotShort { .. })) =>
            {
                last_rejections = rejections;
            }
            outcome => return outcome,
        }
    }
    Err(Stop::Refused(last_rejections))
}
