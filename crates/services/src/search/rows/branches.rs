//! Branches of a statement: one for each kind of name, with their hits.

use entity::record::{Record, Selected};
use inventory::catalog::rows::{Clause, filter::begins_with};
use platform::storage::{Backend, Fault, Finds, Reads};
use uuid::Uuid;

use crate::{
    scan::{core::Kind, rows::VisibleKind},
    search::core::{Field, Hit, MAX_HITS, Query, SearchHits},
};

/// Maximum rows of a branch: those of all pages, and one that shows that there are more. Each page
/// reads the same rows, so that the next one continues where it ends. Products are also found by
/// the words of their names; those whose SKU or name begins with the query have branches of their
/// own.
pub(super) const MAX_BRANCH_ROWS: usize = MAX_HITS + 1;

/// A kind to search, and the rows of it that the caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchedKind {
    pub visible: VisibleKind,
    /// Whether the caller may find customers by e-mail address.
    pub by_email: bool,
}

/// Result of a statement.
pub(super) struct StatementResult {
    pub(super) hits: Vec<Hit>,
    /// Fields of the branches that returned their maximum of rows.
    pub(super) full: Vec<Field>,
}

impl StatementResult {
    pub(super) fn into_hits(self) -> SearchHits {
        SearchHits { hits: self.hits, is_cut: !self.full.is_empty() }
    }
}

/// A row of a branch.
#[derive(Record)]
struct HitRow {
    #[record(sql = "branch")]
    branch: i32,
    #[record(sql = "id")]
    id: Uuid,
    #[record(sql = "found")]
    found: Option<String>,
    #[record(sql = "title")]
    title: Option<String>,
    #[record(sql = "archived")]
    archived: i32,
}

/// The columns of a kind that hits contain.
#[derive(Debug, Clone, Copy)]
pub(super) struct HitColumns {
    pub(super) title: &'static str,
    pub(super) is_archived: &'static str,
}

/// A column with names.
#[derive(Debug, Clone, Copy)]
pub(super) struct NameColumn {
    pub(super) field: Field,
    /// Column of the stored name.
    pub(super) stored_column: &'static str,
    /// Column of its folded key, which has an index.
    pub(super) key: &'static str,
}

pub(super) const NUMBER_COLUMNS: HitColumns = HitColumns { title: "CAST(r.number AS text)", is_archived: "0" };
/// The number of an order, whose table is `o`.
pub(super) const ORDER_NUMBER: &str = "CAST(o.number AS text)";

/// The statement under construction. The kind's own table is `r` in each branch.
pub(super) struct Branches {
    pub(super) clause: Clause,
    /// Condition on the rows that the caller may see, beginning with ` AND `, or empty.
    visible: String,
    /// Field that each branch compares with the query.
    pub(super) fields: Vec<Field>,
    /// Maximum rows of each branch.
    limits: Vec<usize>,
}

impl Branches {
    pub(super) fn new(backend: Backend, searched_kind: &SearchedKind) -> Self {
        let mut clause = Clause::new(backend);
        let visible = searched_kind.visible.condition(&mut clause);
        Self { clause, visible, fields: Vec::new(), limits: Vec::new() }
    }

    /// Begins a branch; its own condition follows. `text_column` is the compared column.
    pub(super) fn open(&mut self, field: Field, text_column: &str, columns: HitColumns, from: &str) {
        let number = self.fields.len();
        let union = if number == 0 { "" } else { " UNION ALL " };
        let HitColumns { title, is_archived } = columns;
        self.clause.push(&format!(
            "{union}SELECT {} FROM (SELECT {number} AS branch, r.id AS id, {text_column} AS found, {title} AS title, {is_archived} AS archived
             FROM {from} WHERE r.tenant_id = $1 AND ",
            HitRow::SELECT
        ));
        self.fields.push(field);
    }

    /// Ends a branch, sorted by `order` unless it is empty.
    pub(super) fn close(&mut self, order: &str, limit: usize) {
        let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {order}") };
        let ending = format!("{}{order} LIMIT {limit}) AS branch_{}", self.visible, self.fields.len());
        self.clause.push(&ending);
        self.limits.push(limit);
    }

    /// Reads the hits of all branches, unsorted.
    pub(super) async fn read(self, reads: &impl Reads, query: &Query, kind: Kind) -> Result<StatementResult, Fault> {
        let Self { clause, fields, limits: max_counts, .. } = self;
        let rows = reads.records::<HitRow>(&clause.sql, clause.values).await?;
        let (mut hits, mut counts) = (Vec::with_capacity(rows.len()), vec![0_usize; max_counts.len()]);
        for HitRow { branch, id, found: text, title, archived } in rows {
            let branch = usize::try_from(branch).unwrap_or(usize::MAX);
            let (Some(&field), Some(count)) = (fields.get(branch), counts.get_mut(branch)) else { continue };
            *count += 1;
            // An address is stored sealed: it equals the query.
            let text = text.unwrap_or_else(|| query.text.clone());
            // Products were found by their words; other names are compared here.
            if field == Field::Name && kind != Kind::Product && !query.is_in(&text) {
                continue;
            }
            let tier = query.tier(field, &text);
            hits.push(Hit { kind, id, tier, field, text, title, is_archived: archived != 0 });
        }
        let field_counts = fields.into_iter().zip(counts.iter().zip(&max_counts));
        let full = field_counts.filter(|(_, (count, max_counts))| count >= max_counts).map(|(field, _)| field).collect();
        Ok(StatementResult { hits, full })
    }
}

/// Adds a branch by a key that begins with the query: an equal key comes first.
pub(super) fn add_key_branch(branches: &mut Branches, query: &Query, from: &str, name_column: NameColumn, columns: HitColumns) {
    branches.open(name_column.field, name_column.stored_column, columns, from);
    begins_with(&mut branches.clause, name_column.key, &query.folded);
    branches.close(name_column.key, MAX_BRANCH_ROWS);
}

/// Adds a branch by references that begin with the unchanged query: an equal reference comes first.
pub(super) fn add_reference_branch(branches: &mut Branches, query: &Query, from: &str, columns: HitColumns) {
    branches.open(Field::ExternalRef, "r.external_ref", columns, from);
    branches.clause.push("r.external_ref IS NOT NULL AND ");
    begins_with(&mut branches.clause, "r.external_ref", &query.text);
    branches.close("r.external_ref", MAX_BRANCH_ROWS);
}
