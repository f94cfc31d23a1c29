//! An operation as clients send it, in a body, a GET's parameters or a socket's message: the same
//! four members everywhere.

use std::fmt;

use async_graphql::Variables;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Operation to run.
#[derive(Default)]
pub struct GraphqlRequest {
    /// Empty if `document_id` is given instead.
    pub query: String,
    /// The id of a trusted document.
    pub document_id: Option<String>,
    pub operation_name: Option<String>,
    pub variables: Variables,
    /// Whether the answer should include its cost.
    pub shows_cost: bool,
    /// Parses the variables again: the engine consumes them, and they are needed again only to find
    /// a value that it refused.
    pub reread: Option<ParseVariables>,
    /// Whether it runs within another operation, whose place among its tenant's operations it
    /// shares.
    pub is_within: bool,
    /// Whether a query must read the latest commits, not a replica that may lag behind.
    pub reads_committed: bool,
    /// The position of a write that a query must see, from the answer to that write.
    pub position: Option<String>,
    /// The client's position in a trace (W3C Trace Context), for an operation over a socket. Over
    /// HTTP only the header counts.
    pub traceparent: Option<String>,
    pub bearer: BearerStatus,
}

/// Treatment of the bearer token that came with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BearerStatus {
    /// The token is valid and the operation runs for its owner, or there was none.
    #[default]
    Accepted,
    /// The token is no longer valid, and the operation, which needs none, runs without it.
    Ignored,
}

/// Parses the variables again from the stored request; storing it as it came costs nothing.
pub type ParseVariables = Box<dyn Fn() -> Option<Variables> + Send + Sync>;

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
    /// `None` without a document. An empty name counts as none: some clients send it.
    pub fn into_request(self) -> Option<GraphqlRequest> {
        let operation_name = self.operation_name.filter(|name| !name.is_empty());
        let extensions = self.extensions.unwrap_or_default();
        // Apollo's clients send the ID of a persisted document here.
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
