//! Packed lines, for SQLite: a row is a document, and each column of its lines is one value. To hand over a row of each line, or to sort all of them by
//! what they are summed by, takes SQLite longer than it takes to read them (`docs/decisions/0382-lines-packed-by-document.md`).

use uuid::Uuid;

use super::Fault;

/// Lines and rows that one statement gives. A row takes some hundreds of bytes, and a line some tens.
pub const MOST_LINES: usize = 1_000_000;
pub const MOST_ROWS: usize = 100_000;
/// Events of a half, or documents of both halves, up to which lines are packed: about every second event has lines, and the rows of a half are held at once.
pub const MOST_EVENTS: i64 = 2 * MOST_ROWS as i64;

/// The IDs of a document's lines, 16 bytes each: nil for a line without one, so that all columns have as many values.
pub fn ids(column: &str) -> String {
    format!("CAST(group_concat(coalesce({column}, zeroblob(16)), '') AS BLOB)")
}

/// The numbers of a document's lines, in the order of their IDs. None of them may be null.
pub fn numbers(column: &str) -> String {
    format!("group_concat({column})")
}

/// Columns of a statement of packed lines, whose IDs are its column `items`. Behind the line, or the row, after the last that it may give there is none.
pub fn bounded(sql: &str, columns: &str) -> String {
    format!(
        "SELECT {columns} FROM (
           SELECT q.*, sum(length(q.items)) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS upto FROM ({sql}) q) b
         WHERE b.upto - length(b.items) <= {bytes} LIMIT {rows}",
        bytes = MOST_LINES * size_of::<Uuid>(),
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
    items: &[u8],
    numbers: [&str; N],
    mut take: impl FnMut(Uuid, [i64; N]),
) -> Result<usize, Fault> {
    let uneven = || Fault::corrupt(table, "packed columns have a value of each line");
    let ids = items.chunks(size_of::<Uuid>());
    let lines = ids.len();
    let mut columns = numbers.map(|column| column.split(','));
    for id in ids {
        let id = Uuid::from_slice(id).map_err(|_| uneven())?;
        let mut line = [0; N];
        for (number, column) in line.iter_mut().zip(&mut columns) {
            *number = column.next().and_then(|text| text.parse().ok()).ok_or_else(uneven)?;
        }
        take(id, line);
    }
    if columns.iter_mut().any(|column| column.next().is_some()) { Err(uneven()) } else { Ok(lines) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(items: &[u8], numbers: [&str; 2]) -> Option<Vec<(Uuid, [i64; 2])>> {
        let mut found = Vec::new();
        let count = each_line("order_line", items, numbers, |id, line| found.push((id, line))).ok()?;
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
    fn what_was_cut_off_is_not_all() {
        assert!(are_all(MOST_ROWS, MOST_LINES));
        assert!(!are_all(MOST_ROWS + 1, MOST_LINES), "a row behind the last");
        assert!(!are_all(1, MOST_LINES + 1), "a line behind the last");
    }
}
