//! What looks at documents and runs them: it knows GraphQL, and is handed to this room by whoever puts the rooms together.

use async_trait::async_trait;
use entity::prelude::*;
use iam::access::Caller;
use platform::{audit::Origin, storage::Fault};
use serde_json::Value;

use crate::saved_views::core::{MovedBy, Variables};

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

/// Looks at documents and runs them as requests are run: by the same guard, price and rights.
#[async_trait]
pub trait ViewEngine: Send + Sync + 'static {
    /// The points that a document costs with these variables, or why it cannot be a view. `is_held`: only documents of the operator's list will do.
    async fn examine(&self, document: &str, variables: &Variables, is_held: bool) -> Result<Result<i64, DocumentProblem>, Fault>;

    /// The events after which a document that can be a view may show something else; in words what it shows that no event tells of.
    fn moved_by(&self, document: &str) -> Result<Result<MovedBy, String>, Fault>;

    /// Runs a document with the rights of its reader and at their cost.
    async fn answer(&self, reader: Reader, document: &str, variables: Variables) -> Result<Outcome, Fault>;
}
