//! Lookups of the names of receivers, in threads of their own.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::Arc,
    thread,
};

use tokio::sync::{Semaphore, oneshot};

/// Maximum lookups at once, including those that nobody waits for any more.
const MAX_LOOKUPS: usize = 256;

/// Looks up names by the system's resolver, which may block for longer than its callers wait. In a
/// thread of the runtime's pool it would take that from files and imports, and the runtime would
/// wait for it at its end. Clones share the limit.
#[derive(Clone)]
pub(super) struct NameLookups(Arc<Semaphore>);

impl Default for NameLookups {
    fn default() -> Self {
        Self::with_limit(MAX_LOOKUPS)
    }
}

impl NameLookups {
    fn with_limit(limit: usize) -> Self {
        Self(Arc::new(Semaphore::new(limit)))
    }

    /// The addresses of a name, each with port 0.
    pub async fn addresses(&self, name: String) -> io::Result<Vec<SocketAddr>> {
        self.run_detached(move || (name.as_str(), 0).to_socket_addrs().map(Iterator::collect)).await
    }

    /// Runs a blocking call in a thread that nothing joins. A caller that gives up leaves it to end
    /// by itself.
    async fn run_detached<T: Send + 'static>(&self, call: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(io::Error::other)?;
        let (sender, receiver) = oneshot::channel();
        thread::Builder::new().name("name-lookup".to_owned()).spawn(move || {
            let outcome = call();
            drop(permit);
            // The caller may have given up.
            let _ = sender.send(outcome);
        })?;
        receiver.await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use tokio::time::{Instant, timeout};

    use super::*;

    const MOMENT: Duration = Duration::from_millis(50);
    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn nothing_waits_for_a_lookup_that_hangs() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (finish, is_finished) = mpsc::channel::<()>();
        let started_at = Instant::now();
        runtime.block_on(async {
            let lookups = NameLookups::with_limit(1);
            let hanging = lookups.run_detached(move || is_finished.recv_timeout(2 * PATIENCE).map_err(io::Error::other));
            assert!(timeout(MOMENT, hanging).await.is_err(), "its caller gives up");
            assert!(timeout(MOMENT, lookups.addresses("localhost".to_owned())).await.is_err(), "it counts until it ends");
        });
        drop(runtime);
        assert!(started_at.elapsed() < PATIENCE, "the runtime ended after {:?}", started_at.elapsed());
        finish.send(()).unwrap();
    }

    #[tokio::test]
    async fn a_lookup_that_has_ended_makes_room_for_the_next() {
        let lookups = NameLookups::with_limit(1);
        for _ in 0..3 {
            let addresses = timeout(PATIENCE, lookups.addresses("localhost".to_owned())).await.unwrap().unwrap();
            assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 0), "{addresses:?}");
            let failed = lookups.run_detached(|| Err::<(), _>(io::Error::other("no such name")));
            assert!(timeout(PATIENCE, failed).await.unwrap().is_err());
        }
    }
}
