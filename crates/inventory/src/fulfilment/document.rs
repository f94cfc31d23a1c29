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
    core::{ShipmentFact, Work, WorkBefore, WorkBook, WorkChange, WorkDecision, WorkFact, WorkNeeds, follow, named_lot_changes},
    events::{FulfilmentEvent, WorkEvent},
    rows,
};
use crate::{
    ledger::{Books, Decision, Document, Needs, Rows, Source, Turn},
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

    const LOCK_TURN: Turn = Turn::BeforeLots;
    const NUMBER_TURN: Turn = Turn::AfterLots;

    fn needs_locks(_needs: &WorkNeeds) -> bool {
        true
    }

    /// Adds the works of all orders whose reservations are needed, because commands change their
    /// goods, and of all orders that a command may hold or release, because that changes the
    /// allowed steps of works. A batch that only places orders adds nothing.
    async fn expand(_reads: &Source<'_>, needs: &mut Needs, _books: &mut Books) -> Result<(), Fault> {
        let orders = needs.held_by_orders.clone();
        let held_back = needs.documents.read(|own: &OrderNeeds| own.holds.clone());
        if orders.is_empty() && held_back.is_empty() {
            return Ok(());
        }
        needs.documents.with(|own: &mut WorkNeeds| {
            own.orders.extend(&orders);
            own.orders.extend(&held_back);
            own.followed.extend(&orders);
        });
        Ok(())
    }

    async fn load(reads: &Source<'_>, needs: &WorkNeeds, book: &mut WorkBook) -> Result<(), Fault> {
        let ids: Vec<OrderId> = needs.orders.iter().copied().collect();
        let lock = matches!(reads, Source::Locked(_));
        let (works, handling) = rows::works_of(reads, &ids, lock).await?;
        book.handling = handling;
        let labelled = works.iter().filter(|work| needs.labels.contains(&work.head.order));
        let mut carriers = needs.carriers.clone();
        carriers.extend(labelled.flat_map(|work| &work.parcels).filter_map(|parcel| parcel.label.carrier));
        book.followed.clone_from(&needs.followed);
        book.works = works.into_iter().map(|work| ((work.head.order, work.head.nth), work)).collect();
        let carriers: Vec<CarrierId> = carriers.into_iter().collect();
        book.carriers = rows::carriers_by_id(reads, &carriers).await?.into_iter().map(|one| (one.id, one)).collect();
        let barred: Vec<OrderId> = needs.barred.iter().copied().collect();
        book.barred = rows::barred(reads, &barred).await?;
        let fulfilments: Vec<FulfilmentId> = needs.fulfilments.iter().copied().collect();
        book.fulfilments = fulfilments_by_id(reads, &fulfilments).await?.into_iter().map(|one| (one.id, one)).collect();
        Ok(())
    }

    /// Loads the quantities that other parcels name of the lots that a batch names. The lots are
    /// locked, so that a concurrent packing of the same lot waits.
    async fn load_lots(reads: &Source<'_>, needs: &Needs, _stock: &mut Book, books: &mut Books) -> Result<(), Fault> {
        let Some(own) = needs.documents.get::<WorkNeeds>().filter(|own| !own.lots.is_empty()) else { return Ok(()) };
        let lots: Vec<LotId> = own.lots.iter().copied().collect();
        let batch: Vec<OrderId> = own.orders.iter().copied().collect();
        let packed = rows::packed_lots(reads, &lots, &batch).await?;
        books.with(|book: &mut WorkBook| book.packed = packed);
        Ok(())
    }

    async fn load_names(_reads: &Source<'_>, _needs: &WorkNeeds, _book: &mut WorkBook) -> Result<(), Fault> {
        Ok(())
    }

    fn follow(stock: &Book, books: &Books, decision: &mut Decision) -> Result<(), Rejection> {
        let followed = books
            .read(|orders: &OrderBook| books.read(|works: &WorkBook| follow(stock, (orders, works), decision, add_local_days)))?;
        match followed {
            Some(own) => {
                for ((key, lot, order), delta) in books.read(|works: &WorkBook| named_lot_changes(works, &own)) {
                    decision.stock.in_parcels.push(((key, lot), delta));
                    decision.stock.packed.push(((key, order), delta));
                }
                decision.documents.put(own);
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

    fn want(_decision: &WorkDecision, want: CounterRequest) -> CounterRequest {
        want
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
        let mut written = Rows::default();
        written.heads.extend(rows::work_rows(tenant, &works));
        written.rest.extend(rows::line_rows(tenant, &works));
        written.rest.push(rows::arrived_rows(tenant, decisions.iter().flat_map(|decision| &decision.arrived)));
        written.rest.push(rows::barred_rows(tenant, decisions.iter().flat_map(|decision| &decision.barred)));
        written
    }

    fn target(decision: &WorkDecision) -> Option<Target> {
        decision.named.first().map(|work| Target::of(*work))
    }

    fn stored(decision: &WorkDecision) -> StoredWorks {
        StoredWorks { works: decision.named.clone(), arrived: decision.arrived.first().map(|one| one.id) }
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
    let of = &fact.fulfilment;
    let (fulfilment, order, store, status, work) = (of.id, of.order, of.store, of.status, of.work);
    fact.kind.event(&FulfilmentEvent { fulfilment, order, store, status, work })
}
