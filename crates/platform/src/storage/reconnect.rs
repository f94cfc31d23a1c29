//! Tries to reach a server that is away, by one task for all callers.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{
    hosts::Login,
    outage::{Outage, OutageGuard},
    pool_limits::{MAX_BACKOFF, MIN_BACKOFF},
    sessions::is_server_away,
};

/// Timeout of one try to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

impl Outage {
    /// Begins an outage: a try that began at `start` could not reach the server. A task retries
    /// until one does.
    pub(super) fn begin(&self, start: Instant, login: &Login) {
        {
            let mut since = self.since();
            if since.is_some() {
                return;
            }
            *since = Some(start);
        }
        let (ending, login) = (OutageGuard(self.clone()), login.clone());
        tokio::spawn(async move {
            let mut pause = MIN_BACKOFF;
            while is_unreachable(&login).await {
                crate::clock::sleep(pause).await;
                pause = (2 * pause).min(MAX_BACKOFF);
            }
            drop(ending);
        });
    }
}

async fn is_unreachable(login: &Login) -> bool {
    match timeout(CONNECT_TIMEOUT, login.connect()).await {
        Ok(Err(err)) => is_server_away(&err) || login.may_fail_over(&err),
        Ok(Ok(_)) => false,
        Err(_) => true,
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
        let login = Login::single_host(PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port));
        let (outage, began, patience) = (Outage::default(), Instant::now(), Duration::from_secs(2));
        assert!(outage.is_over(Duration::ZERO).await, "nothing was lost");
        outage.begin(began, &login);
        assert!(!outage.is_over(patience).await);
        assert!(began.elapsed() >= patience);
        let late = Instant::now();
        assert!(!outage.is_over(patience).await);
        assert!(late.elapsed() < Duration::from_millis(1_500), "{:?}", late.elapsed());
    }
}
