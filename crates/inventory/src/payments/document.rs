//! Payments as documents of the ledger. A payment is decided on its order and changes it, and lifts
//! holds that waited for it: payments are a separate part of their command's decision.

use std::collections::HashMap;

use async_trait::async_trait;
use entity::prelude::*;
use platform::{
    audit::Target,
    storage::{
        Fault,
        journal::{Counter, CounterRequest, NewEvent},
    },
};
use serde::{Deserialize, Serialize};

use super::{
    core::{PaymentBook, PaymentDecision, PaymentNeeds},
    events::payment_event,
    rows,
};
use crate::ledger::{Document, DocumentPhase, Rows, Source};

/// Payments as a kind of document.
pub struct Payments;

/// Part of a receipt about payments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPayments {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<PaymentId>,
}

#[async_trait]
impl Document for Payments {
    type Needs = PaymentNeeds;
    type Book = PaymentBook;
    type Decision = PaymentDecision;
    type Memory = ();
    type Stored = StoredPayments;

    const LOCK_PHASE: DocumentPhase = DocumentPhase::BeforeLots;
    const NUMBER_PHASE: DocumentPhase = DocumentPhase::First;

    fn needs_locks(needs: &PaymentNeeds) -> bool {
        needs.needs_locks()
    }

    /// Loads payments without locks: they never change, and their orders are locked before them.
    async fn load(reads: &Source<'_>, needs: &PaymentNeeds, book: &mut PaymentBook) -> Result<(), Fault> {
        let orders: Vec<OrderId> = needs.orders.iter().copied().collect();
        book.of_orders = HashMap::with_capacity(orders.len());
        for payment in rows::payments_of(reads, &orders).await? {
            book.of_orders.entry(payment.order).or_default().push(payment);
        }
        let returns: Vec<ReturnId> = needs.returns.iter().copied().collect();
        book.refunded = rows::load_refunded(reads, &returns).await?;
        Ok(())
    }

    async fn load_names(reads: &Source<'_>, needs: &PaymentNeeds, book: &mut PaymentBook) -> Result<(), Fault> {
        book.ids_by_reference = rows::load_ids_by_reference(reads, &needs.references).await?;
        Ok(())
    }

    fn evolve(book: &mut PaymentBook, decision: &PaymentDecision) {
        decision.facts.iter().for_each(|fact| book.add(&fact.payment));
    }

    fn facts(decision: &PaymentDecision) -> usize {
        decision.facts.len()
    }

    fn request_numbers(_decision: &PaymentDecision, request: CounterRequest) -> CounterRequest {
        request
    }

    fn number(_decision: &mut PaymentDecision, _counter: &mut Counter) {}

    fn events(decision: &PaymentDecision) -> Vec<NewEvent> {
        decision.facts.iter().map(payment_event).collect()
    }

    fn rows(tenant: TenantId, decisions: &[&PaymentDecision], _now: Timestamp) -> Rows {
        let facts = decisions.iter().flat_map(|decision| &decision.facts);
        Rows { rest: vec![rows::payment_rows(tenant, facts.map(|fact| &fact.payment))], ..Rows::default() }
    }

    fn target(decision: &PaymentDecision) -> Option<Target> {
        decision.facts.first().filter(|_| !decision.with_document).map(|fact| Target::of(fact.payment.id))
    }

    fn stored_part(decision: &PaymentDecision) -> StoredPayments {
        // Payments that were created with an order or a return are found through it.
        let facts = decision.facts.iter().filter(|_| !decision.with_document);
        StoredPayments { payments: facts.map(|fact| fact.payment.id).collect() }
    }
}
