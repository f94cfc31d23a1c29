//! A transaction that is begun again after another one was faster.

use super::{Fault, TenantScope, Work};

/// How often a call is begun again after another one took a unique value first, as that of its key, or was let go first of two that waited for each other.
const TRIES: u32 = 3;

/// Decides in a transaction, and commits what is to be kept; of all else nothing is left. Begun again where another call took a unique value first, or was
/// let go first of two that waited for each other. Answers with what was decided, and whether it was committed.
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
    let mut tries = 0;
    loop {
        tries += 1;
        let work = scope.begin().await?;
        let (work, decided) = Box::pin(decide(work)).await;
        match decided {
            Ok(decided) if is_to_keep(&decided) => {
                work.commit().await?;
                return Ok((decided, true));
            }
            Ok(decided) => {
                work.rollback().await?;
                return Ok((decided, false));
            }
            Err(fault) => {
                // What went wrong matters more than whether it could be undone: the connection undoes it when it is next used.
                let _ = work.rollback().await;
                let is_overtaken = fault.unique_violation().is_some() || fault.is_deadlock();
                if !is_overtaken || tries >= TRIES {
                    return Err(fault);
                }
            }
        }
    }
}

/// Does what has a transaction of its own, and nothing outside of it. Begun again where Postgres undid it since it and another one waited for each other.
///
/// # Errors
/// What went wrong in the last try.
pub async fn past_deadlocks<T, D: Future<Output = Result<T, Fault>>>(does: impl Fn() -> D) -> Result<T, Fault> {
    let mut tries = 0;
    loop {
        tries += 1;
        match Box::pin(does()).await {
            Err(fault) if fault.is_deadlock() && tries < TRIES => {}
            outcome => return outcome,
        }
    }
}
