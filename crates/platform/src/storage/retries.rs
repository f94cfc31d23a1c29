//! A transaction that is begun again after another one was faster.

use super::{Fault, TenantScope, Work};

/// How often a call is begun again after another one took a unique value first, as that of its key, or was let go first of two that waited for each other.
const TRIES: u32 = 3;

/// Decides in a transaction, retried as by `retried`, and commits what is to be kept; of all else nothing is left. A commit that fails is not retried.
/// Answers with what was decided, and whether it was committed.
///
/// # Errors
/// What went wrong in the last try.
pub async fn with_retries<T, D>(
    scope: &TenantScope,
    decide: impl Fn(Work) -> D,
    is_to_keep: impl Fn(&T) -> bool,
) -> Result<(T, bool), Fault>
where
    D: Future<Output = (Work, Result<T, Fault>)>,
{
    let (work, decided) = retried(|| decide_once(scope, &decide)).await?;
    if is_to_keep(&decided) {
        work.commit().await?;
        return Ok((decided, true));
    }
    work.rollback().await?;
    Ok((decided, false))
}

/// Decides in a transaction, and returns both; undoes the transaction of a decision that failed.
async fn decide_once<T, D>(scope: &TenantScope, decide: &impl Fn(Work) -> D) -> Result<(Work, T), Fault>
where
    D: Future<Output = (Work, Result<T, Fault>)>,
{
    let (work, decided) = decide(scope.begin().await?).await;
    match decided {
        Ok(decided) => Ok((work, decided)),
        Err(fault) => {
            // What went wrong matters more than whether it could be undone: the connection undoes it when it is next used.
            let _ = work.rollback().await;
            Err(fault)
        }
    }
}

/// Does what has a transaction of its own, and nothing outside of it. Begun again where another call took a unique value first, or was let go first of two
/// that waited for each other.
///
/// # Errors
/// What went wrong in the last try.
pub async fn retried<T, D: Future<Output = Result<T, Fault>>>(does: impl Fn() -> D) -> Result<T, Fault> {
    let mut tries = 0;
    loop {
        tries += 1;
        match Box::pin(does()).await {
            Err(fault) if tries < TRIES && (fault.unique_violation().is_some() || fault.is_deadlock()) => {}
            outcome => return outcome,
        }
    }
}
