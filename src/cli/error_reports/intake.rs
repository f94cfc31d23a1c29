//! The queue of reports from the whole process to the exporter. Each place in the source may put a
//! few a minute into it, and no caller waits for it.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use entity::prelude::Timestamp;
use platform::{clock::Clock, traces::TraceContext};

/// Reports that wait for the exporter.
pub(super) const QUEUE_CAPACITY: usize = 256;
/// Reports of one place in the source that are sent in a minute.
const MAX_A_MINUTE: u64 = 5;
/// Places that are counted apart; two of the same slot share their minute.
const LIMITER_SLOTS: usize = 4_096;
const MINUTE_MICROS: i64 = 60_000_000;

pub(super) static INTAKE: OnceLock<Intake> = OnceLock::new();

/// Report of an error or a panic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) at: Timestamp,
    /// Sentry's name of the level: `error`, or `fatal` for a panic.
    pub(super) level: &'static str,
    pub(super) module: String,
    pub(super) message: String,
    /// File and line of the source.
    pub(super) place: Option<String>,
    pub(super) trace: Option<TraceContext>,
}

/// Receiver of reports from the whole process.
pub(super) struct Intake {
    clock: Clock,
    limiter: Limiter,
    queue: SyncSender<Report>,
    lost: AtomicU64,
}

/// Begins to take reports, and returns where they come out. None if it has begun already.
pub(super) fn install(clock: Clock) -> Option<Receiver<Report>> {
    let (queue, reports) = sync_channel(QUEUE_CAPACITY);
    INTAKE.set(Intake { clock, limiter: Limiter::new(), queue, lost: AtomicU64::new(0) }).is_ok().then_some(reports)
}

/// Reports that found no place in the queue since the last call.
pub(super) fn take_lost_count() -> u64 {
    INTAKE.get().map_or(0, |intake| intake.lost.swap(0, Ordering::Relaxed))
}

impl Intake {
    /// Takes a report of this place in the source. Called by the panic hook, which may run
    /// anywhere: it takes no lock and wakes no thread.
    pub(super) fn take(&self, place: (Option<&str>, Option<u32>), report: impl FnOnce(Timestamp, Option<String>) -> Report) {
        let minute = self.clock.monotonic().micros() / MINUTE_MICROS;
        if !self.limiter.admits(hash(&place), minute.unsigned_abs()) {
            return;
        }
        let source_line = place.0.map(|file| format!("{}:{}", source_file(file), place.1.unwrap_or_default()));
        if self.queue.try_send(report(self.clock.now(), source_line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn hash(place: &(Option<&str>, Option<u32>)) -> u64 {
    let mut hasher = DefaultHasher::new();
    place.hash(&mut hasher);
    hasher.finish()
}

/// Number of reports of each place in the present minute: the minute above, the count in the lower
/// 32 bits.
struct Limiter(Vec<AtomicU64>);

impl Limiter {
    fn new() -> Self {
        Self((0..LIMITER_SLOTS).map(|_| AtomicU64::new(0)).collect())
    }

    fn admits(&self, place_hash: u64, minute: u64) -> bool {
        let Some(slot) = self.0.get((place_hash % LIMITER_SLOTS as u64) as usize) else { return false };
        let next_value = |slot_value: u64| {
            let count = if slot_value >> 32 == minute { slot_value & u64::from(u32::MAX) } else { 0 };
            (count < MAX_A_MINUTE).then_some(minute << 32 | (count + 1))
        };
        slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next_value).is_ok()
    }
}

/// A file of the source without the folders of the machine that compiled it.
fn source_file(path: &str) -> &str {
    if let Some((_, file)) = path.split_once("/registry/src/") {
        return file.split_once('/').map_or(file, |(_, file)| file);
    }
    if let Some((_, file)) = path.split_once("/library/") {
        return file;
    }
    let is_whole = path.starts_with('/') || path.contains(':');
    if is_whole { path.rsplit(['/', '\\']).next().unwrap_or(path) } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_reported_five_times_a_minute() {
        let limiter = Limiter::new();
        let admitted = |place, minute| (0..20).filter(|_| limiter.admits(place, minute)).count();
        assert_eq!((admitted(7, 0), admitted(7, 0), admitted(8, 0)), (5, 0, 5));
        assert_eq!((admitted(7, 1), admitted(7, 3)), (5, 5));
    }

    #[test]
    fn a_place_names_no_folder_of_the_machine() {
        assert_eq!(source_file("crates/platform/src/jobs/run.rs"), "crates/platform/src/jobs/run.rs");
        assert_eq!(source_file("/any/.cargo/registry/src/index-1/hyper-1.6.0/src/lib.rs"), "hyper-1.6.0/src/lib.rs");
        assert_eq!(source_file("/rustc/0a1b/library/core/src/option.rs"), "core/src/option.rs");
        assert_eq!(source_file("/any/folder/src/main.rs"), "main.rs");
    }
}
