//! Notes, their earlier texts and mentions.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{note, note_edit, note_mention},
};
use inventory::orders::rows::{Clause, Span};
use platform::{
    audit::Target,
    paging::{ListPage, ListSource, PageRequest},
    storage::{Fault, Finds, Nested, Reads, Rows, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use super::core::{Edit, Note};

#[derive(Record)]
#[record(of = note, alias = "n")]
struct NoteRow {
    id: NoteId,
    target_kind: String,
    target_id: Uuid,
    audience: NoteAudience,
    body: String,
    actor_kind: ActorKind,
    actor_id: Uuid,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = note)]
struct ChangedNote {
    id: NoteId,
    body: String,
    version: i64,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = note_edit, alias = "note_edit")]
struct EditRow {
    version: i64,
    body: String,
    written_at: Timestamp,
}

#[derive(Record)]
#[record(of = note_edit)]
struct NewEdit {
    note_id: NoteId,
    version: i64,
    body: String,
    written_at: Timestamp,
}

#[derive(Record)]
#[record(of = note_mention, alias = "note_mention")]
struct MentionRow {
    note_id: NoteId,
    member_id: MemberId,
}

impl From<NoteRow> for Note {
    fn from(row: NoteRow) -> Self {
        Self {
            id: row.id,
            target: Target { kind: row.target_kind, id: row.target_id },
            audience: row.audience,
            body: row.body,
            author: Actor { kind: row.actor_kind, id: row.actor_id },
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

async fn select(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<Note>, Fault> {
    let sql = format!("SELECT {} FROM note n WHERE n.tenant_id = $1{conditions}", NoteRow::SELECT);
    Ok(reads.records::<NoteRow>(&sql, values).await?.into_iter().map(Note::from).collect())
}

pub async fn by_id(reads: &impl Reads, id: NoteId) -> Result<Option<Note>, Fault> {
    Ok(select(reads, " AND n.id = $2", vec![id.into()]).await?.pop())
}
/// Reads a note, locked until the transaction ends.
pub async fn lock(work: &Work, id: NoteId) -> Result<Option<Note>, Fault> {
    let conditions = format!(" AND n.id = $2{}", work.backend().for_change("n"));
    Ok(select(work, &conditions, vec![id.into()]).await?.pop())
}
/// Returns an object's notes, on all pages.
pub fn source(target: Uuid) -> ListSource {
    let from = "FROM note n WHERE n.tenant_id = $1 AND n.target_id = $2".to_owned();
    ListSource { from, values: vec![target.into()] }
}

/// Filter of an object's notes; a field that is `None` is ignored, and an empty list matches
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoteFilter {
    /// Authors, any of which matches.
    pub authors: Option<Vec<Uuid>>,
    pub audiences: Option<Vec<NoteAudience>>,
    /// Part of the text. ASCII letters match in either case.
    pub search: Option<String>,
    pub created_at: Option<Span>,
    pub updated_at: Option<Span>,
}

impl NoteFilter {
    /// Adds the conditions on `note n`, each beginning with ` AND `. They filter the notes of one
    /// object.
    fn push_to(&self, clause: &mut Clause) {
        if let Some(authors) = &self.authors {
            clause.push(" AND ");
            clause.ids("n.actor_id", authors);
        }
        if let Some(audiences) = &self.audiences {
            let words = clause.backend().texts(audiences.iter().map(|audience| audience.as_str()));
            let number = clause.bind(words);
            clause.push(&format!(" AND {}", clause.backend().in_texts("n.audience", number)));
        }
        if let Some(text) = &self.search {
            let number = clause.bind(text.to_ascii_lowercase());
            clause.push(&format!(" AND {}", clause.backend().has_text("n.body", number)));
        }
        for (column, span) in [("n.created_at", self.created_at), ("n.updated_at", self.updated_at)] {
            if let Some(span) = span {
                clause.push(" AND ");
                clause.span(column, span);
            }
        }
    }
}

/// Reads a page of an object's notes, by time. Keys are the time and the ID.
pub async fn page(
    reads: &impl Reads,
    (target, filter): (Uuid, &Nested<NoteFilter>),
    descending: bool,
    request: &PageRequest,
) -> Result<ListPage<Note>, Fault> {
    let mut source = source(target);
    let mut clause = Clause::new(reads.backend(), source.values.len() + 2);
    clause.nested(filter, |clause, filter: &NoteFilter| filter.push_to(clause));
    source.from.push_str(&clause.sql);
    source.values.extend(clause.values);
    let (sql, values) = source.clone().page(NoteRow::SELECT, &["n.created_at", "n.id"], descending, request);
    let rows = reads.records::<NoteRow>(&sql, values).await?.into_iter().map(Note::from).collect();
    Ok(ListPage { rows, source })
}

/// Reads the members that notes mention, in order.
pub async fn mentions_of(reads: &impl Reads, ids: &[NoteId]) -> Result<HashMap<NoteId, Vec<MemberId>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM note_mention WHERE tenant_id = $1 AND {} ORDER BY note_id, member_id",
        MentionRow::SELECT,
        backend.in_ids("note_id", 2)
    );
    let mut mentions: HashMap<NoteId, Vec<MemberId>> = HashMap::new();
    for row in reads.records::<MentionRow>(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        mentions.entry(row.note_id).or_default().push(row.member_id);
    }
    Ok(mentions)
}

/// Reads at most `limit` earlier texts of a note, the last one first.
pub async fn edits_of(reads: &impl Reads, id: NoteId, limit: i64) -> Result<Vec<Edit>, Fault> {
    let sql =
        format!("SELECT {} FROM note_edit WHERE tenant_id = $1 AND note_id = $2 ORDER BY version DESC LIMIT $3", EditRow::SELECT);
    let rows = reads.records::<EditRow>(&sql, vec![id.into(), limit.into()]).await?;
    Ok(rows.into_iter().map(|row| Edit { version: row.version, body: row.body, written_at: row.written_at }).collect())
}

pub async fn insert(work: &Work, note: &Note, mentions: &[MemberId]) -> Result<(), Fault> {
    let mut rows = Rows::<NoteRow>::insert(work.tenant());
    rows.push(NoteRow {
        id: note.id,
        target_kind: note.target.kind.clone(),
        target_id: note.target.id,
        audience: note.audience,
        body: note.body.clone(),
        actor_kind: note.author.kind,
        actor_id: note.author.id,
        version: note.version,
        created_at: note.created_at,
        updated_at: note.updated_at,
    });
    work.write(rows.into()).await?;
    insert_mentions(work, note.id, mentions).await
}

/// Writes a changed note, stores its earlier text, and replaces its mentions.
pub async fn change(work: &Work, before: &Note, after: &Note, mentions: &[MemberId]) -> Result<(), Fault> {
    let mut edits = Rows::<NewEdit>::insert(work.tenant());
    edits.push(NewEdit { note_id: before.id, version: before.version, body: before.body.clone(), written_at: before.updated_at });
    let mut changed = Rows::<ChangedNote>::update(work.tenant());
    changed.push(ChangedNote { id: after.id, body: after.body.clone(), version: after.version, updated_at: after.updated_at });
    work.write(edits.into()).await?;
    work.write(changed.into()).await?;
    work.execute("DELETE FROM note_mention WHERE tenant_id = $1 AND note_id = $2", vec![after.id.into()]).await?;
    insert_mentions(work, after.id, mentions).await
}

async fn insert_mentions(work: &Work, note: NoteId, members: &[MemberId]) -> Result<(), Fault> {
    let mut rows = Rows::<MentionRow>::insert(work.tenant());
    rows.extend(members.iter().map(|member| MentionRow { note_id: note, member_id: *member }));
    work.write(rows.into()).await
}
