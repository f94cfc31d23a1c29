//! Waiting for the rows of SQLite. A connection has a thread of its own, which sends row after row, and each that finds the task asleep wakes it: some
//! 10 µs of both threads, several times what the row itself takes. Whoever waits for many rows looks for them once a millisecond instead.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::clock;

/// How often the task is woken for a statement before it looks by itself: a page of a list has been read by then.
const WAKES: u32 = 128;
const BETWEEN: Duration = Duration::from_millis(1);
/// Rows that may wait to be looked at: more than come in the meantime, or the thread would wait for the task.
pub(super) const BUFFERED_ROWS: usize = 4_096;

/// Runs a statement whose rows come one by one.
pub(super) async fn rarely_woken<F: Future>(statement: F) -> F::Output {
    let mut statement = pin!(statement);
    let mut wakes = 0;
    let ended = poll_fn(|context| match statement.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if wakes == WAKES => Poll::Ready(None),
        Poll::Pending => {
            wakes += 1;
            Poll::Pending
        }
    });
    if let Some(output) = ended.await {
        return output;
    }
    loop {
        clock::sleep(BETWEEN).await;
        if let Poll::Ready(output) = statement.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_rows_wake_the_task_no_more_than_a_page_does() {
        for rows in [1, WAKES, WAKES + 1, WAKES + 5] {
            let (mut polls, mut woken) = (0, 0);
            let statement = poll_fn(|context| {
                polls += 1;
                woken += u32::from(!context.waker().will_wake(Waker::noop()));
                context.waker().wake_by_ref();
                if polls == rows { Poll::Ready("all") } else { Poll::Pending }
            });
            assert_eq!(rarely_woken(statement).await, "all");
            assert_eq!((polls, woken), (rows, rows.min(WAKES + 1)));
        }
    }
}
