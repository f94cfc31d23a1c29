//! Files as rows.

use entity::prelude::*;
use platform::storage::{Fault, Global, Reads, Row, Work};
use sea_orm::QueryResult;

use super::core::{Area, File, Purpose, State, Thumbnails};

const COLUMNS: &str = "f.tenant_id, f.id, f.purpose, f.name, f.media_type, f.size, f.sha256, f.blob, f.state, f.maker_kind, f.maker_id, \
    f.created_at, f.ready_at, f.expires_at, f.width, f.height, f.thumbnails";

fn read(row: &QueryResult) -> Result<File, Fault> {
    let mut row = Row::new(row);
    Ok(File {
        tenant: row.take()?,
        id: row.take()?,
        purpose: row.word("file", Purpose::parse)?,
        name: row.take()?,
        media_type: row.take()?,
        size: row.take()?,
        sha256: row.take()?,
        blob: row.take()?,
        state: row.word("file", State::parse)?,
        maker: Actor { kind: row.word("file", ActorKind::parse)?, id: row.take()? },
        created_at: row.time()?,
        ready_at: row.time_opt()?,
        expires_at: row.time_opt()?,
        area: area(row.take()?, row.take()?)?,
        thumbnails: thumbnails(row.take()?)?,
    })
}

/// Both sides or neither.
fn area(width: Option<i64>, height: Option<i64>) -> Result<Option<Area>, Fault> {
    let (Some(width), Some(height)) = (width, height) else { return Ok(None) };
    let side = |pixels: i64| u32::try_from(pixels).map_err(|_| Fault::corrupt("file", "a picture has sides of pixels"));
    Ok(Some(Area { width: side(width)?, height: side(height)? }))
}

fn thumbnails(word: Option<String>) -> Result<Option<Thumbnails>, Fault> {
    let read = |word: String| Thumbnails::parse(&word).ok_or_else(|| Fault::corrupt("file", format!("unknown word {word}")));
    word.map(read).transpose()
}

pub async fn by_ids(reads: &impl Reads, ids: &[FileId]) -> Result<Vec<File>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT {COLUMNS} FROM file f WHERE f.tenant_id = $1 AND {}", backend.in_ids("f.id", 2));
    reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?.iter().map(read).collect()
}

/// The file, locked until the transaction ends.
pub async fn lock(work: &Work, id: FileId) -> Result<Option<File>, Fault> {
    let lock = work.backend().for_change("f");
    let sql = format!("SELECT {COLUMNS} FROM file f WHERE f.tenant_id = $1 AND f.id = $2{lock}");
    work.rows(&sql, vec![id.into()]).await?.first().map(read).transpose()
}

/// Bytes that the tenant's files hold together.
pub async fn held(reads: &impl Reads) -> Result<i64, Fault> {
    let sql = "SELECT CAST(coalesce(sum(size), 0) AS bigint) FROM file WHERE tenant_id = $1 AND state = 'READY'";
    let rows = reads.rows(sql, vec![]).await?;
    rows.first().map_or(Ok(0), |row| Row::new(row).take())
}

pub async fn add(work: &Work, new: &File) -> Result<(), Fault> {
    let sql = "INSERT INTO file (tenant_id, id, purpose, name, media_type, size, sha256, blob, state, maker_kind, maker_id, created_at, ready_at,
               expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let values = vec![
        new.id.into(),
        new.purpose.as_str().into(),
        new.name.as_str().into(),
        new.media_type.as_str().into(),
        new.size.into(),
        new.sha256.clone().into(),
        new.blob.clone().into(),
        new.state.as_str().into(),
        new.maker.kind.as_str().into(),
        new.maker.id.into(),
        new.created_at.micros().into(),
        new.ready_at.map(Timestamp::micros).into(),
        new.expires_at.map(Timestamp::micros).into(),
    ];
    work.execute(sql, values).await.map(drop)
}

/// Writes what became of a file.
pub async fn change(work: &Work, after: &File) -> Result<(), Fault> {
    let sql = "UPDATE file SET media_type = $3, size = $4, sha256 = $5, blob = $6, state = $7, ready_at = $8, expires_at = $9, width = $10,
               height = $11, thumbnails = $12
               WHERE tenant_id = $1 AND id = $2";
    let values = vec![
        after.id.into(),
        after.media_type.as_str().into(),
        after.size.into(),
        after.sha256.clone().into(),
        after.blob.clone().into(),
        after.state.as_str().into(),
        after.ready_at.map(Timestamp::micros).into(),
        after.expires_at.map(Timestamp::micros).into(),
        after.area.map(|area| i64::from(area.width)).into(),
        after.area.map(|area| i64::from(area.height)).into(),
        after.thumbnails.map(Thumbnails::as_str).into(),
    ];
    work.execute(sql, values).await.map(drop)
}

/// Files whose time is over, of whichever tenants.
pub async fn expired(global: &Global, now: Timestamp, most: i64) -> Result<Vec<File>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM file f WHERE f.state <> 'GONE' AND f.expires_at IS NOT NULL AND f.expires_at <= $1 ORDER BY f.expires_at LIMIT $2"
    );
    global.rows(&sql, vec![now.micros().into(), most.into()]).await?.iter().map(read).collect()
}
