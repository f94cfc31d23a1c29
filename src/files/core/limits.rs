//! Every limit of files, imports and exports, in one place.

const MIB: u64 = 1 << 20;

/// A file of an import.
pub const IMPORT_BYTES: u64 = 512 * MIB;
pub const IMAGE_BYTES: u64 = 20 * MIB;
pub const DOCUMENT_BYTES: u64 = 50 * MIB;
/// Either side of a picture, and all of it: what is drawn takes four bytes a pixel, however small the file is.
pub const IMAGE_SIDE: u32 = 10_000;
pub const IMAGE_PIXELS: u64 = 25_000_000;
/// A picture says how large it is within so many bytes: cameras write much about themselves before.
pub const IMAGE_HEAD_BYTES: usize = 512 << 10;
/// What drawing a picture may take in memory.
pub const IMAGE_DRAWN_BYTES: u64 = 256 * MIB;
/// What we make ourselves.
pub const RESULT_BYTES: u64 = 4_096 * MIB;
/// All files of a tenant together.
pub const TENANT_BYTES: u64 = 20_480 * MIB;
/// A file's name.
pub const NAME_CHARACTERS: usize = 200;

/// Seconds that a link to send bytes to is good for.
pub const UPLOAD_SECONDS: i64 = 3_600;
/// Seconds that a link to fetch bytes from is good for.
pub const FETCH_SECONDS: i64 = 900;
/// Seconds that bytes may keep us waiting while they are sent.
pub const SILENCE_SECONDS: u64 = 30;
/// Seconds that files are kept.
pub const KEPT_SECONDS: i64 = 7 * 24 * 3_600;

/// Rows of an import.
pub const IMPORT_ROWS: i64 = 5_000_000;
/// Rows that are carried out in one transaction: what a bulk upsert and a stock call take.
pub const CHUNK_ROWS: usize = 500;
/// Lines of a file of a mutation's variables, and its bytes.
pub const BULK_LINES: i64 = 100_000;
pub const BULK_BYTES: u64 = 100 * MIB;
/// The answer to one line.
pub const BULK_ANSWER_BYTES: usize = 32 << 10;
/// Columns of a file.
pub const COLUMNS: usize = 256;
/// One row, with all of its cells.
pub const ROW_BYTES: usize = 1 << 20;
/// Rows that are refused before the rest is not tried any more.
pub const REFUSED_ROWS: i64 = 100_000;

/// What a workbook may be once it is unpacked, and how many times its packed size.
pub const WORKBOOK_BYTES: u64 = 2_048 * MIB;
pub const WORKBOOK_RATIO: u64 = 200;
pub const WORKBOOK_ENTRIES: usize = 2_000;
/// The texts of a workbook are read at once; the rest is read as it comes.
pub const WORKBOOK_TEXT_BYTES: u64 = 128 * MIB;
