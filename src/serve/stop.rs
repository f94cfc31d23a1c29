//! How a process is asked to stop: once to finish what it does, twice to end at once.

/// Done when the process is asked to stop. Whoever asks once more does not wait: the process ends there and then, as if it had been killed,
/// which it is made to bear.
pub async fn stopped() {
    let mut signals = StopSignals::listen();
    signals.next().await;
    super::systemd::stopping();
    tracing::info!("stopping: what runs is finished; asked once more, it ends at once");
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
        let hear = |kind: SignalKind, name: &str| {
            signal(kind)
                .inspect_err(|err| tracing::warn!(%err, "{name} cannot be heard; another signal has to stop this node"))
                .ok()
        };
        Self { terminate: hear(SignalKind::terminate(), "SIGTERM"), interrupt: hear(SignalKind::interrupt(), "SIGINT") }
    }

    /// The signal's number.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            () = came(&mut self.terminate) => 15,
            () = came(&mut self.interrupt) => 2,
        }
    }
}

#[cfg(unix)]
async fn came(signal: &mut Option<tokio::signal::unix::Signal>) {
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
