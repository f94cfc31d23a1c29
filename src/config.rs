//! Settings: read once, typed, from flags or `ENTREPOT_…` in the environment.

#[cfg(feature = "aws-secrets")]
mod aws;
mod backup;
mod bench;
mod containers;
mod copy;
mod database;
mod demo;
mod doctor;
mod emergency;
mod facts;
mod files;
mod idle_settings;
mod jobs;
mod keys;
mod logs;
mod nodes;
mod origins;
mod partitions;
mod people;
mod replicas;
mod schema;
mod serve;
mod tenant;
mod tls;
mod traces;
mod versions;

use clap::{Args, Parser, Subcommand};

pub use backup::{BACKUP_NICE_VALUE, BackupAction, BackupArgs, BackupJobArgs, BackupsOf, ProgramArgs, ReplayArgs};
pub use bench::{ForecastArgs, ForecastCommand, LiquidationArgs};
pub use containers::{HealthArgs, HealthUrl, NewKeyArgs};
pub use copy::CopyArgs;
pub use database::{DatabaseArgs, KeyArgs, KeysOf};
pub use demo::Demo;
pub use doctor::{DoctorArgs, ReportFormat};
pub use emergency::{JobAction, JobCommandArgs, ListedState, ResumeArgs, SessionsAction, SessionsArgs};
pub use facts::{FactsAction, FactsArgs};
pub use files::{FileArgs, FilesAction, FilesArgs};
pub use idle_settings::UnusedSetting;
pub use jobs::{JobArgs, MetricsArgs, RunJobs, Worker};
pub use keys::{AbandonArgs, KeysAction, KeysArgs};
pub use logs::{Dsn, ErrorReportArgs, LogFormat};
pub use nodes::RedisArgs;
pub use origins::LOCAL_ORIGINS;
pub use partitions::{PartitionsAction, PartitionsArgs};
pub use people::{EmailArgs, Registration};
pub use replicas::ReplicaArgs;
pub use schema::{DiffFormat, SchemaAction, SchemaArgs, SchemaDiffArgs};
pub use serve::Serve;
pub use tenant::{ImportArgs, PlannedLimit, TenantAction, TenantArgs};
pub use tls::TlsArgs;
pub use traces::{SlowArgs, TraceArgs};
pub use versions::{MigrateArgs, VersionArgs};

/// A multi-tenant inventory and order platform, GraphQL first.
#[derive(Debug, Parser)]
#[command(name = "entrepot", version, about)]
pub struct Cli {
    /// Format of log lines on stderr: text, or json, one object a line.
    #[arg(long, env = "ENTREPOT_LOG_FORMAT", global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API. The database must be up to date: run `entrepot migrate` before.
    Serve(Box<Serve>),
    /// Do the jobs beside the requests and nothing else: expiry, deliveries, sealing. As many as you like share them; `serve --jobs off` leaves them to these.
    Worker(Box<Worker>),
    /// Bring the database up to date. Safe to run again, and by several processes at once.
    Migrate(MigrateArgs),
    /// Print the version of this binary and the last migration that it knows, or compare them with a database.
    Version(VersionArgs),
    /// Make a demo: an embedded database, a retailer's year replayed into it, and the API served with live stock to watch.
    Demo(Demo),
    /// Drive the public API with a retailer's year, and compare totals with what is expected.
    Replay(tools::replay::ReplayArgs),
    /// Print live stock: how things stand, then every change. Comes back by itself and misses nothing.
    Watch(tools::watch::WatchArgs),
    /// Move the whole deployment into another database: SQLite to Postgres or back, or to another of the same kind. Killed anywhere, the same command goes on.
    ///
    /// Stop all nodes and workers first. The command marks both databases, so that neither can be served until it is done; it copies every table, compares digests of
    /// each table and tenant as read back from both, and proves the target as `verify` does. IDs, cursors, API keys, sessions, idempotency keys, sealed values and the
    /// audit log stay as they are; the leases of workers are left out. The target needs the same keys (--keys-file): that they open is tried before the first row.
    /// Stored files are copied with --files only. Afterwards serve the target; the source refuses to be served, unless `serve --anyway` says that the copy is given up.
    #[command(verbatim_doc_comment)]
    Copy(Box<CopyArgs>),
    /// Back up a database, look through backups, and restore one. `serve` and `worker` with --backups do so by a schedule.
    Backup(Box<BackupArgs>),
    /// Prove every invariant of the ledger over a whole database, and that stored papers are those that were drawn; names the first broken row.
    Verify(VerifyArgs),
    /// Look at settings, database, clocks, keys, disk, file store, Redis, backups and jobs, and say what to do. Takes the settings of `serve`. Ends with 1 when a check fails.
    Doctor(Box<DoctorArgs>),
    /// Ask a node of this machine whether it is ready. Ends with 1 when it is not, or does not answer: for checks of containers.
    Health(HealthArgs),
    /// End sessions in an emergency.
    Sessions(SessionsArgs),
    /// List, drop and retry background jobs.
    Job(JobCommandArgs),
    /// Change the key that signs access tokens, while everything runs.
    SigningKey(SigningKey),
    /// Make, list and turn over the keys that secrets are sealed with.
    Keys(KeysArgs),
    /// List, suspend, export, import or erase tenants, or set their rate limits.
    Tenant(TenantArgs),
    /// Look after the place where files are kept.
    Files(FilesArgs),
    /// Make, list and archive the monthly partitions of a Postgres.
    Partitions(PartitionsArgs),
    /// After the database was restored to an earlier moment: end all streams, cursors, sessions and mailed links, and list the API keys that are accepted.
    ///
    /// A restored database takes for good what was ended since its backup: sessions that were logged out, links that were used, keys that were revoked, passwords
    /// and second factors that were changed, members and grants that were removed. It cannot know which. All streams, cursors, sessions, logins that wait and
    /// mailed links are ended; API keys are listed, or revoked with --revoke-keys; passwords stay, or end with --reset-passwords. Look through second factors,
    /// members, roles and webhook endpoints yourself.
    /// From then on the deployment is held: what was sent since the backup is not sent once more. No e-mail of a job, webhook, scheduled report or export leaves before
    /// `entrepot resume`. The last numbers of documents are printed: later ones may be on papers of documents that are lost.
    #[command(verbatim_doc_comment)]
    Epoch(Epoch),
    /// Go on after a restore: send the e-mails, webhooks, scheduled reports and exports that were held, or drop them.
    Resume(ResumeArgs),
    /// Prove the audit log.
    Audit(AuditArgs),
    /// Compare the forecasts with references on a file of weekly demand, or explain one product.
    Forecast(ForecastArgs),
    /// Explain what is best done with a product that nobody buys, step by step.
    Liquidation(LiquidationArgs),
    /// Make demand facts again, or compare them with what documents and ledger say.
    Facts(FactsArgs),
    /// Print the schema (SDL), or compare two.
    Schema(SchemaArgs),
}

/// Database to verify, and the location of its files.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[command(flatten)]
    pub files: FileArgs,
}

#[derive(Debug, Clone, Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    pub action: AuditAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum AuditAction {
    /// Walk every tenant's log from its beginning: hashes, numbers, signed heads, and what was never chained. Ends with 1 when one is broken.
    Verify {
        #[command(flatten)]
        of: KeysOf,
        /// Only the tenant with this slug.
        #[arg(long)]
        tenant: Option<String>,
    },
}

/// Credentials that a new epoch ends besides streams and sessions.
#[derive(Debug, Clone, Args)]
pub struct Epoch {
    #[command(flatten)]
    pub of: KeysOf,
    /// Revoke all API keys of all tenants, those that were revoked since the backup among them. Needs the keys that secrets are sealed with, for the audit log.
    #[arg(long)]
    pub revoke_keys: bool,
    /// Accept no password from before: everybody chooses another by a link that is sent to their address. E-mail must leave the deployment (--mail of serve).
    #[arg(long)]
    pub reset_passwords: bool,
    #[command(flatten)]
    pub again: ReplayArgs,
}

#[derive(Debug, Clone, Args)]
pub struct SigningKey {
    #[command(subcommand)]
    pub what: SigningKeyCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum SigningKeyCommand {
    /// Make the next key. It is published at once and signs after the lead; what the old one signed stays good until it expires.
    Rotate(RotateSigningKey),
}

#[derive(Debug, Clone, Args)]
pub struct RotateSigningKey {
    #[command(flatten)]
    pub of: KeysOf,
    /// Minutes before the key signs: time for those who check tokens themselves to fetch it.
    #[arg(long, default_value_t = iam::identity::LEAD_SECONDS / 60, value_parser = clap::value_parser!(i64).range(0..=10_080))]
    pub lead_minutes: i64,
    /// The old keys may be in other hands: remove them now. The new one signs at once, and everybody's access token has to be refreshed.
    #[arg(long)]
    pub remove_old: bool,
}
