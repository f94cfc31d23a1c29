//! Waiting for the rows of SQLite. A connection has a thread of its own, which sends row after row,
//! and each row that finds the task asleep wakes it: some 10 µs of both threads, several times the
//! cost of the row itself. A task that waits for many rows is woken for the first of them, and
//! polls a millisecond later for all that have arrived.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use crate::clock;

/// Wake-ups of a statement's task before it is polled at intervals: a page of a list has been read
/// by then.
const MAX_WAKES: u32 = 128;
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// Rows that are buffered between polls: more than arrive in that time, or the thread would wait
/// for the task.
pub(super) const BUFFERED_ROWS: usize = 4_096;

/// Runs a statement whose rows arrive one by one. While none arrive (a lock, or a long sum before
/// the first row), it is not polled.
pub(super) async fn poll_at_intervals<F: Future>(statement: F) -> F::Output {
    let mut statement = pin!(statement);
    let mut wakes = 0;
    loop {
        let mut is_waiting = false;
        let next = poll_fn(|context| {
            // Rows that arrive from now on wake no task: the statement is given a waker again at
            // its next poll.
            if is_waiting && wakes == MAX_WAKES {
                return Poll::Ready(None);
            }
            match statement.as_mut().poll(context) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending => {
                    is_waiting = true;
                    wakes = MAX_WAKES.min(wakes + 1);
                    Poll::Pending
                }
            }
        });
        if let Some(output) = next.await {
            return output;
        }
        clock::sleep(POLL_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a statement, and returns how often it was polled.
    async fn count_polls(statement: impl Future<Output = ()>) -> u32 {
        let mut statement = pin!(statement);
        let mut polls = 0;
        let counted = poll_fn(|context| {
            polls += 1;
            statement.as_mut().poll(context)
        });
        poll_at_intervals(counted).await;
        polls
    }

    /// Rows that wake the task one by one.
    async fn rows(count: u32) {
        let mut left = count;
        poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[tokio::test]
    async fn rows_behind_a_page_are_looked_for_once_a_millisecond() {
        for (count, least) in [(0, 0), (MAX_WAKES - 1, 0), (MAX_WAKES + 5, 5)] {
            let began = tokio::time::Instant::now();
            assert_eq!(count_polls(rows(count)).await, count + 1);
            assert!(began.elapsed() >= POLL_INTERVAL * least, "{count} rows");
        }
    }

    #[tokio::test]
    async fn a_statement_that_computes_is_left_alone() {
        let statement = async {
            rows(MAX_WAKES + 5).await;
            clock::sleep(POLL_INTERVAL * 40).await;
        };
        // One poll to begin waiting, one at the end, and one too early.
        assert!(count_polls(statement).await <= MAX_WAKES + 5 + 3);
    }
}
