//! What can be asked of the ledger: a command says what it needs loaded, and decides against it.

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
    /// The action in the audit log when nobody asked for it by a mutation.
    fn name(&self) -> &'static str;

    /// How many lines it has: what a batch is measured in.
    fn weight(&self) -> usize;

    /// Adds what it needs to the batch's.
    fn needs(&self, needs: &mut Needs);

    /// Decides against what was loaded; the draft holds what it would do to stock, the decision what became of documents. Pure.
    ///
    /// # Errors
    /// What refuses it; the draft is thrown away. A draft that `tells_all` goes on behind what refuses a part (`Draft::pass`).
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

/// Accepted, refused for all of these reasons, or not known to have been done.
pub type Verdict = Result<Result<Receipt, Vec<Rejection>>, Fault>;

/// The same with the first of the reasons.
pub type Outcome = Result<Result<Receipt, Rejection>, Fault>;

/// A command in the queue, with who waits for it.
pub struct Queued {
    pub(super) command: Command,
    pub(super) key: Option<Key>,
    pub(super) reply: oneshot::Sender<Verdict>,
    pub(super) result: Option<Result<Receipt, Vec<Rejection>>>,
    /// On whose behalf, for the audit log; none for the jobs of the system.
    pub(super) audit_context: Option<Arc<AuditContext>>,
    /// Its time in the queue, where that is told.
    pub(super) queue_span: Option<QueueSpan>,
}
