//! Stop signals of a process: the first lets it finish its work, the second ends it at once.

/// Completes when the process is asked to stop. A second signal ends the process at once, as if it
/// had been killed, which is safe at any time.
pub async fn wait_for_shutdown() {
    let mut signals = StopSignals::listen();
    signals.next().await;
    super::systemd::stopping();
    tracing::info!("stopping: running work is finished; a second signal ends the process at once");
    tokio::spawn(async move {
        let signal = signals.next().await;
        tracing::warn!("ended at once");
        std::process::exit(128 + signal);
    });
}

#[cfg(unix)]
struct StopSignals {
    terminate: Option<tokio::signal::unix::Signal>,
    interrupt: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl StopSignals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let open_signal = |kind: SignalKind, name: &str| {
            signal(kind)
                .inspect_err(|err| tracing::warn!(%err, "{name} cannot be handled; stop this node with another signal"))
                .ok()
        };
        Self {
            terminate: open_signal(SignalKind::terminate(), "SIGTERM"),
            interrupt: open_signal(SignalKind::interrupt(), "SIGINT"),
        }
    }

    /// The signal's number.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            () = wait_signal(&mut self.terminate) => 15,
            () = wait_signal(&mut self.interrupt) => 2,
        }
    }
}

#[cfg(unix)]
async fn wait_signal(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

#[cfg(not(unix))]
struct StopSignals;

#[cfg(not(unix))]
impl StopSignals {
    fn listen() -> Self {
        Self
    }

    async fn next(&mut self) -> i32 {
        let _ = tokio::signal::ctrl_c().await;
        2
    }
}
