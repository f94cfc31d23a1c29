//! Settings of `entrepot schema`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Clone, Args)]
pub struct SchemaArgs {
    #[command(subcommand)]
    pub action: Option<SchemaAction>,
}

#[derive(Debug, Clone, Subcommand)]
pub enum SchemaAction {
    /// Compare two schemas: what breaks clients of the older one, what may surprise them, what is deprecated, what is new.
    Diff(SchemaDiffArgs),
    /// Print the examples of the reference: an operation for each root field, no two of the same name.
    Examples,
}

#[derive(Debug, Clone, Args)]
pub struct SchemaDiffArgs {
    /// A file with the older schema (SDL).
    pub old: PathBuf,
    /// A file with the newer schema (SDL).
    pub new: PathBuf,
    /// Format of the changes: a line a change, Markdown, or one JSON object.
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
    /// End with 1 when a change breaks clients.
    #[arg(long)]
    pub check: bool,
    /// A file of breaking changes that are allowed, one a line: KIND coordinate reason.
    #[arg(long, requires = "check")]
    pub exceptions: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    Text,
    Markdown,
    Json,
}
