//! Lists of suppliers.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::supplier,
};
use platform::{
    paging::{ListPage, PageRequest},
    storage::{Fault, Finds, Nested, Reads},
};

use super::{
    clause::Clause,
    conditions::{MAX_COMPARED, TimeSpan, nested, push_text},
    named::{NameCandidate, NamedSorted},
    node_tags::push_tag_condition,
    small_tables,
    text_filter::TextTest,
};
use crate::catalog::core::text;

/// Tests of suppliers, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SupplierTests {
    /// One of these; None for all.
    pub ids: Option<Vec<SupplierId>>,
    /// None for all.
    pub is_archived: Option<bool>,
    pub codes: Vec<TextTest>,
    pub names: Vec<TextTest>,
    /// Each passes where one of the tags does.
    pub tags: Vec<TextTest>,
    /// Beginnings of words of the code or the name, in any order. A text without a letter or a
    /// digit finds nothing.
    pub search: Option<String>,
    pub created: TimeSpan,
    pub updated: TimeSpan,
}

/// A page of the suppliers that pass these tests.
pub async fn page(
    reads: &impl Reads,
    tests: Nested<SupplierTests>,
    sorted: NamedSorted,
    request: &PageRequest,
) -> Result<ListPage<entity::supplier::Model>, Fault> {
    let clause = condition(reads, tests).await?;
    small_tables::sorted_page::<entity::supplier::Entity>(reads, clause, sorted, request).await
}

/// Returns the condition of these tests. Names are read and compared here: a tenant has few
/// suppliers, and no column has case-folded names.
async fn condition(reads: &impl Reads, mut tests: Nested<SupplierTests>) -> Result<Clause, Fault> {
    let by_name = tests.all_mut().into_iter().any(|tests| !tests.names.is_empty() || tests.search.is_some());
    let names = if by_name { load_names(reads).await? } else { Vec::new() };
    Ok(nested(reads.backend(), &tests, |clause, tests| push_supplier_tests(clause, tests, &names)))
}

/// The tests of one filter, each beginning with ` AND `.
fn push_supplier_tests(clause: &mut Clause, tests: &SupplierTests, names: &[NameCandidate<SupplierId>]) {
    let backend = clause.backend();
    small_tables::push_archived_test(clause, tests.is_archived);
    if let Some(ids) = &tests.ids {
        let number = clause.number(backend.ids(ids.iter().copied()));
        clause.push(&format!(" AND {}", backend.in_ids("id", number)));
    }
    tests.created.push_to(clause, "created_at");
    tests.updated.push_to(clause, "updated_at");
    for test in &tests.codes {
        push_text(clause, "code_key", test, text::fold);
    }
    for test in &tests.tags {
        push_tag_condition(clause, "id", test);
    }
    if !tests.names.is_empty() || tests.search.is_some() {
        let words = tests.search.as_deref().map(text::words);
        let matches = names.iter().filter(|candidate| candidate.passes(&tests.names, words.as_deref()));
        let ids: Vec<SupplierId> = matches.map(|candidate| candidate.id).collect();
        let number = clause.number(backend.ids(ids));
        clause.push(&format!(" AND {}", backend.in_ids("id", number)));
    }
}

#[derive(Record)]
#[record(of = supplier, alias = "")]
struct NameRow {
    id: SupplierId,
    code_key: String,
    name: String,
}

/// The suppliers that are compared by name.
async fn load_names(reads: &impl Reads) -> Result<Vec<NameCandidate<SupplierId>>, Fault> {
    let sql = format!("SELECT {} FROM supplier WHERE tenant_id = $1 ORDER BY code_key, id LIMIT $2", NameRow::SELECT);
    let rows = reads.records::<NameRow>(&sql, vec![MAX_COMPARED.into()]).await?;
    Ok(rows.iter().map(|row| NameCandidate::new(row.id, &row.code_key, &row.name)).collect())
}
