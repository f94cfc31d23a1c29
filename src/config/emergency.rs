//! Settings of commands for an emergency.

use clap::{Args, Subcommand};
use entity::prelude::JobId;

use super::KeysOf;

#[derive(Debug, Clone, Args)]
pub struct SessionsArgs {
    #[command(subcommand)]
    pub action: SessionsAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum SessionsAction {
    /// End all sessions, their refresh tokens, and logins that wait for a second factor. Running nodes notice within five seconds. API keys stay.
    End {
        #[command(flatten)]
        of: KeysOf,
        /// Sessions with the tenant of this slug.
        #[arg(long, required_unless_present = "all", conflicts_with = "all")]
        tenant: Option<String>,
        /// Sessions with every tenant.
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, Clone, Args)]
pub struct JobCommandArgs {
    #[command(subcommand)]
    pub action: JobAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum JobAction {
    /// End a job that waits or runs as failed. It is not tried again unless its tenant calls jobRetry.
    Drop {
        #[command(flatten)]
        of: KeysOf,
        /// The job's ID: job_…
        #[arg(value_parser = job)]
        id: JobId,
        /// Why, for the job's tenant and the audit log.
        #[arg(long, value_parser = reason)]
        reason: String,
    },
}

/// Reads the ID of a job.
fn job(id: &str) -> Result<JobId, &'static str> {
    id.parse().map_err(|_| "the ID of a job is expected: job_…")
}

/// Reads a reason, of 1 to 500 characters.
fn reason(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 500 || text.chars().any(char::is_control) {
        return Err("a reason has 1 to 500 characters on one line");
    }
    Ok(text.to_owned())
}
