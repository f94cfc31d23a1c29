//! Roles, groups of stores, integrations and keys by ID.

use async_graphql::Context;
use entity::{
    id::{Kind, prefix_of},
    prelude::*,
};
use iam::access::kind as may;

use super::{group, integration, role};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    nodes::Node,
};

/// The object with an ID, if its prefix is one of this room's; the outer None otherwise.
pub async fn find(ctx: &Context<'_>, id: &str) -> Answer<Option<Option<Node>>> {
    let Some((prefix, uuid)) = prefix_of(id) else { return Ok(None) };
    Ok(Some(match prefix {
        entity::id::kind::RoleId::PREFIX => {
            ctx.permit::<may::RoleRead>()?;
            role::find_role(ctx, RoleId::from_uuid(uuid)).await?.map(Node::Role)
        }
        entity::id::kind::GroupId::PREFIX => {
            ctx.permit::<may::StoreRead>()?;
            group::find_group(ctx, GroupId::from_uuid(uuid)).await?.map(Node::StoreGroup)
        }
        entity::id::kind::IntegrationId::PREFIX => {
            let own_actor = Actor::integration(IntegrationId::from_uuid(uuid));
            if ctx.caller()?.actor != own_actor {
                ctx.permit::<may::ApikeyRead>()?;
            }
            integration::find_integration(ctx, IntegrationId::from_uuid(uuid)).await?.map(Node::Integration)
        }
        entity::id::kind::ApiKeyId::PREFIX => {
            ctx.permit::<may::ApikeyRead>()?;
            integration::find_api_key(ctx, ApiKeyId::from_uuid(uuid)).await?.map(Node::ApiKey)
        }
        _ => return Ok(None),
    }))
}
