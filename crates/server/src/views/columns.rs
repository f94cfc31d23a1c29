//! Rows as a Parquet file with typed columns, for DuckDB and notebooks.

use serde_json::Value;
use services::exchange::{FileColumn, columns_file};

use super::{
    drawn::{NUMERIC_FIELDS, RenderError, text},
    layout::{Layout, values},
};

/// Places behind the point of a decimal.
const DECIMAL_PLACES: usize = 6;
/// Digits before it: with those places as many as a decimal has.
const MAX_INTEGER_DIGITS: usize = 32;

/// Maximum cells of a file, which are all in memory at once: a row may have many more columns than
/// its answer has letters.
const MAX_CELLS: usize = 5_000_000;

/// The value of a cell without one.
static NULL_CELL: Value = Value::Null;

/// A file of all rows. A column has a type where all of its values are of it, else it is of texts.
pub(super) async fn parquet(layout: &Layout, rows: &[Value]) -> Result<Vec<u8>, RenderError> {
    if rows.len().saturating_mul(layout.columns.len()) > MAX_CELLS {
        let message = format!("a Parquet file has at most {MAX_CELLS} cells: narrow the view, or read it as .csv");
        return Err(RenderError::TooLarge(message));
    }
    let columns: Vec<(String, FileColumn)> = layout.columns.iter().map(|path| (path.join("."), column(rows, path))).collect();
    let rendered = tokio::task::spawn_blocking(move || columns_file(&columns)).await;
    rendered.map_err(|_| RenderError::Broken)?.map_err(|fault| {
        tracing::error!(error = %fault, "a Parquet file could not be created");
        RenderError::Broken
    })
}

fn column(rows: &[Value], path: &[String]) -> FileColumn {
    let cells: Vec<Vec<&Value>> = rows.iter().map(|row| values(row, path)).collect();
    typed_column(&cells, path).unwrap_or_else(|| FileColumn::Texts(cells.iter().map(|cell| join_values(cell)).collect()))
}

/// The column in the type of its values; None where they are texts, of several types, or several in a cell.
fn typed_column(cells: &[Vec<&Value>], path: &[String]) -> Option<FileColumn> {
    let cells: Vec<&Value> = cells.iter().map(|cell| single_value(cell)).collect::<Option<_>>()?;
    // Decimals by their fields, so that a column has one type whatever its values are.
    let is_of_decimals = path.last().is_some_and(|name| NUMERIC_FIELDS.contains(&name.as_str()));
    let decimals = is_of_decimals.then(|| convert_cells(&cells, |value| millionths(&text(value)))).flatten();
    if let Some(decimals) = decimals {
        return Some(FileColumn::Decimals(decimals));
    }
    if cells.iter().all(|value| value.is_null()) {
        return None;
    }
    let wholes = || convert_cells(&cells, Value::as_i64).map(FileColumn::Wholes);
    let reals = || convert_cells(&cells, Value::as_f64).map(FileColumn::Reals);
    let flags = || convert_cells(&cells, Value::as_bool).map(FileColumn::Flags);
    wholes().or_else(reals).or_else(flags)
}

/// Returns the only value of a cell, or null if the cell is empty; `None` if it has several.
fn single_value<'a>(cell: &[&'a Value]) -> Option<&'a Value> {
    match cell {
        [] => Some(&NULL_CELL),
        [one] => Some(*one),
        _ => None,
    }
}

/// Parses each value; `None` if one fails.
fn convert_cells<T>(cells: &[&Value], convert: impl Fn(&Value) -> Option<T>) -> Option<Vec<Option<T>>> {
    cells.iter().map(|value| if value.is_null() { Some(None) } else { convert(value).map(Some) }).collect()
}

fn join_values(cell: &[&Value]) -> Option<String> {
    match cell {
        [] | [Value::Null] => None,
        values => Some(values.iter().map(|value| text(value)).collect::<Vec<_>>().join("; ")),
    }
}

/// A decimal number in digits, with at most six places.
fn millionths(text: &str) -> Option<i128> {
    let (sign, size) = text.strip_prefix('-').map_or((1, text), |size| (-1, size));
    let (integer_part, fraction_part) = size.split_once('.').unwrap_or((size, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if integer_part.is_empty()
        || integer_part.len() > MAX_INTEGER_DIGITS
        || fraction_part.len() > DECIMAL_PLACES
        || !is_digits(integer_part)
        || !is_digits(fraction_part)
    {
        return None;
    }
    let digits = format!("{integer_part}{fraction_part:0<DECIMAL_PLACES$}");
    digits.parse::<i128>().ok().map(|number| sign * number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_column_has_the_type_of_all_of_its_values() {
        let of = |name: &str, values: &[Value]| {
            let rows: Vec<Value> = values.iter().map(|value| json!({ name: value })).collect();
            column(&rows, &[name.to_owned()])
        };
        assert_eq!(of("units", &[json!(3), json!(null)]), FileColumn::Wholes(vec![Some(3), None]));
        assert_eq!(of("rate", &[json!(0.5), json!(2)]), FileColumn::Reals(vec![Some(0.5), Some(2.0)]));
        assert_eq!(of("isActive", &[json!(true)]), FileColumn::Flags(vec![Some(true)]));
        assert_eq!(
            of("amount", &[json!("-0.5"), json!(null), json!("12")]),
            FileColumn::Decimals(vec![Some(-500_000), None, Some(12_000_000)])
        );
        assert_eq!(of("amount", &[json!(null)]), FileColumn::Decimals(vec![None]), "it has its type without a value");
        assert_eq!(of("sku", &[json!("0012"), json!(null)]), FileColumn::Texts(vec![Some("0012".to_owned()), None]));
        assert_eq!(of("tags", &[json!(["a", "b"]), json!([])]), FileColumn::Texts(vec![Some("a; b".to_owned()), None]));
        assert_eq!(of("mixed", &[json!(1), json!("x")]), FileColumn::Texts(vec![Some("1".to_owned()), Some("x".to_owned())]));
        assert_eq!(of("none", &[json!(null)]), FileColumn::Texts(vec![None]));
    }

    #[test]
    fn a_decimal_is_exact_or_none() {
        let nines = "9".repeat(MAX_INTEGER_DIGITS);
        assert_eq!(millionths(&format!("{nines}.999999")), "9".repeat(38).parse().ok());
        for other in ["", "-", "1e5", "1.2345678", "12a", " 1", format!("1{nines}").as_str()] {
            assert_eq!(millionths(other), None, "{other}");
        }
    }
}
