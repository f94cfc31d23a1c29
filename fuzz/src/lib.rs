//! Code that the targets share.

use std::{
    io::{Cursor, Write},
    sync::OnceLock,
};

use bytes::Bytes;
use entity::prelude::ReasonCode;
use futures_util::{StreamExt, stream};
use services::{
    exchange::{
        core::{Decimal, WriteMode, ImportOptions, Mode, Noun, fields, orders, record},
        read::{ReadPlan, ReadMessage, records},
    },
    files::Bytestream,
};
use tokio::runtime::Runtime;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// Runtime with one worker thread, on which readers run.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap())
}

pub fn streamed(bytes: &[u8]) -> Bytestream {
    let parts: Vec<_> = bytes.chunks(1_000).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
    stream::iter(parts).boxed()
}

/// Reads the rows of a file to their end. The first byte of the input chooses the noun and the decimal sign, the rest is the file.
/// A reader that breaks is a finding.
pub fn read(input: &[u8], is_workbook: bool) {
    let Some((choice, file)) = input.split_first() else { return };
    let noun = Noun::ALL[usize::from(*choice) % Noun::ALL.len()];
    let decimal = if choice & 0x80 == 0 { Decimal::Point } else { Decimal::Comma };
    let options = ImportOptions {
        format: None,
        delimiter: None,
        encoding: None,
        mapping: Vec::new(),
        mode: Mode::Upsert,
        earnest: WriteMode::DryRun,
        reason: ReasonCode::Correction,
        decimal,
    };
    let plan = ReadPlan { noun, options, skip: 0, max_rows: 100_000 };
    let known = record::ResolvedNames { decimal, currency: "GBP".to_owned(), ..record::ResolvedNames::default() };
    runtime().block_on(async {
        let (mut reading, mut survey) = (records(streamed(file), is_workbook, plan), orders::Survey::default());
        let mut number = 0;
        loop {
            match reading.recv().await.expect("a reader that ends says so") {
                Ok(ReadMessage::Rows(rows)) => {
                    assert!(orders::group_orders(&rows).iter().map(|order| order.len()).sum::<usize>() == rows.len());
                    for row in &rows {
                        assert!(row.number > number, "rows keep their order");
                        number = row.number;
                        survey.row(row);
                        let _ = fields::key(noun, row);
                    }
                    // The results of a chunk are held together, as in the import itself.
                    match noun {
                        Noun::Products => drop(read_all(&rows, |row| fields::product(row, &known))),
                        Noun::Suppliers => drop(read_all(&rows, |row| fields::supplier(row, &known))),
                        Noun::Categories => drop(read_all(&rows, fields::category)),
                        Noun::Customers => drop(read_all(&rows, fields::customer)),
                        Noun::Stock | Noun::StockChanges | Noun::Movements | Noun::Orders | Noun::DemandFacts => {
                            rows.iter().for_each(|row| cells(noun, row, &known));
                        }
                    }
                }
                Ok(ReadMessage::How(_)) => {}
                Ok(ReadMessage::End) | Err(_) => return drop(survey.end()),
            }
        }
    });
}

fn read_all<T, E>(rows: &[record::Record], read: impl Fn(&record::Record) -> Result<T, E>) -> Vec<Result<T, E>> {
    rows.iter().map(read).collect()
}

/// Every cell of a row, as a number and as an amount.
fn cells(noun: Noun, row: &record::Record, known: &record::ResolvedNames) {
    let Ok(cells) = record::Cells::of(noun, row) else { return };
    let _ = cells.product(known);
    for field in ["onHand", "delta", "quantity"] {
        let _ = cells.number(field);
    }
    for (field, currency) in [("unitPrice", "currency"), ("unitCost", "costCurrency")] {
        let _ = cells.amount(field, currency, known);
    }
}

/// The parts of a workbook that are read, in the order in which an input gives them.
const PARTS: [&str; 5] =
    ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"];
const BOOK: &str = r#"<workbook><sheets><sheet r:id="a"/></sheets></workbook>"#;
const RELATIONS: &str = r#"<R><Relationship Id="a" Type="/worksheet" Target="worksheets/sheet1.xml"/></R>"#;

/// A workbook with correct checksums and arbitrary parts: an input is those parts, with a NUL after
/// each. Parts that are left out are the usual ones.
pub fn packed(input: &[u8]) -> Vec<u8> {
    let mut parts = input.split(|byte| *byte == 0);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let file_options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (index, name) in PARTS.iter().enumerate() {
        let usual = match index {
            3 => BOOK.as_bytes(),
            4 => RELATIONS.as_bytes(),
            _ => b"",
        };
        let bytes = parts.next().filter(|part| !part.is_empty()).unwrap_or(usual);
        if !bytes.is_empty() {
            zip.start_file(*name, file_options).unwrap();
            zip.write_all(bytes).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}
