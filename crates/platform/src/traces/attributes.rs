//! Values of attributes: constants, names, numbers and digests.

use sha2::{Digest, Sha256};

/// Maximum characters of an attribute's text.
const MAX_TEXT: usize = 200;
/// Words of a statement that are searched for its first table.
const MAX_WORDS: usize = 300;

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

/// A statement's verb and the first table in it.
pub(super) struct Summary<'a>(pub(super) &'a str);

impl From<Summary<'_>> for AttributeValue {
    fn from(Summary(sql): Summary<'_>) -> Self {
        let words = sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        let words: Vec<&str> = words.take(MAX_WORDS).collect();
        let names_table =
            |pair: &&[&str]| matches!(pair[0], "FROM" | "INTO" | "UPDATE") && !matches!(pair[1], "SELECT" | "unnest");
        let table = words.windows(2).find(names_table).map_or("", |pair| pair[1]);
        Self::from(format!("{} {table}", words.first().copied().unwrap_or_default()).trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(sql: &str) -> AttributeValue {
        Summary(sql).into()
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
