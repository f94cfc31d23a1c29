//! The route of a request's reads. The task carries it, so that no room has to know of replicas: a
//! handle on a tenant's rows takes it over when it is opened, and so do lookups in tasks of their
//! own.

use std::{
    future::Future,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{freshness::Freshness, pool::Replica, replica_set::Replicas};
use crate::metrics;

/// One replica for all reads of a request, or the primary. It changes from the replica to the
/// primary at most once and never back, so that later reads of a request are not older than earlier
/// ones: a stream that begins at the head that a query returned misses nothing.
pub struct ReadRoute {
    replicas: Replicas,
    freshness: Freshness,
    session: u128,
    /// Chosen replica, with the time up to which it had everything then.
    chosen: OnceLock<Option<(Arc<Replica>, Instant)>>,
    has_left: AtomicBool,
}

impl ReadRoute {
    pub(super) fn new(replicas: Replicas, freshness: Freshness, session: u128) -> Self {
        Self { replicas, freshness, session, chosen: OnceLock::new(), has_left: AtomicBool::new(false) }
    }

    /// Returns the chosen replica; None for the primary.
    pub(in crate::storage) fn replica(&self) -> Option<&Replica> {
        if self.has_left.load(Ordering::Acquire) {
            return None;
        }
        let chosen = self.chosen.get_or_init(|| {
            let replica = self.replicas.choose(self.freshness, self.session)?;
            let as_of = replica.state().as_of?;
            Some((replica, as_of))
        });
        chosen.as_ref().map(|(replica, _)| &**replica)
    }

    /// Returns the maximum age of the rows that were read from a replica; `None` without one.
    fn age(&self) -> Option<Duration> {
        let (_, as_of) = self.chosen.get()?.as_ref()?;
        Some(as_of.elapsed())
    }

    /// Whether a suitable replica is available now, for callers that may wait for one.
    pub(in crate::storage) fn has_suitable_replica(&self) -> bool {
        self.replicas.fits(self.freshness)
    }

    /// Switches all further reads to the primary, because the replica did not answer.
    pub(in crate::storage) fn mark_failed(&self) {
        if !self.has_left.swap(true, Ordering::AcqRel) {
            metrics::replica_reads("primary", "failed");
        }
    }

    /// Switches to the primary: the request begins to write, and may read its own writes from now
    /// on.
    pub(in crate::storage) fn switch_to_primary(&self) {
        self.has_left.store(true, Ordering::Release);
    }
}

tokio::task_local! {
    static ROUTE: Arc<ReadRoute>;
}

/// Runs the future with a route for the handles on tenants' rows that it opens; tasks that it
/// spawns are not included.
pub async fn with_read_route<T>(route: Arc<ReadRoute>, future: impl Future<Output = T>) -> T {
    ROUTE.scope(route, future).await
}

/// Returns the maximum age of the rows that this task has read; `None` if it has read the primary
/// alone.
pub fn age() -> Option<Duration> {
    ROUTE.try_with(|route| route.age()).ok().flatten()
}

/// Returns the route of this task's reads, if it has one.
pub(in crate::storage) fn current() -> Option<Arc<ReadRoute>> {
    ROUTE.try_with(Arc::clone).ok()
}

/// Switches this task's reads to the primary, as it begins to write.
pub(in crate::storage) fn switch_to_primary() {
    // Without a route there is nothing to switch.
    let _ = ROUTE.try_with(|route| route.switch_to_primary());
}

#[cfg(test)]
mod tests {
    use sea_orm::sqlx::postgres::PgConnectOptions;

    use super::*;
    use crate::storage::{
        hosts::Login,
        limits,
        replicas::{Position, flushes::Flushes, pool::ReplicaPools, replica_set::Inner, state::ReplicaState},
        sessions::{Binding, Sessions},
        write_health::WriteHealth,
    };

    const BOUND: Duration = Duration::from_secs(5);

    /// Replicas without connections, with their last samples.
    fn replicas(names: &[&str]) -> Replicas {
        let sessions = || {
            let login = Login::single_host(PgConnectOptions::new_without_pgpass());
            Sessions::new(&login, 1, limits::REPLICAS, Binding::Nobody, &WriteHealth::default())
        };
        let replica = |name: &&str| {
            let replica = Replica::new((*name).to_owned(), ReplicaPools { reads: sessions(), long: sessions() });
            replica.set_state(ReplicaState { is_up: true, timeline: 1, replayed: 100, as_of: Some(Instant::now()) });
            Arc::new(replica)
        };
        let all = names.iter().map(replica).collect();
        let flushes = std::sync::Mutex::new(Flushes::new(BOUND));
        Replicas(Arc::new(Inner { all, system: 7, staleness: BOUND, flushes }))
    }

    #[test]
    fn a_request_keeps_to_its_replica_until_that_fails_or_it_writes_and_never_comes_back() {
        let replicas = replicas(&["one"]);
        let route = |freshness| ReadRoute::new(replicas.clone(), freshness, 7);
        let request = route(Freshness::Bounded(BOUND));
        assert!(request.replica().is_some() && request.replica().is_some());
        request.switch_to_primary();
        assert!(request.replica().is_none(), "it has begun to write");
        let request = route(Freshness::After(Position { timeline: 1, lsn: 100 }));
        assert!(request.replica().is_some() && request.has_suitable_replica());
        request.mark_failed();
        assert!(request.replica().is_none());
        let request = route(Freshness::After(Position { timeline: 1, lsn: 101 }));
        assert!(request.replica().is_none() && !request.has_suitable_replica(), "its own write is not there yet");
        replicas.0.all.iter().for_each(|replica| replica.set_state(ReplicaState { replayed: 101, ..replica.state() }));
        assert!(request.has_suitable_replica() && request.replica().is_none(), "what began with the primary stays there");
    }

    #[test]
    fn a_session_keeps_to_one_replica_and_goes_to_another_while_that_is_away() {
        let replicas = replicas(&["one", "two", "three"]);
        let name = |session| {
            let route = ReadRoute::new(replicas.clone(), Freshness::Bounded(BOUND), session);
            route.replica().map(|replica| replica.name.clone()).unwrap()
        };
        let first = name(7);
        assert!((0..10).all(|_| name(7) == first));
        assert!((0..100).any(|session| name(session) != first), "others go to others");
        let away = replicas.0.all.iter().find(|replica| replica.name == first).unwrap();
        away.set_state(ReplicaState { is_up: false, ..away.state() });
        assert!(name(7) != first);
        away.set_state(ReplicaState { is_up: true, ..away.state() });
        assert_eq!(name(7), first);
    }

    #[tokio::test]
    async fn the_way_of_a_task_is_that_of_no_other() {
        assert!(current().is_none());
        let route = Arc::new(ReadRoute::new(replicas(&["one"]), Freshness::Bounded(BOUND), 7));
        let elsewhere = with_read_route(route.clone(), async {
            assert!(current().is_some() && age().is_none(), "nothing was read yet");
            assert!(current().is_some_and(|route| route.replica().is_some()));
            assert!(age().is_some_and(|age| age < BOUND));
            tokio::spawn(async { current().is_none() }).await.unwrap()
        });
        assert!(elsewhere.await);
        with_read_route(route.clone(), async { switch_to_primary() }).await;
        assert!(route.replica().is_none(), "what the task writes, its reads may have to see");
        switch_to_primary();
    }
}
