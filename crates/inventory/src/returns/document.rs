//! Returns as documents of the ledger. A return is decided on its orders and changes them: the
//! decisions of its commands include them.

use std::collections::{BTreeMap, HashSet};

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
    core::{Return, ReturnBook, ReturnDecision, ReturnNeeds, StateBefore},
    events::{RETURN_CLOSED, ReturnEvent},
    rows,
};
use crate::{
    ledger::{Books, Document, DocumentPhase, Needs, Rows, Source},
    stock::core::Book,
};

/// Returns as a kind of document.
pub struct Returns;

/// Part of a receipt that belongs to returns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReturn {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ret: Option<ReturnId>,
}

#[async_trait]
impl Document for Returns {
    type Needs = ReturnNeeds;
    type Book = ReturnBook;
    type Decision = ReturnDecision;
    type Memory = ();
    type Stored = StoredReturn;

    const LOCK_PHASE: DocumentPhase = DocumentPhase::BeforeLots;
    const NUMBER_PHASE: DocumentPhase = DocumentPhase::First;

    fn needs_locks(needs: &ReturnNeeds) -> bool {
        needs.needs_locks()
    }

    async fn load(reads: &Source<'_>, needs: &ReturnNeeds, book: &mut ReturnBook) -> Result<(), Fault> {
        let ids: Vec<ReturnId> = needs.returns.iter().copied().collect();
        let returns = match reads {
            _ if ids.is_empty() => Vec::new(),
            Source::Locked(work) => rows::lock_returns(*work, &ids).await?,
            Source::Committed(scope) => rows::load_full_returns(*scope, &ids).await?,
        };
        book.returns = returns.into_iter().map(|sales_return| (sales_return.id, sales_return)).collect();
        for id in &needs.reopened {
            book.since.insert(*id, rows::load_closed_since(reads, *id).await?);
        }
        Ok(())
    }

    /// Loads the returned, uninspected units of lots, and the lots as which serial numbers left.
    async fn load_lots(reads: &Source<'_>, needs: &Needs, stock: &mut Book, books: &mut Books) -> Result<(), Fault> {
        if !needs.lots.whole.is_empty() {
            let whole_lots: Vec<LotId> = needs.lots.whole.iter().copied().collect();
            stock.lots.unseen = rows::load_uninspected_lots(reads, &whole_lots).await?;
        }
        let serial = stock.levels.values().filter(|level| level.facts.tracking == Tracking::Serial);
        let serial: HashSet<ProductId> = serial.map(|level| level.key.product).collect();
        let return_needs =
            needs.documents.get::<ReturnNeeds>().filter(|return_needs| !return_needs.comes_back.is_empty() && !serial.is_empty());
        if let Some(return_needs) = return_needs {
            let shipped = rows::load_shipped_products(reads, &return_needs.comes_back, &serial).await?;
            books.with(|book: &mut ReturnBook| book.shipped = shipped);
        }
        Ok(())
    }

    async fn load_names(reads: &Source<'_>, needs: &ReturnNeeds, book: &mut ReturnBook) -> Result<(), Fault> {
        let settled_orders: Vec<OrderId> = needs.settled.iter().copied().collect();
        book.settled = rows::load_settled_quantities(reads, &settled_orders).await?;
        let references: Vec<&str> = needs.references.iter().map(String::as_str).collect();
        book.taken_refs = rows::find_used_references(reads, &references).await?;
        Ok(())
    }

    fn evolve(book: &mut ReturnBook, decision: &ReturnDecision) {
        book.evolve(decision);
    }

    fn facts(decision: &ReturnDecision) -> usize {
        1 + usize::from(decision.is_closed_at_once())
    }

    fn request_numbers(decision: &ReturnDecision, counter_request: CounterRequest) -> CounterRequest {
        decision.sales_return.number.request_numbers(Numbered::Return, counter_request)
    }

    fn number(decision: &mut ReturnDecision, counter: &mut Counter) {
        decision.sales_return.number.assign(Numbered::Return, counter);
    }

    fn events(decision: &ReturnDecision) -> Vec<NewEvent> {
        return_events(decision)
    }

    fn rows(tenant: TenantId, decisions: &[&ReturnDecision], _now: Timestamp) -> Rows {
        // Each return after the last decision, with the state that the first one found.
        let mut returns: BTreeMap<ReturnId, (&Return, Option<&StateBefore>)> = BTreeMap::new();
        for ReturnDecision { sales_return, before, .. } in decisions {
            returns.entry(sales_return.id).or_insert((sales_return, before.as_ref())).0 = sales_return;
        }
        let returns: Vec<_> = returns.into_values().collect();
        let mut bulk_rows = Rows::default();
        bulk_rows.rest.extend(rows::return_rows(tenant, &returns));
        bulk_rows
    }

    fn target(decision: &ReturnDecision) -> Option<Target> {
        Some(Target::of(decision.sales_return.id))
    }

    fn stored_part(decision: &ReturnDecision) -> StoredReturn {
        StoredReturn { ret: Some(decision.sales_return.id) }
    }
}

/// Returns the events of a return's step: one, and a second for a return that is closed as it is
/// created.
fn return_events(decision: &ReturnDecision) -> Vec<NewEvent> {
    let sales_return = &decision.sales_return;
    let payload = ReturnEvent {
        ret: sales_return.id,
        number: sales_return.number.get(),
        store: sales_return.store,
        customer: sales_return.customer,
        orders: sales_return.orders(),
        status: Some(sales_return.status()),
        version: Some(sales_return.version),
    };
    let closed = decision.is_closed_at_once().then_some(RETURN_CLOSED);
    std::iter::once(decision.event).chain(closed).map(|kind| kind.event(&payload)).collect()
}
