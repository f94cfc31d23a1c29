use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use entrepot::{
    graphql::{
        code::Code,
        limits::Limits,
        quota::{CredentialKind, QuotaSubject, Share},
        schema_index::SchemaIndex,
        session::{Authenticator, Documents, Refused, RequestMeta, Session},
    },
    http::{AlwaysReady, Front, Listener, Parts, Settings, TlsServer, router, serve},
    live::socket::Anonymous,
    rate_limit::{Allowance, Key, RateLimiter, Redis},
};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinHandle,
};
use uuid::Uuid;

use super::schema::{Caller, Ran, schema, validator};

/// A running front. Stops with the test's runtime.
pub struct FrontServer {
    pub address: SocketAddr,
    pub ran: Ran,
    /// Number of calls of the validator.
    pub validated: Arc<AtomicU32>,
    pub revoke: Arc<watch::Sender<bool>>,
    pub stop: Option<oneshot::Sender<()>>,
    pub served: JoinHandle<std::io::Result<()>>,
}

impl FrontServer {
    pub async fn new() -> Self {
        Self::with(Limits::default(), Settings::default()).await
    }

    pub async fn limited(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        Self::with(limits, Settings::default()).await
    }

    pub async fn set(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        change(&mut settings);
        Self::with(Limits::default(), settings).await
    }

    pub async fn with(limits: Limits, settings: Settings) -> Self {
        Self::node(limits, settings, None).await
    }

    /// One node of several that share a Redis.
    pub async fn node(limits: Limits, settings: Settings, redis: Option<Redis>) -> Self {
        Self::listening(limits, settings, redis, None).await
    }

    /// A node that accepts TLS only.
    pub async fn secured(limits: Limits, tls: TlsServer) -> Self {
        Self::listening(limits, open_to_all(), None, Some(tls)).await
    }

    async fn listening(limits: Limits, settings: Settings, redis: Option<Redis>, tls: Option<TlsServer>) -> Self {
        let (ran, validated) = (Ran::default(), Arc::<AtomicU32>::default());
        let revoke = Arc::new(watch::Sender::new(false));
        let ids = AtomicU32::new(0);
        let schema = schema(ran.clone());
        let front = Front::new(Parts {
            schema_index: Arc::new(SchemaIndex::of(&schema.sdl()).unwrap()),
            executor: schema,
            validator: Some(validator(validated.clone())),
            authenticator: Arc::new(Door { revoked: revoke.subscribe() }),
            readiness: Arc::new(AlwaysReady),
            now: Arc::new(now),
            new_id: Arc::new(move || format!("req_{}", ids.fetch_add(1, Ordering::Relaxed))),
            limits: limits.clone(),
            rate_limiter: RateLimiter::new(Arc::new(now), redis),
            settings,
        });
        let drain = front.drain.clone();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = serve(Listener { tcp, tls }, router(Arc::new(front)), limits, drain, async {
            let _ = stopped.await;
        });
        let served = tokio::spawn(serving);
        Self { address, ran, validated, revoke, stop: Some(stop), served }
    }

    /// Returns how many resolvers have run.
    pub fn ran(&self) -> u32 {
        self.ran.0.load(Ordering::Relaxed)
    }
}

pub fn open_to_all() -> Settings {
    Settings { anonymous_sockets: Anonymous::Accept, ..Settings::default() }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64
}

/// Returns the ID for a name.
pub fn named(name: &str) -> Uuid {
    Uuid::from_u128(Key::named("test", name).id)
}

/// Returns the share of a key named `part+…` in the budget of the integration behind the plus.
fn share(subject: &str) -> Option<Share> {
    subject.starts_with("part+").then(|| Share { id: named("part"), allowance: Allowance::within(10, 3_600) })
}

/// Tokens are `user`, `user@tenant` or `user-milliseconds of life`; `pinned` may send trusted documents only, `part+whole` has ten points of those of `whole`; `bad` is refused, `wait` must wait, `where` is called by its address, `stuck` never answers, `panic` panics.
struct Door {
    revoked: watch::Receiver<bool>,
}

#[async_trait]
impl Authenticator for Door {
    async fn open(&self, bearer: Option<&str>, meta: &RequestMeta<'_>) -> Result<Session, Refused> {
        let token = bearer.unwrap_or("anonymous").to_owned();
        let (user, life) = token.split_once('-').map_or((token.as_str(), None), |(user, life)| (user, life.parse().ok()));
        match user {
            "bad" => return Err(Refused::unauthenticated()),
            "stuck" => tokio::time::sleep(Duration::from_hours(1)).await,
            "panic" => panic!("on purpose"),
            "wait" => {
                let refused = Refused::new(Code::RateLimited, "too many requests");
                return Err(Refused { retry_after_ms: Some(1_500), ..refused });
            }
            _ => {}
        }
        let user = if user == "where" { format!("{:?}", meta.address) } else { user.to_owned() };
        let subject: Arc<str> = user.as_str().into();
        Ok(Session {
            expires_at: life.map(|life: i64| now() + life * 1_000),
            anonymous: bearer.is_none(),
            quota_subject: match bearer {
                None => QuotaSubject::Address(meta.address),
                Some(_) => QuotaSubject::Credential {
                    kind: CredentialKind::Member,
                    id: named(subject.rsplit('+').next().unwrap_or(&subject)),
                    tenant: named(subject.split('@').nth(1).unwrap_or("acme")),
                    share: share(&subject),
                },
            },
            key: None,
            documents: if user == "pinned" { Documents::Trusted } else { Documents::Any }.into(),
            subject,
            revoked: Some(self.revoked.clone()),
            attach: Arc::new(move |request| request.data(Caller(user.clone()))),
            likeness: None,
        })
    }
}
