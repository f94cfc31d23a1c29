//! Attachments as rows.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::attachment,
};
use inventory::orders::rows::{Clause, Span};
use platform::{
    audit::Target,
    paging::{Key, ListPage, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Nested, Reads, Row, Rows, Work},
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

/// Sort field of an object's attachments; the ID breaks ties. An object has few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentSort {
    CreatedAt,
    /// The case of ASCII letters is ignored, alike in both databases.
    Name,
}

/// A sort and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttachmentsSorted {
    pub by: AttachmentSort,
    pub descending: bool,
}

impl AttachmentsSorted {
    /// Default sort.
    pub const NEWEST: Self = Self { by: AttachmentSort::CreatedAt, descending: true };

    /// Returns the name of the list and its sort for cursors: a cursor of another sort is rejected.
    /// Cursors of the newest first are equal to those of versions without sorts.
    pub fn kind(self, list: &str) -> String {
        let by = match self.by {
            AttachmentSort::CreatedAt if self.descending => return list.to_owned(),
            AttachmentSort::CreatedAt => "CREATED_AT",
            AttachmentSort::Name => "NAME",
        };
        format!("{list}:{by}:{}", if self.descending { "DESC" } else { "ASC" })
    }
    const fn columns(self, backend: Backend) -> &'static [&'static str] {
        match (self.by, backend) {
            (AttachmentSort::CreatedAt, _) => &["a.created_at", "a.id"],
            (AttachmentSort::Name, Backend::Postgres) => &["lower(a.name COLLATE \"C\")", "a.id"],
            (AttachmentSort::Name, Backend::Sqlite) => &["lower(a.name)", "a.id"],
        }
    }
    /// Returns the cursor keys of an attachment in its list.
    pub fn keys(self, attachment: &Attachment) -> Vec<Key> {
        let first = match self.by {
            AttachmentSort::CreatedAt => Key::Int(attachment.created_at.micros()),
            AttachmentSort::Name => Key::Text(attachment.name.to_ascii_lowercase()),
        };
        vec![first, attachment.id.into()]
    }
}

/// Filter of an object's attachments; a field that is `None` is ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttachmentTest {
    /// Part of the name or the description. The letters A to Z are compared without their case.
    pub search: Option<String>,
    pub created: Option<Span>,
}

impl AttachmentTest {
    /// Adds the conditions on `attachment a`, each beginning with ` AND `. They filter the
    /// attachments of few objects.
    fn push_to(&self, clause: &mut Clause) {
        if let Some(text) = &self.search {
            let number = clause.bind(text.to_ascii_lowercase());
            let [name, description] = ["a.name", "a.description"].map(|column| clause.backend().has_text(column, number));
            clause.push(&format!(" AND ({name} OR {description})"));
        }
        if let Some(span) = self.created {
            clause.push(" AND ");
            clause.span("a.created_at", span);
        }
    }
}

/// A page of the attachments of some objects that pass the test.
pub async fn page(
    reads: &impl Reads,
    targets: &[Uuid],
    (filter, sorted): (&Nested<AttachmentTest>, AttachmentsSorted),
    request: &PageRequest,
) -> Result<ListPage<Attachment>, Fault> {
    let backend = reads.backend();
    let from = format!("FROM attachment a WHERE a.tenant_id = $1 AND {}", backend.in_ids("a.target_id", 2));
    let mut source = ListSource { from, values: vec![backend.ids(targets.iter().map(|id| AttachmentId::from_uuid(*id)))] };
    let mut clause = Clause::new(backend, source.values.len() + 2);
    clause.nested(filter, |clause, filter: &AttachmentTest| filter.push_to(clause));
    source.from.push_str(&clause.sql);
    source.values.extend(clause.values);
    let columns = sorted.columns(backend);
    let (sql, values) = source.clone().page(AttachmentRow::SELECT, columns, sorted.descending, request);
    let rows = reads.records::<AttachmentRow>(&sql, values).await?.into_iter().map(Attachment::from).collect();
    Ok(ListPage { rows, source })
}

/// Returns the number of attachments of an object.
pub async fn count(reads: &impl Reads, target: Uuid) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT count(*) FROM attachment WHERE tenant_id = $1 AND target_id = $2", vec![target.into()]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

pub async fn insert(work: &Work, attachment: &Attachment) -> Result<(), Fault> {
    let mut rows = Rows::<AttachmentRow>::insert(work.tenant());
    rows.push(AttachmentRow {
        id: attachment.id,
        target_kind: attachment.target.kind.clone(),
        target_id: attachment.target.id,
        file_id: attachment.file,
        name: attachment.name.clone(),
        description: attachment.description.clone(),
        actor_kind: attachment.author.kind,
        actor_id: attachment.author.id,
        created_at: attachment.created_at,
    });
    work.write(rows.into()).await
}

pub async fn remove(work: &Work, id: AttachmentId) -> Result<(), Fault> {
    work.execute("DELETE FROM attachment WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await.map(drop)
}
