//! Context in which a response is finished: its operation, its request, and its phase.

use crate::guard::Operation;

/// Position of a response in its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerPhase {
    /// The whole answer, or one event of a subscription.
    Whole,
    /// The first response of a subscription: without data, the stream did not begin.
    Opening,
}

/// Input of `finish` besides the engine's response.
#[derive(Debug, Clone, Copy)]
pub struct AnswerContext<'a> {
    pub request_id: &'a str,
    pub operation: &'a Operation,
    pub reported_errors: usize,
    /// `userErrors` in the payloads.
    pub user_errors: u32,
    pub phase: AnswerPhase,
    /// Whether the client requested the cost.
    pub shows_cost: bool,
    /// Maximum size of the answer, in bytes.
    pub answer_bytes: usize,
}
