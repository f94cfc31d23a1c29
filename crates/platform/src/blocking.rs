//! CPU-bound computations beside asynchronous tasks.

use crate::storage::Fault;

/// Runs a CPU-bound computation of milliseconds or more on a thread of its own, so that other tasks
/// continue. A fault begins with `name`, as in "a model of tags".
///
/// # Errors
/// The computation panicked, or the program ends.
pub async fn run<T: Send + 'static>(name: &'static str, compute: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(compute).await.map_err(|err| Fault::Broken(format!("{name}: {err}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_computation_that_panics_is_a_fault_with_its_name() {
        assert_eq!(run("a sum", || 7).await.unwrap(), 7);
        let fault = run("a sum", || -> u8 { panic!("too large") }).await.unwrap_err();
        assert!(matches!(&fault, Fault::Broken(text) if text.starts_with("a sum: ")), "{fault}");
    }
}
