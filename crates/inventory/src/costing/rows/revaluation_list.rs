//! Lists of revaluations.

use platform::{
    paging::{Key, ListPage, ListSource, PageRequest, keyset},
    storage::{Fault, Nested, Reads},
};
use uuid::Uuid;

use super::revaluation::select_revaluations;
use crate::{
    costing::core::Revaluation,
    orders::rows::{Clause, DocumentTable, DocumentTest, TextTest},
};

/// Revaluations and their lines.
const REVALUATIONS: DocumentTable =
    DocumentTable { name: "revaluation", alias: "v", lines: "revaluation_line", of: "revaluation_id", counts: "" };

/// Filter of revaluations; all of the tests must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevaluationFilter {
    pub document: Vec<DocumentTest>,
    pub external_ref: Vec<TextTest>,
    /// Created by one of these; an empty list matches nothing.
    pub created_by: Option<Vec<Uuid>>,
}

/// Returns the name of the sort in cursors: by number, descending or ascending.
pub const fn revaluations_kind(descending: bool) -> &'static str {
    if descending { "revaluations:NUMBER:DESC" } else { "revaluations:NUMBER:ASC" }
}

/// Sort key of a revaluation in its list.
pub fn revaluation_keys(document: &Revaluation) -> Vec<Key> {
    vec![Key::Int(document.number)]
}

/// Adds the conditions of one filter, each beginning with ` AND `.
fn push_filter_conditions(clause: &mut Clause, filter: &RevaluationFilter) {
    for test in &filter.document {
        clause.push(" AND ");
        test.push_to(clause, &REVALUATIONS);
    }
    for test in &filter.external_ref {
        clause.push(" AND ");
        clause.text("v.external_ref", test);
    }
    if let Some(actors) = &filter.created_by {
        clause.push(" AND ");
        clause.ids("v.actor_id", actors);
    }
}

/// Returns a page of revaluations by number.
pub async fn page_of_revaluations(
    reads: &impl Reads,
    filter: &Nested<RevaluationFilter>,
    descending: bool,
    request: &PageRequest,
) -> Result<ListPage<Revaluation>, Fault> {
    let mut clause = Clause::new(reads.backend(), 2);
    clause.nested(filter, push_filter_conditions);
    let Clause { sql, values, .. } = clause;
    let (bounds, tail, keyset_values) = keyset(&["v.number"], descending, request, values.len() + 2);
    let all_values = values.iter().cloned().chain(keyset_values).collect();
    let rows = select_revaluations(reads, &format!("WHERE v.tenant_id = $1{sql}{bounds}{tail}"), all_values).await?;
    Ok(ListPage { rows, source: ListSource { from: format!("FROM revaluation v WHERE v.tenant_id = $1{sql}"), values } })
}
