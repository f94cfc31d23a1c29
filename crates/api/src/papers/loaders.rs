//! Invoices of many orders and papers of many invoices, read together. Loaders live as long as their request and keep nothing.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, dataloader::Loader};
use entity::prelude::*;
use iam::access::kind;
use platform::storage::Fault;
use services::papers::{core, rows};

use super::{Invoice, Paper};
use crate::graphql::{context::ContextExt, fault::Answer, immediate_loader::grouped};

crate::tenant_rows!(
    /// Reads the papers of one tenant.
    Rows
);

/// Invoices and credit notes of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InvoicesOfOrder(pub OrderId);

impl Loader<InvoicesOfOrder> for Rows {
    type Value = Arc<Vec<Arc<core::Invoice>>>;
    type Error = Fault;
    async fn load(&self, keys: &[InvoicesOfOrder]) -> Result<HashMap<InvoicesOfOrder, Arc<Vec<Arc<core::Invoice>>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::invoices_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|invoice| (InvoicesOfOrder(invoice.order), Arc::new(invoice)))))
    }
}

/// The paper of an invoice that was drawn last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PaperOf(pub InvoiceId);

impl Loader<PaperOf> for Rows {
    type Value = Arc<core::Paper>;
    type Error = Fault;
    async fn load(&self, keys: &[PaperOf]) -> Result<HashMap<PaperOf, Arc<core::Paper>>, Fault> {
        let ids: Vec<uuid::Uuid> = keys.iter().map(|key| key.0.uuid()).collect();
        let all = rows::latest_of(&self.0, &ids).await?;
        Ok(all.into_iter().map(|paper| (PaperOf(InvoiceId::from_uuid(paper.target.id)), Arc::new(paper))).collect())
    }
}

/// Invoices and credit notes of an order that the caller sees, the newest first. They belong to no channel.
pub async fn invoices_of_order(ctx: &Context<'_>, order: OrderId) -> Answer<Vec<Invoice>> {
    let permit = ctx.permit::<kind::OrderRead>()?;
    if permit.channel().is_some() {
        return Ok(Vec::new());
    }
    let all = load(ctx, InvoicesOfOrder(order)).await?.unwrap_or_default();
    Ok(all.iter().filter(|invoice| permit.covers(invoice.store)).cloned().map(Invoice).collect())
}

/// The paper of an invoice that was drawn last.
pub async fn paper_of(ctx: &Context<'_>, invoice: InvoiceId) -> Answer<Option<Paper>> {
    Ok(load(ctx, PaperOf(invoice)).await?.map(Paper))
}
