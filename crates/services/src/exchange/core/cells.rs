//! Cells: what a spreadsheet would take for a formula is not written as one, and what was marked so is read back.

use entity::prelude::{Money, Timestamp};

use super::Format;
use crate::files::core::limits::LINE_VALUES;

/// What a row says of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    /// What the file itself says to be a number, with a decimal point.
    Number(String),
    /// It has no value any more: `\N` in a text or a workbook, null in JSON.
    Clear,
}

/// A value that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    None,
    /// Not for whoever asked to see: nothing is said of it, for no value would be one that an import takes away.
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

/// A mark that spreadsheets show as nothing, before what they would run.
const MARK: char = '\'';

/// Whether a spreadsheet would take the text for a formula (OWASP, CSV injection).
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

/// Whether a text, but for marks before it, is written with one mark more: what would be run, and what would be read as no value.
/// A cell of a workbook says itself that it is a text: nothing is run there.
fn is_marked(text: &str, format: Format) -> bool {
    let behind = text.trim_start_matches(MARK);
    behind == CLEAR || format == Format::Csv && is_formula(behind)
}

/// A text as it is written into a CSV or a workbook: with an apostrophe before it where one is needed, so that reading gives the text back.
pub fn guarded(text: &str, format: Format) -> std::borrow::Cow<'_, str> {
    if is_marked(text, format) { std::borrow::Cow::Owned(format!("{MARK}{text}")) } else { std::borrow::Cow::Borrowed(text) }
}

/// Why a row is refused that has bytes which are no letters of its file's encoding.
pub const FOREIGN: &str = "the row has letters that the file's encoding does not have: say which encoding it is";

/// The values that a text of JSON has, counted by the signs before them. It is read over, not parsed: each value takes many times its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Values {
    pub objects: usize,
    pub others: usize,
}

impl Values {
    pub fn of(json: &[u8]) -> Self {
        let (mut values, mut is_text, mut is_escaped) = (Self::default(), false, false);
        for byte in json {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if is_text => is_escaped = true,
                b'"' => is_text = !is_text,
                b'{' if !is_text => values.objects += 1,
                b',' | b'[' if !is_text => values.others += 1,
                _ => {}
            }
        }
        values
    }

    pub fn count(self) -> usize {
        self.objects + self.others
    }

    /// What they take in memory once they are parsed: an object has a node with room for eleven fields, however few it has.
    pub fn bytes(self) -> usize {
        const OBJECT: usize = 700;
        const OTHER: usize = 128;
        self.objects * OBJECT + self.others * OTHER
    }
}

/// Whether a line of JSON has more values in it than are read.
pub fn has_many_values(line: &[u8]) -> bool {
    Values::of(line).count() > LINE_VALUES
}

/// What a cell of a CSV or a workbook says; None when it is empty, which says nothing.
pub fn cell(text: &str, format: Format) -> Option<Cell> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if text == CLEAR {
        return Some(Cell::Clear);
    }
    let unmarked = text.strip_prefix(MARK).filter(|rest| is_marked(rest, format));
    Some(Cell::Text(unmarked.unwrap_or(text).to_owned()))
}

/// What a value of JSON says.
pub fn of_json(value: &serde_json::Value) -> Cell {
    match value {
        serde_json::Value::Null => Cell::Clear,
        serde_json::Value::String(text) => Cell::Text(text.clone()),
        serde_json::Value::Number(number) => Cell::Number(number.to_string()),
        other => Cell::Text(other.to_string()),
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
            let written = guarded(text, Format::Csv);
            assert!(!is_formula(&written), "{text:?} is written as {written:?}");
            assert_eq!(cell(&written, Format::Csv), Some(Cell::Text(text.to_owned())), "{text:?} by way of {written:?}");
        }
    }

    #[test]
    fn a_workbook_marks_only_what_says_no_value() {
        for text in TEXTS {
            let written = guarded(text, Format::Xlsx);
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
        assert_eq!(of_json(&serde_json::json!(null)), Cell::Clear);
        assert_eq!(of_json(&serde_json::json!(12.5)), Cell::Number("12.5".to_owned()));
        assert_eq!(of_json(&serde_json::json!("12,5")), Cell::Text("12,5".to_owned()));
        assert_eq!(of_json(&serde_json::json!(["a", "b"])), Cell::Text("[\"a\",\"b\"]".to_owned()));
    }
}
