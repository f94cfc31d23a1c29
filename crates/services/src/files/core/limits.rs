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
/// A logo as it is sent, either side of it, and the most that is printed of it: wide and high, in pixels.
pub const LOGO_BYTES: u64 = MIB;
pub const LOGO_SIDE: u32 = 4_000;
pub const LOGO_DRAWN: (u32, u32) = (600, 200);
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
/// Bytes a second that a sender has to keep up, and the seconds that it is waited for over which that is measured.
pub const UPLOAD_RATE: u64 = 8 << 10;
pub const UPLOAD_WINDOW_SECONDS: u64 = 20;
/// Uploads that run at once on a node: of one caller, of one tenant, of all.
pub const UPLOADS_PER_CALLER: usize = 8;
pub const UPLOADS_PER_TENANT: usize = 24;
pub const UPLOADS: usize = 64;
/// What an upload into a folder is written in; with as much on its way to the disk, it has three of them in memory.
pub const PIECE_BYTES: usize = 256 << 10;
/// Files that are carried from the disk into a bucket at once, each with three parts of 5 MiB in memory.
pub const CARRIED_AT_ONCE: usize = 4;
/// Seconds that files are kept.
pub const KEPT_SECONDS: i64 = 7 * 24 * 3_600;

/// Rows of an import.
pub const IMPORT_ROWS: i64 = 5_000_000;
/// Rows that are carried out in one transaction: what a bulk upsert and a stock call take.
pub const CHUNK_ROWS: usize = 500;
/// What the cells of such rows may have in all before they are carried out; the rows of one order may have four times as much.
pub const CHUNK_BYTES: usize = 4 * MIB as usize;
/// Values within a line of JSON: each takes many times its bytes once it is read.
pub const LINE_VALUES: usize = 50_000;
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
/// The list of its parts.
pub const WORKBOOK_DIRECTORY_BYTES: u64 = 4 * MIB;
/// The texts of a workbook, which lie on the disk while it is read.
pub const WORKBOOK_TEXT_BYTES: u64 = 128 * MIB;
/// What a workbook says of its sheets, and of the formats of its cells; Excel has 64,000 of those.
pub const WORKBOOK_BOOK_BYTES: u64 = 16 * MIB;
pub const WORKBOOK_STYLES_BYTES: u64 = 64 * MIB;
pub const WORKBOOK_STYLES: usize = 65_536;
