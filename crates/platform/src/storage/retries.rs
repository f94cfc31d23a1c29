//! Transactions that are retried after a conflict with another one.

use super::{Fault, TenantScope, Work};

/// Number of tries of a call that failed because another one took a unique value first, as that of
/// its key, or because it lost a deadlock.
const MAX_TRIES: u32 = 3;

/// Decides in a transaction, with the retries of `run_with_retries`, and commits it if the result is to be
/// kept; rolls it back otherwise. A commit that fails is not retried. Returns the result, and
/// whether it was committed.
///
/// # Errors
/// The error of the last try.
pub async fn with_retries<T, D>(
    scope: &TenantScope,
    decide: impl Fn(Work) -> D,
    is_to_keep: impl Fn(&T) -> bool,
) -> Result<(T, bool), Fault>
where
    D: Future<Output = (Work, Result<T, Fault>)>,
{
    let (work, decision) = run_with_retries(|| decide_in_transaction(scope, &decide)).await?;
    if is_to_keep(&decision) {
        work.commit().await?;
        return Ok((decision, true));
    }
    work.rollback().await?;
    Ok((decision, false))
}

/// Decides in a transaction, and returns both; rolls the transaction back if the decision failed.
async fn decide_in_transaction<T, D>(scope: &TenantScope, decide: &impl Fn(Work) -> D) -> Result<(Work, T), Fault>
where
    D: Future<Output = (Work, Result<T, Fault>)>,
{
    let (work, decision) = decide(scope.begin().await?).await;
    match decision {
        Ok(decision) => Ok((work, decision)),
        Err(fault) => {
            // The fault matters more than a failed rollback: the connection rolls back when it is
            // next used.
            let _ = work.rollback().await;
            Err(fault)
        }
    }
}

/// Runs a step that has a transaction of its own and no effect outside of it. Retries it if another
/// call took a unique value first, or if it was the victim of a deadlock.
///
/// # Errors
/// The error of the last try.
pub async fn run_with_retries<T, D: Future<Output = Result<T, Fault>>>(attempt: impl Fn() -> D) -> Result<T, Fault> {
    let mut tries = 0;
    loop {
        tries += 1;
        match Box::pin(attempt()).await {
            Err(fault) if tries < MAX_TRIES && (fault.unique_violation().is_some() || fault.is_deadlock()) => {}
            outcome => return outcome,
        }
    }
}
