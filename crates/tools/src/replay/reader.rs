//! Streams the rows of a retailer's file: `.csv`, `.csv.gz` or `.csv.zst`, one row in memory at a time.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use jiff::civil::DateTime;
use sha2::{Digest, Sha256};

use super::error::ReplayError;
use super::rule;

const COLUMNS: [&str; 8] =
    ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"];

/// One row with parsed numbers; texts are as in the file.
#[derive(Debug)]
pub struct Row<'a> {
    /// 1 for the first row after the header.
    pub number: u32,
    pub invoice: &'a str,
    pub stock_code: &'a str,
    pub description: &'a str,
    pub quantity: i64,
    /// Local time of the shop (Europe/London).
    pub time: DateTime,
    /// Pence.
    pub price: i64,
    pub customer: Option<&'a str>,
    pub country: &'a str,
}

/// Facts about the whole file, known once its last row has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSummary {
    pub file: String,
    /// SHA-256 of the uncompressed bytes, in lower-case hex.
    pub csv_sha256: String,
    pub csv_bytes: u64,
    pub rows: u64,
}

pub struct RowReader<'r> {
    csv: csv::Reader<CountingReader<Box<dyn Read + 'r>>>,
    record: csv::StringRecord,
    columns: [usize; 8],
    file: String,
    row: u64,
    last_date: (String, DateTime),
}

impl RowReader<'static> {
    /// Opens a file; its extension determines the compression. `-` is standard input, not
    /// compressed.
    pub fn open(path: &Path) -> Result<Self, ReplayError> {
        Self::open_through(path, |reader| reader)
    }

    /// Like `open`, with the decompressed bytes passed through a reader of the caller.
    pub fn open_through(path: &Path, wrap: impl FnOnce(Box<dyn Read>) -> Box<dyn Read>) -> Result<Self, ReplayError> {
        if path == Path::new("-") {
            return Self::new("standard input", wrap(Box::new(io::stdin())));
        }
        let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let unreadable = |source| ReplayError::Unreadable { file: file.clone(), source };
        let raw = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
        let ending = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        let reader: Box<dyn Read> = match ending.as_deref() {
            Some("gz") => Box::new(flate2::bufread::MultiGzDecoder::new(raw)),
            Some("zst") => Box::new(zstd::stream::read::Decoder::with_buffer(raw).map_err(unreadable)?),
            _ => Box::new(raw),
        };
        Self::new(&file, wrap(reader))
    }
}

impl<'r> RowReader<'r> {
    /// Reads uncompressed CSV from anywhere; `file` is the name that errors carry.
    pub fn new(file: &str, reader: Box<dyn Read + 'r>) -> Result<Self, ReplayError> {
        let tally = CountingReader { inner: reader, hash: Sha256::new(), bytes: 0, quotes: 0 };
        let mut csv = csv::ReaderBuilder::new().buffer_capacity(1 << 16).from_reader(tally);
        let header = csv.headers().map_err(|e| read_error(file, 0, e))?;
        let mut columns = [0; 8];
        for (slot, column) in columns.iter_mut().zip(COLUMNS) {
            let index = header.iter().position(|name| name.trim_start_matches('\u{feff}').trim() == column);
            *slot = index.ok_or_else(|| ReplayError::MissingColumn { file: file.to_owned(), column })?;
        }
        Ok(Self {
            csv,
            record: csv::StringRecord::new(),
            columns,
            file: file.to_owned(),
            row: 0,
            last_date: (String::new(), DateTime::default()),
        })
    }

    /// The next row, or none after the last one.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, ReplayError> {
        let was_long = self.has_line_break();
        let has_row = self.csv.read_record(&mut self.record).map_err(|e| match e.kind() {
            csv::ErrorKind::UnequalLengths { .. } if self.has_line_break() => self.unclosed_quote(self.row + 1),
            _ => read_error(&self.file, self.row, e),
        })?;
        if !has_row {
            // A quote that is never closed takes the rest of the file into its field.
            let is_open = was_long && !self.csv.get_ref().quotes.is_multiple_of(2);
            return if is_open { Err(self.unclosed_quote(self.row)) } else { Ok(None) };
        }
        self.row += 1;
        let number = u32::try_from(self.row).map_err(|_| self.bad_row("more than 2^32 rows"))?;
        let time = self.parse_date()?;
        let quantity = self.parse_quantity()?;
        let price = rule::parse_price(self.field(5)).ok_or_else(|| self.bad_value(5, "plain decimal number of pounds"))?;
        if self.field(0).is_empty() {
            return Err(self.bad_value(0, "invoice number"));
        }
        Ok(Some(Row {
            number,
            invoice: self.field(0),
            stock_code: self.field(1),
            description: self.field(2),
            quantity,
            time,
            price,
            customer: rule::normalize_customer_id(self.field(6)),
            country: self.field(7).trim(),
        }))
    }

    /// Call after the last row: the hash covers what has been read.
    pub fn file_summary(self) -> FileSummary {
        let tally = self.csv.into_inner();
        let csv_sha256 = hex::encode(tally.hash.finalize());
        FileSummary { file: self.file, csv_sha256, csv_bytes: tally.bytes, rows: self.row }
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    fn field(&self, column: usize) -> &str {
        self.record.get(self.columns[column]).unwrap_or_default()
    }

    fn parse_quantity(&self) -> Result<i64, ReplayError> {
        let parsed = self.field(3).trim().parse::<i64>().ok();
        parsed
            .filter(|q| (-rule::QUANTITY_LIMIT..=rule::QUANTITY_LIMIT).contains(q))
            .ok_or_else(|| self.bad_value(3, "whole number within a thousand million"))
    }

    /// Rows of a document share their time to the minute, so the last one read is remembered.
    fn parse_date(&mut self) -> Result<DateTime, ReplayError> {
        let text = self.record.get(self.columns[4]).unwrap_or_default().trim();
        if text == self.last_date.0 {
            return Ok(self.last_date.1);
        }
        // The length refuses what jiff would kindly complete: a day without a time, a time without seconds.
        let parsed = if text.len() == 19 { text.parse::<DateTime>().ok() } else { None };
        let Some(time) = parsed else {
            return Err(ReplayError::BadDate { file: self.file.clone(), row: self.row, value: text.to_owned() });
        };
        text.clone_into(&mut self.last_date.0);
        self.last_date.1 = time;
        Ok(time)
    }

    fn has_line_break(&self) -> bool {
        self.record.as_slice().contains('\n')
    }

    fn unclosed_quote(&self, row: u64) -> ReplayError {
        let reason = "a quote is opened in it and not closed where the field ends".to_owned();
        ReplayError::BadRow { file: self.file.clone(), row, reason }
    }

    fn bad_row(&self, reason: &str) -> ReplayError {
        ReplayError::BadRow { file: self.file.clone(), row: self.row, reason: reason.to_owned() }
    }

    fn bad_value(&self, column: usize, expected: &'static str) -> ReplayError {
        ReplayError::BadValue {
            file: self.file.clone(),
            row: self.row,
            column: COLUMNS[column],
            value: self.field(column).to_owned(),
            expected,
        }
    }
}

/// Hashes and counts what passes through.
struct CountingReader<R> {
    inner: R,
    hash: Sha256,
    bytes: u64,
    quotes: u64,
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.bytes += read as u64;
        self.quotes += buffer[..read].iter().map(|byte| u64::from(*byte == b'"')).sum::<u64>();
        Ok(read)
    }
}

/// `rows` is the number of whole rows read before the fault.
fn read_error(file: &str, rows: u64, error: csv::Error) -> ReplayError {
    let file = file.to_owned();
    let reason = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => ReplayError::Truncated { file, row: rows },
        csv::ErrorKind::Io(source) => ReplayError::Unreadable { file, source },
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            ReplayError::BadRow { file, row: rows + 1, reason: format!("{len} fields where the header has {expected_len}") }
        }
        csv::ErrorKind::Utf8 { .. } => ReplayError::BadRow { file, row: rows + 1, reason: "not UTF-8".to_owned() },
        _ => ReplayError::BadRow { file, row: rows + 1, reason },
    }
}
