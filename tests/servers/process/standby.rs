//! A Postgres of a test's own with a streaming replica, which may be stopped, held back, and promoted.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::time::{Instant, sleep};

use crate::databases::{connect, random, run_sql};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/standby.sh");

/// Both servers, running until this is dropped.
pub struct Replicated {
    folder: PathBuf,
    /// The primary, which takes writes.
    pub primary: String,
    replica: String,
}

impl Replicated {
    /// `None`, with a message, if the tests have no Postgres; on CI that is a failure.
    pub fn start() -> Option<Self> {
        if env::var("ENTREPOT_TEST_POSTGRES_URL").is_err() {
            assert!(env::var("CI").as_deref() != Ok("true"), "CI runs every scenario on Postgres");
            eprintln!("SKIPPED: ENTREPOT_TEST_POSTGRES_URL is not set");
            return None;
        }
        let folder = env::temp_dir().join(format!("entrepot-standby-{:x}", random()));
        fs::create_dir_all(&folder).unwrap();
        let mut servers = Self { folder, primary: String::new(), replica: String::new() };
        assert!(servers.script("start"), "no replica of its own");
        let content_of = |name: &str| fs::read_to_string(servers.folder.join(name)).unwrap().trim().to_owned();
        let (primary, replica) = (content_of("primary.url"), content_of("replica.url"));
        (servers.primary, servers.replica) = (primary, replica);
        Some(servers)
    }

    fn script(&self, what: &str) -> bool {
        let mut command = Command::new("bash");
        command.arg(SCRIPT).arg(what).arg(&self.folder).stdin(Stdio::null()).stdout(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Returns the URL of a database of the primary on the replica.
    pub fn replica_of(&self, database_url: &str) -> String {
        let (server, _) = self.replica.rsplit_once('/').unwrap();
        let (_, database) = database_url.rsplit_once('/').unwrap();
        format!("{server}/{database}")
    }

    /// Returns the addresses of both, as in a URL of several hosts: the primary first.
    pub fn hosts(&self) -> String {
        let host = |url: &str| url.rsplit_once('@').unwrap().1.split('/').next().unwrap().to_owned();
        format!("{},{}", host(&self.primary), host(&self.replica))
    }

    /// Returns the URL of a database on the former primary.
    pub fn primary_of(&self, name: &str) -> String {
        let (server, _) = self.primary.rsplit_once('/').unwrap();
        format!("{server}/{name}")
    }

    /// From now on the primary answers a commit when the replica has it on its disk.
    pub async fn commit_together(&self) {
        run_sql(&self.primary, "ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        run_sql(&self.primary, "SELECT pg_reload_conf()").await;
        let started_at = Instant::now();
        while number(&self.primary, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").await != 1 {
            assert!(started_at.elapsed() < Duration::from_secs(20), "the replica does not become a synchronous one");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The primary ends at once, as in a crash.
    pub fn lose(&self) {
        assert!(self.script("lose"));
    }

    /// The replica takes over.
    pub fn promote(&self) {
        assert!(self.script("promote"));
    }

    /// The former primary starts as it was: it takes writes for its own.
    pub fn bring_back(&self) {
        assert!(self.script("back"));
    }

    /// The former primary becomes a replica of the other.
    pub fn rejoin(&self) {
        assert!(self.script("rejoin"));
    }

    /// The former primary, a replica since `rejoin`, receives nothing more of what the other commits.
    pub async fn cut_off(&self) {
        run_sql(&self.primary, "ALTER SYSTEM SET primary_conninfo = ''").await;
        run_sql(&self.primary, "SELECT pg_reload_conf()").await;
        let started_at = Instant::now();
        while number(&self.primary, "SELECT count(*) FROM pg_stat_wal_receiver").await != 0 {
            assert!(started_at.elapsed() < Duration::from_secs(20), "it goes on to receive");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The former primary, a replica since `rejoin`, takes over from the other.
    pub fn regain(&self) {
        assert!(self.script("regain"));
    }

    /// Pauses replay: the replica still answers, with old data.
    pub async fn hold_back(&self) {
        run_sql(&self.replica, "SELECT pg_wal_replay_pause()").await;
    }

    pub async fn let_go(&self) {
        run_sql(&self.replica, "SELECT pg_wal_replay_resume()").await;
    }

    /// The replica ends at once, as in a crash.
    pub fn crash(&self) {
        assert!(self.script("down"));
    }

    pub fn start_again(&self) {
        assert!(self.script("up"));
    }
}

/// The number that a statement answers.
pub async fn number(url: &str, sql: &str) -> i64 {
    let connection = connect(url).await;
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    connection.close().await.unwrap();
    row.try_get_by_index(0).unwrap()
}

impl Drop for Replicated {
    fn drop(&mut self) {
        let _ = self.script("stop");
        let _ = fs::remove_dir_all(&self.folder);
    }
}
