//! Simulation of a reorder policy over the past of a product in a store.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    blocking,
    storage::{Database, Fault, TenantScope},
};
use tokio::sync::Semaphore;

use super::leads::{leads_of, shelf_days_of};
use crate::forecasting::{
    core::{
        ActualStock, DayFacts, History, PolicyComparison, ReorderPolicy, SimulatedRule, SimulationRefusal, UnitCost, service_of,
        simulate_policy,
    },
    rows,
};

/// Maximum weeks of demand that are read.
pub(super) const MAX_WEEKS: i32 = 104;
/// Maximum other products of the store whose errors are pooled with the product's own: they bound
/// the time of a response.
pub(super) const MAX_POOLED: usize = 100;

/// Maximum concurrent simulations on a node. One takes up to some seconds of a processor, and
/// cannot be cancelled: an operation that is cut off or given up leaves it running, so that a few
/// operations could take all processors.
const MAX_AT_ONCE: usize = 2;
static SIMULATION_SLOTS: Semaphore = Semaphore::const_new(MAX_AT_ONCE);
/// The second thread, for one simulation at a time.
static SECOND: Semaphore = Semaphore::const_new(1);

/// Error of a simulation.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("no such product")]
    NoProduct,
    #[error("no such store")]
    NoStore,
}

/// A simulated policy, with the actual stock of the same weeks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimulatedPolicy {
    pub compared: PolicyComparison,
    /// Actual stock of the same weeks; `None` if no stock was kept in them.
    pub actual: Option<ActualStock>,
    /// Current cost of the product.
    pub cost: Option<UnitCost>,
}

/// Result of a policy's simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Simulation {
    /// The promised service level; `None` for a rule without one.
    pub promised: Option<f64>,
    pub found: Result<SimulatedPolicy, SimulationRefusal>,
}

/// Simulates a policy over the weeks before the newest run of forecasts, between two days if they
/// are given. The caller checks that the permit covers the store.
pub async fn simulate(
    permit: &Permit<kind::ReportRead>,
    db: &Database,
    (product, store): (ProductId, StoreId),
    mut policy: ReorderPolicy,
    range: (Option<i32>, Option<i32>),
) -> Result<Simulation, SimulationError> {
    let scope = permit.scope(db).long();
    match rows::exist_product_and_store(&scope, product, store).await? {
        (_, false) => return Err(SimulationError::NoStore),
        (false, _) => return Err(SimulationError::NoProduct),
        (true, true) => {}
    }
    let first_week = rows::last_run(&scope).await?.map(|run| run.first_week);
    if matches!(policy.rule, SimulatedRule::Service { .. }) {
        policy.service = class_service(&scope, first_week, (product, store)).await?;
    }
    let found = match first_week {
        Some(first_week) => Box::pin(simulate_level(&scope, first_week, (product, store), policy, range)).await?,
        None => Err(SimulationRefusal::NoDemand),
    };
    Ok(Simulation { promised: policy.promised_service(), found })
}

/// The service level of the product's class in the run.
async fn class_service(
    scope: &TenantScope,
    first_week: Option<i32>,
    (product, store): (ProductId, StoreId),
) -> Result<f64, Fault> {
    let Some(first_week) = first_week else { return Ok(service_of(None)) };
    let stored = rows::series_of_products(scope, first_week, &[product]).await?;
    Ok(service_of(stored.iter().find(|series| series.store == store).and_then(|series| series.body.classes)))
}

async fn simulate_level(
    scope: &TenantScope,
    first_week: i32,
    (product, store): (ProductId, StoreId),
    policy: ReorderPolicy,
    range: (Option<i32>, Option<i32>),
) -> Result<Result<SimulatedPolicy, SimulationRefusal>, Fault> {
    let products = rows::products_of_run(scope, first_week, store).await?;
    if !products.contains(&product) {
        return Ok(Err(SimulationRefusal::NoDemand));
    }
    let pooled = select_pool(product, &products);
    let known_days = (first_week - 7 * MAX_WEEKS, first_week);
    let facts = rows::store_facts(scope, &pooled, store, known_days).await?;
    let level_facts = facts.get(&(product, store)).cloned().unwrap_or_default();
    let units = rows::demand_days(scope, &[product], store, known_days).await?.remove(&product).unwrap_or_default();
    let measured_to = policy.lead_days.is_none().then_some(first_week);
    let lead = leads_of(scope, &[product], measured_to).await?.remove(&product).unwrap_or_default();
    let shelf_days = shelf_days_of(scope, &[product], first_week).await?.remove(&product);
    let day_facts = DayFacts { units, spans: level_facts.sellable_spans().into_owned(), lead, shelf_days };
    let mut history = History::of(&facts, first_week);
    let Some(index) = history.series.iter().position(|series| series.product == product) else {
        return Ok(Err(SimulationRefusal::NoDemand));
    };
    history.series.swap(0, index);
    let comparison = match run_in_slot(move || simulate_policy(&history, &day_facts, &policy, range)).await? {
        Ok(comparison) => comparison,
        Err(reason) => return Ok(Err(reason)),
    };
    let days = rows::level_days(scope, product, store, comparison.own.weeks.1).await?;
    let actual = ActualStock::of(comparison.own.weeks, &level_facts.spans, &days);
    Ok(Ok(SimulatedPolicy { compared: comparison, actual, cost: rows::unit_cost(scope, product).await? }))
}

/// Runs a simulation on a blocking thread, once fewer than [`MAX_AT_ONCE`] are running; the
/// operation's deadline bounds the wait.
pub(super) async fn run_in_slot<T: Send + 'static>(play: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let slot = SIMULATION_SLOTS.acquire().await.map_err(|_| Fault::ShuttingDown)?;
    blocking::run("a simulation", move || {
        // Held to the end, also if the caller has disconnected.
        let _slot = slot;
        play()
    })
    .await
}

/// Runs a simulation with two threads, or one while another simulation has the second.
pub(super) fn run_with_threads<T>(play: impl FnOnce(usize) -> T) -> T {
    let second = SECOND.try_acquire();
    play(if second.is_ok() { 2 } else { 1 })
}

/// Returns the product, and evenly spaced other ones.
fn select_pool(product: ProductId, products: &[ProductId]) -> Vec<ProductId> {
    let other_products: Vec<ProductId> = products.iter().copied().filter(|one| *one != product).collect();
    let step = other_products.len().div_ceil(MAX_POOLED).max(1);
    std::iter::once(product).chain(other_products.into_iter().step_by(step)).collect()
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc::channel, time::Duration};

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_simulation_waits_for_its_turn_and_keeps_it_until_it_ends() {
        let mut ends = Vec::new();
        for _ in 0..MAX_AT_ONCE {
            let (end, ended) = channel::<()>();
            ends.push(end);
            let given_up = timeout(Duration::from_millis(20), run_in_slot(move || ended.recv().is_ok())).await;
            assert!(given_up.is_err(), "it has not ended");
        }
        assert!(
            timeout(Duration::from_millis(20), run_in_slot(|| 7)).await.is_err(),
            "those that were given up are still played"
        );
        drop(ends);
        assert_eq!(run_in_slot(|| 7).await.unwrap(), 7);
    }

    #[test]
    fn one_play_at_a_time_has_a_second_thread() {
        assert_eq!(run_with_threads(|threads| (threads, run_with_threads(|others| others))), (2, 1));
        assert_eq!(run_with_threads(|threads| threads), 2, "it was given back");
    }
}
