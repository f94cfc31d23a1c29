//! Settings of `entrepot facts`.

use clap::{Args, Subcommand};

use super::database::DatabaseArgs;

#[derive(Debug, Clone, Args)]
pub struct FactsArgs {
    #[command(subcommand)]
    pub action: FactsAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum FactsAction {
    /// Make the demand facts again, beside those that reports read, which are replaced at the end. Prints rows and checksum of each tenant.
    Rebuild {
        #[command(flatten)]
        database: DatabaseArgs,
        /// Only the tenant with this slug.
        #[arg(long)]
        tenant: Option<String>,
        /// Replace nothing: compare them with those that reports read. Ends with 1 when a tenant's differ.
        #[arg(long)]
        check: bool,
    },
}
