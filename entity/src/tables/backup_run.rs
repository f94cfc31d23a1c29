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
    /// Null while it runs. Of one whose process was killed: when that was noticed.
    pub ended_at: Option<Timestamp>,
    /// Where backups are, without credentials: `file:FOLDER` or `s3://bucket/prefix`.
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
    /// Of a drill: seconds that the restore took with its proofs, rounded up.
    pub rto_seconds: Option<i64>,
    /// Of a drill that came so far: whether all invariants hold over the restored rows.
    pub is_sound: Option<bool>,
    /// Why it failed, without credentials; null unless it has.
    pub error: Option<String>,
    /// Of a drill: seconds before its end of which commits would have been lost with the disk.
    pub rpo_seconds: Option<i64>,
}
