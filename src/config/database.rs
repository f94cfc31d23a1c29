//! Settings of the database, and of the keys that its secrets are sealed with.

use clap::Args;
use platform::{
    secrets::KeySource,
    storage::{LedgerPlans, Options, RowSecurity},
};

#[cfg(feature = "aws-secrets")]
use super::aws;

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

/// A database and its keys.
#[derive(Debug, Clone, Args)]
pub struct KeysOf {
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
}
