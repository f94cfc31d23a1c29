//! XLSX workbooks: the first sheet, row by row. A workbook is an archive, so what it would be unpacked is measured before any of it is believed.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
};

use calamine::{DataRef, Reader, Xlsx};

use super::{Chunks, Pipe, Plan, Sender, Stop, Unreadable};
use crate::{
    exchange::core::{
        Format, Told,
        cells::{Cell, cell},
        columns::fields_of,
    },
    files::core::limits::{COLUMNS, IMPORT_BYTES, WORKBOOK_BYTES, WORKBOOK_ENTRIES, WORKBOOK_RATIO, WORKBOOK_TEXT_BYTES},
};

fn workbook(why: impl std::fmt::Display) -> Stop {
    Unreadable::Workbook(why.to_string()).into()
}

/// The bytes in a file of our own that has no name: archives are read from their end.
fn landed(pipe: Pipe) -> Result<File, Stop> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut pipe.take(IMPORT_BYTES), &mut file)?;
    file.flush()?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// Unpacks everything once, keeping nothing: what an archive says of its own size need not be true.
fn measure(file: &File) -> Result<(), Stop> {
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(workbook)?;
    if archive.len() > WORKBOOK_ENTRIES {
        return Err(workbook(format!("it has more than {WORKBOOK_ENTRIES} parts")));
    }
    let mut total: u64 = 0;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(workbook)?;
        let is_text = part.name().is_ok_and(|name| name.ends_with("sharedStrings.xml"));
        let packed = part.compressed_size().max(1);
        let whole = if is_text { WORKBOOK_TEXT_BYTES } else { WORKBOOK_BYTES };
        // Small parts pack well without any harm: the ratio is asked of what is large.
        let most = whole.min((packed * WORKBOOK_RATIO).max(1 << 20));
        let size = io::copy(&mut (&mut part).take(most + 1), &mut io::sink())?;
        total += size;
        if size > most || total > WORKBOOK_BYTES {
            return Err(workbook("unpacked, it is larger than a workbook may be"));
        }
    }
    Ok(())
}

pub(super) fn read(pipe: Pipe, plan: Plan, sender: &Sender) -> Result<(), Stop> {
    let file = landed(pipe)?;
    measure(&file)?;
    let mut reopened = file;
    reopened.seek(SeekFrom::Start(0))?;
    let mut book: Xlsx<BufReader<File>> = Xlsx::new(BufReader::new(reopened)).map_err(workbook)?;
    let sheet = book.sheet_names().first().cloned().ok_or_else(|| workbook("it has no sheet"))?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(workbook)?;
    let mut sheet = Sheet { chunks: Chunks::new(sender, &plan), plan, columns: None, row: None, texts: Vec::new() };
    while let Some(found) = cells.next_cell().map_err(workbook)? {
        let (row, column) = found.get_position();
        sheet.at(row)?;
        sheet.put(column as usize, found.get_value())?;
    }
    sheet.end_row()?;
    if sheet.columns.is_none() {
        return Err(Unreadable::Broken("it has no header".to_owned()).into());
    }
    sheet.chunks.flush()
}

/// A sheet under way: the first row with anything in it is the header.
struct Sheet<'a> {
    chunks: Chunks<'a>,
    plan: Plan,
    columns: Option<Vec<Option<usize>>>,
    row: Option<u32>,
    texts: Vec<String>,
}

impl Sheet<'_> {
    fn at(&mut self, row: u32) -> Result<(), Stop> {
        if self.row != Some(row) {
            self.end_row()?;
            self.row = Some(row);
        }
        Ok(())
    }

    fn put(&mut self, column: usize, value: &DataRef<'_>) -> Result<(), Stop> {
        if column >= COLUMNS {
            return Err(Unreadable::Broken(format!("a file has at most {COLUMNS} columns")).into());
        }
        if self.texts.len() <= column {
            self.texts.resize(column + 1, String::new());
        }
        self.texts[column] = shown(value);
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), Stop> {
        let texts = std::mem::take(&mut self.texts);
        if texts.iter().all(|text| text.trim().is_empty()) {
            return Ok(());
        }
        let names = fields_of(self.plan.noun);
        let Some(columns) = &self.columns else {
            let header: Vec<String> = texts.iter().map(|text| text.trim().to_owned()).collect();
            let how = Told { format: Some(Format::Xlsx), ..Told::default() };
            self.columns = Some(self.chunks.head(&header, &self.plan, how)?);
            return Ok(());
        };
        self.chunks.add(|| {
            if texts.len() > columns.len() {
                return Err(format!("the row has {} cells, and the header {}", texts.len(), columns.len()));
            }
            let mut found: Vec<Option<Cell>> = vec![None; names.len()];
            for (text, at) in texts.iter().zip(columns) {
                if let Some(at) = at {
                    found[*at] = cell(text, Format::Xlsx);
                }
            }
            Ok(found)
        })
    }
}

/// A cell as a text: numbers without what a computer adds to them.
fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty | DataRef::Error(_) => String::new(),
        DataRef::Int(number) => number.to_string(),
        // A whole number in a sheet is a floating one: 12, not 12.0.
        DataRef::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(is) => is.to_string(),
        DataRef::DateTime(moment) => {
            let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
        }
    }
}
