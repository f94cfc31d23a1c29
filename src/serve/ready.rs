//! What `/readyz` tells: whether this node should be given work.

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
const PATIENCE: Duration = Duration::from_secs(2);
/// For so long a write that found no room is told.
const LATELY: Duration = Duration::from_secs(30);
/// For so long one look answers everybody who asks: a crowd of probes, or of strangers, costs the database nothing.
const GOOD_FOR: Duration = Duration::from_millis(500);
/// A lane of the ledger that has not got any further for so long does not: what is sent to it fails, or will.
const STALLED: Duration = Duration::from_secs(3);
/// Parts of the memory that a node may have, in hundredths: beyond the first it says so, beyond the second it wants no more work.
const MUCH: u64 = 85;
const TOO_MUCH: u64 = 95;

pub struct Ready {
    db: Database,
    ledger: Ledger,
    /// Where nodes share a Redis.
    bus: Option<Bus>,
    file_store: FileStore,
    /// Bytes that the process may have in use.
    memory: Option<u64>,
    last: Mutex<Option<(Instant, Vec<Check>)>>,
}

impl Ready {
    pub fn new(ledger: Ledger, bus: Option<Bus>, file_store: FileStore, memory: Option<u64>) -> Self {
        Self { db: ledger.database().clone(), ledger, bus, file_store, memory, last: Mutex::default() }
    }

    async fn look(&self) -> Vec<Check> {
        let until = Instant::now() + PATIENCE;
        let (database, migrations) = match timeout_at(until, self.db.versions()).await {
            Ok(Ok(versions)) => (self.writes(until).await, fits(&versions)),
            Ok(Err(_)) => (failed("it does not answer"), failed("not known")),
            Err(_) => (failed("it does not answer in time"), failed("not known")),
        };
        let answers = !matches!(database, State::Failed(_));
        let mut checks = vec![
            Check { name: "database", state: database },
            Check { name: "migrations", state: migrations },
            Check { name: "ledger", state: moves(&self.ledger.lane_status()) },
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
        if answers && let Ok(Ok(Some(hold))) = timeout_at(until, outgoing_hold(&self.db.global())).await {
            checks.push(Check { name: "outgoing", state: State::Degraded(held(&clock::rfc3339(hold.held_at))) });
        }
        if let (Some(most), Some(now)) = (self.memory, metrics::resident_bytes()) {
            checks.push(Check { name: "memory", state: memory(now, most) });
        }
        checks
    }

    /// A database that answers, as one to write to: by the connections that writes take. An SQLite file that may only be read is refused at the start.
    async fn writes(&self, until: Instant) -> State {
        if self.db.backend() == Backend::Postgres {
            match timeout_at(until, self.db.takes_writes()).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => return failed("it takes no writes: it is read-only"),
                Ok(Err(_)) => return failed("it does not answer"),
                Err(_) => return failed("it does not answer in time"),
            }
            match timeout_at(until, self.db.lets_begin()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return failed("a write cannot be begun"),
                Err(_) => return failed("a write cannot be begun in time"),
            }
        }
        if self.db.lacked_room(LATELY) {
            return State::Degraded("its disk has no room, or takes no writes: a write failed by it a moment ago".to_owned());
        }
        State::Fine
    }
}

/// A newer release's migrations that only add are no hindrance.
fn fits(versions: &Versions) -> State {
    match (versions.mismatch(), versions.notice()) {
        (Some(why), _) => State::Failed(why),
        (None, Some(notice)) => State::Degraded(notice),
        (None, None) => State::Fine,
    }
}

/// Whether stock changes get through. A tenant that is set aside is that tenant's matter.
fn moves(lanes: &[LaneStatus]) -> State {
    let stalled = lanes.iter().map(|lane| lane.stalled).max().unwrap_or_default();
    let aside: usize = lanes.iter().map(|lane| lane.aside).sum();
    if stalled >= STALLED {
        State::Failed(format!("stock changes have waited for the database for {} s", stalled.as_secs()))
    } else if aside > 0 {
        State::Degraded(format!("stock changes of {aside} tenant(s) wait for the database; others do not"))
    } else {
        State::Fine
    }
}

fn held(since: &str) -> String {
    format!("held since {since}: no e-mail, webhook, report or export leaves before `entrepot resume`")
}

fn failed(why: &str) -> State {
    State::Failed(why.to_owned())
}

fn memory(now: u64, most: u64) -> State {
    let hundredths = now.saturating_mul(100) / most.max(1);
    let why = || format!("{} MiB in use of {} MiB", now >> 20, most >> 20);
    match hundredths {
        TOO_MUCH.. => State::Failed(why()),
        MUCH.. => State::Degraded(why()),
        _ => State::Fine,
    }
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ready")
    }
}

#[async_trait]
impl Readiness for Ready {
    async fn checks(&self) -> Vec<Check> {
        // Who comes while somebody looks waits for what is found.
        let mut last = self.last.lock().await;
        if let Some((_, checks)) = last.as_ref().filter(|(at, _)| at.elapsed() < GOOD_FOR) {
            return checks.clone();
        }
        let checks = self.look().await;
        *last = Some((Instant::now(), checks.clone()));
        checks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_that_waits_is_told_and_a_lane_that_waits_takes_the_node_out() {
        let lane = |aside, seconds| LaneStatus { waiting: 7, aside, stalled: Duration::from_secs(seconds) };
        assert_eq!(moves(&[lane(0, 0), lane(0, 1)]), State::Fine);
        assert!(matches!(moves(&[lane(1, 0), lane(2, 1)]), State::Degraded(why) if why.contains("3 tenant(s)")));
        assert!(matches!(moves(&[lane(0, 0), lane(3, 9)]), State::Failed(why) if why.contains("9 s")));
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
