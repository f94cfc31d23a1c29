//! A node: the rooms put together, the front door opened, the jobs started.

pub mod audit;
pub mod chores;
mod carrier;
mod chosen;
mod database;
mod doorkeeper;
pub mod epoch;
pub mod file_modes;
mod figures;
pub mod file_store;
mod furniture;
pub mod keys;
mod leaks;
mod memory;
mod ready;
mod standing;
mod stop;
pub mod tenant;
mod voice;

use std::{future::Future, io, sync::Arc, time::Duration};

use api::{
    exchange::Wording,
    graphql::{
        desk::Introspection,
        limits::Limits,
        outline::Unreadable,
        session::Documents,
        trusted::{Trusted, TrustedError},
    },
    http::{self, Explorer, Front, Parts, Readiness},
    schema::{self, EntrepotSchema, Given, Judges},
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
    audit::{Audit, Pen},
    budget::{Budgets, Redis, RedisClient, RedisError},
    clock::Clock,
    gauges,
    jobs::{self, Jobs},
    paging::CursorSigner,
    realtime::{self, Bus},
    secrets::{self, KeyRing, KeySource},
    storage::{Database, Fault, Options},
};
use services::{
    alerts::Alerts,
    exchange::{Engine, Exchange},
    files::{Files, Place, core::link::Signer},
    webhooks::{Allowed, Keep, Sender, Webhooks},
};
use tokio::net::TcpListener;

use crate::config::{FigureArgs, RunJobs, Serve};

use carrier::Carrier;
use database::opened;
use file_store::FileStore;
use furniture::Furniture;
use ready::Ready;
use standing::Remembered;

pub use database::migrated;
pub use doorkeeper::Keeper;
pub use stop::stopped;
pub use voice::say;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Fault(#[from] Fault),
    #[error("{0}")]
    Policy(#[from] PolicyError),
    #[error("cannot listen on {0}: {1}")]
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
        "--registration verified sends a letter to whoever registers, and none leave from here: say with --mail how, or --registration closed"
    )]
    NoLetters,
    #[error("--denied-passwords {0}: {1}")]
    DeniedPasswords(std::path::PathBuf, io::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Mail(#[from] identity::PostError),
    #[error("{0}")]
    Redis(#[from] RedisError),
    #[error("{0}")]
    Schema(#[from] Unreadable),
    #[error("{0}")]
    Trusted(#[from] TrustedError),
}

/// The rooms of a node, put together.
pub struct Node {
    pub db: Database,
    pub clock: Clock,
    pub identity: Identity,
    pub access: Access,
    pub ledger: Ledger,
    pub schema: EntrepotSchema,
    pub limits: Limits,
    pub keeper: Arc<Keeper>,
    pub ring: KeyRing,
    pub budgets: Budgets,
    pub audit: Audit,
    pub jobs: Jobs,
    pub webhooks: Webhooks,
    pub alerts: Alerts,
    pub files: Files,
    pub exchange: Exchange,
    /// What runs a mutation for each line of a file: the exchange knows it for as long as it is kept here.
    carrier: Arc<dyn Engine>,
    /// How long the journal is kept.
    pub keep: Keep,
    /// How it works beside the requests; None where others do.
    pub workload: Option<jobs::Terms>,
    /// Where nodes share a Redis: how they tell one another what is new.
    pub bus: Option<Bus>,
    /// Bytes that this process may have in use, where somebody says so.
    pub memory: Option<u64>,
    /// Where this node's figures are told, if anywhere.
    figures: Option<figures::Desk>,
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
        Self::sharing(None, url, Options::default(), clock, settings, grouping, keys).await
    }

    /// The same, with budgets in a Redis that other nodes share.
    pub async fn sharing(
        redis: Option<Redis>,
        url: &str,
        options: Options,
        clock: Clock,
        settings: Settings,
        grouping: Grouping,
        keys: &KeySource,
    ) -> Result<Self, StartError> {
        let read = clock.clone();
        let budgets = Budgets::new(Arc::new(move || read.monotonic().micros()), redis);
        let db = opened(url, options).await?;
        let ring = secrets::open(&db, keys, &clock).await?;
        memory::begin(&db, &ring);
        let pen = Pen::new(ring.clone(), clock.clone());
        let access = Access::audited(db.clone(), clock.clone(), Policies::load().await?, pen.clone());
        let furniture = Arc::new(Furniture { clock: clock.clone(), access: access.clone() });
        let identity = Identity::open(db.clone(), clock.clone(), settings, furniture, ring.clone()).await?;
        let signer = CursorSigner::new(identity.cursor_secret().await?);
        let audit = Audit::start(db.clone(), pen.clone())?;
        let ledger = Ledger::audited(db.clone(), clock.clone(), grouping, pen.clone())?;
        let limits = Limits::default();
        let jobs = Jobs::new(db.clone(), clock.clone());
        let sender = Sender::new(Allowed::default(), clock.clone());
        let webhooks = Webhooks::new(identity.clone(), ring.clone(), access.clone(), sender, schema::events::registry());
        let alerts = Alerts::new(identity.clone(), access.clone(), pen.clone());
        let keeper = Arc::new(Keeper::new(identity.clone(), access.clone()));
        let catalog = Catalog { db: db.clone(), clock: clock.clone(), signer: signer.clone() };
        let links = Signer::derived(&identity.cursor_secret().await?);
        let files = Files::new(db.clone(), clock.clone(), pen.clone(), links, Place::beside(url));
        let exchange = Exchange::new((access.clone(), pen), catalog.clone(), ledger.clone(), files.clone(), Arc::new(Wording));
        identity.share_attempts(budgets.clone());
        let schema = schema::build(Given {
            identity: identity.clone(),
            access: access.clone(),
            catalog,
            ledger: ledger.clone(),
            audit: audit.clone(),
            jobs: jobs.clone(),
            webhooks: webhooks.clone(),
            alerts: alerts.clone(),
            exchange: exchange.clone(),
            signer,
            limits: limits.clone(),
        });
        let carrier: Arc<dyn Engine> =
            Carrier::alone(keeper.clone(), (schema.clone(), limits.clone()), (budgets.clone(), clock.clone()));
        exchange.run_by(&carrier);
        Ok(Self {
            db,
            clock,
            identity,
            access,
            ledger,
            schema,
            limits,
            keeper,
            ring,
            budgets,
            audit,
            jobs,
            webhooks,
            alerts,
            files,
            exchange,
            carrier,
            keep: Keep::default(),
            workload: Some(jobs::Terms::default()),
            bus: None,
            memory: gauges::memory_limit(),
            figures: None,
        })
    }

    /// Hints to and from other nodes, through this Redis.
    pub async fn hints_through(&self, redis: &RedisClient) -> Result<Bus, StartError> {
        let deployment = self.identity.cursor_secret().await?;
        let standing = Remembered { access: self.access.clone(), identity: self.identity.clone() };
        Bus::of(redis, &deployment, (self.db.clone(), &self.clock), Arc::new(standing))
            .map_err(|err| RedisError::Address(err).into())
    }

    /// Counts from here on and tells on an address of the operator's, and keeps to the memory that it was given.
    async fn tell_figures(&mut self, args: &FigureArgs) -> Result<(), StartError> {
        if let Some(mebibytes) = args.memory_limit {
            self.memory = Some(mebibytes << 20);
        }
        if let Some(address) = args.metrics_listen {
            self.figures = Some(figures::Desk::open(address).await?);
        }
        Ok(())
    }

    fn counting(&self) -> figures::Counting {
        figures::Counting {
            db: self.db.clone(),
            ledger: self.ledger.clone(),
            jobs: self.jobs.clone(),
            webhooks: self.webhooks.clone(),
        }
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
        judges: Judges,
        listener: TcpListener,
        settings: http::Settings,
        drain_delay: Duration,
        shutdown: F,
    ) -> Result<(), StartError>
    where
        F: Future<Output = ()> + Send,
    {
        let (read, name) = (self.clock.clone(), self.clock.clone());
        let working = self.workload.map(|terms| self.begin_to_work(terms));
        let limits = Limits { drain_delay, ..self.limits };
        let file_store = self.file_store();
        let (readiness, counting, figures) = (self.readiness(file_store.clone()), self.counting(), self.figures);
        let (outline, examiner) = judges.made()?;
        let front = Arc::new(Front::new(Parts {
            executor: self.schema,
            examiner: Some(examiner),
            doorkeeper: self.keeper.clone(),
            readiness: readiness.clone(),
            now: Arc::new(move || read.now().micros()),
            new_id: Arc::new(move || name.uuid().simple().to_string()),
            limits: limits.clone(),
            outline,
            budgets: self.budgets,
            settings,
        }));
        // What is run for each line of a file passes the same desk as what is asked.
        let carrier: Arc<dyn Engine> = Carrier::of(front.desk.clone(), self.keeper.clone());
        self.exchange.run_by(&carrier);
        let drain = front.drain.clone();
        let (leaks, looking_into) = leaks::Leaks::open(self.access.clone(), self.identity.clone());
        let routes = http::router(front.clone())
            .merge(http::leaks(front.clone(), Arc::new(leaks)))
            .merge(http::files(front, self.files.clone()))
            .merge(http::key_set(Arc::new(Keys(self.identity.clone()))));
        let figures = figures.map(|desk| desk.serve(counting, readiness, drain.clone()));
        let mut background: Vec<_> = figures.into_iter().map(tokio::spawn).collect();
        background.extend(self.bus.map(|bus| tokio::spawn(bus.run())));
        background.extend([
            tokio::spawn(file_store.watch()),
            tokio::spawn(realtime::relay(self.db.clone())),
            tokio::spawn(self.access.clone().keep_watch()),
            tokio::spawn(catalog::jobs::warm(self.db.clone())),
            tokio::spawn(secrets::follow(self.ring)),
            tokio::spawn(identity::jobs::run(self.identity)),
            tokio::spawn(looking_into),
        ]);
        http::serve(listener, routes, limits, drain, shutdown).await?;
        background.iter().for_each(tokio::task::JoinHandle::abort);
        if let Some(working) = working {
            working.await;
        }
        drop((carrier, self.carrier));
        drop(self.ledger);
        self.db.close().await?;
        Ok(())
    }
}

/// The public keys of the deployment.
struct Keys(Identity);

impl http::KeySet for Keys {
    fn key_set(&self) -> Arc<str> {
        self.0.tokens().key_set()
    }
}

/// `entrepot serve`.
pub async fn run(args: Serve) -> Result<(), StartError> {
    let judges = Judges::begin();
    let settings = chosen::people(&args)?;
    let grouping = if args.ungrouped { Grouping::Alone } else { Grouping::Together };
    let terms = chosen::terms(&args);
    let trusted = args.trusted_documents.as_deref().map(Trusted::load).transpose()?.unwrap_or_default();
    let redis = args.redis.client()?;
    let keys = args.keys.source(&args.database.database_url);
    chosen::close_files(&args.database.database_url, &keys, &args.letters, &args.jobs.files);
    let mut node = Node::sharing(
        redis.clone().map(Redis::of),
        &args.database.database_url,
        args.database.options(),
        Clock::system(),
        settings,
        grouping,
        &keys,
    )
    .await?;
    node.limits.points = args.operation_points;
    node.webhooks.open_networks(args.jobs.webhooks_allow.clone());
    node.keep = args.jobs.keep();
    args.jobs.files.apply(&node.files)?;
    node.exchange.limit_imports(args.jobs.imports());
    node.workload = (args.run_jobs == RunJobs::On).then(|| args.jobs.terms());
    node.limits.socket_drain_time = Duration::from_secs(args.socket_drain_seconds);
    node.limits.sockets_entering = args.sockets_entering.0;
    if let Some(redis) = &redis {
        node.bus = Some(node.hints_through(redis).await?);
    }
    node.remember(args.cache_mib << 20, redis).await?;
    node.tell_figures(&args.figures).await?;
    let listener = TcpListener::bind(args.listen).await.map_err(|err| StartError::Listen(args.listen, err))?;
    let front = http::Settings {
        origins: args.origins,
        explorer: if args.graphiql { Explorer::Served } else { Explorer::Off },
        introspection: if args.introspection { Introspection::Open } else { Introspection::Closed },
        proxies: args.proxies,
        by_tls: args.letters.public_url.as_deref().is_some_and(|url| url.starts_with("https://")),
        terms,
        trusted,
        documents: if args.only_trusted { Documents::Trusted } else { Documents::Any },
        ..http::Settings::default()
    };
    node.serve(judges, listener, front, Duration::from_secs(args.drain_seconds), stopped()).await
}
