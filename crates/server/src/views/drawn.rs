//! Rows as a workbook and as pages to print: rendered outside the async workers, since both compute
//! for a while.

use entity::prelude::PaperLocale;
use serde_json::Value;
use services::{
    exchange::{WorkbookCell, workbook},
    papers::core::{Column, Phrases, Sheet as Paper, Table, figure_column, file_with_drawing, text_column},
};

use super::layout::{Layout, values};

/// Rows of a PDF: more are read in a workbook.
const MAX_PDF_ROWS: usize = 5_000;
/// Columns of a PDF, which is of A4.
const MAX_PDF_COLUMNS: usize = 12;
/// Letters of a cell of a workbook.
const MAX_CELL_CHARACTERS: usize = 32_767;
/// Columns of a workbook, as many as Excel has.
const MAX_COLUMNS: usize = 16_384;
/// Digits of a number that spreadsheets keep.
const MAX_DIGITS: usize = 15;
/// Fields that are figures though their values are texts.
pub(super) const NUMERIC_FIELDS: [&str; 6] = ["amount", "value", "before", "change", "changeRate", "quantity"];
/// The widest share of a column, in letters.
const MAX_COLUMN_CHARACTERS: usize = 40;

/// Reason for which a table has no such file.
pub(super) enum RenderError {
    /// In words for its reader.
    TooLarge(String),
    /// In words for its reader.
    Unfit(String),
    Broken,
}

/// Heading of a table.
pub(super) struct Heading {
    pub title: String,
    pub locale: PaperLocale,
}

/// A cell of a table.
enum CellValue {
    Text(String),
    /// A decimal number, in digits.
    Figure(String),
}

/// A workbook of one sheet. No cell is a formula, and numbers that would lose digits are texts.
pub(super) async fn xlsx(layout: &Layout, rows: &[Value]) -> Result<Vec<u8>, RenderError> {
    if layout.columns.len() > MAX_COLUMNS {
        return Err(RenderError::TooLarge(format!("a workbook has at most {MAX_COLUMNS} columns")));
    }
    let names: Vec<String> = layout.columns.iter().map(|path| path.join(".")).collect();
    let cell = |row: &Value, path: &[String]| match cell_value(row, path) {
        CellValue::Text(text) if text.is_empty() => WorkbookCell::None,
        CellValue::Figure(text) if text.bytes().filter(u8::is_ascii_digit).count() <= MAX_DIGITS => {
            text.parse::<f64>().map_or(WorkbookCell::Text(text), WorkbookCell::Number)
        }
        CellValue::Text(text) | CellValue::Figure(text) => WorkbookCell::Text(text),
    };
    let cells: Vec<Vec<WorkbookCell>> =
        rows.iter().map(|row| layout.columns.iter().map(|path| cell(row, path)).collect()).collect();
    let is_long =
        |cell: &WorkbookCell| matches!(cell, WorkbookCell::Text(text) if text.chars().nth(MAX_CELL_CHARACTERS).is_some());
    if cells.iter().flatten().any(is_long) {
        return Err(RenderError::TooLarge(format!(
            "a cell of a workbook has at most {MAX_CELL_CHARACTERS} characters: read it as .csv"
        )));
    }
    let rendered = tokio::task::spawn_blocking(move || workbook(&names, &cells)).await;
    rendered.map_err(|_| RenderError::Broken)?.map_err(|fault| {
        tracing::error!(error = %fault, "a workbook could not be created");
        RenderError::Broken
    })
}

/// Pages of A4: the title, the values beside the list (`from` and `to` are its period), its
/// drawing, and its rows, with the decimal sign of a language.
pub(super) async fn pdf(layout: &Layout, rows: &[Value], siblings: &Value, heading: Heading) -> Result<Vec<u8>, RenderError> {
    if rows.len() > MAX_PDF_ROWS || layout.columns.len() > MAX_PDF_COLUMNS {
        return Err(RenderError::TooLarge(format!(
            "a PDF has at most {MAX_PDF_ROWS} rows and {MAX_PDF_COLUMNS} columns: narrow the view, or read it as .xlsx"
        )));
    }
    let phrases = Phrases::of(heading.locale);
    let mut paper = Paper::new(phrases.tag, heading.title);
    for (name, value) in facts(siblings, phrases) {
        paper.add_fact(&name, Some(value));
    }
    let cells: Vec<Vec<CellValue>> =
        rows.iter().map(|row| layout.columns.iter().map(|path| cell_value(row, path)).collect()).collect();
    let columns = layout
        .columns
        .iter()
        .enumerate()
        .map(|(index, path)| column(&path.join("."), cells.iter().filter_map(|row| row.get(index))));
    let columns: Vec<Column> = columns.collect();
    let cell_text = |cell: CellValue| match cell {
        CellValue::Text(text) => text,
        CellValue::Figure(text) => phrases.figure(&text),
    };
    let rows = cells.into_iter().map(|row| row.into_iter().map(cell_text).collect()).collect();
    paper.tables.push(Table { heading: None, columns, rows });
    let drawing = first_drawing(siblings);
    let rendered = tokio::task::spawn_blocking(move || file_with_drawing(&paper, drawing.as_deref())).await;
    rendered.map_err(|_| RenderError::Broken)?.ok_or_else(|| {
        let message = "a text of this view has a character that the fonts of PDFs lack (they have Latin, Greek and Cyrillic ones): read it as .xlsx";
        RenderError::Unfit(message.to_owned())
    })
}

/// The first SVG beside a list.
pub(super) fn first_drawing(siblings: &Value) -> Option<String> {
    let svg = siblings.as_object().into_iter().flatten().find_map(|(_, value)| value.as_str().filter(|text| is_drawing(text)));
    svg.map(ToOwned::to_owned)
}

fn is_drawing(text: &str) -> bool {
    text.starts_with("<svg ")
}

/// Returns the values beside a list, by the names that the document gives them.
fn facts(siblings: &Value, phrases: &Phrases) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) if is_drawing(text) => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(phrases.figure(&number.to_string())),
        other => Some(other.to_string()),
    };
    let period = siblings["from"].as_str().zip(siblings["to"].as_str()).map(|(from, to)| format!("{from} – {to}"));
    let is_of_period = |name: &str| period.is_some() && matches!(name, "from" | "to");
    let others = siblings.as_object().into_iter().flatten().filter(|(name, _)| !is_of_period(name.as_str()));
    let others = others.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect::<Vec<_>>();
    period.map(|period| (phrases.period.to_owned(), period)).into_iter().chain(others).collect()
}

/// A column as wide as its texts, with figures on the right.
fn column<'a>(title: &str, cells: impl Iterator<Item = &'a CellValue>) -> Column {
    let (mut wide, mut has_figures, mut has_texts) = (title.chars().count(), false, false);
    for cell in cells {
        let (CellValue::Text(text) | CellValue::Figure(text)) = cell;
        wide = wide.max(text.chars().count());
        match cell {
            CellValue::Figure(_) => has_figures = true,
            CellValue::Text(text) => has_texts |= !text.is_empty(),
        }
    }
    let share = wide.clamp(4, MAX_COLUMN_CHARACTERS) as u16;
    if has_figures && !has_texts { figure_column(title, share) } else { text_column(title, share) }
}

fn cell_value(row: &Value, path: &[String]) -> CellValue {
    let cell_values = values(row, path);
    let is_of_figures = path.last().is_some_and(|name| NUMERIC_FIELDS.contains(&name.as_str()));
    match cell_values.as_slice() {
        [Value::Number(number)] => CellValue::Figure(number.to_string()),
        [Value::String(text)] if is_of_figures && is_number(text) => CellValue::Figure(text.clone()),
        all => CellValue::Text(all.iter().map(|value| text(value)).collect::<Vec<_>>().join("; ")),
    }
}

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let size = text.strip_prefix('-').unwrap_or(text);
    size.split_once('.')
        .map_or_else(|| digits(size), |(integer_part, fraction_part)| digits(integer_part) && digits(fraction_part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_known_by_their_fields_and_codes_stay_texts() {
        let path = |name: &str| vec![name.to_owned()];
        let is_figure = |row: Value, name: &str| matches!(cell_value(&row, &path(name)), CellValue::Figure(_));
        assert!(is_figure(json!({ "amount": "12.50" }), "amount") && is_figure(json!({ "n": 3 }), "n"));
        assert!(!is_figure(json!({ "sku": "0012" }), "sku") && !is_figure(json!({ "value": "1e5" }), "value"));
        assert!(!is_figure(json!({ "value": null }), "value"));
    }

    #[test]
    fn a_period_is_one_fact_and_a_drawing_is_none() {
        let beside = json!({ "from": "2026-09-01", "to": "2026-09-30", "currency": "GBP", "rowCount": 7, "svg": "<svg ></svg>" });
        let found = facts(&beside, Phrases::of(PaperLocale::German));
        let expected = [("Zeitraum", "2026-09-01 – 2026-09-30"), ("currency", "GBP"), ("rowCount", "7")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(facts(&Value::Null, Phrases::of(PaperLocale::English)).is_empty());
    }
}
