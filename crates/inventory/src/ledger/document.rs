//! What a kind of document does for the ledger, which names none.

use std::fmt::Debug;

use async_trait::async_trait;
use entity::prelude::*;
use platform::{
    audit::Target,
    storage::{
        Bulk, Fault, TenantScope,
        journal::{Counter, NewEvent, Want},
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

/// Whether something of a document comes before the same thing of lots, and of other documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Of what is decided on other documents and changes them: before theirs.
    First,
    BeforeLots,
    AfterLots,
}

impl Turn {
    pub const ALL: [Self; 3] = [Self::First, Self::BeforeLots, Self::AfterLots];
}

/// The rows of a batch's documents of one kind.
#[derive(Debug, Default)]
pub struct Rows {
    /// What movements and holds refer to: written before them.
    pub heads: Vec<Bulk>,
    /// Written after stock.
    pub rest: Vec<Bulk>,
}

/// A kind of document whose commands move stock. The ledger loads and locks it, decides on it and writes it together with stock; what it holds
/// of the kind in between, it finds by these types.
///
/// The kinds are registered once, in the order in which their rows are locked and written (`Documents`).
#[async_trait]
pub trait Document: Send + Sync + 'static {
    /// What commands need of it besides stock.
    type Needs: Default + Debug + Send + Sync + 'static;
    /// What a batch has loaded of it.
    type Book: Default + Debug + Send + Sync + 'static;
    /// What became of it by one command.
    type Decision: Debug + Send + Sync + 'static;
    /// What a lane remembers of it from batch to batch.
    type Memory: Default + Debug + Send + Sync + 'static;
    /// What is kept of a receipt: fields of its own, all of them optional.
    type Stored: Serialize;

    /// When its rows are locked, and when its events are numbered.
    const LOCKED: Turn;
    const NUMBERED: Turn;
    /// Whether a mutation that decides one answers with it, whatever else it changed: receipts keep it beside the rest.
    const IS_ANSWER: bool = false;

    /// Whether it is decided on rows that change from command to command: those are read under a lock.
    fn needs_locks(needs: &Self::Needs) -> bool;

    /// Adds the levels that follow from what commands name; what was read for it goes into the book.
    async fn expand(_reads: &Source<'_>, _needs: &mut Needs, _books: &mut Books) -> Result<(), Fault> {
        Ok(())
    }
    /// Loads documents, locked where the source is.
    async fn load(reads: &Source<'_>, needs: &Self::Needs, book: &mut Self::Book) -> Result<(), Fault>;

    /// Adds what documents say of lots, after those were loaded; also for a batch that needs no document of the kind.
    async fn load_lots(_reads: &Source<'_>, _needs: &Needs, _stock: &mut Book, _books: &mut Books) -> Result<(), Fault> {
        Ok(())
    }
    /// Loads what no lock protects: names that exist or are taken.
    async fn load_names(reads: &Source<'_>, needs: &Self::Needs, book: &mut Self::Book) -> Result<(), Fault>;

    /// Loads what a batch needs that needs no locks, on top of what the lane remembers.
    async fn plan(_scope: &TenantScope, _needs: &Self::Needs, _memory: &mut Self::Memory) -> Result<Self::Book, Fault> {
        Ok(Self::Book::default())
    }
    /// Adds to the decisions of a batch what is known only when all of them have been made.
    async fn complete(_reads: &Source<'_>, _books: &Books, _decided: &mut [(usize, Decision)]) -> Result<(), Fault> {
        Ok(())
    }

    /// Adds what becomes of documents because of what a command decided on others and on stock, or refuses the command for it. It is asked before the
    /// decision counts, and adds to its own kind alone.
    ///
    /// # Errors
    /// What refuses the command; nothing of it is kept.
    fn follow(_stock: &Book, _books: &Books, _decision: &mut Decision) -> Result<(), Rejection> {
        Ok(())
    }

    /// Brings the book forward by an accepted decision.
    fn evolve(book: &mut Self::Book, decision: &Self::Decision);

    /// How many events it makes.
    fn facts(decision: &Self::Decision) -> usize;

    /// Adds the numbers of its new documents to what the batch takes from the counter.
    fn want(decision: &Self::Decision, want: Want) -> Want;

    /// Numbers its new documents.
    fn number(decision: &mut Self::Decision, counter: &mut Counter);

    fn events(decision: &Self::Decision) -> Vec<NewEvent>;

    /// Each row of the batch once, as its last command left it; whether it has a row is what the first one saw.
    fn rows(tenant: TenantId, decisions: &[&Self::Decision], now: Timestamp) -> Rows;

    /// The document that the audit log names. Where a command changes several kinds, it is that of the first turn.
    fn target(decision: &Self::Decision) -> Option<Target>;

    /// What differs of the fields of that document, for the audit log (`audit::fields::differences`).
    fn field_changes(_decision: &Self::Decision) -> Vec<Value> {
        Vec::new()
    }

    /// What a receipt keeps; of several kinds, that of the first turn that keeps something, and of those of the last turn.
    fn stored(decision: &Self::Decision) -> Self::Stored;
}
