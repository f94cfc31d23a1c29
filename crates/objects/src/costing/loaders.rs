//! Loaders of the costs of documents and entries, in batches.

pub mod charges;

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

use crate::graphql::fault::Answer;

crate::tenant_rows!(
    /// Reads the costs of one tenant.
    Costs
);

/// Key of the cost of the goods of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderCostKey(OrderId);

impl Loader<OrderCostKey> for Costs {
    type Value = Money;
    type Error = Fault;
    async fn load(&self, keys: &[OrderCostKey]) -> Result<HashMap<OrderCostKey, Money>, Fault> {
        let costing = shell::prepare_costing(&self.0, None).await?;
        if !costing.progress.is_current() {
            return Ok(HashMap::new());
        }
        let mut costs: HashMap<OrderCostKey, Money> = keys.iter().map(|key| (*key, Money::new(0, costing.currency))).collect();
        for ((order, _), sums) in rows::load_sale_sums(&self.0, keys.iter().map(|key| key.0).collect()).await? {
            if let Some(cost) = costs.get_mut(&OrderCostKey(OrderId::from_uuid(order))) {
                cost.minor -= sums.values.by(costing.method);
            }
        }
        Ok(costs)
    }
}

/// An entry's event and line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntryCostKey(i64, u16);

impl Loader<EntryCostKey> for Costs {
    type Value = Money;
    type Error = Fault;
    async fn load(&self, keys: &[EntryCostKey]) -> Result<HashMap<EntryCostKey, Money>, Fault> {
        let costing = shell::prepare_costing(&self.0, None).await?;
        let seqs: BTreeSet<i64> = keys.iter().map(|key| key.0).collect();
        let values_by_entry = rows::load_entry_values(&self.0, &seqs.into_iter().collect::<Vec<_>>()).await?;
        let value = |key: &EntryCostKey| {
            let booked_values = values_by_entry.get(&(key.0, key.1)).copied();
            // An entry that moved no units changed no value.
            let values = booked_values.or(costing.progress.is_current().then(Values::default));
            values.map(|values| (*key, Money::new(values.by(costing.method), costing.currency)))
        };
        Ok(keys.iter().filter_map(value).collect())
    }
}

/// The revaluation that undoes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RevaluationReversalKey(RevaluationId);

impl Loader<RevaluationReversalKey> for Costs {
    type Value = Arc<Revaluation>;
    type Error = Fault;
    async fn load(&self, keys: &[RevaluationReversalKey]) -> Result<HashMap<RevaluationReversalKey, Arc<Revaluation>>, Fault> {
        let ids: Vec<RevaluationId> = keys.iter().map(|key| key.0).collect();
        let reversals = rows::reversals_of_revaluations(&self.0, &ids).await?;
        Ok(reversals
            .into_iter()
            .filter_map(|reversal| Some((RevaluationReversalKey(reversal.reverses?), Arc::new(reversal))))
            .collect())
    }
}

/// The revaluation that undoes one; None while none does.
pub async fn find_reversal_of(ctx: &Context<'_>, id: RevaluationId) -> Answer<Option<Arc<Revaluation>>> {
    load(ctx, RevaluationReversalKey(id)).await
}

/// Returns the cost of the goods that have left for an order; None until costing has caught up with
/// the journal, and in a dry run: costing follows committed movements only.
pub async fn order_cost(ctx: &Context<'_>, order: OrderId) -> Answer<Option<Money>> {
    if dry_run::is_on() {
        return Ok(None);
    }
    load(ctx, OrderCostKey(order)).await
}

/// The change of the stock's value by an entry; None until it has been posted, or in a dry run.
pub async fn entry_cost(ctx: &Context<'_>, seq: i64, line: u16) -> Answer<Option<Money>> {
    if seq == 0 {
        return Ok(None);
    }
    load(ctx, EntryCostKey(seq, line)).await
}
