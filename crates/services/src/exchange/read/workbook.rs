//! XLSX workbooks: the first sheet, row by row, in constant memory. The unpacked size of a workbook
//! is measured first, and each part is bounded while it is read.

use std::io::{Seek, SeekFrom};

use platform::clock;
use quick_xml::events::Event;

use super::{
    archive::Archive,
    book::Book,
    chunks::{Chunks, ReadPlan, Sender},
    pipe::{Pipe, spool_to_file},
    texts::{SharedStrings, read_rich_text, unescape},
    unreadable::{Stop, Unreadable, invalid_workbook},
    xml::{Xml, attribute},
};
use crate::{
    exchange::core::{
        FileReading, Format,
        cells::{Cell, cell},
        columns::{fields_of, is_day},
        serial,
    },
    files::core::limits::{COLUMNS, ROW_BYTES, WORKBOOK_BYTES},
};

pub(super) fn read(pipe: Pipe, plan: ReadPlan, sender: &Sender) -> Result<(), Stop> {
    let mut file = spool_to_file(pipe)?;
    file.seek(SeekFrom::Start(0))?;
    let archive = Archive::open(file)?;
    archive.measure()?;
    let book = Book::open(&archive)?;
    let part = archive.part(&book.sheet, WORKBOOK_BYTES)?.ok_or_else(|| invalid_workbook("its first sheet is missing"))?;
    let texts = book.texts(&archive)?.map_or_else(SharedStrings::empty, SharedStrings::read)?;
    let styles = Styles { moments: book.moments(&archive)?, is_1904: book.is_1904 };
    let mut sheet = Sheet { chunks: Chunks::new(sender, &plan), plan, columns: None, row: Vec::new(), bytes: 0, texts, styles };
    let (mut xml, mut is_sheet) = (Xml::of(part), false);
    loop {
        match xml.next()? {
            Event::Start(start) if start.local_name().as_ref() == "sheetData" => is_sheet = true,
            Event::Start(start) if start.local_name().as_ref() == "c" && is_sheet => {
                let value_of = |name: &str| attribute(&start, name);
                let head = Head { reference: value_of("r")?, style: value_of("s")?, kind: value_of("t")? };
                sheet.cell(&mut xml, head)?;
            }
            Event::End(end) if end.local_name().as_ref() == "row" => sheet.end_row()?,
            Event::End(end) if end.local_name().as_ref() == "sheetData" => break,
            Event::Eof => return Err(invalid_workbook("its first sheet has no cells, or ends in the middle")),
            _ => {}
        }
    }
    sheet.end_row()?;
    if sheet.columns.is_none() {
        return Err(Unreadable::Broken("it has no header".to_owned()).into());
    }
    sheet.chunks.flush()
}

/// Attributes of a cell, which precede its content.
struct Head {
    reference: Option<String>,
    style: Option<String>,
    kind: Option<String>,
}

/// Styles of numbers that are dates.
struct Styles {
    moments: Vec<bool>,
    is_1904: bool,
}

/// Content of a cell.
#[derive(Debug, Clone, PartialEq, Default)]
enum CellContent {
    #[default]
    Nothing,
    Text(String),
    /// A number as its shortest text.
    Number(String),
    /// Microseconds since 1970, read as UTC.
    Moment(i64),
}

impl CellContent {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Number(text) => text.len(),
            Self::Nothing | Self::Moment(_) => 0,
        }
    }

    fn is_blank(&self) -> bool {
        match self {
            Self::Text(text) | Self::Number(text) => text.trim().is_empty(),
            Self::Nothing => true,
            Self::Moment(_) => false,
        }
    }

    fn display_text(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) | Self::Number(text) => text.clone(),
            Self::Moment(at) => clock::rfc3339(entity::prelude::Timestamp(*at)),
        }
    }

    /// Converts it to a cell of a field.
    fn cell(self, field: &str) -> Option<Cell> {
        match self {
            Self::Nothing => None,
            Self::Text(text) => cell(&text, Format::Xlsx),
            Self::Number(number) => Some(Cell::Number(number)),
            Self::Moment(at) if is_day(field) => {
                const DAY: i64 = 86_400_000_000;
                Some(Cell::Text(clock::day_text(i32::try_from(at.div_euclid(DAY)).unwrap_or_default())))
            }
            Self::Moment(_) => Some(Cell::Text(self.display_text())),
        }
    }
}

/// The column that a cell names, from 0 on.
fn column(reference: &str) -> Option<usize> {
    let mut letters = reference.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters.try_fold(0_usize, |number, letter| {
        number.checked_mul(26)?.checked_add(usize::from(letter.to_ascii_uppercase() - b'A') + 1)
    })?;
    number.checked_sub(1)
}

/// The text of a number. Whole numbers in a sheet are floating-point numbers: 12, not 12.0. A
/// number beyond their exact range keeps the digits of the file: programs write long codes as
/// numbers, and a rounded code is a different one.
fn number_text(text: &str, number: f64) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_whole && number >= EXACT { text.to_owned() } else { number.to_string() }
}

/// A sheet in progress: the first row that is not empty is the header.
struct Sheet<'a> {
    chunks: Chunks<'a>,
    plan: ReadPlan,
    columns: Option<Vec<Option<usize>>>,
    row: Vec<CellContent>,
    /// Bytes of the current row.
    bytes: usize,
    texts: SharedStrings,
    styles: Styles,
}

impl Sheet<'_> {
    /// Reads a cell that has just begun.
    fn cell(&mut self, xml: &mut Xml, head: Head) -> Result<(), Stop> {
        let next = self.row.len();
        let column_index = head.reference.as_deref().map_or(Some(next), column).unwrap_or(usize::MAX);
        if column_index >= COLUMNS {
            return Err(Unreadable::Broken(format!("a file has at most {COLUMNS} columns")).into());
        }
        let (end, mut content) = (xml.depth().saturating_sub(1), CellContent::Nothing);
        while xml.depth() > end {
            match xml.next()? {
                Event::Start(start) if start.local_name().as_ref() == "v" => {
                    let text = xml.text()?;
                    content = self.value(&text, &head)?;
                }
                Event::Start(start) if start.local_name().as_ref() == "is" => content = CellContent::Text(read_rich_text(xml)?),
                Event::Eof => return Err(invalid_workbook("its first sheet ends in the middle")),
                _ => {}
            }
        }
        if self.row.len() <= column_index {
            self.row.resize(column_index + 1, CellContent::Nothing);
        }
        self.bytes += content.bytes();
        if self.bytes > ROW_BYTES {
            return Err(invalid_workbook(format!("a row of it is longer than {ROW_BYTES} bytes")));
        }
        self.row[column_index] = content;
        Ok(())
    }

    fn value(&mut self, text: &str, head: &Head) -> Result<CellContent, Stop> {
        Ok(match head.kind.as_deref() {
            Some("s") if text.is_empty() => CellContent::Nothing,
            Some("s") => {
                let number = text.trim().parse().map_err(|_| invalid_workbook("a cell of it refers to a missing text"))?;
                CellContent::Text(self.texts.get(number)?)
            }
            Some("e") => CellContent::Nothing,
            Some("b") => CellContent::Text(if matches!(text.trim(), "1" | "true") { "true" } else { "false" }.to_owned()),
            Some("str" | "d" | "inlineStr") => CellContent::Text(unescape(text)),
            _ => self.number(text.trim(), head),
        })
    }

    fn number(&self, text: &str, head: &Head) -> CellContent {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        let Some(number) = number else {
            return if text.is_empty() { CellContent::Nothing } else { CellContent::Text(text.to_owned()) };
        };
        let style = head.style.as_deref().and_then(|style| style.parse::<usize>().ok()).unwrap_or_default();
        let is_moment = head.style.is_some() && self.styles.moments.get(style) == Some(&true);
        match serial::moment(number, self.styles.is_1904).filter(|_| is_moment) {
            Some(at) => CellContent::Moment(at),
            None => CellContent::Number(number_text(text, number)),
        }
    }

    fn end_row(&mut self) -> Result<(), Stop> {
        let row = std::mem::take(&mut self.row);
        self.bytes = 0;
        if row.iter().all(CellContent::is_blank) {
            return Ok(());
        }
        let names = fields_of(self.plan.noun);
        let Some(columns) = &self.columns else {
            let header: Vec<String> = row.iter().map(|content| content.display_text().trim().to_owned()).collect();
            let reading = FileReading { format: Some(Format::Xlsx), ..FileReading::default() };
            self.columns = Some(self.chunks.head(&header, &self.plan, reading)?);
            return Ok(());
        };
        self.chunks.add(|| {
            if row.len() > columns.len() {
                return Err(format!("the row has {} cells, and the header {}", row.len(), columns.len()));
            }
            let mut cells: Vec<Option<Cell>> = vec![None; names.len()];
            for (content, index) in row.into_iter().zip(columns) {
                if let Some(index) = index {
                    cells[*index] = content.cell(names[*index]);
                }
            }
            Ok(cells)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_code_keeps_its_digits() {
        let read = |text: &str| number_text(text, text.parse().unwrap());
        for (text, expected) in [
            ("12", "12"),
            ("12.0", "12"),
            ("1.2E1", "12"),
            ("0.1", "0.1"),
            ("4006381333931", "4006381333931"),
            ("340123450000000018", "340123450000000018"),
            ("9007199254740993", "9007199254740993"),
            ("1E20", "100000000000000000000"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
