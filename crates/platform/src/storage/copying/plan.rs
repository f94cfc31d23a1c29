//! Tables that a copy includes, and their order.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    record::{Record, Selected},
    tables::{ALL, Description},
};

use crate::storage::{Backend, Database, Fault};

/// Tables that are not copied, with the reason. A new table of `entity::tables` is copied unless it
/// is listed here.
pub const EXCLUDED_TABLES: &[(&str, &str)] = &[
    ("job_worker", "a lease is of a process that has ended"),
    ("schema_compatibility", "migrations write it in each database"),
    ("deployment_copy", "each database has its own"),
    ("backup_run", "each database has its own backups"),
    ("copy_progress", "of the copy itself"),
    ("database_timeline", "it is of the server"),
];

/// The tables that are copied.
pub fn copied_tables() -> impl Iterator<Item = &'static Description> {
    ALL.iter().filter(|table| EXCLUDED_TABLES.iter().all(|(name, _)| *name != table.name))
}

/// A table, and its foreign keys to itself.
#[derive(Debug, Clone)]
pub struct Step {
    pub(super) table: &'static Description,
    /// For each foreign key of the table to itself, pairs of column indexes: the referencing and
    /// the referenced one.
    pub(super) own: Vec<Vec<(usize, usize)>>,
}

/// The copied tables, parents before children.
#[derive(Debug, Clone)]
pub struct Plan(pub(super) Vec<Step>);

/// A column of a foreign key.
#[derive(Record)]
struct KeyColumn {
    /// The table that refers to another.
    #[record(sql = "f.child")]
    child: String,
    /// The name of the key.
    #[record(sql = "f.key_name")]
    key: String,
    #[record(sql = "f.parent")]
    parent: String,
    #[record(sql = "f.child_column")]
    child_column: String,
    #[record(sql = "f.parent_column")]
    parent_column: String,
}

/// Each column of each foreign key, with its place in the key.
const SQLITE: &str = "SELECT m.name AS child, CAST(f.id AS TEXT) AS key_name, f.\"table\" AS parent, f.\"from\" AS child_column,
      coalesce(f.\"to\", '') AS parent_column, f.seq AS place
    FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";
const POSTGRES: &str = "SELECT c.relname::text AS child, k.conname::text AS key_name, p.relname::text AS parent, a.attname::text AS child_column,
      b.attname::text AS parent_column, u.place
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
      CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS u(here, there, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.here JOIN pg_attribute b ON b.attrelid = p.oid AND b.attnum = u.there
    WHERE k.contype = 'f' AND c.relnamespace = current_schema()::regnamespace";

type SelfReferences = BTreeMap<String, BTreeMap<String, Vec<(String, String)>>>;

impl Plan {
    /// Sorts the tables by the database's foreign keys.
    pub async fn of(db: &Database) -> Result<Self, Fault> {
        let keys = if db.backend() == Backend::Sqlite { SQLITE } else { POSTGRES };
        let sql = format!("SELECT {} FROM ({keys}) f ORDER BY f.child, f.key_name, f.place", KeyColumn::SELECT);
        let (mut parents, mut self_references) = (BTreeMap::<String, BTreeSet<String>>::new(), SelfReferences::new());
        for KeyColumn { child, key, parent, child_column, parent_column } in db.global().records(&sql, vec![]).await? {
            if child == parent {
                self_references.entry(child).or_default().entry(key).or_default().push((child_column, parent_column));
            } else {
                parents.entry(child).or_default().insert(parent);
            }
        }
        let mut remaining: Vec<&'static Description> = copied_tables().collect();
        let mut steps = Vec::with_capacity(remaining.len());
        while !remaining.is_empty() {
            let names: BTreeSet<String> = remaining.iter().map(|table| table.name.to_owned()).collect();
            let is_free = |table: &&Description| parents.get(table.name).is_none_or(|parents| parents.is_disjoint(&names));
            let (free_tables, rest): (Vec<&'static Description>, Vec<_>) = remaining.into_iter().partition(is_free);
            if free_tables.is_empty() {
                return Err(Fault::Broken(format!("these tables name each other in a circle: {names:?}")));
            }
            for table in free_tables {
                let self_references = self_references.get(table.name).into_iter().flat_map(BTreeMap::values);
                steps.push(Step { table, own: self_references.map(|pairs| places(table, pairs)).collect::<Result<_, _>>()? });
            }
            remaining = rest;
        }
        Ok(Self(steps))
    }

    /// Returns the number of tables that are copied.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The tables, parents before children.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

fn places(table: &'static Description, pairs: &[(String, String)]) -> Result<Vec<(usize, usize)>, Fault> {
    let column_index = |name: &str| {
        let index = table.columns.iter().position(|column| column.0 == name);
        index.ok_or_else(|| Fault::Broken(format!("the foreign key of {} names a column {name} that it has not", table.name)))
    };
    pairs
        .iter()
        .map(|(own_column, referenced_column)| Ok((column_index(own_column)?, column_index(referenced_column)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_copied_or_left_out_by_name() {
        for (name, _) in EXCLUDED_TABLES {
            assert!(ALL.iter().any(|table| table.name == *name), "{name} is no table");
        }
        assert_eq!(copied_tables().count() + EXCLUDED_TABLES.len(), ALL.len());
    }

    #[test]
    fn every_table_has_a_key_that_its_rows_can_be_ordered_by() {
        for table in copied_tables() {
            assert!(!table.key.is_empty(), "{}", table.name);
            assert!(table.key.iter().all(|key| table.columns.iter().any(|column| column.0 == *key)), "{}", table.name);
        }
    }
}
