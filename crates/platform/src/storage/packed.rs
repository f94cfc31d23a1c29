//! Packed lines: a row is a document, and each column of its lines is one value. Returning a row
//! for each line, or sorting all lines by the keys of a sum, takes either database longer than
//! reading them (`docs/decisions/0382-lines-packed-by-document.md`,
//! `0412-reports-of-postgres-packed.md`).

use std::array;

use entity::record::{Cell, Cells, ColumnKind, RecordError};
use sea_orm::{ColIdx, QueryResult, TryGetError, TryGetable, Value};
use uuid::Uuid;

use super::{Backend, Fault};

/// Maximum lines and rows of one statement's result. A row takes some hundreds of bytes, and a line
/// some tens.
pub const MAX_LINES: usize = 1_000_000;
pub const MAX_ROWS: usize = 100_000;
/// Maximum events of a half, or documents of both halves, for which lines are packed: about every
/// second event has lines, and the rows of a half are in memory at once.
pub const MAX_EVENTS: i64 = 2 * MAX_ROWS as i64;

/// The IDs of a document's lines, from a column of `ids`: 16 bytes each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedIds(Vec<u8>);

/// The numbers of a document's lines, from a column of `numbers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackedNumbers {
    /// With commas between them.
    Text(String),
    /// 8 bytes each, the highest first.
    Bytes(Vec<u8>),
}

/// Returns the column of the IDs of a document's lines: nil for a line without one, so that all
/// columns have as many values.
pub fn ids(backend: Backend, column: &str) -> String {
    match backend {
        Backend::Sqlite => format!("CAST(group_concat(coalesce({column}, zeroblob(16)), '') AS BLOB)"),
        // An array is sent element by element.
        Backend::Postgres => format!("string_agg(uuid_send(coalesce({column}, '{}'::uuid)), ''::bytea)", Uuid::nil()),
    }
}

/// Returns the column of the numbers of a document's lines, in the order of their IDs. None of them
/// may be null.
pub fn numbers(backend: Backend, column: &str) -> String {
    match backend {
        Backend::Sqlite => format!("group_concat({column})"),
        Backend::Postgres => format!("string_agg(int8send(CAST({column} AS bigint)), ''::bytea)"),
    }
}

/// Limits a statement of packed lines, whose IDs are its column `items`, to `MAX_LINES` lines and
/// one row more than `MAX_ROWS`.
pub fn bounded_query(sql: &str, columns: &str) -> String {
    format!(
        "SELECT {columns} FROM (
           SELECT q.*, sum(length(q.items)) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS upto FROM ({sql}) q) b
         WHERE b.upto - length(b.items) <= {bytes} LIMIT {rows}",
        bytes = MAX_LINES * size_of::<Uuid>(),
        rows = MAX_ROWS + 1
    )
}

/// Whether so many rows with so many lines are all that there are.
pub const fn is_complete_page(rows: usize, lines: usize) -> bool {
    rows <= MAX_ROWS && lines <= MAX_LINES
}

/// Passes on the lines of a row of `table` one by one, each with its ID and its numbers, and
/// returns their count.
///
/// # Errors
/// A column has more or fewer values than another one, or something else than numbers.
pub fn each_line<const N: usize>(
    table: &'static str,
    items: &PackedIds,
    numbers: [&PackedNumbers; N],
    mut take: impl FnMut(Uuid, [i64; N]),
) -> Result<usize, Fault> {
    let (ids, rest) = items.0.as_chunks::<{ size_of::<Uuid>() }>();
    let columns = numbers.map(|numbers| numbers.column().filter(|column| column.len() == ids.len()));
    if !rest.is_empty() || columns.iter().any(Option::is_none) {
        return Err(Fault::corrupt(table, "packed columns have a value of each line"));
    }
    let columns = columns.map(Option::unwrap_or_default);
    for (nth, id) in ids.iter().enumerate() {
        take(Uuid::from_bytes(*id), array::from_fn(|column| columns[column].number(nth)));
    }
    Ok(ids.len())
}

/// Numbers of a column. Bytes are read in place: allocating a list for each column of each document
/// takes longer than the calculation.
enum Column<'a> {
    Read(Vec<i64>),
    Bytes(&'a [[u8; size_of::<i64>()]]),
}

impl Default for Column<'_> {
    fn default() -> Self {
        Self::Bytes(&[])
    }
}

impl Column<'_> {
    const fn len(&self) -> usize {
        match self {
            Self::Read(numbers) => numbers.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
    const fn number(&self, nth: usize) -> i64 {
        match self {
            Self::Read(numbers) => numbers.as_slice()[nth],
            Self::Bytes(bytes) => i64::from_be_bytes(bytes[nth]),
        }
    }
}

impl PackedNumbers {
    /// Returns the column; None for a text with anything else than numbers, and for bytes that are
    /// no whole numbers.
    fn column(&self) -> Option<Column<'_>> {
        match self {
            Self::Text(text) => text.split(',').map(str::parse).collect::<Result<_, _>>().ok().map(Column::Read),
            Self::Bytes(bytes) => {
                let (numbers, rest) = bytes.as_chunks();
                rest.is_empty().then_some(Column::Bytes(numbers))
            }
        }
    }
}

impl TryGetable for PackedIds {
    fn try_get_by<I: ColIdx>(row: &QueryResult, column: I) -> Result<Self, TryGetError> {
        Vec::<u8>::try_get_by(row, column).map(Self)
    }
}

impl TryGetable for PackedNumbers {
    fn try_get_by<I: ColIdx>(row: &QueryResult, column: I) -> Result<Self, TryGetError> {
        if row.try_as_pg_row().is_some() {
            Vec::<u8>::try_get_by(row, column).map(Self::Bytes)
        } else {
            String::try_get_by(row, column).map(Self::Text)
        }
    }
}

/// Implements `Cell` for packed values, which occur in expressions only: no column holds them.
macro_rules! of_expressions {
    ($($packed:ty { $($kind:path),* })*) => {$(
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
                    $($kind(values) => values.into(),)*
                }
            }
        }
    )*};
}
of_expressions! {
    PackedIds { PackedIds }
    PackedNumbers { PackedNumbers::Text, PackedNumbers::Bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(items: &[u8], numbers: [&str; 2]) -> Option<Vec<(Uuid, [i64; 2])>> {
        let (items, numbers) = (PackedIds(items.to_vec()), numbers.map(|text| PackedNumbers::Text(text.to_owned())));
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
    fn numbers_of_postgres_are_bytes() {
        let ids = PackedIds([*Uuid::nil().as_bytes(), *Uuid::max().as_bytes()].concat());
        let bytes = |numbers: &[i64]| PackedNumbers::Bytes(numbers.iter().flat_map(|number| number.to_be_bytes()).collect());
        let numbers = [bytes(&[3, -1]), bytes(&[0, i64::MIN])];
        assert_eq!(taken(&ids, &numbers), Some(vec![(Uuid::nil(), [3, 0]), (Uuid::max(), [-1, i64::MIN])]));
        for uneven in [bytes(&[]), bytes(&[0]), bytes(&[0, 1, 2]), PackedNumbers::Bytes(vec![0; 15])] {
            assert_eq!(taken(&ids, &[numbers[0].clone(), uneven.clone()]), None, "{uneven:?}");
        }
    }

    #[test]
    fn what_was_cut_off_is_not_all() {
        assert!(is_complete_page(MAX_ROWS, MAX_LINES));
        assert!(!is_complete_page(MAX_ROWS + 1, MAX_LINES), "a row behind the last");
        assert!(!is_complete_page(1, MAX_LINES + 1), "a line behind the last");
    }
}
