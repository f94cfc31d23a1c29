//! What is told of traces that are not recorded: an operation that failed or took long, and the request around it, and such a run of a job.
//!
//! Such a span is made when its operation has ended, so those that are fast and well cost a comparison and what is kept of their `parts`. So many are
//! told, and no more: of a node that fails at all it is enough to see some.
//! `docs/decisions/0349-slow-and-failed-operations-reach-the-collector.md`.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::TraceContext;
use crate::{clock::Monotonic, rate_limit::Allowance};

/// Operations that are told: so many in a row after a quiet time, and so many a second.
const TOLD: Allowance = Allowance::per_second(100, 10);
/// Runs of jobs that are told. They take nothing of the operations' part: many take seconds by nature.
const RUNS_TOLD: Allowance = Allowance::per_second(20, 1);
/// Requests that go on, of which an operation was told.
const MOST_NOTED: usize = 64;

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Well,
    Failed,
}

/// Where a span stands in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// The first of this process, behind the client's span if there is one.
    First(Option<u64>),
    /// Within another.
    Within,
    /// A run of a job, behind what queued it if its trace is known.
    Run(Option<u64>),
}

/// What becomes of a span whose trace is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is nothing to tell.
    Leave,
    /// There is, and too many have been told.
    Drop,
    /// It is told, and why.
    Tell(&'static str),
}

pub(super) struct Keeper {
    /// From when on something is slow; nothing is where there is none.
    slow: Option<Duration>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When all of `TOLD` may be told in a row again.
    full_at: i64,
    /// The same of `RUNS_TOLD`.
    runs_full_at: i64,
    /// The positions of those requests: others of a client's trace go on beside them.
    noted: VecDeque<TraceContext>,
}

impl State {
    fn allows(&mut self, position: Position, now: Monotonic) -> bool {
        let (allowance, full_at) = match position {
            Position::First(_) | Position::Within => (TOLD, &mut self.full_at),
            Position::Run(_) => (RUNS_TOLD, &mut self.runs_full_at),
        };
        let taken = allowance.take(*full_at, now.micros(), 1);
        *full_at = taken.unwrap_or(*full_at);
        taken.is_ok()
    }

    fn note(&mut self, request: TraceContext) {
        if self.noted.contains(&request) {
            return;
        }
        if self.noted.len() == MOST_NOTED {
            self.noted.pop_front();
        }
        self.noted.push_back(request);
    }

    /// Whether an operation of this request was told.
    fn take_note(&mut self, request: TraceContext) -> bool {
        let found = self.noted.iter().position(|noted| *noted == request);
        found.and_then(|at| self.noted.remove(at)).is_some()
    }
}

impl Keeper {
    pub(super) fn new(slow: Option<Duration>) -> Self {
        Self { slow, state: Mutex::default() }
    }

    /// What becomes of a span that has ended now, after so long. Its context is its own if it is the first, else that of the span that it is within.
    pub(super) fn judge(
        &self,
        (context, position): (TraceContext, Position),
        ending: (Ending, Duration),
        now: Monotonic,
    ) -> Verdict {
        let is_first = matches!(position, Position::First(_));
        let why = match ending {
            (Ending::Failed, _) => Some("error"),
            (Ending::Well, took) if self.slow.is_some_and(|slow| took >= slow) => Some("slow"),
            // A request whose operation was told, though it was fast and well itself.
            (Ending::Well, _) if is_first => None,
            (Ending::Well, _) => return Verdict::Leave,
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if is_first && state.take_note(context) {
            return Verdict::Tell(why.unwrap_or("operation"));
        }
        let Some(why) = why else { return Verdict::Leave };
        if !state.allows(position, now) {
            return Verdict::Drop;
        }
        if position == Position::Within {
            state.note(context);
        }
        Verdict::Tell(why)
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
        let keeper = Keeper::new(Some(SLOW));
        let judge = |span_id, position, ending| keeper.judge((request(span_id), position), ending, at(0));
        assert_eq!(judge(1, Position::Within, (Ending::Well, FAST)), Verdict::Leave);
        assert_eq!(judge(1, FIRST, (Ending::Well, FAST)), Verdict::Leave);
        assert_eq!(judge(2, Position::Within, (Ending::Well, SLOW)), Verdict::Tell("slow"));
        assert_eq!(judge(2, FIRST, (Ending::Well, SLOW)), Verdict::Tell("slow"));
        assert_eq!(judge(3, Position::Within, (Ending::Failed, FAST)), Verdict::Tell("error"));
        assert_eq!(judge(4, FIRST, (Ending::Well, FAST)), Verdict::Leave, "another request of the same trace");
        assert_eq!(judge(3, FIRST, (Ending::Well, FAST)), Verdict::Tell("operation"), "it answered 200");
        assert_eq!(judge(3, FIRST, (Ending::Well, FAST)), Verdict::Leave, "once");
        assert_eq!(judge(5, FIRST, (Ending::Failed, FAST)), Verdict::Tell("error"), "it had no operation");
    }

    #[test]
    fn a_request_of_which_two_operations_are_told_is_told_once() {
        let keeper = Keeper::new(None);
        let judge = |position, ending| keeper.judge((request(1), position), (ending, FAST), at(0));
        assert_eq!(judge(Position::Within, Ending::Failed), Verdict::Tell("error"));
        assert_eq!(judge(Position::Within, Ending::Failed), Verdict::Tell("error"));
        assert_eq!(judge(FIRST, Ending::Well), Verdict::Tell("operation"));
        assert!(keeper.state.lock().unwrap().noted.is_empty());
    }

    #[test]
    fn runs_of_jobs_are_told_beside_operations() {
        let keeper = Keeper::new(Some(SLOW));
        let judge = |position, ending| keeper.judge((request(1), position), ending, at(0));
        assert_eq!(judge(Position::Run(None), (Ending::Well, FAST)), Verdict::Leave);
        assert_eq!(judge(Position::Run(None), (Ending::Well, SLOW)), Verdict::Tell("slow"));
        let told = (0..100).filter(|_| judge(Position::Run(Some(1)), (Ending::Failed, FAST)) == Verdict::Tell("error")).count();
        assert_eq!(told, 19, "twenty in a row");
        assert!(keeper.state.lock().unwrap().noted.is_empty(), "the request that queued them has ended");
        assert_eq!(judge(Position::Within, (Ending::Failed, FAST)), Verdict::Tell("error"));
    }

    #[test]
    fn nothing_is_slow_where_no_limit_is_given() {
        let keeper = Keeper::new(None);
        assert_eq!(keeper.judge((request(1), FIRST), (Ending::Well, SLOW * 100), at(0)), Verdict::Leave);
        assert_eq!(keeper.judge((request(1), FIRST), (Ending::Failed, FAST), at(0)), Verdict::Tell("error"));
    }

    #[test]
    fn a_node_that_fails_at_all_tells_some_of_it() {
        let keeper = Keeper::new(None);
        let judge = |span_id, second| keeper.judge((request(span_id), Position::Within), (Ending::Failed, FAST), at(second));
        let told = |second| (0..1_000).filter(|span_id| judge(*span_id, second) != Verdict::Drop).count();
        assert_eq!((told(0), told(1), told(3)), (100, 10, 20));
        assert_eq!(told(3_600), 100, "no more is saved up");
        assert_eq!(keeper.state.lock().unwrap().noted.len(), MOST_NOTED);
    }
}
