//! Rows into a file, in one of its forms, in constant memory.

use bytes::Bytes;
use parquet::errors::ParquetError;
use rust_xlsxwriter::{Format as Style, Workbook, XlsxError};

use super::{
    columnar::Columnar,
    halt::Halt,
    text_rows::{csv_row, empty_csv, internal_halt, json_line, value_text},
};
use crate::{
    exchange::core::{
        Format, Run,
        cells::{Item, escape_text},
        serial,
    },
    files::{Files, ResultFile, Writer},
};

/// Rows of one sheet of a workbook, without the header: as many as Excel has.
const SHEET_ROWS: u32 = 1_048_575;
/// The longest text of a cell that Excel keeps.
const CELL_CHARACTERS: usize = 32_767;
/// Maximum digits of a number in Excel: a longer number is written as a text, which loses none.
const NUMBERS: u64 = 1_000_000_000_000_000;
/// Maximum decimals of a currency.
const DECIMALS: usize = 5;

enum SheetEncoder {
    Csv(Box<csv::Writer<Vec<u8>>>),
    Jsonl(Vec<u8>),
    Xlsx(Box<Book>),
    /// None while a blocking thread encodes the full groups.
    Parquet(Option<Box<Columnar>>),
}

/// A workbook under way: its sheets are in files of their own until the end.
struct Book {
    workbook: Workbook,
    sheets: usize,
    row: u32,
    /// Styles of amounts, by their decimals; of days; of moments.
    amounts: [Style; DECIMALS],
    day: Style,
    moment: Style,
}

/// A file of rows under way.
pub struct Sheet {
    names: Vec<String>,
    form: SheetEncoder,
    writer: Writer,
}

/// Excel's writer meets the disk too.
fn book(error: XlsxError) -> Halt {
    match error {
        XlsxError::IoError(error) if error.kind() == std::io::ErrorKind::StorageFull => crate::files::FileError::Full.into(),
        other => internal_halt(other),
    }
}

impl Sheet {
    pub async fn begin(files: &Files, run: &Run, (name, format): (&str, Format), names: &[&str]) -> Result<Self, Halt> {
        let (ending, media) = match format {
            Format::Csv => ("csv", "text/csv; charset=utf-8"),
            Format::Jsonl => ("jsonl", "application/jsonl"),
            Format::Xlsx => ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            Format::Parquet => ("parquet", "application/vnd.apache.parquet"),
        };
        let writer = files.write(run.tenant, (run.maker, run.key), (format!("{name}.{ending}"), media)).await?;
        let form = match format {
            Format::Csv => SheetEncoder::Csv(Box::new(empty_csv())),
            Format::Jsonl => SheetEncoder::Jsonl(Vec::new()),
            Format::Xlsx => SheetEncoder::Xlsx(Box::new(Book::new())),
            Format::Parquet => SheetEncoder::Parquet(Some(Box::new(Columnar::of(names)?))),
        };
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut sheet = Self { names, form, writer };
        if let SheetEncoder::Csv(rows) = &mut sheet.form {
            rows.write_record(&sheet.names).map_err(internal_halt)?;
        } else if let SheetEncoder::Xlsx(open) = &mut sheet.form {
            open.next_sheet(&sheet.names)?;
        }
        Ok(sheet)
    }

    /// Adds a row: a value for each name.
    pub fn row(&mut self, values: &[Item]) -> Result<(), Halt> {
        debug_assert_eq!(values.len(), self.names.len(), "a value for each name");
        match &mut self.form {
            SheetEncoder::Csv(rows) => csv_row(rows, values),
            SheetEncoder::Jsonl(buffer) => json_line(buffer, &self.names, values),
            SheetEncoder::Xlsx(open) => open.row(&self.names, values),
            SheetEncoder::Parquet(Some(open)) => open.row(values),
            SheetEncoder::Parquet(None) => Err(internal_halt("its writer is gone")),
        }
    }

    /// Passes on the written bytes; called after each page.
    pub async fn flush(&mut self) -> Result<(), Halt> {
        let bytes = match &mut self.form {
            SheetEncoder::Csv(rows) => {
                rows.flush().map_err(internal_halt)?;
                let full = std::mem::replace(&mut **rows, empty_csv());
                full.into_inner().map_err(internal_halt)?
            }
            SheetEncoder::Jsonl(buffer) => std::mem::take(buffer),
            SheetEncoder::Xlsx(_) => return Ok(()),
            SheetEncoder::Parquet(Some(open)) if !open.is_full() => return Ok(()),
            SheetEncoder::Parquet(open) => write_columns(open, Columnar::write_full).await?,
        };
        if !bytes.is_empty() {
            self.writer.write(Bytes::from(bytes)).await?;
        }
        Ok(())
    }

    pub async fn finish(mut self) -> Result<ResultFile, Halt> {
        self.flush().await?;
        let Self { form, mut writer, names } = self;
        match form {
            SheetEncoder::Xlsx(open) => {
                let mut saved = tokio::task::spawn_blocking(move || open.save()).await.map_err(internal_halt)??;
                while let Some(part) = read_part(&mut saved).map_err(internal_halt)? {
                    writer.write(part).await?;
                }
            }
            SheetEncoder::Parquet(mut open) => writer.write(write_columns(&mut open, Columnar::finish).await?.into()).await?,
            // A file may not be empty; a blank line is not read as a row.
            SheetEncoder::Jsonl(_) if names.is_empty() => writer.write(Bytes::from_static(b"\n")).await?,
            SheetEncoder::Csv(_) | SheetEncoder::Jsonl(_) => {}
        }
        Ok(writer.finish().await?)
    }
}

/// Returns the finished bytes of a columnar file, written on a blocking thread: encoding takes a
/// while.
pub(super) async fn write_columns(
    open: &mut Option<Box<Columnar>>,
    write: impl FnOnce(&mut Columnar) -> Result<Vec<u8>, ParquetError> + Send + 'static,
) -> Result<Vec<u8>, Halt> {
    let Some(mut columnar) = open.take() else { return Err(internal_halt("its writer is gone")) };
    let (columnar, output) = tokio::task::spawn_blocking(move || {
        let output = write(&mut columnar);
        (columnar, output)
    })
    .await
    .map_err(internal_halt)?;
    *open = Some(columnar);
    output.map_err(internal_halt)
}

/// The next part of a file.
fn read_part(file: &mut std::fs::File) -> std::io::Result<Option<Bytes>> {
    use std::io::Read;
    let mut part = vec![0; 1 << 20];
    let count = file.read(&mut part)?;
    part.truncate(count);
    Ok((count > 0).then(|| part.into()))
}

impl Book {
    fn new() -> Self {
        let style = |code: &str| Style::new().set_num_format(code);
        let amounts = std::array::from_fn(|decimals| match decimals {
            0 => style("0"),
            decimals => style(&format!("0.{}", "0".repeat(decimals))),
        });
        let (day, moment) = (style("yyyy-mm-dd"), style("yyyy-mm-dd hh:mm:ss"));
        Self { workbook: Workbook::new(), sheets: 0, row: SHEET_ROWS, amounts, day, moment }
    }

    /// A cell that is not a text, and its style; None for values that a spreadsheet's number cannot
    /// hold.
    fn numeric_cell(&self, item: &Item) -> Option<(f64, Option<&Style>)> {
        match item {
            Item::Number(number) if number.unsigned_abs() < NUMBERS => Some((*number as f64, None)),
            Item::Amount(amount) if amount.minor.unsigned_abs() < NUMBERS => {
                let decimals = amount.currency.decimals();
                let style = self.amounts.get(decimals as usize)?;
                Some((amount.minor as f64 / 10_f64.powi(decimals as i32), Some(style)))
            }
            Item::Day(day) => Some((serial::serial_of_day(*day)?, Some(&self.day))),
            Item::Moment(at) => Some((serial::serial_of_moment(at.micros())?, Some(&self.moment))),
            _ => None,
        }
    }

    fn next_sheet(&mut self, names: &[String]) -> Result<(), Halt> {
        self.sheets += 1;
        self.row = 0;
        let sheet = self.workbook.add_worksheet_with_constant_memory().map_err(book)?;
        sheet.set_name(format!("Rows {}", self.sheets)).map_err(book)?;
        for (column, name) in (0..).zip(names) {
            sheet.write_string(0, column, name).map_err(book)?;
        }
        Ok(())
    }

    fn row(&mut self, names: &[String], values: &[Item]) -> Result<(), Halt> {
        if self.row >= SHEET_ROWS {
            self.next_sheet(names)?;
        }
        self.row += 1;
        let row = self.row;
        let numeric: Vec<Option<(f64, Option<Style>)>> =
            values.iter().map(|value| self.numeric_cell(value).map(|(number, style)| (number, style.cloned()))).collect();
        let sheet = self.workbook.worksheet_from_index(self.sheets - 1).map_err(book)?;
        for ((column, value), numeric) in (0..).zip(values).zip(numeric) {
            match (value, numeric) {
                (Item::None | Item::Hidden, _) => {}
                (_, Some((number, None))) => sheet.write_number(row, column, number).map(drop).map_err(book)?,
                (_, Some((number, Some(style)))) => {
                    sheet.write_number_with_format(row, column, number, &style).map(drop).map_err(book)?;
                }
                // A cell that is written as a text stays one: Excel asks before it converts it.
                (value, None) => {
                    let cell_text: String = escape_text(&value_text(value), Format::Xlsx).chars().take(CELL_CHARACTERS).collect();
                    sheet.write_string(row, column, cell_text).map_err(book)?;
                }
            }
        }
        Ok(())
    }

    fn save(mut self) -> Result<std::fs::File, Halt> {
        use std::io::{Seek, SeekFrom};
        let mut file = tempfile::tempfile().map_err(internal_halt)?;
        self.workbook.save_to_writer(&mut file).map_err(book)?;
        file.seek(SeekFrom::Start(0)).map_err(internal_halt)?;
        Ok(file)
    }
}
