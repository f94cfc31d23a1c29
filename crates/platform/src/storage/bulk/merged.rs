//! The rows of a whole transaction, in the fewest statements that have the same effect as writing
//! them one after the other.

use std::collections::HashSet;

use entity::{prelude::TenantId, record::Column};
use sea_orm::{DbBackend, Statement, Value};

use super::model::{Bulk, Verb};
use crate::storage::{Backend, Fault};

/// A change of the one row that a tenant has in a table.
#[derive(Debug)]
pub struct OwnRow {
    table: &'static str,
    sets: Vec<Set>,
}

#[derive(Debug)]
struct Set {
    column: &'static str,
    /// True if the value is added to the stored one.
    is_added: bool,
    value: Value,
}

impl OwnRow {
    pub fn of(table: &'static str) -> Self {
        Self { table, sets: Vec::new() }
    }
    /// Gives a column a value.
    #[must_use]
    pub fn set(self, column: &'static str, value: impl Into<Value>) -> Self {
        self.with(Set { column, is_added: false, value: value.into() })
    }
    /// Adds to a column's number.
    #[must_use]
    pub fn plus(self, column: &'static str, count: i64) -> Self {
        self.with(Set { column, is_added: true, value: count.into() })
    }
    fn with(mut self, set: Set) -> Self {
        self.sets.push(set);
        self
    }
    /// Returns the statement, whose `$1` is the tenant, and appends its values.
    fn part(self, values: &mut Vec<Value>) -> String {
        let mut sets = Vec::with_capacity(self.sets.len());
        for Set { column, is_added, value } in self.sets {
            values.push(value);
            let plus = if is_added { format!("{column} + ") } else { String::new() };
            sets.push(format!("{column} = {plus}${}", values.len()));
        }
        format!("UPDATE {} SET {} WHERE tenant_id = $1", self.table, sets.join(", "))
    }
}

/// Returns the statements that change the tenant's own rows and write the others, in this order.
///
/// On Postgres a statement has as many parts as possible. All parts see the state before the
/// statement, and their order is undefined. So a part that might find a row of an earlier part, or
/// reuse a key that it frees, begins the next statement. Foreign keys are checked after all parts;
/// tables with cascades are not written here.
pub(in crate::storage) fn statements(
    backend: Backend,
    tenant: TenantId,
    own_rows: Vec<OwnRow>,
    rows: Vec<Bulk>,
) -> Result<Vec<Statement>, Fault> {
    match backend {
        Backend::Postgres => postgres(tenant, own_rows, rows),
        Backend::Sqlite => {
            let own_rows = own_rows.into_iter().map(|row| join_parts(DbBackend::Sqlite, tenant, vec![row], Vec::new()));
            let mut all_statements: Vec<Statement> = own_rows.collect();
            for bulk in rows {
                all_statements.extend(bulk.into_statements(backend, tenant)?);
            }
            Ok(all_statements)
        }
    }
}

fn postgres(tenant: TenantId, mut own_rows: Vec<OwnRow>, rows: Vec<Bulk>) -> Result<Vec<Statement>, Fault> {
    let mut groups: Vec<Vec<Bulk>> = vec![Vec::new()];
    for bulk in rows.into_iter().filter(|bulk| !bulk.is_empty()) {
        bulk.assert_own(tenant)?;
        match groups.last_mut() {
            Some(group) if group.iter().all(|before| before.can_share_statement(&bulk)) => group.push(bulk),
            _ => groups.push(vec![bulk]),
        }
    }
    let merged = groups.into_iter().map(|group| join_parts(DbBackend::Postgres, tenant, std::mem::take(&mut own_rows), group));
    Ok(merged.filter(|statement| !statement.sql.is_empty()).collect())
}

/// Joins all parts in one statement; its text is empty if there is nothing to write.
fn join_parts(backend: DbBackend, tenant: TenantId, own_rows: Vec<OwnRow>, rows: Vec<Bulk>) -> Statement {
    let mut values = vec![Value::from(tenant)];
    let mut parts: Vec<String> = own_rows.into_iter().map(|row| row.part(&mut values)).collect();
    parts.extend(rows.into_iter().map(|bulk| bulk.part(&[], &mut values)));
    let last = parts.pop().unwrap_or_default();
    let with_parts: Vec<String> = parts.iter().enumerate().map(|(index, part)| format!("part{index} AS ({part})")).collect();
    let sql = if with_parts.is_empty() { last } else { format!("WITH {} {last}", with_parts.join(", ")) };
    Statement::from_sql_and_values(backend, sql, values)
}

impl Bulk {
    /// Whether rows that are written after these may be in the same statement: they are of another
    /// table, or no row is in both and none of them takes a unique value that one of these rows
    /// frees.
    fn can_share_statement(&self, later: &Self) -> bool {
        if self.table != later.table {
            return true;
        }
        match (self.verb, later.verb) {
            (Verb::Insert, Verb::Insert) => true,
            (Verb::Insert, Verb::Update { .. } | Verb::Delete) | (Verb::Update { .. }, Verb::Delete) => !self.can_overlap(later),
            (Verb::Update { .. } | Verb::Delete, _) => false,
        }
    }

    /// Whether a row may be in both: the columns that find rows here and there do not keep all of them apart.
    fn can_overlap(&self, other: &Self) -> bool {
        let column_index = |columns: &[Column], target: &Column| columns.iter().position(|column| column == target);
        let index_pair =
            |column: &Column| Some((column_index(self.key_columns(), column)?, column_index(other.key_columns(), column)?));
        let (own_indexes, other_indexes): (Vec<usize>, Vec<usize>) =
            self.key_columns()[1..].iter().filter_map(index_pair).unzip();
        let own_keys: HashSet<String> = self.keys(&own_indexes).collect();
        other.keys(&other_indexes).any(|key| own_keys.contains(&key))
    }

    /// Returns the values at these places of each row, as a text that is unique for them.
    fn keys(&self, column_indexes: &[usize]) -> impl Iterator<Item = String> {
        let rows = self.values.chunks(self.columns.len());
        rows.map(move |row| format!("{:?}", column_indexes.iter().map(|index| &row[*index]).collect::<Vec<_>>()))
    }

    /// Returns the columns that identify a row, the tenant first; all columns for an insert.
    fn key_columns(&self) -> &'static [Column] {
        match self.verb {
            Verb::Update { keys } => &self.columns[..keys],
            Verb::Insert | Verb::Delete => self.columns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::bulk::tests::tenant;
    use entity::record::ColumnKind;

    const COLUMNS: &[Column] =
        &[Column("tenant_id", ColumnKind::Id), Column("id", ColumnKind::Int), Column("name", ColumnKind::Text)];

    fn with(mut bulk: Bulk, ids: &[i64]) -> Bulk {
        ids.iter().for_each(|id| bulk.row([tenant(1).into(), (*id).into(), "Shop".into()]));
        bulk
    }
    fn new(ids: &[i64]) -> Bulk {
        with(Bulk::insert("store", COLUMNS), ids)
    }
    fn changed(ids: &[i64]) -> Bulk {
        with(Bulk::update("store", COLUMNS, 2), ids)
    }
    fn gone(ids: &[i64]) -> Bulk {
        with(Bulk::delete("store", COLUMNS), ids)
    }

    #[test]
    fn rows_of_all_tables_are_one_statement_of_postgres() {
        let own = || vec![OwnRow::of("tenant_counter").set("recorded_at", 5_i64).plus("head", 2)];
        let rows = || vec![new(&[1, 2]), changed(&[3]), with(Bulk::delete("channel", COLUMNS), &[1]), new(&[])];
        let made = statements(Backend::Postgres, tenant(1), own(), rows()).unwrap();
        let [one] = <[Statement; 1]>::try_from(made).unwrap();
        let counter = "UPDATE tenant_counter SET recorded_at = $2, head = head + $3 WHERE tenant_id = $1";
        assert!(one.sql.starts_with(&format!("WITH part0 AS ({counter}), part1 AS (INSERT ")), "{}", one.sql);
        for part in ["unnest($4::bigint[])", "part2 AS (UPDATE ", "unnest($6::bigint[])", ") DELETE ", "unnest($9::text[])"] {
            assert!(one.sql.contains(part), "{part}: {}", one.sql);
        }
        assert_eq!(one.values.unwrap().0.len(), 9);
        let each = statements(Backend::Sqlite, tenant(1), own(), rows()).unwrap();
        assert_eq!(each.len(), 4);
        assert_eq!(each[0].sql, counter);
        assert!(statements(Backend::Postgres, tenant(1), vec![], vec![new(&[])]).unwrap().is_empty());
    }

    #[test]
    fn what_depends_on_rows_before_it_is_another_statement() {
        let together = |rows: Vec<Bulk>| statements(Backend::Postgres, tenant(1), vec![], rows).unwrap().len();
        assert_eq!(together(vec![new(&[1, 2]), new(&[3]), changed(&[4])]), 1);
        assert_eq!(together(vec![new(&[1, 2]), changed(&[2])]), 2, "a row that is made and changed");
        assert_eq!(together(vec![new(&[1, 2]), gone(&[2])]), 2, "a row that is made and goes");
        assert_eq!(together(vec![gone(&[1]), new(&[1])]), 2, "a key that is given again");
        assert_eq!(together(vec![gone(&[1]), new(&[2])]), 2, "another row may take a value that has gone");
        assert_eq!(together(vec![changed(&[1]), new(&[2])]), 2, "or one that was changed");
        assert_eq!(together(vec![changed(&[1]), changed(&[2])]), 2);
        assert_eq!((together(vec![changed(&[1]), gone(&[2])]), together(vec![changed(&[1]), gone(&[1])])), (1, 2));
        let other = with(Bulk::insert("channel", COLUMNS), &[1]);
        assert_eq!(together(vec![gone(&[1]), new(&[1]), other]), 2);
    }

    #[test]
    fn rows_that_no_column_keeps_apart_may_be_the_same() {
        const NAMED: &[Column] = &[Column("tenant_id", ColumnKind::Id), Column("code", ColumnKind::Text)];
        let mut gone = Bulk::delete("store", NAMED);
        gone.row([tenant(1).into(), "A".into()]);
        assert_eq!(statements(Backend::Postgres, tenant(1), vec![], vec![new(&[1]), gone]).unwrap().len(), 2);
    }
}
