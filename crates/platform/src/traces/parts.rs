//! Parts of an operation, or of a run of a job, whose trace is not recorded: its waits, its batch
//! and the longest of its statements and steps.
//!
//! They are kept while the operation runs: sent if the operation's span is sent
//! (`tail_sampling`), else dropped. Each part has a name and two times; the text of a statement is
//! read only if it has taken long. `docs/decisions/0357-parts-of-kept-operations.md`.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use entity::prelude::Timestamp;

use super::{
    attributes::{AttributeValue, StatementText},
    context::TraceContext,
    finished_span::{FinishedSpan, SpanKind},
};
use crate::clock::Monotonic;

/// Maximum parts of an operation, and of a batch: the longest are kept.
const MAX: usize = 16;
/// Minimum duration of a part: shorter statements do not explain why an operation was slow.
pub(super) const MIN_PART_DURATION: Duration = Duration::from_millis(1);

/// A part of an operation or of a batch.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) kind: SpanKind,
    pub(super) started_at: Monotonic,
    /// None while the part runs.
    pub(super) took: Option<Duration>,
    pub(super) attributes: Vec<(&'static str, AttributeValue)>,
    /// Statement that the part is. It becomes attributes only if the part is sent.
    pub(super) statement: Option<StatementText>,
    /// Positions of the part in traces that are recorded.
    pub(super) links: Vec<TraceContext>,
    pub(super) has_failed: bool,
}

impl Part {
    /// Returns a part that is running.
    pub(super) fn new_running(name: &'static str, kind: SpanKind, start: Monotonic) -> Self {
        let (attributes, links) = (Vec::new(), Vec::new());
        Self { name, kind, started_at: start, took: None, attributes, statement: None, links, has_failed: false }
    }

    /// Returns the length for the choice of the longest: an unfinished part is always kept.
    fn length(&self) -> Duration {
        self.took.unwrap_or(Duration::MAX)
    }

    /// Returns the part as a span under its parent, with an ID of its own.
    pub(super) fn finished(&self, (now, wall_time): (Monotonic, Timestamp), parent: TraceContext, span_id: u64) -> FinishedSpan {
        let since = now.since(self.started_at);
        let mut attributes = self.attributes.clone();
        attributes.extend(self.statement.iter().flat_map(StatementText::attributes));
        if self.took.is_none() {
            attributes.push(("entrepot.unfinished", "true".into()));
        }
        let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        FinishedSpan {
            context: TraceContext { span_id, ..parent },
            parent: Some(parent.span_id),
            name: self.name,
            kind: self.kind,
            start: Timestamp(wall_time.micros().saturating_sub(micros)),
            took: self.took.unwrap_or(since),
            attributes,
            links: self.links.clone(),
            has_failed: self.has_failed,
        }
    }
}

/// The parts of an operation or a run, or a batch and its parts.
#[derive(Default)]
pub struct Parts(Mutex<State>);

#[derive(Default)]
struct State {
    parts: Vec<Part>,
    /// Last batch with the operation's command: the batch itself is its first part.
    batch: Option<Arc<Parts>>,
}

impl Parts {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a part, in place of the shortest if there are too many, and returns its place. None if
    /// it is the shortest itself.
    pub(super) fn add(&self, part: Part) -> Option<usize> {
        let mut state = self.lock();
        let parts = &mut state.parts;
        if parts.len() < MAX {
            parts.push(part);
            return Some(parts.len() - 1);
        }
        let (index, shortest) = parts.iter_mut().enumerate().min_by_key(|(_, part)| part.length())?;
        if shortest.length() >= part.length() {
            return None;
        }
        *shortest = part;
        Some(index)
    }

    /// Changes a part that is kept while it runs: no other part replaces it before it has ended.
    fn change(&self, index: usize, change: impl FnOnce(&mut Part)) {
        if let Some(open) = self.lock().parts.get_mut(index) {
            change(open);
        }
    }

    /// Records the batch that the operation's command is in.
    pub(super) fn join(&self, batch: Arc<Self>) {
        self.lock().batch = Some(batch);
    }

    /// Returns all parts as spans: those of the operation under its span, those of the batch under
    /// the batch.
    pub(super) fn finished(
        &self,
        now: (Monotonic, Timestamp),
        operation: TraceContext,
        mut span_id: impl FnMut() -> u64,
    ) -> Vec<FinishedSpan> {
        let state = self.lock();
        let mut spans: Vec<_> = state.parts.iter().map(|part| part.finished(now, operation, span_id())).collect();
        if let Some(batch) = &state.batch {
            let within = batch.lock();
            let mut parts = within.parts.iter();
            if let Some(first) = parts.next() {
                let batch = first.finished(now, operation, span_id());
                let position = batch.context;
                spans.push(batch);
                spans.extend(parts.map(|part| part.finished(now, position, span_id())));
            }
        }
        spans
    }
}

/// A span that is a part of an operation or of a batch.
pub(super) struct PartSpan {
    pub(super) parts: Arc<Parts>,
    pub(super) part: Part,
    /// Index of the unfinished part, if it is among the parts already.
    index: Option<usize>,
}

impl PartSpan {
    /// Returns a part that is kept once it has ended, if it took long enough.
    pub(super) fn new(parts: Arc<Parts>, name: &'static str, kind: SpanKind, start: Monotonic) -> Self {
        Self { parts, part: Part::new_running(name, kind, start), index: None }
    }

    /// Keeps the part from now on, however long it takes: its caller may give up before it ends.
    pub(super) fn open(&mut self) {
        self.index = self.parts.add(self.part.clone());
    }

    /// Sets an attribute of a part that is kept already.
    pub(super) fn set(&self, key: &'static str, value: AttributeValue) {
        if let Some(index) = self.index {
            self.parts.change(index, |part| part.attributes.push((key, value)));
        }
    }

    /// Whether it is kept however long it takes.
    pub(super) fn is_open(&self) -> bool {
        self.index.is_some()
    }

    pub(super) fn end(mut self, now: Monotonic) {
        // A statement that was described has ended then.
        let took = self.part.took.unwrap_or_else(|| now.since(self.part.started_at));
        match self.index {
            Some(index) => self.parts.change(index, |part| {
                part.took = Some(took);
                part.has_failed = self.part.has_failed;
            }),
            None if took >= MIN_PART_DURATION => {
                self.part.took = Some(took);
                self.parts.add(self.part);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATION: TraceContext = TraceContext { trace_id: 1, span_id: 2, is_sampled: false };
    const WALL: Timestamp = Timestamp(1_000_000_000);

    fn at(milliseconds: i64) -> Monotonic {
        Monotonic::from_micros(milliseconds * 1_000)
    }

    /// A statement that began at 0.
    fn statement(parts: &Arc<Parts>, milliseconds: i64) {
        PartSpan::new(parts.clone(), "db.statement", SpanKind::Client, at(0)).end(at(milliseconds));
    }

    /// Returns name, ID, parent and milliseconds of each span, as of one second after 0.
    fn shapes(parts: &Parts) -> Vec<(&'static str, u64, Option<u64>, u128)> {
        let mut last = 10;
        let spans = parts.finished((at(1_000), WALL), OPERATION, || {
            last += 1;
            last
        });
        assert!(spans.iter().all(|span| span.context.trace_id == 1 && !span.context.is_sampled));
        spans.iter().map(|span| (span.name, span.context.span_id, span.parent, span.took.as_millis())).collect()
    }

    #[test]
    fn the_longest_statements_are_kept() {
        let parts = Arc::new(Parts::default());
        PartSpan::new(parts.clone(), "db.statement", SpanKind::Client, at(0)).end(Monotonic::from_micros(999));
        assert!(shapes(&parts).is_empty());
        (1..=40).for_each(|milliseconds| statement(&parts, milliseconds));
        statement(&parts, 1);
        let mut lengths: Vec<_> = shapes(&parts).into_iter().map(|(_, _, _, took)| took).collect();
        lengths.sort_unstable();
        assert_eq!(lengths, (25..=40).collect::<Vec<_>>());
    }

    #[test]
    fn what_goes_on_is_kept_and_its_batch_with_it() {
        let (parts, batch) = (Arc::new(Parts::default()), Arc::new(Parts::default()));
        let mut wait = PartSpan::new(parts.clone(), "ledger.wait", SpanKind::Internal, at(0));
        wait.open();
        (1..=40).for_each(|milliseconds| statement(&parts, 100 + milliseconds));
        let spans = parts.finished((at(1_000), WALL), OPERATION, || 7);
        let open = spans.iter().find(|span| span.name == "ledger.wait").unwrap();
        assert_eq!((open.took, open.start), (Duration::from_secs(1), Timestamp(WALL.micros() - 1_000_000)));
        assert_eq!(open.attributes, vec![("entrepot.unfinished", AttributeValue::from("true"))]);
        let mut head = PartSpan::new(batch.clone(), "ledger.batch", SpanKind::Internal, at(3));
        head.open();
        parts.join(batch.clone());
        wait.end(at(3));
        statement(&batch, 9);
        head.part.has_failed = true;
        head.end(at(12));
        let told = shapes(&parts);
        assert_eq!(
            told.iter().filter(|(name, _, parent, took)| (*name, *parent, *took) == ("ledger.wait", Some(2), 3)).count(),
            1
        );
        let [.., (name, id, parent, took), inner] = told[..] else { panic!("{told:?}") };
        assert_eq!((name, parent, took), ("ledger.batch", Some(2), 9));
        assert_eq!(inner, ("db.statement", id + 1, Some(id), 9));
    }
}
