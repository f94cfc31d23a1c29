//! What systemd hears of a process whose unit has `Type=notify`: that it serves, that it stops, and, with `WatchdogSec=`, that it is alive. Nothing is
//! sent without `NOTIFY_SOCKET`.

use std::{env, process, time::Duration};

/// How long a message waits for room in systemd's queue: `READY=1` that was lost would be a start that failed.
#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(1);

/// The process serves, or does jobs. From now on the watchdog hears of it until its end, if it wants to.
pub(super) fn ready() {
    notify("READY=1");
    if let Some(patience) = watchdog(&|name| env::var(name).ok()) {
        tokio::spawn(async move {
            loop {
                // A task: where none is run any more, systemd hears nothing.
                notify("WATCHDOG=1");
                tokio::time::sleep(patience / 2).await;
            }
        });
    }
}

/// The process was asked to stop, and finishes what it does.
pub(super) fn stopping() {
    notify("STOPPING=1");
}

/// How long the watchdog of this process bears silence. None where there is no watchdog, or that of another process.
fn watchdog(variable: &dyn Fn(&str) -> Option<String>) -> Option<Duration> {
    let is_other = variable("WATCHDOG_PID").is_some_and(|pid| pid != process::id().to_string());
    let micros: u64 = variable("WATCHDOG_USEC")?.parse().ok()?;
    (micros > 0 && !is_other).then_some(Duration::from_micros(micros))
}

#[cfg(unix)]
fn notify(state: &str) {
    let Some(name) = env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else { return };
    if let Err(err) = send(&name, state) {
        tracing::warn!(%err, state, "systemd cannot be notified");
    }
}

#[cfg(not(unix))]
fn notify(_: &str) {}

#[cfg(unix)]
fn send(name: &std::ffi::OsStr, state: &str) -> std::io::Result<()> {
    let address = address(name)?;
    let socket = std::os::unix::net::UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.send_to_addr(state.as_bytes(), &address).map(drop)
}

/// A path, or a name of Linux's abstract namespace, which begins with `@`.
#[cfg(target_os = "linux")]
fn address(name: &std::ffi::OsStr) -> std::io::Result<std::os::unix::net::SocketAddr> {
    use std::os::{linux::net::SocketAddrExt, unix::ffi::OsStrExt};

    match name.as_bytes().strip_prefix(b"@") {
        Some(name) => std::os::unix::net::SocketAddr::from_abstract_name(name),
        None => std::os::unix::net::SocketAddr::from_pathname(name),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn address(name: &std::ffi::OsStr) -> std::io::Result<std::os::unix::net::SocketAddr> {
    std::os::unix::net::SocketAddr::from_pathname(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watchdog_is_heard_by_the_process_that_it_names() {
        let own = process::id().to_string();
        let patience = |usec: Option<&str>, pid: Option<&str>| {
            watchdog(&|name| {
                let value = if name == "WATCHDOG_USEC" { usec } else { pid };
                value.map(str::to_owned)
            })
        };
        let minute = Some(Duration::from_mins(1));
        assert_eq!((patience(Some("60000000"), None), patience(Some("60000000"), Some(&own))), (minute, minute));
        for (usec, pid) in [(None, None), (Some("0"), None), (Some("often"), None), (Some("60000000"), Some("0"))] {
            assert_eq!(patience(usec, pid), None, "{usec:?} {pid:?}");
        }
    }
}
