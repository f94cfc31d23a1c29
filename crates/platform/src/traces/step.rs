//! What a run of a job is made of: its steps, and the time before it.

use std::{future::Future, time::Duration};

use super::{
    TRACER,
    attributes::AttributeValue,
    parts::Part,
    span::{Span, SpanKind},
};
use crate::clock::Monotonic;

/// When something began that has ended, and how long it took.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    began: Monotonic,
    took: Duration,
}

impl Stretch {
    /// Times a future; None where no spans are made.
    pub async fn of<T>(work: impl Future<Output = T>) -> (T, Option<Self>) {
        let Some(tracer) = TRACER.get() else { return (work.await, None) };
        let began = tracer.clock.monotonic();
        let done = work.await;
        (done, Some(Self { began, took: tracer.clock.monotonic().since(began) }))
    }
}

/// Does a part of what the current task works for, in a span of its own. One that is an error has failed.
pub async fn step<T, E>(name: &'static str, kind: SpanKind, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let span = Span::child(name, kind);
    let done = span.run_within(Box::pin(work)).await;
    span.end(done.is_err());
    done
}

impl Span {
    /// Tells what came right before it, as a span within it.
    pub fn tell_before(&self, name: &'static str, stretch: Option<Stretch>) {
        let (Some(Stretch { began, took }), Some(context), Some(tracer)) = (stretch, self.context(), TRACER.get()) else {
            return;
        };
        let part = Part { took: Some(took), ..Part::begun(name, SpanKind::Internal, began) };
        if let Some(parts) = &self.parts {
            parts.add(part);
        } else if context.is_sampled {
            tracer.take(part.finished((tracer.clock.monotonic(), tracer.clock.now()), context, tracer.span_id()));
        }
    }

    /// Sets an attribute whose value costs nothing to make: of a part, too, that is kept only if it takes long.
    pub fn note(&mut self, key: &'static str, value: impl Into<AttributeValue>) {
        let value = value.into();
        if let Some(noted) = self.noted.as_mut().filter(|noted| !noted.is_open()) {
            noted.part.attributes.push((key, value.clone()));
        }
        self.set(key, value);
    }
}
