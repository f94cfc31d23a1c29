//! What is told of traces that are not recorded: an operation that failed or took long, and the request around it.
//!
//! Nothing is kept of the others while they run: such a span is made when its operation has ended, so those that are fast and well cost a comparison.
//! What was within it is not there any more. So many are told, and no more: of a node that fails at all it is enough to see some.
//! `docs/decisions/0349-slow-and-failed-operations-reach-the-collector.md`.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::clock::Monotonic;

/// An operation, in the unit of credit.
const ONE: u64 = 1_000_000;
/// Operations that may be told in a row after a quiet time.
const AT_ONCE: u64 = 100 * ONE;
/// Those of a second, which is what a microsecond adds to the credit.
const A_SECOND: u64 = 10;
/// Traces with an operation that was told, whose requests go on.
const MOST_NOTED: usize = 64;

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Well,
    Failed,
}

/// Where a span stands in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The first of this process, behind the client's span if there is one.
    First(Option<u64>),
    /// Within one of this process.
    Within,
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

struct State {
    credit: u64,
    at: Monotonic,
    noted: VecDeque<u128>,
}

impl State {
    fn allows(&mut self, now: Monotonic) -> bool {
        let passed = u64::try_from(now.since(self.at).as_micros()).unwrap_or(u64::MAX);
        self.at = self.at.max(now);
        self.credit = self.credit.saturating_add(passed.saturating_mul(A_SECOND)).min(AT_ONCE);
        let is_allowed = self.credit >= ONE;
        if is_allowed {
            self.credit -= ONE;
        }
        is_allowed
    }

    fn note(&mut self, trace: u128) {
        if self.noted.len() == MOST_NOTED {
            self.noted.pop_front();
        }
        self.noted.push_back(trace);
    }

    /// Whether an operation of this trace was told.
    fn take_note(&mut self, trace: u128) -> bool {
        let found = self.noted.iter().position(|noted| *noted == trace);
        found.and_then(|at| self.noted.remove(at)).is_some()
    }
}

impl Keeper {
    pub(super) fn new(slow: Option<Duration>, now: Monotonic) -> Self {
        Self { slow, state: Mutex::new(State { credit: AT_ONCE, at: now, noted: VecDeque::new() }) }
    }

    /// What becomes of a span of this trace that has ended now, after so long.
    pub(super) fn judge(&self, (trace, place): (u128, Place), ending: (Ending, Duration), now: Monotonic) -> Verdict {
        let is_first = matches!(place, Place::First(_));
        let why = match ending {
            (Ending::Failed, _) => Some("error"),
            (Ending::Well, took) if self.slow.is_some_and(|slow| took >= slow) => Some("slow"),
            // A request whose operation was told, though it was fast and well itself.
            (Ending::Well, _) if is_first => None,
            (Ending::Well, _) => return Verdict::Leave,
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if is_first && state.take_note(trace) {
            return Verdict::Tell(why.unwrap_or("operation"));
        }
        let Some(why) = why else { return Verdict::Leave };
        if !state.allows(now) {
            return Verdict::Drop;
        }
        if !is_first {
            state.note(trace);
        }
        Verdict::Tell(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_millis(10);
    const SLOW: Duration = Duration::from_secs(1);
    const FIRST: Place = Place::First(None);

    fn at(seconds: i64) -> Monotonic {
        Monotonic::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn what_failed_or_took_long_is_told_with_its_request() {
        let keeper = Keeper::new(Some(SLOW), at(0));
        let judge = |trace, place, ending| keeper.judge((trace, place), ending, at(0));
        assert_eq!(judge(1, Place::Within, (Ending::Well, FAST)), Verdict::Leave);
        assert_eq!(judge(1, FIRST, (Ending::Well, FAST)), Verdict::Leave);
        assert_eq!(judge(2, Place::Within, (Ending::Well, SLOW)), Verdict::Tell("slow"));
        assert_eq!(judge(2, FIRST, (Ending::Well, SLOW)), Verdict::Tell("slow"));
        assert_eq!(judge(3, Place::Within, (Ending::Failed, FAST)), Verdict::Tell("error"));
        assert_eq!(judge(3, FIRST, (Ending::Well, FAST)), Verdict::Tell("operation"), "it answered 200");
        assert_eq!(judge(3, FIRST, (Ending::Well, FAST)), Verdict::Leave, "once");
        assert_eq!(judge(4, FIRST, (Ending::Failed, FAST)), Verdict::Tell("error"), "it had no operation");
    }

    #[test]
    fn nothing_is_slow_where_no_limit_is_given() {
        let keeper = Keeper::new(None, at(0));
        assert_eq!(keeper.judge((1, FIRST), (Ending::Well, SLOW * 100), at(0)), Verdict::Leave);
        assert_eq!(keeper.judge((1, FIRST), (Ending::Failed, FAST), at(0)), Verdict::Tell("error"));
    }

    #[test]
    fn a_node_that_fails_at_all_tells_some_of_it() {
        let keeper = Keeper::new(None, at(0));
        let judge = |trace, second| keeper.judge((trace, Place::Within), (Ending::Failed, FAST), at(second));
        let told = |second| (0..1_000).filter(|trace| judge(*trace, second) != Verdict::Drop).count();
        assert_eq!((told(0), told(1), told(3)), (100, 10, 20));
        assert_eq!(told(3_600), 100, "no more is saved up");
        assert_eq!(keeper.state.lock().unwrap().noted.len(), MOST_NOTED);
    }
}
