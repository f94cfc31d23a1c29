//! Dry runs: what a task changes is undone where it would be committed, whichever room it goes through. Carried by the task, so that no shell function
//! can forget it. What leaves the database at commit (an e-mail, the end of a session) asks `is_on` first.

use std::future::Future;

tokio::task_local! {
    static DRY_RUN: bool;
}

/// Runs the future without committing anything: each `Work::commit` of its task undoes the transaction, and `journal::append` gives no number.
/// Transactions of other tasks are theirs.
pub async fn over<T>(future: impl Future<Output = T>) -> T {
    DRY_RUN.scope(true, future).await
}

/// Whether this task is a dry run.
pub fn is_on() -> bool {
    DRY_RUN.try_with(|is_on| *is_on).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_dry_run_ends_with_its_future() {
        assert!(!is_on());
        assert!(over(async { is_on() }).await);
        assert!(!is_on());
    }
}
