//! The table of papers.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::paper,
};
use inventory::orders::rows::{Clause, Span};
use platform::{
    audit::Target,
    paging::{ListPage, ListSource, PageRequest},
    storage::{Fault, Finds, Nested, Reads, Row, Rows, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use crate::papers::core::{Paper, stored_kinds};

#[derive(Record)]
#[record(of = paper, alias = "p")]
struct PaperRow {
    id: PaperId,
    kind: PaperKind,
    target_kind: String,
    target_id: Uuid,
    order_id: Option<OrderId>,
    number: String,
    locale: PaperLocale,
    html_file_id: FileId,
    pdf_file_id: Option<FileId>,
    html_sha256: String,
    pdf_sha256: Option<String>,
    actor_kind: ActorKind,
    actor_id: Uuid,
    created_at: Timestamp,
    later_kind: Option<PaperKind>,
}

impl From<PaperRow> for Paper {
    fn from(row: PaperRow) -> Self {
        Self {
            id: row.id,
            kind: row.later_kind.unwrap_or(row.kind),
            target: Target { kind: row.target_kind, id: row.target_id },
            number: row.number,
            order: row.order_id,
            locale: row.locale,
            html: row.html_file_id,
            pdf: row.pdf_file_id,
            html_sha256: row.html_sha256,
            pdf_sha256: row.pdf_sha256,
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            created_at: row.created_at,
        }
    }
}

impl From<&Paper> for PaperRow {
    fn from(paper: &Paper) -> Self {
        let (kind, later_kind) = stored_kinds(paper.kind);
        Self {
            id: paper.id,
            kind,
            target_kind: paper.target.kind.clone(),
            target_id: paper.target.id,
            order_id: paper.order,
            number: paper.number.clone(),
            locale: paper.locale,
            html_file_id: paper.html,
            pdf_file_id: paper.pdf,
            html_sha256: paper.html_sha256.clone(),
            pdf_sha256: paper.pdf_sha256.clone(),
            actor_kind: paper.actor.kind,
            actor_id: paper.actor.id,
            created_at: paper.created_at,
            later_kind,
        }
    }
}

async fn select(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<Paper>, Fault> {
    let sql = format!("SELECT {} FROM paper p WHERE p.tenant_id = $1{conditions}", PaperRow::SELECT);
    Ok(reads.records::<PaperRow>(&sql, values).await?.into_iter().map(Paper::from).collect())
}

pub async fn by_id(reads: &impl Reads, id: PaperId) -> Result<Option<Paper>, Fault> {
    Ok(select(reads, " AND p.id = $2", vec![id.into()]).await?.pop())
}

/// Filter of a document's papers; a field that is `None` is ignored, and an empty list matches
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaperTest {
    pub kinds: Option<Vec<PaperKind>>,
    pub created: Option<Span>,
}

impl PaperTest {
    /// Adds the conditions on `paper p`, each beginning with ` AND `. They filter the papers of one
    /// document.
    fn push_to(&self, clause: &mut Clause) {
        if let Some(kinds) = &self.kinds {
            let words = clause.backend().texts(kinds.iter().map(|kind| kind.as_str()));
            let number = clause.bind(words);
            clause.push(&format!(" AND {}", clause.backend().in_texts("coalesce(p.later_kind, p.kind)", number)));
        }
        if let Some(span) = self.created {
            clause.push(" AND ");
            clause.span("p.created_at", span);
        }
    }
}

/// Reads a page of a document's papers, by time. Keys are the time and the ID.
pub async fn page(
    reads: &impl Reads,
    (target, filter): (Uuid, &Nested<PaperTest>),
    descending: bool,
    request: &PageRequest,
) -> Result<ListPage<Paper>, Fault> {
    let from = "FROM paper p WHERE p.tenant_id = $1 AND p.target_id = $2".to_owned();
    let mut source = ListSource { from, values: vec![target.into()] };
    let mut clause = Clause::new(reads.backend(), source.values.len() + 2);
    clause.nested(filter, |clause, filter: &PaperTest| filter.push_to(clause));
    source.from.push_str(&clause.sql);
    source.values.extend(clause.values);
    let (sql, values) = source.clone().page(PaperRow::SELECT, &["p.created_at", "p.id"], descending, request);
    let rows = reads.records::<PaperRow>(&sql, values).await?.into_iter().map(Paper::from).collect();
    Ok(ListPage { rows, source })
}

/// Reads the newest papers of each of these orders, drawn from the order or from its documents: at
/// most `limit` of each, the newest first.
pub async fn of_orders(reads: &impl Reads, orders: &[OrderId], limit: u32) -> Result<Vec<Paper>, Fault> {
    let backend = reads.backend();
    select(
        reads,
        &newest_condition("order_id", &backend.in_ids("p.order_id", 2), limit),
        vec![backend.ids(orders.iter().copied())],
    )
    .await
}

/// Reads the same for documents that papers are drawn from.
pub async fn of_documents(reads: &impl Reads, targets: &[Uuid], limit: u32) -> Result<Vec<Paper>, Fault> {
    let backend = reads.backend();
    let ids = backend.ids(targets.iter().copied().map(PaperId::from_uuid));
    select(reads, &newest_condition("target_id", &backend.in_ids("p.target_id", 2), limit), vec![ids]).await
}

/// Returns the condition of the newest papers of each value of the column.
fn newest_condition(column: &str, condition: &str, limit: u32) -> String {
    format!(
        " AND {condition} AND p.id IN (SELECT q.id FROM paper q WHERE q.tenant_id = $1 AND q.{column} = p.{column}
           ORDER BY q.created_at DESC, q.id DESC LIMIT {limit}) ORDER BY p.created_at DESC, p.id DESC"
    )
}

/// Reads the newest paper of each of these documents; documents without a paper are left out.
pub async fn latest_of(reads: &impl Reads, targets: &[Uuid]) -> Result<Vec<Paper>, Fault> {
    let backend = reads.backend();
    let conditions = format!(
        " AND {} AND p.id = (SELECT q.id FROM paper q WHERE q.tenant_id = $1 AND q.target_id = p.target_id ORDER BY q.created_at DESC, q.id DESC LIMIT 1)",
        backend.in_ids("p.target_id", 2)
    );
    let ids = targets.iter().copied().map(PaperId::from_uuid);
    select(reads, &conditions, vec![backend.ids(ids)]).await
}

pub async fn insert(work: &Work, paper: &Paper) -> Result<(), Fault> {
    let mut rows = Rows::<PaperRow>::insert(work.tenant());
    rows.push(PaperRow::from(paper));
    work.write(rows.into()).await
}

/// The name of the tenant.
pub async fn tenant_name(reads: &impl Reads) -> Result<String, Fault> {
    let rows = reads.rows("SELECT name FROM tenant WHERE id = $1", Vec::new()).await?;
    rows.first().map_or_else(|| Ok(String::new()), Row::scalar)
}
