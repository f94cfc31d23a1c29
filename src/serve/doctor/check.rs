//! Checks run on threads of their own, each within its time.

use std::time::Duration;

use tokio::{runtime::Handle, time::timeout};

use super::report::Finding;

/// Timeout of one check.
pub(super) const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// Time beyond that for a check that blocks its thread, and so cannot end itself.
const BLOCKED_CHECK_GRACE: Duration = Duration::from_millis(200);

/// Runs a check on a thread of its own, so that one which blocks its thread times out, too: a
/// machine with one processor would have no other thread to watch the time.
pub(super) async fn run_check(check: &'static str, probe: impl Future<Output = Vec<Finding>> + Send + 'static) -> Vec<Finding> {
    within_time(CHECK_TIMEOUT, check, probe).await
}

async fn within_time(
    time_limit: Duration,
    check: &'static str,
    probe: impl Future<Output = Vec<Finding>> + Send + 'static,
) -> Vec<Finding> {
    let handle = Handle::current();
    let probe_task = tokio::task::spawn_blocking(move || handle.block_on(async move { timeout(time_limit, probe).await }));
    match timeout(time_limit + BLOCKED_CHECK_GRACE, probe_task).await {
        Ok(Ok(Ok(findings))) => findings,
        Ok(Err(error)) => vec![Finding::fail(check, format!("the check itself failed: {error}"), "report this as a bug")],
        Ok(Ok(Err(_))) | Err(_) => vec![timed_out_finding(check)],
    }
}

pub(super) fn timed_out_finding(check: &'static str) -> Finding {
    Finding::fail(
        check,
        format!("no answer within {} s", CHECK_TIMEOUT.as_secs()),
        "see whether it hangs, or is out of reach from here",
    )
}

#[cfg(test)]
mod tests {
    use super::{super::report::Verdict, *};

    #[tokio::test]
    async fn a_check_that_hangs_fails() {
        let findings = within_time(Duration::from_millis(10), "redis", std::future::pending()).await;
        assert_eq!(findings.iter().map(|finding| finding.verdict).collect::<Vec<_>>(), [Verdict::Fail]);
        assert!(findings[0].line().contains("within 5 s"), "{findings:?}");
        assert_eq!(
            run_check("redis", async { vec![Finding::ok("redis", "it answers")] }).await,
            [Finding::ok("redis", "it answers")]
        );
    }

    #[tokio::test]
    async fn a_check_that_blocks_its_thread_fails() {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let blocks = async move { vec![Finding::ok("disk", format!("{:?}", held.recv_timeout(Duration::from_secs(5))))] };
        let findings = within_time(Duration::from_millis(10), "disk", blocks).await;
        drop(hold);
        assert_eq!(findings.iter().map(|finding| finding.verdict).collect::<Vec<_>>(), [Verdict::Fail], "{findings:?}");
    }
}
