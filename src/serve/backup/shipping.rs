//! Shipping of the write-ahead log, on a thread of its own.

use std::time::Duration;

use platform::{
    clock::{self, Clock},
    metrics,
    storage::{Database, Fault},
};
use services::backups::{BackupError, ShipSettings, Shipper, scrub_message};
use tokio::sync::oneshot;

use super::{open::open_or_create, schedule::BackupSchedule};

/// Time between two tries to begin.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Time between two tries if the place, the keys or the disk refuse.
const REFUSED_RETRY_INTERVAL: Duration = Duration::from_secs(15);

/// A log that is being shipped.
pub struct Shipping {
    stop: oneshot::Sender<()>,
    end_signal: oneshot::Receiver<()>,
}

impl Shipping {
    /// Ships the last commits, and ends.
    pub async fn end(self) {
        drop(self.stop);
        // An error means that it has ended.
        let _ = self.end_signal.await;
    }
}

impl BackupSchedule {
    /// Whether this process ships the log of its database.
    pub fn ships_log(&self) -> bool {
        self.spool_bytes.is_some()
    }

    /// Begins to ship, if it is configured.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn ship(&self, db: &Database, clock: &Clock) -> Result<Option<Shipping>, Fault> {
        let Some(spool_bytes) = self.spool_bytes else { return Ok(None) };
        let failed = |error: std::io::Error| Fault::Broken(format!("there is no thread to ship the log: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let ((stop_sender, stop_receiver), (end, end_receiver)) = (oneshot::channel::<()>(), oneshot::channel::<()>());
        let (schedule, db, clock) = (self.clone(), db.clone(), clock.clone());
        let work = move || {
            runtime.block_on(schedule.run_shipping(db, clock, spool_bytes, stop_receiver));
            drop(end);
        };
        metrics::init_log_shipping();
        std::thread::Builder::new().name("shipping".to_owned()).spawn(work).map_err(failed)?;
        Ok(Some(Shipping { stop: stop_sender, end_signal: end_receiver }))
    }

    async fn run_shipping(&self, db: Database, clock: Clock, spool_bytes: u64, mut stop_signal: oneshot::Receiver<()>) {
        let mut refused_since = None;
        loop {
            let wait = match self.shipper(&db, &clock, spool_bytes) {
                Ok(Some(shipper)) => {
                    let stop_signal = async {
                        let _ = (&mut stop_signal).await;
                    };
                    return shipper.run(stop_signal).await;
                }
                Ok(None) => RETRY_INTERVAL,
                Err(error) => {
                    metrics::count_log_shipping_failure();
                    // The alarm is on the lag, which the shipper itself would set.
                    let now = clock.monotonic();
                    metrics::set_log_shipping_lag(now.since(*refused_since.get_or_insert(now)));
                    let error = scrub_message(&error.to_string());
                    tracing::warn!(%error, "the log is not shipped");
                    REFUSED_RETRY_INTERVAL
                }
            };
            tokio::select! {
                _ = &mut stop_signal => return,
                () = clock::sleep(wait) => {}
            }
        }
    }

    fn shipper(&self, db: &Database, clock: &Clock, spool_bytes: u64) -> Result<Option<Shipper>, BackupError> {
        let Some(file) = self.file.clone() else { return Ok(None) };
        let settings = ShipSettings {
            file,
            place: self.of.backups.clone(),
            options: self.of.of.database.options(),
            version: env!("CARGO_PKG_VERSION"),
            spool_bytes,
            read_back: self.read_back,
            all_days: self.all_days,
        };
        Shipper::open(db.clone(), open_or_create(&self.of)?, clock.clone(), settings)
    }
}
