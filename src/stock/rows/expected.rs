//! What is on its way to a level, by document. The rooms that order and move goods keep their own tables; what they promise for a level is read
//! here, in one place, so that whoever explains a figure need not know them.

use crate::{
    stock::core::{Arrival, Level, LevelKey, arrivals},
    storage::{Fault, Reads},
};

/// Documents with dates that bring stock to a level: ordered from suppliers, and under way from other stores.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    pub incoming: Vec<Arrival>,
    pub in_transit: Vec<Arrival>,
}

/// Reads one kind of document: open purchase orders, transfers under way.
#[async_trait::async_trait]
pub trait ExpectedBy<R: Reads>: Sync {
    async fn expected(&self, reads: &R, key: LevelKey) -> Result<Expected, Fault>;
}

/// What is on its way to a level: each document's share, and what none accounts for. Sums to the level's own `incoming` and `in_transit`.
pub async fn expected<R: Reads>(reads: &R, level: &Level, sources: &[&dyn ExpectedBy<R>]) -> Result<Expected, Fault> {
    let mut all = Expected::default();
    for source in sources {
        let found = source.expected(reads, level.key).await?;
        all.incoming.extend(found.incoming);
        all.in_transit.extend(found.in_transit);
    }
    Ok(Expected {
        incoming: arrivals(level.incoming.get(), all.incoming),
        in_transit: arrivals(level.in_transit.get(), all.in_transit),
    })
}
