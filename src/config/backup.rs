//! Settings of `entrepot backup`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use entity::prelude::Timestamp;
use platform::clock;
use services::{backups, files::FileLocation};

use super::{
    FileArgs,
    database::{DatabaseArgs, KeysOf},
};

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
    /// Location of backups: file:FOLDER, or s3://bucket/prefix with the usual AWS_… of the environment. Not the place of --files.
    #[arg(long, env = "ENTREPOT_BACKUPS")]
    pub backups: FileLocation,
    #[command(flatten)]
    pub programs: ProgramArgs,
    /// Location of the stored files, for drills: those of papers are compared with their hashes.
    /// None: beside the database.
    #[arg(skip)]
    pub files: Option<FileLocation>,
}

/// Revocations since the backup, which are repeated.
#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    /// Revoke again what is listed in this place of backups (`entrepot backup revocations`). Nothing is when not given.
    #[arg(long, value_name = "PLACE")]
    pub revocations: Option<FileLocation>,
    /// Only what was revoked after this moment in UTC, as in 2026-11-24T22:18:00Z: that to which the database was restored, or a minute before. The moment of the last event in the
    /// database, less a minute, when not given.
    #[arg(long, value_parser = parse_timestamp, requires = "revocations")]
    pub revocations_after: Option<Timestamp>,
}

/// The programs that dump and restore a Postgres.
#[derive(Debug, Clone, Args)]
pub struct ProgramArgs {
    /// The program that dumps a Postgres, of the server's version or a newer one: a path, or a name that PATH has.
    #[arg(long, env = "ENTREPOT_PG_DUMP", default_value = PG_DUMP)]
    pub pg_dump: PathBuf,
    /// The program that restores a dump, of the version of --pg-dump or a newer one.
    #[arg(long, env = "ENTREPOT_PG_RESTORE", default_value = PG_RESTORE)]
    pub pg_restore: PathBuf,
}

const PG_DUMP: &str = "pg_dump";
const PG_RESTORE: &str = "pg_restore";

impl From<ProgramArgs> for backups::PgPrograms {
    fn from(args: ProgramArgs) -> Self {
        Self { dump: args.pg_dump, restore: args.pg_restore }
    }
}

/// Backups by schedule, wherever jobs are done.
#[derive(Debug, Clone, Args)]
pub struct BackupJobArgs {
    /// Location to which this process backs up the database on a schedule: file:FOLDER, or s3://bucket/prefix with the usual AWS_… of the environment. Not the place of --files. A Postgres
    /// is dumped by pg_dump, which is for up to 5 GiB. No scheduled backups when not given.
    #[arg(long, env = "ENTREPOT_BACKUPS")]
    pub backups: Option<FileLocation>,
    /// Time between the starts of two backups, as in 30m, 6h or 1d; 6h when not given. When some were missed, one is made. No effect without --backups.
    #[arg(long, env = "ENTREPOT_BACKUP_EVERY", value_parser = interval)]
    pub backup_every: Option<Duration>,
    #[command(flatten)]
    pub retention: RetentionArgs,
    /// Time between the starts of two drills, as in 7d, or off; 7d when not given. Each needs as much free disk as the database has, and on Postgres a login with CREATEDB. No effect without
    /// --backups.
    #[arg(long, env = "ENTREPOT_BACKUP_DRILL_EVERY", value_parser = parse_drill_interval)]
    pub backup_drill_every: Option<DrillInterval>,
    /// A program, and its arguments between spaces, that lists the backups of a Postgres within a minute, as in pgbackrest --stanza=shop info --output=json. Jobs run it every five minutes, and
    /// copy what is new into the list of backups that the API shows. None is copied when not given.
    #[arg(long, env = "ENTREPOT_PGBACKREST_INFO")]
    pub pgbackrest_info: Option<String>,
    /// Time between two backups of that Postgres as its own schedule makes them, as in 12h or 1d. The alarm and `entrepot doctor` take the newest for late after two of them; after 26 hours when
    /// not given.
    #[arg(long, env = "ENTREPOT_PGBACKREST_EVERY", requires = "pgbackrest_info", value_parser = interval)]
    pub pgbackrest_every: Option<Duration>,
    #[command(flatten)]
    pub shipping: ShippingArgs,
    #[command(flatten)]
    pub programs: ProgramArgs,
}

impl BackupJobArgs {
    /// Time between the starts of two backups.
    pub fn backup_interval(&self) -> Duration {
        self.backup_every.unwrap_or(Duration::from_hours(6))
    }
    /// Time between the starts of two drills; None where there are none.
    pub fn drill_interval(&self) -> Option<Duration> {
        self.backup_drill_every.map_or(Some(Duration::from_hours(7 * 24)), |interval| interval.0)
    }
}

/// Continuous shipping of the write-ahead log.
#[derive(Debug, Clone, Args)]
pub struct ShippingArgs {
    /// Ship the write-ahead log to --backups once a second, so that at most 10 s are lost with the disk, and `backup restore --at` goes to any second. Only `serve` does so.
    #[arg(long, env = "ENTREPOT_BACKUP_SHIP_LOG", requires = "backups")]
    pub backup_ship_log: bool,
    /// Disk in MiB for what waits to be shipped, beside the database. When it is full, writes go on and what was committed since is not restorable until the place takes a new backup.
    #[arg(long, env = "ENTREPOT_BACKUP_SPOOL_MIB", default_value_t = 2048, value_parser = clap::value_parser!(u64).range(16..=1_048_576))]
    pub backup_spool_mib: u64,
    /// One in so many segments is read back from --backups and compared right after it was sent: 1 for each. A larger number is for a place that charges for reads.
    #[arg(long, env = "ENTREPOT_BACKUP_READ_BACK", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub backup_read_back: u32,
}

/// Reads a moment in UTC.
fn parse_timestamp(text: &str) -> Result<Timestamp, &'static str> {
    clock::parse_rfc3339(text).ok_or("a moment is written as in 2026-11-24T22:18:00Z")
}

/// Retention of backups.
#[derive(Debug, Clone, Args)]
pub struct RetentionArgs {
    /// Days in which every backup is kept. Then one a day is up to 35 days, and one of each 30 days for a year.
    #[arg(long, env = "ENTREPOT_BACKUP_KEEP", default_value_t = backups::ALL_DAYS, value_parser = clap::value_parser!(i64).range(1..=3650))]
    pub backup_keep: i64,
}

/// Time between two drills; None where there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrillInterval(pub Option<Duration>);

/// Reads a length of time: a number and its unit.
fn interval(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED_FORMAT: &str =
        "a length of time is written as a number and s, m, h or d, as in 30m, 6h or 7d, from 1s to 3650d";
    const MAX_SECONDS: u64 = 3650 * 24 * 3600;
    let unit = text.chars().next_back().ok_or(EXPECTED_FORMAT)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        _ => return Err(EXPECTED_FORMAT),
    };
    let number: u64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or(EXPECTED_FORMAT)?;
    let total_seconds =
        number.checked_mul(seconds).filter(|total_seconds| (1..=MAX_SECONDS).contains(total_seconds)).ok_or(EXPECTED_FORMAT)?;
    Ok(Duration::from_secs(total_seconds))
}

fn parse_drill_interval(text: &str) -> Result<DrillInterval, &'static str> {
    if text == "off" { Ok(DrillInterval(None)) } else { interval(text).map(|every| DrillInterval(Some(every))) }
}

/// Nice value of backups and drills, by commands and by schedule: on a busy core they get a fifteenth of what requests get
/// (sched(7)). With less they would take minutes there, and the log of an embedded database grows for as long as it is copied.
/// Generations of a shipped log have the priority of requests, since its segments wait for them.
pub const BACKUP_NICE_VALUE: i32 = 12;

impl BackupAction {
    /// Whether it may run for long beside a node that serves requests.
    pub const fn runs_beside_nodes(&self) -> bool {
        matches!(self, Self::Run(_) | Self::Revocations(_) | Self::Verify { .. } | Self::Drill { .. } | Self::Prune { .. })
    }
}

#[derive(Debug, Clone, Subcommand)]
pub enum BackupAction {
    /// Back up a database while it is served, compressed and encrypted under the key ring: an embedded one as one consistent file, which needs as much free disk as
    /// the database has, and a Postgres of up to 5 GiB by pg_dump, which needs none. Beside requests of the same machine it waits for the processor. The keys and the stored files are not inside: keep copies of both; the hashes of
    /// the files are. Back a larger Postgres up with pgBackRest (docs/backups.md).
    Run(BackupsOf),
    /// List what was revoked beside the backups, encrypted under the key ring: API keys, members who were suspended or removed, customers and tenants that were erased. A restore revokes it
    /// again. `backup run` does so, too, and processes with --backups do each minute: this one is for a Postgres that other programs back up, each minute by cron.
    Revocations(BackupsOf),
    /// List backups, the oldest first: ID, when, sizes, whether the keys are here, whether it was verified, how far shipped segments reach, and what is wrong with it.
    List(BackupsOf),
    /// Read a backup back with the segments that were shipped after it, and compare every hash, without restoring it. Then read the stored files that it lists, and name
    /// those that are missing or changed. Ends with 1 where one is.
    Verify {
        #[command(flatten)]
        of: BackupsOf,
        /// The backup's ID, or `newest`.
        #[arg(default_value = "newest")]
        id: String,
        #[command(flatten)]
        files: FileArgs,
        /// Read no stored files, whatever --files says.
        #[arg(long)]
        no_files: bool,
    },
    /// Restore a backup into the file of --database-url, which must not be there yet, or into its Postgres, which must be empty. Migrates it to this version, sets new epochs, ends sessions and mailed links, revokes again what is listed beside the backups, and holds what would be sent until `entrepot resume`, as `entrepot epoch` does.
    Restore {
        #[command(flatten)]
        of: BackupsOf,
        /// The backup's ID, or `newest`.
        #[arg(default_value = "newest")]
        id: String,
        /// Restore to this moment in UTC, as in 2026-11-24T22:18:00Z. Needs the segments of a shipped log up to it; without, the newest backup before it is restored.
        #[arg(long, value_parser = parse_timestamp)]
        at: Option<Timestamp>,
        /// Pass over a newest backup that is damaged: restore what is whole and comes nearest to it, an older backup or the same one with fewer segments, and print how many seconds are lost.
        /// Without it, damage ends the restore. A backup whose keys are missing is not passed over.
        #[arg(long, conflicts_with_all = ["id", "at"])]
        newest_whole: bool,
        /// Revoke all API keys, and not only those that are listed as revoked since the backup.
        #[arg(long)]
        revoke_keys: bool,
        /// Accept no password from before: everybody chooses another by a link that is sent to their address.
        #[arg(long)]
        reset_passwords: bool,
    },
    /// Restore a backup into a temporary file beside the database, or into a temporary database of the same Postgres, prove it as `verify` does, compare its heads with the manifest, and remove it. Prints the RPO, the seconds that would be
    /// lost if the database were gone now, and the RTO, the seconds that the restore took. Needs as much free disk as the database has, which itself is not touched; on Postgres also the right to create databases.
    Drill {
        #[command(flatten)]
        of: BackupsOf,
        // The newest files of papers are compared with their hashes where they are there.
        #[command(flatten)]
        files: FileArgs,
        /// The backup's ID, or `newest`.
        #[arg(default_value = "newest")]
        id: String,
    },
    /// Mark backups that are no longer kept, and remove those that were marked a day ago. Kept are all of --backup-keep days, one a day for 35, one of each 30 days for a year,
    /// the newest, and the newest that was verified.
    Prune {
        #[command(flatten)]
        of: BackupsOf,
        #[command(flatten)]
        retention: RetentionArgs,
    },
    /// Print the log of backups and drills, by command and by schedule, the newest last: when, kind, state, seconds, and between tabs what is known of it.
    Log {
        #[command(flatten)]
        database: DatabaseArgs,
        /// Rows to print.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
        last: i64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_a_unit() {
        for (text, seconds) in [("1s", 1), ("30m", 1_800), ("6h", 21_600), ("7d", 604_800)] {
            assert_eq!(interval(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "6", "h", "0h", "-1h", "1.5h", "6 h", "4000d", "99999999999999999999d", "6é", "off"] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_drill_interval("off"), Ok(DrillInterval(None)));
        assert_eq!(parse_drill_interval("1d"), Ok(DrillInterval(Some(Duration::from_hours(24)))));
    }
}
