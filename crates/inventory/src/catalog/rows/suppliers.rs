//! Which suppliers a list has.

use entity::prelude::*;
use platform::storage::{Backend, Fault, Reads, Row};

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
    /// None for all.
    pub is_archived: Option<bool>,
    pub codes: Vec<TextTest>,
    pub names: Vec<TextTest>,
    /// Words of the code or the name, each by its beginning and in any order. A text without a letter or a digit finds nothing.
    pub search: Option<String>,
}

/// The condition of these tests. Names are read and compared here: a tenant has few suppliers, and no column keeps a name folded.
pub async fn condition(reads: &impl Reads, tests: &SupplierTests) -> Result<Clause, Fault> {
    let backend = reads.backend();
    let mut clause = Clause::new(backend);
    small::archived(&mut clause, tests.is_archived);
    for test in &tests.codes {
        clause.push(" AND ");
        match test {
            TextTest::In(codes) => {
                let keys: Vec<String> = codes.iter().map(|code| text::fold(code.trim())).collect();
                let number = clause.number(backend.texts(keys.iter().map(String::as_str)));
                clause.push(&backend.in_texts("code_key", number));
            }
            TextTest::StartsWith(prefix) => begins_with(&mut clause, "code_key", &text::fold(prefix)),
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
        let ids = named(reads, tests).await?;
        let number = clause.number(backend.ids(ids));
        clause.push(" AND ");
        clause.push(&backend.in_ids("id", number));
    }
    Ok(clause)
}

/// The suppliers whose names pass.
async fn named(reads: &impl Reads, tests: &SupplierTests) -> Result<Vec<SupplierId>, Fault> {
    let sql = "SELECT id, code_key, name FROM supplier WHERE tenant_id = $1 ORDER BY code_key, id LIMIT $2";
    let rows = reads.rows(sql, vec![MOST_COMPARED.into()]).await?;
    let words = tests.search.as_deref().map(text::words);
    let mut found = Vec::new();
    for row in &rows {
        let mut row = Row::new(row);
        let (id, code, name): (SupplierId, String, String) = (row.take()?, row.take()?, row.take()?);
        let is_named = tests.names.iter().all(|test| holds(test, &text::fold(&name)));
        if is_named && words.as_ref().is_none_or(|words| has_words(words, &format!("{code} {name}"))) {
            found.push(id);
        }
    }
    Ok(found)
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
