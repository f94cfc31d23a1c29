//! Calls are submitted or validated, and answered by a receipt or by refusals.

use iam::access::{Denied, Permit};
use platform::storage::{
    Fault, dry_run,
    idempotency::{self, Key},
};

use crate::{
    ledger::{
        batch::earlier_answer,
        command::{Command, Verdict},
        engine::Ledger,
        receipt::Receipt,
    },
    stock::core::Rejection,
};

/// Reasons for a call to fail; nothing was written.
#[derive(Debug)]
pub enum Stop {
    /// The caller lacks a permission that this input needs.
    Denied(Denied),
    /// Rejections of the earliest stage that has any, in the order of the input; never empty.
    Refused(Vec<Rejection>),
    /// A fault of the system.
    Fault(Fault),
}
impl From<Denied> for Stop {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}
impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(vec![rejection])
    }
}
impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Result of a shell function.
pub type SubmitResult = Result<Receipt, Stop>;

/// Commit, or validation only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Commit,
    /// A dry run: nothing is written, the key stays unused.
    Validate,
}

impl Mode {
    pub fn of(validate_only: bool) -> Self {
        if validate_only { Self::Validate } else { Self::Commit }
    }
    pub fn is_dry(self) -> bool {
        self == Self::Validate
    }
}

/// Submits a command and waits for its receipt.
pub async fn submit<P>(ledger: &Ledger, permit: &Permit<P>, command: Command, key: Key, mode: Mode) -> SubmitResult {
    let verdict: Verdict = match mode {
        // The ledger commits in a task of its own, where a dry run of this task is unknown.
        Mode::Commit if !dry_run::is_on() => ledger.submit_with_rejections(permit.tenant(), command, Some(key)).await,
        Mode::Commit | Mode::Validate => Box::pin(ledger.validate(permit.tenant(), &command, Some(&key))).await,
    };
    verdict?.map_err(Stop::Refused)
}

/// Submits a call's command. A call without a command is answered by its key if it was committed
/// before, else with its refusal.
pub async fn submit_resolved<P>(
    ledger: &Ledger,
    permit: &Permit<P>,
    command: Result<Command, Stop>,
    key: Key,
    mode: Mode,
) -> SubmitResult {
    match command {
        Ok(command) => submit(ledger, permit, command, key, mode).await,
        Err(stop) => stored_answer_or(ledger, permit, &key, stop).await,
    }
}

/// Answers a call that is refused before the ledger sees it. A reference that is no longer found
/// may have existed when a first call with the key was committed; that call's receipt is then the
/// answer.
pub async fn stored_answer_or<P>(ledger: &Ledger, permit: &Permit<P>, key: &Key, stop: Stop) -> SubmitResult {
    if !matches!(stop, Stop::Refused(_)) {
        return Err(stop);
    }
    let used_keys = idempotency::look_up(&permit.scope(ledger.database()), [key]).await?;
    match earlier_answer(key, &used_keys) {
        Some(first) => Ok(first?),
        None => Err(stop),
    }
}
