//! Positions of sessions' writes in the Redis that nodes share. Tokens are signed: a writer with
//! access to that Redis can only remove a session's position. The session's reads are then as old
//! as a replica's may be.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use redis::{Client, RedisError, Script, aio::ConnectionManager, cmd};
use sha2::{Digest, Sha256};
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout},
};

use crate::{
    cache::remote::{CONNECT_TIMEOUT, get_connection},
    storage::replicas::Position,
};

/// Timeout of a request to Redis: the primary would have answered by then.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(20);
/// Time for which Redis is not used after it has not answered.
const RETRY_BACKOFF: Duration = Duration::from_secs(1);

/// KEYS: the session. ARGV: the position, in digits that sort as it does, with its token; seconds. The later of two positions stays, whichever
/// node comes last.
const STORE_POSITION_SCRIPT: &str = r"
local held = redis.call('GET', KEYS[1])
if held and held > ARGV[1] then
  redis.call('EXPIRE', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
return 1
";

/// Error: Redis did not answer in time, or is not used since it did not.
pub(super) struct RedisUnavailable;

pub(super) struct SharedPositions {
    client: Client,
    connection: OnceCell<ConnectionManager>,
    prefix: String,
    store_script: Script,
    retention: Duration,
    silent_until: Mutex<Option<Instant>>,
}

impl SharedPositions {
    /// Creates the positions. They connect on first use.
    pub(super) fn of(client: Client, deployment: &[u8], ttl: Duration) -> Self {
        let digest = Sha256::new().chain_update(b"positions").chain_update(deployment).finalize();
        let prefix = format!("entrepot:position:{}", hex::encode(&digest[..8]));
        let (connection, script) = (OnceCell::new(), Script::new(STORE_POSITION_SCRIPT));
        Self { client, connection, prefix, store_script: script, retention: ttl, silent_until: Mutex::default() }
    }

    /// Returns the token of the session's last write, if it has written within the last seconds.
    pub(super) async fn get(&self, session: u128) -> Result<Option<String>, RedisUnavailable> {
        let entry = self
            .with_timeout(async {
                let mut connection = self.connection().await?;
                cmd("GET").arg(self.key(session)).query_async::<Option<String>>(&mut connection).await
            })
            .await?;
        Ok(entry.and_then(|entry| entry.split_once(':').map(|(_, token)| token.to_owned())))
    }

    /// Publishes a write to other nodes, if Redis accepts it.
    pub(super) async fn put(&self, session: u128, position: Position, token: &str) {
        let Position { timeline, lsn } = position;
        let entry = format!("{timeline:016x}{lsn:016x}:{token}");
        let store = self.with_timeout(async {
            let mut connection = self.connection().await?;
            self.store_script
                .key(self.key(session))
                .arg(entry)
                .arg(self.retention.as_secs())
                .invoke_async::<i64>(&mut connection)
                .await
        });
        if store.await.is_err() {
            tracing::debug!("Redis could not store the position of a write: other nodes get it only from the client");
        }
    }

    fn key(&self, session: u128) -> String {
        format!("{}:{session:032x}", self.prefix)
    }

    async fn with_timeout<T>(&self, request: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisUnavailable> {
        if self.lock_silent_until().is_some_and(|pause_end| pause_end > Instant::now()) {
            return Err(RedisUnavailable);
        }
        // The first question has the time of a connection.
        let patience = if self.connection.initialized() { RESPONSE_TIMEOUT } else { CONNECT_TIMEOUT };
        if let Ok(Ok(response)) = timeout(patience, request).await {
            return Ok(response);
        }
        *self.lock_silent_until() = Some(Instant::now() + RETRY_BACKOFF);
        Err(RedisUnavailable)
    }

    fn lock_silent_until(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.silent_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connection(&self) -> Result<ConnectionManager, RedisError> {
        get_connection(&self.connection, &self.client).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_redis_that_does_not_answer_is_left_alone_for_a_while() {
        let nobody = Client::open("redis://127.0.0.1:1").unwrap();
        let shared = SharedPositions::of(nobody, b"deployment", Duration::from_secs(10));
        assert!(shared.get(7).await.is_err());
        let began = Instant::now();
        for _ in 0..100 {
            assert!(shared.get(7).await.is_err());
            shared.put(7, Position { timeline: 1, lsn: 2 }, "token").await;
        }
        assert!(began.elapsed() < RETRY_BACKOFF, "nobody waits for it meanwhile: {:?}", began.elapsed());
    }

    #[test]
    fn what_is_held_sorts_as_positions_do() {
        let held = |timeline: i64, lsn: i64| format!("{timeline:016x}{lsn:016x}:token");
        assert!(held(1, 9) < held(1, 10) && held(1, i64::MAX) < held(2, 1));
    }
}
