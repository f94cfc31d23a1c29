//! Traces: durations of a request, its command in the ledger, statements, jobs and deliveries, as
//! spans that a collector joins by the trace's ID.
//!
//! Spans are created explicitly, and only for sampled traces. For other traces a task keeps the IDs
//! and the parts that took long (`parts`), and an operation or a run of a job that failed or took
//! long is sent afterwards with them (`kept`). Nothing is recorded before `install`. Finished spans
//! wait in a bounded queue; if it is full, they are dropped and counted.
//! `docs/decisions/0149-traces.md`.
//!
//! No attribute has a value that a caller or a statement sent: texts are constants, names of
//! operations, or digests.

mod attributes;
mod context;
mod kept;
mod parts;
mod payload;
mod queue_span;
mod sampler;
mod span;
mod step;

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc;

pub use attributes::{AttributeValue, TextHash};
pub use context::{TaskTrace, TraceContext, carry_trace, current, within};
pub use kept::Ending;
pub use payload::{carried, carry, carry_any, opening, without};
pub use queue_span::QueueSpan;
pub use span::{FinishedSpan, Span, SpanKind};
pub use step::{TimeSpan, step};

use self::{kept::SpanFilter, sampler::Sampler};
use crate::clock::Clock;

/// Maximum finished spans that wait for the exporter.
pub const QUEUE: usize = 2_048;

static TRACER: OnceLock<Tracer> = OnceLock::new();
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Begins spans and takes finished ones.
struct Tracer {
    clock: Clock,
    sampler: Sampler,
    keeper: SpanFilter,
    queue: mpsc::Sender<FinishedSpan>,
}

/// Begins to record this share of traces, from 0 to 1, and returns the receiver of finished spans.
/// None if recording has begun already. For other traces, operations and runs of jobs are sent that
/// fail, or take as long as `slow`.
pub fn install(clock: Clock, share: f64, slow: Option<Duration>) -> Option<mpsc::Receiver<FinishedSpan>> {
    let (queue, spans) = mpsc::channel(QUEUE);
    let (sampler, keeper) = (Sampler::new(share), SpanFilter::new(slow));
    TRACER.set(Tracer { clock, sampler, keeper, queue }).is_ok().then_some(spans)
}

/// Returns the number of this process's spans that reached no collector.
pub fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Counts spans that no collector gets.
pub fn count_dropped(spans: u64) {
    DROPPED.fetch_add(spans, Ordering::Relaxed);
}

impl Tracer {
    fn trace_id(&self) -> u128 {
        let mut random = [0; 16];
        self.clock.fill(&mut random);
        // All zeros would be no ID.
        u128::from_be_bytes(random) | 1
    }

    fn span_id(&self) -> u64 {
        let mut random = [0; 8];
        self.clock.fill(&mut random);
        u64::from_be_bytes(random) | 1
    }

    /// Whether a trace that comes into this process is recorded.
    fn samples(&self, parent: Option<TraceContext>) -> bool {
        let mut random = [0; 4];
        self.clock.fill(&mut random);
        self.sampler.samples(parent.map(|parent| parent.is_sampled), u32::from_be_bytes(random))
    }

    fn take(&self, span: FinishedSpan) {
        if self.queue.try_send(span).is_err() {
            count_dropped(1);
        }
    }
}
