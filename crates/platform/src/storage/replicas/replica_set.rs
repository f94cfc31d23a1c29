//! The replicas of a database, and the choice of one for a request.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    flushes::Flushes,
    freshness::Freshness,
    pool::Replica,
    state::{PrimaryReason, rank},
};
use crate::metrics;

/// The replicas of a database. Clones share them.
#[derive(Clone)]
pub(in crate::storage) struct Replicas(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) all: Vec<Arc<Replica>>,
    /// ID of the primary's cluster.
    pub(super) system: i64,
    pub(super) staleness: Duration,
    pub(super) flushes: Mutex<Flushes>,
}

impl Inner {
    pub(super) fn flushes(&self) -> std::sync::MutexGuard<'_, Flushes> {
        self.flushes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Replicas {
    /// Chooses the replica for a request. A session keeps to one of them, so that its next page is
    /// not older than the one before.
    pub(super) fn choose(&self, freshness: Freshness, session: u128) -> Option<Arc<Replica>> {
        let now = Instant::now();
        let fitness = |replica: &&Arc<Replica>| replica.state().fits(freshness, self.0.staleness, now);
        let candidates = self.0.all.iter().filter(|replica| fitness(replica).is_ok());
        let chosen = candidates.max_by_key(|replica| rank(&replica.name, session)).cloned();
        if chosen.is_some() {
            metrics::replica_reads("replica", "fresh");
        } else if freshness != Freshness::Primary {
            let miss_reason =
                self.0.all.iter().filter_map(|replica| fitness(&replica).err()).max().unwrap_or(PrimaryReason::Down);
            metrics::replica_reads("primary", miss_reason.word());
        }
        chosen
    }

    /// Whether a read would find a replica now.
    pub(super) fn fits(&self, freshness: Freshness) -> bool {
        let now = Instant::now();
        self.0.all.iter().any(|replica| replica.state().fits(freshness, self.0.staleness, now).is_ok())
    }

    /// Counts of connections to all replicas, for requests and for long reads: open, idle, and
    /// maximum.
    pub(in crate::storage) fn pools(&self) -> [(usize, usize, usize); 2] {
        let mut sums = [(0, 0, 0); 2];
        for replica in &self.0.all {
            for (sum, (open, idle, max)) in sums.iter_mut().zip(replica.pools()) {
                *sum = (sum.0 + open, sum.1 + idle, sum.2 + max);
            }
        }
        sums
    }

    pub(in crate::storage) fn forget(&self) {
        self.0.all.iter().for_each(|replica| replica.forget());
    }
}
