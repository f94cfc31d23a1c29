//! Lookups of the names of receivers, in threads of their own.

use std::{
    collections::HashMap,
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::watch;

/// Maximum lookups at once, including those that nobody waits for any more.
const MAX_LOOKUPS: usize = 256;

/// Addresses of a name, each with port 0, or the kind and the text of the failure; None until then.
type Outcome = Option<Result<Vec<SocketAddr>, (io::ErrorKind, String)>>;

/// Looks up names by the system's resolver, which may block for longer than its callers wait. In a
/// thread of the runtime's pool it would take that from files and imports, and the runtime would
/// wait for it at its end. A name is looked up once at a time, for all who ask. Clones share the
/// limit.
#[derive(Clone)]
pub(super) struct NameLookups {
    running: Running,
    limit: usize,
}

impl Default for NameLookups {
    fn default() -> Self {
        Self { running: Running::default(), limit: MAX_LOOKUPS }
    }
}

impl NameLookups {
    /// The addresses of a name, each with port 0.
    ///
    /// # Errors
    /// The name is not resolved; `ResourceBusy` if too many lookups run.
    pub async fn addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        self.share(name, |name| (name, 0).to_socket_addrs().map(Iterator::collect)).await
    }

    /// Waits for the lookup of the name that runs, or starts one in a thread that nothing joins. A
    /// caller that gives up leaves it to end by itself.
    async fn share(
        &self,
        name: &str,
        look_up: impl FnOnce(&str) -> io::Result<Vec<SocketAddr>> + Send + 'static,
    ) -> io::Result<Vec<SocketAddr>> {
        let mut outcome = self.join_or_start(name, look_up)?;
        let found = outcome.wait_for(Option::is_some).await.map_err(io::Error::other)?.clone();
        found.unwrap_or_else(|| Ok(Vec::new())).map_err(|(kind, text)| io::Error::new(kind, text))
    }

    fn join_or_start(
        &self,
        name: &str,
        look_up: impl FnOnce(&str) -> io::Result<Vec<SocketAddr>> + Send + 'static,
    ) -> io::Result<watch::Receiver<Outcome>> {
        let mut names = self.running.names();
        if let Some(outcome) = names.get(name) {
            return Ok(outcome.clone());
        }
        if names.len() >= self.limit {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "too many names are looked up at once"));
        }
        let (sender, outcome) = watch::channel(None);
        names.insert(name.to_owned(), outcome.clone());
        drop(names);
        let lookup = Lookup { running: self.running.clone(), name: name.to_owned() };
        thread::Builder::new().name("name-lookup".to_owned()).spawn(move || {
            let found = look_up(&lookup.name).map_err(|err| (err.kind(), err.to_string()));
            drop(lookup);
            // Its callers may have given up.
            let _ = sender.send(Some(found));
        })?;
        Ok(outcome)
    }
}

/// Outcomes of the lookups that run, by name.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<HashMap<String, watch::Receiver<Outcome>>>>);

impl Running {
    fn names(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<Outcome>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lookup that runs, until it is dropped.
struct Lookup {
    running: Running,
    name: String,
}

impl Drop for Lookup {
    fn drop(&mut self) {
        self.running.names().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, sync::mpsc, time::Duration};

    use tokio::time::{Instant, timeout};

    use super::*;

    const MOMENT: Duration = Duration::from_millis(50);
    const PATIENCE: Duration = Duration::from_secs(20);

    fn one_at_a_time() -> NameLookups {
        NameLookups { running: Running::default(), limit: 1 }
    }

    /// A lookup that ends when something is sent.
    fn hanging() -> (mpsc::Sender<()>, impl FnOnce(&str) -> io::Result<Vec<SocketAddr>> + Send + 'static) {
        let (finish, is_finished) = mpsc::channel();
        (finish, move |_: &str| {
            is_finished.recv_timeout(2 * PATIENCE).map_err(io::Error::other)?;
            Ok(vec![SocketAddr::from(([192, 0, 2, 1], 0))])
        })
    }

    fn never(_: &str) -> io::Result<Vec<SocketAddr>> {
        panic!("the name is being looked up")
    }

    #[test]
    fn nothing_waits_for_a_lookup_that_hangs() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (finish, look_up) = hanging();
        let started_at = Instant::now();
        runtime.block_on(async {
            let lookups = one_at_a_time();
            assert!(timeout(MOMENT, lookups.share("one.example", look_up)).await.is_err(), "its caller gives up");
            let refused = timeout(PATIENCE, lookups.addresses("localhost")).await.unwrap().unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy, "it counts until it ends");
        });
        drop(runtime);
        assert!(started_at.elapsed() < PATIENCE, "the runtime ended after {:?}", started_at.elapsed());
        finish.send(()).unwrap();
    }

    #[tokio::test]
    async fn a_name_is_looked_up_once_for_all_who_ask() {
        let lookups = one_at_a_time();
        let (finish, look_up) = hanging();
        assert!(timeout(MOMENT, lookups.share("one.example", look_up)).await.is_err());
        let mut joined = pin!(lookups.share("one.example", never));
        assert!(timeout(MOMENT, &mut joined).await.is_err());
        finish.send(()).unwrap();
        let addresses = timeout(PATIENCE, joined).await.unwrap().unwrap();
        assert_eq!(addresses, [SocketAddr::from(([192, 0, 2, 1], 0))]);
    }

    #[tokio::test]
    async fn a_lookup_that_has_ended_makes_room_for_the_next() {
        let lookups = one_at_a_time();
        for _ in 0..3 {
            let addresses = timeout(PATIENCE, lookups.addresses("localhost")).await.unwrap().unwrap();
            assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 0), "{addresses:?}");
            let failed = lookups.share("two.example", |_| Err(io::Error::other("no such name")));
            assert_eq!(timeout(PATIENCE, failed).await.unwrap().unwrap_err().to_string(), "no such name");
            let broken = lookups.share("three.example", never);
            assert!(timeout(PATIENCE, broken).await.unwrap().is_err(), "one that panics ends too");
        }
    }
}
