//! Settings of `entrepot migrate` and `entrepot version`.

use clap::Args;

use super::DatabaseArgs;

#[derive(Debug, Clone, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Change nothing: list the migrations that the database lacks, the tables that each touches, and how many rows these have (estimated on Postgres, counted on SQLite).
    /// BREAKING marks those that older binaries cannot work with.
    #[arg(long)]
    pub plan: bool,
}

#[derive(Debug, Clone, Args)]
pub struct VersionArgs {
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Compare with the database. Ends with 1 when it has migrations that this binary lacks, or lacks some of this binary's.
    #[arg(long)]
    pub check: bool,
}
