//! A backup or a drill of an embedded database, by command or by the standing job.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "backup_run")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: BackupKind,
    pub state: BackupState,
    pub started_at: Timestamp,
    /// Null while it runs. For a run whose process was killed: the time at which that was noticed.
    pub ended_at: Option<Timestamp>,
    /// Destination of the backups, without credentials: `file:FOLDER` or `s3://bucket/prefix`.
    pub destination: String,
    /// The ID of the backup, once it is known.
    pub backup_id: Option<String>,
    /// Bytes of the database in the backup.
    pub bytes: Option<i64>,
    /// Bytes of the chunks, of a backup.
    pub stored_bytes: Option<i64>,
    /// Rows of stored files, whose bytes are not in the backup.
    pub files: Option<i64>,
    /// The sum of the heads of all tenants in the backup.
    pub head: Option<i64>,
    /// Seconds that the restore of a drill took with its proofs, rounded up.
    pub rto_seconds: Option<i64>,
    /// Whether all invariants hold over the rows that a drill restored; None if it did not come so
    /// far.
    pub is_sound: Option<bool>,
    /// Error of a failed run, without credentials; null otherwise.
    pub error: Option<String>,
    /// Seconds before the end of a drill whose commits would have been lost with the disk.
    pub rpo_seconds: Option<i64>,
}
