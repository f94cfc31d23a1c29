//! The rooms of a node, which serves requests and runs jobs.

use std::sync::Arc;

use api::{graphql::limits::Limits, schema::EntrepotSchema};
use iam::{access::Access, identity::Identity};
use inventory::{catalog::Catalog, ledger::Ledger};
use platform::{
    audit::Audit,
    clock::Clock,
    jobs::{self, Jobs},
    rate_limit::RateLimiter,
    realtime::Bus,
    secrets::KeyRing,
    storage::Database,
};
use services::{
    alerts::Alerts,
    exchange::{Engine, Exchange},
    files::Files,
    saved_views::SavedViews,
    webhooks::{JournalRetention, Webhooks},
};

use super::{
    NodeAuthenticator,
    backup::{BackupSchedule, PgBackRest},
    metrics_server::MetricsServer,
};

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
    pub(super) bulk_executor: Arc<dyn Engine>,
    /// Retention of the journal.
    pub keep: JournalRetention,
    /// Terms of the jobs that it runs beside the requests; None if others run them.
    pub workload: Option<jobs::Terms>,
    /// Schedule of backups by its workers, for an embedded database with backups.
    pub backups: Option<BackupSchedule>,
    /// Command by which its workers list the backups of a Postgres, if they do.
    pub pgbackrest: Option<PgBackRest>,
    /// Bus by which nodes announce changes to one another, if they share a Redis.
    pub bus: Option<Bus>,
    /// Bytes of memory that this process may use, if a limit is set.
    pub memory: Option<u64>,
    /// Whether it releases memory while it is idle.
    pub gives_memory_back: bool,
    /// Server of this node's metrics, if any.
    pub(super) metrics_server: Option<MetricsServer>,
}
