//! `entrepot tenant`: its arguments.

use std::str::FromStr;

use api::graphql::quota::BudgetText;
use clap::{Args, Subcommand};
use services::files::FileLocation;

use super::{
    FileArgs,
    database::{DatabaseArgs, KeysOf},
    emergency::reason,
};

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
        /// Reason, for the audit log and `tenant list`.
        #[arg(long, value_parser = reason)]
        reason: String,
    },
    /// Serve a suspended tenant again. Waiting jobs and deliveries resume.
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
    /// Take a tenant in that `tenant export` wrote, from another deployment: of either kind of database, under other keys, with other tenants in it.
    ///
    /// Every file is compared with the manifest first. All rows are written in one transaction, proven as `verify` does, and only then seen by anybody: killed or
    /// refused anywhere, nothing is left. IDs, event numbers, document numbers and the audit log stay as they are; streams restart. Personal data is
    /// sealed under the keys given here. Passwords, sessions, API keys and webhook secrets are not in an export: the command says at its end who must do what.
    /// A tenant or slug that is there already is refused (--slug gives another one). Let only one of the two deployments go on with the tenant.
    /// On SQLite others cannot write while it runs; on Postgres nodes go on.
    #[command(verbatim_doc_comment)]
    Import {
        #[command(flatten)]
        of: KeysOf,
        #[command(flatten)]
        import: ImportArgs,
        #[command(flatten)]
        files: FileArgs,
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
        /// Erase now, if the thirty days are over: also stored files, and on Postgres rows in months that `partitions archive` has taken out, which needs the login that owns the tables. There is
        /// no way back. Safe to run again after an error. Refused where --files is not the file store of the deployment.
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

/// Source and options of an import.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// The folder that `tenant export` wrote, or the manifest.json in it.
    pub from: std::path::PathBuf,
    /// Give the tenant another slug.
    #[arg(long)]
    pub slug: Option<String>,
    /// Check, write and prove everything, and undo it.
    #[arg(long)]
    pub dry_run: bool,
    /// Take the tenant in although `verify` finds broken rows, which are broken in the other deployment as well.
    #[arg(long)]
    pub accept_broken: bool,
    /// Copy the tenant's stored files from there: file:FOLDER or s3://bucket/prefix. Without it only their rows come along.
    #[arg(long)]
    pub files_from: Option<FileLocation>,
}

/// A limit of a tenant's plan, in its stored form; `None` for the deployment's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedLimit(pub Option<String>);

impl FromStr for PlannedLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "default" {
            return Ok(Self(None));
        }
        text.parse::<BudgetText>().map_err(|error| format!("{error}, or default"))?;
        Ok(Self(Some(text.to_owned())))
    }
}
