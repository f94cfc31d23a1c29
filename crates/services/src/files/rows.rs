//! Files as rows.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::file,
};
use platform::storage::{Fault, Finds, Global, Reads, Row, Work, word};
use uuid::Uuid;

use super::core::{Dimensions, File, Purpose, State, Thumbnails};

#[derive(Record)]
#[record(of = file, alias = "f")]
struct FileRow {
    tenant_id: TenantId,
    id: FileId,
    purpose: String,
    name: String,
    media_type: String,
    size: i64,
    sha256: Option<Vec<u8>>,
    blob: Option<String>,
    state: String,
    maker_kind: ActorKind,
    maker_id: Uuid,
    created_at: Timestamp,
    ready_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    width: Option<i64>,
    height: Option<i64>,
    thumbnails: Option<String>,
    key_id: Option<ApiKeyId>,
}

impl TryFrom<FileRow> for File {
    type Error = Fault;
    fn try_from(row: FileRow) -> Result<Self, Fault> {
        Ok(Self {
            tenant: row.tenant_id,
            id: row.id,
            purpose: word("file", &row.purpose, Purpose::parse)?,
            name: row.name,
            media_type: row.media_type,
            size: row.size,
            sha256: row.sha256,
            blob: row.blob,
            state: word("file", &row.state, State::parse)?,
            maker: Actor { kind: row.maker_kind, id: row.maker_id },
            key: row.key_id,
            created_at: row.created_at,
            ready_at: row.ready_at,
            expires_at: row.expires_at,
            area: area(row.width, row.height)?,
            thumbnails: row.thumbnails.map(|text| word("file", &text, Thumbnails::parse)).transpose()?,
        })
    }
}

/// Returns the area if both sides are stored.
fn area(width: Option<i64>, height: Option<i64>) -> Result<Option<Dimensions>, Fault> {
    let (Some(width), Some(height)) = (width, height) else { return Ok(None) };
    let side_length = |pixels: i64| u32::try_from(pixels).map_err(|_| Fault::corrupt("file", "a picture has sides of pixels"));
    Ok(Some(Dimensions { width: side_length(width)?, height: side_length(height)? }))
}

pub async fn by_ids(reads: &impl Reads, ids: &[FileId]) -> Result<Vec<File>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT {} FROM file f WHERE f.tenant_id = $1 AND {}", FileRow::SELECT, backend.in_ids("f.id", 2));
    let rows = reads.records::<FileRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.into_iter().map(File::try_from).collect()
}

/// Reads a file, locked until the transaction ends.
pub async fn lock(work: &Work, id: FileId) -> Result<Option<File>, Fault> {
    let (select, lock) = (FileRow::SELECT, work.backend().for_change("f"));
    let sql = format!("SELECT {select} FROM file f WHERE f.tenant_id = $1 AND f.id = $2{lock}");
    work.records::<FileRow>(&sql, vec![id.into()]).await?.pop().map(File::try_from).transpose()
}

/// Returns the total bytes of the tenant's files.
pub async fn total_bytes(reads: &impl Reads) -> Result<i64, Fault> {
    let sql = "SELECT CAST(coalesce(sum(size), 0) AS bigint) FROM file WHERE tenant_id = $1 AND state = 'READY'";
    let rows = reads.rows(sql, vec![]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

pub async fn add(work: &Work, new: &File) -> Result<(), Fault> {
    let row = file::Model {
        tenant_id: work.tenant(),
        id: new.id,
        purpose: new.purpose.as_str().to_owned(),
        name: new.name.clone(),
        media_type: new.media_type.clone(),
        size: new.size,
        sha256: new.sha256.clone(),
        blob: new.blob.clone(),
        state: new.state.as_str().to_owned(),
        maker_kind: new.maker.kind,
        maker_id: new.maker.id,
        created_at: new.created_at,
        ready_at: new.ready_at,
        expires_at: new.expires_at,
        width: None,
        height: None,
        thumbnails: None,
        key_id: new.key,
    };
    work.insert::<file::Entity>(row).await
}

#[derive(Record)]
#[record(of = file)]
struct ChangedFile {
    id: FileId,
    media_type: String,
    size: i64,
    sha256: Option<Vec<u8>>,
    blob: Option<String>,
    state: String,
    ready_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    width: Option<i64>,
    height: Option<i64>,
    thumbnails: Option<String>,
}

/// Writes what became of a file.
pub async fn change(work: &Work, after: &File) -> Result<(), Fault> {
    let row = ChangedFile {
        id: after.id,
        media_type: after.media_type.clone(),
        size: after.size,
        sha256: after.sha256.clone(),
        blob: after.blob.clone(),
        state: after.state.as_str().to_owned(),
        ready_at: after.ready_at,
        expires_at: after.expires_at,
        width: after.area.map(|area| area.width.into()),
        height: after.area.map(|area| area.height.into()),
        thumbnails: after.thumbnails.map(|thumbnails| thumbnails.as_str().to_owned()),
    };
    work.update_row(row).await.map(drop)
}

/// Expired files, of all tenants.
pub async fn expired_files(global: &Global, now: Timestamp, limit: i64) -> Result<Vec<File>, Fault> {
    let sql = format!(
        "SELECT {} FROM file f WHERE f.state <> 'GONE' AND f.expires_at IS NOT NULL AND f.expires_at <= $1 ORDER BY f.expires_at LIMIT $2",
        FileRow::SELECT
    );
    let rows = global.records::<FileRow>(&sql, vec![now.micros().into(), limit.into()]).await?;
    rows.into_iter().map(File::try_from).collect()
}
