//! Spans: begun, told about, and handed to the exporter when they are dropped.

use std::{future::Future, time::Duration};

use entity::prelude::Timestamp;
use sha2::{Digest, Sha256};
use tokio::task::futures::TaskLocalFuture;

use super::{
    TRACER, Tracer,
    context::{TraceContext, current, within},
    count_dropped,
    kept::{Ending, Position, Verdict},
};
use crate::clock::Monotonic;

/// The longest text of an attribute, in characters.
const MOST_TEXT: usize = 200;
/// Commands that a batch is linked with.
const MOST_LINKS: usize = 128;
/// Words of a statement among which its first table is looked for.
const MOST_WORDS: usize = 300;

/// How a span stands to what is outside of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    Internal,
    /// It answers a request.
    Server,
    /// It waits for an answer.
    Client,
    /// It works on what was queued.
    Consumer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    Text(String),
    Number(i64),
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::Text(text.chars().take(MOST_TEXT).collect())
    }
}
impl From<i64> for AttributeValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// A text that is told by its digest: 16 digits of SHA-256.
#[derive(Debug, Clone, Copy)]
pub struct TextHash<'a>(pub &'a str);

impl From<TextHash<'_>> for AttributeValue {
    fn from(TextHash(text): TextHash<'_>) -> Self {
        Self::Text(hex::encode(&Sha256::digest(text)[..8]))
    }
}

/// A span as it is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedSpan {
    pub context: TraceContext,
    pub parent: Option<u64>,
    pub name: &'static str,
    pub kind: SpanKind,
    pub start: Timestamp,
    pub took: Duration,
    pub attributes: Vec<(&'static str, AttributeValue)>,
    pub links: Vec<TraceContext>,
    pub has_failed: bool,
}

/// A span that has begun. It ends when it is dropped.
#[must_use]
pub struct Span {
    /// What follows on from it: its own position, or its parent's where it is not recorded.
    context: Option<TraceContext>,
    record: Option<Box<Record>>,
    /// What it is where its trace is not recorded, to be told afterwards.
    unrecorded: Option<Unrecorded>,
}

/// A span of a trace that is not recorded.
#[derive(Clone, Copy)]
struct Unrecorded {
    name: &'static str,
    kind: SpanKind,
    position: Position,
}

struct Record {
    span: FinishedSpan,
    began: Monotonic,
}

impl Span {
    /// Of no trace.
    pub fn none() -> Self {
        Self { context: None, record: None, unrecorded: None }
    }

    /// The first span in this process of a trace, which a client may have begun (`traceparent`).
    pub fn root(name: &'static str, kind: SpanKind, traceparent: Option<&str>) -> Self {
        let Some(tracer) = TRACER.get() else { return Self::none() };
        let parent = traceparent.and_then(TraceContext::parse);
        let trace_id = parent.map_or_else(|| tracer.trace_id(), |parent| parent.trace_id);
        let context = TraceContext { trace_id, span_id: tracer.span_id(), is_sampled: tracer.samples(parent) };
        let behind = parent.map(|parent| parent.span_id);
        if !context.is_sampled {
            let unrecorded = Some(Unrecorded { name, kind, position: Position::First(behind) });
            return Self { context: Some(context), record: None, unrecorded };
        }
        tracer.begin(context, behind, name, kind)
    }

    /// A span of the current trace.
    pub fn child(name: &'static str, kind: SpanKind) -> Self {
        Self::under(current(), name, kind)
    }

    /// A span of the current trace, or the first one of a new trace.
    pub fn child_or_root(name: &'static str, kind: SpanKind) -> Self {
        Self::under_or_root(current(), name, kind)
    }

    /// A span under this one, or the first one of a new trace.
    pub fn under_or_root(parent: Option<TraceContext>, name: &'static str, kind: SpanKind) -> Self {
        match parent {
            None => Self::root(name, kind, None),
            parent => Self::under(parent, name, kind),
        }
    }

    /// A span under one that may have ended, or be another process's.
    pub fn under(parent: Option<TraceContext>, name: &'static str, kind: SpanKind) -> Self {
        match (parent, TRACER.get()) {
            (Some(parent), Some(tracer)) if parent.is_sampled => {
                let context = TraceContext { span_id: tracer.span_id(), ..parent };
                tracer.begin(context, Some(parent.span_id), name, kind)
            }
            (Some(context), Some(_)) => {
                let unrecorded = Some(Unrecorded { name, kind, position: Position::Within });
                Self { context: Some(context), record: None, unrecorded }
            }
            (context, _) => Self { context, record: None, unrecorded: None },
        }
    }

    /// A statement of the current trace. Its text is told by its digest, its verb and its first table.
    pub fn statement(sql: &str) -> Self {
        let mut span = Self::child("db.statement", SpanKind::Client);
        span.set("db.query.summary", Summary(sql));
        span.set("db.query.hash", TextHash(sql));
        span
    }

    /// A batch of commands, linked with those whose traces are recorded: none, where there are none. It ends their waiting. The batch of one such
    /// command is a span of the command's trace, any other is a trace of its own.
    pub fn batch<'a>(name: &'static str, commands: impl Iterator<Item = &'a mut QueueSpan>) -> Self {
        let Some(tracer) = TRACER.get() else { return Self::none() };
        let waiting: Vec<&mut QueueSpan> = commands.collect();
        let Some(first) = waiting.first().map(|first| first.context) else { return Self::none() };
        let parent = (waiting.len() == 1).then_some(first);
        let trace_id = parent.map_or_else(|| tracer.trace_id(), |parent| parent.trace_id);
        let context = TraceContext { trace_id, span_id: tracer.span_id(), is_sampled: true };
        let mut span = tracer.begin(context, parent.map(|parent| parent.span_id), name, SpanKind::Internal);
        for command in waiting {
            span.link(command.context);
            command.end(context);
        }
        span
    }

    /// The position that what it leads to follows on from.
    pub fn context(&self) -> Option<TraceContext> {
        self.context
    }

    /// The ID of its trace, where that is recorded.
    pub fn recorded_trace(&self) -> Option<u128> {
        self.context.as_ref().and_then(TraceContext::recorded_id)
    }

    /// Runs the future inside it.
    pub fn run_within<F: Future>(&self, future: F) -> TaskLocalFuture<Option<TraceContext>, F> {
        within(self.context, future)
    }

    /// Sets an attribute. Its value is made only where the span is recorded.
    pub fn set(&mut self, key: &'static str, value: impl Into<AttributeValue>) {
        if let Some(record) = &mut self.record {
            record.span.attributes.push((key, value.into()));
        }
    }

    pub fn link(&mut self, to: TraceContext) {
        if let Some(record) = &mut self.record
            && record.span.links.len() < MOST_LINKS
        {
            record.span.links.push(to);
        }
    }

    /// Has it told though its trace is not recorded, where it failed or took long: it alone, without what was within it. Called when it has come to its
    /// end; whether that is so. Attributes that were set before are not there.
    pub fn keep(&mut self, ending: Ending, took: Duration) -> bool {
        if let (Some(unrecorded), Some(context), Some(tracer)) = (self.unrecorded.take(), self.context, TRACER.get()) {
            self.record = tracer.kept(context, unrecorded, (ending, took)).map(Box::new);
            return self.record.is_some();
        }
        false
    }

    /// Ends it.
    pub fn end(mut self, has_failed: bool) {
        if let Some(record) = &mut self.record {
            record.span.has_failed = has_failed;
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(record) = self.record.take()
            && let Some(tracer) = TRACER.get()
        {
            let Record { mut span, began } = *record;
            span.took = tracer.clock.monotonic().since(began);
            tracer.take(span);
        }
    }
}

impl Tracer {
    fn begin(&self, context: TraceContext, parent: Option<u64>, name: &'static str, kind: SpanKind) -> Span {
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
        Span { context: Some(context), record: Some(Box::new(Record { span, began: self.clock.monotonic() })), unrecorded: None }
    }

    /// What is told of a span that has ended, if anything is.
    fn kept(&self, context: TraceContext, unrecorded: Unrecorded, ending: (Ending, Duration)) -> Option<Record> {
        let (Unrecorded { name, kind, position }, now) = (unrecorded, self.clock.monotonic());
        let why = match self.keeper.judge((context, position), ending, now) {
            Verdict::Tell(why) => why,
            Verdict::Drop => {
                count_dropped(1);
                return None;
            }
            Verdict::Leave => return None,
        };
        let (parent, span_id) = match position {
            Position::First(parent) => (parent, context.span_id),
            // Until now it had the position of the span that it is within.
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
            attributes: vec![("entrepot.kept", why.into())],
            links: Vec::new(),
            has_failed: false,
        };
        Some(Record { span, began: Monotonic::from_micros(now.micros().saturating_sub(micros)) })
    }
}

/// The time that a command of a recorded trace spends in a queue.
pub struct QueueSpan {
    context: TraceContext,
    /// None once its batch has begun.
    span: Option<Span>,
}

impl QueueSpan {
    /// None outside of recorded traces.
    pub fn begin(name: &'static str) -> Option<Self> {
        let span = Span::child(name, SpanKind::Internal);
        let context = span.context().filter(|context| context.is_sampled)?;
        Some(Self { context, span: Some(span) })
    }

    pub fn context(&self) -> TraceContext {
        self.context
    }

    fn end(&mut self, batch: TraceContext) {
        if let Some(mut span) = self.span.take() {
            span.link(batch);
        }
    }
}

/// A statement by its verb and the first table that it names.
struct Summary<'a>(&'a str);

impl From<Summary<'_>> for AttributeValue {
    fn from(Summary(sql): Summary<'_>) -> Self {
        let words = sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        let words: Vec<&str> = words.take(MOST_WORDS).collect();
        let names_table =
            |pair: &&[&str]| matches!(pair[0], "FROM" | "INTO" | "UPDATE") && !matches!(pair[1], "SELECT" | "unnest");
        let table = words.windows(2).find(names_table).map_or("", |pair| pair[1]);
        Self::from(format!("{} {table}", words.first().copied().unwrap_or_default()).trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        traces::{QUEUE, dropped, install},
    };

    fn summary(sql: &str) -> AttributeValue {
        Summary(sql).into()
    }

    #[test]
    fn a_statement_is_told_by_its_verb_and_table() {
        assert_eq!(summary("SELECT \"a\".\"id\" FROM \"stock_level\" AS a WHERE tenant_id = $1"), "SELECT stock_level".into());
        assert_eq!(summary("UPDATE tenant_counter SET head = head + $2"), "UPDATE tenant_counter".into());
        assert_eq!(summary("SELECT x FROM (SELECT j.* FROM job j) q"), "SELECT job".into());
        assert_eq!(summary("INSERT INTO event (seq) VALUES ($1)"), "INSERT event".into());
        assert_eq!((summary("SELECT 1"), summary("")), ("SELECT".into(), "".into()));
        assert_eq!(AttributeValue::from(TextHash("")), "e3b0c44298fc1c14".into());
        assert_eq!(AttributeValue::from("x".repeat(1_000).as_str()), AttributeValue::Text("x".repeat(200)));
    }

    /// The one test that installs: it is done once a process.
    #[tokio::test]
    async fn spans_join_and_what_nobody_takes_is_dropped() {
        let before = Span::root("before", SpanKind::Server, None);
        assert_eq!(before.context(), None, "nothing is installed");
        drop(before);
        let mut spans = install(Clock::system(), 1.0, None).unwrap();
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let request = Span::root("request", SpanKind::Server, Some(header));
        let (mut first, second) = request.run_within(async { (QueueSpan::begin("wait"), QueueSpan::begin("wait")) }).await;
        // A batch of one command is of its trace, a batch of two a trace of its own.
        Span::batch("batch", first.iter_mut()).end(true);
        let mut both = [first.unwrap(), second.unwrap()];
        drop(Span::batch("batch", both.iter_mut()));
        assert_eq!(Span::batch("batch", std::iter::empty()).context(), None);
        let trace = request.context().unwrap();
        drop(request);
        let mut got = Vec::new();
        while let Ok(span) = spans.try_recv() {
            got.push(span);
        }
        let shape: Vec<_> =
            got.iter().map(|span| (span.name, span.context.trace_id == trace.trace_id, span.links.len())).collect();
        let expected = [("wait", true, 1), ("batch", true, 1), ("wait", true, 1), ("batch", false, 2), ("request", true, 0)];
        assert_eq!(shape, expected);
        let [wait, batch, _, shared, root] = &got[..] else { panic!("{got:?}") };
        assert_eq!((root.parent, wait.parent), (Some(0xb7ad_6b71_6920_3331), Some(trace.span_id)));
        assert_eq!((batch.parent, batch.links[0].span_id), (Some(wait.context.span_id), wait.context.span_id));
        assert_eq!((wait.links[0], shared.parent, batch.has_failed, shared.has_failed), (batch.context, None, true, false));
        for _ in 0..QUEUE + 3 {
            drop(Span::root("request", SpanKind::Server, None));
        }
        assert_eq!(dropped(), 3, "the queue is full, and nobody waited");
    }
}
