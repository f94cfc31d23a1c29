//! Backups of a small Postgres: a dump in place of the file; the rest is the same as for a file.

use platform::{
    storage::{ClientLogin, Database, DumpLock},
    traces::{SpanKind, step},
};

use super::{
    BackupError, Backups,
    run::{CompletedBackup, Content, Facts, complete, new_key, store},
};
use crate::backups::{
    core::{
        manifest::{Manifest, POSTGRES},
        sealed::sha256,
    },
    id::BackupId,
    programs::{PgPrograms, RunningDump, RunningRestore},
};

/// The Postgres to dump.
#[derive(Debug, Clone, Copy)]
pub struct DumpSource<'a> {
    /// The right to dump it.
    pub lock: &'a DumpLock,
    pub login: &'a ClientLogin,
    pub programs: &'a PgPrograms,
    /// The version of this binary.
    pub version: &'static str,
}

/// Backs up a database in use, from one snapshot.
///
/// # Errors
/// A program is missing or fails, another run holds the lock of the location, or the location is
/// not writable. A backup without a manifest is left where it is; it is never restored, and prune
/// removes it.
pub async fn run_dump(backups: &Backups, db: &Database, source: &DumpSource<'_>) -> Result<CompletedBackup, BackupError> {
    let id = BackupId::new(&backups.clock);
    let work = async {
        let (taken_at, key) = (backups.clock.now(), new_key(backups));
        let snapshot = db.global().export_snapshot().await?;
        let mut running_dump = RunningDump::begin(source.programs, source.login, snapshot.name())?;
        // The program waits with its output meanwhile.
        let facts = step("backup.facts", SpanKind::Internal, Facts::of(backups, (&id, &key), &snapshot)).await?;
        let storage = store(backups, (&id, &key), &mut running_dump.output, "the output of pg_dump");
        let stored = step("backup.store", SpanKind::Internal, storage).await?;
        running_dump.wait_for_end().await?;
        drop(snapshot);
        if stored.is_empty() {
            let program = source.programs.dump.display().to_string();
            return Err(BackupError::Program { program, why: "it succeeded without any output".to_owned() });
        }
        let content = Content { engine: POSTGRES, version: source.version, taken_at, facts, stored };
        complete(backups, (&id, &key), content).await
    };
    backups.with_lock(&id, Box::pin(work)).await
}

/// Restores a dump into the empty database of the login: all of it, or nothing.
///
/// # Errors
/// A key is missing, a part of the backup is missing or was changed, or the program is missing or
/// fails.
pub async fn restore_dump(
    backups: &Backups,
    id: &BackupId,
    programs: &PgPrograms,
    login: &ClientLogin,
) -> Result<Manifest, BackupError> {
    let backup = backups.open_verified(id).await?;
    backup.check_engine(POSTGRES)?;
    backup.check_schema()?;
    let mut running_restore = RunningRestore::begin(programs, login)?;
    let outcome = backups.read_chunks(&backup, async |chunk| running_restore.feed(&chunk).await).await;
    match outcome {
        Ok(_) => running_restore.wait_for_end().await?,
        Err(error) => return Err(running_restore.failed(error).await),
    }
    Ok(backup.manifest)
}

/// Returns the name of the database that a drill of this one creates and drops. It is always the
/// same, so that the next drill drops the remains of a killed one.
pub fn drill_database(database: &str) -> String {
    let hash: String = sha256(database.as_bytes()).chars().take(16).collect();
    format!("entrepot_drill_{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_drill_has_a_name_of_its_own() {
        assert_eq!(drill_database("shop"), drill_database("shop"));
        assert_ne!(drill_database("shop"), drill_database("shop2"));
        let of_any_name = drill_database("Shop's \"own\"");
        assert_eq!(of_any_name.len(), 31);
        assert!(platform::storage::with_database("postgres://db/shop", &of_any_name).is_ok());
    }
}
