//! Cells: a text that a spreadsheet would read as a formula is written with a mark, and read back
//! without it.

use std::borrow::Cow;

use entity::prelude::{Money, Timestamp};

use super::{numbers, options::Format};
use crate::files::core::limits::LINE_VALUES;

/// Content of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    /// A number by the file's own type, with a decimal point.
    Number(String),
    /// Removes the field's value: `\N` in a text or a workbook, null in JSON.
    Clear,
}

/// A value that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    None,
    /// The requester may not see the value: the cell is left out, because any value would be one
    /// that an import writes back.
    Hidden,
    Text(String),
    Number(i64),
    Amount(Money),
    /// Days since 1970.
    Day(i32),
    Moment(Timestamp),
}
impl From<&str> for Item {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Item {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<i64> for Item {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}
impl<T: Into<Item>> From<Option<T>> for Item {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

/// In a text or a workbook: no value any more.
const CLEAR: &str = "\\N";

/// A mark that spreadsheets do not display, placed before a text that they would evaluate.
const MARK: char = '\'';

/// Whether a spreadsheet would read the text as a formula (OWASP, CSV injection).
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

/// Whether a text, without its leading marks, needs another mark: a formula, or the text that
/// clears a value. A workbook's cell has the type text, so that formulas are not evaluated there.
fn is_marked(text: &str, format: Format) -> bool {
    let unmarked_text = text.trim_start_matches(MARK);
    unmarked_text == CLEAR || format == Format::Csv && is_formula(unmarked_text)
}

/// Characters at which a spreadsheet may end a cell inside a text of a comma-separated CSV: some
/// countries' CSVs separate by semicolons, and quotes that do not begin a cell hold no line
/// together.
const CELL_SEPARATORS: [char; 4] = [';', '\t', '\r', '\n'];

/// Whether a text has several parts. Each character is searched separately, which is many times
/// faster for one byte than for any of four characters.
fn has_separator(text: &str) -> bool {
    CELL_SEPARATORS.into_iter().any(|separator| text.contains(separator))
}

/// Whether a spreadsheet would evaluate this part of a text at the beginning of a cell. Quotes
/// around a cell do not belong to it.
fn is_formula_part(part: &str) -> bool {
    part.trim_start_matches([MARK, '"']).starts_with(['=', '+', '-', '@'])
}

/// A part after a split without the mark that `escape_parts` put before it.
fn unmark_part(part: &str) -> &str {
    part.strip_prefix(MARK).filter(|rest| is_formula_part(rest)).unwrap_or(part)
}

/// A text of a CSV with a mark before each part after a split that would be evaluated.
pub fn escape_parts(text: &str) -> Cow<'_, str> {
    if !has_separator(text) || !text.split(CELL_SEPARATORS).skip(1).any(is_formula_part) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + CELL_SEPARATORS.len());
    for (index, part) in text.split_inclusive(CELL_SEPARATORS).enumerate() {
        if index > 0 && is_formula_part(part) {
            escaped.push(MARK);
        }
        escaped.push_str(part);
    }
    Cow::Owned(escaped)
}

/// The text from which `escape_parts` made this one.
fn unescape_parts(text: &str) -> String {
    if !has_separator(text) {
        return text.to_owned();
    }
    let parts = text.split_inclusive(CELL_SEPARATORS).enumerate();
    parts.map(|(index, part)| if index > 0 { unmark_part(part) } else { part }).collect()
}

/// Returns a text as it is written into a CSV or a workbook: with an apostrophe before it if it
/// needs one, and in a CSV before its parts too, so that reading restores the text.
pub fn escape_text(text: &str, format: Format) -> Cow<'_, str> {
    let parts = if format == Format::Csv { escape_parts(text) } else { Cow::Borrowed(text) };
    if is_marked(text, format) { Cow::Owned(format!("{MARK}{parts}")) } else { parts }
}

/// Refusal of a row with bytes that are invalid in its file's encoding.
pub const INVALID_ENCODING: &str = "the row has characters that the file's encoding does not have: state the encoding";

/// Number of values of a JSON text, counted by the characters before them. The text is scanned, not
/// parsed: a parsed value takes many times its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Values {
    pub objects: usize,
    pub others: usize,
}

impl Values {
    pub fn of(json: &[u8]) -> Self {
        let (mut values, mut rest) = (Self::default(), json);
        while let Some((byte, after)) = rest.split_first() {
            rest = if *byte == b'"' { numbers::skip_string(after) } else { after };
            match byte {
                b'{' => values.objects += 1,
                b',' | b'[' => values.others += 1,
                _ => {}
            }
        }
        values
    }

    pub fn count(self) -> usize {
        self.objects + self.others
    }

    /// Returns their size in memory once they are parsed: an object has a node with room for eleven
    /// fields, however few it has.
    pub fn bytes(self) -> usize {
        const OBJECT_BYTES: usize = 700;
        const OTHER_VALUE_BYTES: usize = 128;
        self.objects * OBJECT_BYTES + self.others * OTHER_VALUE_BYTES
    }
}

/// Whether a line of JSON has more values in it than are read.
pub fn has_many_values(line: &[u8]) -> bool {
    Values::of(line).count() > LINE_VALUES
}

/// Reads a cell of a CSV or a workbook; None if it is empty and its field therefore not given.
pub fn cell(text: &str, format: Format) -> Option<Cell> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if text == CLEAR {
        return Some(Cell::Clear);
    }
    let unmarked = text.strip_prefix(MARK).filter(|rest| is_marked(rest, format)).unwrap_or(text);
    Some(Cell::Text(if format == Format::Csv { unescape_parts(unmarked) } else { unmarked.to_owned() }))
}

/// Converts a JSON value to a cell.
pub fn cell_of_json(value: &serde_json::Value) -> Cell {
    match value {
        serde_json::Value::Null => Cell::Clear,
        serde_json::Value::String(text) => Cell::Text(text.clone()),
        serde_json::Value::Number(number) => Cell::Number(number.to_string()),
        other => Cell::Text(other.to_string()),
    }
}

/// Converts a JSON value whose number a parser may have rounded: `text` has all digits.
pub fn cell_of_exact_json(value: &serde_json::Value, text: &str) -> Cell {
    match value {
        serde_json::Value::Number(_) => numbers::normalize_decimal(text).map_or_else(|| cell_of_json(value), Cell::Number),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => Cell::Text(text.to_owned()),
        _ => cell_of_json(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 19] = [
        "=cmd()", "+1", "-1", "@SUM(A1)", "'=cmd()", "''=x", "=x", "'=x", "'a", "\\N", "'\\N", "''\\N", "\\\\N", "\\", "mug",
        "it's", "'tis", "1-2", "a=b",
    ];

    #[test]
    fn no_formula_survives_in_a_text_and_every_text_comes_back() {
        for text in TEXTS {
            let written = escape_text(text, Format::Csv);
            assert!(!is_formula(&written), "{text:?} is written as {written:?}");
            assert_eq!(cell(&written, Format::Csv), Some(Cell::Text(text.to_owned())), "{text:?} by way of {written:?}");
        }
    }

    #[test]
    fn no_part_is_a_formula_where_semicolons_or_lines_split_a_text_and_every_text_comes_back() {
        let texts = [
            ("Mug;=1+1", "Mug;'=1+1"),
            ("=a;@b\t-c\r\n+d", "'=a;'@b\t'-c\r\n'+d"),
            ("Mug;\"=1+1\"", "Mug;'\"=1+1\""),
            ("Mug;'=1", "Mug;''=1"),
            ("Mug;'\"'=1", "Mug;''\"'=1"),
            (";;=1;", ";;'=1;"),
            ("\t=1", "'\t'=1"),
            ("Mug;'tis;\"a\"", "Mug;'tis;\"a\""),
            ("red, -1; a=b; 1-2", "red, -1; a=b; 1-2"),
        ];
        for (text, expected) in texts {
            let written = escape_text(text, Format::Csv);
            assert_eq!(written, expected);
            assert_eq!(cell(&written, Format::Csv), Some(Cell::Text(text.to_owned())), "{text:?} by way of {written:?}");
            let sheet = escape_text(text, Format::Xlsx);
            assert_eq!((&*sheet, cell(&sheet, Format::Xlsx)), (text, Some(Cell::Text(text.trim().to_owned()))));
        }
    }

    #[test]
    fn a_workbook_marks_only_what_says_no_value() {
        for text in TEXTS {
            let written = escape_text(text, Format::Xlsx);
            assert_eq!(written == text, !text.trim_start_matches('\'').starts_with("\\N"), "{text:?} is written as {written:?}");
            assert_eq!(cell(&written, Format::Xlsx), Some(Cell::Text(text.to_owned())), "{text:?} by way of {written:?}");
        }
    }

    #[test]
    fn values_are_counted_where_they_are_none_of_a_text() {
        let commas = "\\\",".repeat(LINE_VALUES + 1);
        assert!(!has_many_values(format!("{{\"a\":\"{commas}\"}}").as_bytes()));
        assert!(has_many_values(format!("{{\"a\":[{}0]}}", "0,".repeat(LINE_VALUES)).as_bytes()));
        assert!(!has_many_values(b"\"\\"));
    }

    #[test]
    fn an_empty_cell_says_nothing_and_a_marked_one_clears() {
        for format in [Format::Csv, Format::Xlsx] {
            let said = ["", "  ", "\\N"].map(|text| cell(text, format));
            assert_eq!(said, [None, None, Some(Cell::Clear)]);
        }
        assert_eq!(cell_of_json(&serde_json::json!(null)), Cell::Clear);
        assert_eq!(cell_of_json(&serde_json::json!(12.5)), Cell::Number("12.5".to_owned()));
        assert_eq!(cell_of_json(&serde_json::json!("12,5")), Cell::Text("12,5".to_owned()));
        assert_eq!(cell_of_json(&serde_json::json!(["a", "b"])), Cell::Text("[\"a\",\"b\"]".to_owned()));
        let long = "123456789012345678901234";
        let read = |text: &str| cell_of_exact_json(&serde_json::from_str(text).unwrap(), text);
        assert_eq!(read(long), Cell::Number(long.to_owned()));
        assert_eq!(read("[1e3]"), Cell::Text("[1e3]".to_owned()));
        assert_eq!((read("\"a\\n\""), read("1e3")), (Cell::Text("a\n".to_owned()), Cell::Number("1000.0".to_owned())));
    }
}
