//! A node: the rooms put together, the front door opened, the jobs started.

pub mod audit;
pub mod job_registry;
pub mod backup;
mod bulk_executor;
pub mod copy;
#[cfg(unix)]
pub mod descriptors;
mod settings;
mod database;
mod authenticator;
pub mod epoch;
pub mod facts;
pub mod file_modes;
mod metrics_server;
pub mod file_store;
pub mod docs;
pub mod doctor;
pub mod emergency;
mod idle;
mod tenant_plans;
mod tenant_provisioner;
mod key_set;
pub mod keys;
mod leaked_keys;
mod memory;
pub mod partitions;
mod profiler;
mod ready;
mod replicas;
mod rights_cache;
mod slow;
mod stop;
mod systemd;
pub mod tenant;
pub mod tenant_import;
pub mod versions;
mod view_links;
mod stdout;

use std::{future::Future, io, sync::Arc, time::Duration};

use api::{
    exchange::Wording,
    graphql::{limits::Limits, schema_index::Unreadable, trusted::TrustedError},
    schema::{self, EntrepotSchema, PendingSchema, ResolverServices, ValidatorBuild},
};
use iam::{
    access::{Access, Policies, PolicyError},
    identity::{self, Identity, Settings},
};
use inventory::{
    catalog::{self, Catalog},
    ledger::{Grouping, Ledger},
};
use platform::{
    audit::{Audit, AuditWriter},
    clock::Clock,
    jobs::{self, Jobs},
    metrics,
    paging::CursorSigner,
    rate_limit::{RateLimiter, Redis, RedisClient, RedisError},
    realtime::{self, Bus},
    secrets::{self, KeyRing, KeySource},
    storage::{Database, Fault, Options},
};
use server::{Front, Listener, Parts, Readiness, TlsError, TlsServer};
use services::{
    alerts::Alerts,
    exchange::{Engine, Exchange},
    files::{FileLocation, Files, core::link::Signer},
    saved_views::SavedViews,
    webhooks::{AllowedNetworks, JournalRetention, Sender, Webhooks},
};
use tokio::net::TcpListener;

use crate::config::{RunJobs, Serve};

use bulk_executor::{BulkExecutor, run_by};
use database::opened;
use file_store::FileStore;
use key_set::Keys;
use ready::Ready;
use rights_cache::NodeRightsCache;
use tenant_provisioner::TenantDefaults;

pub use {authenticator::NodeAuthenticator, database::migrated, stdout::say, stop::stopped};

/// Reason for which a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Fault(#[from] Fault),
    #[error("{0}")]
    Policy(#[from] PolicyError),
    #[error("cannot listen on {0}: {1}; choose another address")]
    Listen(std::net::SocketAddr, io::Error),
    #[error(
        "the database is {0} migration(s) behind this version: run `entrepot migrate` with the same --database-url, then start again"
    )]
    OldSchema(usize),
    #[error("{0}")]
    NewSchema(String),
    #[error(
        "the database may only be read: give this process the right to write its file and the folder around it, or give it another --database-url"
    )]
    ReadOnly,
    #[error(
        "--registration verified sends an e-mail to confirm a registration, and no mail server is set: give --mail, or --registration closed"
    )]
    NoLetters,
    #[error("--denied-passwords {0}: {1}")]
    DeniedPasswords(std::path::PathBuf, io::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Mail(#[from] identity::MailerError),
    #[error("{0}")]
    Redis(#[from] RedisError),
    #[error("{0}")]
    Schema(#[from] Unreadable),
    #[error("{0}")]
    Trusted(#[from] TrustedError),
    #[error("{0}")]
    Tls(#[from] TlsError),
}

fn limiter(clock: &Clock, redis: Option<Redis>) -> RateLimiter {
    let clock = clock.clone();
    RateLimiter::new(Arc::new(move || clock.monotonic().micros()), redis)
}

/// The rooms of a node, put together.
pub struct Node {
    pub db: Database,
    pub clock: Clock,
    pub identity: Identity,
    pub access: Access,
    pub catalog: Catalog,
    pub ledger: Ledger,
    pub schema: EntrepotSchema,
    pub limits: Limits,
    pub node_authenticator: Arc<NodeAuthenticator>,
    pub ring: KeyRing,
    pub rate_limiter: RateLimiter,
    pub audit: Audit,
    pub jobs: Jobs,
    pub webhooks: Webhooks,
    pub alerts: Alerts,
    pub files: Files,
    pub exchange: Exchange,
    pub saved_views: SavedViews,
    /// Executor of a mutation for each line of a file: the exchange can use it for as long as it is kept here.
    bulk_executor: Arc<dyn Engine>,
    /// Retention of the journal.
    pub keep: JournalRetention,
    /// Terms of the jobs that it runs beside the requests; None if others run them.
    pub workload: Option<jobs::Terms>,
    /// Schedule of backups by its workers, for an embedded database with backups.
    pub backups: Option<backup::BackupSchedule>,
    /// Command by which its workers list the backups of a Postgres, if they do.
    pub pgbackrest: Option<backup::PgBackRest>,
    /// Bus by which nodes announce changes to one another, if they share a Redis.
    pub bus: Option<Bus>,
    /// Bytes of memory that this process may use, if a limit is set.
    pub memory: Option<u64>,
    /// Whether it releases memory while it is idle.
    pub gives_memory_back: bool,
    /// Server of this node's metrics, if any.
    metrics_server: Option<metrics_server::MetricsServer>,
}

impl Node {
    /// Opens the database, which must be up to date, and builds the rooms on it.
    pub async fn open(
        url: &str,
        clock: Clock,
        settings: Settings,
        grouping: Grouping,
        keys: &KeySource,
    ) -> Result<Self, StartError> {
        Self::open_with_redis((None, None), url, Options::default(), clock, settings, grouping, keys).await
    }

    /// Like `open`, with budgets in a Redis that other nodes share, and with a schema whose building has begun.
    pub async fn open_with_redis(
        (redis, pending): (Option<Redis>, Option<PendingSchema>),
        url: &str,
        options: Options,
        clock: Clock,
        settings: Settings,
        grouping: Grouping,
        keys: &KeySource,
    ) -> Result<Self, StartError> {
        let rate_limiter = limiter(&clock, redis);
        let db = opened(url, options).await?;
        let ring = secrets::open(&db, keys, &clock).await?;
        memory::begin(&db, &ring);
        let audit_writer = AuditWriter::new(ring.clone(), clock.clone());
        let access = Access::audited(db.clone(), clock.clone(), Policies::load().await?, audit_writer.clone());
        let tenant_defaults = Arc::new(TenantDefaults { clock: clock.clone(), access: access.clone() });
        let identity = Identity::open(db.clone(), clock.clone(), settings, tenant_defaults, ring.clone()).await?;
        let secret = identity.cursor_secret().await?;
        let (signer, links) = (CursorSigner::new(secret), Signer::from_secret(&secret));
        let audit = Audit::start(db.clone(), audit_writer.clone())?;
        let ledger = Ledger::audited(db.clone(), clock.clone(), grouping, inventory::documents(), audit_writer.clone())?;
        let (limits, jobs) = (Limits::default(), Jobs::new(db.clone(), clock.clone()));
        let sender = Sender::new(AllowedNetworks::default(), clock.clone());
        let webhooks = Webhooks::new(identity.clone(), ring.clone(), access.clone(), sender, schema::events::registry());
        let alerts = Alerts::new(identity.clone(), access.clone(), audit_writer.clone());
        let node_authenticator = Arc::new(NodeAuthenticator::new(identity.clone(), access.clone()));
        let catalog = Catalog { db: db.clone(), clock: clock.clone(), signer: signer.clone() };
        let files = Files::new(db.clone(), clock.clone(), audit_writer.clone(), links, FileLocation::default_for(url));
        let exchange =
            Exchange::new((access.clone(), audit_writer), catalog.clone(), ledger.clone(), files.clone(), Arc::new(Wording));
        identity.use_shared_limiter(rate_limiter.clone());
        let saved_views = SavedViews::new(db.clone(), clock.clone(), files.clone());
        let rooms = ResolverServices {
            identity: identity.clone(),
            access: access.clone(),
            catalog: catalog.clone(),
            ledger: ledger.clone(),
            audit: audit.clone(),
            jobs: jobs.clone(),
            webhooks: webhooks.clone(),
            alerts: alerts.clone(),
            exchange: exchange.clone(),
            saved_views: saved_views.clone(),
            signer,
            limits: limits.clone(),
        };
        let (schema, given) = (schema::build_on(pending, rooms), (rate_limiter.clone(), clock.clone()));
        let executor = BulkExecutor::standalone(node_authenticator.clone(), (schema.clone(), limits.clone()), given);
        Ok(Self {
            db,
            clock,
            identity,
            access,
            catalog,
            ledger,
            schema,
            limits,
            node_authenticator,
            ring,
            rate_limiter,
            audit,
            jobs,
            webhooks,
            alerts,
            files,
            bulk_executor: run_by(executor, &exchange, &saved_views),
            exchange,
            saved_views,
            keep: JournalRetention::default(),
            workload: Some(jobs::Terms::default()),
            backups: None,
            pgbackrest: None,
            bus: None,
            memory: metrics::memory_limit(),
            gives_memory_back: false,
            metrics_server: None,
        })
    }

    /// Hints to and from other nodes, through this Redis.
    pub async fn connect_bus(&self, redis: &RedisClient) -> Result<Bus, StartError> {
        let deployment = self.identity.cursor_secret().await?;
        let rights_cache = NodeRightsCache { access: self.access.clone(), identity: self.identity.clone() };
        Bus::of(redis, &deployment, (self.db.clone(), &self.clock), Arc::new(rights_cache))
            .map_err(|err| RedisError::Address(err).into())
    }

    fn file_store(&self) -> FileStore {
        FileStore::new(self.files.clone(), self.identity.clone(), self.clock.clone())
    }

    fn readiness(&self, file_store: FileStore) -> Arc<dyn Readiness> {
        Arc::new(Ready::new(self.ledger.clone(), self.bus.clone(), file_store, self.memory))
    }

    /// Answers on the listener until `shutdown` is done.
    pub async fn serve<F>(
        self,
        judges: ValidatorBuild,
        listener: Listener,
        settings: server::Settings,
        drain_delay: Duration,
        shutdown: F,
    ) -> Result<(), StartError>
    where
        F: Future<Output = ()> + Send,
    {
        let (read, name) = (self.clock.clone(), self.clock.clone());
        let plans = tenant_plans::refresh_plans(self.db.clone(), settings.terms.plans.clone());
        let working = self.workload.map(|terms| self.start_jobs(terms));
        let shipping = self.backups.as_ref().map(|backups| backups.ship(&self.db, &self.clock)).transpose()?.flatten();
        let (limits, file_store) = (Limits { drain_delay, ..self.limits }, self.file_store());
        let (readiness, counting, metrics_server) = (self.readiness(file_store.clone()), self.counting(), self.metrics_server);
        let (schema_index, validator) = judges.made()?;
        let front = Arc::new(Front::new(Parts {
            executor: self.schema,
            validator: Some(validator),
            authenticator: self.node_authenticator.clone(),
            readiness: readiness.clone(),
            now: Arc::new(move || read.now().micros()),
            new_id: Arc::new(move || name.uuid().simple().to_string()),
            limits: limits.clone(),
            schema_index,
            rate_limiter: self.rate_limiter,
            settings,
        }));
        // The lines of a file run through the same operation service as requests.
        let executor = BulkExecutor::of(front.service.clone(), self.node_authenticator.clone());
        let bulk_executor = run_by(executor, &self.exchange, &self.saved_views);
        let drain = front.drain.clone();
        let (leaked_keys, looking_into) = leaked_keys::LeakedKeyReports::open(self.access.clone(), self.identity.clone());
        let routes = server::router(front.clone())
            .merge(server::leaked_keys(front.clone(), Arc::new(leaked_keys)))
            .merge(server::views(front.clone(), view_links::of(&self.saved_views, &self.node_authenticator)))
            .merge(server::files(front, self.files.clone()))
            .merge(server::key_set(Arc::new(Keys(self.identity.clone()))));
        let metrics_server = metrics_server.map(|server| server.serve(counting, readiness, drain.clone()));
        let mut background: Vec<_> = metrics_server.into_iter().map(tokio::spawn).collect();
        background.extend(self.bus.map(|bus| tokio::spawn(bus.run())));
        background.extend(self.gives_memory_back.then(|| tokio::spawn(idle::release_memory_when_idle(self.db.clone()))));
        background.extend([
            tokio::spawn(file_store.watch()),
            tokio::spawn(realtime::relay(self.db.clone())),
            tokio::spawn(self.access.clone().refresh_rights_forever()),
            tokio::spawn(catalog::jobs::warm(self.db.clone())),
            tokio::spawn(secrets::follow(self.ring)),
            tokio::spawn(identity::jobs::run(self.identity)),
            tokio::spawn(looking_into),
            tokio::spawn(plans),
        ]);
        // The listener is bound: from now on connections wait for an answer instead of being refused.
        systemd::ready();
        server::serve(listener, routes, limits, drain, shutdown).await?;
        background.iter().for_each(tokio::task::JoinHandle::abort);
        if let Some(working) = working {
            working.await;
        }
        drop((bulk_executor, self.bulk_executor));
        drop(self.ledger);
        if let Some(shipping) = shipping {
            shipping.end().await;
        }
        self.db.close().await?;
        Ok(())
    }
}

/// `entrepot serve`.
pub async fn run(args: Serve) -> Result<(), StartError> {
    let (judges, pending) = ValidatorBuild::with_schema();
    let settings = settings::people(&args)?;
    let backups = backup::BackupSchedule::of(&args.jobs.backups, &args.database, &args.keys, &args.jobs.files)?;
    let grouping = if args.ungrouped { Grouping::Alone } else { Grouping::Together };
    let mut front = settings::front(&args)?;
    let tls = args.tls.files().map(TlsServer::open).transpose()?;
    let redis = args.redis.client()?;
    if args.anyway {
        copy::give_up(&args.database.database_url, args.database.options()).await?;
    }
    let keys = args.keys.source(&args.database.database_url);
    settings::remove_file_access(&args.database.database_url, &keys, &args.emails, &args.jobs.files);
    let ships_log = backups.as_ref().is_some_and(backup::BackupSchedule::ships_log);
    let mut node = Node::open_with_redis(
        (redis.clone().map(Redis::of), Some(pending)),
        &args.database.database_url,
        Options { ships_log, ..args.database.options() },
        Clock::system(),
        settings,
        grouping,
        &keys,
    )
    .await?;
    node.read_from(&args.replicas, &args.database).await?;
    let token_life = Duration::from_secs(args.access_token_minutes.unsigned_abs() * 60);
    front.positions = node.session_positions(redis.clone(), token_life).await?;
    node.limits.points = args.operation_points;
    node.limits.requests_in_flight = args.requests_in_flight.0.map(|most| most as usize);
    node.webhooks.open_networks(args.jobs.webhooks_allow.clone());
    (node.keep, node.pgbackrest) = (args.jobs.keep(), backup::PgBackRest::of(&args.jobs.backups, &args.database)?);
    args.jobs.files.apply(&node.files)?;
    node.exchange.set_import_limits(args.jobs.imports());
    node.workload = (args.run_jobs == RunJobs::On).then(|| args.jobs.terms());
    node.backups = backups;
    node.limits.socket_drain_time = Duration::from_secs(args.socket_drain_seconds);
    node.limits.sockets_entering = args.sockets_entering.0;
    if let Some(redis) = &redis {
        node.bus = Some(node.connect_bus(redis).await?);
    }
    node.enable_cache(args.cache_mib << 20, redis).await?;
    node.open_metrics_server(&args.metrics_server).await?;
    let _explaining = slow::begin(&args.traces.slow, &node.db)?;
    let tcp = TcpListener::bind(args.listen).await.map_err(|err| StartError::Listen(args.listen, err))?;
    node.serve(judges, Listener { tcp, tls }, front, Duration::from_secs(args.drain_seconds), stopped()).await
}
