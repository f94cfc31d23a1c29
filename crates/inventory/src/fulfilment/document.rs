//! Works as documents of the ledger. Commands on orders do not name works: these follow the order's
//! decision.

use std::collections::BTreeMap;

use async_trait::async_trait;
use entity::prelude::*;
use platform::{
    audit::Target,
    clock::add_local_days,
    storage::{
        Fault,
        journal::{Counter, CounterRequest, NewEvent},
    },
};
use serde::{Deserialize, Serialize};

use super::{
    core::{
        ShipmentFact, Work, WorkBefore, WorkBook, WorkChange, WorkDecision, WorkFact, WorkNeeds, derive_work_decision,
        named_lot_changes,
    },
    events::{FulfilmentEvent, WorkEvent},
    rows,
};
use crate::{
    ledger::{Books, Decision, Document, DocumentPhase, Needs, Rows, Source},
    orders::{
        core::{OrderBook, OrderNeeds},
        rows::fulfilments_by_id,
    },
    stock::core::{Book, Rejection},
};

/// Works as a kind of document.
pub struct Works;

/// Part of a receipt about works: those that the command names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredWorks {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub works: Vec<FulfilmentWorkId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived: Option<FulfilmentId>,
}

#[async_trait]
impl Document for Works {
    type Needs = WorkNeeds;
    type Book = WorkBook;
    type Decision = WorkDecision;
    type Memory = ();
    type Stored = StoredWorks;

    const LOCK_PHASE: DocumentPhase = DocumentPhase::BeforeLots;
    const NUMBER_PHASE: DocumentPhase = DocumentPhase::AfterLots;

    fn needs_locks(_needs: &WorkNeeds) -> bool {
        true
    }

    /// Adds the works of all orders whose reservations are needed, because commands change their
    /// goods, and of all orders that a command may hold or release, because that changes the
    /// allowed steps of works. A batch that only places orders adds nothing.
    async fn expand(_reads: &Source<'_>, needs: &mut Needs, _books: &mut Books) -> Result<(), Fault> {
        let orders = needs.held_by_orders.clone();
        let held_back = needs.documents.read(|document_needs: &OrderNeeds| document_needs.holds.clone());
        if orders.is_empty() && held_back.is_empty() {
            return Ok(());
        }
        needs.documents.with(|document_needs: &mut WorkNeeds| {
            document_needs.orders.extend(&orders);
            document_needs.orders.extend(&held_back);
            document_needs.followed.extend(&orders);
        });
        Ok(())
    }

    async fn load(reads: &Source<'_>, needs: &WorkNeeds, book: &mut WorkBook) -> Result<(), Fault> {
        let ids: Vec<OrderId> = needs.orders.iter().copied().collect();
        let lock = matches!(reads, Source::Locked(_));
        let (works, handling) = rows::load_works_of_orders(reads, &ids, lock).await?;
        book.handling = handling;
        let labelled = works.iter().filter(|work| needs.labels.contains(&work.head.order));
        let mut carriers = needs.carriers.clone();
        carriers.extend(labelled.flat_map(|work| &work.parcels).filter_map(|parcel| parcel.label.carrier));
        book.followed.clone_from(&needs.followed);
        book.works = works.into_iter().map(|work| ((work.head.order, work.head.nth), work)).collect();
        let carriers: Vec<CarrierId> = carriers.into_iter().collect();
        book.carriers =
            rows::load_carriers_by_id(reads, &carriers).await?.into_iter().map(|carrier| (carrier.id, carrier)).collect();
        let barred_orders: Vec<OrderId> = needs.barred.iter().copied().collect();
        book.barred = rows::load_store_refusals(reads, &barred_orders).await?;
        let fulfilments: Vec<FulfilmentId> = needs.fulfilments.iter().copied().collect();
        book.fulfilments =
            fulfilments_by_id(reads, &fulfilments).await?.into_iter().map(|fulfilment| (fulfilment.id, fulfilment)).collect();
        Ok(())
    }

    /// Loads the quantities that other parcels name of the lots that a batch names. The lots are
    /// locked, so that a concurrent packing of the same lot waits.
    async fn load_lots(reads: &Source<'_>, needs: &Needs, _stock: &mut Book, books: &mut Books) -> Result<(), Fault> {
        let Some(work_needs) = needs.documents.get::<WorkNeeds>().filter(|work_needs| !work_needs.lots.is_empty()) else {
            return Ok(());
        };
        let lots: Vec<LotId> = work_needs.lots.iter().copied().collect();
        let batch: Vec<OrderId> = work_needs.orders.iter().copied().collect();
        let packed = rows::packed_lots(reads, &lots, &batch).await?;
        books.with(|book: &mut WorkBook| book.packed = packed);
        Ok(())
    }

    async fn load_names(_reads: &Source<'_>, _needs: &WorkNeeds, _book: &mut WorkBook) -> Result<(), Fault> {
        Ok(())
    }

    fn follow(stock: &Book, books: &Books, decision: &mut Decision) -> Result<(), Rejection> {
        let work_decision_result = books.read(|orders: &OrderBook| {
            books.read(|works: &WorkBook| derive_work_decision(stock, (orders, works), decision, add_local_days))
        })?;
        match work_decision_result {
            Some(work_decision) => {
                for ((key, lot, order), delta) in books.read(|works: &WorkBook| named_lot_changes(works, &work_decision)) {
                    decision.stock.in_parcels.push(((key, lot), delta));
                    decision.stock.packed.push(((key, order), delta));
                }
                decision.documents.put(work_decision);
            }
            None => drop(decision.documents.take::<WorkDecision>()),
        }
        Ok(())
    }

    fn evolve(book: &mut WorkBook, decision: &WorkDecision) {
        book.evolve(decision);
    }

    fn facts(decision: &WorkDecision) -> usize {
        decision.facts.len() + decision.shipments.len()
    }

    fn request_numbers(_decision: &WorkDecision, counter_request: CounterRequest) -> CounterRequest {
        counter_request
    }

    fn number(_decision: &mut WorkDecision, _counter: &mut Counter) {}

    fn events(decision: &WorkDecision) -> Vec<NewEvent> {
        let works = decision.facts.iter().zip(&decision.works).map(|(fact, touched)| work_event(fact, &touched.work));
        works.chain(decision.shipments.iter().map(shipment_event)).collect()
    }

    fn rows(tenant: TenantId, decisions: &[&WorkDecision], _now: Timestamp) -> Rows {
        // Each work in its state after the last decision; whether it has a row is taken from the
        // first one.
        let mut works: BTreeMap<(OrderId, u16), (&Work, Option<WorkBefore>)> = BTreeMap::new();
        for WorkChange { work, before } in decisions.iter().flat_map(|decision| &decision.works) {
            works.entry((work.head.order, work.head.nth)).or_insert((work, *before)).0 = work;
        }
        let works: Vec<_> = works.into_values().collect();
        let mut bulk_rows = Rows::default();
        bulk_rows.heads.extend(rows::work_rows(tenant, &works));
        bulk_rows.rest.extend(rows::line_rows(tenant, &works));
        bulk_rows.rest.push(rows::arrived_rows(tenant, decisions.iter().flat_map(|decision| &decision.arrived)));
        bulk_rows.rest.push(rows::store_refusal_rows(tenant, decisions.iter().flat_map(|decision| &decision.barred)));
        bulk_rows
    }

    fn target(decision: &WorkDecision) -> Option<Target> {
        decision.named.first().map(|work| Target::of(*work))
    }

    fn stored_part(decision: &WorkDecision) -> StoredWorks {
        StoredWorks { works: decision.named.clone(), arrived: decision.arrived.first().map(|fulfilment| fulfilment.id) }
    }
}

/// Returns the event of a fact about this work.
fn work_event(fact: &WorkFact, work: &Work) -> NewEvent {
    let head = &work.head;
    fact.kind.event(&WorkEvent {
        work: head.id,
        order: head.order,
        nth: head.nth,
        store: head.store,
        status: head.status,
        due_at: head.due_at,
        version: head.version,
        before: fact.before,
        accepted_at: head.accepted.map(|accepted| accepted.at),
        assignee: head.accepted.map(|accepted| (accepted.by.kind, accepted.by.id)),
        reject_reason: head.rejected.as_ref().map(|rejected| rejected.reason),
        moved_from: head.moved_from,
        created_at: head.created_at,
        updated_at: head.updated_at,
    })
}

fn shipment_event(fact: &ShipmentFact) -> NewEvent {
    let shipped = &fact.fulfilment;
    let (fulfilment, order, store, status, work) = (shipped.id, shipped.order, shipped.store, shipped.status, shipped.work);
    fact.kind.event(&FulfilmentEvent { fulfilment, order, store, status, work })
}
