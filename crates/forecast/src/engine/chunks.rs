//! Parallel work on chunks of series, on several threads, with results in the order of the series.

use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
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
    let chunks = count.div_ceil(size);
    let range = |chunk: usize| chunk * size..((chunk + 1) * size).min(count);
    if threads <= 1 || chunks <= 1 {
        return (0..chunks).map(|chunk| work(range(chunk))).collect();
    }
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut results = Vec::new();
        loop {
            let chunk = next.fetch_add(1, Ordering::Relaxed);
            if chunk >= chunks {
                return results;
            }
            results.push((chunk, work(range(chunk))));
        }
    };
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        let started: Vec<_> = (1..threads.min(chunks)).map(|_| scope.spawn(worker)).collect();
        let mut results = worker();
        for thread in started {
            results.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    });
    results.sort_unstable_by_key(|(chunk, _)| *chunk);
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
