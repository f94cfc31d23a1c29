//! Work of the processor beside what waits.

use crate::storage::Fault;

/// Runs work that takes the processor for milliseconds on a thread of its own, so that tasks beside it go on: the two halves of a report are summed at once.
///
/// # Errors
/// The work panicked, or the program ends.
pub async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|err| Fault::Broken(format!("a thread for work of the processor: {err}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_is_a_fault() {
        assert_eq!(run(|| 7).await.unwrap(), 7);
        let fault = run(|| -> u8 { panic!("a sum") }).await.unwrap_err();
        assert!(matches!(fault, Fault::Broken(_)), "{fault}");
    }
}
