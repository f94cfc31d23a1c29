//! Rows as a workbook and as pages to print: made beside whoever waits, since both compute for a while.

use entity::prelude::PaperLocale;
use serde_json::Value;
use services::{
    exchange::{WorkbookCell, workbook},
    papers::core::{Column, Phrases, Sheet as Paper, Table, file_with, left, right},
};

use super::layout::{Layout, values};

/// Rows of a PDF: more are read in a workbook.
const MOST_PDF_ROWS: usize = 5_000;
/// Columns of a PDF, which is of A4.
const MOST_PDF_COLUMNS: usize = 12;
/// Letters of a cell of a workbook.
const MOST_LETTERS: usize = 32_767;
/// Columns of a workbook, as many as Excel has.
const MOST_COLUMNS: usize = 16_384;
/// Digits of a number that spreadsheets keep.
const DIGITS: usize = 15;
/// Fields that are figures though their values are texts.
pub(super) const FIGURES: [&str; 6] = ["amount", "value", "before", "change", "changeRate", "quantity"];
/// The widest share of a column, in letters.
const MOST_WIDE: usize = 40;

/// Why a table has no such file.
pub(super) enum NotDrawn {
    /// In words for its reader.
    TooLarge(String),
    /// In words for its reader.
    Unfit(String),
    Broken,
}

/// What stands above a table.
pub(super) struct Heading {
    pub title: String,
    pub locale: PaperLocale,
}

/// A cell of a table.
enum Shown {
    Text(String),
    /// A decimal number, in digits.
    Figure(String),
}

/// A workbook of one sheet. Nothing in it is a formula, and what is not kept exactly as a number is a text.
pub(super) async fn xlsx(layout: &Layout, rows: &[Value]) -> Result<Vec<u8>, NotDrawn> {
    if layout.columns.len() > MOST_COLUMNS {
        return Err(NotDrawn::TooLarge(format!("a workbook has at most {MOST_COLUMNS} columns")));
    }
    let names: Vec<String> = layout.columns.iter().map(|path| path.join(".")).collect();
    let cell = |row: &Value, path: &[String]| match shown(row, path) {
        Shown::Text(text) if text.is_empty() => WorkbookCell::None,
        Shown::Figure(text) if text.bytes().filter(u8::is_ascii_digit).count() <= DIGITS => {
            text.parse::<f64>().map_or(WorkbookCell::Text(text), WorkbookCell::Number)
        }
        Shown::Text(text) | Shown::Figure(text) => WorkbookCell::Text(text),
    };
    let cells: Vec<Vec<WorkbookCell>> =
        rows.iter().map(|row| layout.columns.iter().map(|path| cell(row, path)).collect()).collect();
    let is_long = |cell: &WorkbookCell| matches!(cell, WorkbookCell::Text(text) if text.chars().nth(MOST_LETTERS).is_some());
    if cells.iter().flatten().any(is_long) {
        return Err(NotDrawn::TooLarge(format!("a cell of a workbook has at most {MOST_LETTERS} characters: read it as .csv")));
    }
    let made = tokio::task::spawn_blocking(move || workbook(&names, &cells)).await;
    made.map_err(|_| NotDrawn::Broken)?.map_err(|fault| {
        tracing::error!(error = %fault, "a workbook could not be made");
        NotDrawn::Broken
    })
}

/// Pages of A4: the title, what stands beside the list (`from` and `to` are its period), its drawing, and its rows, with the decimal sign of a language.
pub(super) async fn pdf(layout: &Layout, rows: &[Value], beside: &Value, heading: Heading) -> Result<Vec<u8>, NotDrawn> {
    if rows.len() > MOST_PDF_ROWS || layout.columns.len() > MOST_PDF_COLUMNS {
        return Err(NotDrawn::TooLarge(format!(
            "a PDF has at most {MOST_PDF_ROWS} rows and {MOST_PDF_COLUMNS} columns: narrow the view, or read it as .xlsx"
        )));
    }
    let words = Phrases::of(heading.locale);
    let mut paper = Paper::new(words.tag, heading.title);
    for (name, value) in facts(beside, words) {
        paper.fact(&name, Some(value));
    }
    let cells: Vec<Vec<Shown>> = rows.iter().map(|row| layout.columns.iter().map(|path| shown(row, path)).collect()).collect();
    let columns =
        layout.columns.iter().enumerate().map(|(at, path)| column(&path.join("."), cells.iter().filter_map(|row| row.get(at))));
    let columns: Vec<Column> = columns.collect();
    let printed = |cell: Shown| match cell {
        Shown::Text(text) => text,
        Shown::Figure(text) => words.figure(&text),
    };
    let rows = cells.into_iter().map(|row| row.into_iter().map(printed).collect()).collect();
    paper.tables.push(Table { heading: None, columns, rows });
    let drawing = drawing(beside);
    let made = tokio::task::spawn_blocking(move || file_with(&paper, drawing.as_deref())).await;
    made.map_err(|_| NotDrawn::Broken)?.ok_or_else(|| {
        let lacking = "a text of this view has a letter that the fonts of PDFs lack (they have Latin, Greek and Cyrillic ones): read it as .xlsx";
        NotDrawn::Unfit(lacking.to_owned())
    })
}

/// The first SVG beside a list.
pub(super) fn drawing(beside: &Value) -> Option<String> {
    let found = beside.as_object().into_iter().flatten().find_map(|(_, value)| value.as_str().filter(|text| is_drawing(text)));
    found.map(ToOwned::to_owned)
}

fn is_drawing(text: &str) -> bool {
    text.starts_with("<svg ")
}

/// What stands beside a list, by the names that the document gives it.
fn facts(beside: &Value, words: &Phrases) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) if is_drawing(text) => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(words.figure(&number.to_string())),
        other => Some(other.to_string()),
    };
    let period = beside["from"].as_str().zip(beside["to"].as_str()).map(|(from, to)| format!("{from} – {to}"));
    let is_of_period = |name: &str| period.is_some() && matches!(name, "from" | "to");
    let others = beside.as_object().into_iter().flatten().filter(|(name, _)| !is_of_period(name.as_str()));
    let others = others.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect::<Vec<_>>();
    period.map(|period| (words.period.to_owned(), period)).into_iter().chain(others).collect()
}

/// A column as wide as its texts, with figures on the right.
fn column<'a>(title: &str, cells: impl Iterator<Item = &'a Shown>) -> Column {
    let (mut wide, mut has_figures, mut has_texts) = (title.chars().count(), false, false);
    for cell in cells {
        let (Shown::Text(text) | Shown::Figure(text)) = cell;
        wide = wide.max(text.chars().count());
        match cell {
            Shown::Figure(_) => has_figures = true,
            Shown::Text(text) => has_texts |= !text.is_empty(),
        }
    }
    let share = wide.clamp(4, MOST_WIDE) as u16;
    if has_figures && !has_texts { right(title, share) } else { left(title, share) }
}

fn shown(row: &Value, path: &[String]) -> Shown {
    let found = values(row, path);
    let is_of_figures = path.last().is_some_and(|name| FIGURES.contains(&name.as_str()));
    match found.as_slice() {
        [Value::Number(number)] => Shown::Figure(number.to_string()),
        [Value::String(text)] if is_of_figures && is_number(text) => Shown::Figure(text.clone()),
        all => Shown::Text(all.iter().map(|value| text(value)).collect::<Vec<_>>().join("; ")),
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
    size.split_once('.').map_or_else(|| digits(size), |(whole, part)| digits(whole) && digits(part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_known_by_their_fields_and_codes_stay_texts() {
        let path = |name: &str| vec![name.to_owned()];
        let is_figure = |row: Value, name: &str| matches!(shown(&row, &path(name)), Shown::Figure(_));
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
