//! Every limit of files, imports and exports, in one place.

const MIB: u64 = 1 << 20;

/// Maximum bytes of an import's file.
pub const IMPORT_BYTES: u64 = 512 * MIB;
pub const IMAGE_BYTES: u64 = 20 * MIB;
pub const DOCUMENT_BYTES: u64 = 50 * MIB;
/// Maximum pixels of a side of a picture, and of the whole: decoding takes four bytes a pixel,
/// however small the file is.
pub const IMAGE_SIDE: u32 = 10_000;
pub const IMAGE_PIXELS: u64 = 25_000_000;
/// Bytes within which a picture must have its dimensions: cameras write much metadata before them.
pub const IMAGE_HEAD_BYTES: usize = 512 << 10;
/// Maximum memory for decoding a picture.
pub const IMAGE_DECODE_BYTES: u64 = 256 * MIB;
/// Maximum bytes and side of an uploaded logo, and maximum width and height in print, in pixels.
pub const LOGO_BYTES: u64 = MIB;
pub const LOGO_SIDE: u32 = 4_000;
pub const LOGO_PRINT_PIXELS: (u32, u32) = (600, 200);
/// Maximum size of a result, which only the server creates.
pub const RESULT_BYTES: u64 = 4_096 * MIB;
/// Maximum bytes of all files of a tenant.
pub const TENANT_BYTES: u64 = 20_480 * MIB;
/// Maximum characters of a file's name.
pub const NAME_CHARACTERS: usize = 200;

/// Seconds for which an upload link is valid.
pub const UPLOAD_LINK_SECONDS: i64 = 3_600;
/// Seconds for which a download link is valid.
pub const DOWNLOAD_LINK_SECONDS: i64 = 900;
/// Maximum seconds without a byte during an upload.
pub const UPLOAD_IDLE_TIMEOUT_SECONDS: u64 = 30;
/// Minimum upload rate in bytes a second, and the seconds over which it is measured.
pub const UPLOAD_RATE: u64 = 8 << 10;
pub const UPLOAD_WINDOW_SECONDS: u64 = 20;
/// Maximum concurrent uploads on a node: of one caller, of one tenant, of all.
pub const UPLOADS_PER_CALLER: usize = 8;
pub const UPLOADS_PER_TENANT: usize = 24;
pub const UPLOADS: usize = 64;
/// Size of the pieces in which an upload is written to a folder; with those on their way to the
/// disk, it has three of them in memory.
pub const PIECE_BYTES: usize = 256 << 10;
/// Maximum files that are uploaded from the disk to a bucket at once, each with three parts of 5
/// MiB in memory.
pub const MAX_CONCURRENT_UPLOADS: usize = 4;
/// Retention of files, in seconds.
pub const FILE_RETENTION_SECONDS: i64 = 7 * 24 * 3_600;

/// Maximum rows of an import.
pub const IMPORT_ROWS: i64 = 5_000_000;
/// Rows of one transaction: the limit of a bulk upsert and of a stock call.
pub const CHUNK_ROWS: usize = 500;
/// Total size of the cells of such rows before they are committed; the rows of one order may have
/// four times as much.
pub const CHUNK_BYTES: usize = 4 * MIB as usize;
/// Maximum values within a line of JSON: each takes many times its bytes once it is parsed.
pub const LINE_VALUES: usize = 50_000;
/// Maximum lines of a file of a mutation's variables, and its bytes.
pub const BULK_LINES: i64 = 100_000;
pub const BULK_BYTES: u64 = 100 * MIB;
/// Maximum bytes of the response to one line.
pub const BULK_RESPONSE_BYTES: usize = 32 << 10;
/// Maximum columns of a file.
pub const COLUMNS: usize = 256;
/// Maximum bytes of a row, with all of its cells.
pub const ROW_BYTES: usize = 1 << 20;
/// Refused rows after which the rest of the file is not tried.
pub const REFUSED_ROWS: i64 = 100_000;

/// Maximum size of an unpacked workbook, and its maximum ratio to the packed size.
pub const WORKBOOK_BYTES: u64 = 2_048 * MIB;
pub const WORKBOOK_RATIO: u64 = 200;
pub const WORKBOOK_ENTRIES: usize = 2_000;
/// Maximum bytes of the workbook's ZIP directory.
pub const WORKBOOK_DIRECTORY_BYTES: u64 = 4 * MIB;
/// Maximum bytes of the texts of a workbook, which are on the disk while it is read.
pub const WORKBOOK_TEXT_BYTES: u64 = 128 * MIB;
/// Maximum bytes of the parts of a workbook that describe its sheets, and maximum formats of its
/// cells; Excel has 64,000 of those.
pub const WORKBOOK_BOOK_BYTES: u64 = 16 * MIB;
pub const WORKBOOK_STYLES_BYTES: u64 = 64 * MIB;
pub const WORKBOOK_STYLES: usize = 65_536;
