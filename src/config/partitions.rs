//! Settings of `entrepot partitions`.

use clap::{Args, Subcommand};

use super::{FileArgs, database::DatabaseArgs};

#[derive(Debug, Clone, Args)]
pub struct PartitionsArgs {
    #[command(subcommand)]
    pub action: PartitionsAction,
}

#[derive(Debug, Clone, Subcommand)]
pub enum PartitionsAction {
    /// Make the partitions of the months to come, three ahead. A job does it each day where the login owns the tables. Safe to run again.
    Run {
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Print each partition: its month, whether it is attached, and bytes of its rows as last measured. Ends with 1 when fewer than two months ahead have theirs.
    List {
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Take old months of the journal and of webhook attempts out of the database: detached, written as Parquet into the file store, read back and compared,
    /// and removed seven days later by the same command. Run it each day. One that was ended in the middle goes on. The audit log is never taken out.
    Archive {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        files: FileArgs,
        /// Months before the present one that stay.
        #[arg(long, default_value_t = 13, value_parser = clap::value_parser!(i64).range(2..=1200))]
        keep_months: i64,
        /// Days of events that streams and webhooks catch up with, as given to nodes and workers. The command is refused where --keep-months may be fewer days.
        /// A month that webhooks or alerts have not read yet waits until twice as many days after its end.
        #[arg(long, env = "ENTREPOT_JOURNAL_DAYS", default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=3650))]
        journal_days: i64,
    },
}
