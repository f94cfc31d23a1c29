//! Settings of `entrepot copy`.

use clap::Args;
use platform::storage::{Options, RowSecurity, copying::CopyRun};
use services::files::FileLocation;

use super::database::KeyArgs;

#[derive(Debug, Clone, Args)]
pub struct CopyArgs {
    /// The database that is copied: sqlite://path/to/file or postgres://user:password@host/database
    #[arg(long, env = "ENTREPOT_COPY_FROM", hide_env_values = true)]
    pub from: String,
    /// The database that it is copied into, either kind. It is migrated when it has no tables yet; otherwise it must be migrated and without rows.
    #[arg(long, env = "ENTREPOT_COPY_TO", hide_env_values = true)]
    pub to: String,
    /// Postgres' own wall between tenants, as in `serve`.
    #[arg(long, env = "ENTREPOT_ROW_SECURITY", value_enum, default_value_t)]
    pub row_security: RowSecurity,
    // The keys of the source, which the target needs, too.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// Copy the stored files as well. Without it they stay where they are, and the target is served with the same --files.
    #[arg(long)]
    pub files: bool,
    /// Location that files are read from: file:FOLDER or s3://bucket/prefix. When not given: beside an embedded source, FILE.files; elsewhere entrepot.files.
    #[arg(long, requires = "files")]
    pub files_from: Option<FileLocation>,
    /// Location that files are written to. When not given: beside an embedded target, FILE.files; elsewhere entrepot.files.
    #[arg(long, requires = "files")]
    pub files_to: Option<FileLocation>,
    /// Finish although `verify` finds broken rows in the target, which are broken in the source as well.
    #[arg(long)]
    pub accept_broken: bool,
    /// Rows of a batch at most.
    #[arg(long, hide = true, default_value_t = CopyRun::MAX_ROWS as u64, value_parser = clap::value_parser!(u64).range(1..=CopyRun::MAX_ROWS as u64))]
    pub batch_rows: u64,
}

impl CopyArgs {
    /// The options of both databases, for connections that are known as this process's.
    pub fn options(&self, runner: uuid::Uuid) -> Options {
        Options { row_security: self.row_security, copier: Some(runner), ..Options::default() }
    }
}
