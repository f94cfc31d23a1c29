//! The programs of Postgres that dump a database and restore it.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Stdio,
};

use platform::storage::ClientLogin;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
};

use super::{core::scrub::scrub_message, shell::BackupError};

/// Options of a dump with everything of this program in a database, and nothing of the cluster: no
/// owners, no privileges of other logins, only its own extensions. The chunks are compressed by the
/// backup.
const DUMP_OPTIONS: [&str; 11] = [
    "--format=custom",
    "--compress=0",
    "--no-owner",
    "--no-privileges",
    "--no-publications",
    "--no-subscriptions",
    "--no-tablespaces",
    "--no-password",
    "--enable-row-security",
    "--extension=pg_trgm",
    "--lock-wait-timeout=60000",
];
/// The restore is one transaction. The name of the database and the other connection settings are
/// in the environment.
const RESTORE_OPTIONS: [&str; 6] = [
    "--format=custom",
    "--single-transaction",
    "--no-owner",
    "--no-privileges",
    "--no-password",
    "--dbname=application_name=entrepot",
];
/// Variables that libpq reads and sqlx does not: the programs would connect to another server or
/// database than the one that was checked.
const LIBPQ_ONLY_VARIABLES: [&str; 4] = ["PGSERVICE", "PGSERVICEFILE", "PGHOSTADDR", "PGTARGETSESSIONATTRS"];
/// Maximum bytes that are kept of a program's stderr.
const MAX_STDERR_BYTES: usize = 4 << 10;

/// Locations of the programs: paths, or names that are looked up in PATH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PgPrograms {
    pub dump: PathBuf,
    pub restore: PathBuf,
}

/// A program that runs. It is killed on drop.
struct RunningProgram {
    program: String,
    child: Child,
    stderr_text: JoinHandle<String>,
}

impl RunningProgram {
    fn begin(program: &Path, command: &mut Command, login: &ClientLogin) -> Result<Self, BackupError> {
        let name = program.display().to_string();
        for variable in LIBPQ_ONLY_VARIABLES {
            command.env_remove(variable);
        }
        let spawned = command.envs(login.variables()).stderr(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = spawned.map_err(|error| match error.kind() {
            ErrorKind::NotFound => BackupError::NoProgram(name.clone()),
            _ => program_error(&name, &error.to_string()),
        })?;
        let stderr_task = tokio::spawn(read_stderr(child.stderr.take()));
        Ok(Self { program: name, child, stderr_text: stderr_task })
    }

    /// Waits for its end.
    async fn wait_for_end(mut self) -> Result<(), BackupError> {
        let status = self.child.wait().await.map_err(|error| program_error(&self.program, &error.to_string()))?;
        if status.success() {
            return Ok(());
        }
        let message = self.stderr_text.await.unwrap_or_default();
        Err(program_error(&self.program, &explain_failure(&status.to_string(), &message)))
    }
}

fn program_error(program: &str, reason: &str) -> BackupError {
    BackupError::Program { program: program.to_owned(), why: reason.to_owned() }
}

/// Returns the output of a program, and advice if its cause is known.
fn explain_failure(status: &str, message: &str) -> String {
    let message = scrub_message(message);
    let message = if message.is_empty() { status.to_owned() } else { message };
    let advice = if message.contains("server version mismatch") {
        "Give the programs of the server's version or a newer one with --pg-dump and --pg-restore"
    } else if message.contains("permission denied") {
        "The login of --database-url has to own the tables"
    } else if message.contains("role \"") && message.contains("does not exist") {
        "Make that role first: it is a role of row security (`entrepot migrate` names them), or the login that owned the tables"
    } else {
        return message;
    };
    format!("{message}. {advice}")
}

/// Reads a program's stderr to the end, and keeps the beginning.
async fn read_stderr(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else { return String::new() };
    let (mut text, mut buffer) = (Vec::new(), [0; 1024]);
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        let free_bytes = MAX_STDERR_BYTES.saturating_sub(text.len());
        text.extend_from_slice(&buffer[..read.min(free_bytes)]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// A dump that is being made from an open snapshot.
pub struct RunningDump {
    running: RunningProgram,
    pub output: ChildStdout,
}

impl RunningDump {
    /// # Errors
    /// The program does not exist.
    pub fn begin(programs: &PgPrograms, login: &ClientLogin, snapshot: &str) -> Result<Self, BackupError> {
        let mut command = Command::new(&programs.dump);
        command.args(DUMP_OPTIONS).arg(format!("--snapshot={snapshot}")).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut running = RunningProgram::begin(&programs.dump, &mut command, login)?;
        let output = running.child.stdout.take().ok_or_else(|| program_error(&running.program, "it has no output"))?;
        Ok(Self { running, output })
    }

    /// Waits for the program's end after its output was read.
    ///
    /// # Errors
    /// The program failed: the output is no whole dump.
    pub async fn wait_for_end(self) -> Result<(), BackupError> {
        drop(self.output);
        self.running.wait_for_end().await
    }
}

/// A restore of a dump in progress. Nothing of it stays in the database unless it succeeds.
pub struct RunningRestore {
    running: RunningProgram,
    input: ChildStdin,
}

impl RunningRestore {
    /// # Errors
    /// The program does not exist.
    pub fn begin(programs: &PgPrograms, login: &ClientLogin) -> Result<Self, BackupError> {
        let mut command = Command::new(&programs.restore);
        command.args(RESTORE_OPTIONS).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut running = RunningProgram::begin(&programs.restore, &mut command, login)?;
        let input = running.child.stdin.take().ok_or_else(|| program_error(&running.program, "it has no input"))?;
        Ok(Self { running, input })
    }

    /// Passes the next piece to the program.
    ///
    /// # Errors
    /// The program has ended.
    pub async fn feed(&mut self, chunk: &[u8]) -> Result<(), BackupError> {
        self.input.write_all(chunk).await.map_err(|error| program_error(&self.running.program, &error.to_string()))
    }

    /// Waits for the program's end, after all input was passed.
    ///
    /// # Errors
    /// The program failed, and nothing is restored.
    pub async fn wait_for_end(self) -> Result<(), BackupError> {
        drop(self.input);
        self.running.wait_for_end().await
    }

    /// Returns the program's own error if it ended before it took all input; otherwise kills it and
    /// returns `error`.
    pub async fn failed(self, error: BackupError) -> BackupError {
        if !matches!(error, BackupError::Program { .. }) {
            return error;
        }
        self.wait_for_end().await.err().unwrap_or(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(name: &str) -> PgPrograms {
        PgPrograms { dump: PathBuf::from(name), restore: PathBuf::from(name) }
    }

    #[tokio::test]
    async fn a_program_that_fails_or_is_missing_is_named() {
        let login = ClientLogin::of("postgres://ann@127.0.0.1:1/shop").unwrap();
        let missing = RunningDump::begin(&programs("/nowhere/pg_dump"), &login, "1-1").err().unwrap().to_string();
        assert!(missing.contains("/nowhere/pg_dump is not there") && missing.contains("--pg-dump"), "{missing}");
        let dumping = RunningDump::begin(&programs("false"), &login, "1-1").unwrap();
        let error = dumping.wait_for_end().await.unwrap_err().to_string();
        assert!(error.contains("false failed: exit status: 1"), "{error}");
        let mut restoring = RunningRestore::begin(&programs("true"), &login).unwrap();
        // A program that ends before it has read its whole input has failed, whatever its status:
        // the pipe breaks when it exits.
        let piece = vec![0; 64 << 10];
        while restoring.feed(&piece).await.is_ok() {}
        assert!(restoring.wait_for_end().await.is_ok());
    }

    #[test]
    fn what_a_program_says_comes_with_advice() {
        assert_eq!(explain_failure("exit status: 1", ""), "exit status: 1");
        let mismatch = explain_failure("", "pg_dump: error: aborting because of server version mismatch\n");
        assert!(mismatch.contains("server version mismatch. Give the programs"), "{mismatch}");
        assert!(explain_failure("", "role \"ann\" does not exist").contains("Make that role first"));
        assert!(!explain_failure("", "postgres://ann:secret@db/shop").contains("secret"));
    }
}
