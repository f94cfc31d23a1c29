//! The two database systems, and the few statements that differ between them.

use std::collections::HashSet;

use entity::prelude::Id;
use sea_orm::{DbBackend, Value, sea_query::ArrayType};
use uuid::Uuid;

/// Database system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

impl From<Backend> for DbBackend {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::Sqlite,
            Backend::Postgres => Self::Postgres,
        }
    }
}

impl Backend {
    /// Returns `column IN (the IDs of parameter $n)`, one text for any number of IDs, so that the
    /// statement is prepared once.
    pub fn in_ids(self, column: &str, parameter: usize) -> String {
        match self {
            Self::Postgres => format!("{column} = ANY(${parameter})"),
            Self::Sqlite => format!("{column} IN ({})", self.select_ids(parameter)),
        }
    }
    /// A SELECT of the ids of parameter $n.
    pub fn select_ids(self, parameter: usize) -> String {
        match self {
            Self::Postgres => format!("SELECT unnest(CAST(${parameter} AS uuid[]))"),
            Self::Sqlite => format!("SELECT unhex(value) FROM json_each(${parameter})"),
        }
    }
    /// The value for `in_ids`.
    pub fn ids<K>(self, ids: impl IntoIterator<Item = Id<K>>) -> Value {
        let ids = ids.into_iter().map(Id::uuid);
        match self {
            Self::Postgres => Value::Array(ArrayType::Uuid, Some(Box::new(ids.map(Value::from).collect()))),
            Self::Sqlite => Value::from(json_hex(ids)),
        }
    }
    /// Returns `column IN (the texts of parameter $n)`.
    pub fn in_texts(self, column: &str, parameter: usize) -> String {
        match self {
            Self::Postgres => format!("{column} = ANY(${parameter})"),
            Self::Sqlite => format!("{column} IN (SELECT value FROM json_each(${parameter}))"),
        }
    }
    pub fn texts<'a>(self, texts: impl IntoIterator<Item = &'a str>) -> Value {
        match self {
            Self::Postgres => Value::Array(ArrayType::String, Some(Box::new(texts.into_iter().map(Value::from).collect()))),
            Self::Sqlite => Value::from(serde_json::Value::from(texts.into_iter().collect::<Vec<_>>()).to_string()),
        }
    }
    /// Returns the condition that a column is one of these IDs, which are parameter $n, and the
    /// parameter's value. For a single ID it is an equality, so that a sort can use the index.
    pub fn one_of_ids<K>(self, column: &str, ids: &[Id<K>], parameter: usize) -> (String, Value) {
        match ids {
            [id] => (format!("{column} = ${parameter}"), id.uuid().into()),
            _ => (self.in_ids(column, parameter), self.ids(ids.iter().copied())),
        }
    }
    /// Does the same for texts.
    pub fn one_of_texts(self, column: &str, texts: &[&str], parameter: usize) -> (String, Value) {
        match texts {
            [text] => (format!("{column} = ${parameter}"), (*text).into()),
            _ => (self.in_texts(column, parameter), self.texts(texts.iter().copied())),
        }
    }
    /// Returns the condition that a column contains the text of parameter $n. The column's letters
    /// A to Z are compared in lower case; the text must be in lower case.
    pub fn has_text(self, column: &str, n: usize) -> String {
        match self {
            Self::Postgres => format!("strpos(lower({column} COLLATE \"C\"), ${n}) > 0"),
            Self::Sqlite => format!("instr(lower({column}), ${n}) > 0"),
        }
    }
    /// Returns ` AND column IN (…)` for these IDs, which are appended to the values after the
    /// tenant; empty without a list.
    pub fn and_ids<K>(self, column: &str, ids: Option<&[Id<K>]>, values: &mut Vec<Value>) -> String {
        let Some(ids) = ids else { return String::new() };
        values.push(self.ids(ids.iter().copied()));
        format!(" AND {}", self.in_ids(column, values.len() + 1))
    }
    /// Returns `column IN (the numbers of parameter $n)`.
    pub fn in_numbers(self, column: &str, parameter: usize) -> String {
        self.in_texts(column, parameter)
    }
    pub fn numbers(self, numbers: impl IntoIterator<Item = i64>) -> Value {
        match self {
            Self::Postgres => Value::Array(ArrayType::BigInt, Some(Box::new(numbers.into_iter().map(Value::from).collect()))),
            Self::Sqlite => Value::from(serde_json::Value::from(numbers.into_iter().collect::<Vec<_>>()).to_string()),
        }
    }
    /// Marks a condition on a range as one that few rows match. SQLite assumes a quarter of the
    /// table for any range, and would scan all rows in a list's order instead of using an index.
    pub fn rarely_matches(self, condition: &str) -> String {
        match self {
            Self::Postgres => condition.to_owned(),
            Self::Sqlite => format!("likelihood({condition}, 0.01)"),
        }
    }
    /// Returns the clause, after a table and its alias, that makes SQLite use an index whatever it
    /// estimates (`migration::statistics`). Empty for Postgres, which has statistics.
    pub fn indexed_by(self, index: &str) -> String {
        match self {
            Self::Postgres => String::new(),
            Self::Sqlite => format!(" INDEXED BY {index}"),
        }
    }
    /// Locks rows of `alias` against other changes until the transaction ends; rows that reference
    /// them can still be inserted meanwhile.
    pub fn for_change(self, alias: &str) -> String {
        match self {
            Self::Postgres => format!(" FOR NO KEY UPDATE OF {alias}"),
            Self::Sqlite => String::new(),
        }
    }
    /// Locks like `for_change`, but skips rows that other transactions have locked instead of
    /// waiting.
    pub fn for_change_if_free(self, alias: &str) -> String {
        match self {
            Self::Postgres => format!("{} SKIP LOCKED", self.for_change(alias)),
            Self::Sqlite => String::new(),
        }
    }
    /// Protects rows of `alias` from changes until the transaction ends: other transactions wait to
    /// change them, but may lock them in this mode too.
    pub fn for_reference(self, alias: &str) -> String {
        match self {
            Self::Postgres => format!(" FOR SHARE OF {alias}"),
            Self::Sqlite => String::new(),
        }
    }
    /// Locks the rows of `alias` that a select finds until the transaction ends. SQLite has one
    /// writer: nothing to lock.
    pub fn for_update(self, alias: &str) -> String {
        match self {
            Self::Postgres => format!(" FOR UPDATE OF {alias}"),
            Self::Sqlite => String::new(),
        }
    }
    /// Locks like `for_update`, but skips rows that other transactions have locked or just
    /// referenced instead of waiting.
    pub fn for_update_if_free(self, alias: &str) -> String {
        match self {
            Self::Postgres => format!("{} SKIP LOCKED", self.for_update(alias)),
            Self::Sqlite => String::new(),
        }
    }
}

fn json_hex(ids: impl Iterator<Item = Uuid>) -> String {
    let mut text = String::from("[");
    for id in ids {
        if text.len() > 1 {
            text.push(',');
        }
        text.push('"');
        text.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
        text.push('"');
    }
    text.push(']');
    text
}

impl Backend {
    /// Returns a table expression `k(a, b)` of pairs of IDs, without duplicates, so that no sum
    /// over joined rows counts twice; and its values. Parameters are numbered from `next`.
    pub fn pairs<A, B>(self, pairs: &[(Id<A>, Id<B>)], next: usize) -> (String, Vec<Value>) {
        let mut seen = HashSet::with_capacity(pairs.len());
        let pairs: Vec<(Uuid, Uuid)> =
            pairs.iter().map(|(a, b)| (a.uuid(), b.uuid())).filter(|pair| seen.insert(*pair)).collect();
        match self {
            Self::Postgres => {
                let (a, b): (Vec<Value>, Vec<Value>) = pairs.iter().map(|(a, b)| (Value::from(*a), Value::from(*b))).unzip();
                let array = |ids| Value::Array(ArrayType::Uuid, Some(Box::new(ids)));
                (format!("unnest(${next}::uuid[], ${}::uuid[]) AS k(a, b)", next + 1), vec![array(a), array(b)])
            }
            Self::Sqlite => {
                // Each pair is one text of 64 hex digits: cheaper to parse than nested JSON.
                let pairs_json =
                    pairs.iter().map(|(a, b)| format!("\"{}{}\"", a.simple(), b.simple())).collect::<Vec<_>>().join(",");
                let sql = format!(
                    "(SELECT unhex(substr(value, 1, 32)) AS a, unhex(substr(value, 33)) AS b FROM json_each(${next})) AS k"
                );
                (sql, vec![Value::from(format!("[{pairs_json}]"))])
            }
        }
    }
}

/// Returns IDs as one text with commas, for a setting that policies read.
pub(super) fn join_ids<K>(ids: &[Id<K>]) -> String {
    ids.iter().map(|id| id.uuid().to_string()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use entity::id::kind::{ProductId, StoreId};

    use super::*;

    #[test]
    fn a_pair_that_is_given_twice_is_asked_for_once() {
        let id = |n: u128| Uuid::from_u128(n);
        let pair = |a, b| (Id::<ProductId>::from_uuid(id(a)), Id::<StoreId>::from_uuid(id(b)));
        let pairs = [pair(1, 2), pair(1, 2), pair(2, 2), pair(1, 2), pair(1, 1)];
        let (_, values) = Backend::Sqlite.pairs(&pairs, 2);
        let [Value::String(Some(text))] = values.as_slice() else { panic!("{values:?}") };
        let hex = |a: u128, b: u128| format!("\"{}{}\"", id(a).simple(), id(b).simple());
        assert_eq!(*text, format!("[{},{},{}]", hex(1, 2), hex(2, 2), hex(1, 1)));
        let (_, values) = Backend::Postgres.pairs(&pairs, 2);
        for value in &values {
            assert!(matches!(value, Value::Array(_, Some(ids)) if ids.len() == 3), "{value:?}");
        }
    }
}
