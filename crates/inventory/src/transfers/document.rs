//! Transfers as documents of the ledger.

use std::collections::BTreeMap;

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
use serde_json::Value;

use super::{
    audit_log::transfer_changes,
    core::{StateBefore, Transfer, TransferBook, TransferDecision, TransferNeeds},
    events::{TRANSFER_CREATED, TransferEvent},
    rows,
};
use crate::{
    ledger::{Books, Document, DocumentPhase, Needs, Rows, Source},
    stock::core::{Book, Lot},
};

/// Transfers as a kind of document.
pub struct Transfers;

/// Part of a receipt that belongs to a transfer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredTransfer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferId>,
}

#[async_trait]
impl Document for Transfers {
    type Needs = TransferNeeds;
    type Book = TransferBook;
    type Decision = TransferDecision;
    type Memory = ();
    type Stored = StoredTransfer;

    const LOCK_PHASE: DocumentPhase = DocumentPhase::AfterLots;
    const NUMBER_PHASE: DocumentPhase = DocumentPhase::AfterLots;

    fn needs_locks(_needs: &TransferNeeds) -> bool {
        true
    }

    async fn load(reads: &Source<'_>, needs: &TransferNeeds, book: &mut TransferBook) -> Result<(), Fault> {
        let ids: Vec<TransferId> = needs.transfers.iter().copied().collect();
        let transfers = match reads {
            Source::Locked(work) => rows::lock_transfers(*work, &ids).await?,
            Source::Committed(scope) => rows::load_transfers(*scope, &ids).await?,
        };
        book.transfers = transfers.into_iter().map(|transfer| (transfer.id, transfer)).collect();
        Ok(())
    }

    /// Loads serial numbers that are in no stock, since they may be in transit.
    async fn load_lots(reads: &Source<'_>, _needs: &Needs, stock: &mut Book, _books: &mut Books) -> Result<(), Fault> {
        let lots = &mut stock.lots.lots;
        let is_away = |lot: &&Lot| lot.tracking == Tracking::Serial && lot.on_hand == Quantity::ZERO;
        let away_ids: Vec<LotId> = lots.values().filter(is_away).map(|lot| lot.id).collect();
        for lot in rows::find_lots_in_transit(reads, &away_ids).await? {
            lots.entry(lot).and_modify(|lot| lot.in_transit = true);
        }
        Ok(())
    }

    async fn load_names(reads: &Source<'_>, needs: &TransferNeeds, book: &mut TransferBook) -> Result<(), Fault> {
        let references: Vec<&str> = needs.refs.iter().map(String::as_str).collect();
        book.taken_refs = rows::find_used_references(reads, &references).await?;
        Ok(())
    }

    fn evolve(book: &mut TransferBook, decision: &TransferDecision) {
        book.evolve(decision);
    }

    fn facts(decision: &TransferDecision) -> usize {
        1 + usize::from(decision.made.is_some())
    }

    fn request_numbers(decision: &TransferDecision, counter_request: CounterRequest) -> CounterRequest {
        decision.transfer.number.request_numbers(Numbered::Transfer, counter_request)
    }

    fn number(decision: &mut TransferDecision, counter: &mut Counter) {
        decision.transfer.number.assign(Numbered::Transfer, counter);
    }

    fn events(decision: &TransferDecision) -> Vec<NewEvent> {
        transfer_events(decision)
    }

    fn rows(tenant: TenantId, decisions: &[&TransferDecision], _now: Timestamp) -> Rows {
        // Each transfer after the last decision, with the state that the first one found.
        let mut transfers: BTreeMap<TransferId, (&Transfer, Option<StateBefore>)> = BTreeMap::new();
        for TransferDecision { transfer, before, .. } in decisions {
            transfers.entry(transfer.id).or_insert((transfer, *before)).0 = transfer;
        }
        let transfers: Vec<_> = transfers.into_values().collect();
        let mut rest: Vec<_> = rows::transfer_rows(tenant, &transfers).into_iter().collect();
        let unsent = |decision: &&TransferDecision| {
            let id = decision.transfer.id;
            decision.unsent.iter().map(move |(position, lot)| (id, *position, *lot)).collect::<Vec<_>>()
        };
        let unsent: Vec<_> = decisions.iter().flat_map(unsent).collect();
        if !unsent.is_empty() {
            rest.push(rows::unsent_rows(tenant, &unsent));
        }
        Rows { rest, ..Rows::default() }
    }

    fn target(decision: &TransferDecision) -> Option<Target> {
        Some(Target::of(decision.transfer.id))
    }

    fn field_changes(decision: &TransferDecision) -> Vec<Value> {
        transfer_changes(decision)
    }

    fn stored_part(decision: &TransferDecision) -> StoredTransfer {
        StoredTransfer { transfer: Some(decision.transfer.id) }
    }
}

/// Returns the events of a step; for a new transfer that took more steps at once, first that of its
/// creation.
fn transfer_events(decision: &TransferDecision) -> Vec<NewEvent> {
    let TransferDecision { transfer, made: created_state, before, .. } = decision;
    let last = TransferEvent {
        transfer: transfer.id,
        number: transfer.number.get(),
        status: transfer.status(),
        from: transfer.from,
        to: transfer.to,
        version: transfer.version,
        before: before.map(|before| before.status).or(created_state.map(|created_state| created_state.status)),
    };
    let first = created_state.map(|created_state| TransferEvent {
        status: created_state.status,
        version: created_state.version,
        before: None,
        ..last.clone()
    });
    let first = first.map(|first| TRANSFER_CREATED.event(&first));
    first.into_iter().chain([decision.event.event(&last)]).collect()
}
