//! Commands of the ledger: each names the rows that it needs, and decides against them.

use std::{fmt::Debug, ops::Deref, sync::Arc};

use platform::{
    audit::AuditContext,
    storage::{Fault, idempotency::Key},
    traces::QueueSpan,
};
use tokio::sync::oneshot;

use super::{
    decision::{Books, Decision},
    needs::Needs,
    receipt::Receipt,
};
use crate::stock::core::{Draft, Rejection};

/// The rules of a command on stock, or on a document that moves it.
pub trait Decide: Debug + Send + Sync + 'static {
    /// The action in the audit log if no mutation submitted the command.
    fn name(&self) -> &'static str;

    /// Number of lines, the measure of a batch's size.
    fn weight(&self) -> usize;

    /// Adds the command's needs to the batch's.
    fn needs(&self, needs: &mut Needs);

    /// Decides against the loaded rows; the draft holds the changes of stock, the decision those of
    /// documents. Pure.
    ///
    /// # Errors
    /// The rejection of the command; the draft is thrown away. A draft that `collects_refusals` continues
    /// after the rejection of a part (`Draft::pass`).
    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection>;
}

/// A command of any room. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Command(Arc<dyn Decide>);

impl Command {
    pub fn of(command: impl Decide) -> Self {
        Self(Arc::new(command))
    }
}

impl Deref for Command {
    type Target = dyn Decide;
    fn deref(&self) -> &Self::Target {
        self.0.as_ref()
    }
}

/// Accepted, or all rejections; a fault if the outcome is unknown.
pub type Verdict = Result<Result<Receipt, Vec<Rejection>>, Fault>;

/// A verdict, with only the first rejection.
pub type Outcome = Result<Result<Receipt, Rejection>, Fault>;

/// A command in the queue, with the reply channel of its caller.
pub struct QueuedCommand {
    pub(super) command: Command,
    pub(super) key: Option<Key>,
    pub(super) reply: oneshot::Sender<Verdict>,
    pub(super) result: Option<Result<Receipt, Vec<Rejection>>>,
    /// Audit context of the caller; None for system jobs.
    pub(super) audit_context: Option<Arc<AuditContext>>,
    /// The trace span of its time in the queue, if traces are on.
    pub(super) queue_span: Option<QueueSpan>,
}
