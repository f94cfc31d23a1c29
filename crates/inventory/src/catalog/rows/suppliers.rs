//! Which suppliers a list has.

use entity::prelude::*;
use platform::{
    paging::{Key, Listed, PageRequest},
    storage::{Backend, Fault, Nested, Reads, Row},
};

use super::{
    Clause,
    filter::{TextTest, begins_with},
    small,
};
use crate::catalog::core::text;

/// So many suppliers are compared by name, the first ones by code.
const MOST_COMPARED: i64 = 10_000;

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

/// From a moment to before another one; what is None has no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moments {
    pub from: Option<Timestamp>,
    pub before: Option<Timestamp>,
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
    for (column, moments) in [("created_at", tests.created), ("updated_at", tests.updated)] {
        for (bound, operator) in [(moments.from, ">="), (moments.before, "<")] {
            if let Some(bound) = bound {
                let mark = clause.bind(bound.micros());
                clause.push(&format!(" AND {column} {operator} {mark}"));
            }
        }
    }
    for test in &tests.codes {
        clause.push(" AND ");
        match test {
            TextTest::In(codes) => {
                let keys: Vec<String> = codes.iter().map(|code| text::fold(code.trim())).collect();
                let number = clause.number(backend.texts(keys.iter().map(String::as_str)));
                clause.push(&backend.in_texts("code_key", number));
            }
            TextTest::StartsWith(prefix) => begins_with(clause, "code_key", &text::fold(prefix)),
            TextTest::Contains(part) => {
                let mark = clause.bind(text::fold(part));
                let finder = match backend {
                    Backend::Postgres => "strpos",
                    Backend::Sqlite => "instr",
                };
                clause.push(&format!("{finder}(code_key, {mark}) > 0"));
            }
        }
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

fn holds(test: &TextTest, folded: &str) -> bool {
    match test {
        TextTest::In(texts) => texts.iter().any(|one| text::fold(one.trim()) == folded),
        TextTest::StartsWith(prefix) => folded.starts_with(&text::fold(prefix)),
        TextTest::Contains(part) => folded.contains(&text::fold(part)),
    }
}

/// Whether each of the words begins a word of the text; none of no words.
fn has_words(words: &[String], of: &str) -> bool {
    let own = text::words(of);
    !words.is_empty() && words.iter().all(|word| own.iter().any(|one| one.starts_with(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_their_beginnings_in_any_order() {
        let words = |query: &str| text::words(query);
        assert!(has_words(&words("mill nor"), "ACME Northern Mills"));
        assert!(has_words(&words("ÉTÉ"), "Maison d'été"));
        assert!(!has_words(&words("orth"), "ACME Northern Mills"), "a word begins there");
        assert!(!has_words(&words("%"), "100 %"), "no word at all");
    }
}
