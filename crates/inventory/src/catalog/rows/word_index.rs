//! Queries of the full-text index of products' words, as each database writes them.

use platform::storage::Backend;
use sea_orm::Value;

/// SQLite: the rows that the full-text index finds for a MATCH expression.
pub fn in_search_index(mark: &str) -> String {
    format!("p.rowid IN (SELECT rowid FROM product_search WHERE product_search MATCH {mark})")
}

/// Match of a query's words with words of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermMatch {
    Whole,
    Beginnings,
}

/// Returns the argument of a MATCH or a `to_tsquery`, built from words of letters and digits only.
pub fn word_query<'a>(backend: Backend, words: impl Iterator<Item = &'a str>, term_match: TermMatch) -> Value {
    let words = words.map(|word| term(backend, word, term_match));
    let separator = if backend == Backend::Postgres { " & " } else { " AND " };
    Value::from(words.collect::<Vec<_>>().join(separator))
}

/// A word in a MATCH or a `to_tsquery`.
pub fn term(backend: Backend, word: &str, term_match: TermMatch) -> String {
    match (backend, term_match) {
        (Backend::Postgres, TermMatch::Whole) => word.to_owned(),
        (Backend::Postgres, TermMatch::Beginnings) => format!("{word}:*"),
        (Backend::Sqlite, TermMatch::Whole) => format!("\" {word} \""),
        (Backend::Sqlite, TermMatch::Beginnings) => format!("\" {word}\""),
    }
}
