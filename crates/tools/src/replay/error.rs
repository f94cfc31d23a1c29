//! Errors that stop a replay, with the place in the file or the document that the reader of the
//! message has to look at.

/// The server's refusal of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Kind of the sent document, for people: `order`, `return`, `product`.
    pub document: &'static str,
    /// The document's external reference, a product's SKU or a customer's id.
    pub external_ref: String,
    /// `ErrorCode` of the user error, `extensions.code` of a top-level error, or `HTTP 404`.
    pub code: String,
    pub message: String,
    /// The path into the input (`input.lines.3.quantity`), empty when the server named none.
    pub field: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}: {}", self.document, self.external_ref, self.code, self.message)?;
        if self.field.is_empty() { Ok(()) } else { write!(f, " (at {})", self.field) }
    }
}

/// Everything before [`ReplayError::Unreachable`] is about the file and is found before anything is sent.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("{file}: cannot be read: {source}")]
    Unreadable { file: String, source: std::io::Error },
    #[error("{file}: the compressed data break off after row {row}")]
    Truncated { file: String, row: u64 },
    #[error("{file}: the header has no column {column}")]
    MissingColumn { file: String, column: &'static str },
    #[error("{file}: there is no row of data in it")]
    Empty { file: String },
    #[error("{file}, row {row}: {reason}")]
    BadRow { file: String, row: u64, reason: String },
    #[error("{file}, row {row}: {column} is {value:?}, which is no {expected}")]
    BadValue { file: String, row: u64, column: &'static str, value: String, expected: &'static str },
    #[error("{file}, row {row}: InvoiceDate is {value:?}, which is no YYYY-MM-DD HH:MM:SS")]
    BadDate { file: String, row: u64, value: String },
    #[error("{file}, row {row}: a product's price is negative")]
    NegativePrice { file: String, row: u64 },
    #[error("invoice {invoice} has {lines} lines; the API takes {limit} in a document")]
    TooManyLines { invoice: String, lines: usize, limit: usize },
    #[error("{file}: {reason}")]
    Expectation { file: String, reason: String },
    #[error("{file}: {reason}")]
    TooMuch { file: String, reason: String },
    #[error("the time zone {zone} cannot be used: {reason}")]
    TimeZone { zone: &'static str, reason: String },
    #[error("the token holds a character that no token has; give it as it was shown, without blanks or line breaks in it")]
    Token,

    #[error("{what}: no answer from the server after {attempts} attempts: {reason}")]
    Unreachable { what: String, attempts: u32, reason: String },
    #[error("{0} is not the address of a server: {1}")]
    Address(String, String),
    #[error(
        "{what}: this tenant was loaded from other data, or from another version of this file. Load this file into a tenant of its own, or \
         continue with the file that the tenant was loaded from"
    )]
    OtherData { what: String },
    #[error(
        "the store {code} keeps its days in {found}, and the file's times are {wanted}: days and months would differ from the file's. Change the \
         store's time zone, or load the file into a tenant of its own"
    )]
    StoreZone { code: &'static str, found: String, wanted: &'static str },
    #[error("refused: {0}")]
    Refused(Box<Refusal>),
    #[error("{what}: the server's answer is not what the schema promises: {reason}")]
    Answer { what: String, reason: String },
    #[error("a task of the replay ended early: {0}")]
    Task(String),
    #[error("{figures} figure(s) differ from the expected ones")]
    Differs { figures: usize },
}
