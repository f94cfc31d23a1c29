//! Packed lines: a row is a document, and each column of its lines is one value. To hand over a row of each line, or to sort all of them by what they are
//! summed by, takes either database longer than it takes to read them (`docs/decisions/0382-lines-packed-by-document.md`, `0412-reports-of-postgres-packed.md`).

use std::{array, borrow::Cow};

use entity::record::{Cell, Cells, ColumnKind, RecordError};
use sea_orm::{ColIdx, QueryResult, TryGetError, TryGetable, Value};
use uuid::Uuid;

use super::{Backend, Fault};

/// Lines and rows that one statement gives. A row takes some hundreds of bytes, and a line some tens.
pub const MOST_LINES: usize = 1_000_000;
pub const MOST_ROWS: usize = 100_000;
/// Events of a half, or documents of both halves, up to which lines are packed: about every second event has lines, and the rows of a half are held at once.
pub const MOST_EVENTS: i64 = 2 * MOST_ROWS as i64;

/// The IDs of a document's lines, as a column of `ids` has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackedIds {
    /// 16 bytes each.
    Bytes(Vec<u8>),
    List(Vec<Uuid>),
}

/// The numbers of a document's lines, as a column of `numbers` has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackedNumbers {
    /// With commas between them.
    Text(String),
    List(Vec<i64>),
}

/// The IDs of a document's lines: nil for a line without one, so that all columns have as many values.
pub fn ids(backend: Backend, column: &str) -> String {
    match backend {
        Backend::Sqlite => format!("CAST(group_concat(coalesce({column}, zeroblob(16)), '') AS BLOB)"),
        Backend::Postgres => format!("array_agg(coalesce({column}, '{}'::uuid))", Uuid::nil()),
    }
}

/// The numbers of a document's lines, in the order of their IDs. None of them may be null.
pub fn numbers(backend: Backend, column: &str) -> String {
    match backend {
        Backend::Sqlite => format!("group_concat({column})"),
        Backend::Postgres => format!("array_agg(CAST({column} AS bigint))"),
    }
}

/// Columns of a statement of packed lines, whose IDs are its column `items`. Behind the line, or the row, after the last that it may give there is none.
pub fn bounded(backend: Backend, sql: &str, columns: &str) -> String {
    let (size, most) = match backend {
        Backend::Sqlite => ("length", MOST_LINES * size_of::<Uuid>()),
        Backend::Postgres => ("cardinality", MOST_LINES),
    };
    format!(
        "SELECT {columns} FROM (
           SELECT q.*, sum({size}(q.items)) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS upto FROM ({sql}) q) b
         WHERE b.upto - {size}(b.items) <= {most} LIMIT {rows}",
        rows = MOST_ROWS + 1
    )
}

/// Whether so many rows with so many lines are all that there are.
pub const fn are_all(rows: usize, lines: usize) -> bool {
    rows <= MOST_ROWS && lines <= MOST_LINES
}

/// Takes the lines of a row of `table` one by one, each with its ID and its numbers, and says how many there are.
///
/// # Errors
/// A column has more or fewer values than another one, or something else than numbers.
pub fn each_line<const N: usize>(
    table: &'static str,
    items: &PackedIds,
    numbers: [&PackedNumbers; N],
    mut take: impl FnMut(Uuid, [i64; N]),
) -> Result<usize, Fault> {
    let uneven = || Fault::corrupt(table, "packed columns have a value of each line");
    let ids = items.list().ok_or_else(uneven)?;
    let mut columns: [Cow<'_, [i64]>; N] = array::from_fn(|_| Cow::default());
    for (column, numbers) in columns.iter_mut().zip(numbers) {
        *column = numbers.list().filter(|list| list.len() == ids.len()).ok_or_else(uneven)?;
    }
    for (nth, id) in ids.iter().enumerate() {
        take(*id, array::from_fn(|column| columns[column][nth]));
    }
    Ok(ids.len())
}

impl PackedIds {
    /// None of bytes that are no whole IDs.
    fn list(&self) -> Option<Cow<'_, [Uuid]>> {
        match self {
            Self::Bytes(bytes) => {
                let ids = bytes.chunks(size_of::<Uuid>()).map(Uuid::from_slice).collect::<Result<Vec<_>, _>>();
                ids.ok().map(Cow::Owned)
            }
            Self::List(ids) => Some(Cow::Borrowed(ids)),
        }
    }
}

impl PackedNumbers {
    /// None of a text that has something else than numbers.
    fn list(&self) -> Option<Cow<'_, [i64]>> {
        match self {
            Self::Text(text) => {
                let numbers = text.split(',').map(str::parse).collect::<Result<Vec<_>, _>>();
                numbers.ok().map(Cow::Owned)
            }
            Self::List(numbers) => Some(Cow::Borrowed(numbers)),
        }
    }
}

impl TryGetable for PackedIds {
    fn try_get_by<I: ColIdx>(row: &QueryResult, column: I) -> Result<Self, TryGetError> {
        if row.try_as_pg_row().is_some() {
            Vec::<Uuid>::try_get_by(row, column).map(Self::List)
        } else {
            Vec::<u8>::try_get_by(row, column).map(Self::Bytes)
        }
    }
}

impl TryGetable for PackedNumbers {
    fn try_get_by<I: ColIdx>(row: &QueryResult, column: I) -> Result<Self, TryGetError> {
        if row.try_as_pg_row().is_some() {
            Vec::<i64>::try_get_by(row, column).map(Self::List)
        } else {
            String::try_get_by(row, column).map(Self::Text)
        }
    }
}

/// Of expressions only: no column holds packed values.
macro_rules! of_expressions {
    ($($packed:ty { $($kind:ident),* })*) => {$(
        impl Cell for $packed {
            type OrNull = Self;
            const KIND: ColumnKind = panic!("no column holds packed values");
            fn or_null(self) -> Self {
                self
            }
            fn decode(cells: &mut Cells<'_>, _: &'static str) -> Result<Self, RecordError> {
                Ok(cells.take()?)
            }
            fn encode(self) -> Value {
                match self {
                    $(Self::$kind(values) => values.into(),)*
                }
            }
        }
    )*};
}
of_expressions! {
    PackedIds { Bytes, List }
    PackedNumbers { Text, List }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(items: &[u8], numbers: [&str; 2]) -> Option<Vec<(Uuid, [i64; 2])>> {
        let (items, numbers) = (PackedIds::Bytes(items.to_vec()), numbers.map(|text| PackedNumbers::Text(text.to_owned())));
        taken(&items, &numbers)
    }

    fn taken(items: &PackedIds, numbers: &[PackedNumbers; 2]) -> Option<Vec<(Uuid, [i64; 2])>> {
        let mut found = Vec::new();
        let count = each_line("order_line", items, numbers.each_ref(), |id, line| found.push((id, line))).ok()?;
        assert_eq!(count, found.len());
        Some(found)
    }

    #[test]
    fn lines_have_a_value_of_each_column() {
        let ids = [Uuid::nil(), Uuid::from_u128(u128::MAX - 7)];
        let items: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
        let least = i64::MIN.to_string();
        assert_eq!(
            lines(&items, ["3,-1", format!("0,{least}").as_str()]),
            Some(vec![(ids[0], [3, 0]), (ids[1], [-1, i64::MIN])])
        );
        assert_eq!(lines(&items[..16], ["3", "0"]), Some(vec![(ids[0], [3, 0])]));
        for (items, numbers) in [
            (&items[..17], ["3,1", "0,0"]),
            (&items[..], ["3", "0,0"]),
            (&items[..], ["3,1", "0,0,0"]),
            (&items[..], ["3,", "0,0"]),
            (&items[..], ["3,1.5", "0,0"]),
            (&items[..0], ["3", "0"]),
        ] {
            assert_eq!(lines(items, numbers), None, "{} bytes of IDs, {numbers:?}", items.len());
        }
    }

    #[test]
    fn lists_of_postgres_have_as_many_values_too() {
        let ids = PackedIds::List(vec![Uuid::nil(), Uuid::max()]);
        let numbers = [vec![3, -1], vec![0, i64::MIN]].map(PackedNumbers::List);
        assert_eq!(taken(&ids, &numbers), Some(vec![(Uuid::nil(), [3, 0]), (Uuid::max(), [-1, i64::MIN])]));
        for uneven in [vec![], vec![0], vec![0, 1, 2]] {
            assert_eq!(taken(&ids, &[numbers[0].clone(), PackedNumbers::List(uneven.clone())]), None, "{uneven:?}");
        }
    }

    #[test]
    fn what_was_cut_off_is_not_all() {
        assert!(are_all(MOST_ROWS, MOST_LINES));
        assert!(!are_all(MOST_ROWS + 1, MOST_LINES), "a row behind the last");
        assert!(!are_all(1, MOST_LINES + 1), "a line behind the last");
    }
}
