//! Spans: begun, given attributes, and sent to the exporter when they are dropped.

use std::{future::Future, sync::Arc, time::Duration};

use entity::prelude::Timestamp;
use tokio::task::futures::TaskLocalFuture;

use super::{
    attributes::{AttributeValue, StatementText, statement_attributes},
    context::TraceContext,
    finished_span::{FinishedSpan, SpanKind},
    parts::{MIN_PART_DURATION, PartSpan, Parts},
    tail_sampling::{Position, SpanOutcome, Verdict},
    task::{TaskTrace, current, parts},
    tracer::{QUEUE, TRACER, Tracer, count_dropped},
};
use crate::clock::Monotonic;

/// Commands that a batch is linked with.
const MAX_LINKS: usize = 128;

/// A span that has begun. It ends when it is dropped.
#[must_use]
pub struct Span {
    /// Position of the spans that follow: its own, or its parent's if it is not recorded.
    context: Option<TraceContext>,
    record: Option<Box<Record>>,
    /// Description of a span whose trace is not recorded, to be sent afterwards.
    unrecorded: Option<UnrecordedSpan>,
    /// Part of an operation or a batch that may be sent afterwards.
    pub(super) noted: Option<PartSpan>,
    /// Parts within the span, if they may be sent afterwards.
    pub(super) parts: Option<Arc<Parts>>,
}

/// A span of a trace that is not recorded.
#[derive(Clone, Copy)]
struct UnrecordedSpan {
    name: &'static str,
    kind: SpanKind,
    position: Position,
}

struct Record {
    span: FinishedSpan,
    started_at: Monotonic,
}

impl Span {
    /// Makes a span of no trace.
    pub fn none() -> Self {
        Self::silent(None)
    }

    /// Returns a span that only has a position in a trace and records nothing.
    fn silent(context: Option<TraceContext>) -> Self {
        Self { context, record: None, unrecorded: None, noted: None, parts: None }
    }

    fn unrecorded(context: TraceContext, unrecorded: UnrecordedSpan) -> Self {
        Self { context: Some(context), record: None, unrecorded: Some(unrecorded), noted: None, parts: None }
    }

    /// Begins the first span in this process of a trace, which a client may have begun
    /// (`traceparent`).
    pub fn root(name: &'static str, kind: SpanKind, traceparent: Option<&str>) -> Self {
        let Some(tracer) = TRACER.get() else { return Self::none() };
        let parent = traceparent.and_then(TraceContext::parse);
        let trace_id = parent.map_or_else(|| tracer.trace_id(), |parent| parent.trace_id);
        let context = TraceContext { trace_id, span_id: tracer.span_id(), is_sampled: tracer.samples(parent) };
        let parent_span = parent.map(|parent| parent.span_id);
        if !context.is_sampled {
            return Self::unrecorded(context, UnrecordedSpan { name, kind, position: Position::First(parent_span) });
        }
        tracer.begin(context, parent_span, name, kind)
    }

    /// A span of the current trace.
    pub fn child(name: &'static str, kind: SpanKind) -> Self {
        Self::child_of(current(), name, kind)
    }

    /// Begins a span of the current trace, or else the first one in this process of a trace, which
    /// a client may have begun (`traceparent`).
    pub fn child_or_root(name: &'static str, kind: SpanKind, traceparent: Option<&str>) -> Self {
        match current() {
            None => Self::root(name, kind, traceparent),
            parent => Self::child_of(parent, name, kind),
        }
    }

    /// Begins the span of a run of a queued item, in the trace of the code that queued it, or in a trace of its own. Keeps
    /// its parts as `with_parts` does.
    pub fn run(queued_by: Option<TraceContext>, name: &'static str) -> Self {
        let Some(tracer) = TRACER.get() else { return Self::silent(queued_by) };
        let trace_id = queued_by.map_or_else(|| tracer.trace_id(), |parent| parent.trace_id);
        let is_sampled = queued_by.map_or_else(|| tracer.samples(None), |parent| parent.is_sampled);
        let context = TraceContext { trace_id, span_id: tracer.span_id(), is_sampled };
        let (parent_span, kind) = (queued_by.map(|parent| parent.span_id), SpanKind::Consumer);
        if is_sampled {
            return tracer.begin(context, parent_span, name, kind);
        }
        Self::unrecorded(context, UnrecordedSpan { name, kind, position: Position::Run(parent_span) }).with_parts()
    }

    /// Begins a span under one that may have ended, or be of another process.
    pub fn child_of(parent: Option<TraceContext>, name: &'static str, kind: SpanKind) -> Self {
        let Some(tracer) = TRACER.get() else { return Self::silent(parent) };
        let mut span = match parent {
            Some(parent) if parent.is_sampled => {
                let context = TraceContext { span_id: tracer.span_id(), ..parent };
                tracer.begin(context, Some(parent.span_id), name, kind)
            }
            Some(context) => Self::unrecorded(context, UnrecordedSpan { name, kind, position: Position::Within }),
            None => Self::none(),
        };
        // The part links to its span in another, recorded trace.
        let recorded = span.context.filter(|context| context.is_sampled);
        span.noted = parts().map(|parts| {
            let mut noted = PartSpan::new(parts, name, kind, tracer.clock.monotonic());
            noted.part.links.extend(recorded);
            noted
        });
        span
    }

    /// Keeps the parts of a span whose trace is not recorded, until `keep` decides whether it is sent.
    pub fn with_parts(mut self) -> Self {
        if self.unrecorded.is_some() {
            self.parts = Some(Arc::default());
        }
        self
    }

    /// Begins the span of a statement in the current trace. Its attributes are the text's digest, verb and first table.
    pub fn statement(sql: &str) -> Self {
        let mut span = Self::child("db.statement", SpanKind::Client);
        if let Some(record) = &mut span.record {
            record.span.attributes.extend(statement_attributes(sql));
        }
        span
    }

    /// Returns the position under which its child spans are.
    pub fn context(&self) -> Option<TraceContext> {
        self.context
    }

    /// Returns the ID of its trace, if that is recorded.
    pub fn recorded_trace(&self) -> Option<u128> {
        self.context.as_ref().and_then(TraceContext::recorded_id)
    }

    /// Runs the future inside it.
    pub fn run_within<F: Future>(&self, future: F) -> TaskLocalFuture<TaskTrace, F> {
        let parts = self.parts.as_ref().or_else(|| self.noted.as_ref().map(|noted| &noted.parts));
        TaskTrace::new(self.context, parts.cloned()).over(future)
    }

    /// Sets an attribute. The value is converted only if the span is recorded, or is a part that is
    /// kept however long it takes.
    pub fn set(&mut self, key: &'static str, value: impl Into<AttributeValue>) {
        let noted = self.noted.as_ref().filter(|noted| noted.is_open());
        if self.record.is_none() && noted.is_none() {
            return;
        }
        let value = value.into();
        if let Some(noted) = noted {
            noted.set(key, value.clone());
        }
        if let Some(record) = &mut self.record {
            record.span.attributes.push((key, value));
        }
    }

    /// Sets the statement at its end, if it is a part and took long enough to be kept.
    pub fn describe(&mut self, statement: &StatementText) {
        let (Some(noted), Some(tracer)) = (&mut self.noted, TRACER.get()) else { return };
        let took = tracer.clock.monotonic().since(noted.part.started_at);
        noted.part.took = Some(took);
        if took >= MIN_PART_DURATION {
            noted.part.statement = Some(statement.clone());
        }
    }

    pub fn link(&mut self, to: TraceContext) {
        if let Some(record) = &mut self.record
            && record.span.links.len() < MAX_LINKS
        {
            record.span.links.push(to);
        }
    }

    /// Decides at the end of an unrecorded span whether it is sent: if it failed or took long, it is, with the parts that
    /// were kept. Returns whether it is sent. Attributes set before are lost.
    pub fn keep(&mut self, ending: SpanOutcome, took: Duration) -> bool {
        let (unrecorded, parts) = (self.unrecorded.take(), self.parts.take());
        if let (Some(unrecorded), Some(context), Some(tracer)) = (unrecorded, self.context, TRACER.get()) {
            self.record = tracer.sampled_record(context, unrecorded, (ending, took)).map(Box::new);
            if let (Some(record), Some(parts)) = (&self.record, parts) {
                tracer.send_part_spans(&parts, record.span.context);
            }
            return self.record.is_some();
        }
        false
    }

    /// Ends the span.
    pub fn end(mut self, has_failed: bool) {
        if let Some(noted) = &mut self.noted {
            noted.part.has_failed = has_failed;
        }
        if let Some(record) = &mut self.record {
            record.span.has_failed = has_failed;
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let (record, noted) = (self.record.take(), self.noted.take());
        if record.is_none() && noted.is_none() {
            return;
        }
        let Some(tracer) = TRACER.get() else { return };
        let now = tracer.clock.monotonic();
        if let Some(noted) = noted {
            noted.end(now);
        }
        if let Some(record) = record {
            let Record { mut span, started_at: start } = *record;
            span.took = now.since(start);
            tracer.take(span);
        }
    }
}

impl Tracer {
    pub(super) fn begin(&self, context: TraceContext, parent: Option<u64>, name: &'static str, kind: SpanKind) -> Span {
        let span = FinishedSpan {
            context,
            parent,
            name,
            kind,
            start: self.clock.now(),
            took: Duration::ZERO,
            attributes: Vec::new(),
            links: Vec::new(),
            has_failed: false,
        };
        let record = Some(Box::new(Record { span, started_at: self.clock.monotonic() }));
        Span { context: Some(context), record, unrecorded: None, noted: None, parts: None }
    }

    /// Sends the parts of an operation that is sent, if they leave room in the queue for recorded traces.
    fn send_part_spans(&self, parts: &Parts, operation: TraceContext) {
        let spans = parts.finished((self.clock.monotonic(), self.clock.now()), operation, || self.span_id());
        if self.queue.capacity() < QUEUE / 2 {
            count_dropped(spans.len() as u64);
        } else {
            spans.into_iter().for_each(|span| self.take(span));
        }
    }

    /// Returns the record of a span that has ended and is sent, or `None`.
    fn sampled_record(
        &self,
        context: TraceContext,
        unrecorded: UnrecordedSpan,
        ending: (SpanOutcome, Duration),
    ) -> Option<Record> {
        let (UnrecordedSpan { name, kind, position }, now) = (unrecorded, self.clock.monotonic());
        let reason = match self.span_filter.judge((context, position), ending, now) {
            Verdict::Tell(reason) => reason,
            Verdict::Drop => {
                count_dropped(1);
                return None;
            }
            Verdict::Leave => return None,
        };
        let (parent, span_id) = match position {
            Position::First(parent) | Position::Run(parent) => (parent, context.span_id),
            // Until now it had the position of its parent span.
            Position::Within => (Some(context.span_id), self.span_id()),
        };
        let micros = i64::try_from(ending.1.as_micros()).unwrap_or(i64::MAX);
        let span = FinishedSpan {
            context: TraceContext { span_id, ..context },
            parent,
            name,
            kind,
            start: Timestamp(self.clock.now().micros().saturating_sub(micros)),
            took: Duration::ZERO,
            attributes: vec![("entrepot.kept", reason.into())],
            links: Vec::new(),
            has_failed: false,
        };
        Some(Record { span, started_at: Monotonic::from_micros(now.micros().saturating_sub(micros)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        traces::{QueueSpan, TimeSpan, dropped_spans, install},
    };
    use tokio::sync::mpsc::Receiver;

    /// Returns all spans finished so far.
    fn finished(spans: &mut Receiver<FinishedSpan>) -> Vec<FinishedSpan> {
        std::iter::from_fn(|| spans.try_recv().ok()).collect()
    }

    /// A delivery is in the trace of its event, and a step of the job that makes it.
    async fn a_failed_run_is_told_with_its_steps(spans: &mut Receiver<FinishedSpan>) {
        let position = |trace_id, span_id, is_sampled| TraceContext { trace_id, span_id, is_sampled };
        let mut run = Span::run(Some(position(7, 9, false)), "job");
        run.send_earlier_span("job.claim", TimeSpan::of(async {}).await.1);
        run.run_within(async {
            let mut delivery = Span::child_of(Some(position(8, 5, true)), "webhook", SpanKind::Client);
            delivery.note("entrepot.webhook.attempt", 1_i64);
            crate::clock::sleep(Duration::from_millis(2)).await;
            delivery.end(true);
        })
        .await;
        assert!(run.keep(SpanOutcome::Failed, Duration::from_millis(3)));
        run.end(true);
        let got = finished(spans);
        let [delivery, claim, step, run] = &got[..] else { panic!("{got:?}") };
        assert_eq!((run.context.trace_id, run.parent, run.has_failed), (7, Some(9), true), "behind what queued it");
        assert_eq!(run.attributes, vec![("entrepot.kept", AttributeValue::from("error"))]);
        assert_eq!((delivery.context.trace_id, delivery.parent), (8, Some(5)));
        assert_eq!((claim.name, claim.parent), ("job.claim", Some(run.context.span_id)));
        assert_eq!((step.name, step.parent, step.has_failed), ("webhook", Some(run.context.span_id), true));
        assert_eq!(step.attributes, vec![("entrepot.webhook.attempt", AttributeValue::from(1_i64))]);
        assert_eq!(step.links, vec![delivery.context]);
        assert!(!run.context.is_sampled && !step.context.is_sampled);
    }

    /// The only test that calls `install`, which works once in a process.
    #[tokio::test]
    async fn spans_join_and_what_nobody_takes_is_dropped() {
        let before = Span::root("before", SpanKind::Server, None);
        assert_eq!(before.context(), None, "nothing is installed");
        drop(before);
        let mut spans = install(Clock::system(), 1.0, None).unwrap();
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let request = Span::root("request", SpanKind::Server, Some(header));
        let (mut first, second) = request.run_within(async { (QueueSpan::begin("wait"), QueueSpan::begin("wait")) }).await;
        // The batch of one command is in that command's trace; the batch of two is a trace of its own.
        Span::batch("batch", first.iter_mut()).end(true);
        let mut both = [first.unwrap(), second.unwrap()];
        drop(Span::batch("batch", both.iter_mut()));
        assert_eq!(Span::batch("batch", std::iter::empty()).context(), None);
        let trace = request.context().unwrap();
        drop(request);
        let got = finished(&mut spans);
        let shape: Vec<_> =
            got.iter().map(|span| (span.name, span.context.trace_id == trace.trace_id, span.links.len())).collect();
        let expected = [("wait", true, 1), ("batch", true, 1), ("wait", true, 1), ("batch", false, 2), ("request", true, 0)];
        assert_eq!(shape, expected);
        let [wait, batch, _, shared, root] = &got[..] else { panic!("{got:?}") };
        assert_eq!((root.parent, wait.parent), (Some(0xb7ad_6b71_6920_3331), Some(trace.span_id)));
        assert_eq!((batch.parent, batch.links[0].span_id), (Some(wait.context.span_id), wait.context.span_id));
        assert_eq!((wait.links[0], shared.parent, batch.has_failed, shared.has_failed), (batch.context, None, true, false));
        a_failed_run_is_told_with_its_steps(&mut spans).await;
        for _ in 0..QUEUE + 3 {
            drop(Span::root("request", SpanKind::Server, None));
        }
        assert_eq!(dropped_spans(), 3, "the queue is full, and nobody waited");
    }
}
