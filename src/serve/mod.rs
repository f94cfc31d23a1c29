//! A node that runs: `open` puts its rooms together; here the front door is opened and the jobs are
//! started. The other commands of the operator are in modules of their own.

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
mod error;
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
mod node;
mod open;
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
mod tenant_slugs;
pub mod versions;
mod view_links;
mod stdout;

use std::{future::Future, sync::Arc, time::Duration};

use api::{graphql::limits::Limits, schema::ValidatorBuild};
use iam::identity;
use inventory::{catalog, ledger::Grouping};
use platform::{clock::Clock, rate_limit::Redis, realtime, secrets, storage::Options};
use server::{Front, Listener, Parts, Readiness, TlsServer};
use tokio::net::TcpListener;

use crate::config::{MetricsArgs, RunJobs, Serve};

use bulk_executor::{BulkExecutor, run_by};
use file_store::FileStore;
use key_set::Keys;
use metrics_server::{MetricsRooms, MetricsServer};
use ready::NodeReadiness;

pub use {
    authenticator::NodeAuthenticator, database::open_migrated, error::StartError, node::Node, stdout::print_stdout,
    stop::wait_for_shutdown,
};

impl Node {
    fn file_store(&self) -> FileStore {
        FileStore::new(self.files.clone(), self.identity.clone(), self.clock.clone())
    }

    fn readiness(&self, file_store: FileStore) -> Arc<dyn Readiness> {
        Arc::new(NodeReadiness::new(self.ledger.clone(), self.bus.clone(), file_store, self.memory))
    }

    /// Begins to count and opens the listener of the metrics, and applies the settings of memory:
    /// its limit, and its release while idle.
    async fn open_metrics_server(&mut self, args: &MetricsArgs) -> Result<(), StartError> {
        self.gives_memory_back = args.idle_trim;
        if let Some(mebibytes) = args.memory_limit {
            self.memory = Some(mebibytes << 20);
        }
        if let Some(idle) = args.find_unused() {
            tracing::warn!("{idle}: profiles cannot be requested");
        }
        if let Some(address) = args.metrics_listen {
            self.metrics_server = Some(MetricsServer::open(address, args.profile_token()).await?);
        }
        Ok(())
    }

    fn metrics_rooms(&self) -> MetricsRooms {
        MetricsRooms {
            db: self.db.clone(),
            ledger: self.ledger.clone(),
            jobs: self.jobs.clone(),
            webhooks: self.webhooks.clone(),
            schedule: self.backups.clone(),
            pgbackrest: self.pgbackrest.clone(),
        }
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
        let (now_clock, id_clock) = (self.clock.clone(), self.clock.clone());
        let plans = tenant_plans::refresh_plans(self.db.clone(), settings.terms.plans.clone());
        let job_task = self.workload.map(|terms| self.start_jobs(terms));
        let shipping = self.backups.as_ref().map(|backups| backups.ship(&self.db, &self.clock)).transpose()?.flatten();
        let (limits, file_store) = (Limits { drain_delay, ..self.limits }, self.file_store());
        let (readiness, counting, metrics_server) =
            (self.readiness(file_store.clone()), self.metrics_rooms(), self.metrics_server);
        let (schema_index, validator) = judges.join()?;
        let front = Arc::new(Front::new(Parts {
            executor: self.schema,
            validator: Some(validator),
            authenticator: self.node_authenticator.clone(),
            readiness: readiness.clone(),
            now: Arc::new(move || now_clock.now().micros()),
            new_id: Arc::new(move || id_clock.uuid().simple().to_string()),
            limits: limits.clone(),
            schema_index,
            rate_limiter: self.rate_limiter,
            settings,
        }));
        // The lines of a file run through the same operation service as requests.
        let executor = BulkExecutor::of(front.service.clone(), self.node_authenticator.clone());
        let bulk_executor = run_by(executor, &self.exchange, &self.saved_views);
        let drain = front.drain.clone();
        let (leaked_keys, leaked_key_task) = leaked_keys::LeakedKeyReports::open(self.access.clone(), self.identity.clone());
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
            tokio::spawn(catalog::jobs::preload_caches(self.db.clone())),
            tokio::spawn(secrets::follow(self.ring)),
            tokio::spawn(identity::jobs::run(self.identity)),
            tokio::spawn(leaked_key_task),
            tokio::spawn(plans),
        ]);
        // The listener is bound: from now on connections wait for an answer instead of being refused.
        systemd::ready();
        server::serve(listener, routes, limits, drain, shutdown).await?;
        background.iter().for_each(tokio::task::JoinHandle::abort);
        if let Some(job_task) = job_task {
            job_task.await;
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
    let (judges, pending) = ValidatorBuild::spawn_with_schema();
    let settings = settings::account_settings(&args)?;
    let backups = backup::BackupSchedule::of(&args.jobs.backups, &args.database, &args.keys, &args.jobs.files)?;
    let grouping = if args.ungrouped { Grouping::Alone } else { Grouping::Together };
    let mut front = settings::front_settings(&args)?;
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
    node.limits.requests_in_flight = args.requests_in_flight.0.map(|limit| limit as usize);
    node.webhooks.open_networks(args.jobs.webhooks_allow.clone());
    (node.keep, node.pgbackrest) = (args.jobs.journal_retention(), backup::PgBackRest::of(&args.jobs.backups, &args.database)?);
    args.jobs.files.apply(&node.files)?;
    node.exchange.set_import_limits(args.jobs.import_limits());
    node.workload = (args.run_jobs == RunJobs::On).then(|| args.jobs.terms());
    node.backups = backups;
    node.limits.socket_drain_time = Duration::from_secs(args.socket_drain_seconds);
    node.limits.sockets_entering = args.sockets_entering.0;
    if let Some(redis) = &redis {
        node.bus = Some(node.connect_bus(redis).await?);
    }
    node.enable_cache(args.cache_mib << 20, redis).await?;
    node.open_metrics_server(&args.metrics_server).await?;
    let _explaining = slow::start_explaining(&args.traces.slow, &node.db)?;
    let tcp = TcpListener::bind(args.listen).await.map_err(|err| StartError::Listen(args.listen, err))?;
    node.serve(judges, Listener { tcp, tls }, front, Duration::from_secs(args.drain_seconds), wait_for_shutdown()).await
}
