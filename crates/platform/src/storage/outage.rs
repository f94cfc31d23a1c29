//! A server that nobody can reach: one task tries to, and whoever needs a connection waits for that one, not longer than it has been away for.

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
    sessions::{FIRST_PAUSE, LONGEST_PAUSE, is_away},
};

/// How long one try to connect may take.
const TRY: Duration = Duration::from_secs(3);
/// Whoever comes late waits for so long.
const LEAST: Duration = Duration::from_millis(250);

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

    /// The server could not be reached, for a try that began then. Somebody tries from now on until it can be.
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
            let mut pause = FIRST_PAUSE;
            while is_out_of_reach(&login).await {
                crate::clock::sleep(pause).await;
                pause = (2 * pause).min(LONGEST_PAUSE);
            }
            drop(ending);
        });
    }

    /// Waits while the server is away; false when it has been away for longer than `patience`.
    pub(super) async fn is_over(&self, patience: Duration) -> bool {
        let mut over = pin!(self.0.over.notified());
        over.as_mut().enable();
        let Some(since) = *self.since() else { return true };
        let until = (since + patience).max(Instant::now() + LEAST);
        timeout_at(until, over).await.is_ok()
    }
}

async fn is_out_of_reach(login: &Login) -> bool {
    match timeout(TRY, login.connect()).await {
        Ok(Err(err)) => is_away(&err) || login.may_move(&err),
        Ok(Ok(_)) => false,
        Err(_) => true,
    }
}

/// Ends an outage: when the server was reached, and when nobody tries any more because the runtime has ended.
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
        // Nobody listens there: the port is given back at once.
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
