//! Settings of background jobs, metrics and memory.

use std::net::SocketAddr;

use clap::Args;

use super::{
    BackupJobArgs, EmailArgs, FileArgs,
    database::{DatabaseArgs, KeyArgs},
};

/// Whether a node that serves does jobs too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum RunJobs {
    On,
    Off,
}

/// Options of jobs, for every process that runs them.
#[derive(Debug, Clone, Args)]
pub struct JobArgs {
    /// Seconds that a worker may be silent before others take its jobs. The same for all workers.
    #[arg(long = "job-lease-seconds", env = "ENTREPOT_JOB_LEASE_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..=600))]
    pub lease_seconds: u64,
    /// Networks of your own that webhooks may go to, by plain http and to any port too: 10.0.0.0/8. Everything else must be https to the open internet.
    #[arg(long = "webhooks-allow", env = "ENTREPOT_WEBHOOKS_ALLOW", value_delimiter = ',', value_parser = parse_network)]
    pub webhooks_allow: Vec<iam::access::Cidr>,
    /// Days that events are kept: how far back streams resume and webhooks are replayed. Events that a webhook has not received are kept twice as long.
    #[arg(long = "journal-days", env = "ENTREPOT_JOURNAL_DAYS", default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=3650))]
    pub journal_days: i64,
    /// Keep events on Postgres, whatever --journal-days says, and attempts of webhooks until `entrepot partitions archive` has archived their month: run that command each day. The
    /// same for all nodes and workers. Without it, both are removed by their age, and are in no archive. Nothing changes on SQLite, which has no months.
    #[arg(long = "journal-archive", env = "ENTREPOT_JOURNAL_ARCHIVE")]
    pub journal_archive: bool,
    /// Rows that an import may have at most: one with more is carried out up to there, and fails.
    #[arg(long = "import-rows", env = "ENTREPOT_IMPORT_ROWS", default_value_t = services::files::core::limits::IMPORT_ROWS, value_parser = clap::value_parser!(i64).range(1..=100_000_000))]
    pub import_rows: i64,
    #[command(flatten)]
    pub files: FileArgs,
    #[command(flatten)]
    pub backups: BackupJobArgs,
}

/// Reads a network.
fn parse_network(text: &str) -> Result<iam::access::Cidr, &'static str> {
    iam::access::Cidr::parse(text).ok_or("a network is expected, as in 10.0.0.0/8 or fd00::/8")
}

impl JobArgs {
    pub fn terms(&self) -> platform::jobs::Terms {
        platform::jobs::Terms { lease: std::time::Duration::from_secs(self.lease_seconds), ..platform::jobs::Terms::default() }
    }
    pub fn import_limits(&self) -> services::exchange::core::ImportLimits {
        services::exchange::core::ImportLimits { rows: self.import_rows, ..Default::default() }
    }
    pub fn journal_retention(&self) -> services::webhooks::JournalRetention {
        let seconds = self.journal_days * 24 * 3600;
        services::webhooks::JournalRetention { seconds, grace_seconds: seconds, until_archived: self.journal_archive }
    }
}

/// Listener of a process's metrics, and its memory limit.
#[derive(Debug, Clone, Args)]
pub struct MetricsArgs {
    /// Address of the internal network at which Prometheus reads metrics and probes may ask, as in 127.0.0.1:9090. No metrics when not given.
    #[arg(long, env = "ENTREPOT_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// MiB that this process may use: near the limit it refuses new work. The limit of its container when not given.
    #[arg(long, env = "ENTREPOT_MEMORY_LIMIT", value_parser = clap::value_parser!(u64).range(64..))]
    pub memory_limit: Option<u64>,
    /// Give memory back once nothing was asked for 1.5 s, at most once a minute: pages of SQLite's caches, and on Linux those of the program's file.
    #[arg(long, env = "ENTREPOT_IDLE_TRIM", default_value_t = true, action = clap::ArgAction::Set)]
    pub idle_trim: bool,
    /// Text of 16 to 256 characters that a caller of /debug/cpu and /debug/heap at --metrics-listen sends as `Authorization: Bearer …`. Needed there
    /// unless that is a loopback address and no token is given.
    #[arg(long, env = "ENTREPOT_PROFILE_TOKEN", hide_env_values = true, value_parser = profile_token)]
    profile_token: Option<String>,
}

impl MetricsArgs {
    /// Returns the token that callers of profiles need; None if none is given. An empty variable
    /// gives none.
    pub fn profile_token(&self) -> Option<String> {
        self.profile_token.clone().filter(|token| !token.is_empty())
    }
}

/// Reads a token.
fn profile_token(text: &str) -> Result<String, &'static str> {
    let is_token = text.is_empty() || ((16..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()));
    if is_token {
        Ok(text.to_owned())
    } else {
        Err("16 to 256 visible ASCII characters are expected, as of `openssl rand -hex 16`")
    }
}

#[derive(Debug, Clone, Args)]
pub struct Worker {
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
    /// Work for this database although it was, or is being, copied to another one: see `serve --help`.
    #[arg(long)]
    pub anyway: bool,
    #[command(flatten)]
    pub emails: EmailArgs,
    #[command(flatten)]
    pub redis: super::RedisArgs,
    #[command(flatten)]
    pub replicas: super::ReplicaArgs,
    #[command(flatten)]
    pub jobs: JobArgs,
    #[command(flatten)]
    pub metrics_server: MetricsArgs,
    #[command(flatten)]
    pub traces: super::TraceArgs,
}
