//! What documents and entries cost, asked for together.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::{Context, dataloader::Loader};
use entity::prelude::*;
use inventory::costing::{
    core::{Revaluation, Values},
    rows, shell,
};
use platform::storage::{Fault, dry_run};

use super::revaluation::StockRevaluation;
use crate::graphql::{fault::Answer, immediate_loader::grouped};

crate::tenant_rows!(
    /// Reads the costs of one tenant.
    Costs
);

/// What an order's goods took with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SoldFor(OrderId);

impl Loader<SoldFor> for Costs {
    type Value = Money;
    type Error = Fault;
    async fn load(&self, keys: &[SoldFor]) -> Result<HashMap<SoldFor, Money>, Fault> {
        let how = shell::begin(&self.0, None).await?;
        if !how.progress.is_current() {
            return Ok(HashMap::new());
        }
        let mut costs: HashMap<SoldFor, Money> = keys.iter().map(|key| (*key, Money::new(0, how.currency))).collect();
        for ((order, _), sums) in rows::sold(&self.0, keys.iter().map(|key| key.0).collect()).await? {
            if let Some(cost) = costs.get_mut(&SoldFor(OrderId::from_uuid(order))) {
                cost.minor -= sums.values.by(how.method);
            }
        }
        Ok(costs)
    }
}

/// An entry's event and line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Booked(i64, u16);

impl Loader<Booked> for Costs {
    type Value = Money;
    type Error = Fault;
    async fn load(&self, keys: &[Booked]) -> Result<HashMap<Booked, Money>, Fault> {
        let how = shell::begin(&self.0, None).await?;
        let seqs: BTreeSet<i64> = keys.iter().map(|key| key.0).collect();
        let found = rows::entries_cost(&self.0, &seqs.into_iter().collect::<Vec<_>>()).await?;
        let value = |key: &Booked| {
            let booked = found.get(&(key.0, key.1)).copied();
            // What moved no units changed no worth.
            let values = booked.or(how.progress.is_current().then(Values::default));
            values.map(|values| (*key, Money::new(values.by(how.method), how.currency)))
        };
        Ok(keys.iter().filter_map(value).collect())
    }
}

/// The revaluation that undoes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UndoneBy(RevaluationId);

impl Loader<UndoneBy> for Costs {
    type Value = Arc<Revaluation>;
    type Error = Fault;
    async fn load(&self, keys: &[UndoneBy]) -> Result<HashMap<UndoneBy, Arc<Revaluation>>, Fault> {
        let ids: Vec<RevaluationId> = keys.iter().map(|key| key.0).collect();
        let found = rows::revaluations_undoing(&self.0, &ids).await?;
        Ok(found.into_iter().filter_map(|one| Some((UndoneBy(one.reverses?), Arc::new(one)))).collect())
    }
}

/// The revaluation that undoes one; None while none does.
pub async fn undone_by(ctx: &Context<'_>, id: RevaluationId) -> Answer<Option<Arc<Revaluation>>> {
    load(ctx, UndoneBy(id)).await
}

/// The charges that were added to a purchase order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChargesOf(PurchaseOrderId);

impl Loader<ChargesOf> for Costs {
    type Value = Arc<Vec<StockRevaluation>>;
    type Error = Fault;
    async fn load(&self, keys: &[ChargesOf]) -> Result<HashMap<ChargesOf, Arc<Vec<StockRevaluation>>>, Fault> {
        let how = rows::method(&self.0).await?;
        let ids: Vec<PurchaseOrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::charges_of_orders(&self.0, &ids).await?;
        let one = |row: Revaluation| {
            let order = row.charge.as_ref()?.order;
            Some((ChargesOf(order), StockRevaluation { row: Arc::new(row), how, foreseen: None }))
        };
        Ok(grouped(keys, all.into_iter().filter_map(one)))
    }
}

/// The charges that were added to a purchase order after its goods had come, the oldest first.
pub async fn charges_of_order(ctx: &Context<'_>, order: PurchaseOrderId) -> Answer<Vec<StockRevaluation>> {
    Ok(load(ctx, ChargesOf(order)).await?.map(|all| all.to_vec()).unwrap_or_default())
}

/// What has left for an order took so much with it; None until the books have come there, and in a dry run: books follow movements that are committed.
pub async fn order_cost(ctx: &Context<'_>, order: OrderId) -> Answer<Option<Money>> {
    if dry_run::is_on() {
        return Ok(None);
    }
    load(ctx, SoldFor(order)).await
}

/// By how much an entry changed what stock is worth; None until the books have come there, or in a dry run.
pub async fn entry_cost(ctx: &Context<'_>, seq: i64, line: u16) -> Answer<Option<Money>> {
    if seq == 0 {
        return Ok(None);
    }
    load(ctx, Booked(seq, line)).await
}
