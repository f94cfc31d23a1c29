//! A whole workbook of one sheet, in memory: the same bytes for the same cells.

use platform::storage::Fault;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

/// A cell. Texts are written as texts, even if they look like formulas.
#[derive(Debug, Clone, PartialEq)]
pub enum WorkbookCell {
    None,
    Text(String),
    Number(f64),
}

/// A workbook of these columns and rows.
///
/// # Errors
/// A text or the table is larger than Excel has room for, or the disk is full: rows are in a file of their own until the end.
pub fn workbook(names: &[String], rows: &[Vec<WorkbookCell>]) -> Result<Vec<u8>, Fault> {
    encode_workbook(names, rows).map_err(|error| Fault::Broken(format!("a workbook could not be written: {error}")))
}

fn encode_workbook(names: &[String], rows: &[Vec<WorkbookCell>]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The file has no real creation time: the same table has the same hash.
    book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_timestamp(0)?));
    let sheet = book.add_worksheet_with_constant_memory()?;
    sheet.set_name("Rows")?;
    for (column, name) in (0..).zip(names) {
        sheet.write_string(0, column, name)?;
    }
    for (row, cells) in (1..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            match cell {
                WorkbookCell::None => {}
                WorkbookCell::Text(text) => sheet.write_string(row, column, text).map(drop)?,
                WorkbookCell::Number(number) => sheet.write_number(row, column, *number).map(drop)?,
            }
        }
    }
    book.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_cells_are_the_same_bytes() {
        let names = ["sku", "units"].map(ToOwned::to_owned);
        let rows = [vec![WorkbookCell::Text("=1+1".to_owned()), WorkbookCell::Number(-2.5)], vec![WorkbookCell::None]];
        let first = workbook(&names, &rows).unwrap();
        assert!(first.starts_with(b"PK"));
        assert_eq!(first, workbook(&names, &rows).unwrap());
        let other = [vec![WorkbookCell::Text("=1+1".to_owned()), WorkbookCell::Number(-3.5)]];
        assert_ne!(first, workbook(&names, &other).unwrap());
    }
}
