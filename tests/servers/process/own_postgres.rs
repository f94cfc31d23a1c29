//! A Postgres for a single test, which may restart and reconfigure it.

use std::{
    env,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use crate::databases::{random, run_sql};

/// Running, until it is dropped.
pub struct Postgres {
    folder: PathBuf,
    pub url: String,
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/services.sh");

fn script(folder: &Path, what: &str) -> std::process::Command {
    let mut command = std::process::Command::new("bash");
    command.args([SCRIPT, what]).env("ENTREPOT_SERVICES_DIR", folder).env_remove("ENTREPOT_TEST_POSTGRES_URL");
    // It starts no Redis if one is configured.
    command.env("ENTREPOT_TEST_REDIS_URL", "redis://127.0.0.1:1").stdin(Stdio::null());
    command
}

impl Postgres {
    /// `None`, with a message, if the tests have no Postgres; on CI that is a failure.
    pub async fn start() -> Option<Self> {
        if env::var("ENTREPOT_TEST_POSTGRES_URL").is_err() {
            assert!(env::var("CI").as_deref() != Ok("true"), "CI runs every scenario on Postgres");
            eprintln!("SKIPPED: ENTREPOT_TEST_POSTGRES_URL is not set");
            return None;
        }
        let folder = env::temp_dir().join(format!("entrepot-postgres-{:x}", random()));
        std::fs::create_dir_all(&folder).unwrap();
        let started = Command::from(script(&folder, "start")).status().await.unwrap();
        assert!(started.success(), "no Postgres of its own");
        let told = Command::from(script(&folder, "env")).output().await.unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        let url = told.lines().find_map(|line| line.strip_prefix("export ENTREPOT_TEST_POSTGRES_URL=")).unwrap();
        Some(Self { folder, url: url.to_owned() })
    }

    /// Restarts the server as an operator does: its sessions end, and it is back in a moment.
    pub async fn restart(&self) {
        assert!(Command::from(script(&self.folder, "restart")).status().await.unwrap().success());
    }

    /// Makes the server offer TLS, with a certificate of X.509 version 1. False, with a message, if
    /// `openssl` cannot make one.
    pub async fn offer_old_certificate(&self) -> bool {
        let data = self.folder.join("pg");
        let (key, request, certificate) = (data.join("server.key"), data.join("server.csr"), data.join("server.crt"));
        let openssl = |args: &[&str]| {
            let done = std::process::Command::new("openssl").args(args).stdin(Stdio::null()).output();
            done.is_ok_and(|done| done.status.success())
        };
        let [k, r, c] = [&key, &request, &certificate].map(|path| path.to_str().unwrap());
        let is_made =
            openssl(&["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", k, "-out", r])
                && openssl(&["x509", "-req", "-in", r, "-signkey", k, "-days", "30", "-out", c]);
        let says = std::process::Command::new("openssl").args(["x509", "-in", c, "-noout", "-text"]).output();
        if !is_made || !says.is_ok_and(|says| String::from_utf8_lossy(&says.stdout).contains("Version: 1 ")) {
            assert_ne!(env::var("CI").as_deref(), Ok("true"), "CI has an openssl that makes version 1");
            eprintln!("SKIPPED: openssl makes no certificate of version 1 here");
            return false;
        }
        let owner = std::fs::metadata(&data).unwrap();
        for file in [&key, &certificate] {
            std::os::unix::fs::chown(file, Some(owner.uid()), Some(owner.gid())).unwrap();
            std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        run_sql(&self.url, "ALTER SYSTEM SET ssl = on").await;
        self.restart().await;
        true
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = script(&self.folder, "stop").stderr(Stdio::null()).status();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
