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
    graphql::{context::ContextExt, fault::Answer, payload::DocumentPayload, refusal::UserError, scalars::Long},
    seen_payload,
    stock::{ReceiptPayload, StockLevel, missing_document},
};

/// Returns those of the orders that the caller sees.
fn visible_orders(ctx: &Context<'_>, orders: &[PurchaseOrder]) -> Answer<Vec<PurchaseOrder>> {
    let permit: Permit<kind::PurchaseRead> = ctx.permit()?;
    Ok(orders.iter().filter(|order| permit.covers(order.row().store)).cloned().collect())
}

seen_payload! {
    /// The document as the change left it.
    PurchaseOrderPayload(order: Option<PurchaseOrder>) {
        /// The order as it is after the change; null exactly when there are userErrors, or when you may not see orders of its store.
        async fn purchase_order(&self, ctx: &Context<'_>) -> Option<Answer<PurchaseOrder>> {
            let order = self.order.clone()?;
            match visible_orders(ctx, &[order]) {
                Ok(mut orders) => orders.pop().map(Ok),
                Err(error) => Some(Err(error)),
            }
        }
    }
}

seen_payload! {
    /// The document as the change left it.
    PurchaseOrdersCreateFromSuggestionsPayload(orders: Vec<PurchaseOrder>) {
        /// The drafts, one for each supplier, store and currency, in the order of the input's lines; empty when there are userErrors.
        async fn purchase_orders(&self, ctx: &Context<'_>) -> Answer<Vec<PurchaseOrder>> {
            if self.orders.is_empty() { Ok(Vec::new()) } else { visible_orders(ctx, &self.orders) }
        }
    }
}

seen_payload! {
    /// The document as the change left it.
    SupplierReturnPayload(ret: Option<SupplierReturn>) {
        /// The return as it was written; null exactly when there are userErrors, or when you may not see returns of its store.
        async fn supplier_return(&self, ctx: &Context<'_>) -> Option<Answer<SupplierReturn>> {
            let loaded_return = self.ret.clone()?;
            match ctx.permit::<kind::PurchaseRead>().map(|permit| permit.covers(loaded_return.row().store)) {
                Ok(true) => Some(Ok(loaded_return)),
                Ok(false) => None,
                Err(error) => Some(Err(error)),
            }
        }
    }
}

seen_payload! {
    /// The document as the change left it.
    ReorderPolicyPayload(levels: Vec<StockLevel>) {
        /// The levels as they are now, or with validateOnly as they would be, in the order of the input; empty when there are userErrors.
        async fn levels(&self, ctx: &Context<'_>) -> Answer<Vec<StockLevel>> {
            let mut visible_levels = Vec::with_capacity(self.levels.len());
            for level in &self.levels {
                if ctx.permit::<kind::StockRead>()?.covers(level.0.key.store) {
                    visible_levels.push(level.clone());
                }
            }
            Ok(visible_levels)
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
            let mut decision: PurchaseDecision = receipt.documents.take().unwrap_or_default();
            let orders = std::mem::take(&mut decision.orders);
            let is_dry_run = receipt.seq.is_none();
            let order = |order: core::PurchaseOrder| {
                let dry_run = is_dry_run.then(|| dry_run_additions(&decision, order.id));
                PurchaseOrder::with_loaded_lines(Arc::new(order)).with_dry_run(dry_run)
            };
            return Ok(orders.into_iter().map(order).collect());
        }
        Some(stored) => {
            let order_ids = stored.part::<StoredPurchase>().purchases;
            let mut sorted_orders = rows::orders(scope, &order_ids).await?;
            sorted_orders.sort_by_key(|order| order_ids.iter().position(|id| *id == order.id));
            sorted_orders
        }
    };
    Ok(orders.into_iter().map(Arc::new).map(PurchaseOrder::with_loaded_lines).collect())
}

/// Returns the receipts and discrepancies that a dry run would add to an order.
fn dry_run_additions(decision: &PurchaseDecision, id: PurchaseOrderId) -> PurchaseOrderDryRun {
    PurchaseOrderDryRun {
        receipts: decision.receipts.iter().filter(|receipt| receipt.order == id).cloned().collect(),
        discrepancies: decision.discrepancies.iter().filter(|discrepancy| discrepancy.order == id).cloned().collect(),
    }
}

impl ReceiptPayload for PurchaseOrderPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        let order = orders_of(scope, receipt).await?.pop();
        Ok(Some(order.ok_or_else(|| missing_document("purchase_order"))?))
    }
}

impl PurchaseOrderPayload {
    /// An order that was not changed.
    pub(super) fn unchanged(order: core::PurchaseOrder, replayed: bool) -> Self {
        Self::with(Some(PurchaseOrder::with_loaded_lines(Arc::new(order))), replayed, None)
    }
}

impl ReceiptPayload for PurchaseOrdersCreateFromSuggestionsPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        Ok(orders_of(scope, receipt).await?)
    }
}

impl ReceiptPayload for SupplierReturnPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        let loaded_return = match receipt.stored.as_ref().map(|stored| stored.part::<StoredPurchase>().supplier_return) {
            None => receipt
                .documents
                .take()
                .and_then(|mut decision: PurchaseDecision| decision.returns.pop())
                .map(SupplierReturn::with_loaded_lines),
            Some(id) => rows::returns(scope, id.as_slice()).await?.pop().map(Arc::new).map(SupplierReturn::head),
        };
        Ok(Some(loaded_return.ok_or_else(|| missing_document("supplier_return"))?))
    }
}
