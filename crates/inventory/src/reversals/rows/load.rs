//! Reading reversals.

use std::collections::HashMap;

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted},
    storage::{Backend, Fault, Finds, Nested, Reads, Row},
};
use sea_orm::Value;
use uuid::Uuid;

use super::records::{EffectRow, LineRow, ReversalRow};
use crate::{
    reversals::core::{Reversal, Subject},
    stock::rows::{TextTest, sku_condition},
};

/// Name of the list in cursors.
pub const REVERSALS: &str = "documentReversals";

/// Sort fields of reversals. Numbers are unique, and follow the order in which reversals were
/// recorded; times have ties, which the ID breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReversalSort {
    Number,
    OccurredAt,
}

/// A sort and its direction.
pub type ReversalsSorted = Sorted<ReversalSort>;

impl SortBy for ReversalSort {
    type Row = Reversal;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Number, descending: true };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Number => ("NUMBER", &["r.number"]),
            Self::OccurredAt => ("OCCURRED_AT", &["r.occurred_at", "r.id"]),
        }
    }
    fn keys(self, reversal: &Reversal) -> Vec<Key> {
        match self {
            Self::Number => vec![Key::Int(reversal.number.get())],
            Self::OccurredAt => vec![Key::Int(reversal.occurred_at.micros()), reversal.id.into()],
        }
    }
}

/// Filter of reversals; a condition that is None is ignored, an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReversalFilter {
    pub ids: Option<Vec<ReversalId>>,
    /// Only reversals of these documents, or parts of documents.
    pub documents: Option<Vec<Uuid>>,
    /// Lists of stores; a store of the reversal, at either end of a transfer, must be in each list.
    pub stores: Vec<Vec<StoreId>>,
    pub kinds: Option<Vec<ReversedKind>>,
    /// Only reversals with a line of one of these products.
    pub products: Option<Vec<ProductId>>,
    /// SKUs of products, folded; for each there must be a line that passes.
    pub skus: Vec<TextTest>,
    /// IDs of the members, integrations and programs that reversed.
    pub actors: Option<Vec<Uuid>>,
    /// Times from one moment to before another.
    pub occurred: [Option<Timestamp>; 2],
    pub recorded: [Option<Timestamp>; 2],
}

impl ReversalFilter {
    /// Returns the conditions, each beginning with ` AND `, and their values; parameters are
    /// numbered from `first`.
    fn conditions(&self, backend: Backend, first: usize) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (String::new(), Vec::new());
        let mut bind = |value: Value| {
            values.push(value);
            first + values.len() - 1
        };
        if let Some(ids) = &self.ids {
            sql += &format!(" AND {}", backend.in_ids("r.id", bind(backend.ids(ids.iter().copied()))));
        }
        if let Some(documents) = &self.documents {
            let parameter = bind(backend.ids(documents.iter().copied().map(ReferenceId::from_uuid)));
            let (document, part) = (backend.in_ids("r.document_id", parameter), backend.in_ids("r.part_id", parameter));
            sql += &format!(" AND ({document} OR {part})");
        }
        for stores in &self.stores {
            let parameter = bind(backend.ids(stores.iter().copied()));
            let (own_store, other_store) =
                (backend.in_ids("r.store_id", parameter), backend.in_ids("r.other_store_id", parameter));
            sql += &format!(" AND ({own_store} OR {other_store})");
        }
        if let Some(kinds) = &self.kinds {
            sql += &format!(" AND {}", backend.in_texts("r.kind", bind(backend.texts(kinds.iter().map(|kind| kind.as_str())))));
        }
        if let Some(products) = &self.products {
            let product_condition = backend.in_ids("l.product_id", bind(backend.ids(products.iter().copied())));
            sql += &of_lines(&product_condition);
        }
        for test in &self.skus {
            let sku = sku_condition(backend, test, &mut bind);
            sql += &of_lines(&format!("l.product_id IN (SELECT p.id FROM product p WHERE p.tenant_id = $1 AND {sku})"));
        }
        if let Some(actors) = &self.actors {
            let parameter = bind(backend.ids(actors.iter().copied().map(ReferenceId::from_uuid)));
            sql += &format!(" AND {}", backend.in_ids("r.actor_id", parameter));
        }
        for (column, bounds) in [("r.occurred_at", self.occurred), ("r.created_at", self.recorded)] {
            for (bound, operator) in bounds.into_iter().zip([">=", "<"]) {
                if let Some(bound) = bound {
                    sql += &format!(
                        " AND {}",
                        backend.rarely_matches(&format!("{column} {operator} ${}", bind(bound.micros().into())))
                    );
                }
            }
        }
        (sql, values)
    }
}

/// Returns the source of the filter's reversals.
pub fn source(backend: Backend, filter: &Nested<ReversalFilter>) -> ListSource {
    let (conditions, values) =
        filter.conditions(2, &|reversal_filter: &ReversalFilter, first| reversal_filter.conditions(backend, first));
    ListSource { from: format!("FROM document_reversal r WHERE r.tenant_id = $1{conditions}"), values }
}

/// A condition that a reversal has such a line.
fn of_lines(line: &str) -> String {
    format!(" AND r.id IN (SELECT l.reversal_id FROM document_reversal_line l WHERE l.tenant_id = $1 AND {line})")
}

/// Returns a page of reversals with their lines and effects, in the requested order.
pub async fn page(
    reads: &impl Reads,
    source: ListSource,
    sorted: ReversalsSorted,
    request: &PageRequest,
) -> Result<Vec<Reversal>, Fault> {
    let (sql, values) = sorted.page(source, ReversalRow::SELECT, request);
    let rows = reads.records::<ReversalRow>(&sql, values).await?;
    fill_reversals(reads, rows.into_iter().map(Reversal::from).collect()).await
}

/// Returns the reversals of these documents, or of parts of them, with their lines and effects and
/// the newest first, each with the requested ID.
pub async fn reversals_of(reads: &impl Reads, subject_ids: &[Uuid]) -> Result<Vec<(Uuid, Reversal)>, Fault> {
    let backend = reads.backend();
    // Each half uses its own index, and the result is sorted here: otherwise Postgres scans all of
    // a tenant's reversals.
    let select_by = |column: &str| {
        let (select, id_condition) = (ReversalRow::SELECT, backend.in_ids(column, 2));
        format!("SELECT {select} FROM document_reversal r WHERE r.tenant_id = $1 AND {id_condition}")
    };
    let sql = format!("{} UNION {}", select_by("r.document_id"), select_by("r.part_id"));
    let ids = backend.ids(subject_ids.iter().copied().map(ReferenceId::from_uuid));
    let mut rows = reads.records::<ReversalRow>(&sql, vec![ids]).await?;
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.number));
    let all_reversals = fill_reversals(reads, rows.into_iter().map(Reversal::from).collect()).await?;
    let mut reversals_by_subject = Vec::with_capacity(all_reversals.len());
    for reversal in all_reversals {
        let Subject { part, document, .. } = reversal.subject;
        if part != document && subject_ids.contains(&part) {
            reversals_by_subject.push((part, reversal.clone()));
        }
        if subject_ids.contains(&document) {
            reversals_by_subject.push((document, reversal));
        }
    }
    Ok(reversals_by_subject)
}

/// Returns reversals with their lines and effects, in no order.
pub async fn reversals(reads: &impl Reads, ids: &[ReversalId]) -> Result<Vec<Reversal>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let (select, id_condition) = (ReversalRow::SELECT, backend.in_ids("r.id", 2));
    let sql = format!("SELECT {select} FROM document_reversal r WHERE r.tenant_id = $1 AND {id_condition}");
    let rows = reads.records::<ReversalRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    fill_reversals(reads, rows.into_iter().map(Reversal::from).collect()).await
}

/// Returns the ID of the reversal with a number.
pub async fn reversal_by_number(reads: &impl Reads, number: i64) -> Result<Option<ReversalId>, Fault> {
    let rows = reads.rows("SELECT id FROM document_reversal WHERE tenant_id = $1 AND number = $2", vec![number.into()]).await?;
    rows.first().map(Row::scalar).transpose()
}

/// Reads lines and effects of all of them, in one statement each.
async fn fill_reversals(reads: &impl Reads, mut reversals_to_fill: Vec<Reversal>) -> Result<Vec<Reversal>, Fault> {
    if reversals_to_fill.is_empty() {
        return Ok(reversals_to_fill);
    }
    let backend = reads.backend();
    let indices: HashMap<ReversalId, usize> =
        reversals_to_fill.iter().enumerate().map(|(index, reversal)| (reversal.id, index)).collect();
    let ids = || vec![backend.ids(indices.keys().copied())];
    let (select, reversal_condition) = (LineRow::SELECT, backend.in_ids("l.reversal_id", 2));
    let sql = format!(
        "SELECT {select} FROM document_reversal_line l WHERE l.tenant_id = $1 AND {reversal_condition} ORDER BY l.reversal_id, l.position"
    );
    for row in reads.records::<LineRow>(&sql, ids()).await? {
        if let Some(reversal) = indices.get(&row.reversal_id).and_then(|index| reversals_to_fill.get_mut(*index)) {
            reversal.lines.push(row.into());
        }
    }
    let (select, reversal_condition) = (EffectRow::SELECT, backend.in_ids("e.reversal_id", 2));
    let sql = format!(
        "SELECT {select} FROM document_reversal_effect e WHERE e.tenant_id = $1 AND {reversal_condition} ORDER BY e.reversal_id, e.position"
    );
    for row in reads.records::<EffectRow>(&sql, ids()).await? {
        if let Some(reversal) = indices.get(&row.reversal_id).and_then(|index| reversals_to_fill.get_mut(*index)) {
            reversal.effects.push(row.into());
        }
    }
    Ok(reversals_to_fill)
}
