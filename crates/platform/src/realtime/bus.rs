//! Hints that nodes send one another through Redis: that a journal has new events, that rights
//! changed, that a session ended. A node that receives one reads the database; a node that misses
//! one finds out by its regular polls (heads every second, rights and sessions within five). So
//! Redis may be lost, flushed, late or wrong, and nothing is lost but time.

mod messages;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use entity::prelude::{SessionId, TenantId};
use redis::{
    AsyncConnectionConfig, Client, ProtocolVersion, PushInfo, PushKind, RedisError, Value, aio::MultiplexedConnection, cmd,
};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use self::messages::BusMessage;
use crate::{
    clock::{self, Clock},
    metrics::{self, Connected, Hint},
    storage::{ClusterNotices, Database, Fault, PendingNotices},
};

/// Timeout after which Redis counts as dead: a later hint is useless, as the poll comes first.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Time between two pings.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// Time between two tries to connect: the first, and the maximum.
const MIN_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(3);
/// Maximum received hints that wait to be processed. Further hints are dropped.
const HINT_QUEUE_CAPACITY: usize = 4_096;
/// Maximum hints sent as one message.
const MAX_HINTS_PER_MESSAGE: usize = 500;

/// A node's end of the channel. Clones share it.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

/// Cache of this node's rights and sessions, which is read again when another node changed them.
#[async_trait]
pub trait RightsCache: Send + Sync {
    /// Forgets the rights of one tenant.
    fn forget_rights(&self, tenant: TenantId);
    /// Reads the rights of open streams again.
    async fn refresh_rights(&self);
    /// Reads these sessions again; streams of ended ones close.
    async fn refresh_sessions(&self, sessions: &[SessionId]) -> Result<(), Fault>;
}

struct Inner {
    client: Client,
    channel: String,
    /// Name of this node on the channel: a node receives its own messages too.
    node: String,
    db: Database,
    rights_cache: Arc<dyn RightsCache>,
    /// Received hints of rights and sessions that are not processed yet.
    inbox: ClusterNotices,
    is_up: AtomicBool,
}

/// Commands that a Redis has: with the sharded ones a cluster keeps a channel on one of its nodes.
/// Redis before version 7 lacks them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sharded,
    Plain,
}

impl Kind {
    fn publish(self) -> &'static str {
        match self {
            Self::Sharded => "SPUBLISH",
            Self::Plain => "PUBLISH",
        }
    }
    fn subscribe(self) -> &'static str {
        match self {
            Self::Sharded => "SSUBSCRIBE",
            Self::Plain => "SUBSCRIBE",
        }
    }
}

impl Bus {
    /// Creates the bus without connecting. `deployment` is a value that all nodes of a database
    /// share; other deployments on the same Redis use other channels.
    ///
    /// # Errors
    /// The client's address is invalid.
    pub fn of(
        client: &Client,
        deployment: &[u8],
        (db, clock): (Database, &Clock),
        rights_cache: Arc<dyn RightsCache>,
    ) -> Result<Self, RedisError> {
        // RESP3 (Redis 6 or newer) pushes messages over the same connection as answers to commands.
        let info = client.get_connection_info().clone();
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(info.set_redis_settings(settings))?;
        let digest = Sha256::new().chain_update(b"hints").chain_update(deployment).finalize();
        let inbox = ClusterNotices::default();
        inbox.open();
        Ok(Self(Arc::new(Inner {
            client,
            channel: format!("entrepot:hints:{}", hex::encode(&digest[..8])),
            node: format!("{:08x}", clock.uuid().as_u128() as u32),
            db,
            rights_cache,
            inbox,
            is_up: AtomicBool::new(false),
        })))
    }

    /// Whether hints are sent and received now.
    pub fn is_up(&self) -> bool {
        self.0.is_up.load(Ordering::Relaxed)
    }

    /// Sends and receives hints until the process ends, through outages of Redis.
    pub async fn run(self) {
        tokio::join!(self.reconnect_forever(), self.refresh_hinted_rights());
    }

    async fn reconnect_forever(&self) {
        let mut pause = MIN_BACKOFF;
        loop {
            match self.connect().await {
                Ok((kind, connection, messages)) => {
                    tracing::info!(?kind, "hints go through Redis");
                    pause = MIN_BACKOFF;
                    self.set_connected(Connected::Yes);
                    let why = self.run_connection(kind, connection, messages).await;
                    self.set_connected(Connected::No);
                    tracing::warn!(
                        why,
                        "the connection to Redis is lost: other nodes' changes are found by polling, every second"
                    );
                }
                Err(error) => {
                    metrics::set_redis_connected(Connected::No);
                    tracing::debug!(%error, "Redis does not answer");
                }
            }
            clock::sleep(pause).await;
            pause = (pause * 2).min(MAX_BACKOFF);
        }
    }

    fn set_connected(&self, now: Connected) {
        self.0.is_up.store(now == Connected::Yes, Ordering::Relaxed);
        metrics::set_redis_connected(now);
        let cluster_notices = self.0.db.announcer().cluster_notices();
        match now {
            Connected::Yes => cluster_notices.open(),
            Connected::No => cluster_notices.close(),
        }
    }

    async fn connect(&self) -> Result<(Kind, MultiplexedConnection, mpsc::Receiver<String>), RedisError> {
        let (sender, receiver) = mpsc::channel(HINT_QUEUE_CAPACITY);
        // Called while the connection is read: it must not wait.
        let push_handler = move |push: PushInfo| -> Result<(), RedisError> {
            if let Some(text) = message_text(push)
                && sender.try_send(text).is_err()
            {
                metrics::count_hints(Hint::Lost, 1);
            }
            Ok(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(RESPONSE_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_push_sender(push_handler);
        let mut connection = self.0.client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut kind = Kind::Sharded;
        let subscribed: Result<(), RedisError> = self.subscribe(kind, &mut connection).await;
        if let Err(error) = subscribed {
            // Any error but I/O and timeouts means that Redis answers and does not know the
            // command.
            if error.is_io_error() || error.is_timeout() {
                return Err(error);
            }
            kind = Kind::Plain;
            self.subscribe(kind, &mut connection).await?;
        }
        Ok((kind, connection, receiver))
    }

    async fn subscribe(&self, kind: Kind, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        cmd(kind.subscribe()).arg(&self.0.channel).exec_async(connection).await
    }

    /// Sends and receives until the connection ends; returns the reason.
    async fn run_connection(
        &self,
        kind: Kind,
        connection: MultiplexedConnection,
        mut messages: mpsc::Receiver<String>,
    ) -> String {
        let message_loop = async {
            while let Some(text) = messages.recv().await {
                self.handle_message(&text);
            }
            "the connection has ended".to_owned()
        };
        tokio::select! {
            reason = message_loop => reason,
            reason = self.publish_notices(kind, connection.clone()) => reason,
            reason = ping_until_failure(connection) => reason,
        }
    }

    async fn publish_notices(&self, kind: Kind, mut connection: MultiplexedConnection) -> String {
        let cluster_notices = self.0.db.announcer().cluster_notices();
        loop {
            let messages = messages::of(cluster_notices.next().await);
            for chunk in messages.chunks(MAX_HINTS_PER_MESSAGE) {
                let mut pipeline = redis::pipe();
                for message in chunk {
                    pipeline.cmd(kind.publish()).arg(&self.0.channel).arg(message.encode_from_node(&self.0.node)).ignore();
                }
                if let Err(error) = pipeline.exec_async(&mut connection).await {
                    metrics::count_hints(Hint::Lost, chunk.len() as u64);
                    return error.to_string();
                }
                metrics::count_hints(Hint::Sent, chunk.len() as u64);
            }
        }
    }

    fn handle_message(&self, text: &str) {
        match BusMessage::parse(text) {
            Some((node, _)) if node == self.0.node => return,
            // A message of another version, or an invalid one: the regular polls find its change
            // anyway.
            None => return,
            Some((_, BusMessage::Head(tenant, head))) => self.0.db.announcer().hint(tenant, head),
            Some((_, BusMessage::Rights(tenant))) => self.0.inbox.rights(tenant),
            Some((_, BusMessage::Session(id))) => self.0.inbox.sessions(&[id]),
        }
        metrics::count_hints(Hint::Heard, 1);
    }

    /// Reads again the rights and sessions that hints named. A hint itself decides nothing.
    async fn refresh_hinted_rights(&self) {
        loop {
            let PendingNotices { rights, sessions, .. } = self.0.inbox.next().await;
            rights.into_iter().for_each(|tenant| self.0.rights_cache.forget_rights(tenant));
            self.0.rights_cache.refresh_rights().await;
            let sessions: Vec<SessionId> = sessions.into_iter().collect();
            if let Err(fault) = self.0.rights_cache.refresh_sessions(&sessions).await {
                tracing::warn!(error = %fault, "sessions of another node's message could not be checked");
            }
        }
    }
}

/// Sends a ping at intervals until one fails, and returns the error.
async fn ping_until_failure(mut connection: MultiplexedConnection) -> String {
    loop {
        clock::sleep(HEARTBEAT).await;
        if let Err(error) = cmd("PING").exec_async(&mut connection).await {
            return error.to_string();
        }
    }
}

/// Returns the text of a message; None for anything else that is pushed.
fn message_text(push: PushInfo) -> Option<String> {
    if !matches!(push.kind, PushKind::Message | PushKind::SMessage) {
        return None;
    }
    match push.data.into_iter().nth(1)? {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}
