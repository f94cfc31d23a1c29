//! The standing job of backups and drills.

use std::{path::PathBuf, sync::Arc, time::Duration};

use entity::prelude::*;
use platform::{
    clock::Clock,
    jobs::Registry,
    metrics, priority,
    storage::{Database, Fault},
    traces::TaskTrace,
};
use services::backups::{self, BackupError, BackupLog, EarlierRuns, LocalLock};
use tokio::sync::oneshot;

use super::{
    attempt::Attempt,
    dumps,
    open::{database_file, open_existing},
    revocations::RevocationJob,
};
use crate::config::{BACKUP_NICE_VALUE, BackupJobArgs, BackupsOf, DatabaseArgs, FileArgs, KeyArgs, KeysOf};

/// Longest interval between two checks of the log for due runs.
const MAX_CHECK_INTERVAL: Duration = Duration::from_mins(1);

/// Schedule and destination of a database's backups.
#[derive(Debug, Clone)]
pub struct BackupSchedule {
    pub(super) of: BackupsOf,
    /// The file of an embedded database; None of a Postgres, which is dumped.
    pub(super) file: Option<PathBuf>,
    every: Duration,
    drill_every: Option<Duration>,
    pub(super) all_days: i64,
    /// Bytes of the spool at most; None where the log is not shipped.
    pub(super) spool_bytes: Option<u64>,
    /// Number of segments of which one is read back.
    pub(super) read_back: u32,
}

impl BackupSchedule {
    /// `None` without a place of backups.
    ///
    /// # Errors
    /// The place is that of stored files, the database is neither in a file nor a Postgres, or the
    /// log of a Postgres is to be shipped.
    pub fn of(args: &BackupJobArgs, database: &DatabaseArgs, keys: &KeyArgs, files: &FileArgs) -> Result<Option<Self>, Fault> {
        args.find_unused().iter().for_each(|idle| tracing::warn!("{idle}: this process creates no backups"));
        let Some(location) = &args.backups else { return Ok(None) };
        if files.is_same_location(&database.database_url, location) {
            let message = "--backups and --files are the same place: give backups a place of their own, on another disk";
            return Err(Fault::Broken(message.to_owned()));
        }
        let backup_args = BackupsOf {
            of: KeysOf { database: database.clone(), keys: keys.clone() },
            backups: location.clone(),
            programs: args.programs.clone(),
            files: files.place.clone(),
        };
        let file = if dumps::is_postgres(database) {
            if args.shipping.backup_ship_log {
                let message = "--backup-ship-log is for an embedded database: archive the log of a Postgres with pgBackRest (docs/backups.md)";
                return Err(Fault::Broken(message.to_owned()));
            }
            None
        } else {
            Some(
                database_file(&backup_args)
                    .map_err(|fault| Fault::Broken(format!("{fault}, and start this one without --backups")))?,
            )
        };
        let spool_bytes = args.shipping.backup_ship_log.then_some(args.shipping.backup_spool_mib << 20);
        let (every, drill_every) = (args.backup_interval(), args.drill_interval());
        let (all_days, read_back) = (args.retention.backup_keep, args.shipping.backup_read_back);
        Ok(Some(Self { of: backup_args, file, every, drill_every, all_days, spool_bytes, read_back }))
    }

    /// Sets the metrics of the intervals, so that Prometheus' alerts can find late backups.
    pub fn measure(&self) {
        metrics::backup_schedule(self.every, self.drill_every);
    }

    /// Adds the job, and that of revocations. One that is handed to another worker or ends with its process leaves a row that runs, which the next turn ends.
    pub fn register(&self, registry: Registry, db: &Database, clock: &Clock) -> Registry {
        let log = BackupLog::new(db.clone(), clock.clone());
        let job = Arc::new(BackupJob { schedule: self.clone(), log, clock: clock.clone() });
        let shortest = self.drill_every.map_or(self.every, |drill_every| drill_every.min(self.every));
        let registry = RevocationJob::new(&self.of, db, clock).register(registry);
        registry.periodic("backup.make", shortest.min(MAX_CHECK_INTERVAL), move |_| {
            let job = job.clone();
            async move { job.run_due().await }
        })
    }
}

struct BackupJob {
    schedule: BackupSchedule,
    log: BackupLog,
    clock: Clock,
}

impl BackupJob {
    /// Makes a backup if one is due, then a drill of the newest if one is.
    async fn run_due(&self) -> Result<(), Fault> {
        let BackupSchedule { file, every, drill_every, .. } = &self.schedule;
        match file {
            Some(file) => self.log.end_killed(file).await?,
            None => self.log.end_killed_dumps().await?,
        }
        if self.is_due(BackupKind::Backup, *every).await? {
            self.attempt(BackupKind::Backup).await?;
        }
        let Some(drill_every) = *drill_every else { return Ok(()) };
        let has_backup = self.earlier_runs(BackupKind::Backup).await?.done_at.is_some();
        if has_backup && self.is_due(BackupKind::Drill, drill_every).await? {
            self.attempt(BackupKind::Drill).await?;
        }
        Ok(())
    }

    async fn earlier_runs(&self, kind: BackupKind) -> Result<EarlierRuns, Fault> {
        self.log.earlier_runs(kind, &self.schedule.of.backups).await
    }

    async fn is_due(&self, kind: BackupKind, every: Duration) -> Result<bool, Fault> {
        let every = i64::try_from(every.as_micros()).unwrap_or(i64::MAX);
        Ok(backups::is_due(self.earlier_runs(kind).await?, every, self.clock.now().micros()))
    }

    /// Runs a backup or a drill; if another run has the lock, it is left to a later turn.
    async fn attempt(&self, kind: BackupKind) -> Result<(), Fault> {
        let attempt = match &self.schedule.file {
            Some(file) => {
                let Some(lock) = LocalLock::take(file)?.map(Arc::new) else { return Ok(()) };
                let row = self.log.begin(&*lock, kind, &self.schedule.of.backups).await?;
                let attempt = self.run(kind, Some(lock.clone())).await;
                if let Some(row) = row {
                    attempt.end_log_row(&self.log, row).await;
                }
                attempt
            }
            // It takes a lock and writes a row itself, as the command does.
            None => self.run(kind, None).await,
        };
        Self::to_job_result(attempt, kind)
    }

    async fn run(&self, kind: BackupKind, lock: Option<Arc<LocalLock>>) -> Attempt {
        let attempt = run_on_thread(self.schedule.clone(), kind, lock).await;
        attempt.unwrap_or_else(|fault| Attempt::failed(fault.into()))
    }

    fn to_job_result(attempt: Attempt, kind: BackupKind) -> Result<(), Fault> {
        let backup = attempt.facts.backup_id.unwrap_or_default();
        match (attempt.result, kind) {
            (Ok(()), BackupKind::Backup) => tracing::info!(%backup, "a backup was created"),
            (Ok(()), BackupKind::Drill) => tracing::info!(%backup, "a drill has verified a backup"),
            (Err(BackupError::Locked { by, .. }), _) => {
                tracing::info!(%by, "another backup writes to this place; this one starts after it");
            }
            (Err(BackupError::RunningDump), _) => {
                tracing::info!("another backup or drill of this database is running; this one starts after it");
            }
            // The fault is kept with the job.
            (Err(error), _) => return Err(Fault::Broken(backups::scrub_message(&error.to_string()))),
        }
        Ok(())
    }
}

/// Runs an attempt on a thread of its own and at a low priority, as it compresses and hashes for
/// milliseconds at a time, which would delay requests. It ends if the caller no longer waits for its answer.
async fn run_on_thread(schedule: BackupSchedule, kind: BackupKind, lock: Option<Arc<LocalLock>>) -> Result<Attempt, Fault> {
    let failed = |error: std::io::Error| Fault::Broken(format!("there is no thread for a backup: {error}"));
    let (mut sender, receiver) = oneshot::channel();
    // Steps on the thread are traced as steps of the job.
    let trace = TaskTrace::current();
    let work = move || {
        priority::lower(BACKUP_NICE_VALUE);
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = sender.send(Attempt::failed(failed(error).into()));
                return;
            }
        };
        runtime.block_on(trace.over(async move {
            let attempt = tokio::select! {
                attempt = run_attempt(&schedule, kind, lock.as_deref()) => Some(attempt),
                () = sender.closed() => None,
            };
            // Given back before the answer: the drill that follows a backup at once would find the lock held, and be left for a later turn.
            drop(lock);
            if let Some(attempt) = attempt {
                let _ = sender.send(attempt);
            }
        }));
    };
    std::thread::Builder::new().name("backup".to_owned()).spawn(work).map_err(failed)?;
    receiver.await.map_err(|_| Fault::Broken("a backup panicked while it ran".to_owned()))
}

async fn run_attempt(schedule: &BackupSchedule, kind: BackupKind, lock: Option<&LocalLock>) -> Attempt {
    let attempt = match (kind, lock) {
        (BackupKind::Drill, Some(lock)) => Attempt::drill(&schedule.of, "newest", lock).await,
        (BackupKind::Drill, None) => Box::pin(dumps::attempt_drill(&schedule.of, "newest")).await.unwrap_or_else(Attempt::failed),
        (BackupKind::Backup, Some(lock)) => Attempt::backup(&schedule.of, lock).await,
        (BackupKind::Backup, None) => Box::pin(dumps::attempt_backup(&schedule.of)).await.unwrap_or_else(Attempt::failed),
    };
    if kind == BackupKind::Backup
        && attempt.result.is_ok()
        && let Err(error) = prune(schedule).await
    {
        let error = backups::scrub_message(&error.to_string());
        tracing::warn!(%error, "old backups could not be removed");
    }
    attempt
}

async fn prune(schedule: &BackupSchedule) -> Result<(), BackupError> {
    let outcome = open_existing(&schedule.of)?.prune(schedule.all_days).await?;
    for id in outcome.removed {
        tracing::info!(backup = %id, "a backup that is no longer kept is removed");
    }
    Ok(())
}
