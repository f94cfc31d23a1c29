//! Trace of the current task: its position, and the parts of its operation.

use std::{future::Future, sync::Arc};

use tokio::task::futures::TaskLocalFuture;

use super::{context::TraceContext, parts::Parts};

tokio::task_local! {
    static CURRENT: TaskTrace;
}

/// Trace of a task: its position in a trace, and the parts of its operation if they may be sent
/// though the trace is not recorded.
#[derive(Clone, Default)]
pub struct TaskTrace {
    context: Option<TraceContext>,
    parts: Option<Arc<Parts>>,
}

impl TaskTrace {
    pub(super) fn new(context: Option<TraceContext>, parts: Option<Arc<Parts>>) -> Self {
        Self { context, parts }
    }

    /// Returns the trace of the current task; empty outside of traces.
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// Runs the future there, on whichever thread.
    pub fn over<F: Future>(self, future: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self, future)
    }
}

/// Returns the trace position of the current task, if any.
pub fn current() -> Option<TraceContext> {
    CURRENT.try_with(|current| current.context).ok().flatten()
}

/// Returns the parts of the operation that the current task works for, if they are reported.
pub(super) fn parts() -> Option<Arc<Parts>> {
    CURRENT.try_with(|current| current.parts.clone()).ok().flatten()
}

/// Runs the future at a position in a trace, or in none. Tasks that it spawns are in none.
pub fn within<F: Future>(context: Option<TraceContext>, future: F) -> TaskLocalFuture<TaskTrace, F> {
    TaskTrace::new(context, None).over(future)
}

/// Runs a separate task's future for the current task's operation, at the same position in the
/// trace.
pub fn carry_trace<F: Future>(future: F) -> TaskLocalFuture<TaskTrace, F> {
    TaskTrace::current().over(future)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_is_in_a_trace_as_long_as_its_future_runs() {
        let context = Some(TraceContext { trace_id: 7, span_id: 9, is_sampled: true });
        assert_eq!(current(), None);
        assert_eq!(within(context, async { current() }).await, context);
        assert_eq!(within(context, within(None, async { current() })).await, None);
        assert_eq!(within(context, async { tokio::spawn(carry_trace(async { current() })).await.unwrap() }).await, context);
        assert_eq!(carry_trace(async { current() }).await, None);
        assert_eq!(current(), None);
    }
}
