//! Tables that a copy includes, and their order.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    record::{Record, Selected},
    tables::{ALL, Description},
};

use crate::storage::{Backend, Database, Fault};

/// Tables that are not copied, with the reason. A new table of `entity::tables` is copied unless it
/// is listed here.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("job_worker", "a lease is of a process that has ended"),
    ("schema_compatibility", "migrations write it in each database"),
    ("deployment_copy", "each database has its own"),
    ("backup_run", "each database has its own backups"),
    ("copy_progress", "of the copy itself"),
    ("database_timeline", "it is of the server"),
];

/// The tables that are copied.
pub fn carried() -> impl Iterator<Item = &'static Description> {
    ALL.iter().filter(|table| LEFT_OUT.iter().all(|(name, _)| *name != table.name))
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

type Own = BTreeMap<String, BTreeMap<String, Vec<(String, String)>>>;

impl Plan {
    /// Sorts the tables by the database's foreign keys.
    pub async fn of(db: &Database) -> Result<Self, Fault> {
        let keys = if db.backend() == Backend::Sqlite { SQLITE } else { POSTGRES };
        let sql = format!("SELECT {} FROM ({keys}) f ORDER BY f.child, f.key_name, f.place", KeyColumn::SELECT);
        let (mut parents, mut own) = (BTreeMap::<String, BTreeSet<String>>::new(), Own::new());
        for KeyColumn { child, key, parent, child_column, parent_column } in db.global().records(&sql, vec![]).await? {
            if child == parent {
                own.entry(child).or_default().entry(key).or_default().push((child_column, parent_column));
            } else {
                parents.entry(child).or_default().insert(parent);
            }
        }
        let mut left: Vec<&'static Description> = carried().collect();
        let mut steps = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let names: BTreeSet<String> = left.iter().map(|table| table.name.to_owned()).collect();
            let is_free = |table: &&Description| parents.get(table.name).is_none_or(|parents| parents.is_disjoint(&names));
            let (free, rest): (Vec<&'static Description>, Vec<_>) = left.into_iter().partition(is_free);
            if free.is_empty() {
                return Err(Fault::Broken(format!("these tables name each other in a circle: {names:?}")));
            }
            for table in free {
                let own = own.get(table.name).into_iter().flat_map(BTreeMap::values);
                steps.push(Step { table, own: own.map(|pairs| places(table, pairs)).collect::<Result<_, _>>()? });
            }
            left = rest;
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
    let place = |name: &str| {
        let found = table.columns.iter().position(|column| column.0 == name);
        found.ok_or_else(|| Fault::Broken(format!("the foreign key of {} names a column {name} that it has not", table.name)))
    };
    pairs.iter().map(|(here, there)| Ok((place(here)?, place(there)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_copied_or_left_out_by_name() {
        for (name, _) in LEFT_OUT {
            assert!(ALL.iter().any(|table| table.name == *name), "{name} is no table");
        }
        assert_eq!(carried().count() + LEFT_OUT.len(), ALL.len());
    }

    #[test]
    fn every_table_has_a_key_that_its_rows_can_be_ordered_by() {
        for table in carried() {
            assert!(!table.key.is_empty(), "{}", table.name);
            assert!(table.key.iter().all(|key| table.columns.iter().any(|column| column.0 == *key)), "{}", table.name);
        }
    }
}
