//! Payloads of mutations of purchasing.

use std::sync::Arc;

use async_graphql::{Context, SimpleObject};
use entity::prelude::PurchaseOrderId;
use iam::access::{Permit, kind};
use inventory::{
    ledger::Receipt,
    purchasing::{
        StoredPurchase,
        core::{self, PurchaseDecision},
        rows,
    },
};
use platform::storage::{Fault, TenantScope};

use super::{
    order::{PurchaseOrder, PurchaseOrderDryRun},
    returns::SupplierReturn,
    supply::SupplierProduct,
};
use crate::{
    catalog::UpsertOutcome,
    graphql::{context::ContextExt, fault::Answer, payload::SeenPayload, refusal::UserError, scalars::Long},
    seen_payload,
    stock::{ReceiptPayload, StockLevel, lost},
};

/// Returns those of the orders that the caller sees.
fn seen(ctx: &Context<'_>, orders: &[PurchaseOrder]) -> Answer<Vec<PurchaseOrder>> {
    let permit: Permit<kind::PurchaseRead> = ctx.permit()?;
    Ok(orders.iter().filter(|order| permit.covers(order.row().store)).cloned().collect())
}

seen_payload! {
    /// The document as the change left it.
    PurchaseOrderPayload(order: Option<PurchaseOrder>) {
        /// The order as it is after the change; null exactly when there are userErrors, or when you may not see orders of its store.
        async fn purchase_order(&self, ctx: &Context<'_>) -> Option<Answer<PurchaseOrder>> {
            let order = self.order.clone()?;
            match seen(ctx, &[order]) {
                Ok(mut orders) => orders.pop().map(Ok),
                Err(denied) => Some(Err(denied)),
            }
        }
    }
}

seen_payload! {
    /// The document as the change left it.
    PurchaseOrdersCreateFromSuggestionsPayload(orders: Vec<PurchaseOrder>) {
        /// The drafts, one for each supplier, store and currency, in the order of the input's lines; empty when there are userErrors.
        async fn purchase_orders(&self, ctx: &Context<'_>) -> Answer<Vec<PurchaseOrder>> {
            if self.orders.is_empty() { Ok(Vec::new()) } else { seen(ctx, &self.orders) }
        }
    }
}

seen_payload! {
    /// The document as the change left it.
    SupplierReturnPayload(ret: Option<SupplierReturn>) {
        /// The return as it was written; null exactly when there are userErrors, or when you may not see returns of its store.
        async fn supplier_return(&self, ctx: &Context<'_>) -> Option<Answer<SupplierReturn>> {
            let ret = self.ret.clone()?;
            match ctx.permit::<kind::PurchaseRead>().map(|permit| permit.covers(ret.row().store)) {
                Ok(true) => Some(Ok(ret)),
                Ok(false) => None,
                Err(denied) => Some(Err(denied)),
            }
        }
    }
}

seen_payload! {
    /// The document as the change left it.
    ReorderPolicyPayload(levels: Vec<StockLevel>) {
        /// The levels as they are now, or with validateOnly as they would be, in the order of the input; empty when there are userErrors.
        async fn levels(&self, ctx: &Context<'_>) -> Answer<Vec<StockLevel>> {
            let mut all = Vec::with_capacity(self.levels.len());
            for level in &self.levels {
                if ctx.permit::<kind::StockRead>()?.covers(level.0.key.store) {
                    all.push(level.clone());
                }
            }
            Ok(all)
        }
    }
}

/// Result of one row of a supplier catalogue upsert.
#[derive(SimpleObject)]
pub struct SupplierProductUpsertRow {
    /// Position in the input, from 0.
    pub index: i32,
    /// Outcome of the row.
    pub outcome: UpsertOutcome,
    /// The row as it is now; null when it was refused.
    pub supplier_product: Option<SupplierProduct>,
    /// Reasons for which the row was refused; empty when it was not.
    pub user_errors: Vec<UserError>,
}

crate::payload!(SupplierProductPayload, supplier_product: SupplierProduct, "row of a supplier's catalogue");

/// The answer of supplierProductBulkUpsert, row by row.
#[derive(SimpleObject)]
pub struct SupplierProductBulkUpsertPayload {
    /// The rows in the order of the input; empty when the whole call was refused.
    pub rows: Vec<SupplierProductUpsertRow>,
    /// Reasons for which the whole call was refused; empty when it was not. Refused rows have their own.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

/// The orders of a receipt: a fresh receipt contains them, a stored one names them, and they are
/// read in their current state.
async fn orders_of(scope: &TenantScope, receipt: &mut Receipt) -> Result<Vec<PurchaseOrder>, Fault> {
    let orders = match &receipt.stored {
        None => {
            let mut of: PurchaseDecision = receipt.documents.take().unwrap_or_default();
            let orders = std::mem::take(&mut of.orders);
            let is_tried = receipt.seq.is_none();
            let order = |order: core::PurchaseOrder| {
                let tried = is_tried.then(|| tried(&of, order.id));
                PurchaseOrder::whole(Arc::new(order)).with_dry_run(tried)
            };
            return Ok(orders.into_iter().map(order).collect());
        }
        Some(stored) => {
            let named = stored.part::<StoredPurchase>().purchases;
            let mut found = rows::orders(scope, &named).await?;
            found.sort_by_key(|order| named.iter().position(|id| *id == order.id));
            found
        }
    };
    Ok(orders.into_iter().map(Arc::new).map(PurchaseOrder::whole).collect())
}

/// Returns the receipts and discrepancies that a dry run would add to an order.
fn tried(decision: &PurchaseDecision, id: PurchaseOrderId) -> PurchaseOrderDryRun {
    PurchaseOrderDryRun {
        receipts: decision.receipts.iter().filter(|receipt| receipt.order == id).cloned().collect(),
        discrepancies: decision.discrepancies.iter().filter(|one| one.order == id).cloned().collect(),
    }
}

impl ReceiptPayload for PurchaseOrderPayload {
    async fn shown(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Shown> {
        let order = orders_of(scope, receipt).await?.pop();
        Ok(Some(order.ok_or_else(|| lost("purchase_order"))?))
    }
}

impl PurchaseOrderPayload {
    /// An order that was not changed.
    pub(super) fn unchanged(order: core::PurchaseOrder, replayed: bool) -> Self {
        Self::with(Some(PurchaseOrder::whole(Arc::new(order))), replayed, None)
    }
}

impl ReceiptPayload for PurchaseOrdersCreateFromSuggestionsPayload {
    async fn shown(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Shown> {
        Ok(orders_of(scope, receipt).await?)
    }
}

impl ReceiptPayload for SupplierReturnPayload {
    async fn shown(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Shown> {
        let ret = match receipt.stored.as_ref().map(|stored| stored.part::<StoredPurchase>().supplier_return) {
            None => receipt.documents.take().and_then(|mut of: PurchaseDecision| of.returns.pop()).map(SupplierReturn::whole),
            Some(id) => rows::returns(scope, id.as_slice()).await?.pop().map(Arc::new).map(SupplierReturn::head),
        };
        Ok(Some(ret.ok_or_else(|| lost("supplier_return"))?))
    }
}
