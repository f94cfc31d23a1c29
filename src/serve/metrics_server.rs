//! The operator's own listener: metrics for Prometheus, and the probes. Values that are not counted
//! as they happen are measured on each scrape.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use graphql::{limits::Limits, live::drain::Drain};
use inventory::ledger::Ledger;
use platform::{
    clock,
    jobs::{Jobs, outgoing_hold},
    metrics,
    storage::{Backend, Database},
    traces,
};
use server::{ProfileAccess, Readiness};
use services::{backups, webhooks::Webhooks};
use tokio::net::TcpListener;

use super::{
    StartError,
    backup::{BackupSchedule, PgBackRest, measure_revocations},
    profiler::ProcessProfiler,
};

/// Rooms whose own counts are read on each scrape.
pub struct MetricsRooms {
    pub db: Database,
    pub ledger: Ledger,
    pub jobs: Jobs,
    pub webhooks: Webhooks,
    pub schedule: Option<BackupSchedule>,
    pub pgbackrest: Option<PgBackRest>,
}

impl MetricsRooms {
    /// Begins the metrics of backups, and returns whether the database has a log of them: that of a
    /// Postgres is filled only if a command lists them.
    fn logs_backups(&self) -> bool {
        if let Some(schedule) = &self.schedule {
            schedule.measure();
        }
        if let Some(pgbackrest) = &self.pgbackrest {
            pgbackrest.measure();
        }
        self.db.backend() == Backend::Sqlite || self.schedule.is_some() || self.pgbackrest.is_some()
    }
}

/// Connections of those who scrape and probe.
const MAX_CONNECTIONS: usize = 32;
/// Interval of cleanup on a node that is not scraped, and of reads of the log of backups.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(10);

/// A listener whose process has begun to count.
pub struct MetricsServer {
    listener: TcpListener,
    handle: metrics::MetricsHandle,
    profiles: ProfileAccess,
}

impl MetricsServer {
    pub async fn open(address: SocketAddr, profile_token: Option<String>) -> Result<Self, StartError> {
        let listener = TcpListener::bind(address).await.map_err(|err| StartError::Listen(address, err))?;
        let handle = metrics::install().map_err(|err| std::io::Error::other(err.to_string()))?;
        metrics::build_info(env!("CARGO_PKG_VERSION"));
        if !address.ip().is_loopback() {
            tracing::warn!(%address, "metrics are served without a login: keep this address internal");
        }
        let profiles = ProfileAccess { is_loopback: address.ip().is_loopback(), token: profile_token };
        Ok(Self { listener, handle, profiles })
    }

    /// Answers until the process ends: a stopping node is still scraped.
    pub async fn serve(self, rooms: MetricsRooms, readiness: Arc<dyn Readiness>, drain: Drain) {
        let (handle, db, logs_backups) = (self.handle.clone(), rooms.db.clone(), rooms.logs_backups());
        let (lists_revocations, jobs) = (rooms.schedule.is_some(), rooms.jobs.clone());
        let source = Arc::new(MetricsSampler { handle: self.handle, rooms });
        let profiles = server::profiles(Arc::new(ProcessProfiler), self.profiles);
        let routes = server::metrics(source).merge(server::health(readiness, drain)).merge(profiles);
        let limits = Limits { connections: MAX_CONNECTIONS, connections_per_address: MAX_CONNECTIONS, ..Limits::default() };
        let server_task = server::serve(self.listener, routes, limits, Drain::default(), std::future::pending());
        let cleanup = async {
            loop {
                let now = clock::Clock::system().now();
                // Commands and other processes write it, too, so each process reads it.
                if logs_backups && let Err(fault) = backups::measure(&db, now).await {
                    tracing::debug!(error = %fault, "the log of backups could not be read");
                }
                if lists_revocations && let Err(fault) = measure_revocations(&jobs).await {
                    tracing::debug!(error = %fault, "the time of the last list of revocations could not be read");
                }
                match db.months_ahead(now).await {
                    Ok(Some(months)) => metrics::partitions_ahead(months),
                    Ok(None) => {}
                    Err(fault) => tracing::debug!(error = %fault, "the partitions of tables could not be read"),
                }
                match db.wal_archive().await {
                    Ok(Some(archive)) => {
                        archive.pending_segments.into_iter().for_each(metrics::record_archive_pending);
                        metrics::set_archive_failing(archive.is_failing);
                    }
                    Ok(None) => metrics::forget_archive(),
                    Err(fault) => tracing::debug!(error = %fault, "the archive of the log could not be read"),
                }
                match jobs.periodic().await {
                    Ok(standing) => standing.iter().for_each(|job| metrics::set_job_failures(&job.kind, job.failures)),
                    Err(fault) => tracing::debug!(error = %fault, "the states of standing jobs could not be read"),
                }
                match outgoing_hold(&db.global()).await {
                    Ok(hold) => metrics::set_outgoing_held(hold.is_some()),
                    Err(fault) => tracing::debug!(error = %fault, "the hold of outgoing messages could not be read"),
                }
                clock::sleep(CLEANUP_INTERVAL).await;
                handle.run_upkeep();
            }
        };
        tokio::select! {
            ended = server_task => {
                if let Err(error) = ended {
                    tracing::warn!(%error, "metrics are no longer served");
                }
            }
            () = cleanup => {}
        }
    }
}

struct MetricsSampler {
    handle: metrics::MetricsHandle,
    rooms: MetricsRooms,
}

impl server::MetricsSource for MetricsSampler {
    fn text(&self) -> String {
        self.measure();
        self.handle.text()
    }

    fn open_metrics(&self) -> String {
        self.measure();
        self.handle.open_metrics()
    }
}

impl MetricsSampler {
    /// Measures the values that are not counted as they happen.
    fn measure(&self) {
        let MetricsRooms { db, ledger, jobs, webhooks, .. } = &self.rooms;
        metrics::statements(db.statements());
        metrics::faults(traces::dropped_spans());
        let jobs = jobs.counters().now();
        metrics::jobs(jobs.runs.saturating_sub(jobs.failures), jobs.failures, jobs.died, jobs.taken_over, jobs.held);
        let deliveries = webhooks.counters().now();
        metrics::webhooks(deliveries.delivered, deliveries.failed, deliveries.disabled);
        for pool in db.pools() {
            metrics::pool(pool.name, pool.open, pool.idle, pool.most);
        }
        measure_hosts(db);
        for (lane, lane_status) in ledger.lane_status().into_iter().enumerate() {
            metrics::lane(lane, lane_status.waiting, lane_status.aside);
        }
        if let Some(process) = metrics::Process::now() {
            metrics::process(&process);
        }
    }
}

/// Sets the metrics of the database host in use, and of the state of the replicas.
fn measure_hosts(db: &Database) {
    for (index, host) in db.hosts().into_iter().enumerate() {
        metrics::database_host(index + 1, if host.is_used { metrics::ServerUse::Yes } else { metrics::ServerUse::No });
    }
    for (index, replica) in db.replicas().into_iter().enumerate() {
        let usage = if replica.is_used { metrics::ServerUse::Yes } else { metrics::ServerUse::No };
        metrics::replica(index + 1, usage, replica.lag_bytes);
    }
}
