//! Settings of `entrepot backup`.

use clap::{Args, Subcommand};
use services::files::FileLocation;

use super::KeysOf;

#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    #[command(subcommand)]
    pub action: BackupAction,
}

/// A place of backups, and the database whose keys they need.
#[derive(Debug, Clone, Args)]
pub struct BackupsOf {
    #[command(flatten)]
    pub of: KeysOf,
    /// Where backups are: file:FOLDER, or s3://bucket/prefix with the usual AWS_… of the environment. Not the place of --files.
    #[arg(long, env = "ENTREPOT_BACKUPS")]
    pub backups: FileLocation,
}

#[derive(Debug, Clone, Subcommand)]
pub enum BackupAction {
    /// Back up an embedded database while it is served: one consistent file, compressed, encrypted under the key ring. Needs as much free disk as the database has.
    /// The keys and the stored files are not inside: keep copies of both. A Postgres is backed up by pgBackRest or pg_dump (docs/backups.md).
    Run(BackupsOf),
    /// List backups, the oldest first: ID, when, sizes, whether the keys are here, whether it was verified, and what is wrong with it.
    List(BackupsOf),
    /// Read a backup back and compare every hash, without restoring it.
    Verify {
        #[command(flatten)]
        of: BackupsOf,
        /// The backup's ID, or `newest`.
        #[arg(default_value = "newest")]
        id: String,
    },
    /// Restore a backup into the file of --database-url, which must not be there yet. Migrates it to this version, sets new epochs, and ends sessions and mailed links, as `entrepot epoch` does.
    Restore {
        #[command(flatten)]
        of: BackupsOf,
        /// The backup's ID, or `newest`.
        #[arg(default_value = "newest")]
        id: String,
        /// Revoke all API keys: among them those that were revoked since the backup.
        #[arg(long)]
        revoke_keys: bool,
        /// Accept no password from before: everybody chooses another by a link that is sent to their address.
        #[arg(long)]
        reset_passwords: bool,
    },
    /// Restore a backup into a temporary file beside the database, prove it as `verify` does, compare its heads with the manifest, and remove it. Prints the RPO, the seconds that would be
    /// lost if the database were gone now, and the RTO, the seconds that the restore took. Needs as much free disk as the database has, which itself is not touched.
    Drill {
        #[command(flatten)]
        of: BackupsOf,
        /// The backup's ID, or `newest`.
        #[arg(default_value = "newest")]
        id: String,
    },
    /// Mark backups that are no longer kept, and remove those that were marked a day ago. Kept are all of 7 days, one a day for 35, one of each 30 days for a year,
    /// the newest, and the newest that was verified.
    Prune(BackupsOf),
}
