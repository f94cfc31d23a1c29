//! What reversals are to the ledger. A reversal is decided with the document that it undoes: it is a part of its own in the decision of that
//! document's command.

use async_trait::async_trait;
use entity::prelude::*;
use platform::{
    audit::Target,
    storage::{
        Fault,
        journal::{Counter, NewEvent, Numbered, Want},
    },
};
use serde::{Deserialize, Serialize};

use super::{
    core::{ReversalBook, ReversalDecision, ReversalNeeds},
    events::reversed,
    rows,
};
use crate::ledger::{Document, Rows, Source, Turn};

/// Reversals as a kind of document.
pub struct Reversals;

/// What receipts keep of a reversal.
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

    const LOCKED: Turn = Turn::AfterLots;
    const NUMBERED: Turn = Turn::First;
    const IS_ANSWER: bool = true;

    /// Always: how much has been reversed changes from command to command.
    fn needs_locks(_needs: &ReversalNeeds) -> bool {
        true
    }

    /// Whoever writes holds the tenant's counter, so nobody adds to it meanwhile.
    async fn load(reads: &Source<'_>, needs: &ReversalNeeds, book: &mut ReversalBook) -> Result<(), Fault> {
        let ids: Vec<MovementId> = needs.movements.iter().copied().collect();
        book.reversed = rows::reversed_of(reads, &ids).await?;
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

    fn want(decision: &ReversalDecision, want: Want) -> Want {
        decision.reversal.number.want(Numbered::Reversal, want)
    }

    fn number(decision: &mut ReversalDecision, counter: &mut Counter) {
        decision.reversal.number.give(Numbered::Reversal, counter);
    }

    fn events(decision: &ReversalDecision) -> Vec<NewEvent> {
        vec![reversed(&decision.reversal)]
    }

    fn rows(tenant: TenantId, decisions: &[&ReversalDecision], _now: Timestamp) -> Rows {
        let reversals: Vec<_> = decisions.iter().map(|decision| &decision.reversal).collect();
        Rows { rest: rows::reversal_rows(tenant, &reversals).into_iter().collect(), ..Rows::default() }
    }

    fn target(decision: &ReversalDecision) -> Option<Target> {
        Some(Target::of(decision.reversal.id))
    }

    fn stored(decision: &ReversalDecision) -> StoredReversal {
        StoredReversal { reversal: Some(decision.reversal.id) }
    }
}
