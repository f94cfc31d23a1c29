//! Checks whether a connection keeps its server process. A pooler in transaction mode gives each
//! transaction any free process, so settings, locks and prepared statements of a connection leak to
//! others. `docs/decisions/0407-poolers-in-transaction-mode-are-refused.md`.

use std::{pin::pin, time::Duration};

use sea_orm::sqlx::{
    self, AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, Row as _, postgres::PgConnectOptions,
};
use tokio::time::timeout;

use super::{Backend, Database, Fault, RowSecurityProof};

/// Path by which transactions of a connection reach Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pooling {
    /// Each connection kept its server process, as far as the probe could see: it is direct, or
    /// through a pooler in session mode.
    Session,
    /// There is a pooler in transaction mode: the observation that proves it.
    Transaction(&'static str),
    /// The probe failed, with the reason. It proves nothing about a pooler.
    Unknown(String),
}

/// Rounds of overlapping transactions. The second detects a pooler that assigns the most recently
/// freed process, the third one that assigns the least recently freed.
const ROUNDS: usize = 4;
/// Time to wait for the second transaction before the first one ends: a pooler may have one process
/// for both.
const POOLER_TIMEOUT: Duration = Duration::from_millis(500);
/// Timeout of the whole probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// Begins a transaction and returns its server process, with its start time, which distinguishes it
/// from one with the same number in another container.
const BEGIN: &str = "BEGIN READ ONLY; SELECT concat_ws(' ', pg_backend_pid(),
      (SELECT extract(epoch FROM backend_start) FROM pg_stat_activity WHERE pid = pg_backend_pid())) AS process,
    coalesce(current_setting('entrepot.probe', true), '') AS setting";
const END: &str = "COMMIT";

const PROCESS_CHANGED: &str = "transactions of one connection ran in different server processes";
const PROCESS_SHARED: &str = "two open connections ran transactions in one server process";
const SETTING_LOST: &str = "a setting of a connection was gone in its next transaction";

/// Refuses a database behind a pooler in transaction mode. If the probe fails, a warning is logged.
///
/// # Errors
/// `Fault::Pooled`, with the observation.
pub(super) async fn refuse_transaction_pooler(login: &PgConnectOptions, proof: RowSecurityProof) -> Result<(), Fault> {
    if proof == RowSecurityProof::Copied {
        return Ok(());
    }
    match Box::pin(probe(login)).await {
        Pooling::Session => Ok(()),
        Pooling::Transaction(symptom) => Err(Fault::Pooled(symptom)),
        Pooling::Unknown(why) => {
            tracing::warn!(why, "the check for a connection pooler in transaction mode in front of Postgres failed");
            Ok(())
        }
    }
}

/// Opens two connections, interleaves their transactions, and closes them again. It sends only
/// simple queries: such a pooler breaks prepared statements.
async fn probe(login: &PgConnectOptions) -> Pooling {
    match timeout(PROBE_TIMEOUT, compare_connections(login)).await {
        Ok(Ok(None)) => Pooling::Session,
        Ok(Ok(Some(symptom))) => Pooling::Transaction(symptom),
        Ok(Err(err)) => Pooling::Unknown(err.to_string()),
        Err(_) => Pooling::Unknown(format!("no answer within {} s", PROBE_TIMEOUT.as_secs())),
    }
}

async fn compare_connections(login: &PgConnectOptions) -> Result<Option<&'static str>, sqlx::Error> {
    let (mut first, mut second) = (Client::connect(login, "first").await?, Client::connect(login, "second").await?);
    let symptom = run_interleaved(&mut first, &mut second).await?;
    // The result holds, even if closing the connections fails.
    drop(first.connection.close().await);
    drop(second.connection.close().await);
    Ok(symptom)
}

async fn run_interleaved(first: &mut Client, second: &mut Client) -> Result<Option<&'static str>, sqlx::Error> {
    for round in 1..=ROUNDS {
        // Set as late as this: a proxy may pin a connection from its first setting on.
        if round == ROUNDS {
            first.set().await?;
            second.set().await?;
        }
        let observation = first.begin().await?;
        if let Some(symptom) = first.observe(observation, second) {
            return Ok(Some(symptom));
        }
        let (observation, is_first_open) = {
            let mut beginning = pin!(second.begin());
            let begin_result = timeout(POOLER_TIMEOUT, beginning.as_mut()).await;
            if let Ok(observation) = begin_result {
                (observation?, true)
            } else {
                first.end().await?;
                (beginning.await?, false)
            }
        };
        if let Some(symptom) = second.observe(observation, first) {
            return Ok(Some(symptom));
        }
        // The transaction that began first ends first, and in the next round last.
        let is_first_last = round % 2 == 0;
        if is_first_last {
            second.end().await?;
        }
        if is_first_open {
            first.end().await?;
        }
        if !is_first_last {
            second.end().await?;
        }
    }
    Ok(None)
}

/// One of the two connections.
struct Client {
    connection: PgConnection,
    observations: Observations,
}

impl Client {
    async fn connect(login: &PgConnectOptions, name: &'static str) -> Result<Self, sqlx::Error> {
        let observations = Observations { name, process: None, is_set: false };
        Ok(Self { connection: login.connect().await?, observations })
    }

    async fn begin(&mut self) -> Result<SessionView, sqlx::Error> {
        let row = self.connection.fetch_one(BEGIN).await?;
        Ok(SessionView { process: row.try_get("process")?, setting: row.try_get("setting")? })
    }

    async fn end(&mut self) -> Result<(), sqlx::Error> {
        self.connection.execute(END).await.map(drop)
    }

    /// Sets a setting that the connection keeps for as long as it lives.
    async fn set(&mut self) -> Result<(), sqlx::Error> {
        let sql = format!("SELECT set_config('entrepot.probe', '{}', false)", self.observations.name);
        self.connection.execute(AssertSqlSafe(sql)).await?;
        self.observations.is_set = true;
        Ok(())
    }

    fn observe(&mut self, observation: SessionView, other: &Self) -> Option<&'static str> {
        self.observations.observe(observation, &other.observations)
    }
}

/// The session as a transaction sees it.
struct SessionView {
    process: String,
    setting: String,
}

/// State of a connection's session at its last transaction.
struct Observations {
    name: &'static str,
    process: Option<String>,
    is_set: bool,
}

impl Observations {
    /// Compares a transaction with earlier ones of the same connection and with the other open
    /// connection. A connection that has a process of its own, and keeps it, passes each
    /// comparison.
    fn observe(&mut self, observation: SessionView, other: &Self) -> Option<&'static str> {
        let before = self.process.replace(observation.process);
        if before.is_some() && before != self.process {
            Some(PROCESS_CHANGED)
        } else if other.process == self.process {
            Some(PROCESS_SHARED)
        } else if self.is_set && observation.setting != self.name {
            Some(SETTING_LOST)
        } else {
            None
        }
    }
}

impl Database {
    /// Probes again, within 3 s, how transactions reach Postgres; `None` on SQLite. The probe
    /// misses a pooler that gave both connections the same process as before in all rounds, and
    /// kept its settings.
    pub async fn pooling(&self) -> Option<Pooling> {
        if self.backend == Backend::Sqlite {
            return None;
        }
        let login = self.owner.get_postgres_connection_pool().connect_options();
        Some(Box::pin(probe(&login)).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the finding if the two connections see these processes and settings in turn.
    /// Settings are expected from the third transaction on.
    fn found(transactions: &[(&str, &str)]) -> Option<&'static str> {
        let observations = |name| Observations { name, process: None, is_set: false };
        let (mut one, mut other) = (observations("first"), observations("second"));
        for (number, (process, setting)) in transactions.iter().enumerate() {
            one.is_set = number > 1;
            let seen = SessionView { process: (*process).to_owned(), setting: (*setting).to_owned() };
            if let Some(found) = one.observe(seen, &other) {
                return Some(found);
            }
            std::mem::swap(&mut one, &mut other);
        }
        None
    }

    #[test]
    fn connections_that_keep_their_processes_and_settings_pass() {
        assert_eq!(found(&[("7 1", ""), ("8 1", ""), ("7 1", "first"), ("8 1", "second")]), None);
        assert_eq!(found(&[("7 1", ""), ("7 2", ""), ("7 1", "first"), ("7 2", "second")]), None, "one number in two containers");
    }

    #[test]
    fn a_pooler_in_transaction_mode_is_found_by_each_of_its_signs() {
        assert_eq!(found(&[("7 1", ""), ("8 1", ""), ("8 1", "first")]), Some(PROCESS_CHANGED), "the process of the other one");
        assert_eq!(found(&[("7 1", ""), ("8 1", ""), ("9 1", "first")]), Some(PROCESS_CHANGED), "a process of other clients");
        assert_eq!(found(&[("7 1", ""), ("7 1", "")]), Some(PROCESS_SHARED), "one process for all");
        assert_eq!(
            found(&[("7 1", ""), ("8 1", ""), ("7 1", "")]),
            Some(SETTING_LOST),
            "sessions that are reset after each transaction"
        );
        assert_eq!(found(&[("7 1", ""), ("8 1", ""), ("7 1", "second")]), Some(SETTING_LOST), "the setting of the other one");
    }
}
