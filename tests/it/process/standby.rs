//! A Postgres of a test's own with a streaming replica, which may be stopped and held back.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::databases::{random, tell};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/standby.sh");

/// Both servers, running until it is dropped.
pub struct Replicated {
    folder: PathBuf,
    /// The primary, which takes writes.
    pub primary: String,
    replica: String,
}

impl Replicated {
    /// None, said plainly, where the tests have no Postgres; on CI that is a failure.
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
        let told = |name: &str| fs::read_to_string(servers.folder.join(name)).unwrap().trim().to_owned();
        let (primary, replica) = (told("primary.url"), told("replica.url"));
        (servers.primary, servers.replica) = (primary, replica);
        Some(servers)
    }

    fn script(&self, what: &str) -> bool {
        let mut command = Command::new("bash");
        command.arg(SCRIPT).arg(what).arg(&self.folder).stdin(Stdio::null()).stdout(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Where the replica has a database of the primary.
    pub fn replica_of(&self, database_url: &str) -> String {
        let (server, _) = self.replica.rsplit_once('/').unwrap();
        let (_, database) = database_url.rsplit_once('/').unwrap();
        format!("{server}/{database}")
    }

    /// The replica goes on to answer, and replays nothing.
    pub async fn hold_back(&self) {
        tell(&self.replica, "SELECT pg_wal_replay_pause()").await;
    }

    pub async fn let_go(&self) {
        tell(&self.replica, "SELECT pg_wal_replay_resume()").await;
    }

    /// The replica ends at once, as in a crash.
    pub fn crash(&self) {
        assert!(self.script("down"));
    }

    pub fn start_again(&self) {
        assert!(self.script("up"));
    }
}

impl Drop for Replicated {
    fn drop(&mut self) {
        let _ = self.script("stop");
        let _ = fs::remove_dir_all(&self.folder);
    }
}
