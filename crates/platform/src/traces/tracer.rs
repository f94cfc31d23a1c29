//! Tracer of the process: begins spans, and queues finished ones for the exporter.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc;

use super::{context::TraceContext, finished_span::FinishedSpan, sampler::Sampler, tail_sampling::SpanFilter};
use crate::clock::Clock;

/// Maximum finished spans that wait for the exporter.
pub const QUEUE: usize = 2_048;

pub(super) static TRACER: OnceLock<Tracer> = OnceLock::new();
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Begins spans and takes finished ones.
pub(super) struct Tracer {
    pub(super) clock: Clock,
    sampler: Sampler,
    pub(super) span_filter: SpanFilter,
    pub(super) queue: mpsc::Sender<FinishedSpan>,
}

/// Begins to record this share of traces, from 0 to 1, and returns the receiver of finished spans.
/// None if recording has begun already. For other traces, operations and runs of jobs are sent that
/// fail, or take as long as `slow`.
pub fn install(clock: Clock, share: f64, slow: Option<Duration>) -> Option<mpsc::Receiver<FinishedSpan>> {
    let (queue, spans) = mpsc::channel(QUEUE);
    let (sampler, filter) = (Sampler::new(share), SpanFilter::new(slow));
    TRACER.set(Tracer { clock, sampler, span_filter: filter, queue }).is_ok().then_some(spans)
}

/// Returns the number of this process's spans that reached no collector.
pub fn dropped_spans() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Counts spans that no collector gets.
pub fn count_dropped(spans: u64) {
    DROPPED.fetch_add(spans, Ordering::Relaxed);
}

impl Tracer {
    pub(super) fn trace_id(&self) -> u128 {
        let mut random = [0; 16];
        self.clock.fill(&mut random);
        // All zeros would be no ID.
        u128::from_be_bytes(random) | 1
    }

    pub(super) fn span_id(&self) -> u64 {
        let mut random = [0; 8];
        self.clock.fill(&mut random);
        u64::from_be_bytes(random) | 1
    }

    /// Whether a trace that comes into this process is recorded.
    pub(super) fn samples(&self, parent: Option<TraceContext>) -> bool {
        let mut random = [0; 4];
        self.clock.fill(&mut random);
        self.sampler.samples(parent.map(|parent| parent.is_sampled), u32::from_be_bytes(random))
    }

    pub(super) fn take(&self, span: FinishedSpan) {
        if self.queue.try_send(span).is_err() {
            count_dropped(1);
        }
    }
}
