//! A replica: its connections and its state.

use std::time::Duration;

use entity::prelude::TenantId;
use sea_orm::{DbErr, QueryResult, RuntimeErr, Statement};
use tokio::{sync::watch, time::timeout};

use super::{
    probe::{Probe, Sample},
    state::ReplicaState,
};
use crate::storage::{
    Fault,
    read_kind::ReadKind,
    sessions::{Bound, Sessions},
};

/// Timeout of a starting node's first sample of a replica; a late replica is used later.
const FIRST_SAMPLE_TIMEOUT: Duration = Duration::from_secs(3);

/// Connections to a replica, with the roles and bindings of those to the primary.
pub(in crate::storage) struct ReplicaPools {
    pub reads: Sessions,
    pub long: Sessions,
}

pub(in crate::storage) struct Replica {
    pub(super) name: String,
    pools: ReplicaPools,
    state: watch::Sender<ReplicaState>,
}

impl Replica {
    pub(super) fn new(name: String, pools: ReplicaPools) -> Self {
        Self { name, pools, state: watch::Sender::new(ReplicaState::default()) }
    }

    pub(super) fn state(&self) -> ReplicaState {
        *self.state.borrow()
    }

    pub(super) fn set_state(&self, state: ReplicaState) {
        let was_up = self.state.send_replace(state).is_up;
        match (was_up, state.is_up) {
            (false, true) => tracing::info!(replica = self.name, "reads may go to this replica"),
            (true, false) => {
                tracing::warn!(replica = self.name, "this replica does not answer, or takes writes by now: reads go elsewhere");
                // Old connections may stay silent when the replica answers again on new ones.
                self.forget();
            }
            _ => {}
        }
    }

    /// Counts of its connections for requests and for long reads.
    pub(super) fn pools(&self) -> [(usize, usize, usize); 2] {
        [self.pools.reads.connection_counts(), self.pools.long.connection_counts()]
    }

    pub(super) fn forget(&self) {
        self.pools.reads.forget();
        self.pools.long.forget();
    }

    /// Checks a replica for the first time. A replica that may take over from its primary may have
    /// done so, and is used once it is a replica again.
    ///
    /// # Errors
    /// It answers, and is no replica of this cluster.
    pub(super) async fn admit(&self, probe: &mut Probe, system: i64, may_take_over: bool) -> Result<(), Fault> {
        let sample = match timeout(FIRST_SAMPLE_TIMEOUT, probe.sample()).await {
            Ok(Ok(sample)) => sample,
            Ok(Err(error)) => {
                tracing::warn!(replica = self.name, %error, "a replica does not answer: it is used when it does");
                return Ok(());
            }
            Err(_late) => {
                tracing::warn!(replica = self.name, "a replica does not answer in time: it is used when it does");
                return Ok(());
            }
        };
        if sample.system != system {
            return Err(Fault::Broken(format!(
                "--read-database-url {} is of another Postgres cluster than --database-url: name a replica of it",
                self.name
            )));
        }
        if !sample.is_replica && !may_take_over {
            return Err(Fault::Broken(format!(
                "--read-database-url {} takes writes, so it is no replica: leave it out, or name a standby",
                self.name
            )));
        }
        self.set_state(sample.state(system, None));
        Ok(())
    }

    /// Runs a single statement that reads a tenant's rows. It is given up as soon as the replica is
    /// known not to answer.
    pub(in crate::storage) async fn rows(
        &self,
        tenant: TenantId,
        kind: ReadKind,
        statement: Statement,
    ) -> Result<Vec<QueryResult>, Fault> {
        let sessions = if kind.is_long() { &self.pools.long } else { &self.pools.reads };
        let bound = Bound::Tenant(tenant);
        tokio::select! {
            biased;
            rows = sessions.planned_rows(&bound, kind.workers(), statement) => rows,
            () = wait_until_down(self.state.subscribe()) => {
                Err(DbErr::Conn(RuntimeErr::Internal("the replica does not answer".to_owned())).into())
            }
        }
    }
}

async fn wait_until_down(mut state: watch::Receiver<ReplicaState>) {
    loop {
        let is_up = state.borrow_and_update().is_up;
        if !is_up || state.changed().await.is_err() {
            return;
        }
    }
}

impl Sample {
    /// Returns the state of a replica of that cluster that has replayed everything up to this
    /// moment. A replica of another cluster counts as down.
    pub(super) fn state(&self, system: i64, as_of: Option<tokio::time::Instant>) -> ReplicaState {
        ReplicaState { is_up: self.is_replica && self.system == system, timeline: self.timeline, replayed: self.replayed, as_of }
    }
}
