//! What runs mutations: it knows GraphQL, and is handed to this room by whoever puts the rooms together.

use std::time::Duration;

use async_trait::async_trait;
use entity::prelude::*;
use iam::access::Caller;
use platform::storage::Fault;
use serde_json::Value;

use crate::exchange::core::bulk::{Answered, Keyed};

/// Whoever asked for something to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requester {
    pub tenant: TenantId,
    pub actor: Actor,
    /// The key that a program asked with.
    pub key: Option<ApiKeyId>,
}

/// Whether a document can say what would be, without it being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryRun {
    /// It hands `$validateOnly` on.
    Offered,
    /// Its mutation could, and the document does not hand it on.
    NotDeclared,
    /// Its mutation writes or refuses, and nothing else.
    NotThere,
}

/// A document that may be run for each line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The mutation's field.
    pub field: String,
    pub keyed: Keyed,
    pub dry_run: DryRun,
}

/// One line that is to be run.
#[derive(Debug, Clone)]
pub struct Call {
    pub number: i64,
    pub variables: Value,
    /// Names it in logs.
    pub request: String,
}

/// How far the calls came.
#[derive(Debug)]
pub enum BatchOutcome {
    /// All were answered.
    All(Vec<Answered>),
    /// Those before the first that was not let in: it may come again after so long.
    Paused(Vec<Answered>, Duration),
    /// Whoever asked for it may not come in any more, and none of the calls was begun.
    Gone,
}

/// Runs documents as requests are run: by the same guard, price and rights.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// What a document does, or why it cannot be run for each line of a file, in words for whoever wrote it.
    fn look(&self, caller: &Caller, document: &str) -> Result<Looked, String>;

    /// Runs the calls one after the other, as their maker may act now.
    async fn run(&self, requester: Requester, document: &str, calls: Vec<Call>) -> Result<BatchOutcome, Fault>;
}
