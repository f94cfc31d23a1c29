//! Orders after a dry run: objects below them carry the rows that it would add.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::{OrderId, OrderLineId};
use inventory::{
    ledger::Receipt,
    orders::core::{self, OrderDecision},
};
use platform::storage::TenantScope;

use super::{
    dry_run::{OrderDryRun, held_stock_after_dry_run},
    line::OrderLine,
    order::Order,
    visibility::may_see_order,
};
use crate::{fulfilment::FulfilmentWork, graphql::fault::Answer};

impl Order {
    /// The order itself, if it is a dry run's: objects below it carry it.
    fn if_dry_run(&self) -> Option<Self> {
        self.dry_run_rows().is_some().then(|| self.clone())
    }
    /// The order's line at an index.
    pub(super) fn line_at(&self, order: Arc<core::Order>, index: usize) -> OrderLine {
        OrderLine::new(order, index, self.foreseen.clone()).of_order(self.if_dry_run())
    }
    /// The order's line with an ID. None if there is no such line, or the lines are not read.
    pub(crate) fn line(&self, id: OrderLineId) -> Option<OrderLine> {
        let index = OrderLine::place_of(self.row(), id)?;
        Some(self.line_at(self.shared_row(), index))
    }
    /// The order's works, with the order after the dry run.
    pub(super) fn works_after_dry_run(&self, works: Vec<FulfilmentWork>) -> Vec<FulfilmentWork> {
        match self.if_dry_run() {
            None => works,
            dry_run => works.into_iter().map(|work| work.of_order(dry_run.clone())).collect(),
        }
    }
}

/// An order after a dry run of a command on another document; None if the command does not change
/// it, or was written.
pub async fn order_after_dry_run(scope: &TenantScope, receipt: &Receipt, id: OrderId) -> Answer<Option<Order>> {
    let decision: Option<&OrderDecision> = receipt.documents.get();
    let Some(decision) = decision.filter(|_| receipt.seq.is_none()) else { return Ok(None) };
    let Some(order) = decision.orders.iter().find(|order| order.id == id) else { return Ok(None) };
    let dry_run = OrderDryRun::of(order, decision, receipt.documents.get());
    // Without a change of reservations, the held stock is the current one.
    let held_stock = match receipt.reservations.as_slice() {
        [] => None,
        changed => Some(Arc::new(held_stock_after_dry_run(scope, changed, id).await?)),
    };
    Ok(Some(Order::from_dry_run(Arc::new(order.clone()), held_stock).with_dry_run(Some(dry_run))))
}

/// The order that a dry run carries, if the caller sees it.
pub fn visible_dry_run_order(ctx: &Context<'_>, order: &Order) -> Option<Answer<Order>> {
    may_see_order(ctx, order).map(|is_visible| is_visible.then(|| order.clone())).transpose()
}
