//! Engine that validates and executes documents: it knows GraphQL, and is passed to this room from
//! outside.

use async_trait::async_trait;
use entity::prelude::*;
use iam::access::Caller;
use platform::{audit::Origin, storage::Fault};
use serde_json::Value;

use crate::{
    exchange::Requester,
    saved_views::{
        core::{InvalidatedBy, Variables},
        events::TableRights,
    },
};

/// Requirement of a view that a document does not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentProblem {
    /// Fault of the document, as a message for its author.
    Document(String),
    /// A value for a variable that the document lacks, or of a wrong type.
    Variables(String),
}

/// Reader of a view.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The caller with its current rights.
    pub caller: Caller,
    /// API key of the reading program.
    pub key: Option<ApiKeyId>,
    /// Origin of the request: the audit log records it with the data that is shown.
    pub origin: Origin,
    /// Whether they read it within an operation, whose place among its tenant's it takes.
    pub is_within: bool,
}

/// Outcome of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The document was executed, perhaps with errors in some fields.
    Ran { data: Value, errors: Vec<Value> },
    /// The document was not executed.
    Refused(DocumentRefusal),
}

/// The first reason why a document was not executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRefusal {
    /// Error code of the API.
    pub code: String,
    pub message: String,
    pub retry_after_ms: Option<u64>,
}

/// Request for a table of a view that is made in the background.
#[derive(Debug, Clone)]
pub struct TableRequest {
    pub view: SavedViewId,
    /// Values that replace the view's own.
    pub variables: Variables,
    /// Path of the list that gives the rows, if the view has several lists.
    pub rows: Option<String>,
    pub format: TableFormat,
    /// Language of a PDF.
    pub locale: PaperLocale,
    /// Request ID of the reads in the audit log.
    pub request_id: String,
}

/// A complete table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub bytes: Vec<u8>,
    /// Number of rows, without the header.
    pub rows: usize,
    /// The first rows, as many as an event may have.
    pub first_rows: Vec<Value>,
    /// Rights of the reader for whom the table was made.
    pub rights: Vec<TableRights>,
    /// The SVG that the document selects next to the list. `None` for PDFs, whose pages have it
    /// drawn.
    pub chart: Option<String>,
}

/// Outcome of making a table.
#[derive(Debug, Clone, PartialEq)]
pub enum TableOutcome {
    Made(Table),
    /// The table would be incomplete, or its reader may not see all of it.
    Refused(DocumentRefusal),
    /// The reader for whom it is made no longer has access.
    Gone,
}

/// Checks documents and executes them like requests: by the same guard, cost and rights.
#[async_trait]
pub trait ViewEngine: Send + Sync + 'static {
    /// Returns the cost of a document with these variables, in points, or the reason why it cannot
    /// be a view. `is_held`: only documents of the operator's list are allowed.
    async fn examine(&self, document: &str, variables: &Variables, is_held: bool) -> Result<Result<i64, DocumentProblem>, Fault>;

    /// Returns the events after which the result of a document may change. The inner error names a
    /// field that has no events.
    fn invalidated_by(&self, document: &str) -> Result<Result<InvalidatedBy, String>, Fault>;

    /// Executes a document with the rights of its reader and at their cost.
    async fn answer(&self, reader: Reader, document: &str, variables: Variables) -> Result<Outcome, Fault>;

    /// Returns the reason, in words, why a document's list at this path cannot become a table;
    /// `None` if it can.
    fn table_problem(&self, document: &str, rows: Option<&str>) -> Option<String>;

    /// Makes the same table that readers of the view's address get, on behalf of an absent reader:
    /// with the reader's current rights, and at their cost.
    async fn table(&self, requester: Requester, request: TableRequest) -> Result<TableOutcome, Fault>;
}
