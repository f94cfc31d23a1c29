//! Shipping the write-ahead log: generations, rounds, checkpoints and uploads, on a thread of its
//! own.
//!
//! A generation is a backup and the segments that follow it. A round reads the commits since the
//! last one, and stores them in the spool before a checkpoint may begin; uploads empty the spool,
//! and read back the segments that they sent. No write waits for a failure here: a generation that
//! cannot continue is given up, and another begins.

mod generation;
mod location_trust;
mod read_back;
mod shipper;
mod segment_chain;

use std::{
    cell::RefCell,
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use platform::{
    clock::{self, Clock},
    metrics,
    storage::{Database, Fault, ShippingLock},
};

use super::{BackupError, Backups};
use crate::backups::{
    core::{segment::FOLDER, wal::Position},
    spool::Spool,
    wal::{self, Next},
};
use shipper::{RETRY_INTERVAL, ROUND_INTERVAL, State, monotonic, record_failure};

pub use shipper::{ShipSettings, Shipper};

/// Interval between two checks of an empty spool.
const IDLE_INTERVAL: Duration = Duration::from_millis(200);
/// Pages, or time, after which a checkpoint is due.
const CHECKPOINT_PAGES: u64 = 4_000;
const CHECKPOINT_INTERVAL: Duration = Duration::from_mins(1);
/// Bytes of the log up to which a copy of the database delays checkpoints.
const MAX_LOG_BYTES: u64 = 1 << 30;
/// Time that an ending process has to empty the spool.
const SHUTDOWN_UPLOAD_TIMEOUT: Duration = Duration::from_secs(10);

impl Shipper {
    /// Opens the log; returns `None` while another process ships it.
    ///
    /// # Errors
    /// The database's file, its lock or the spool cannot be opened.
    pub fn open(db: Database, backups: Backups, clock: Clock, settings: ShipSettings) -> Result<Option<Self>, BackupError> {
        let Some(lock) = ShippingLock::take(&settings.file)? else { return Ok(None) };
        let disk_error = |error: io::Error| BackupError::Disk(settings.file.display().to_string(), error);
        let main: &'static File = Box::leak(Box::new(File::open(&settings.file).map_err(disk_error)?));
        let spool = Spool::open(&settings.file, settings.spool_bytes).map_err(disk_error)?;
        let log = PathBuf::from(format!("{}-wal", settings.file.display()));
        let state = State { caught_up_at: monotonic(&clock), ..State::default() };
        Ok(Some(Self { db, backups, clock, settings, main, log, spool, state: RefCell::new(state), lock }))
    }

    /// Ships until `stop_signal` is done, then ships the last commits.
    pub async fn run(&self, stop_signal: impl Future<Output = ()>) {
        tokio::select! {
            () = self.run_rounds() => {}
            () = self.run_uploads() => {}
            () = self.run_generations() => {}
            () = stop_signal => {}
        }
        self.round_or_fail();
        let last = async { while self.upload().await.is_ok_and(|sent| sent) {} };
        if tokio::time::timeout(SHUTDOWN_UPLOAD_TIMEOUT, last).await.is_err() {
            tracing::warn!("the last segments of the log are not in the backup location yet; the next start sends them");
        }
    }

    async fn run_rounds(&self) {
        loop {
            let started_at = monotonic(&self.clock);
            let is_successful = self.round_or_fail();
            if let Err(fault) = self.checkpoint().await {
                record_failure("the log could not be checkpointed", &fault);
            }
            self.set_delay_metrics(started_at, is_successful);
            clock::sleep(ROUND_INTERVAL).await;
        }
    }

    /// Sets the metrics of the backup location's delay.
    fn set_delay_metrics(&self, started_at: Duration, is_successful: bool) {
        let mut state = self.state.borrow_mut();
        if is_successful && state.current.is_some() {
            state.round_at = started_at;
        }
        let lag = monotonic(&self.clock).saturating_sub(state.caught_up_at);
        metrics::set_log_shipping(lag, self.spool.bytes(), log_bytes(&self.log));
    }

    fn round_or_fail(&self) -> bool {
        match self.round() {
            Ok(()) => true,
            Err(error) => {
                self.state.borrow_mut().give_up();
                record_failure("a generation of the log is given up, and another begins", &error);
                false
            }
        }
    }

    /// Reads the commits since the last round, and stores them in the spool.
    fn round(&self) -> Result<(), BackupError> {
        let mut state = self.state.borrow_mut();
        let disk_error = |error: io::Error| BackupError::Disk(self.log.display().to_string(), error);
        while state.has_streams() {
            let Some(from) = self.next_position(&state)? else { return Ok(()) };
            let batch = match wal::next(&self.log, &from).map_err(disk_error)? {
                Next::Nothing => return Ok(()),
                Next::Renewed => return Err(BackupError::LogLost),
                Next::Frames(batch) => batch,
            };
            let now = self.clock.now().micros();
            let State { current, next_stream: coming, .. } = &mut *state;
            for stream in current.iter_mut().chain(coming.iter_mut()) {
                let (segment, bytes) = stream.seal_batch(&from, &batch, now)?;
                self.spool.store_segment(stream.id.as_str(), &segment, &bytes).map_err(disk_error)?;
            }
            state.position = Some(batch.end);
        }
        Ok(())
    }

    /// Returns the position of the next frame: in the log that was read before, or at the start of
    /// the one that SQLite began after our own checkpoint. Any other log was begun by a foreign
    /// checkpoint, and frames between the two may be lost.
    fn next_position(&self, state: &State) -> Result<Option<Position>, BackupError> {
        let disk_error = |error: io::Error| BackupError::Disk(self.log.display().to_string(), error);
        let is_whole = state.whole.is_some() && state.whole == state.position;
        match (state.position, wal::header(&self.log).map_err(disk_error)?) {
            (None, None) => Ok(None),
            (None, Some(header)) => Ok(Some(Position::start(header))),
            (Some(position), Some(header)) if header == position.header => Ok(Some(position)),
            (Some(position), Some(header)) if is_whole && header.follows(&position.header) => Ok(Some(Position::start(header))),
            (Some(_), None) if is_whole => Ok(None),
            (Some(_), _) => Err(BackupError::LogLost),
        }
    }

    /// Makes SQLite run a checkpoint, when it is due. No batch is written meanwhile, so all pages
    /// that the checkpoint moves are in the spool.
    async fn checkpoint(&self) -> Result<(), Fault> {
        if !self.is_checkpoint_due() {
            return Ok(());
        }
        let Some(mut writer) = self.db.hold_writer().await? else { return Ok(()) };
        self.round_or_fail();
        let checkpoint = writer.checkpoint().await?;
        let whole_log = wal::header(&self.log).ok().flatten().filter(|_| checkpoint.is_whole);
        let whole_log = whole_log.map(|header| (header, checkpoint.frames));
        drop(writer);
        // Returns the connection before this thread compresses data.
        tokio::task::yield_now().await;
        let mut state = self.state.borrow_mut();
        state.checkpointed_at = monotonic(&self.clock);
        state.checkpoints += 1;
        let whole_position = state.position.filter(|position| checkpoint.is_whole && position.frames == checkpoint.frames);
        (state.whole, state.whole_log) = (whole_position, whole_log);
        Ok(())
    }

    fn is_checkpoint_due(&self) -> bool {
        let state = self.state.borrow();
        let bytes = log_bytes(&self.log);
        if bytes == 0 || (state.is_copying && bytes < MAX_LOG_BYTES) {
            return false;
        }
        let wait = monotonic(&self.clock).saturating_sub(state.checkpointed_at);
        match state.position {
            Some(position) if state.whole == Some(position) => false,
            Some(position) => position.frames >= CHECKPOINT_PAGES || wait >= CHECKPOINT_INTERVAL,
            None => wait >= CHECKPOINT_INTERVAL,
        }
    }

    async fn run_uploads(&self) {
        loop {
            match self.upload().await {
                Ok(true) => {}
                Ok(false) => clock::sleep(IDLE_INTERVAL).await,
                Err(error) => {
                    record_failure("a segment of the log could not be sent", &error);
                    clock::sleep(RETRY_INTERVAL).await;
                }
            }
        }
    }

    /// Sends the oldest segment of the spool; returns whether there was one.
    async fn upload(&self) -> Result<bool, BackupError> {
        let disk_error = |error: io::Error| BackupError::Disk(self.settings.file.display().to_string(), error);
        let Some((generation, segment)) = self.spool.first().map_err(disk_error)? else {
            let mut state = self.state.borrow_mut();
            state.caught_up_at = state.caught_up_at.max(state.round_at);
            return Ok(false);
        };
        let bytes = Bytes::from(self.spool.read(&generation, &segment).map_err(disk_error)?);
        let object = format!("{generation}/{FOLDER}/{segment}");
        if !self.send(&object, &segment, &bytes).await? {
            self.end_generation_before(&generation, object).await?;
            return Ok(true);
        }
        metrics::count_shipped_log(bytes.len() as u64);
        self.spool.remove(&generation, &segment).map_err(disk_error)?;
        Ok(true)
    }
}

fn log_bytes(log: &Path) -> u64 {
    std::fs::metadata(log).map_or(0, |log_metadata| log_metadata.len())
}
