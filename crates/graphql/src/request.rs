//! An operation as clients ask for it, in a body, a GET's parameters or a socket's message: the same four members everywhere.

use std::fmt;

use async_graphql::Variables;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What to run.
#[derive(Default)]
pub struct GraphqlRequest {
    /// Empty when `document_id` stands for it.
    pub query: String,
    /// The id of a trusted document.
    pub document_id: Option<String>,
    pub operation_name: Option<String>,
    pub variables: Variables,
    /// Whether the answer should say what it cost.
    pub shows_cost: bool,
    /// Reads the variables once more: the engine takes them for good, and only when it refuses one is it asked which.
    pub reread: Option<Reread>,
    /// Whether it runs within another operation, whose place among its tenant's it takes.
    pub is_within: bool,
    /// Whether a query is to read all that is committed, and nothing that is a moment behind.
    pub reads_committed: bool,
    /// The position of a write that a query is to see, as the answer to that write told it.
    pub position: Option<String>,
    /// The client's position in a trace (W3C Trace Context), of an operation over a socket. Over HTTP the header counts alone.
    pub traceparent: Option<String>,
    pub bearer: BearerStatus,
}

/// What became of the bearer token that an operation came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BearerStatus {
    /// The operation runs for its owner, or there was none.
    #[default]
    Accepted,
    /// It is no longer valid, and the operation, which needs none, runs without it.
    Ignored,
}

/// What was asked is kept as it came, which costs nothing.
pub type Reread = Box<dyn Fn() -> Option<Variables> + Send + Sync>;

impl fmt::Debug for GraphqlRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphqlRequest")
            .field("document_id", &self.document_id)
            .field("name", &self.operation_name)
            .finish_non_exhaustive()
    }
}

/// The members as they come; any may be null.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a map")]
pub struct Members {
    pub query: Option<String>,
    pub document_id: Option<String>,
    pub operation_name: Option<String>,
    pub variables: Option<Variables>,
    pub extensions: Option<Map<String, Value>>,
}

impl Members {
    /// `None` without a document. An empty name is none: some clients send it so.
    pub fn into_request(self) -> Option<GraphqlRequest> {
        let operation_name = self.operation_name.filter(|name| !name.is_empty());
        let extensions = self.extensions.unwrap_or_default();
        // Apollo's clients say the id of a persisted document here.
        let persisted = || extensions.get("persistedQuery")?.get("sha256Hash")?.as_str().map(ToOwned::to_owned);
        let document_id = self.document_id.or_else(persisted);
        let query = match (self.query, &document_id) {
            (Some(query), _) => query,
            (None, Some(_)) => String::new(),
            (None, None) => return None,
        };
        let shows_cost = extensions.get("cost") == Some(&Value::Bool(true));
        let traceparent = extensions.get("traceparent").and_then(Value::as_str).map(ToOwned::to_owned);
        Some(GraphqlRequest {
            query,
            document_id,
            operation_name,
            variables: self.variables.unwrap_or_default(),
            shows_cost,
            reread: None,
            is_within: false,
            reads_committed: false,
            position: None,
            traceparent,
            bearer: BearerStatus::Accepted,
        })
    }
}
