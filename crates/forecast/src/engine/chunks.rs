//! Work on chunks of series and on other items, on several threads, with results in order.

use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
    thread,
};

/// Series of a chunk. The same for every number of threads.
pub(crate) const CHUNK_SIZE: usize = 256;

/// Does `work` on 0 … `count` in chunks of `size` and returns the results in order. A panic of `work` is the caller's.
pub(crate) fn run_in_chunks<T: Send>(
    count: usize,
    size: usize,
    threads: usize,
    work: impl Fn(Range<usize>) -> T + Sync,
) -> Vec<T> {
    let size = size.max(1);
    let chunks = (0..count).step_by(size).map(|start| start..(start + size).min(count)).collect();
    run_in_parallel(chunks, threads, work)
}

/// Does `work` on each item and returns the results in order. A panic of `work` is the caller's.
pub(crate) fn run_in_parallel<I: Send, T: Send>(items: Vec<I>, threads: usize, work: impl Fn(I) -> T + Sync) -> Vec<T> {
    let count = items.len();
    if threads <= 1 || count <= 1 {
        return items.into_iter().map(work).collect();
    }
    let items = Mutex::new(items.into_iter().enumerate());
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || std::iter::from_fn(next).map(|(index, item)| (index, work(item))).collect::<Vec<_>>();
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        let started: Vec<_> = (1..threads.min(count)).map(|_| scope.spawn(worker)).collect();
        let mut results = worker();
        for thread in started {
            results.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_on_any_number_of_threads() {
        for threads in [0, 1, 2, 7] {
            let found = run_in_chunks(1_000, 3, threads, Iterator::collect::<Vec<_>>);
            assert_eq!(found.concat(), (0..1_000).collect::<Vec<_>>());
        }
        assert!(run_in_chunks(0, 3, 2, |range| range.len()).is_empty());
    }
}
