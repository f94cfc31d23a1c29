//! The shipper of a log: its settings and its state.

use std::{cell::RefCell, fs::File, path::PathBuf, time::Duration};

use platform::{
    clock::Clock,
    metrics,
    storage::{Database, Options, ShippingLock},
};

use super::{location_trust::LocationTrust, segment_chain::Stream};
use crate::{
    backups::{
        core::{
            scrub::scrub_message,
            wal::{LogHeader, Position},
        },
        shell::Backups,
        spool::Spool,
    },
    files::FileLocation,
};

/// Time between two rounds.
pub(super) const ROUND_INTERVAL: Duration = Duration::from_secs(1);
/// Time until something that failed is tried again.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// The database whose log is shipped, and the destination.
#[derive(Debug, Clone)]
pub struct ShipSettings {
    pub file: PathBuf,
    pub place: FileLocation,
    pub options: Options,
    /// The version of this binary.
    pub version: &'static str,
    /// Maximum bytes of the spool.
    pub spool_bytes: u64,
    /// One of this many segments is read back.
    pub read_back: u32,
    /// Days in which every backup is kept.
    pub all_days: i64,
}

#[derive(Default)]
pub(super) struct State {
    /// The generation that can be restored.
    pub(super) current: Option<Stream>,
    /// The one whose backup is being stored.
    pub(super) next_stream: Option<Stream>,
    /// Position in the log, for both; `None` before its first frame, and while there is no
    /// generation.
    pub(super) position: Option<Position>,
    /// Position of the log at the last checkpoint that moved all of it into the database.
    pub(super) whole: Option<Position>,
    /// The log that it was and its frames, also where nobody reads it.
    pub(super) whole_log: Option<(LogHeader, u64)>,
    /// Checkpoints so far: one that runs while the file is copied changes it.
    pub(super) checkpoints: u64,
    pub(super) is_copying: bool,
    /// Start of the current generation, in microseconds since 1970 UTC.
    pub(super) begun_at: i64,
    pub(super) checkpointed_at: Duration,
    /// Start of the last successful round, and of the last one after which no segment waits.
    pub(super) round_at: Duration,
    pub(super) caught_up_at: Duration,
    pub(super) mistrust: LocationTrust,
    /// The segment because of which a generation was given up while its backup was being stored.
    pub(super) not_kept: Option<String>,
}

impl State {
    pub(super) fn has_streams(&self) -> bool {
        self.current.is_some() || self.next_stream.is_some()
    }

    pub(super) fn give_up(&mut self) {
        (self.current, self.next_stream, self.position, self.whole) = (None, None, None, None);
    }
}

/// Ships the log of one database.
pub struct Shipper {
    pub(super) db: Database,
    pub(super) backups: Backups,
    pub(super) clock: Clock,
    pub(super) settings: ShipSettings,
    /// Never closed: closing it would drop the locks that SQLite has on the file.
    pub(super) main: &'static File,
    pub(super) log: PathBuf,
    pub(super) spool: Spool,
    pub(super) state: RefCell<State>,
    pub(super) lock: ShippingLock,
}

pub(super) fn record_failure(message: &str, error: &impl std::fmt::Display) {
    metrics::count_log_shipping_failure();
    let error = scrub_message(&error.to_string());
    tracing::warn!(%error, "{message}");
}

pub(super) fn monotonic(clock: &Clock) -> Duration {
    Duration::from_micros(clock.monotonic().micros().unsigned_abs())
}
