//! Traces: durations of a request, its command in the ledger, statements, jobs and deliveries, as
//! spans that a collector joins by the trace's ID.
//!
//! Spans are created explicitly, and only for sampled traces. For other traces a task keeps the IDs
//! and the parts that took long (`parts`), and an operation or a run of a job that failed or took
//! long is sent afterwards with them (`tail_sampling`). Nothing is recorded before `install`.
//! Finished spans wait in a bounded queue; if it is full, they are dropped and counted.
//! `docs/decisions/0149-traces.md`.
//!
//! No attribute has a value that a caller or a statement sent: texts are constants, names of
//! operations, or digests.

mod attributes;
mod context;
mod finished_span;
mod tail_sampling;
mod parts;
mod payload;
mod queue_span;
mod sampler;
mod span;
mod step;
mod task;
mod tracer;

pub use attributes::{AttributeValue, StatementText, TextHash};
pub use context::TraceContext;
pub use finished_span::{FinishedSpan, SpanKind};
pub use payload::{append_any_trace, append_trace, payload_opening, trace_of_payload, without_trace};
pub use queue_span::QueueSpan;
pub use span::Span;
pub use step::{TimeSpan, step};
pub use tail_sampling::SpanOutcome;
pub use task::{TaskTrace, carry_trace, current, within};
pub use tracer::{QUEUE, count_dropped, dropped_spans, install};
