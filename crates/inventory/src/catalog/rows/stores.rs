//! Lists of stores.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::store,
};
use platform::{
    paging::{ListPage, PageRequest},
    storage::{Fault, Finds, Nested, Reads},
};

use super::{
    clause::Clause,
    conditions::{MAX_COMPARED, TimeSpan, holds, nested, push_text},
    named::{NameCandidate, NamedSorted},
    node_tags::push_tag_condition,
    small_tables,
    text_filter::TextTest,
};
use crate::catalog::core::text;

/// Tests of stores, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreTests {
    /// One of these; None for all.
    pub ids: Option<Vec<StoreId>>,
    /// In one of these groups; None for all.
    pub groups: Option<Vec<GroupId>>,
    /// None for all.
    pub is_archived: Option<bool>,
    /// One of these; None for all.
    pub kinds: Option<Vec<StoreKind>>,
    pub codes: Vec<TextTest>,
    pub names: Vec<TextTest>,
    /// Each passes where one of the tags does.
    pub tags: Vec<TextTest>,
    /// Tests of the country in the address.
    pub countries: Vec<TextTest>,
    /// Beginnings of words of the code or the name, in any order. A text without a letter or a
    /// digit finds nothing.
    pub search: Option<String>,
    pub created: TimeSpan,
    pub updated: TimeSpan,
}

impl StoreTests {
    /// True if the tests include one that is evaluated after the rows are read.
    fn reads_names(&self) -> bool {
        !self.names.is_empty() || !self.countries.is_empty() || self.search.is_some()
    }
}

/// A page of the stores that pass these tests.
pub async fn page(
    reads: &impl Reads,
    tests: Nested<StoreTests>,
    sorted: NamedSorted,
    request: &PageRequest,
) -> Result<ListPage<entity::store::Model>, Fault> {
    let clause = condition(reads, tests).await?;
    small_tables::sorted_page::<entity::store::Entity>(reads, clause, sorted, request).await
}

/// Returns the condition of these tests. Names and countries are read once and compared here: a
/// tenant has few stores, and no column has them case-folded.
async fn condition(reads: &impl Reads, mut tests: Nested<StoreTests>) -> Result<Clause, Fault> {
    let reads_names = tests.all_mut().into_iter().any(|tests| tests.reads_names());
    let names = if reads_names { load_names(reads).await? } else { Vec::new() };
    Ok(nested(reads.backend(), &tests, |clause, tests| push_store_tests(clause, tests, &names)))
}

/// The tests of one filter, each beginning with ` AND `.
fn push_store_tests(clause: &mut Clause, tests: &StoreTests, names: &[StoreCandidate]) {
    let backend = clause.backend();
    small_tables::push_archived_test(clause, tests.is_archived);
    if let Some(ids) = &tests.ids {
        let number = clause.number(backend.ids(ids.iter().copied()));
        clause.push(&format!(" AND {}", backend.in_ids("id", number)));
    }
    if let Some(groups) = &tests.groups {
        let number = clause.number(backend.ids(groups.iter().copied()));
        let groups = backend.in_ids("g.group_id", number);
        clause.push(&format!(" AND id IN (SELECT g.store_id FROM store_in_group g WHERE g.tenant_id = $1 AND {groups})"));
    }
    if let Some(kinds) = &tests.kinds {
        let number = clause.number(backend.texts(kinds.iter().map(|kind| kind.as_str())));
        clause.push(&format!(" AND {}", backend.in_texts("kind", number)));
    }
    tests.created.push_to(clause, "created_at");
    tests.updated.push_to(clause, "updated_at");
    for test in &tests.codes {
        push_text(clause, "code_key", test, text::fold);
    }
    for test in &tests.tags {
        push_tag_condition(clause, "id", test);
    }
    if tests.reads_names() {
        let words = tests.search.as_deref().map(text::words);
        let matches = names.iter().filter(|compared| {
            let country = compared.country.as_deref();
            compared.by.passes(&tests.names, words.as_deref())
                && tests.countries.iter().all(|test| match test {
                    TextTest::IsNull(is_null) => country.is_none() == *is_null,
                    test => country.is_some_and(|country| holds(test, country)),
                })
        });
        let ids: Vec<StoreId> = matches.map(|compared| compared.by.id).collect();
        let number = clause.number(backend.ids(ids));
        clause.push(&format!(" AND {}", backend.in_ids("id", number)));
    }
}

/// A store's texts that are compared by name and country.
struct StoreCandidate {
    by: NameCandidate<StoreId>,
    /// Folded.
    country: Option<String>,
}

#[derive(Record)]
#[record(of = store, alias = "")]
struct NameRow {
    id: StoreId,
    code_key: String,
    name: String,
    address: Option<String>,
}

/// The stores that are compared by name.
async fn load_names(reads: &impl Reads) -> Result<Vec<StoreCandidate>, Fault> {
    let sql = format!("SELECT {} FROM store WHERE tenant_id = $1 ORDER BY code_key, id LIMIT $2", NameRow::SELECT);
    let rows = reads.records::<NameRow>(&sql, vec![MAX_COMPARED.into()]).await?;
    let compared = rows.iter().map(|row| {
        let country = row.address.as_deref().map(country).transpose()?.flatten();
        Ok(StoreCandidate { by: NameCandidate::new(row.id, &row.code_key, &row.name), country })
    });
    compared.collect()
}

/// The country of an address, folded.
fn country(address: &str) -> Result<Option<String>, Fault> {
    let address: serde_json::Value = serde_json::from_str(address).map_err(|_| Fault::corrupt("store", "its address is JSON"))?;
    Ok(address["country"].as_str().map(text::fold))
}
