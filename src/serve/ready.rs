//! Readiness checks of `/readyz`: whether this node should be given work.

use std::time::Duration;

use async_trait::async_trait;
use inventory::ledger::{LaneStatus, Ledger};
use platform::{
    clock,
    jobs::outgoing_hold,
    metrics,
    realtime::Bus,
    storage::{Backend, Database, Versions},
};
use server::{Check, Readiness, State};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};

use super::file_store::FileStore;

/// Longer than a database takes that is well, shorter than those who probe wait.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// Time for which a write without disk space is reported.
const DISK_FULL_WINDOW: Duration = Duration::from_secs(30);
/// Time for which the result of a check is reused: a crowd of probes, or of strangers, costs the
/// database nothing.
const RESULT_REUSE_TIME: Duration = Duration::from_millis(500);
/// Time without progress after which a lane of the ledger counts as stalled: its commands fail, or
/// will.
const LANE_STALL_TIMEOUT: Duration = Duration::from_secs(3);
/// Percent of the memory that a node may use: beyond the first it warns, beyond the second it is
/// not ready.
const MEMORY_WARN_PERCENT: u64 = 85;
const MEMORY_FAIL_PERCENT: u64 = 95;

pub struct NodeReadiness {
    db: Database,
    ledger: Ledger,
    /// Bus of the nodes, if they share a Redis.
    bus: Option<Bus>,
    file_store: FileStore,
    /// Bytes that the process may have in use.
    memory: Option<u64>,
    last: Mutex<Option<(Instant, Vec<Check>)>>,
}

impl NodeReadiness {
    pub fn new(ledger: Ledger, bus: Option<Bus>, file_store: FileStore, memory: Option<u64>) -> Self {
        Self { db: ledger.database().clone(), ledger, bus, file_store, memory, last: Mutex::default() }
    }

    async fn run_checks(&self) -> Vec<Check> {
        let deadline = Instant::now() + CHECK_TIMEOUT;
        let (database, migrations) = match timeout_at(deadline, self.db.versions()).await {
            Ok(Ok(versions)) => (self.check_writes(deadline).await, versions_state(&versions)),
            Ok(Err(_)) => (failed_state("it does not answer"), failed_state("not known")),
            Err(_) => (failed_state("it does not answer in time"), failed_state("not known")),
        };
        let is_answering = !matches!(database, State::Failed(_));
        let mut checks = vec![
            Check { name: "database", state: database },
            Check { name: "migrations", state: migrations },
            Check { name: "ledger", state: lanes_state(&self.ledger.lane_status()) },
        ];
        if let Some(bus) = &self.bus {
            let state = if bus.is_up() {
                State::Fine
            } else {
                State::Degraded("it does not answer: changes of other nodes are seen within a second or two".to_owned())
            };
            checks.push(Check { name: "redis", state });
        }
        checks.push(Check { name: "files", state: self.file_store.state() });
        if is_answering && let Ok(Ok(Some(hold))) = timeout_at(deadline, outgoing_hold(&self.db.global())).await {
            checks.push(Check { name: "outgoing", state: State::Degraded(held_state(&clock::rfc3339(hold.held_at))) });
        }
        if let (Some(max_bytes), Some(now)) = (self.memory, metrics::resident_bytes()) {
            checks.push(Check { name: "memory", state: memory(now, max_bytes) });
        }
        checks
    }

    /// A database that answers, as one to write to: by the connections that writes take. An SQLite file that may only be read is refused at the start.
    async fn check_writes(&self, deadline: Instant) -> State {
        if self.db.backend() == Backend::Postgres {
            match timeout_at(deadline, self.db.accepts_writes()).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => return failed_state("it takes no writes: it is read-only"),
                Ok(Err(_)) => return failed_state("it does not answer"),
                Err(_) => return failed_state("it does not answer in time"),
            }
            match timeout_at(deadline, self.db.check_writable()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return failed_state("a write cannot be started"),
                Err(_) => return failed_state("a write cannot be started in time"),
            }
        }
        if self.db.was_disk_full(DISK_FULL_WINDOW) {
            return State::Degraded("its disk has no room, or takes no writes: a write failed by it a moment ago".to_owned());
        }
        State::Fine
    }
}

/// A newer release's migrations that only add are no hindrance.
fn versions_state(versions: &Versions) -> State {
    match (versions.mismatch(), versions.notice()) {
        (Some(reason), _) => State::Failed(reason),
        (None, Some(notice)) => State::Degraded(notice),
        (None, None) => State::Fine,
    }
}

/// Whether stock changes get through. A tenant that is set aside is that tenant's matter.
fn lanes_state(lanes: &[LaneStatus]) -> State {
    let stalled = lanes.iter().map(|lane| lane.stalled).max().unwrap_or_default();
    let waiting_tenants: usize = lanes.iter().map(|lane| lane.aside).sum();
    if stalled >= LANE_STALL_TIMEOUT {
        State::Failed(format!("stock changes have waited for the database for {} s", stalled.as_secs()))
    } else if waiting_tenants > 0 {
        State::Degraded(format!("stock changes of {waiting_tenants} tenant(s) wait for the database; others do not"))
    } else {
        State::Fine
    }
}

fn held_state(since: &str) -> String {
    format!("held since {since}: no e-mail, webhook, report or export leaves before `entrepot resume`")
}

fn failed_state(reason: &str) -> State {
    State::Failed(reason.to_owned())
}

fn memory(used_bytes: u64, max_bytes: u64) -> State {
    let hundredths = used_bytes.saturating_mul(100) / max_bytes.max(1);
    let usage = || format!("{} MiB in use of {} MiB", used_bytes >> 20, max_bytes >> 20);
    match hundredths {
        MEMORY_FAIL_PERCENT.. => State::Failed(usage()),
        MEMORY_WARN_PERCENT.. => State::Degraded(usage()),
        _ => State::Fine,
    }
}

impl std::fmt::Debug for NodeReadiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NodeReadiness")
    }
}

#[async_trait]
impl Readiness for NodeReadiness {
    async fn checks(&self) -> Vec<Check> {
        // A probe during a check waits for its result.
        let mut cached = self.last.lock().await;
        if let Some((_, checks)) = cached.as_ref().filter(|(at, _)| at.elapsed() < RESULT_REUSE_TIME) {
            return checks.clone();
        }
        let checks = self.run_checks().await;
        *cached = Some((Instant::now(), checks.clone()));
        checks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_that_waits_is_told_and_a_lane_that_waits_takes_the_node_out() {
        let lane = |aside, seconds| LaneStatus { waiting: 7, aside, stalled: Duration::from_secs(seconds) };
        assert_eq!(lanes_state(&[lane(0, 0), lane(0, 1)]), State::Fine);
        assert!(matches!(lanes_state(&[lane(1, 0), lane(2, 1)]), State::Degraded(why) if why.contains("3 tenant(s)")));
        assert!(matches!(lanes_state(&[lane(0, 0), lane(3, 9)]), State::Failed(why) if why.contains("9 s")));
    }

    #[test]
    fn memory_is_fine_much_or_too_much() {
        let most = 100 << 20;
        assert_eq!(memory(84 << 20, most), State::Fine);
        assert_eq!(memory(85 << 20, most), State::Degraded("85 MiB in use of 100 MiB".to_owned()));
        assert_eq!(memory(95 << 20, most), State::Failed("95 MiB in use of 100 MiB".to_owned()));
        assert_eq!(memory(1, 0), State::Failed("0 MiB in use of 0 MiB".to_owned()));
    }
}
