//! Reversals as documents of the ledger. A reversal is decided with the document that it undoes: it
//! is a separate part of the decision of that document's command.

use async_trait::async_trait;
use entity::prelude::*;
use platform::{
    audit::Target,
    storage::{
        Fault,
        journal::{Counter, CounterRequest, NewEvent, Numbered},
    },
};
use serde::{Deserialize, Serialize};

use super::{
    core::{ReversalBook, ReversalDecision, ReversalNeeds},
    events::build_reversed_event,
    rows,
};
use crate::ledger::{Document, DocumentPhase, Rows, Source};

/// Reversals as a kind of document.
pub struct Reversals;

/// Part of a receipt about a reversal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReversal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversal: Option<ReversalId>,
}

#[async_trait]
impl Document for Reversals {
    type Needs = ReversalNeeds;
    type Book = ReversalBook;
    type Decision = ReversalDecision;
    type Memory = ();
    type Stored = StoredReversal;

    const LOCK_PHASE: DocumentPhase = DocumentPhase::AfterLots;
    const NUMBER_PHASE: DocumentPhase = DocumentPhase::First;
    const IS_ANSWER: bool = true;

    /// Always true: reversed quantities change from command to command.
    fn needs_locks(_needs: &ReversalNeeds) -> bool {
        true
    }

    /// Loads the reversed quantities. The writer holds the tenant's counter, so no one else adds to
    /// them meanwhile.
    async fn load(reads: &Source<'_>, needs: &ReversalNeeds, book: &mut ReversalBook) -> Result<(), Fault> {
        let ids: Vec<MovementId> = needs.movements.iter().copied().collect();
        book.reversed = rows::reversed_quantities(reads, &ids).await?;
        Ok(())
    }

    async fn load_names(_reads: &Source<'_>, _needs: &ReversalNeeds, _book: &mut ReversalBook) -> Result<(), Fault> {
        Ok(())
    }

    fn evolve(book: &mut ReversalBook, decision: &ReversalDecision) {
        book.evolve(decision);
    }

    fn facts(_decision: &ReversalDecision) -> usize {
        1
    }

    fn request_numbers(decision: &ReversalDecision, counter_request: CounterRequest) -> CounterRequest {
        decision.reversal.number.request_numbers(Numbered::Reversal, counter_request)
    }

    fn number(decision: &mut ReversalDecision, counter: &mut Counter) {
        decision.reversal.number.assign(Numbered::Reversal, counter);
    }

    fn events(decision: &ReversalDecision) -> Vec<NewEvent> {
        vec![build_reversed_event(&decision.reversal)]
    }

    fn rows(tenant: TenantId, decisions: &[&ReversalDecision], _now: Timestamp) -> Rows {
        let reversals: Vec<_> = decisions.iter().map(|decision| &decision.reversal).collect();
        Rows { rest: rows::reversal_rows(tenant, &reversals).into_iter().collect(), ..Rows::default() }
    }

    fn target(decision: &ReversalDecision) -> Option<Target> {
        Some(Target::of(decision.reversal.id))
    }

    fn stored_part(decision: &ReversalDecision) -> StoredReversal {
        StoredReversal { reversal: Some(decision.reversal.id) }
    }
}
