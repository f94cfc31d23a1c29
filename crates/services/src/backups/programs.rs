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

use super::{core::scrub::scrubbed, shell::BackupError};

/// A dump with all that is this program's in a database, and nothing of the cluster around it: no owners, no rights of other logins, no extension but its own.
/// The pieces are compressed by us.
const DUMP: [&str; 11] = [
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
/// All or nothing. The name of the database is in the environment, where the rest is.
const RESTORE: [&str; 6] = [
    "--format=custom",
    "--single-transaction",
    "--no-owner",
    "--no-privileges",
    "--no-password",
    "--dbname=application_name=entrepot",
];
/// Variables that libpq reads and sqlx does not: they would lead the programs to another server or database than the one that was looked at.
const ELSEWHERE: [&str; 4] = ["PGSERVICE", "PGSERVICEFILE", "PGHOSTADDR", "PGTARGETSESSIONATTRS"];
/// Bytes that are kept of what a program says of its failure.
const MOST_SAID: usize = 4 << 10;

/// Where the programs are: paths, or names that PATH has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PgPrograms {
    pub dump: PathBuf,
    pub restore: PathBuf,
}

/// A program that runs. It is killed on drop.
struct Running {
    program: String,
    child: Child,
    said: JoinHandle<String>,
}

impl Running {
    fn begin(program: &Path, command: &mut Command, login: &ClientLogin) -> Result<Self, BackupError> {
        let name = program.display().to_string();
        for variable in ELSEWHERE {
            command.env_remove(variable);
        }
        let spawned = command.envs(login.variables()).stderr(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = spawned.map_err(|error| match error.kind() {
            ErrorKind::NotFound => BackupError::NoProgram(name.clone()),
            _ => failed(&name, &error.to_string()),
        })?;
        let said = tokio::spawn(first_words(child.stderr.take()));
        Ok(Self { program: name, child, said })
    }

    /// Waits for its end.
    async fn ended(mut self) -> Result<(), BackupError> {
        let status = self.child.wait().await.map_err(|error| failed(&self.program, &error.to_string()))?;
        if status.success() {
            return Ok(());
        }
        let said = self.said.await.unwrap_or_default();
        Err(failed(&self.program, &explained(&status.to_string(), &said)))
    }
}

fn failed(program: &str, why: &str) -> BackupError {
    BackupError::Program { program: program.to_owned(), why: why.to_owned() }
}

/// What a program said, and what to do about it where that is known.
fn explained(status: &str, said: &str) -> String {
    let said = scrubbed(said);
    let said = if said.is_empty() { status.to_owned() } else { said };
    let advice = if said.contains("server version mismatch") {
        "Give the programs of the server's version or a newer one with --pg-dump and --pg-restore"
    } else if said.contains("permission denied") {
        "The login of --database-url has to own the tables"
    } else if said.contains("role \"") && said.contains("does not exist") {
        "Make that role first: it is a role of row security (`entrepot migrate` names them), or the login that owned the tables"
    } else {
        return said;
    };
    format!("{said}. {advice}")
}

/// Reads all that a program says, and keeps the beginning.
async fn first_words(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else { return String::new() };
    let (mut kept, mut piece) = (Vec::new(), [0; 1024]);
    while let Ok(read @ 1..) = stderr.read(&mut piece).await {
        let room = MOST_SAID.saturating_sub(kept.len());
        kept.extend_from_slice(&piece[..read.min(room)]);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// A dump that is being made of what an open snapshot sees.
pub struct Dumping {
    running: Running,
    pub output: ChildStdout,
}

impl Dumping {
    /// # Errors
    /// The program is not there.
    pub fn begin(programs: &PgPrograms, login: &ClientLogin, snapshot: &str) -> Result<Self, BackupError> {
        let mut command = Command::new(&programs.dump);
        command.args(DUMP).arg(format!("--snapshot={snapshot}")).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut running = Running::begin(&programs.dump, &mut command, login)?;
        let output = running.child.stdout.take().ok_or_else(|| failed(&running.program, "it has no output"))?;
        Ok(Self { running, output })
    }

    /// Waits for its end, once its output was read.
    ///
    /// # Errors
    /// It failed: what was read is no whole dump.
    pub async fn ended(self) -> Result<(), BackupError> {
        drop(self.output);
        self.running.ended().await
    }
}

/// A dump that is being restored. Nothing of it stays in the database unless it ends well.
pub struct Restoring {
    running: Running,
    input: ChildStdin,
}

impl Restoring {
    /// # Errors
    /// The program is not there.
    pub fn begin(programs: &PgPrograms, login: &ClientLogin) -> Result<Self, BackupError> {
        let mut command = Command::new(&programs.restore);
        command.args(RESTORE).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut running = Running::begin(&programs.restore, &mut command, login)?;
        let input = running.child.stdin.take().ok_or_else(|| failed(&running.program, "it has no input"))?;
        Ok(Self { running, input })
    }

    /// Hands the next piece over.
    ///
    /// # Errors
    /// It has ended.
    pub async fn feed(&mut self, piece: &[u8]) -> Result<(), BackupError> {
        self.input.write_all(piece).await.map_err(|error| failed(&self.running.program, &error.to_string()))
    }

    /// Waits for its end, once all was handed over.
    ///
    /// # Errors
    /// It failed, and nothing is restored.
    pub async fn ended(self) -> Result<(), BackupError> {
        drop(self.input);
        self.running.ended().await
    }

    /// Why not all could be handed over: what the program says, where it has ended. Else it is killed.
    pub async fn failed(self, error: BackupError) -> BackupError {
        if !matches!(error, BackupError::Program { .. }) {
            return error;
        }
        self.ended().await.err().unwrap_or(error)
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
        let missing = Dumping::begin(&programs("/nowhere/pg_dump"), &login, "1-1").err().unwrap().to_string();
        assert!(missing.contains("/nowhere/pg_dump is not there") && missing.contains("--pg-dump"), "{missing}");
        let dumping = Dumping::begin(&programs("false"), &login, "1-1").unwrap();
        let error = dumping.ended().await.unwrap_err().to_string();
        assert!(error.contains("false failed: exit status: 1"), "{error}");
        let mut restoring = Restoring::begin(&programs("true"), &login).unwrap();
        // A program that ends before it was handed all is no success, whatever its status says: the pipe breaks once it is gone.
        let piece = vec![0; 64 << 10];
        while restoring.feed(&piece).await.is_ok() {}
        assert!(restoring.ended().await.is_ok());
    }

    #[test]
    fn what_a_program_says_comes_with_advice() {
        assert_eq!(explained("exit status: 1", ""), "exit status: 1");
        let mismatch = explained("", "pg_dump: error: aborting because of server version mismatch\n");
        assert!(mismatch.contains("server version mismatch. Give the programs"), "{mismatch}");
        assert!(explained("", "role \"ann\" does not exist").contains("Make that role first"));
        assert!(!explained("", "postgres://ann:secret@db/shop").contains("secret"));
    }
}
