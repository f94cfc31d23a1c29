//! Setting series that move demand from outside.

use async_graphql::Context;
use inventory::ledger::Ledger;
use macros::resolvers;
use services::forecasting::{
    events::{FACTOR_SERIES_REMOVED, FACTOR_SERIES_SET},
    shell,
};

use super::factors::{FactorSeriesPayload, FactorSeriesRemoveInput, FactorSeriesSetInput};
use crate::{
    graphql::{context::ContextExt, fault::Answer, reading::read},
    named,
};

/// The root fields that change what forecasts are made of.
#[derive(Default)]
pub struct ForecastMutation;

#[resolvers]
impl ForecastMutation {
    /// Sets a factor series: creates it, or replaces the one of the same code. The next run of forecasts reads it.
    #[mutation(permit = StockPolicy, emits(FACTOR_SERIES_SET), dry_run)]
    async fn factor_series_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Factor series.")] input: FactorSeriesSetInput,
    ) -> Answer<FactorSeriesPayload> {
        named!(ctx, input, FactorSeriesPayload, {
            let ledger = ctx.required_data::<Ledger>()?;
            let input = match read(|reader| input.read(reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            let outcome = Box::pin(shell::set_factor(ledger.database(), ledger.clock(), permit, input, dry_run)).await;
            FactorSeriesPayload::of(outcome)
        })
    }

    /// Removes a factor series. Forecasts are made without it from the next run on; those that are there stay.
    #[mutation(permit = StockPolicy, emits(FACTOR_SERIES_REMOVED), dry_run)]
    async fn factor_series_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Factor series.")] input: FactorSeriesRemoveInput,
    ) -> Answer<FactorSeriesPayload> {
        let ledger = ctx.required_data::<Ledger>()?;
        let outcome = Box::pin(shell::remove_factor(ledger.database(), ledger.clock(), permit, input.read(), dry_run)).await;
        FactorSeriesPayload::of(outcome)
    }
}
