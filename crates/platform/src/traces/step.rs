//! Steps of a job's run, and the time before it.

use std::{future::Future, time::Duration};

use super::{attributes::AttributeValue, finished_span::SpanKind, parts::Part, span::Span, tracer::TRACER};
use crate::clock::Monotonic;

/// Start of something that has ended, and its duration.
#[derive(Debug, Clone, Copy)]
pub struct TimeSpan {
    started_at: Monotonic,
    took: Duration,
}

impl TimeSpan {
    /// Times a future; None if no spans are made.
    pub async fn of<T>(work: impl Future<Output = T>) -> (T, Option<Self>) {
        let Some(tracer) = TRACER.get() else { return (work.await, None) };
        let start = tracer.clock.monotonic();
        let output = work.await;
        (output, Some(Self { started_at: start, took: tracer.clock.monotonic().since(start) }))
    }
}

/// Runs a step of the current task's work in a span of its own. An error marks the span as failed.
pub async fn step<T, E>(name: &'static str, kind: SpanKind, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let span = Span::child(name, kind);
    let result = span.run_within(Box::pin(work)).await;
    span.end(result.is_err());
    result
}

impl Span {
    /// Adds the time right before the step as a span within it.
    pub fn send_earlier_span(&self, name: &'static str, time_span: Option<TimeSpan>) {
        let (Some(TimeSpan { started_at: start, took }), Some(context), Some(tracer)) = (time_span, self.context(), TRACER.get())
        else {
            return;
        };
        let part = Part { took: Some(took), ..Part::new_running(name, SpanKind::Internal, start) };
        if let Some(parts) = &self.parts {
            parts.add(part);
        } else if context.is_sampled {
            tracer.take(part.finished((tracer.clock.monotonic(), tracer.clock.now()), context, tracer.span_id()));
        }
    }

    /// Sets an attribute whose value costs nothing: also for a part that is kept only if it takes
    /// long.
    pub fn note(&mut self, key: &'static str, value: impl Into<AttributeValue>) {
        let value = value.into();
        if let Some(noted) = self.noted.as_mut().filter(|noted| !noted.is_open()) {
            noted.part.attributes.push((key, value.clone()));
        }
        self.set(key, value);
    }
}
