//! The wait of a command in a queue, and the batch that ends it.

use std::sync::Arc;

use super::{
    context::TraceContext,
    finished_span::SpanKind,
    parts::{PartSpan, Parts},
    span::Span,
    tracer::{TRACER, Tracer},
};

/// Time that a command spends in a queue, if its trace is recorded or its operation may be sent.
pub struct QueueSpan {
    /// Position in the trace, if the trace is recorded.
    context: Option<TraceContext>,
    /// None once the command's batch has begun.
    span: Option<Span>,
    /// Parts of the command's operation, if that may be sent.
    parts: Option<Arc<Parts>>,
}

impl QueueSpan {
    /// Begins the span; None if neither its trace is recorded nor its operation may be sent.
    pub fn begin(name: &'static str) -> Option<Self> {
        let mut span = Span::child(name, SpanKind::Internal);
        let context = span.context().filter(|context| context.is_sampled);
        let parts = span.noted.as_mut().map(|noted| {
            noted.open();
            noted.parts.clone()
        });
        (context.is_some() || parts.is_some()).then_some(Self { context, span: Some(span), parts })
    }

    /// Returns the span's position, if its trace is recorded.
    pub fn context(&self) -> Option<TraceContext> {
        self.context
    }

    fn end(&mut self, batch: TraceContext) {
        if let Some(mut span) = self.span.take() {
            span.link(batch);
        }
    }
}

impl Span {
    /// Begins the span of a batch of commands and ends their waits. It is linked with the commands
    /// whose traces are recorded, and is a part of the operations of the others. The batch of a
    /// single recorded command is a span of that command's trace; any other is a trace of its own.
    pub fn batch<'a>(name: &'static str, commands: impl Iterator<Item = &'a mut QueueSpan>) -> Self {
        let Some(tracer) = TRACER.get() else { return Self::none() };
        let (mut recorded, mut parts) = (Vec::new(), None);
        for command in commands {
            if let Some(operation) = &command.parts {
                let batch: &Arc<Parts> = parts.get_or_insert_with(Arc::default);
                operation.join(batch.clone());
            }
            match command.context {
                Some(context) => recorded.push((context, command)),
                None => command.span = None,
            }
        }
        let mut span = tracer.batch(name, recorded);
        span.noted = parts.map(|parts| {
            let mut noted = PartSpan::new(parts, name, SpanKind::Internal, tracer.clock.monotonic());
            noted.open();
            noted
        });
        span
    }
}

impl Tracer {
    /// Returns the span of a batch of recorded commands; without any, an empty one.
    fn batch(&self, name: &'static str, commands: Vec<(TraceContext, &mut QueueSpan)>) -> Span {
        let Some((first, _)) = commands.first() else { return Span::none() };
        let parent = (commands.len() == 1).then_some(*first);
        let trace_id = parent.map_or_else(|| self.trace_id(), |parent| parent.trace_id);
        let context = TraceContext { trace_id, span_id: self.span_id(), is_sampled: true };
        let mut span = self.begin(context, parent.map(|parent| parent.span_id), name, SpanKind::Internal);
        for (position, command) in commands {
            span.link(position);
            command.end(context);
        }
        span
    }
}
