//! Errors and panics, sent to the operator's error tracker. `docs/decisions/0224-error-reports.md`.
//!
//! A report is built from source text, never from values: the message of an event before fields,
//! which is a literal in our crates (`tests/it/tidy/messages.rs`), its module and place, and the
//! trace. Events of other crates, and panics with values, are sent without text. No caller waits: a
//! report is put into a bounded queue, or dropped and counted.

mod exporter;
mod intake;

use std::{fmt::Debug, panic::PanicHookInfo};

use platform::traces;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Layer};

use crate::CRATES;

use intake::{INTAKE, Report};

pub use exporter::run_with_exporter;

/// Log target of panics and failed starts: the hook reports the former, and the supervisor of the
/// process sees the latter.
const LOGGED_ONLY: &str = "entrepot::cli::logs";

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
    let mut visitor = Message(None);
    if is_ours(event.metadata().target()) {
        event.record(&mut visitor);
    }
    visitor.0.unwrap_or_else(|| "an error of another crate".to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_ours_by_its_crate() {
        assert!(is_ours("platform::jobs::run") && is_ours("product_text") && is_ours("entrepot::serve"));
        assert!(!is_ours("sqlx::query") && !is_ours("log") && !is_ours(""));
    }
}
