//! Mutations of works. Each step takes place in the work's store, and needs no permission
//! elsewhere.

use async_graphql::Context;
use inventory::{
    fulfilment::{
        events::{FULFILMENT_DELIVERED, FULFILMENT_FAILED, FULFILMENT_SHIPPED, WORK_CHANGED, WORK_CREATED, WORK_REJECTED},
        shell,
    },
    orders::events::{ORDER_FULFILLED, ORDER_UPDATED},
    stock::events::STOCK_CHANGED,
};
use macros::resolvers;

use super::{
    arrival_inputs::{FulfilmentDeliverInput, FulfilmentFailInput, FulfilmentTrackingSetInput},
    inputs::{
        FulfilmentWorkAcceptInput, FulfilmentWorkActionInput, FulfilmentWorkCollectInput, FulfilmentWorkMoveInput,
        FulfilmentWorkPackInput, FulfilmentWorkPickInput, FulfilmentWorkRejectInput, FulfilmentWorkShipInput,
        FulfilmentWorkUnpickInput,
    },
    payload::{FulfilmentWorkPayload, FulfilmentWorkReadyPayload},
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    step,
    stock::ReceiptPayload,
};

/// The root fields that change works.
#[derive(Default)]
pub struct FulfilmentMutation;

#[resolvers]
impl FulfilmentMutation {
    /// Accepts OPEN works, all of them or none; you become their assignee.
    #[mutation(permit = FulfilmentWork, emits(WORK_CHANGED), dry_run)]
    async fn fulfilment_work_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Works to accept.")] input: FulfilmentWorkAcceptInput,
    ) -> Answer<FulfilmentWorkPayload> {
        step!(FulfilmentWorkPayload, ctx, permit, input, shell::works_accept, dry_run)
    }

    /// Rejects an OPEN or ACCEPTED work. Its hold is released in this store, and the units are held
    /// where the sourcing rule finds them, in no store that rejected them before; units found
    /// nowhere are backordered, and the order has the flag SOURCING.
    #[mutation(permit = FulfilmentWork, emits(WORK_REJECTED, WORK_CHANGED, WORK_CREATED, ORDER_UPDATED, STOCK_CHANGED), dry_run)]
    async fn fulfilment_work_reject(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Goods that the store does not send.")] input: FulfilmentWorkRejectInput,
    ) -> Answer<FulfilmentWorkPayload> {
        step!(lines Work FulfilmentWorkPayload, ctx, permit, input, shell::work_reject, dry_run)
    }

    /// Picks goods of a work; an OPEN one is accepted by it. Stock stays on hand and held. With isShort the rest is not there.
    #[mutation(permit = FulfilmentWork, emits(WORK_CHANGED, WORK_REJECTED, WORK_CREATED, ORDER_UPDATED, STOCK_CHANGED), dry_run)]
    async fn fulfilment_work_pick(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Goods that were picked.")] input: FulfilmentWorkPickInput,
    ) -> Answer<FulfilmentWorkPayload> {
        step!(lines Work FulfilmentWorkPayload, ctx, permit, input, shell::work_pick, dry_run)
    }

    /// Puts goods back that were picked or packed and have not left. Parcels lose them.
    #[mutation(permit = FulfilmentWork, emits(WORK_CHANGED), dry_run)]
    async fn fulfilment_work_unpick(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Goods that were put back.")] input: FulfilmentWorkUnpickInput,
    ) -> Answer<FulfilmentWorkPayload> {
        step!(lines Work FulfilmentWorkPayload, ctx, permit, input, shell::work_unpick, dry_run)
    }

    /// Packs picked goods into parcels.
    #[mutation(permit = FulfilmentWork, emits(WORK_CHANGED), dry_run)]
    async fn fulfilment_work_pack(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Parcels.")] input: FulfilmentWorkPackInput,
    ) -> Answer<FulfilmentWorkPayload> {
        step!(named lines Work FulfilmentWorkPayload, ctx, permit, input, shell::work_pack, dry_run)
    }

    /// Says that the customer can collect a PACKED work, and makes the code for it.
    #[mutation(permit = FulfilmentWork, emits(WORK_CHANGED), dry_run)]
    async fn fulfilment_work_ready(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Work that is ready.")] input: FulfilmentWorkActionInput,
    ) -> Answer<FulfilmentWorkReadyPayload> {
        step!(FulfilmentWorkReadyPayload, ctx, permit, input, shell::work_ready, dry_run)
    }

    /// Ships parcels of a work: one sale, and one fulfilment of its order. Goods without stock, and charges, go with the last of the goods.
    #[mutation(permit = FulfilmentShip, emits(ORDER_FULFILLED, WORK_CHANGED, FULFILMENT_SHIPPED, STOCK_CHANGED), dry_run)]
    async fn fulfilment_work_ship(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Parcels that leave.")] input: FulfilmentWorkShipInput,
    ) -> Answer<FulfilmentWorkPayload> {
        step!(named FulfilmentWorkPayload, ctx, permit, input, shell::work_ship, dry_run)
    }

    /// Hands a READY work to the customer, who says its code: it is shipped and delivered at once.
    #[mutation(
        permit = FulfilmentShip,
        emits(ORDER_FULFILLED, WORK_CHANGED, FULFILMENT_SHIPPED, FULFILMENT_DELIVERED, STOCK_CHANGED),
        dry_run
    )]
    async fn fulfilment_work_collect(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Work and code.")] input: FulfilmentWorkCollectInput,
    ) -> Answer<FulfilmentWorkPayload> {
        step!(FulfilmentWorkPayload, ctx, permit, input, shell::work_collect, dry_run)
    }

    /// Moves the units of an OPEN or ACCEPTED work that are not picked to a new work in another
    /// store, all of them or nothing. Requires fulfilment.assign in both stores.
    #[mutation(permit = FulfilmentAssign, emits(WORK_CHANGED, WORK_CREATED, ORDER_UPDATED, STOCK_CHANGED), dry_run)]
    async fn fulfilment_work_move(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Goods, and the store that sends them.")] input: FulfilmentWorkMoveInput,
    ) -> Answer<FulfilmentWorkPayload> {
        step!(lines Work FulfilmentWorkPayload, ctx, permit, input, shell::work_move, dry_run)
    }

    /// Reports that goods which left a store of yours were delivered.
    #[mutation(permit = FulfilmentShip, emits(FULFILMENT_DELIVERED, WORK_CHANGED), dry_run)]
    async fn fulfilment_deliver(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Goods that were delivered.")] input: FulfilmentDeliverInput,
    ) -> Answer<FulfilmentWorkPayload> {
        step!(FulfilmentWorkPayload, ctx, permit, input, shell::fulfilment_arrive, dry_run)
    }

    /// Reports that goods which left a store of yours could not be delivered. Stock stays as it is; goods that come back are received by a return.
    #[mutation(permit = FulfilmentShip, emits(FULFILMENT_FAILED, WORK_CHANGED), dry_run)]
    async fn fulfilment_fail(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Goods, and why.")] input: FulfilmentFailInput,
    ) -> Answer<FulfilmentWorkPayload> {
        step!(FulfilmentWorkPayload, ctx, permit, input, shell::fulfilment_arrive, dry_run)
    }

    /// Sets the label of a parcel that left a store of yours, or is about to.
    #[mutation(permit = FulfilmentShip, emits(WORK_CHANGED), dry_run)]
    async fn fulfilment_tracking_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Parcel and label.")] input: FulfilmentTrackingSetInput,
    ) -> Answer<FulfilmentWorkPayload> {
        step!(named FulfilmentWorkPayload, ctx, permit, input, shell::parcel_track, dry_run)
    }
}
