//! Priority of threads that compute beside requests.

/// Lowers the priority of this thread, and of the threads and programs that it starts from now on. With a `nice` value of 10 it gets a tenth of what a
/// thread of a request gets on a busy core (sched(7)), and all of it on an idle one. It cannot be raised again, so a thread of the runtime's pool cannot be
/// lowered. On Linux alone: elsewhere a priority is that of the process.
pub fn lower(nice: i32) {
    #[cfg(target_os = "linux")]
    if let Err(err) = rustix::process::nice(nice) {
        static SAID: std::sync::Once = std::sync::Once::new();
        SAID.call_once(|| {
            tracing::warn!(error = %err, "threads of backups and passwords compete with requests: this process may not lower their priority");
        });
    }
    #[cfg(not(target_os = "linux"))]
    let _ = nice;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_lowered_with_those_that_it_starts_and_no_other() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let before = priority();
        let lowered = std::thread::spawn(move || {
            lower(3);
            (priority(), std::thread::spawn(priority).join().unwrap())
        });
        let after = (before + 3).min(19);
        assert_eq!(lowered.join().unwrap(), (after, after));
        assert_eq!(priority(), before);
    }
}
