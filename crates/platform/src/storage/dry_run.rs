//! Dry runs: a task's changes are rolled back instead of committed, whichever room they go through.
//! The task carries the flag, so that no shell function can forget it. Effects outside the database
//! at commit (an e-mail, the end of a session) check `is_on` first.

use std::future::Future;

tokio::task_local! {
    static DRY_RUN: bool;
}

/// Runs the future without committing anything: each `Work::commit` of its task rolls the
/// transaction back, and `journal::append` returns no number. Transactions of tasks that it spawns
/// are not included.
pub async fn run_within<T>(future: impl Future<Output = T>) -> T {
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
        assert!(run_within(async { is_on() }).await);
        assert!(!is_on());
    }
}
