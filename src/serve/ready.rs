//! What `/readyz` tells: whether this node should be given work.

use std::time::Duration;

use async_trait::async_trait;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};

use crate::{
    gauges,
    http::{Check, Readiness, State},
    realtime::Bus,
    storage::{Backend, Database},
};

/// Longer than a database takes that is well, shorter than those who probe wait.
const PATIENCE: Duration = Duration::from_secs(2);
/// For so long a write that found no room is told.
const LATELY: Duration = Duration::from_secs(30);
/// For so long one look answers everybody who asks: a crowd of probes, or of strangers, costs the database nothing.
const GOOD_FOR: Duration = Duration::from_millis(500);
/// Parts of the memory that a node may have, in hundredths: beyond the first it says so, beyond the second it wants no more work.
const MUCH: u64 = 85;
const TOO_MUCH: u64 = 95;

pub struct Ready {
    db: Database,
    /// Where nodes share a Redis.
    bus: Option<Bus>,
    /// Bytes that the process may have in use.
    memory: Option<u64>,
    last: Mutex<Option<(Instant, Vec<Check>)>>,
}

impl Ready {
    pub fn new(db: Database, bus: Option<Bus>, memory: Option<u64>) -> Self {
        Self { db, bus, memory, last: Mutex::default() }
    }

    async fn look(&self) -> Vec<Check> {
        let until = Instant::now() + PATIENCE;
        let (database, migrations) = match timeout_at(until, self.db.pending_migrations()).await {
            Ok(Ok(0)) => (self.writes(until).await, State::Fine),
            Ok(Ok(missing)) => (State::Fine, State::Failed(format!("the database lacks {missing} of this version's migrations"))),
            Ok(Err(_)) => (failed("it does not answer"), failed("not known")),
            Err(_) => (failed("it does not answer in time"), failed("not known")),
        };
        let mut checks = vec![Check { name: "database", state: database }, Check { name: "migrations", state: migrations }];
        if let Some(bus) = &self.bus {
            let state = if bus.is_up() {
                State::Fine
            } else {
                State::Degraded("it does not answer: changes of other nodes are seen within a second or two".to_owned())
            };
            checks.push(Check { name: "redis", state });
        }
        if let (Some(most), Some(now)) = (self.memory, gauges::resident_bytes()) {
            checks.push(Check { name: "memory", state: memory(now, most) });
        }
        checks
    }

    /// A database that answers, as one to write to. An SQLite file that may only be read is refused at the start.
    async fn writes(&self, until: Instant) -> State {
        if self.db.backend() == Backend::Postgres {
            match timeout_at(until, self.db.takes_writes()).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => return failed("it takes no writes: it is read-only"),
                Ok(Err(_)) => return failed("it does not answer"),
                Err(_) => return failed("it does not answer in time"),
            }
        }
        if self.db.lacked_room(LATELY) {
            return State::Degraded("its disk has no room, or takes no writes: a write failed by it a moment ago".to_owned());
        }
        State::Fine
    }
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
    fn memory_is_fine_much_or_too_much() {
        let most = 100 << 20;
        assert_eq!(memory(84 << 20, most), State::Fine);
        assert_eq!(memory(85 << 20, most), State::Degraded("85 MiB in use of 100 MiB".to_owned()));
        assert_eq!(memory(95 << 20, most), State::Failed("95 MiB in use of 100 MiB".to_owned()));
        assert_eq!(memory(1, 0), State::Failed("0 MiB in use of 0 MiB".to_owned()));
    }
}
