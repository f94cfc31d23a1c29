//! Introspection without the engine. The engine resolves each field of the schema as a future of
//! its own and holds the answer as a tree: a few hundred bytes of `possibleTypes { interfaces {
//! possibleTypes … } }` took gigabytes. Here the schema is read from the engine once, into an
//! immutable model; an answer is written from it as text, counted while it is written, and aborted
//! at its limits.

mod model;
mod notes;
mod query;
mod written;

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Executor, Variables};
use tokio::sync::OnceCell;

use self::{model::Model, query::IntrospectionQuery};
pub use self::{notes::SchemaNotes, written::IntrospectionResult};
use super::{
    code::Code,
    guard::{Operation, Refusal},
    limits::Limits,
};

/// Answers introspection of one executor's schema.
#[derive(Default)]
pub struct Introspector {
    notes: SchemaNotes,
    model: OnceCell<Arc<Model>>,
    answers: Mutex<Vec<CachedAnswer>>,
}

/// A cached answer: clients send the same introspection at their start, however it is formatted.
struct CachedAnswer {
    question: IntrospectionQuery,
    answer: IntrospectionResult,
}

/// Maximum number of cached answers, their maximum total size in bytes, and the size below which an
/// answer is written again instead.
const ANSWERS: usize = 8;
const BYTES: usize = 24 << 20;
const MIN_CACHED_BYTES: usize = 16 << 10;

/// Nodes of an answer that has more than the schema in it: the engine resolves it then, at about a microsecond a node.
const MIXED_NODES: u32 = 10_000;

impl Introspector {
    /// Returns an instance that ends the descriptions of fields and types with these notes.
    pub fn with_notes(notes: SchemaNotes) -> Self {
        Self { notes, ..Self::default() }
    }

    /// Answers the introspection of an operation. The operation must have been validated.
    ///
    /// # Errors
    /// QUERY_TOO_COMPLEX: its lists are nested too deeply. LIMIT_EXCEEDED: the answer would have
    /// too many nodes or bytes. INTERNAL: the engine's schema could not be read.
    pub async fn answer<E: Executor>(
        &self,
        operation: &Operation,
        variables: &Variables,
        (executor, limits): (&E, &Limits),
    ) -> Result<IntrospectionResult, Refusal> {
        let question = IntrospectionQuery::of(operation.parsed_document(), variables);
        question.check()?;
        if let Some(answer) = self.find_cached(&question) {
            return Ok(answer);
        }
        let executor = executor.clone();
        let model = self.model.get_or_try_init(|| Model::read(executor, self.notes.clone())).await.map_err(|error| {
            tracing::error!(%error, "the schema cannot be read");
            Refusal::new(Code::Internal, "internal error; the log has the details under the request ID")
        })?;
        let most_nodes = if question.is_all { limits.introspection_nodes } else { MIXED_NODES };
        let answer = written::write(model, &question, (most_nodes, limits.answer_bytes)).ok_or_else(|| {
            Refusal::new(Code::LimitExceeded, "the answer would hold too much of the schema: ask for fewer fields of fewer types")
        })?;
        self.cache_answer(question, &answer);
        Ok(answer)
    }

    fn find_cached(&self, question: &IntrospectionQuery) -> Option<IntrospectionResult> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let index = answers.iter().position(|entry| entry.question == *question)?;
        // The most recently used answer is last.
        let entry = answers.remove(index);
        let answer = entry.answer.clone();
        answers.push(entry);
        Some(answer)
    }

    fn cache_answer(&self, question: IntrospectionQuery, answer: &IntrospectionResult) {
        if answer.json.len() < MIN_CACHED_BYTES || !answer.is_all {
            return;
        }
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|entry| entry.question != question);
        answers.push(CachedAnswer { question, answer: answer.clone() });
        while answers.len() > ANSWERS || answers.iter().map(|entry| entry.answer.json.len()).sum::<usize>() > BYTES {
            answers.remove(0);
        }
    }
}
