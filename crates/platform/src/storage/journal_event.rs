//! Events of the journal, with and without their numbers.

use entity::{prelude::Timestamp, record::Record, tables::event};

use crate::traces::{self, TraceContext};

/// A committed fact. `payload` is JSON; its shape belongs to the room that wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = event, alias = "event")]
pub struct Event {
    pub seq: i64,
    pub kind: String,
    pub payload: String,
    pub recorded_at: Timestamp,
}

/// A fact without a number yet. A declared `events::EventType` makes it.
#[derive(Debug, Clone)]
pub struct NewEvent {
    kind: &'static str,
    payload: String,
}

impl NewEvent {
    pub(super) fn new(kind: &'static str, payload: String) -> Self {
        Self { kind, payload }
    }
    /// Returns the event with its cause's trace, if that is recorded: deliveries continue it.
    #[must_use]
    pub fn with_trace(self, trace: Option<TraceContext>) -> Self {
        Self { payload: traces::append_trace(self.payload, trace), ..self }
    }
    /// Returns the event with the trace of the current task.
    #[must_use]
    pub fn with_current_trace(self) -> Self {
        self.with_trace(traces::current())
    }
    /// The event under its number.
    pub fn with_seq(self, seq: i64, recorded_at: Timestamp) -> Event {
        Event { seq, kind: self.kind.to_owned(), payload: self.payload, recorded_at }
    }
}
