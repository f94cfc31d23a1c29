//! Payloads of mutations of payments: the facts as the receipt has them, or refusals.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::Context;
use entity::prelude::{ChannelId, OrderId, PaymentId, StoreId};
use iam::access::{Permit, kind};
use inventory::{
    ledger::{Receipt, StoredReceipt},
    orders::rows::places_of,
    payments::{
        StoredPayments,
        core::{PaymentDecision, PaymentFact},
        rows,
    },
};
use platform::storage::TenantScope;

use super::payment::Payment;
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    orders::{Order, order_after_dry_run},
    seen_payload,
    stock::{ReceiptPayload, missing_document},
};

seen_payload! {
    /// The payment that was recorded.
    PaymentPayload(facts: Option<Vec<RecordedPayment>>) {
        /// Payment that was recorded; null when there are userErrors.
        async fn payment(&self, ctx: &Context<'_>) -> Option<Answer<Payment>> {
            let facts = self.facts.as_deref()?;
            visible_payments(ctx, facts).map(|mut seen| seen.pop()).transpose()
        }
    }
}

seen_payload! {
    /// The payments that were recorded.
    PaymentsPayload(facts: Option<Vec<RecordedPayment>>) {
        /// Payments that were recorded, in the order of the input; null when there are userErrors.
        async fn payments(&self, ctx: &Context<'_>) -> Option<Answer<Vec<Payment>>> {
            let facts = self.facts.as_deref()?;
            Some(visible_payments(ctx, facts))
        }
    }
}

/// A payment that was recorded.
pub struct RecordedPayment {
    recorded: PaymentFact,
    /// The order of the payment after a dry run.
    dry_run_order: Option<Order>,
}

/// The payments of orders that the caller, who may record them, also may see.
fn visible_payments(ctx: &Context<'_>, facts: &[RecordedPayment]) -> Answer<Vec<Payment>> {
    let permit: Permit<kind::OrderRead> = ctx.permit()?;
    let visible_facts = facts.iter().filter(|fact| permit.covers_document(fact.recorded.store, fact.recorded.channel));
    Ok(visible_facts
        .map(|fact| Payment::new(Arc::new(fact.recorded.payment.clone())).of_order(fact.dry_run_order.clone()))
        .collect())
}

impl ReceiptPayload for PaymentPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        load_facts(scope, receipt).await.map(Some)
    }
}

impl ReceiptPayload for PaymentsPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        load_facts(scope, receipt).await.map(Some)
    }
}

/// The facts of a receipt, in the order of the input. A dry run has their orders, too.
async fn load_facts(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Vec<RecordedPayment>> {
    let ids: BTreeSet<OrderId> =
        receipt.documents.read(|decision: &PaymentDecision| decision.facts.iter().map(|fact| fact.payment.order).collect());
    let mut orders: HashMap<OrderId, Order> = HashMap::new();
    for id in ids {
        orders.extend(order_after_dry_run(scope, receipt, id).await?.map(|order| (id, order)));
    }
    let payments = load_recorded_payments(scope, receipt).await?;
    let fact = |recorded: PaymentFact| {
        let loaded_order = orders.get(&recorded.payment.order).cloned();
        RecordedPayment { recorded, dry_run_order: loaded_order }
    };
    Ok(payments.into_iter().map(fact).collect())
}

/// Payments of a receipt, in the order of the input.
async fn load_recorded_payments(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Vec<PaymentFact>> {
    let Some(stored) = receipt.stored.as_ref().map(StoredReceipt::part::<StoredPayments>) else {
        let decision: Option<PaymentDecision> = receipt.documents.take();
        return Ok(decision.ok_or_else(|| missing_document("payment"))?.facts);
    };
    let payments_by_id = rows::payments(scope, &stored.payments).await?;
    let orders: Vec<OrderId> = payments_by_id.iter().map(|payment| payment.order).collect();
    let places: HashMap<OrderId, (StoreId, ChannelId)> =
        places_of(scope, &orders).await?.into_iter().map(|(id, store, channel)| (id, (store, channel))).collect();
    let mut payments_by_id: HashMap<PaymentId, _> = payments_by_id.into_iter().map(|payment| (payment.id, payment)).collect();
    let fact = |id: &PaymentId| {
        let payment = payments_by_id.remove(id)?;
        let (store, channel) = *places.get(&payment.order)?;
        Some(PaymentFact { payment, store, channel })
    };
    let facts: Option<Vec<PaymentFact>> = stored.payments.iter().map(fact).collect();
    facts.ok_or_else(|| missing_document("payment"))
}
