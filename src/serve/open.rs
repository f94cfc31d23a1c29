//! The opening of a node: its database, and the rooms that are built on it.

use std::sync::Arc;

use api::{
    exchange::RefusalMessages,
    graphql::limits::Limits,
    schema::{self, PendingSchema, ResolverServices},
};
use iam::{
    access::{Access, Policies},
    identity::{Identity, Settings},
};
use inventory::{
    catalog::Catalog,
    ledger::{Grouping, Ledger},
};
use platform::{
    audit::{Audit, AuditWriter},
    clock::Clock,
    jobs::{self, Jobs},
    metrics,
    paging::CursorSigner,
    rate_limit::{RateLimiter, Redis, RedisClient, RedisError},
    realtime::Bus,
    secrets::{self, KeyRing, KeySource},
    storage::{Database, Options},
};
use services::{
    alerts::Alerts,
    exchange::Exchange,
    files::{FileLocation, Files, core::link::Signer},
    saved_views::SavedViews,
    webhooks::{AllowedNetworks, JournalRetention, Sender, Webhooks},
};

use super::{
    Node, NodeAuthenticator, StartError,
    bulk_executor::{BulkExecutor, run_by},
    database::open_for_serving,
    memory,
    rights_cache::NodeRightsCache,
    tenant_provisioner::TenantDefaults,
};

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
        let (db, ring) = open_database(url, options, keys, &clock).await?;
        let audit_writer = AuditWriter::new(ring.clone(), clock.clone());
        let access = Access::with_audit_writer(db.clone(), clock.clone(), Policies::load().await?, audit_writer.clone());
        let tenant_defaults = Arc::new(TenantDefaults { clock: clock.clone(), access: access.clone() });
        let identity = Identity::open(db.clone(), clock.clone(), settings, tenant_defaults, ring.clone()).await?;
        let secret = identity.cursor_secret().await?;
        let (signer, links) = (CursorSigner::new(secret), Signer::from_secret(&secret));
        let audit = Audit::start(db.clone(), audit_writer.clone())?;
        let ledger =
            Ledger::with_audit_writer(db.clone(), clock.clone(), grouping, inventory::documents(), audit_writer.clone())?;
        let (limits, jobs) = (Limits::default(), Jobs::new(db.clone(), clock.clone()));
        let sender = Sender::new(AllowedNetworks::default(), clock.clone());
        let webhooks = Webhooks::new(identity.clone(), ring.clone(), access.clone(), sender, schema::events::registry());
        let alerts = Alerts::new(identity.clone(), access.clone(), audit_writer.clone());
        let node_authenticator = Arc::new(NodeAuthenticator::new(identity.clone(), access.clone()));
        let catalog = Catalog { db: db.clone(), clock: clock.clone(), signer: signer.clone() };
        let files = Files::new(db.clone(), clock.clone(), audit_writer.clone(), links, FileLocation::default_for(url));
        let messages = Arc::new(RefusalMessages);
        let exchange = Exchange::new((access.clone(), audit_writer), catalog.clone(), ledger.clone(), files.clone(), messages);
        identity.use_shared_limiter(rate_limiter.clone());
        let saved_views = SavedViews::new(db.clone(), clock.clone(), files.clone(), &webhooks);
        let services = ResolverServices {
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
        let (schema, limiter_and_clock) = (schema::build_on(pending, services), (rate_limiter.clone(), clock.clone()));
        let executor = BulkExecutor::standalone(node_authenticator.clone(), (schema.clone(), limits.clone()), limiter_and_clock);
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
}

/// Opens the database and the key ring of its secrets.
async fn open_database(url: &str, options: Options, keys: &KeySource, clock: &Clock) -> Result<(Database, KeyRing), StartError> {
    let db = open_for_serving(url, options).await?;
    let ring = secrets::open(&db, keys, clock).await?;
    memory::start_cache(&db, &ring);
    Ok((db, ring))
}

fn limiter(clock: &Clock, redis: Option<Redis>) -> RateLimiter {
    let clock = clock.clone();
    RateLimiter::new(Arc::new(move || clock.monotonic().micros()), redis)
}
