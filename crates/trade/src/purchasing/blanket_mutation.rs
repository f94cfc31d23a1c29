//! Mutations of blanket orders.

use std::sync::Arc;

use async_graphql::Context;
use iam::access::kind;
use inventory::{
    ledger::Receipt,
    purchasing::{
        StoredPurchase,
        core::PurchaseDecision,
        events::{BLANKET_ORDER_ACTIVATED, BLANKET_ORDER_CLOSED, BLANKET_ORDER_CREATED, BLANKET_ORDER_UPDATED},
        rows, shell,
    },
};
use macros::resolvers;
use platform::storage::TenantScope;

use super::{
    blanket::BlanketOrder,
    blanket_inputs::{BlanketOrderActionInput, BlanketOrderCreateInput, BlanketOrderUpdateInput},
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    seen_payload, step,
    stock::{ReceiptPayload, missing_document},
};

seen_payload! {
    /// The blanket order as the change left it.
    BlanketOrderPayload(blanket: Option<BlanketOrder>) {
        /// The blanket order as it is after the change; null exactly when there are userErrors.
        async fn blanket_order(&self, ctx: &Context<'_>) -> Option<Answer<BlanketOrder>> {
            let blanket = self.blanket.clone()?;
            match ctx.permit::<kind::PurchaseRead>() {
                Ok(_) => Some(Ok(blanket)),
                Err(error) => Some(Err(error)),
            }
        }
    }
}

impl ReceiptPayload for BlanketOrderPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        let blanket = match receipt.stored.as_ref().map(|stored| stored.part::<StoredPurchase>().blanket_order) {
            None => receipt.documents.take().and_then(|mut decision: PurchaseDecision| decision.blankets.pop()),
            Some(id) => rows::blankets(scope, id.as_slice()).await?.pop(),
        };
        let blanket = blanket.map(Arc::new).map(BlanketOrder::with_loaded_lines);
        Ok(Some(blanket.ok_or_else(|| missing_document("blanket_order"))?))
    }
}

/// The root fields that change blanket orders.
#[derive(Default)]
pub struct BlanketMutation;

#[resolvers]
impl BlanketMutation {
    /// Writes a blanket order, in DRAFT: quantities and prices that are agreed with a supplier for a time. The permission must be held for all stores.
    #[mutation(permit = PurchaseWrite, emits(BLANKET_ORDER_CREATED), dry_run)]
    async fn blanket_order_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The blanket order.")] input: BlanketOrderCreateInput,
    ) -> Answer<BlanketOrderPayload> {
        step!(packs BlanketOrderPayload, ctx, permit, input, shell::blanket_order_create, dry_run)
    }

    /// Changes a DRAFT: its lines, days, reference and note. The permission must be held for all stores.
    #[mutation(permit = PurchaseWrite, emits(BLANKET_ORDER_UPDATED), dry_run)]
    async fn blanket_order_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Changes of the blanket order.")] input: BlanketOrderUpdateInput,
    ) -> Answer<BlanketOrderPayload> {
        step!(named packs BlanketOrderPayload, ctx, permit, input, shell::blanket_order_update, dry_run)
    }

    /// Puts a DRAFT in force: purchase orders can call off from it. Above the tenant's approval limit the caller must be another member than those
    /// who wrote it or changed its lines or days, and an API key cannot activate it. The permission must be held for all stores.
    #[mutation(permit = PurchaseApprove, emits(BLANKET_ORDER_ACTIVATED), dry_run)]
    async fn blanket_order_activate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Blanket order to activate.")] input: BlanketOrderActionInput,
    ) -> Answer<BlanketOrderPayload> {
        step!(named BlanketOrderPayload, ctx, permit, input, shell::blanket_order_activate, dry_run)
    }

    /// Closes a blanket order: nothing more is called off from it, and purchase orders that were go on. The permission must be held for all stores.
    #[mutation(permit = PurchaseWrite, emits(BLANKET_ORDER_CLOSED), dry_run)]
    async fn blanket_order_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Blanket order to close.")] input: BlanketOrderActionInput,
    ) -> Answer<BlanketOrderPayload> {
        step!(named BlanketOrderPayload, ctx, permit, input, shell::blanket_order_close, dry_run)
    }
}
