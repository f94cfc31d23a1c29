//! What nodes tell one another through Redis: that a journal went on, that rights changed, that a session ended. Hints only. Whoever hears one looks
//! into the database; whoever misses one finds out by the looks that are taken anyway (heads every second, rights and sessions within five).
//! So Redis may be lost, flushed, late or lie, and nothing is lost but time.

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
    storage::{ClusterNotices, Database, Fault, News},
};

/// How long Redis may take for an answer before it is taken for dead: later a hint is worth nothing, for the poll has been there.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two signs of life that are asked for.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// Between two tries to connect: the first, and the longest it grows to.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// Hints that wait to be taken in. What comes beyond is dropped.
const WAITING: usize = 4_096;
/// Hints that are sent as one.
const AT_ONCE: usize = 500;

/// A node's end of the channel. Clones are the same end.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

/// What this node remembers of rights and sessions, and has to read again when another node changed them.
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
    /// Who we are among those who talk: our own words come back to us.
    node: String,
    db: Database,
    rights_cache: Arc<dyn RightsCache>,
    /// What was heard of rights and sessions and is yet to be looked at.
    inbox: ClusterNotices,
    is_up: AtomicBool,
}

/// Which commands a Redis knows: with the sharded ones a cluster keeps a channel on one of its nodes. Before Redis 7 there are none.
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
    /// Nothing is connected yet. `deployment` is what all nodes of a database know alike; other deployments on the same Redis have other channels.
    ///
    /// # Errors
    /// The client's address is not one.
    pub fn of(
        client: &Client,
        deployment: &[u8],
        (db, clock): (Database, &Clock),
        rights_cache: Arc<dyn RightsCache>,
    ) -> Result<Self, RedisError> {
        // All that is wanted is pushed over one connection, beside the answers to what is asked: RESP3, Redis 6 or newer.
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

    /// Whether hints are sent and heard now.
    pub fn is_up(&self) -> bool {
        self.0.is_up.load(Ordering::Relaxed)
    }

    /// Talks and listens until the process ends, whatever becomes of Redis.
    pub async fn run(self) {
        tokio::join!(self.stay_connected(), self.look_into_what_was_heard());
    }

    async fn stay_connected(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.connect().await {
                Ok((kind, connection, heard)) => {
                    tracing::info!(?kind, "hints go through Redis");
                    pause = FIRST_PAUSE;
                    self.stands(Connected::Yes);
                    let why = self.talk(kind, connection, heard).await;
                    self.stands(Connected::No);
                    tracing::warn!(why, "Redis is lost: other nodes' changes are found by looking, every second");
                }
                Err(error) => {
                    metrics::redis(Connected::No);
                    tracing::debug!(%error, "Redis does not answer");
                }
            }
            clock::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn stands(&self, now: Connected) {
        self.0.is_up.store(now == Connected::Yes, Ordering::Relaxed);
        metrics::redis(now);
        let cluster_notices = self.0.db.announcer().cluster_notices();
        match now {
            Connected::Yes => cluster_notices.open(),
            Connected::No => cluster_notices.close(),
        }
    }

    async fn connect(&self) -> Result<(Kind, MultiplexedConnection, mpsc::Receiver<String>), RedisError> {
        let (sender, heard) = mpsc::channel(WAITING);
        // Called where the connection is read: it must not wait.
        let taken = move |push: PushInfo| -> Result<(), RedisError> {
            if let Some(text) = text_of(push)
                && sender.try_send(text).is_err()
            {
                metrics::hints(Hint::Lost, 1);
            }
            Ok(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_push_sender(taken);
        let mut connection = self.0.client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut kind = Kind::Sharded;
        let subscribed: Result<(), RedisError> = self.subscribe(kind, &mut connection).await;
        if let Err(error) = subscribed {
            // It is there and does not know the command; any other error is the connection's.
            if error.is_io_error() || error.is_timeout() {
                return Err(error);
            }
            kind = Kind::Plain;
            self.subscribe(kind, &mut connection).await?;
        }
        Ok((kind, connection, heard))
    }

    async fn subscribe(&self, kind: Kind, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        cmd(kind.subscribe()).arg(&self.0.channel).exec_async(connection).await
    }

    /// Until the connection ends; why it did.
    async fn talk(&self, kind: Kind, connection: MultiplexedConnection, mut heard: mpsc::Receiver<String>) -> String {
        let listening = async {
            while let Some(text) = heard.recv().await {
                self.hear(&text);
            }
            "the connection has ended".to_owned()
        };
        tokio::select! {
            why = listening => why,
            why = self.tell(kind, connection.clone()) => why,
            why = beat(connection) => why,
        }
    }

    async fn tell(&self, kind: Kind, mut connection: MultiplexedConnection) -> String {
        let cluster_notices = self.0.db.announcer().cluster_notices();
        loop {
            let messages = messages::of(cluster_notices.next().await);
            for some in messages.chunks(AT_ONCE) {
                let mut pipe = redis::pipe();
                for word in some {
                    pipe.cmd(kind.publish()).arg(&self.0.channel).arg(word.said_by(&self.0.node)).ignore();
                }
                if let Err(error) = pipe.exec_async(&mut connection).await {
                    metrics::hints(Hint::Lost, some.len() as u64);
                    return error.to_string();
                }
                metrics::hints(Hint::Sent, some.len() as u64);
            }
        }
    }

    fn hear(&self, text: &str) {
        match BusMessage::parse(text) {
            Some((node, _)) if node == self.0.node => return,
            // Another version's, or nonsense: the looks that are taken anyway find whatever it was about.
            None => return,
            Some((_, BusMessage::Head(tenant, head))) => self.0.db.announcer().hint(tenant, head),
            Some((_, BusMessage::Rights(tenant))) => self.0.inbox.rights(tenant),
            Some((_, BusMessage::Session(id))) => self.0.inbox.sessions(&[id]),
        }
        metrics::hints(Hint::Heard, 1);
    }

    /// A hint decides nothing: what it names is read anew.
    async fn look_into_what_was_heard(&self) {
        loop {
            let News { rights, sessions, .. } = self.0.inbox.next().await;
            rights.into_iter().for_each(|tenant| self.0.rights_cache.forget_rights(tenant));
            self.0.rights_cache.refresh_rights().await;
            let sessions: Vec<SessionId> = sessions.into_iter().collect();
            if let Err(fault) = self.0.rights_cache.refresh_sessions(&sessions).await {
                tracing::warn!(error = %fault, "sessions that another node spoke of could not be looked at");
            }
        }
    }
}

/// Asks for a sign of life now and then, until there is none.
async fn beat(mut connection: MultiplexedConnection) -> String {
    loop {
        clock::sleep(HEARTBEAT).await;
        if let Err(error) = cmd("PING").exec_async(&mut connection).await {
            return error.to_string();
        }
    }
}

/// The text of a message; of anything else that is pushed, nothing.
fn text_of(push: PushInfo) -> Option<String> {
    if !matches!(push.kind, PushKind::Message | PushKind::SMessage) {
        return None;
    }
    match push.data.into_iter().nth(1)? {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}
