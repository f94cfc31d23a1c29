//! Ports for the servers of a test.

use std::{
    fs::File,
    net::SocketAddr,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

const FIRST: u32 = 10_000;
const PORTS: u32 = 20_000;
const A_PROCESS: u32 = 100;
const RANGES: u32 = PORTS / A_PROCESS;

/// The range of this process, with its file. The file is locked until the process ends; programs
/// that the process starts do not inherit it.
static RANGE: LazyLock<(u32, File)> = LazyLock::new(|| {
    let mut ranges = (0..RANGES).map(|number| (std::process::id() + number) % RANGES);
    ranges.find_map(lock_range).expect("a range of ports that nobody has")
});

fn lock_range(range: u32) -> Option<(u32, File)> {
    let file = File::create(std::env::temp_dir().join(format!("entrepot-ports-{range}"))).ok()?;
    file.try_lock().ok().map(|()| (range, file))
}

/// Returns a free address of this machine. Each test process has its own range of ports, below
/// those that the system assigns: the system could assign one port to two concurrent callers, as
/// neither listens yet.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let port = FIRST + RANGE.0 * A_PROCESS + NEXT.fetch_add(1, Ordering::Relaxed) % A_PROCESS;
        let address = SocketAddr::from(([127, 0, 0, 1], port as u16));
        if std::net::TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
