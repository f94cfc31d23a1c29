//! The standing job that copies what pgBackRest lists into the log of backups.

use std::{process::Stdio, sync::Arc, time::Duration};

use platform::{
    clock::Clock,
    jobs::Registry,
    metrics,
    storage::{Database, Fault},
};
use services::backups::{self, BackupLog};
use tokio::{process::Command, time::timeout};

use crate::config::{BackupJobArgs, DatabaseArgs};

const REFRESH_INTERVAL: Duration = Duration::from_mins(5);
/// Timeout of the command, which may look into a bucket.
const COMMAND_TIMEOUT: Duration = Duration::from_mins(1);

/// The command that lists the backups of a Postgres.
#[derive(Debug, Clone)]
pub struct PgBackRest {
    program: String,
    arguments: Vec<String>,
    /// Time between two backups, if the operator has set it.
    every: Option<Duration>,
}

impl PgBackRest {
    /// `None` without a command.
    ///
    /// # Errors
    /// The database is an embedded one, or the command is empty.
    pub fn of(args: &BackupJobArgs, database: &DatabaseArgs) -> Result<Option<Self>, Fault> {
        let Some(command) = &args.pgbackrest_info else { return Ok(None) };
        if database.database_url.starts_with("sqlite:") {
            let message = "--pgbackrest-info is for a Postgres: back an embedded database up with --backups";
            return Err(Fault::Broken(message.to_owned()));
        }
        let mut words = command.split_whitespace().map(ToOwned::to_owned);
        let program = words.next().ok_or_else(|| Fault::Broken("--pgbackrest-info names no program".to_owned()))?;
        Ok(Some(Self { program, arguments: words.collect(), every: args.pgbackrest_every }))
    }

    /// Begins the metrics of the listed backups; the log has more about them.
    pub fn measure(&self) {
        metrics::backup_listing(self.every);
    }

    /// Adds the job. It fails as long as the command does.
    pub fn register(&self, registry: Registry, db: &Database, clock: &Clock) -> Registry {
        let (command, log) = (Arc::new(self.clone()), BackupLog::new(db.clone(), clock.clone()));
        registry.periodic("backup.list", REFRESH_INTERVAL, move |_| {
            let (command, log) = (command.clone(), log.clone());
            async move { command.copy_to(&log).await }
        })
    }

    async fn copy_to(&self, log: &BackupLog) -> Result<(), Fault> {
        let output = self.run_command().await;
        let text =
            output.map_err(|reason| Fault::Broken(format!("the command of --pgbackrest-info lists no backups: {reason}")))?;
        let listed_backups = backups::parse_backup_list(&text).map_err(|error| Fault::Broken(error.to_string()))?;
        let added = log.add_listed(&listed_backups).await?;
        if added > 0 {
            tracing::info!(added, "backups of pgBackRest are in the log");
        }
        Ok(())
    }

    /// Returns the output of the command, if it ends well and in time.
    async fn run_command(&self) -> Result<String, String> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).kill_on_drop(true);
        let timeout_message = |_| format!("it did not end within {} s", COMMAND_TIMEOUT.as_secs());
        let output =
            timeout(COMMAND_TIMEOUT, command.output()).await.map_err(timeout_message)?.map_err(|error| error.to_string())?;
        if !output.status.success() {
            let stderr = backups::scrub_message(&String::from_utf8_lossy(&output.stderr));
            tracing::warn!(%stderr, "the command of --pgbackrest-info failed");
            return Err(output.status.to_string());
        }
        String::from_utf8(output.stdout).map_err(|_| "it does not print text".to_owned())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn printf(arguments: &[&str]) -> PgBackRest {
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        PgBackRest { program: "printf".to_owned(), arguments, every: None }
    }

    #[tokio::test]
    async fn what_a_command_prints_is_read_if_it_ends_well() {
        assert_eq!(printf(&["[]"]).run_command().await.as_deref(), Ok("[]"));
        assert!(printf(&[]).run_command().await.is_err(), "printf without a format ends with 1");
        let missing = PgBackRest { program: "/nowhere/pgbackrest".to_owned(), arguments: Vec::new(), every: None };
        assert!(missing.run_command().await.is_err());
    }
}
