//! Attachments as rows.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::attachment,
};
use platform::{
    audit::Target,
    paging::{ListSource, Listed, PageRequest},
    storage::{Fault, Finds, Reads, Row, Rows, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use super::core::Attachment;

#[derive(Record)]
#[record(of = attachment, alias = "a")]
struct AttachmentRow {
    id: AttachmentId,
    target_kind: String,
    target_id: Uuid,
    file_id: FileId,
    name: String,
    description: String,
    actor_kind: ActorKind,
    actor_id: Uuid,
    created_at: Timestamp,
}

impl From<AttachmentRow> for Attachment {
    fn from(row: AttachmentRow) -> Self {
        Self {
            id: row.id,
            target: Target { kind: row.target_kind, id: row.target_id },
            file: row.file_id,
            name: row.name,
            description: row.description,
            author: Actor { kind: row.actor_kind, id: row.actor_id },
            created_at: row.created_at,
        }
    }
}

async fn select(reads: &impl Reads, rest: &str, values: Vec<Value>) -> Result<Vec<Attachment>, Fault> {
    let sql = format!("SELECT {} FROM attachment a WHERE a.tenant_id = $1{rest}", AttachmentRow::SELECT);
    Ok(reads.records::<AttachmentRow>(&sql, values).await?.into_iter().map(Attachment::from).collect())
}

pub async fn by_id(reads: &impl Reads, id: AttachmentId) -> Result<Option<Attachment>, Fault> {
    Ok(select(reads, " AND a.id = $2", vec![id.into()]).await?.pop())
}

/// A page of the attachments of some objects, the newest first. Keys are the time and the id.
pub async fn page(reads: &impl Reads, targets: &[Uuid], request: &PageRequest) -> Result<Listed<Attachment>, Fault> {
    let backend = reads.backend();
    let from = format!("FROM attachment a WHERE a.tenant_id = $1 AND {}", backend.in_ids("a.target_id", 2));
    let source = ListSource { from, values: vec![backend.ids(targets.iter().map(|id| AttachmentId::from_uuid(*id)))] };
    let (sql, values) = source.clone().page(AttachmentRow::SELECT, &["a.created_at", "a.id"], true, request);
    let rows = reads.records::<AttachmentRow>(&sql, values).await?.into_iter().map(Attachment::from).collect();
    Ok(Listed { rows, source })
}

/// How many attachments an object has.
pub async fn count(reads: &impl Reads, target: Uuid) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT count(*) FROM attachment WHERE tenant_id = $1 AND target_id = $2", vec![target.into()]).await?;
    rows.first().map_or(Ok(0), |row| Row::new(row).take())
}

pub async fn insert(work: &Work, new: &Attachment) -> Result<(), Fault> {
    let mut rows = Rows::<AttachmentRow>::insert(work.tenant());
    rows.push(AttachmentRow {
        id: new.id,
        target_kind: new.target.kind.clone(),
        target_id: new.target.id,
        file_id: new.file,
        name: new.name.clone(),
        description: new.description.clone(),
        actor_kind: new.author.kind,
        actor_id: new.author.id,
        created_at: new.created_at,
    });
    work.write(rows.into()).await
}

pub async fn remove(work: &Work, id: AttachmentId) -> Result<(), Fault> {
    work.execute("DELETE FROM attachment WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await.map(drop)
}
