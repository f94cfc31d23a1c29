//! What looks at documents and runs them: it knows GraphQL, and is handed to this room by whoever puts the rooms together.

use async_trait::async_trait;
use entity::prelude::*;
use iam::access::Caller;
use platform::{audit::Origin, storage::Fault};
use serde_json::Value;

use crate::{
    exchange::Requester,
    saved_views::{
        core::{MovedBy, Variables},
        events::TableRights,
    },
};

/// What a document does not do that a view must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentProblem {
    /// In words for whoever wrote it.
    Document(String),
    /// A value that no variable of the document takes.
    Variables(String),
}

/// Whoever reads a view.
#[derive(Debug, Clone)]
pub struct Reader {
    /// With the rights of this moment.
    pub caller: Caller,
    /// The key that a program reads with.
    pub key: Option<ApiKeyId>,
    /// Where their request comes from: what they are shown is in the audit log with it.
    pub origin: Origin,
    /// Whether they read it within an operation, whose place among its tenant's it takes.
    pub is_within: bool,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It ran, perhaps not everywhere with success.
    Ran { data: Value, errors: Vec<Value> },
    /// It did not run.
    Refused(Refused),
}

/// The first reason for which a document was not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// As clients know it.
    pub code: String,
    pub message: String,
    pub retry_after_ms: Option<u64>,
}

/// A table of a view that is made while nobody waits for it.
#[derive(Debug, Clone)]
pub struct TableRequest {
    pub view: SavedViewId,
    /// Values in the place of the view's own.
    pub variables: Variables,
    /// Path of the list whose rows are wanted, where the view has several.
    pub rows: Option<String>,
    pub format: TableFormat,
    /// Language of a PDF.
    pub locale: PaperLocale,
    /// Its readings are in the audit log with this.
    pub request_id: String,
}

/// A whole table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub bytes: Vec<u8>,
    /// How many rows it has, without its head.
    pub rows: usize,
    /// The first of them, as many as an event has.
    pub first_rows: Vec<Value>,
    /// What whoever it was made for might do.
    pub rights: Vec<TableRights>,
    /// The SVG that the document selects beside the list. None of pages, which it is drawn on.
    pub chart: Option<String>,
}

/// What came of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum TableOutcome {
    Made(Table),
    /// It would not be whole, or its reader may not see all of it.
    Refused(Refused),
    /// Whoever it is made for may not come in any more.
    Gone,
}

/// Looks at documents and runs them as requests are run: by the same guard, price and rights.
#[async_trait]
pub trait ViewEngine: Send + Sync + 'static {
    /// The points that a document costs with these variables, or why it cannot be a view. `is_held`: only documents of the operator's list will do.
    async fn examine(&self, document: &str, variables: &Variables, is_held: bool) -> Result<Result<i64, DocumentProblem>, Fault>;

    /// The events after which a document that can be a view may show something else; in words what it shows that no event tells of.
    fn moved_by(&self, document: &str) -> Result<Result<MovedBy, String>, Fault>;

    /// Runs a document with the rights of its reader and at their cost.
    async fn answer(&self, reader: Reader, document: &str, variables: Variables) -> Result<Outcome, Fault>;

    /// Why a document's list of this path has no table, in words; None when it has one.
    fn table_problem(&self, document: &str, rows: Option<&str>) -> Option<String>;

    /// Makes a table as whoever reads the view by its address gets it, in the name of somebody who is not there: with their rights of this moment and at their
    /// cost.
    async fn table(&self, requester: Requester, request: TableRequest) -> Result<TableOutcome, Fault>;
}
