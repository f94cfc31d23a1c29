//! Settings of commands for an emergency.

use clap::{Args, Subcommand};
use entity::prelude::JobId;

use super::database::{DatabaseArgs, KeysOf};

#[derive(Debug, Clone, Args)]
pub struct SessionsArgs {
    #[command(subcommand)]
    pub action: SessionsAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum SessionsAction {
    /// End all sessions, their refresh tokens, and logins that wait for a second factor. Running nodes notice within five seconds.
    End {
        #[command(flatten)]
        of: KeysOf,
        /// Sessions with the tenant of this slug.
        #[arg(long, required_unless_present = "all", conflicts_with = "all")]
        tenant: Option<String>,
        /// Sessions with every tenant. Without --yes it says how many there are and ends none.
        #[arg(long)]
        all: bool,
        /// Revoke the API keys of these tenants, too. They are not accepted again.
        #[arg(long)]
        api_keys: bool,
        /// End them: asked for with --all and with --api-keys.
        #[arg(long)]
        yes: bool,
    },
}

/// Options of the end of a hold: outgoing messages are sent or dropped.
#[derive(Debug, Clone, Args)]
pub struct ResumeArgs {
    #[command(flatten)]
    pub of: KeysOf,
    /// Print what waits, a line for each tenant, and change nothing.
    #[arg(long, conflicts_with = "drop_pending")]
    pub dry_run: bool,
    /// Send nothing that waited when the hold began: e-mails and runs become dead jobs, deliveries fail, endpoints skip events that they have not read, and
    /// schedules wait for their next time. E-mails, runs and deliveries created or due since then are sent. Tenants may try an e-mail again, and replay deliveries. Needs the keys that secrets
    /// are sealed with, for the audit log.
    #[arg(long)]
    pub drop_pending: bool,
}

#[derive(Debug, Clone, Args)]
pub struct JobCommandArgs {
    #[command(subcommand)]
    pub action: JobAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum JobAction {
    /// List queued jobs, what is due first: ID, tenant, kind, state, when it is due, failures, and why it failed last, between tabs.
    List {
        #[command(flatten)]
        database: DatabaseArgs,
        /// Only those of the tenant with this slug.
        #[arg(long)]
        tenant: Option<String>,
        /// Only those in this state. When not given: all that are not done.
        #[arg(long, value_enum)]
        state: Option<ListedState>,
        /// Maximum number of jobs.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        first: i64,
    },
    /// Try a job that is dead once more, from the beginning.
    Retry {
        #[command(flatten)]
        of: KeysOf,
        /// The job's ID: job_…
        #[arg(value_parser = parse_job_id)]
        id: JobId,
    },
    /// End a job that waits or runs as failed. It is not tried again unless its tenant calls jobRetry.
    Drop {
        #[command(flatten)]
        of: KeysOf,
        /// The job's ID: job_…
        #[arg(value_parser = parse_job_id)]
        id: JobId,
        /// Reason, for the job's tenant and the audit log.
        #[arg(long, value_parser = reason)]
        reason: String,
    },
}

/// A state of jobs that are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ListedState {
    Waiting,
    Running,
    Dead,
}

/// Reads the ID of a job.
fn parse_job_id(id: &str) -> Result<JobId, &'static str> {
    id.parse().map_err(|_| "the ID of a job is expected: job_…")
}

/// Reads a reason, of 1 to 500 characters.
pub(super) fn reason(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 500 || text.chars().any(char::is_control) {
        return Err("a reason has 1 to 500 characters on one line");
    }
    Ok(text.to_owned())
}
