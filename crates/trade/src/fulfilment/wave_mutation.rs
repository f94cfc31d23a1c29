//! Mutations of waves. Each step is that of the wave's works, and needs the same permission in
//! their store.

use async_graphql::Context;
use inventory::{
    fulfilment::{
        events::{FULFILMENT_SHIPPED, WAVE_CLOSED, WAVE_CREATED, WORK_CHANGED, WORK_CREATED, WORK_REJECTED},
        shell,
    },
    orders::events::{ORDER_FULFILLED, ORDER_UPDATED},
    stock::events::STOCK_CHANGED,
};
use macros::resolvers;
use platform::path;

use super::{
    wave_inputs::{
        FulfilmentWaveCloseInput, FulfilmentWaveCreateInput, FulfilmentWavePackInput, FulfilmentWavePickInput,
        FulfilmentWaveReadyInput, FulfilmentWaveShipInput,
    },
    wave_payload::{FulfilmentWavePayload, FulfilmentWaveStepPayload},
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        refusal::{Path, UserError, add_sent_values},
    },
    references::resolve_references,
    step,
};

/// The root fields that change waves.
#[derive(Default)]
pub struct FulfilmentWaveMutation;

#[resolvers]
impl FulfilmentWaveMutation {
    /// Creates a wave of ACCEPTED works of one store. A work is in one open wave at most.
    #[mutation(permit = FulfilmentWork, emits(WAVE_CREATED), dry_run)]
    async fn fulfilment_wave_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Store and works.")] input: FulfilmentWaveCreateInput,
    ) -> Answer<FulfilmentWavePayload> {
        step!(FulfilmentWavePayload, ctx, permit, input, shell::wave_create, dry_run)
    }

    /// Picks the works of a wave, each as fulfilmentWorkPick does. Works that are refused keep no other back.
    #[mutation(permit = FulfilmentWork, emits(WORK_CHANGED, WORK_REJECTED, WORK_CREATED, ORDER_UPDATED, STOCK_CHANGED), dry_run)]
    async fn fulfilment_wave_pick(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Goods that were picked.")] input: FulfilmentWavePickInput,
    ) -> Answer<FulfilmentWaveStepPayload> {
        step!(lines Wave FulfilmentWaveStepPayload, ctx, permit, input, shell::wave_pick, dry_run)
    }

    /// Packs the picked goods of a wave, each work into one parcel. Works that are refused keep no other back.
    #[mutation(permit = FulfilmentWork, emits(WORK_CHANGED), dry_run)]
    async fn fulfilment_wave_pack(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Wave and label.")] input: FulfilmentWavePackInput,
    ) -> Answer<FulfilmentWaveStepPayload> {
        let mut input = input;
        let reference_paths = match resolve_references(ctx, input.names()).await? {
            Ok(reference_paths) => reference_paths,
            Err(errors) => return Ok(errors.into()),
        };
        let answer: Answer<FulfilmentWaveStepPayload> =
            async { step!(FulfilmentWaveStepPayload, ctx, permit, input, shell::wave_pack, dry_run) }.await;
        let mut answer = answer?;
        let carrier_path = reference_paths.at(path!["input", "carrierId"]);
        for result in &mut answer.results {
            redirect_carrier_errors(ctx, &carrier_path, &mut result.user_errors);
        }
        reference_paths.redirect_errors(&mut answer.user_errors);
        add_sent_values(ctx, &mut answer.user_errors);
        Ok(answer)
    }

    /// Says of the packed works of a wave that their customers can collect them, each as fulfilmentWorkReady does. Works of orders with another delivery
    /// method than COLLECT are left out. Works that are refused keep no other back.
    #[mutation(permit = FulfilmentWork, emits(WORK_CHANGED), dry_run)]
    async fn fulfilment_wave_ready(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Wave that is ready.")] input: FulfilmentWaveReadyInput,
    ) -> Answer<FulfilmentWaveStepPayload> {
        step!(FulfilmentWaveStepPayload, ctx, permit, input, shell::wave_ready, dry_run)
    }

    /// Ships the packed goods of a wave, each work as fulfilmentWorkShip does. A wave of which nothing is left to send is closed. With validateOnly it
    /// is shown as it is. Works that are READY wait for their customers and are left out. Works that are refused keep no other back.
    #[mutation(
        permit = FulfilmentShip,
        emits(ORDER_FULFILLED, WORK_CHANGED, FULFILMENT_SHIPPED, STOCK_CHANGED, WAVE_CLOSED),
        dry_run
    )]
    async fn fulfilment_wave_ship(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Wave that leaves.")] input: FulfilmentWaveShipInput,
    ) -> Answer<FulfilmentWaveStepPayload> {
        step!(FulfilmentWaveStepPayload, ctx, permit, input, shell::wave_ship, dry_run)
    }

    /// Closes a wave. Its works stay as they are, and can be put into another wave.
    #[mutation(permit = FulfilmentWork, emits(WAVE_CLOSED), dry_run)]
    async fn fulfilment_wave_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Wave to close.")] input: FulfilmentWaveCloseInput,
    ) -> Answer<FulfilmentWavePayload> {
        step!(FulfilmentWavePayload, ctx, permit, input, shell::wave_close, dry_run)
    }
}

/// Moves errors about the carrier of a wave to `carrier_path`, with the value sent there: a work is
/// refused with the path in the one parcel of fulfilmentWorkPack.
fn redirect_carrier_errors(ctx: &Context<'_>, carrier_path: &Path, errors: &mut [UserError]) {
    let parcel_path = path!["input", "parcels", 0, "carrierId"];
    for error in errors {
        if error.field_mut().is_none_or(|field| *field != parcel_path) {
            continue;
        }
        if let Some(field) = error.field_mut() {
            field.clone_from(carrier_path);
        }
        add_sent_values(ctx, std::slice::from_mut(error));
        if let Some(field) = error.field_mut() {
            field.splice(1..1, path!["parcels", 0]);
        }
    }
}
