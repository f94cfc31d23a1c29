//! Ports for the servers of a test.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
};

/// Returns a free address of this machine. Each test process has its own range of ports, below
/// those that the system assigns: the system could assign one port to two concurrent callers, as
/// neither listens yet.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 10_000;
    const PORTS: u32 = 20_000;
    const A_PROCESS: u32 = 32;
    loop {
        let port = FIRST + (std::process::id() * A_PROCESS + NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
        let address = SocketAddr::from(([127, 0, 0, 1], port as u16));
        if std::net::TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
