//! Interface of the engine that runs mutations: it knows GraphQL, and is passed to this room at
//! assembly.

use std::time::Duration;

use async_trait::async_trait;
use entity::prelude::*;
use iam::access::Caller;
use platform::storage::Fault;
use serde_json::Value;

use crate::exchange::core::bulk::{Keyed, LineAnswer};

/// Requester of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requester {
    pub tenant: TenantId,
    pub actor: Actor,
    /// API key of the request; None if a member made it.
    pub key: Option<ApiKeyId>,
}

/// Whether a document supports dry runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryRun {
    /// The document passes `$validateOnly` to its mutation.
    Offered,
    /// The mutation supports dry runs, and the document does not pass the variable.
    NotDeclared,
    /// The mutation does not support dry runs.
    NotThere,
}

/// A document that may be run for each line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkDocument {
    /// The mutation's field.
    pub field: String,
    pub keyed: Keyed,
    pub dry_run: DryRun,
}

/// A line that is to be run.
#[derive(Debug, Clone)]
pub struct Call {
    pub number: i64,
    pub variables: Value,
    /// Names it in logs.
    pub request: String,
}

/// Result of a batch of calls.
#[derive(Debug)]
pub enum BatchOutcome {
    /// Answers to all calls.
    All(Vec<LineAnswer>),
    /// Answers to the calls before the first one that was throttled, and the time after which that
    /// one may be retried.
    Paused(Vec<LineAnswer>, Duration),
    /// The requester has lost access, and none of the calls was started.
    Gone,
}

/// Runs documents like requests: with the same guard, price and permissions.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// Returns the properties of a document, or the reason why it cannot be run for each line of a
    /// file, as a text for its author.
    fn inspect_document(&self, caller: &Caller, document: &str) -> Result<BulkDocument, String>;

    /// Runs the calls one after the other, as their maker may act now.
    async fn run(&self, requester: Requester, document: &str, calls: Vec<Call>) -> Result<BatchOutcome, Fault>;
}
