//! Profiler of this process: only in a binary with the feature `profiling`, because it samples by
//! signals in each thread, and by an allocator that inspects each allocation.

use std::time::Duration;

use async_trait::async_trait;
use server::{ProfileError, ProfileKind};

pub struct ProcessProfiler;

#[cfg(not(feature = "profiling"))]
#[async_trait]
impl server::Profiler for ProcessProfiler {
    async fn profile(&self, _kind: ProfileKind, _time: Duration) -> Result<Vec<u8>, ProfileError> {
        Err(ProfileError::NotBuilt)
    }
}

#[cfg(feature = "profiling")]
#[async_trait]
impl server::Profiler for ProcessProfiler {
    async fn profile(&self, kind: ProfileKind, time: Duration) -> Result<Vec<u8>, ProfileError> {
        match kind {
            ProfileKind::Cpu => built::cpu(time).await,
            ProfileKind::Heap => built::heap(time).await,
        }
    }
}

#[cfg(feature = "profiling")]
mod built {
    use std::{fmt::Display, io::Write, time::Duration};

    use flate2::{Compression, write::GzEncoder};
    use platform::clock;
    use pprof::{ProfilerGuardBuilder, protos::Message};
    use server::ProfileError;

    /// Samples in a second of processor time: not in step with events of each hundredth.
    const SAMPLES_PER_SECOND: i32 = 99;
    /// A thread in one of these may hold a lock that unwinding needs.
    const UNWIND_BLOCKLIST: [&str; 4] = ["libc", "libgcc", "pthread", "vdso"];

    pub(super) async fn cpu(time: Duration) -> Result<Vec<u8>, ProfileError> {
        // The first one reads debug information, and takes memory for its samples.
        let begin = || {
            ProfilerGuardBuilder::default()
                .frequency(SAMPLES_PER_SECOND)
                .blocklist(&UNWIND_BLOCKLIST)
                .build()
                .map_err(profile_error)
        };
        let guard = blocking(begin).await?;
        clock::sleep(time).await;
        blocking(move || {
            let report = guard.report().build().map_err(profile_error)?;
            // Nothing is sampled from here on.
            drop(guard);
            let profile = report.pprof().map_err(profile_error)?;
            let mut zipped = GzEncoder::new(Vec::new(), Compression::default());
            zipped.write_all(&profile.encode_to_vec()).map_err(profile_error)?;
            zipped.finish().map_err(profile_error)
        })
        .await
    }

    /// Returns the memory in use of all allocations since the start, if the process was started so;
    /// else of the allocations in `time`.
    pub(super) async fn heap(time: Duration) -> Result<Vec<u8>, ProfileError> {
        let Some(control) = jemalloc_pprof::PROF_CTL.as_ref() else { return Err(ProfileError::NotEnabled) };
        let samples_always = control.lock().await.activated();
        if !samples_always {
            control.lock().await.activate().map_err(profile_error)?;
            clock::sleep(time).await;
        }
        let dumping = control.clone();
        let dump = blocking(move || dumping.blocking_lock().dump_pprof().map_err(profile_error)).await;
        if !samples_always {
            control.lock().await.deactivate().map_err(profile_error)?;
        }
        dump
    }

    async fn blocking<T, W>(work: W) -> Result<T, ProfileError>
    where
        T: Send + 'static,
        W: FnOnce() -> Result<T, ProfileError> + Send + 'static,
    {
        let result = tokio::task::spawn_blocking(work).await;
        result.unwrap_or_else(|_| Err(ProfileError::Failed("its thread panicked".to_owned())))
    }

    fn profile_error(error: impl Display) -> ProfileError {
        ProfileError::Failed(error.to_string())
    }
}
