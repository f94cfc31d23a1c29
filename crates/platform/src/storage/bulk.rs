//! Bulk writes, one statement for many rows: arrays unnested on Postgres, rows of placeholders on SQLite.

mod array;
mod merged;
mod model;
mod null_columns;
mod shared;
mod zero_columns;
mod text;

use sea_orm::{
    DbBackend, Statement, Value,
    sea_query::{ArrayType, Nullable},
    sqlx::{Arguments, error::BoxDynError, postgres::PgArguments},
};
use uuid::Uuid;

use entity::{
    prelude::TenantId,
    record::{Column, ColumnKind},
};

use super::{Backend, Fault};
pub(super) use array::Array;
use array::omit_void_columns;
pub use merged::OwnRow;
pub(super) use merged::statements;
pub use model::Bulk;
use model::Verb;
pub(super) use shared::SharedBulk;
pub(super) use text::postgres_type;
use text::{equality_condition, join_columns, single, unnest_select, with_prefix};

/// Form in which Postgres receives the values of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParameterForm {
    /// Each column as an array, however many rows there are: one statement text for any number.
    Arrays,
    /// A single row value by value; several rows as arrays. Arrays of one element would have to be sent, unpacked and
    /// traversed for each column of each table, a fifth of the time of a statement for one command.
    Values,
}

/// Placeholders for nulls, which sea-orm 2 cannot bind in an array of Postgres; `nullif` turns them back.
const NULL_INT: i64 = i64::MIN;
const NULL_SMALL: i32 = i32::MIN;
/// Maximum parameters of an SQLite statement. Statements are made for powers of two rows, so that few texts are prepared.
/// SQLite would accept 32,766, but a prepared statement keeps some 80 bytes for each, and the writer keeps up to 256 statements.
const SQLITE_PARAMETERS: usize = 4_000;

impl Bulk {
    /// Returns the statements that write the rows; none if there are no rows. Each has the tenant as `$1`, a constant for
    /// the planner and for readers of the statement: a row of another tenant is a bug, and no row is written then.
    pub fn into_statements(self, backend: Backend, tenant: TenantId) -> Result<Vec<Statement>, Fault> {
        self.assert_own(tenant)?;
        if self.is_empty() {
            return Ok(Vec::new());
        }
        Ok(match backend {
            Backend::Postgres => {
                self.group_by_zero_columns().into_iter().map(|(zeros, bulk)| bulk.postgres(tenant, &zeros)).collect()
            }
            Backend::Sqlite => self.sqlite(tenant),
        })
    }

    fn postgres(self, tenant: TenantId, zeros: &[&str]) -> Statement {
        let mut values = vec![Value::from(tenant)];
        let sql = self.part(zeros, &mut values);
        Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
    }

    /// Returns the text of a Postgres statement, or of a part of one, whose `$1` is the tenant. Appends its values, columns
    /// as arrays, except for those of an insert that are 0 in every row.
    fn part(self, zeros: &[&str], values: &mut Vec<Value>) -> String {
        let rows = self.len();
        let width = self.columns.len();
        let mut arrays: Vec<Vec<Value>> = self.columns[1..].iter().map(|_| Vec::with_capacity(rows)).collect();
        for (index, value) in self.values.into_iter().enumerate() {
            if let Some(slot) = (index % width).checked_sub(1) {
                arrays[slot].push(null_to_placeholder(self.columns[slot + 1].1, value));
            }
        }
        let source = self.columns[1..].iter().copied().zip(arrays).filter(|(column, _)| !zeros.contains(&column.0));
        let (columns, arrays): (Vec<Column>, Vec<Vec<Value>>) = source.unzip();
        let names = with_prefix("", &columns);
        let source = unnest_select(&columns, values.len() + 1);
        let select_list = join_columns(&columns, |c| postgres_pick(*c));
        values.extend(columns.iter().zip(arrays).map(|(c, array)| Value::Array(array_type(c.1), Some(Box::new(array)))));
        match self.verb {
            Verb::Insert => {
                let names: String = std::iter::once(names.as_str()).chain(zeros.iter().flat_map(|zero| [", ", *zero])).collect();
                let select_list = select_list + &", 0".repeat(zeros.len());
                format!("INSERT INTO {} (tenant_id, {names}) SELECT $1::uuid, {select_list} FROM ({source}) AS v", self.table)
            }
            Verb::Update { keys } => {
                let assignments = join_columns(&columns[keys - 1..], |c| format!("{} = {}", c.0, postgres_pick(*c)));
                let key_condition = equality_condition(&columns[..keys - 1], "t");
                format!(
                    "UPDATE {} AS t SET {assignments} FROM ({source}) AS v WHERE t.tenant_id = $1 AND {key_condition}",
                    self.table
                )
            }
            Verb::Delete => {
                let key_condition = equality_condition(&columns, "t");
                format!("DELETE FROM {} AS t USING ({source}) AS v WHERE t.tenant_id = $1 AND {key_condition}", self.table)
            }
        }
    }

    /// Returns the same as one part of a larger Postgres statement, whose `$1` is the tenant: it writes nothing unless
    /// `gate`, an earlier part, has a row. Appends its values to `arguments` in the form `given`.
    pub(super) fn gated_part(self, gate: &str, given: ParameterForm, arguments: &mut PgArguments) -> Result<String, BoxDynError> {
        let is_single = given == ParameterForm::Values && self.len() == 1;
        let first = arguments.len() + 1;
        let (columns, arrays) =
            omit_void_columns(&self.columns[1..], Array::of_rows(self.columns, self.values)?, self.rarely_set);
        for array in arrays {
            if is_single {
                array.bind_single(arguments)?;
            } else {
                array.bind(arguments)?;
            }
        }
        let names = with_prefix("", &columns);
        let values = if is_single { single(&columns, first) } else { unnest_select(&columns, first) };
        let from = format!("({values}) AS v, {gate}");
        let select_list = with_prefix("v.", &columns);
        Ok(match self.verb {
            Verb::Insert => format!("INSERT INTO {} (tenant_id, {names}) SELECT $1::uuid, {select_list} FROM {from}", self.table),
            Verb::Update { keys } => {
                let assignments = join_columns(&columns[keys - 1..], |c| format!("{0} = v.{0}", c.0));
                let key_condition = equality_condition(&columns[..keys - 1], "t");
                format!("UPDATE {} AS t SET {assignments} FROM {from} WHERE t.tenant_id = $1 AND {key_condition}", self.table)
            }
            Verb::Delete => {
                format!(
                    "DELETE FROM {} AS t USING {from} WHERE t.tenant_id = $1 AND {}",
                    self.table,
                    equality_condition(&columns, "t")
                )
            }
        })
    }

    fn sqlite(self, tenant: TenantId) -> Vec<Statement> {
        let width = self.columns.len();
        let max_rows = (SQLITE_PARAMETERS / width).max(1);
        let mut statements = Vec::new();
        let mut rows = self.len();
        // The tenant's column has the same value in every row: it is passed once, as the last parameter.
        let mut remaining = self.values.into_iter().enumerate().filter(|(index, _)| index % width > 0).map(|(_, value)| value);
        while rows > 0 {
            let chunk = largest_power_of_two(rows.min(max_rows));
            let values: Vec<Value> = remaining.by_ref().take(chunk * (width - 1)).chain([Value::from(tenant)]).collect();
            statements.push(Statement::from_sql_and_values(
                DbBackend::Sqlite,
                sqlite_text(self.table, self.columns, self.verb, chunk),
                values,
            ));
            rows -= chunk;
        }
        statements
    }
}

fn largest_power_of_two(n: usize) -> usize {
    1 << (usize::BITS - 1 - n.leading_zeros())
}

fn sqlite_text(table: &str, columns: &[Column], verb: Verb, rows: usize) -> String {
    let columns = &columns[1..];
    let names = with_prefix("", columns);
    let row = format!("({})", vec!["?"; columns.len()].join(", "));
    let with_clause = format!("WITH v ({names}) AS (VALUES {})", vec![row; rows].join(", "));
    match verb {
        Verb::Insert => {
            let select_list = with_prefix("v.", columns);
            format!("{with_clause} INSERT INTO {table} ({names}, tenant_id) SELECT {select_list}, ? FROM v")
        }
        Verb::Update { keys } => {
            let assignments = join_columns(&columns[keys - 1..], |c| format!("{0} = v.{0}", c.0));
            // The plus makes SQLite find each row by its key. From some hundred rows on it would otherwise scan the whole
            // table and look up each row in a temporary index over `v`: 150 ms for a million rows.
            let key_condition =
                columns[..keys - 1].iter().map(|c| format!("{table}.{0} = +v.{0}", c.0)).collect::<Vec<_>>().join(" AND ");
            format!("{with_clause} UPDATE {table} SET {assignments} FROM v WHERE {key_condition} AND {table}.tenant_id = ?")
        }
        Verb::Delete => format!("{with_clause} DELETE FROM {table} WHERE ({names}) IN (SELECT * FROM v) AND tenant_id = ?"),
    }
}

fn postgres_pick(column: Column) -> String {
    let name = column.0;
    match column.1 {
        ColumnKind::IdOrNull => format!("nullif(v.{name}, '{}'::uuid)", Uuid::nil()),
        ColumnKind::IntOrNull => format!("nullif(v.{name}, {NULL_INT})"),
        ColumnKind::SmallOrNull => format!("nullif(v.{name}, {NULL_SMALL})"),
        ColumnKind::TextOrNull => format!("nullif(v.{name}, '')"),
        ColumnKind::BytesOrNull => format!("nullif(v.{name}, ''::bytea)"),
        _ => format!("v.{name}"),
    }
}

fn array_type(kind: ColumnKind) -> ArrayType {
    match kind {
        ColumnKind::Id | ColumnKind::IdOrNull => ArrayType::Uuid,
        ColumnKind::Int | ColumnKind::IntOrNull => ArrayType::BigInt,
        ColumnKind::Small | ColumnKind::SmallOrNull => ArrayType::Int,
        ColumnKind::Text | ColumnKind::TextOrNull => ArrayType::String,
        ColumnKind::Bytes | ColumnKind::BytesOrNull => ArrayType::Bytes,
        ColumnKind::Bool | ColumnKind::BoolOrNull => ArrayType::Bool,
    }
}

fn null_to_placeholder(kind: ColumnKind, value: Value) -> Value {
    match kind {
        ColumnKind::IdOrNull if value == <Uuid as Nullable>::null() => Value::from(Uuid::nil()),
        ColumnKind::IntOrNull if value == <i64 as Nullable>::null() => Value::from(NULL_INT),
        ColumnKind::SmallOrNull if value == <i32 as Nullable>::null() => Value::from(NULL_SMALL),
        ColumnKind::TextOrNull if value == <String as Nullable>::null() => Value::from(String::new()),
        ColumnKind::BytesOrNull if value == <Vec<u8> as Nullable>::null() => Value::from(Vec::<u8>::new()),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] =
        &[Column("tenant_id", ColumnKind::Id), Column("id", ColumnKind::Id), Column("name", ColumnKind::Text)];

    pub(super) fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(n))
    }

    fn bulks(tenants: &[u128]) -> [Bulk; 3] {
        [Bulk::insert("store", COLUMNS), Bulk::update("store", COLUMNS, 2), Bulk::delete("store", COLUMNS)].map(|mut bulk| {
            tenants.iter().for_each(|n| bulk.row([tenant(*n).into(), Uuid::from_u128(9).into(), "Shop".into()]));
            bulk
        })
    }

    #[test]
    fn every_statement_carries_its_tenant_as_a_constant() {
        for backend in [Backend::Sqlite, Backend::Postgres] {
            for bulk in bulks(&[1, 1, 1]) {
                for statement in bulk.into_statements(backend, tenant(1)).unwrap() {
                    let values = statement.values.unwrap().0;
                    assert_eq!(values.iter().filter(|value| **value == Value::from(tenant(1))).count(), 1, "{}", statement.sql);
                    let says = [
                        "tenant_id = $1",
                        "SELECT $1::uuid",
                        ".tenant_id = ?",
                        "tenant_id = ?",
                        "tenant_id) SELECT v.id, v.name, ?",
                    ];
                    assert!(says.iter().any(|part| statement.sql.contains(part)), "{}", statement.sql);
                }
            }
        }
        for bulk in bulks(&[1, 1]) {
            let mut arguments = PgArguments::default();
            arguments.add(tenant(1).uuid()).unwrap();
            let sql = bulk.gated_part("gate", ParameterForm::Values, &mut arguments).unwrap();
            assert!(sql.contains("SELECT $1::uuid") || sql.contains("t.tenant_id = $1"), "{sql}");
            assert!(sql.contains("unnest($2::uuid[]) AS id"), "several rows are arrays: {sql}");
        }
    }

    #[test]
    fn a_single_row_is_given_by_its_values_where_that_is_wanted() {
        let own = |bulk: Bulk, given| {
            let mut arguments = PgArguments::default();
            arguments.add(tenant(1).uuid()).unwrap();
            let sql = bulk.gated_part("gate", given, &mut arguments).unwrap();
            assert_eq!(arguments.len(), 3, "the tenant and two columns");
            sql
        };
        for bulk in bulks(&[1]) {
            let sql = own(bulk, ParameterForm::Values);
            assert!(sql.contains("(SELECT $2::uuid AS id, $3::text AS name) AS v, gate") && !sql.contains("unnest"), "{sql}");
            assert!(sql.contains("SELECT $1::uuid") || sql.contains("t.tenant_id = $1"), "{sql}");
        }
        for bulk in bulks(&[1]) {
            let sql = own(bulk, ParameterForm::Arrays);
            assert!(sql.contains("unnest($2::uuid[]) AS id, unnest($3::text[]) AS name"), "{sql}");
        }
    }

    #[test]
    fn a_row_of_another_tenant_stops_all() {
        for backend in [Backend::Sqlite, Backend::Postgres] {
            for bulk in bulks(&[1, 2, 1]) {
                let fault = bulk.into_statements(backend, tenant(1)).unwrap_err();
                assert!(fault.to_string().contains("store"), "{fault}");
            }
        }
    }
}
