//! Settings of reads that replicas of a Postgres take off it.

use std::time::Duration;

use clap::Args;
use platform::storage::{Options, replicas::ReplicaOptions};

#[derive(Debug, Clone, Args)]
pub struct ReplicaArgs {
    /// A streaming replica of the Postgres of --database-url, as in postgres://user:password@replica/database; several between commas, or by
    /// repeating the flag. Queries, reports and exports are read there. A caller that has just written is answered by a replica that has replayed the write, or by the primary.
    #[arg(long = "read-database-url", env = "ENTREPOT_READ_DATABASE_URL", value_delimiter = ',', hide_env_values = true)]
    pub urls: Vec<String>,
    /// Seconds that a replica may be behind: one that is further behind is left out until it has caught up.
    #[arg(long = "replica-staleness", env = "ENTREPOT_REPLICA_STALENESS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub staleness_seconds: u64,
}

impl ReplicaArgs {
    /// Returns the options of a database's replicas.
    pub fn options<'a>(&self, database_url: &'a str, options: &Options) -> ReplicaOptions<'a> {
        ReplicaOptions { primary: database_url, staleness: Duration::from_secs(self.staleness_seconds), readers: options.readers }
    }
}
