//! Revocations are listed beside the backups, by schedule and by command.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use entity::prelude::Timestamp;
use platform::{
    clock::Clock,
    jobs::{Jobs, Registry},
    metrics,
    storage::{Database, Fault},
};
use services::backups::{self, BackupError, Backups, ListedRevocations};

use super::open::open_or_create;
use crate::{
    config::BackupsOf,
    serve::{StartError, print_stdout},
};

/// The job, as its row is named.
const JOB: &str = "backup.revocations";
/// Interval of the look for new revocations.
const CHECK_INTERVAL: Duration = Duration::from_mins(1);
/// A transaction that began before the moment of a restore may have committed after it.
const LATE_SECONDS: i64 = 60;

/// From when on revocations are made again in a database that is as it was at this moment.
pub fn revocations_start(as_of: Timestamp) -> Timestamp {
    as_of.plus_seconds(-LATE_SECONDS)
}

/// The standing job.
pub(super) struct RevocationJob {
    of: BackupsOf,
    db: Database,
    clock: Clock,
    listed: Mutex<ListedRevocations>,
}

impl RevocationJob {
    pub fn new(args: &BackupsOf, db: &Database, clock: &Clock) -> Self {
        Self { of: args.clone(), db: db.clone(), clock: clock.clone(), listed: Mutex::default() }
    }

    /// Adds the job. It is separate from `backup.make`, whose turns last as long as backups and
    /// drills do.
    pub fn register(self, registry: Registry) -> Registry {
        let job = Arc::new(self);
        registry.periodic(JOB, CHECK_INTERVAL, move |_| {
            let job = job.clone();
            async move { job.run_once().await }
        })
    }

    async fn run_once(&self) -> Result<(), Fault> {
        let mut revocations = self.listed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let count = list_new(&self.of, &self.db, &self.clock, &mut revocations).await;
        let count = count.map_err(|error| Fault::Broken(backups::scrub_message(&error.to_string())))?;
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = revocations;
        if count > 0 {
            tracing::info!(count, "revocations were written to the backups' store");
        }
        Ok(())
    }
}

/// Sets the metric of the lists to the time of the job's last success, in any process. While the
/// job fails the time does not change.
pub async fn measure(jobs: &Jobs) -> Result<(), Fault> {
    let job = jobs.periodic().await?.into_iter().find(|job| job.kind == JOB && job.failures == 0);
    if let Some(listed_at) = job.and_then(|job| job.finished_at) {
        metrics::set_revocations_listed_at(listed_at.micros() as f64 / 1e6);
    }
    Ok(())
}

/// Lists new revocations; returns their number. The keys are read only if there are any: reading
/// those of a secret store costs a call.
async fn list_new(
    args: &BackupsOf,
    db: &Database,
    clock: &Clock,
    revocations: &mut ListedRevocations,
) -> Result<usize, BackupError> {
    let looked_at = clock.now().micros();
    if revocations.is_new() {
        revocations.begin(&open_on_thread(args).await?).await?;
    }
    let new = revocations.unlisted_revocations(db).await?;
    let added = if new.is_empty() { BTreeSet::new() } else { open_on_thread(args).await?.list_revocations(&new).await? };
    revocations.record_listed(&new, &added, looked_at);
    Ok(added.len())
}

/// Opens the place on another thread, as a program that has the keys may take its time.
async fn open_on_thread(args: &BackupsOf) -> Result<Backups, BackupError> {
    let args = args.clone();
    let result = tokio::task::spawn_blocking(move || open_or_create(&args)).await;
    result.unwrap_or_else(|error| Err(Fault::Broken(format!("the backups' store could not be opened: {error}")).into()))
}

/// `entrepot backup revocations`.
pub(super) async fn list_by_command(args: &BackupsOf) -> Result<(), StartError> {
    let count = list_and_count(args).await?;
    print_stdout(&format!("{count} revocation(s) are new in {}", args.backups))?;
    Ok(())
}

/// Lists revocations after a backup, and prints nothing if there are none.
pub(super) async fn list_after_backup(args: &BackupsOf) -> Result<(), StartError> {
    let count = list_and_count(args).await?;
    if count > 0 {
        print_stdout(&format!("{count} revocation(s) were written to the backups' store"))?;
    }
    Ok(())
}

async fn list_and_count(args: &BackupsOf) -> Result<usize, BackupError> {
    let db = Database::open(&args.of.database.database_url, args.of.database.options()).await?;
    let count = list_new(args, &db, &Clock::system(), &mut ListedRevocations::default()).await;
    db.close().await?;
    count
}
