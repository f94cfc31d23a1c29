//! Errors and panics, sent to the operator's error tracker. `docs/decisions/0224-error-reports.md`.
//!
//! A report is built from source text, never from values: the message of an event before fields,
//! which is a literal in our crates (`tests/it/tidy/messages.rs`), its module and place, and the
//! trace. Events of other crates, and panics with values, are sent without text. No caller waits: a
//! report is put into a bounded queue, or dropped and counted.

mod exporter;

use std::{
    fmt::Debug,
    hash::{DefaultHasher, Hash, Hasher},
    panic::PanicHookInfo,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use entity::prelude::Timestamp;
use platform::{
    clock::Clock,
    traces::{self, TraceContext},
};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Layer};

use crate::CRATES;

pub use exporter::run_with_exporter;

/// Reports that wait for the exporter.
const QUEUE_CAPACITY: usize = 256;
/// Reports of one place in the source that are sent in a minute.
const MAX_A_MINUTE: u64 = 5;
/// Places that are counted apart; two of the same slot share their minute.
const LIMITER_SLOTS: usize = 4_096;
const MINUTE_MICROS: i64 = 60_000_000;
/// Log target of panics and failed starts: the hook reports the former, and the supervisor of the
/// process sees the latter.
const LOGGED_ONLY: &str = "entrepot::cli::logs";

static INTAKE: OnceLock<Intake> = OnceLock::new();

/// Report of an error or a panic.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Report {
    at: Timestamp,
    /// Sentry's name of the level: `error`, or `fatal` for a panic.
    level: &'static str,
    module: String,
    message: String,
    /// File and line of the source.
    place: Option<String>,
    trace: Option<TraceContext>,
}

/// Receiver of reports from the whole process.
struct Intake {
    clock: Clock,
    limiter: Limiter,
    queue: SyncSender<Report>,
    lost: AtomicU64,
}

/// Begins to take reports, and returns where they come out. None if it has begun already.
fn install(clock: Clock) -> Option<Receiver<Report>> {
    let (queue, reports) = sync_channel(QUEUE_CAPACITY);
    INTAKE.set(Intake { clock, limiter: Limiter::new(), queue, lost: AtomicU64::new(0) }).is_ok().then_some(reports)
}

/// Reports that found no place in the queue since the last call.
fn lost() -> u64 {
    INTAKE.get().map_or(0, |intake| intake.lost.swap(0, Ordering::Relaxed))
}

impl Intake {
    /// Takes a report of this place in the source. Called by the panic hook, which may run
    /// anywhere: it takes no lock and wakes no thread.
    fn take(&self, place: (Option<&str>, Option<u32>), report: impl FnOnce(Timestamp, Option<String>) -> Report) {
        let minute = self.clock.monotonic().micros() / MINUTE_MICROS;
        if !self.limiter.admits(hash(&place), minute.unsigned_abs()) {
            return;
        }
        let named = place.0.map(|file| format!("{}:{}", source_file(file), place.1.unwrap_or_default()));
        if self.queue.try_send(report(self.clock.now(), named)).is_err() {
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

    fn admits(&self, place: u64, minute: u64) -> bool {
        let Some(slot) = self.0.get((place % LIMITER_SLOTS as u64) as usize) else { return false };
        let counted = |held: u64| {
            let count = if held >> 32 == minute { held & u64::from(u32::MAX) } else { 0 };
            (count < MAX_A_MINUTE).then_some(minute << 32 | (count + 1))
        };
        slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, counted).is_ok()
    }
}

/// Reports a panic. Its text is included only if it is a literal of the source: others may contain
/// values.
pub fn report_panic(panic: &PanicHookInfo<'_>) {
    let Some(intake) = INTAKE.get() else { return };
    let place = panic.location().map(|location| (location.file(), location.line())).unzip();
    let literal = panic.payload().downcast_ref::<&'static str>().copied();
    intake.take(place, |at, place| Report {
        at,
        level: "fatal",
        module: "panic".to_owned(),
        message: literal.unwrap_or("a thread panicked").to_owned(),
        place,
        trace: traces::current(),
    });
}

/// Reports the errors among log lines, those that `ENTREPOT_LOG` lets through.
pub struct ErrorLayer;

impl<S: Subscriber> Layer<S> for ErrorLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if *metadata.level() != Level::ERROR || metadata.target() == LOGGED_ONLY {
            return;
        }
        let Some(intake) = INTAKE.get() else { return };
        intake.take((metadata.file(), metadata.line()), |at, place| Report {
            at,
            level: "error",
            module: metadata.target().to_owned(),
            message: message(event),
            place,
            trace: traces::current(),
        });
    }
}

/// The message of an event of ours, without its fields.
fn message(event: &Event<'_>) -> String {
    let mut found = Message(None);
    if is_ours(event.metadata().target()) {
        event.record(&mut found);
    }
    found.0.unwrap_or_else(|| "an error of another crate".to_owned())
}

fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default().replace('_', "-");
    CRATES.contains(&name.as_str())
}

struct Message(Option<String>);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // The text of the source comes first; a field of this name would be a value.
        if field.name() == "message" && self.0.is_none() {
            self.0 = Some(format!("{value:?}"));
        }
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

    #[test]
    fn an_event_is_ours_by_its_crate() {
        assert!(is_ours("platform::jobs::run") && is_ours("product_text") && is_ours("entrepot::serve"));
        assert!(!is_ours("sqlx::query") && !is_ours("log") && !is_ours(""));
    }
}
