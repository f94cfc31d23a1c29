//! Interface of a kind of document to the ledger, which names no kind itself.

use std::fmt::Debug;

use async_trait::async_trait;
use entity::prelude::*;
use platform::{
    audit::Target,
    storage::{
        Bulk, Fault, TenantScope,
        journal::{Counter, CounterRequest, NewEvent},
    },
};
use serde::Serialize;
use serde_json::Value;

use super::{
    decision::{Books, Decision},
    needs::Needs,
    source::Source,
};
use crate::stock::core::{Book, Rejection};

/// The turn in which a document is handled, relative to lots and to other documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentPhase {
    /// For documents whose decisions depend on other documents and change them: before those.
    First,
    BeforeLots,
    AfterLots,
}

impl DocumentPhase {
    pub const ALL: [Self; 3] = [Self::First, Self::BeforeLots, Self::AfterLots];
}

/// The rows of a batch's documents of one kind.
#[derive(Debug, Default)]
pub struct Rows {
    /// Rows that movements and holds refer to; written before them.
    pub heads: Vec<Bulk>,
    /// Written after stock.
    pub rest: Vec<Bulk>,
}

/// A kind of document whose commands move stock. The ledger loads, locks, decides and writes it
/// together with stock, and keeps its state between these steps in the associated types.
///
/// The kinds are registered once, in the order in which their rows are locked and written
/// (`Documents`).
#[async_trait]
pub trait Document: Send + Sync + 'static {
    /// Rows of the kind that commands need besides stock.
    type Needs: Default + Debug + Send + Sync + 'static;
    /// Rows of the kind that a batch has loaded.
    type Book: Default + Debug + Send + Sync + 'static;
    /// Changes of the kind by one command.
    type Decision: Debug + Send + Sync + 'static;
    /// State of the kind that a lane keeps from batch to batch.
    type Memory: Default + Debug + Send + Sync + 'static;
    /// Part of a receipt about the kind: fields of its own, all of them optional.
    type Stored: Serialize;

    /// Turns in which its rows are locked and its events are numbered.
    const LOCK_PHASE: DocumentPhase;
    const NUMBER_PHASE: DocumentPhase;
    /// True if a mutation that changes a document of the kind answers with it, whatever else it
    /// changed: receipts keep it beside the rest.
    const IS_ANSWER: bool = false;

    /// True if decisions depend on rows that change from command to command: those are read under a
    /// lock.
    fn needs_locks(needs: &Self::Needs) -> bool;

    /// Adds the levels that follow from the documents that commands name; the rows read for this go
    /// into the book.
    async fn expand(_reads: &Source<'_>, _needs: &mut Needs, _books: &mut Books) -> Result<(), Fault> {
        Ok(())
    }
    /// Loads documents, with locks if the source has them.
    async fn load(reads: &Source<'_>, needs: &Self::Needs, book: &mut Self::Book) -> Result<(), Fault>;

    /// Adds the documents' facts about lots, after those were loaded; also for a batch that needs
    /// no document of the kind.
    async fn load_lots(_reads: &Source<'_>, _needs: &Needs, _stock: &mut Book, _books: &mut Books) -> Result<(), Fault> {
        Ok(())
    }
    /// Loads rows that no lock protects: names that exist or are taken.
    async fn load_names(reads: &Source<'_>, needs: &Self::Needs, book: &mut Self::Book) -> Result<(), Fault>;

    /// Loads the rows of a batch that needs no locks, on top of the lane's memory.
    async fn plan(_scope: &TenantScope, _needs: &Self::Needs, _memory: &mut Self::Memory) -> Result<Self::Book, Fault> {
        Ok(Self::Book::default())
    }
    /// Completes the decisions of a batch with facts that depend on all of them.
    async fn complete(_reads: &Source<'_>, _books: &Books, _decided: &mut [(usize, Decision)]) -> Result<(), Fault> {
        Ok(())
    }

    /// Adds the changes of documents that follow from a command's changes of other documents and of
    /// stock, or rejects the command for them. It is called before the decision takes effect, and
    /// adds to its own kind alone.
    ///
    /// # Errors
    /// The rejection of the command; nothing of its decision is kept.
    fn follow(_stock: &Book, _books: &Books, _decision: &mut Decision) -> Result<(), Rejection> {
        Ok(())
    }

    /// Applies an accepted decision to the book.
    fn evolve(book: &mut Self::Book, decision: &Self::Decision);

    /// Number of events of the decision.
    fn facts(decision: &Self::Decision) -> usize;

    /// Adds the numbers of its new documents to what the batch takes from the counter.
    fn request_numbers(decision: &Self::Decision, counter_request: CounterRequest) -> CounterRequest;

    /// Numbers its new documents.
    fn number(decision: &mut Self::Decision, counter: &mut Counter);

    fn events(decision: &Self::Decision) -> Vec<NewEvent>;

    /// Each row of the batch once, in its state after the last command; whether it has a row is
    /// taken from the first one.
    fn rows(tenant: TenantId, decisions: &[&Self::Decision], now: Timestamp) -> Rows;

    /// The document that the audit log names. If a command changes several kinds, it is that of the
    /// first turn.
    fn target(decision: &Self::Decision) -> Option<Target>;

    /// Changed fields of that document, for the audit log (`audit::fields::differences`).
    fn field_changes(_decision: &Self::Decision) -> Vec<Value> {
        Vec::new()
    }

    /// Part of the decision that a receipt keeps. If several kinds were changed, the receipt keeps
    /// that of the first turn with content, and all of those of the last turn.
    fn stored_part(decision: &Self::Decision) -> Self::Stored;
}
