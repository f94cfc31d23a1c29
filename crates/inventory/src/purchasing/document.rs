//! Purchase orders, blanket orders and returns to suppliers as documents of the ledger.

use std::collections::{BTreeMap, BTreeSet};

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
    audit_log::purchase_changes,
    core::{BlanketOrder, DocumentEvent, PurchaseBook, PurchaseDecision, PurchaseNeeds, PurchaseOrder, update_call_offs},
    events::{BlanketOrderEvent, PurchaseOrderEvent, SupplierReturnEvent},
    rows,
};
use crate::{
    ledger::{Books, Decision, Document, DocumentPhase, Needs, Rows, Source},
    stock::core::{Book, Rejection},
};

/// Purchase orders and returns to suppliers as a kind of document.
pub struct Purchases;

/// Part of a receipt that belongs to purchase orders, to a return to a supplier, or to a blanket
/// order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPurchase {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purchases: Vec<PurchaseOrderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier_return: Option<SupplierReturnId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blanket_order: Option<BlanketOrderId>,
}

#[async_trait]
impl Document for Purchases {
    type Needs = PurchaseNeeds;
    type Book = PurchaseBook;
    type Decision = PurchaseDecision;
    type Memory = ();
    type Stored = StoredPurchase;

    const LOCK_PHASE: DocumentPhase = DocumentPhase::AfterLots;
    const NUMBER_PHASE: DocumentPhase = DocumentPhase::BeforeLots;

    fn needs_locks(needs: &PurchaseNeeds) -> bool {
        !needs.orders.is_empty() || !needs.suppliers.is_empty() || !needs.blankets.is_empty()
    }

    /// Adds the current levels of orders, as an amendment may have added lines since the command
    /// was created.
    async fn expand(reads: &Source<'_>, needs: &mut Needs, _books: &mut Books) -> Result<(), Fault> {
        let moved_orders: Vec<PurchaseOrderId> =
            needs.documents.read(|document_needs: &PurchaseNeeds| document_needs.moved_orders.iter().copied().collect());
        needs.levels.extend(rows::levels_of(reads, &moved_orders).await?);
        Ok(())
    }

    async fn load(reads: &Source<'_>, needs: &PurchaseNeeds, book: &mut PurchaseBook) -> Result<(), Fault> {
        let ids: Vec<PurchaseOrderId> = needs.orders.iter().copied().collect();
        let orders = match reads {
            _ if ids.is_empty() => Vec::new(),
            Source::Locked(work) => rows::lock_orders(*work, &ids).await?,
            Source::Committed(scope) => rows::orders(*scope, &ids).await?,
        };
        let called_off = orders.iter().filter_map(|order| order.blanket);
        let blankets: BTreeSet<BlanketOrderId> = needs.blankets.iter().copied().chain(called_off).collect();
        book.orders = orders.into_iter().map(|order| (order.id, order)).collect();
        let blankets: Vec<BlanketOrderId> = blankets.into_iter().collect();
        let blankets = match reads {
            Source::Locked(work) => rows::lock_blankets(*work, &blankets).await?,
            Source::Committed(scope) => rows::blankets(*scope, &blankets).await?,
        };
        book.blankets = blankets.into_iter().map(|blanket| (blanket.id, blanket)).collect();
        Ok(())
    }

    async fn load_names(reads: &Source<'_>, needs: &PurchaseNeeds, book: &mut PurchaseBook) -> Result<(), Fault> {
        let references: Vec<&str> = needs.refs.iter().map(String::as_str).collect();
        book.taken_refs = rows::taken_refs(reads, &references).await?;
        let suppliers: Vec<SupplierId> = needs.suppliers.iter().copied().collect();
        let supplier_rows = rows::suppliers_by_id_or_code(reads, &suppliers, &[]).await?;
        book.archived = supplier_rows.into_iter().filter_map(|supplier| Some((supplier.id, supplier.archived_at?))).collect();
        let agreed_products: Vec<ProductId> = needs.agreed.iter().copied().collect();
        book.agreed = rows::product_facts(reads, &agreed_products).await?;
        Ok(())
    }

    /// Updates the blanket orders after each change of an order that calls off from one.
    fn follow(stock: &Book, books: &Books, decision: &mut Decision) -> Result<(), Rejection> {
        let Some(purchase_decision) = decision.documents.get_mut::<PurchaseDecision>() else { return Ok(()) };
        books.read(|book: &PurchaseBook| update_call_offs(stock, book, purchase_decision))
    }

    fn evolve(book: &mut PurchaseBook, decision: &PurchaseDecision) {
        book.evolve(decision);
    }

    fn facts(decision: &PurchaseDecision) -> usize {
        decision.events.len()
    }

    fn request_numbers(decision: &PurchaseDecision, request: CounterRequest) -> CounterRequest {
        let request =
            decision.orders.iter().fold(request, |request, order| order.number.request_numbers(Numbered::PurchaseOrder, request));
        let request = decision
            .returns
            .iter()
            .fold(request, |request, supplier_return| supplier_return.number.request_numbers(Numbered::SupplierReturn, request));
        decision.blankets.iter().fold(request, |request, blanket| blanket.number.request_numbers(Numbered::BlanketOrder, request))
    }

    fn number(decision: &mut PurchaseDecision, counter: &mut Counter) {
        decision.orders.iter_mut().for_each(|order| order.number.assign(Numbered::PurchaseOrder, counter));
        decision.returns.iter_mut().for_each(|supplier_return| supplier_return.number.assign(Numbered::SupplierReturn, counter));
        decision.blankets.iter_mut().for_each(|blanket| blanket.number.assign(Numbered::BlanketOrder, counter));
    }

    fn events(decision: &PurchaseDecision) -> Vec<NewEvent> {
        decision.events.iter().filter_map(|event| document_event(event, decision)).collect()
    }

    fn rows(tenant: TenantId, decisions: &[&PurchaseDecision], _now: Timestamp) -> Rows {
        let orders: BTreeMap<PurchaseOrderId, &PurchaseOrder> =
            decisions.iter().flat_map(|decision| &decision.orders).map(|order| (order.id, order)).collect();
        let orders: Vec<&PurchaseOrder> = orders.into_values().collect();
        let receipts: Vec<_> = decisions.iter().flat_map(|decision| &decision.receipts).collect();
        let discrepancies: Vec<_> = decisions.iter().flat_map(|decision| &decision.discrepancies).collect();
        let returns: Vec<_> = decisions.iter().flat_map(|decision| &decision.returns).collect();
        let taken_back: Vec<_> = decisions.iter().flat_map(|decision| &decision.taken_back).collect();
        let brought_back: Vec<_> = decisions.iter().flat_map(|decision| &decision.brought_back).collect();
        let blankets: BTreeMap<BlanketOrderId, &BlanketOrder> =
            decisions.iter().flat_map(|decision| &decision.blankets).map(|blanket| (blanket.id, blanket)).collect();
        let blankets: Vec<&BlanketOrder> = blankets.into_values().collect();
        let mut rest = Vec::new();
        if !blankets.is_empty() {
            rest.extend(rows::blanket_rows(tenant, &blankets));
        }
        rest.extend(rows::purchase_rows(tenant, &orders, &receipts, &discrepancies, &returns));
        if !taken_back.is_empty() || !brought_back.is_empty() {
            rest.extend(rows::reversed_line_rows(tenant, &taken_back, &brought_back));
        }
        Rows { rest, ..Rows::default() }
    }

    fn target(decision: &PurchaseDecision) -> Option<Target> {
        let created = decision.returns.first().map(|supplier_return| Target::of(supplier_return.id));
        let created = created.or_else(|| decision.orders.first().map(|order| Target::of(order.id)));
        created.or_else(|| decision.blankets.first().map(|blanket| Target::of(blanket.id)))
    }

    fn field_changes(decision: &PurchaseDecision) -> Vec<Value> {
        // A return to a supplier is named before its order.
        if decision.returns.is_empty() { purchase_changes(decision) } else { Vec::new() }
    }

    fn stored_part(decision: &PurchaseDecision) -> StoredPurchase {
        match decision.returns.first() {
            Some(ret) => StoredPurchase { supplier_return: Some(ret.id), ..StoredPurchase::default() },
            None => StoredPurchase {
                purchases: decision.orders.iter().map(|order| order.id).collect(),
                blanket_order: decision.blankets.first().filter(|_| decision.orders.is_empty()).map(|blanket| blanket.id),
                ..StoredPurchase::default()
            },
        }
    }
}

/// Returns the event of a fact about a document that the decision has.
fn document_event(fact: &DocumentEvent, decision: &PurchaseDecision) -> Option<NewEvent> {
    match *fact {
        DocumentEvent::Order { kind, order, before, stood } => {
            let order = decision.orders.iter().find(|candidate| candidate.id == order)?;
            let (status, version) = stood.unwrap_or((order.status(), order.version));
            Some(kind.event(&PurchaseOrderEvent {
                purchase_order: order.id,
                number: order.number.get(),
                status,
                supplier: order.supplier,
                store: order.store,
                version,
                before,
            }))
        }
        DocumentEvent::Blanket { kind, blanket, before } => {
            let blanket = decision.blankets.iter().find(|candidate| candidate.id == blanket)?;
            Some(kind.event(&BlanketOrderEvent {
                id: blanket.id,
                number: blanket.number.get(),
                status: blanket.status,
                supplier_id: blanket.supplier,
                version: blanket.version,
                before,
            }))
        }
        DocumentEvent::Return { kind, ret } => {
            let ret = decision.returns.iter().find(|candidate| candidate.id == ret)?;
            Some(kind.event(&SupplierReturnEvent {
                supplier_return: ret.id,
                number: ret.number.get(),
                supplier: ret.supplier,
                store: ret.store,
            }))
        }
    }
}
