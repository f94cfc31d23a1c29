//! Many rows, one statement: arrays unnested on Postgres, rows of placeholders on SQLite.

use sea_orm::{
    DbBackend, Statement, Value,
    sea_query::{ArrayType, Nullable},
    sqlx::{Arguments, error::BoxDynError, postgres::PgArguments},
};
use uuid::Uuid;

use super::Backend;

/// What a column of a bulk write holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    Id,
    IdOrNull,
    Int,
    IntOrNull,
    Small,
    SmallOrNull,
    Text,
    /// The empty text stands for NULL.
    TextOrNull,
    Bytes,
    /// No bytes stand for NULL.
    BytesOrNull,
}

#[derive(Debug, Clone, Copy)]
pub struct Column(pub &'static str, pub ColumnKind);

/// What to do with the rows.
#[derive(Debug, Clone, Copy)]
enum Verb {
    Insert,
    /// The first `keys` columns find the row, the others are set; both come after the tenant.
    Update {
        keys: usize,
    },
    /// All columns find the row, which goes.
    Delete,
}

/// Rows for one table, in the order of `columns`.
#[derive(Debug)]
pub struct Bulk {
    table: &'static str,
    columns: &'static [Column],
    verb: Verb,
    values: Vec<Value>,
}

/// A null in an array of Postgres cannot be bound through sea-orm 2, so these stand in, and `nullif` turns them back.
const NO_INT: i64 = i64::MIN;
const NO_SMALL: i32 = i32::MIN;
/// Statements are made for powers of two rows, so that few texts are prepared. SQLite would take 32,766 parameters; a prepared statement keeps some
/// 80 bytes for each, and the writer keeps up to 256 statements.
const SQLITE_PARAMETERS: usize = 4_000;

impl Bulk {
    pub fn insert(table: &'static str, columns: &'static [Column]) -> Self {
        Self { table, columns, verb: Verb::Insert, values: Vec::new() }
    }
    /// Updates rows found by their first `keys` columns.
    pub fn update(table: &'static str, columns: &'static [Column], keys: usize) -> Self {
        Self { table, columns, verb: Verb::Update { keys }, values: Vec::new() }
    }
    /// Removes rows found by their columns. Not together with an insert of the same keys in one statement: a plan never does (`gated`).
    pub fn delete(table: &'static str, columns: &'static [Column]) -> Self {
        Self { table, columns, verb: Verb::Delete, values: Vec::new() }
    }
    /// Adds a row: a value for each column.
    pub fn row<const N: usize>(&mut self, values: [Value; N]) {
        debug_assert_eq!(N, self.columns.len(), "{}: a value for each column", self.table);
        // The empty text stands for NULL in both databases, so that neither tells more than the other.
        let columns = self.columns.iter();
        self.values.extend(values.into_iter().zip(columns).map(|(value, column)| match column.1 {
            ColumnKind::TextOrNull if value == Value::from("") => <String as Nullable>::null(),
            ColumnKind::BytesOrNull if value == Value::from(Vec::<u8>::new()) => <Vec<u8> as Nullable>::null(),
            _ => value,
        }));
    }
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
    pub fn len(&self) -> usize {
        self.values.len() / self.columns.len()
    }

    /// The statements that write the rows; none when there are no rows.
    pub fn into_statements(self, backend: Backend) -> Vec<Statement> {
        if self.is_empty() {
            return Vec::new();
        }
        match backend {
            Backend::Postgres => vec![self.postgres()],
            Backend::Sqlite => self.sqlite(),
        }
    }

    fn postgres(self) -> Statement {
        let rows = self.len();
        let mut arrays: Vec<Vec<Value>> = self.columns.iter().map(|_| Vec::with_capacity(rows)).collect();
        let width = self.columns.len();
        for (index, value) in self.values.into_iter().enumerate() {
            let slot = index % width;
            arrays[slot].push(without_null(self.columns[slot].1, value));
        }
        let names = list(self.columns, |c| c.0.to_owned());
        let given = unnested(self.columns, 1);
        let picks = list(self.columns, |c| postgres_pick(*c));
        let sql = match self.verb {
            Verb::Insert => format!("INSERT INTO {} ({names}) SELECT {picks} FROM ({given}) AS v", self.table),
            Verb::Update { keys } => {
                let sets = list(&self.columns[keys..], |c| format!("{} = {}", c.0, postgres_pick(*c)));
                let finds = self.columns[..keys].iter().map(|c| format!("t.{0} = v.{0}", c.0)).collect::<Vec<_>>().join(" AND ");
                format!("UPDATE {} AS t SET {sets} FROM ({given}) AS v WHERE {finds}", self.table)
            }
            Verb::Delete => {
                format!("DELETE FROM {} AS t USING ({given}) AS v WHERE {}", self.table, same(self.columns, "t"))
            }
        };
        let values = self.columns.iter().zip(arrays).map(|(c, array)| Value::Array(array_type(c.1), Some(Box::new(array))));
        Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
    }

    /// The same as one part of a larger statement of Postgres, whose `$1` is the tenant: it writes nothing unless `gate`, a part
    /// before it, has a row. Its values are appended to `arguments`, columns as arrays.
    pub(super) fn gated(self, gate: &str, arguments: &mut PgArguments) -> Result<String, BoxDynError> {
        let width = self.columns.len();
        debug_assert_eq!(self.columns[0].0, "tenant_id", "{}: the tenant comes first", self.table);
        let rows = self.len();
        let columns = &self.columns[1..];
        let first = arguments.len() + 1;
        let mut arrays: Vec<Array> = columns.iter().map(|column| Array::new(column.1, rows)).collect();
        for (index, value) in self.values.into_iter().enumerate() {
            if let Some(slot) = (index % width).checked_sub(1) {
                arrays[slot].push(value)?;
            }
        }
        for array in arrays {
            array.bind(arguments)?;
        }
        let names = list(columns, |c| c.0.to_owned());
        let from = format!("({}) AS v, {gate}", unnested(columns, first));
        let picks = list(columns, |c| format!("v.{}", c.0));
        Ok(match self.verb {
            Verb::Insert => format!("INSERT INTO {} (tenant_id, {names}) SELECT $1::uuid, {picks} FROM {from}", self.table),
            Verb::Update { keys } => {
                let sets = list(&columns[keys - 1..], |c| format!("{0} = v.{0}", c.0));
                let finds = columns[..keys - 1].iter().map(|c| format!("t.{0} = v.{0}", c.0)).collect::<Vec<_>>().join(" AND ");
                format!("UPDATE {} AS t SET {sets} FROM {from} WHERE t.tenant_id = $1 AND {finds}", self.table)
            }
            Verb::Delete => {
                format!("DELETE FROM {} AS t USING {from} WHERE t.tenant_id = $1 AND {}", self.table, same(columns, "t"))
            }
        })
    }

    fn sqlite(self) -> Vec<Statement> {
        let width = self.columns.len();
        let most = (SQLITE_PARAMETERS / width).max(1);
        let mut statements = Vec::new();
        let mut left = self.values.into_iter();
        let mut rows = left.len() / width;
        while rows > 0 {
            let chunk = largest_power_of_two(rows.min(most));
            let values: Vec<Value> = left.by_ref().take(chunk * width).collect();
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

/// A column of a bulk write as Postgres takes it.
enum Array {
    Id(Vec<Option<Uuid>>),
    Int(Vec<Option<i64>>),
    Small(Vec<Option<i32>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Array {
    fn new(kind: ColumnKind, rows: usize) -> Self {
        match kind {
            ColumnKind::Id | ColumnKind::IdOrNull => Self::Id(Vec::with_capacity(rows)),
            ColumnKind::Int | ColumnKind::IntOrNull => Self::Int(Vec::with_capacity(rows)),
            ColumnKind::Small | ColumnKind::SmallOrNull => Self::Small(Vec::with_capacity(rows)),
            ColumnKind::Text | ColumnKind::TextOrNull => Self::Text(Vec::with_capacity(rows)),
            ColumnKind::Bytes | ColumnKind::BytesOrNull => Self::Bytes(Vec::with_capacity(rows)),
        }
    }
    fn push(&mut self, value: Value) -> Result<(), BoxDynError> {
        match (self, value) {
            (Self::Id(column), Value::Uuid(id)) => column.push(id),
            (Self::Int(column), Value::BigInt(int)) => column.push(int),
            (Self::Small(column), Value::Int(int)) => column.push(int),
            (Self::Text(column), Value::String(text)) => column.push(text),
            (Self::Bytes(column), Value::Bytes(bytes)) => column.push(bytes),
            (_, value) => return Err(format!("a value of another kind than its column: {value:?}").into()),
        }
        Ok(())
    }
    fn bind(self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Id(column) => arguments.add(column),
            Self::Int(column) => arguments.add(column),
            Self::Small(column) => arguments.add(column),
            Self::Text(column) => arguments.add(column),
            Self::Bytes(column) => arguments.add(column),
        }
    }
}

/// Rows of arrays whose first is parameter `first`. Each array in its own place of the list: `unnest` of many at once puts every
/// column aside in a store of its own before the rows are put together, which costs 2.5 µs more for a row of 25.
fn unnested(columns: &[Column], first: usize) -> String {
    let column = |(i, c): (usize, &Column)| format!("unnest(${}::{}[]) AS {}", first + i, postgres_type(c.1), c.0);
    format!("SELECT {}", columns.iter().enumerate().map(column).collect::<Vec<_>>().join(", "))
}

fn largest_power_of_two(n: usize) -> usize {
    1 << (usize::BITS - 1 - n.leading_zeros())
}

fn sqlite_text(table: &str, columns: &[Column], verb: Verb, rows: usize) -> String {
    let width = columns.len();
    let names = list(columns, |c| c.0.to_owned());
    let row = format!("({})", vec!["?"; width].join(", "));
    let all = vec![row; rows].join(", ");
    match verb {
        Verb::Insert => format!("INSERT INTO {table} ({names}) VALUES {all}"),
        Verb::Update { keys } => {
            let sets = list(&columns[keys..], |c| format!("{0} = v.{0}", c.0));
            // The plus lets a row be found by its key only: from some hundred rows on SQLite goes through the whole table instead and asks an
            // index of its own over `v` about each row, 150 ms for a million.
            let finds = columns[..keys].iter().map(|c| format!("{table}.{0} = +v.{0}", c.0)).collect::<Vec<_>>().join(" AND ");
            format!("WITH v ({names}) AS (VALUES {all}) UPDATE {table} SET {sets} FROM v WHERE {finds}")
        }
        Verb::Delete => format!("DELETE FROM {table} WHERE ({names}) IN (VALUES {all})"),
    }
}

/// That the columns of `alias` are those of `v`.
fn same(columns: &[Column], alias: &str) -> String {
    columns.iter().map(|c| format!("{alias}.{0} = v.{0}", c.0)).collect::<Vec<_>>().join(" AND ")
}

fn list(columns: &[Column], text: impl Fn(&Column) -> String) -> String {
    columns.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn postgres_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Id | ColumnKind::IdOrNull => "uuid",
        ColumnKind::Int | ColumnKind::IntOrNull => "bigint",
        ColumnKind::Small | ColumnKind::SmallOrNull => "integer",
        ColumnKind::Text | ColumnKind::TextOrNull => "text",
        ColumnKind::Bytes | ColumnKind::BytesOrNull => "bytea",
    }
}

fn postgres_pick(column: Column) -> String {
    let name = column.0;
    match column.1 {
        ColumnKind::IdOrNull => format!("nullif(v.{name}, '{}'::uuid)", Uuid::nil()),
        ColumnKind::IntOrNull => format!("nullif(v.{name}, {NO_INT})"),
        ColumnKind::SmallOrNull => format!("nullif(v.{name}, {NO_SMALL})"),
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
    }
}

fn without_null(kind: ColumnKind, value: Value) -> Value {
    match kind {
        ColumnKind::IdOrNull if value == <Uuid as Nullable>::null() => Value::from(Uuid::nil()),
        ColumnKind::IntOrNull if value == <i64 as Nullable>::null() => Value::from(NO_INT),
        ColumnKind::SmallOrNull if value == <i32 as Nullable>::null() => Value::from(NO_SMALL),
        ColumnKind::TextOrNull if value == <String as Nullable>::null() => Value::from(String::new()),
        ColumnKind::BytesOrNull if value == <Vec<u8> as Nullable>::null() => Value::from(Vec::<u8>::new()),
        _ => value,
    }
}
