//! Outage of a server: one task tries to reach it, and callers that need a connection wait for that
//! task, at most until the server has been away for their patience.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout, timeout_at},
};

use super::{
    hosts::Login,
    sessions::{MAX_BACKOFF, MIN_BACKOFF, is_server_away},
};

/// Timeout of one try to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Minimum wait of a request that comes late in an outage.
const MIN_WAIT: Duration = Duration::from_millis(250);

/// Whether the server can be reached. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Outage(Arc<Inner>);

#[derive(Default)]
struct Inner {
    since: Mutex<Option<Instant>>,
    over: Notify,
}

impl Outage {
    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an outage: a try that began at `began` could not reach the server. A task retries
    /// until one does.
    pub(super) fn begin(&self, began: Instant, login: &Login) {
        {
            let mut since = self.since();
            if since.is_some() {
                return;
            }
            *since = Some(began);
        }
        let (ending, login) = (Ending(self.clone()), login.clone());
        tokio::spawn(async move {
            let mut pause = MIN_BACKOFF;
            while is_unreachable(&login).await {
                crate::clock::sleep(pause).await;
                pause = (2 * pause).min(MAX_BACKOFF);
            }
            drop(ending);
        });
    }

    /// Waits while the server is away; false when it has been away for longer than `patience`.
    pub(super) async fn is_over(&self, patience: Duration) -> bool {
        let mut over = pin!(self.0.over.notified());
        over.as_mut().enable();
        let Some(since) = *self.since() else { return true };
        let until = (since + patience).max(Instant::now() + MIN_WAIT);
        timeout_at(until, over).await.is_ok()
    }
}

async fn is_unreachable(login: &Login) -> bool {
    match timeout(CONNECT_TIMEOUT, login.connect()).await {
        Ok(Err(err)) => is_server_away(&err) || login.may_fail_over(&err),
        Ok(Ok(_)) => false,
        Err(_) => true,
    }
}

/// Guard that ends an outage: when the server was reached, and when the retrying task is dropped
/// with the runtime.
struct Ending(Outage);

impl Drop for Ending {
    fn drop(&mut self) {
        *self.0.since() = None;
        self.0.0.over.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sqlx::postgres::PgConnectOptions;

    use super::*;

    #[tokio::test]
    async fn who_comes_late_does_not_wait_as_long_as_the_first() {
        // The port is free again, so no server listens on it.
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).map_or(1, |at| at.port());
        let login = Login::alone(PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port));
        let (outage, began) = (Outage::default(), Instant::now());
        assert!(outage.is_over(Duration::ZERO).await, "nothing was lost");
        outage.begin(began, &login);
        assert!(!outage.is_over(Duration::from_millis(600)).await);
        assert!(began.elapsed() >= Duration::from_millis(600));
        let late = Instant::now();
        assert!(!outage.is_over(Duration::from_millis(600)).await);
        assert!(late.elapsed() < Duration::from_millis(500), "{:?}", late.elapsed());
    }
}
