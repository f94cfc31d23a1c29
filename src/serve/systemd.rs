//! Notifications to systemd by a process whose unit has `Type=notify`: that it serves, that it
//! stops, and, with `WatchdogSec=`, that it is alive. Nothing is sent without `NOTIFY_SOCKET`.

use std::{env, process, time::Duration};

/// Time that a message waits for room in systemd's queue: a lost `READY=1` would be a failed start.
#[cfg(unix)]
const SEND_TIMEOUT: Duration = Duration::from_secs(1);

/// Reports that the process serves, or runs jobs. From now on its watchdog, if there is one, is
/// notified until the process ends.
pub(super) fn ready() {
    notify("READY=1");
    if let Some(time_limit) = watchdog_timeout(&|name| env::var(name).ok()) {
        tokio::spawn(async move {
            loop {
                // A task: if the runtime runs no tasks any more, systemd is not notified.
                notify("WATCHDOG=1");
                tokio::time::sleep(time_limit / 2).await;
            }
        });
    }
}

/// Reports that the process is stopping, and finishes its work.
pub(super) fn stopping() {
    notify("STOPPING=1");
}

/// Returns the longest silence that the watchdog of this process permits. None if there is no
/// watchdog, or that of another process.
fn watchdog_timeout(variable: &dyn Fn(&str) -> Option<String>) -> Option<Duration> {
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
    let address = socket_address(name)?;
    let socket = std::os::unix::net::UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(SEND_TIMEOUT))?;
    socket.send_to_addr(state.as_bytes(), &address).map(drop)
}

/// A path, or a name of Linux's abstract namespace, which begins with `@`.
#[cfg(target_os = "linux")]
fn socket_address(name: &std::ffi::OsStr) -> std::io::Result<std::os::unix::net::SocketAddr> {
    use std::os::{linux::net::SocketAddrExt, unix::ffi::OsStrExt};

    match name.as_bytes().strip_prefix(b"@") {
        Some(name) => std::os::unix::net::SocketAddr::from_abstract_name(name),
        None => std::os::unix::net::SocketAddr::from_pathname(name),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn socket_address(name: &std::ffi::OsStr) -> std::io::Result<std::os::unix::net::SocketAddr> {
    std::os::unix::net::SocketAddr::from_pathname(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watchdog_is_heard_by_the_process_that_it_names() {
        let own = process::id().to_string();
        let patience = |usec: Option<&str>, pid: Option<&str>| {
            watchdog_timeout(&|name| {
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
