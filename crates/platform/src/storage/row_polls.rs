//! Waiting for the rows of SQLite. A connection has a thread of its own, which sends row after row, and each that finds the task asleep wakes it: some
//! 10 µs of both threads, several times what the row itself takes. Whoever waits for many rows is woken for the first of them, and looks a millisecond later
//! for all that have come.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use crate::clock;

/// How often the task is woken for a statement before it takes its time: a page of a list has been read by then.
const WAKES: u32 = 128;
const BETWEEN: Duration = Duration::from_millis(1);
/// Rows that may wait to be looked at: more than come in the meantime, or the thread would wait for the task.
pub(super) const BUFFERED_ROWS: usize = 4_096;

/// Runs a statement whose rows come one by one. While none come, a lock or a long sum before the first one, nothing is looked at.
pub(super) async fn rarely_woken<F: Future>(statement: F) -> F::Output {
    let mut statement = pin!(statement);
    let mut wakes = 0;
    loop {
        let mut is_waiting = false;
        let next = poll_fn(|context| {
            // Rows that come from now on wake nobody: the statement hears of the next one when it is looked at again.
            if is_waiting && wakes == WAKES {
                return Poll::Ready(None);
            }
            match statement.as_mut().poll(context) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending => {
                    is_waiting = true;
                    wakes = WAKES.min(wakes + 1);
                    Poll::Pending
                }
            }
        });
        if let Some(output) = next.await {
            return output;
        }
        clock::sleep(BETWEEN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a statement, and says how often it was looked at.
    async fn polls_of(statement: impl Future<Output = ()>) -> u32 {
        let mut statement = pin!(statement);
        let mut polls = 0;
        let counted = poll_fn(|context| {
            polls += 1;
            statement.as_mut().poll(context)
        });
        rarely_woken(counted).await;
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
        for (count, least) in [(0, 0), (WAKES - 1, 0), (WAKES + 5, 5)] {
            let began = tokio::time::Instant::now();
            assert_eq!(polls_of(rows(count)).await, count + 1);
            assert!(began.elapsed() >= BETWEEN * least, "{count} rows");
        }
    }

    #[tokio::test]
    async fn a_statement_that_computes_is_left_alone() {
        let statement = async {
            rows(WAKES + 5).await;
            clock::sleep(BETWEEN * 40).await;
        };
        // One look to begin waiting, and one when it is done; one that came too early.
        assert!(polls_of(statement).await <= WAKES + 5 + 3);
    }
}
