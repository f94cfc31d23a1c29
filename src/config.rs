//! Settings: read once, typed, from flags or `ENTREPOT_…` in the environment.

#[cfg(feature = "aws-secrets")]
mod aws;
mod backup;
mod bench;
mod containers;
mod copy;
mod demo;
mod doctor;
mod emergency;
mod facts;
mod idle_settings;
mod jobs;
mod keys;
mod logs;
mod nodes;
mod partitions;
mod people;
mod replicas;
mod schema;
mod tenant;
mod tls;
mod traces;
mod versions;

use std::net::SocketAddr;

use api::graphql::quota::{LimitOrOff, Written};
use clap::{Args, Parser, Subcommand};
use platform::{
    secrets::KeySource,
    storage::{LedgerPlans, Options, RowSecurity},
};
use uuid::Uuid;

pub use backup::{BackupAction, BackupArgs, BackupJobArgs, BackupsOf, ProgramArgs, ReplayArgs};
pub use bench::{ForecastArgs, ForecastCommand, LiquidationArgs};
pub use containers::{HealthArgs, HealthUrl, NewKeyArgs};
pub use copy::CopyArgs;
pub use demo::Demo;
pub use doctor::{DoctorArgs, ReportFormat};
pub use emergency::{JobAction, JobCommandArgs, ListedState, ResumeArgs, SessionsAction, SessionsArgs};
pub use facts::{FactsAction, FactsArgs};
pub use idle_settings::UnusedSetting;
pub use jobs::{FileArgs, FilesAction, FilesArgs, JobArgs, MetricsArgs, RunJobs, Worker};
pub use keys::{AbandonArgs, KeysAction, KeysArgs};
pub use logs::{Dsn, ErrorReportArgs, LogFormat};
pub use nodes::RedisArgs;
pub use partitions::{PartitionsAction, PartitionsArgs};
pub use people::{EmailArgs, Registration};
pub use replicas::ReplicaArgs;
pub use schema::{DiffFormat, SchemaAction, SchemaArgs, SchemaDiffArgs};
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

#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// sqlite://path/to/file or postgres://user:password@host/database. A primary and its standbys are named together, as in
    /// postgres://user:password@host1:5432,host2:5432/database?target_session_attrs=read-write: the one that takes writes is used.
    #[arg(long, env = "ENTREPOT_DATABASE_URL", default_value = "sqlite://entrepot.sqlite", hide_env_values = true)]
    pub database_url: String,
    /// Postgres' own wall between tenants: for reads and writes (all), for writes alone (writes), none (off), or as much as the login may have (auto).
    #[arg(long, env = "ENTREPOT_ROW_SECURITY", value_enum, default_value_t)]
    pub row_security: RowSecurity,
    /// Query plans of the ledger's statements on Postgres: one for all values (generic), chosen by the server (server), or generic where this login may set it (auto).
    #[arg(long, env = "ENTREPOT_LEDGER_PLANS", value_enum, default_value_t)]
    pub ledger_plans: LedgerPlans,
}

/// Database to verify, and the location of its files.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[command(flatten)]
    pub files: FileArgs,
}

impl DatabaseArgs {
    pub fn options(&self) -> Options {
        Options { row_security: self.row_security, ledger_plans: self.ledger_plans, ..Options::default() }
    }
}

/// Location of the keys that secrets are sealed with.
#[derive(Debug, Clone, Args)]
pub struct KeyArgs {
    /// A file of keys, one a line. Beside an embedded database a file is made at the first start: FILE.keys.
    #[arg(long, env = "ENTREPOT_KEYS_FILE")]
    pub keys_file: Option<std::path::PathBuf>,
    /// The keys themselves, between commas: only through the environment, where other users of the machine do not see them.
    #[arg(long, env = "ENTREPOT_KEYS", hide = true, hide_env_values = true)]
    pub keys: Option<String>,
    /// A program, and its arguments between spaces, that prints the keys within 20 s: for stores that have a command of their own.
    #[arg(long, env = "ENTREPOT_KEYS_COMMAND")]
    pub keys_command: Option<String>,
    #[cfg(feature = "aws-secrets")]
    #[command(flatten)]
    pub aws: aws::AwsArgs,
}

impl KeyArgs {
    /// The keys themselves before a store of them, and a store before a file.
    pub fn source(&self, database_url: &str) -> KeySource {
        let is_given = self.keys.as_ref().is_some_and(|keys| !keys.trim().is_empty());
        #[cfg(feature = "aws-secrets")]
        if let Some(source) = self.aws.source().filter(|_| !is_given) {
            return source;
        }
        if let Some(command) = self.keys_command.as_ref().filter(|_| !is_given) {
            return KeySource::Command(command.split_whitespace().map(ToOwned::to_owned).collect());
        }
        KeySource::choose(self.keys.clone(), self.keys_file.clone(), database_url)
    }
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

/// A database and its keys.
#[derive(Debug, Clone, Args)]
pub struct KeysOf {
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
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

#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub struct Serve {
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
    /// Serve this database although it was, or is being, copied to another one: the copy is given up. Right only while nothing was written there.
    #[arg(long)]
    pub anyway: bool,
    /// Address to listen on.
    #[arg(long, env = "ENTREPOT_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub tls: TlsArgs,
    /// People who may register a company: anyone, anyone with a confirmed address, or no one. When not given: anyone where only this machine
    /// reaches the node, without --proxy and --public-url; elsewhere anyone with a confirmed address, or no one without --mail. `open` reveals to strangers which addresses have an account.
    #[arg(long, env = "ENTREPOT_REGISTRATION", value_enum)]
    pub registration: Option<Registration>,
    #[command(flatten)]
    pub emails: EmailArgs,
    /// Mebibytes of products, stores, categories and suppliers that this node may remember, so that it need not read them again; 0 for none.
    /// With --redis-url they are shared between nodes too, sealed.
    #[arg(long, env = "ENTREPOT_CACHE_MIB", default_value_t = 32, value_parser = clap::value_parser!(u64).range(0..=65_536))]
    pub cache_mib: u64,
    /// A file of passwords that nobody may have, one a line: those that were stolen elsewhere.
    #[arg(long, env = "ENTREPOT_DENIED_PASSWORDS")]
    pub denied_passwords: Option<std::path::PathBuf>,
    /// Minutes that an access token lives.
    #[arg(long, env = "ENTREPOT_ACCESS_TOKEN_MINUTES", default_value_t = 10, value_parser = clap::value_parser!(i64).range(1..=1440))]
    pub access_token_minutes: i64,
    /// Web pages of other sites that may call the API: https://shop.example, or http://localhost:* for all ports of this machine
    #[arg(long = "origin", env = "ENTREPOT_ORIGINS", value_delimiter = ',', value_parser = parse_origin)]
    pub origins: Vec<String>,
    /// Addresses and networks of proxies whose X-Forwarded-For names the client: 192.0.2.7, 10.0.0.0/8, fd00::/8. The client is the last address there that is none of theirs.
    #[arg(long = "proxy", env = "ENTREPOT_PROXIES", value_delimiter = ',')]
    pub proxies: Vec<server::TrustedProxy>,
    /// Answer introspection queries.
    #[arg(long, env = "ENTREPOT_INTROSPECTION", default_value_t = true, action = clap::ArgAction::Set)]
    pub introspection: bool,
    /// Serve GraphiQL at /graphql.
    #[arg(long, env = "ENTREPOT_GRAPHIQL", default_value_t = true, action = clap::ArgAction::Set)]
    pub graphiql: bool,
    /// Budget of each member and each integration: POINTS/POINTS_PER_SECOND, or off.
    #[arg(long, env = "ENTREPOT_BUDGET", default_value = "10000/1000")]
    pub budget: Written,
    /// Budget of a tenant as a whole: POINTS/POINTS_PER_SECOND, or off.
    #[arg(long, env = "ENTREPOT_TENANT_BUDGET", default_value = "100000/10000")]
    pub tenant_budget: Written,
    /// A member or an integration, by its id, whose own budget is lifted: mem_…, int_…
    #[arg(long = "lift-budget", env = "ENTREPOT_LIFT_BUDGET", value_delimiter = ',', value_parser = parse_credential_id)]
    pub lift_budget: Vec<Uuid>,
    /// Requests without a token that an address may make in 15 minutes, or off.
    #[arg(long, env = "ENTREPOT_ANONYMOUS_REQUESTS", default_value = "100")]
    pub anonymous_requests: LimitOrOff,
    /// Operations of one tenant that run at once on this node, or off.
    #[arg(long, env = "ENTREPOT_TENANT_OPERATIONS", default_value = "32")]
    pub tenant_operations: LimitOrOff,
    /// Requests to GraphQL that this node works on at once however long they take, or off. Beyond it as many as it answers in 0.3 s; further ones are
    /// refused before they are read.
    #[arg(long, env = "ENTREPOT_REQUESTS_IN_FLIGHT", default_value = "256")]
    pub requests_in_flight: LimitOrOff,
    /// Points that a single operation may cost.
    #[arg(long, env = "ENTREPOT_OPERATION_POINTS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub operation_points: u32,
    #[command(flatten)]
    pub redis: RedisArgs,
    #[command(flatten)]
    pub replicas: ReplicaArgs,
    /// Documents that clients may name by their SHA-256: a JSON map from it to the document, or a folder of .graphql files.
    #[arg(long, env = "ENTREPOT_TRUSTED_DOCUMENTS")]
    pub trusted_documents: Option<std::path::PathBuf>,
    /// Serve no other documents.
    #[arg(long, env = "ENTREPOT_ONLY_TRUSTED", requires = "trusted_documents")]
    pub only_trusted: bool,
    /// Seconds between the signal to stop and the end of accepting connections.
    #[arg(long, env = "ENTREPOT_DRAIN_SECONDS", default_value_t = 0)]
    pub drain_seconds: u64,
    /// Whether this node runs jobs beside requests. If it is off on all nodes, run `entrepot worker`.
    #[arg(long = "jobs", env = "ENTREPOT_JOBS", value_enum, default_value_t = RunJobs::On)]
    pub run_jobs: RunJobs,
    #[command(flatten)]
    pub jobs: JobArgs,
    /// Seconds over which the sockets of a node that stops are sent to others.
    #[arg(long, env = "ENTREPOT_SOCKET_DRAIN_SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(..=600))]
    pub socket_drain_seconds: u64,
    /// Sockets accepted at once, and how many more each second: AT_ONCE/PER_SECOND, or off. Other clients get a time after which to retry.
    #[arg(long, env = "ENTREPOT_SOCKETS_ENTERING", default_value = "10000/500")]
    pub sockets_entering: Written,
    #[command(flatten)]
    pub metrics_server: MetricsArgs,
    #[command(flatten)]
    pub traces: TraceArgs,
    /// Run each command in a transaction of its own: only to measure what grouping costs a lone client.
    #[arg(long, env = "ENTREPOT_UNGROUPED", hide = true)]
    pub ungrouped: bool,
}

/// Reads the id of a member or an integration.
fn parse_credential_id(id: &str) -> Result<Uuid, &'static str> {
    match entity::id::prefix_of(id) {
        Some(("mem" | "int", uuid)) => Ok(uuid),
        _ => Err("the id of a member or an integration is expected: mem_…, int_…"),
    }
}

/// Pages of all ports of this machine: what development servers serve.
pub const LOCAL_ORIGINS: [&str; 6] = [
    "http://localhost:*",
    "http://127.0.0.1:*",
    "http://[::1]:*",
    "https://localhost:*",
    "https://127.0.0.1:*",
    "https://[::1]:*",
];

/// Parses the origin of a web page, as browsers send it. There is no wildcard except for ports of
/// this machine: each origin is named.
fn parse_origin(text: &str) -> Result<String, &'static str> {
    const EXPECTED_FORMAT: &str = "an origin is expected, scheme and host and nothing after them, as in https://shop.example";
    if LOCAL_ORIGINS.contains(&text) {
        return Ok(text.to_owned());
    }
    let (scheme, authority) = text.split_once("://").ok_or(EXPECTED_FORMAT)?;
    let is_authority =
        !authority.is_empty() && authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
    let is_known = scheme == "https" || scheme == "http";
    if is_known && is_authority { Ok(text.to_ascii_lowercase()) } else { Err(EXPECTED_FORMAT) }
}
