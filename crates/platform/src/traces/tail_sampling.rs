//! Spans that are sent of traces that are not recorded: an operation that failed or took long, and
//! the request around it, and such a run of a job.
//!
//! Such a span is made when its operation has ended, so fast and successful ones cost a comparison
//! and the memory of their `parts`. Their rate is limited: if a node fails at all, some of them are
//! enough. `docs/decisions/0349-slow-and-failed-operations-reach-the-collector.md`.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::context::TraceContext;
use crate::{clock::Monotonic, rate_limit::Allowance};

/// Rate limit of unrecorded operations that are sent: so many in a row after a quiet time, and so
/// many a second.
const UNRECORDED_RATE: Allowance = Allowance::per_second(100, 10);
/// Rate limit of unrecorded runs of jobs that are sent. It is separate from that of operations:
/// many runs take seconds by nature.
const UNRECORDED_RUN_RATE: Allowance = Allowance::per_second(20, 1);
/// Maximum running requests remembered because one of their operations was sent.
const MAX_REMEMBERED_REQUESTS: usize = 64;

/// Outcome of an operation or a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanOutcome {
    Well,
    Failed,
}

/// Position of a span in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// First span of this process, under the client's span if there is one.
    First(Option<u64>),
    /// Within another.
    Within,
    /// A run of a job, under the span that queued it if its trace is known.
    Run(Option<u64>),
}

/// Verdict on a span whose trace is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is no reason to send it.
    Leave,
    /// There is a reason to send it, but the rate limit is reached.
    Drop,
    /// Send it, for this reason.
    Tell(&'static str),
}

pub(super) struct SpanFilter {
    /// Duration from which an operation or a run is slow; None if none is.
    slow: Option<Duration>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Time when all of `UNRECORDED_RATE` may be sent in a row again.
    full_at: i64,
    /// Time when all of `UNRECORDED_RUN_RATE` may be sent in a row again.
    runs_full_at: i64,
    /// Positions of the remembered requests: a client's trace may have several at a time.
    noted: VecDeque<TraceContext>,
}

impl State {
    fn is_within_rate(&mut self, position: Position, now: Monotonic) -> bool {
        let (allowance, full_at) = match position {
            Position::First(_) | Position::Within => (UNRECORDED_RATE, &mut self.full_at),
            Position::Run(_) => (UNRECORDED_RUN_RATE, &mut self.runs_full_at),
        };
        let next_full_at = allowance.take(*full_at, now.micros(), 1);
        *full_at = next_full_at.unwrap_or(*full_at);
        next_full_at.is_ok()
    }

    fn note(&mut self, request: TraceContext) {
        if self.noted.contains(&request) {
            return;
        }
        if self.noted.len() == MAX_REMEMBERED_REQUESTS {
            self.noted.pop_front();
        }
        self.noted.push_back(request);
    }

    /// Returns whether an operation of this request was sent, and forgets the request.
    fn take_sent_request(&mut self, request: TraceContext) -> bool {
        let index = self.noted.iter().position(|noted| *noted == request);
        index.and_then(|at| self.noted.remove(at)).is_some()
    }
}

impl SpanFilter {
    pub(super) fn new(slow: Option<Duration>) -> Self {
        Self { slow, state: Mutex::default() }
    }

    /// Returns the verdict on a span that has ended now, with its outcome and duration. Its context
    /// is its own if it is the first, else that of the span that it is within.
    pub(super) fn judge(
        &self,
        (context, position): (TraceContext, Position),
        ending: (SpanOutcome, Duration),
        now: Monotonic,
    ) -> Verdict {
        let is_first = matches!(position, Position::First(_));
        let reason = match ending {
            (SpanOutcome::Failed, _) => Some("error"),
            (SpanOutcome::Well, took) if self.slow.is_some_and(|slow| took >= slow) => Some("slow"),
            // A request is sent with its operation, even if it was fast and successful itself.
            (SpanOutcome::Well, _) if is_first => None,
            (SpanOutcome::Well, _) => return Verdict::Leave,
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if is_first && state.take_sent_request(context) {
            return Verdict::Tell(reason.unwrap_or("operation"));
        }
        let Some(reason) = reason else { return Verdict::Leave };
        if !state.is_within_rate(position, now) {
            return Verdict::Drop;
        }
        if position == Position::Within {
            state.note(context);
        }
        Verdict::Tell(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_millis(10);
    const SLOW: Duration = Duration::from_secs(1);
    const FIRST: Position = Position::First(None);

    fn at(seconds: i64) -> Monotonic {
        Monotonic::from_micros(seconds * 1_000_000)
    }

    /// A request of a trace of many.
    fn request(span_id: u64) -> TraceContext {
        TraceContext { trace_id: 1, span_id, is_sampled: false }
    }

    #[test]
    fn what_failed_or_took_long_is_told_with_its_request() {
        let keeper = SpanFilter::new(Some(SLOW));
        let judge = |span_id, position, ending| keeper.judge((request(span_id), position), ending, at(0));
        assert_eq!(judge(1, Position::Within, (SpanOutcome::Well, FAST)), Verdict::Leave);
        assert_eq!(judge(1, FIRST, (SpanOutcome::Well, FAST)), Verdict::Leave);
        assert_eq!(judge(2, Position::Within, (SpanOutcome::Well, SLOW)), Verdict::Tell("slow"));
        assert_eq!(judge(2, FIRST, (SpanOutcome::Well, SLOW)), Verdict::Tell("slow"));
        assert_eq!(judge(3, Position::Within, (SpanOutcome::Failed, FAST)), Verdict::Tell("error"));
        assert_eq!(judge(4, FIRST, (SpanOutcome::Well, FAST)), Verdict::Leave, "another request of the same trace");
        assert_eq!(judge(3, FIRST, (SpanOutcome::Well, FAST)), Verdict::Tell("operation"), "it answered 200");
        assert_eq!(judge(3, FIRST, (SpanOutcome::Well, FAST)), Verdict::Leave, "once");
        assert_eq!(judge(5, FIRST, (SpanOutcome::Failed, FAST)), Verdict::Tell("error"), "it had no operation");
    }

    #[test]
    fn a_request_of_which_two_operations_are_told_is_told_once() {
        let keeper = SpanFilter::new(None);
        let judge = |position, ending| keeper.judge((request(1), position), (ending, FAST), at(0));
        assert_eq!(judge(Position::Within, SpanOutcome::Failed), Verdict::Tell("error"));
        assert_eq!(judge(Position::Within, SpanOutcome::Failed), Verdict::Tell("error"));
        assert_eq!(judge(FIRST, SpanOutcome::Well), Verdict::Tell("operation"));
        assert!(keeper.state.lock().unwrap().noted.is_empty());
    }

    #[test]
    fn runs_of_jobs_are_told_beside_operations() {
        let keeper = SpanFilter::new(Some(SLOW));
        let judge = |position, ending| keeper.judge((request(1), position), ending, at(0));
        assert_eq!(judge(Position::Run(None), (SpanOutcome::Well, FAST)), Verdict::Leave);
        assert_eq!(judge(Position::Run(None), (SpanOutcome::Well, SLOW)), Verdict::Tell("slow"));
        let told =
            (0..100).filter(|_| judge(Position::Run(Some(1)), (SpanOutcome::Failed, FAST)) == Verdict::Tell("error")).count();
        assert_eq!(told, 19, "twenty in a row");
        assert!(keeper.state.lock().unwrap().noted.is_empty(), "the request that queued them has ended");
        assert_eq!(judge(Position::Within, (SpanOutcome::Failed, FAST)), Verdict::Tell("error"));
    }

    #[test]
    fn nothing_is_slow_where_no_limit_is_given() {
        let keeper = SpanFilter::new(None);
        assert_eq!(keeper.judge((request(1), FIRST), (SpanOutcome::Well, SLOW * 100), at(0)), Verdict::Leave);
        assert_eq!(keeper.judge((request(1), FIRST), (SpanOutcome::Failed, FAST), at(0)), Verdict::Tell("error"));
    }

    #[test]
    fn a_node_that_fails_at_all_tells_some_of_it() {
        let keeper = SpanFilter::new(None);
        let judge = |span_id, second| keeper.judge((request(span_id), Position::Within), (SpanOutcome::Failed, FAST), at(second));
        let told = |second| (0..1_000).filter(|span_id| judge(*span_id, second) != Verdict::Drop).count();
        assert_eq!((told(0), told(1), told(3)), (100, 10, 20));
        assert_eq!(told(3_600), 100, "no more is saved up");
        assert_eq!(keeper.state.lock().unwrap().noted.len(), MAX_REMEMBERED_REQUESTS);
    }
}
