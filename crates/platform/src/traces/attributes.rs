//! Values of attributes: constants, names, numbers and digests.

use std::{
    convert::Infallible,
    sync::{Arc, LazyLock},
};

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

/// Maximum characters of an attribute's text.
const MAX_TEXT: usize = 200;
/// Words of a statement that are searched for its first table.
const MAX_WORDS: usize = 300;

/// Number of statements whose attributes are kept: the program sends few texts, again and again.
const MAX_STATEMENTS: usize = 1_024;

/// Attributes of the statements that were sent last, by their text.
static STATEMENTS: LazyLock<Cache<String, (AttributeValue, AttributeValue)>> = LazyLock::new(|| Cache::new(MAX_STATEMENTS));

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    Text(String),
    Number(i64),
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::Text(text.chars().take(MAX_TEXT).collect())
    }
}
impl From<i64> for AttributeValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// A text that is represented by its digest: 16 digits of SHA-256.
#[derive(Debug, Clone, Copy)]
pub struct TextHash<'a>(pub &'a str);

impl From<TextHash<'_>> for AttributeValue {
    fn from(TextHash(text): TextHash<'_>) -> Self {
        Self::Text(hex::encode(&Sha256::digest(text)[..8]))
    }
}

/// The text of a statement that was sent, or its beginning. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementText {
    pub text: Arc<str>,
    /// Whether it is but the beginning of the statement.
    pub is_truncated: bool,
}

impl StatementText {
    pub(crate) fn whole(sql: &str) -> Self {
        Self { text: sql.into(), is_truncated: false }
    }

    /// Returns the attributes of its span. The digest is of a whole text.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&'static str, AttributeValue)> {
        statement_attributes(&self.text).into_iter().take(if self.is_truncated { 1 } else { 2 })
    }
}

/// Returns the attributes of a statement's span: its verb and first table, and its digest.
pub(super) fn statement_attributes(sql: &str) -> [(&'static str, AttributeValue); 2] {
    let computed = || Ok::<_, Infallible>((Summary(sql).into(), TextHash(sql).into()));
    let Ok((summary, hash)) = STATEMENTS.get_or_insert_with(sql, computed);
    [("db.query.summary", summary), ("db.query.hash", hash)]
}

/// A statement's verb and the first table in it.
struct Summary<'a>(&'a str);

impl From<Summary<'_>> for AttributeValue {
    fn from(Summary(sql): Summary<'_>) -> Self {
        let words = || sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        let mut pairs = words().zip(words().skip(1)).take(MAX_WORDS);
        let names_table =
            |pair: &(&str, &str)| matches!(pair.0, "FROM" | "INTO" | "UPDATE") && !matches!(pair.1, "SELECT" | "unnest");
        let table = pairs.find(names_table).map_or("", |(_, table)| table);
        Self::from(format!("{} {table}", words().next().unwrap_or_default()).trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(sql: &str) -> AttributeValue {
        Summary(sql).into()
    }

    #[test]
    fn a_statement_has_the_same_attributes_each_time() {
        let expected = [("db.query.summary", "SELECT job".into()), ("db.query.hash", TextHash("SELECT 1 FROM job").into())];
        for _ in 0..2 {
            assert_eq!(statement_attributes("SELECT 1 FROM job"), expected);
        }
        let beginning = StatementText { text: "SELECT 1 FROM job…".into(), is_truncated: true };
        assert_eq!(beginning.attributes().collect::<Vec<_>>(), expected[..1]);
    }

    #[test]
    fn a_statement_is_told_by_its_verb_and_table() {
        assert_eq!(summary("SELECT \"a\".\"id\" FROM \"stock_level\" AS a WHERE tenant_id = $1"), "SELECT stock_level".into());
        assert_eq!(summary("UPDATE tenant_counter SET head = head + $2"), "UPDATE tenant_counter".into());
        assert_eq!(summary("SELECT x FROM (SELECT j.* FROM job j) q"), "SELECT job".into());
        assert_eq!(summary("INSERT INTO event (seq) VALUES ($1)"), "INSERT event".into());
        assert_eq!((summary("SELECT 1"), summary("")), ("SELECT".into(), "".into()));
        assert_eq!(AttributeValue::from(TextHash("")), "e3b0c44298fc1c14".into());
        assert_eq!(AttributeValue::from("x".repeat(1_000).as_str()), AttributeValue::Text("x".repeat(200)));
    }
}
