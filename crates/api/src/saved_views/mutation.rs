//! Mutations that create, change and remove views.

use async_graphql::Context;
use macros::resolvers;
use services::saved_views::{
    SavedViews,
    core::{MAX_READERS, Readers, Sharing},
    events::{
        SAVED_VIEW_CREATED, SAVED_VIEW_DELETED, SAVED_VIEW_LINK_CREATED, SAVED_VIEW_LINK_REVOKED, SAVED_VIEW_SCHEDULE_DELETED,
        SAVED_VIEW_SCHEDULE_SET, SAVED_VIEW_UPDATED,
    },
};

use super::{
    inputs::{
        SavedViewCreateInput, SavedViewDeleteInput, SavedViewLinkCreateInput, SavedViewLinkRevokeInput,
        SavedViewScheduleDeleteInput, SavedViewScheduleSetInput, SavedViewUpdateInput,
    },
    payload::{SavedViewLinkPayload, SavedViewPayload, SavedViewSchedulePayload},
};
use crate::{
    access::{KeyUse, find_role},
    graphql::{context::ContextExt, fault::Answer, reading::read},
    named,
};

/// Returns the positions of roles in the input that do not exist.
async fn unknown_roles(ctx: &Context<'_>, readers: Option<&Readers>) -> Answer<Vec<usize>> {
    let mut unknown = Vec::new();
    for (index, id) in readers.into_iter().flat_map(|readers| readers.roles.iter().take(MAX_READERS)).enumerate() {
        if find_role(ctx, *id).await?.is_none() {
            unknown.push(index);
        }
    }
    Ok(unknown)
}

/// The root fields that change saved views.
#[derive(Default)]
pub struct SavedViewMutation;

#[resolvers]
impl SavedViewMutation {
    /// Keeps a query under a name. Its document is checked against the schema and priced as a request is; at most 1,000 views of a tenant are kept.
    #[mutation(permit = ViewManage, emits(SAVED_VIEW_CREATED), dry_run)]
    async fn saved_view_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "View.")] input: SavedViewCreateInput,
    ) -> Answer<SavedViewPayload> {
        named!(ctx, input, SavedViewPayload, {
            let mut input = match read(|reader| input.read(reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            input.unknown_roles = unknown_roles(ctx, input.readers.as_ref()).await?;
            let outcome = Box::pin(ctx.required_data::<SavedViews>()?.create(permit, input, dry_run)).await;
            SavedViewPayload::of(ctx, outcome)
        })
    }

    /// Changes a saved view, pauses it, or lets it run again. Its document is checked and priced again, whatever changes.
    #[mutation(permit = ViewManage, emits(SAVED_VIEW_UPDATED), dry_run)]
    async fn saved_view_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Change.")] input: SavedViewUpdateInput,
    ) -> Answer<SavedViewPayload> {
        let key = ctx.data_opt::<KeyUse>().map(|used| used.key);
        named!(ctx, input, SavedViewPayload, {
            let mut input = match read(|reader| input.read(key, reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            input.unknown_roles = unknown_roles(ctx, input.change.sharing.as_ref().and_then(Sharing::readers)).await?;
            let outcome = Box::pin(ctx.required_data::<SavedViews>()?.update(permit, input, dry_run)).await;
            SavedViewPayload::of(ctx, outcome)
        })
    }

    /// Removes a saved view.
    #[mutation(permit = ViewManage, emits(SAVED_VIEW_DELETED), dry_run)]
    async fn saved_view_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "View.")] input: SavedViewDeleteInput,
    ) -> Answer<SavedViewPayload> {
        named!(ctx, input, SavedViewPayload, {
            let input = match read(|reader| input.read(reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            let outcome = Box::pin(ctx.required_data::<SavedViews>()?.delete(permit, input, dry_run)).await;
            SavedViewPayload::of(ctx, outcome)
        })
    }

    /// Makes a link of a saved view and returns its secret, this once. Its holder reads the view with your rights and charged to your rate limit, as they
    /// are at each reading, until the link expires or is revoked; at most 20 links of a view are kept.
    #[mutation(permit = ViewManage, emits(SAVED_VIEW_LINK_CREATED), dry_run)]
    async fn saved_view_link_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Link.")] input: SavedViewLinkCreateInput,
    ) -> Answer<SavedViewLinkPayload> {
        let key = ctx.data_opt::<KeyUse>().map(|used| used.key);
        named!(ctx, input, SavedViewLinkPayload, {
            let input = match read(|reader| input.read(key, reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            let outcome = Box::pin(ctx.required_data::<SavedViews>()?.create_link(permit, input, dry_run)).await;
            SavedViewLinkPayload::of(ctx, outcome)
        })
    }

    /// Ends a link of a saved view: its secret opens nothing from now on.
    #[mutation(permit = ViewManage, emits(SAVED_VIEW_LINK_REVOKED), dry_run)]
    async fn saved_view_link_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Link.")] input: SavedViewLinkRevokeInput,
    ) -> Answer<SavedViewPayload> {
        let input = match read(|reader| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        let outcome = Box::pin(ctx.required_data::<SavedViews>()?.revoke_link(permit, input, dry_run)).await;
        SavedViewPayload::of(ctx, outcome)
    }

    /// Makes a schedule by which a saved view is sent by e-mail, or puts another in the place of one. Each run has your rights and is charged to your rate
    /// limit, as they are then; at most 20 schedules of a view and 200 of a tenant are kept.
    #[mutation(permit = ViewManage, emits(SAVED_VIEW_SCHEDULE_SET), dry_run)]
    async fn saved_view_schedule_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Schedule.")] input: SavedViewScheduleSetInput,
    ) -> Answer<SavedViewSchedulePayload> {
        let key = ctx.data_opt::<KeyUse>().map(|used| used.key);
        named!(ctx, input, SavedViewSchedulePayload, {
            let input = match read(|reader| input.read(key, reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            let outcome = Box::pin(ctx.required_data::<SavedViews>()?.set_schedule(permit, input, dry_run)).await;
            SavedViewSchedulePayload::of(ctx, outcome)
        })
    }

    /// Removes a schedule of a saved view: the view is not sent by it any more.
    #[mutation(permit = ViewManage, emits(SAVED_VIEW_SCHEDULE_DELETED), dry_run)]
    async fn saved_view_schedule_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Schedule.")] input: SavedViewScheduleDeleteInput,
    ) -> Answer<SavedViewPayload> {
        let input = match read(|reader| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        let outcome = Box::pin(ctx.required_data::<SavedViews>()?.delete_schedule(permit, input, dry_run)).await;
        SavedViewPayload::of(ctx, outcome)
    }
}
