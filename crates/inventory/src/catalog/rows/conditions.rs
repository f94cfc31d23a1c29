//! Tests that lists of small nouns and of customers share: of codes, of times, and of names that
//! are compared after they are read.

use entity::prelude::Timestamp;
use platform::storage::{Backend, Nested};
use sea_orm::Value;

use super::{
    clause::Clause,
    text_filter::{TextTest, begins_with},
};
use crate::catalog::core::text;

/// Most rows that are compared by name, the first ones by code.
pub const MAX_COMPARED: i64 = 10_000;

/// From a moment to before another one; a None has no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeSpan {
    pub from: Option<Timestamp>,
    pub before: Option<Timestamp>,
}

impl TimeSpan {
    /// Adds the condition that a column is in the span, expected of few rows; begins with ` AND `.
    pub fn push_to(self, clause: &mut Clause, column: &str) {
        for (bound, operator) in [(self.from, ">="), (self.before, "<")] {
            if let Some(bound) = bound {
                let mark = clause.bind(bound.micros());
                let test = clause.backend().rarely_matches(&format!("{column} {operator} {mark}"));
                clause.push(&format!(" AND {test}"));
            }
        }
    }
}

/// From a day to before another one; a None has no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DaySpan {
    pub from: Option<i32>,
    pub before: Option<i32>,
    /// Whether there is no day at all; None for both.
    pub is_null: Option<bool>,
}

impl DaySpan {
    /// Returns the conditions that a column, which is never null, is in the span, expected of few
    /// rows; each begins with ` AND `. Parameters are numbered from `first_number`.
    pub fn conditions(self, backend: Backend, column: &str, first_number: usize) -> (String, Vec<Value>) {
        let mut sql = self.is_null.map(|is_null| format!(" AND {}", never_null(is_null))).unwrap_or_default();
        let mut values = Vec::<Value>::new();
        for (bound, operator) in [(self.from, ">="), (self.before, "<")] {
            if let Some(day) = bound {
                let test = backend.rarely_matches(&format!("{column} {operator} ${}", first_number + values.len()));
                sql.push_str(&format!(" AND {test}"));
                values.push(day.into());
            }
        }
        (sql, values)
    }
}

/// Name of the function that returns the position of a text in another one; 0 if it is not in it.
pub(super) const fn position_function(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => "strpos",
        Backend::Sqlite => "instr",
    }
}

/// The condition `isNull` on a column that always has a value.
pub const fn never_null(is_null: bool) -> &'static str {
    if is_null { "FALSE" } else { "TRUE" }
}

/// The condition `isNull` on a column that may have no value.
pub fn null_test(column: &str, is_null: bool) -> String {
    format!("{column} {}", if is_null { "IS NULL" } else { "IS NOT NULL" })
}

/// Adds the condition that a column passes a test, whose texts are compared in the form that `key`
/// returns; begins with ` AND `.
pub fn push_text(clause: &mut Clause, column: &str, test: &TextTest, key: impl Fn(&str) -> String) {
    let backend = clause.backend();
    clause.push(" AND ");
    match test {
        TextTest::IsNull(is_null) => clause.push(&null_test(column, *is_null)),
        TextTest::In(texts) => {
            let keys: Vec<String> = texts.iter().map(|text| key(text.trim())).collect();
            let number = clause.number(backend.texts(keys.iter().map(String::as_str)));
            clause.push(&backend.in_texts(column, number));
        }
        TextTest::StartsWith(prefix) => begins_with(clause, column, &key(prefix)),
        TextTest::Contains(part) => {
            let mark = clause.bind(key(part));
            clause.push(&format!("{}({column}, {mark}) > 0", position_function(backend)));
        }
    }
}

/// Adds the condition that one of a row's tags passes a test; begins with ` AND `. The column has
/// each tag between line breaks, and no index: tags are few, and many rows have one.
pub(super) fn push_tag(clause: &mut Clause, column: &str, test: &TextTest) {
    let backend = clause.backend();
    let find = position_function(backend);
    let (before, part) = match test {
        TextTest::IsNull(is_null) => {
            clause.push(&format!(" AND {column} {} ''", if *is_null { "=" } else { "<>" }));
            return;
        }
        TextTest::In(tags) => {
            // No tag has a line end: such a text would be found in two of them.
            let tags = tags.iter().map(|tag| text::fold(tag.trim())).filter(|tag| !tag.contains('\n'));
            let keys: Vec<String> = tags.map(|tag| format!("\n{tag}\n")).collect();
            let number = clause.number(backend.texts(keys.iter().map(String::as_str)));
            let keys = match backend {
                Backend::Postgres => format!("unnest(CAST(${number} AS text[])) AS t (value)"),
                Backend::Sqlite => format!("json_each(${number}) AS t"),
            };
            clause.push(&format!(" AND EXISTS (SELECT 1 FROM {keys} WHERE {find}({column}, t.value) > 0)"));
            return;
        }
        TextTest::StartsWith(prefix) => ("\n", text::fold(prefix)),
        TextTest::Contains(part) => ("", text::fold(part)),
    };
    // No tag has a line end: such a text would be found between two of them.
    if part.contains('\n') {
        clause.push(" AND FALSE");
        return;
    }
    let mark = clause.bind(format!("{before}{part}"));
    clause.push(&format!(" AND {column} <> '' AND {find}({column}, {mark}) > 0"));
}

/// Whether a folded text passes a test.
pub(super) fn holds(test: &TextTest, folded: &str) -> bool {
    match test {
        TextTest::IsNull(is_null) => !is_null,
        TextTest::In(texts) => texts.iter().any(|candidate| text::fold(candidate.trim()) == folded),
        TextTest::StartsWith(prefix) => folded.starts_with(&text::fold(prefix)),
        TextTest::Contains(part) => folded.contains(&text::fold(part)),
    }
}

/// Returns the condition of nested filters, each of which `push_tests` writes.
pub(super) fn nested<T>(backend: Backend, tests: &Nested<T>, push_tests: impl Fn(&mut Clause, &T)) -> Clause {
    let mut clause = Clause::new(backend);
    push_nested(&mut clause, tests, push_tests);
    clause
}

/// Adds the conditions of nested filters to those present. `push_tests` writes those of one filter, each
/// beginning with ` AND `.
pub fn push_nested<T>(clause: &mut Clause, tests: &Nested<T>, push_tests: impl Fn(&mut Clause, &T)) {
    let backend = clause.backend();
    let (sql, values) = tests.conditions(clause.next(), &|tests: &T, next_number| {
        let mut clause = Clause::numbered_from(backend, next_number);
        push_tests(&mut clause, tests);
        (clause.sql, clause.values)
    });
    clause.push(&sql);
    clause.values.extend(values);
}

/// Whether each of the words begins one of a text's own; none of no words.
pub(super) fn has_words(words: &[String], name_words: &[String]) -> bool {
    !words.is_empty() && words.iter().all(|word| name_words.iter().any(|name_word| name_word.starts_with(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_their_beginnings_in_any_order() {
        let has = |query: &str, of: &str| has_words(&text::words(query), &text::words(of));
        assert!(has("mill nor", "ACME Northern Mills"));
        assert!(has("ÉTÉ", "Maison d'été"));
        assert!(!has("orth", "ACME Northern Mills"), "a word begins there");
        assert!(!has("%", "100 %"), "no word at all");
    }
}
