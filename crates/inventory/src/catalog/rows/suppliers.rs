//! Which suppliers a list has.

use entity::prelude::*;
use platform::{
    paging::{Key, Listed, PageRequest},
    storage::{Fault, Nested, Reads, Row},
};

use super::{
    Clause,
    conditions::{MOST_COMPARED, Moments, has_words, holds, push_text},
    filter::TextTest,
    small,
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
    /// Words of the code or the name, each by its beginning and in any order. A text without a letter or a digit finds nothing.
    pub search: Option<String>,
    pub created: Moments,
    pub updated: Moments,
}

/// What a list of suppliers is sorted by; the id breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupplierSort {
    Code,
    /// Capitals of A to Z do not count, which both databases do alike. No index: a tenant has few suppliers.
    Name,
    CreatedAt,
    UpdatedAt,
}

/// A sort and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupplierSorted {
    pub by: SupplierSort,
    pub descending: bool,
}

impl SupplierSorted {
    /// The order of suppliers where none is asked for.
    pub const BY_CODE: Self = Self { by: SupplierSort::Code, descending: false };

    /// Names the sort in cursors: one of another sort does not open. Cursors by code are those of before there were sorts.
    pub fn kind(self) -> String {
        let by = match self.by {
            SupplierSort::Code if !self.descending => return "suppliers".to_owned(),
            SupplierSort::Code => "CODE",
            SupplierSort::Name => "NAME",
            SupplierSort::CreatedAt => "CREATED_AT",
            SupplierSort::UpdatedAt => "UPDATED_AT",
        };
        format!("suppliers:{by}:{}", if self.descending { "DESC" } else { "ASC" })
    }
    const fn columns(self) -> [&'static str; 2] {
        match self.by {
            SupplierSort::Code => ["code_key", "id"],
            SupplierSort::Name => ["lower(name)", "id"],
            SupplierSort::CreatedAt => ["created_at", "id"],
            SupplierSort::UpdatedAt => ["updated_at", "id"],
        }
    }
    /// Where the supplier stands in this sort.
    pub fn keys(self, row: &entity::supplier::Model) -> Vec<Key> {
        let first = match self.by {
            SupplierSort::Code => Key::Text(row.code_key.clone()),
            SupplierSort::Name => Key::Text(row.name.to_ascii_lowercase()),
            SupplierSort::CreatedAt => Key::Int(row.created_at.micros()),
            SupplierSort::UpdatedAt => Key::Int(row.updated_at.micros()),
        };
        vec![first, row.id.into()]
    }
}

/// A page of the suppliers that pass these tests.
pub async fn page(
    reads: &impl Reads,
    tests: Nested<SupplierTests>,
    sorted: SupplierSorted,
    request: &PageRequest,
) -> Result<Listed<entity::supplier::Model>, Fault> {
    let clause = condition(reads, tests).await?;
    small::sorted_page::<entity::supplier::Entity>(reads, clause, (sorted.columns().as_slice(), sorted.descending), request).await
}

/// The condition of these tests. Names are read and compared here: a tenant has few suppliers, and no column keeps a name folded.
async fn condition(reads: &impl Reads, mut tests: Nested<SupplierTests>) -> Result<Clause, Fault> {
    let backend = reads.backend();
    let by_name = tests.all_mut().into_iter().any(|tests| !tests.names.is_empty() || tests.search.is_some());
    let names = if by_name { names(reads).await? } else { Vec::new() };
    let mut clause = Clause::new(backend);
    let (sql, values) = tests.conditions(clause.next(), &|tests: &SupplierTests, next| {
        let mut clause = Clause::numbered(backend, next);
        own(&mut clause, tests, &names);
        (clause.sql, clause.values)
    });
    clause.push(&sql);
    clause.values = values;
    Ok(clause)
}

/// The tests of one filter, each beginning with ` AND `.
fn own(clause: &mut Clause, tests: &SupplierTests, names: &[Named]) {
    let backend = clause.backend();
    small::archived(clause, tests.is_archived);
    if let Some(ids) = &tests.ids {
        let number = clause.number(backend.ids(ids.iter().copied()));
        clause.push(&format!(" AND {}", backend.in_ids("id", number)));
    }
    tests.created.push_to(clause, "created_at");
    tests.updated.push_to(clause, "updated_at");
    for test in &tests.codes {
        push_text(clause, "code_key", test, text::fold);
    }
    if !tests.names.is_empty() || tests.search.is_some() {
        let words = tests.search.as_deref().map(text::words);
        let found = names.iter().filter(|named| {
            let is_named = tests.names.iter().all(|test| holds(test, &named.folded));
            is_named && words.as_ref().is_none_or(|words| has_words(words, &named.text))
        });
        let ids: Vec<SupplierId> = found.map(|named| named.id).collect();
        let number = clause.number(backend.ids(ids));
        clause.push(&format!(" AND {}", backend.in_ids("id", number)));
    }
}

/// A supplier as it is compared by name.
struct Named {
    id: SupplierId,
    /// Its name, folded.
    folded: String,
    /// Its code and its name.
    text: String,
}

/// The suppliers that are compared by name.
async fn names(reads: &impl Reads) -> Result<Vec<Named>, Fault> {
    let sql = "SELECT id, code_key, name FROM supplier WHERE tenant_id = $1 ORDER BY code_key, id LIMIT $2";
    let rows = reads.rows(sql, vec![MOST_COMPARED.into()]).await?;
    let named = rows.iter().map(|row| {
        let mut row = Row::new(row);
        let (id, code, name): (SupplierId, String, String) = (row.take()?, row.take()?, row.take()?);
        Ok(Named { id, folded: text::fold(&name), text: format!("{code} {name}") })
    });
    named.collect()
}
