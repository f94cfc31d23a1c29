//! `entrepot tenant`: its arguments.

use std::str::FromStr;

use api::graphql::quota::Written;
use clap::{Args, Subcommand};

use super::{DatabaseArgs, FileArgs, KeysOf, emergency::reason};

#[derive(Debug, Clone, Args)]
pub struct TenantArgs {
    #[command(subcommand)]
    pub action: TenantAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum TenantAction {
    /// List tenants: slug, name, kind, when it was created, and ACTIVE or SUSPENDED with since when and why, between tabs.
    List(DatabaseArgs),
    /// Show one tenant, as `list` does.
    Show {
        #[command(flatten)]
        database: DatabaseArgs,
        /// The tenant's slug.
        slug: String,
    },
    /// Refuse everybody of a tenant with TENANT_SUSPENDED and let its jobs, webhooks, alerts and e-mails wait, until `resume`. Running nodes notice within five seconds. Its rows and sessions stay.
    Suspend {
        #[command(flatten)]
        of: KeysOf,
        /// The tenant's slug.
        slug: String,
        /// Why, for the audit log and `tenant list`.
        #[arg(long, value_parser = reason)]
        reason: String,
    },
    /// Serve a tenant again that was suspended. What waited goes on.
    Resume {
        #[command(flatten)]
        of: KeysOf,
        /// The tenant's slug.
        slug: String,
    },
    /// Write everything that a tenant owns into a folder: a line of JSON a row, a file a table, a manifest of hashes. The server may go on meanwhile.
    Export {
        #[command(flatten)]
        of: KeysOf,
        /// The tenant's slug.
        slug: String,
        /// A folder that is not there yet.
        to: std::path::PathBuf,
    },
    /// Ask for a tenant to be erased after thirty days, take that back, or erase it when the time is over.
    Erase {
        #[command(flatten)]
        of: KeysOf,
        /// The tenant's slug.
        slug: String,
        /// Take the erasure back.
        #[arg(long, conflicts_with = "due")]
        cancel: bool,
        /// Erase now, if the thirty days are over. There is no way back.
        #[arg(long)]
        due: bool,
        #[command(flatten)]
        files: FileArgs,
    },
    /// Show or set a tenant's rate limits. A running node takes them within five seconds; `default` returns to its `--budget` and `--tenant-budget`.
    Plan {
        #[command(flatten)]
        of: KeysOf,
        /// The tenant's slug.
        slug: String,
        /// Each member: POINTS/POINTS_PER_SECOND, off, or default.
        #[arg(long)]
        member: Option<PlannedLimit>,
        /// Each integration: POINTS/POINTS_PER_SECOND, off, or default.
        #[arg(long)]
        integration: Option<PlannedLimit>,
        /// All members and integrations together: POINTS/POINTS_PER_SECOND, off, or default.
        #[arg(long)]
        together: Option<PlannedLimit>,
    },
}

/// A limit of a tenant's plan, as it is stored; `None` is the deployment's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedLimit(pub Option<String>);

impl FromStr for PlannedLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "default" {
            return Ok(Self(None));
        }
        text.parse::<Written>().map_err(|error| format!("{error}, or default"))?;
        Ok(Self(Some(text.to_owned())))
    }
}
