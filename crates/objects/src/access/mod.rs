//! GraphQL of rights: roles and who has them, groups of stores, integrations and their keys.

pub mod group;
pub mod integration;
pub mod key_use;
pub mod loads;
pub mod role;
pub mod scope;

use async_graphql::Context;
use entity::{
    id::{Kind, prefix_of},
    prelude::*,
};
use iam::access::kind as may;

pub use group::{StoreGroup, StoreGroupRef, group_named};
pub use integration::{ApiKey, Integration};
pub use key_use::{CreatedResult, KeyUse, may_receive_result};
pub use loads::{clear_loaders, groups_of_store, stores_of_groups};
pub use role::{Role, RoleGrant, RoleRef, role as find_role, roles_named};
pub use scope::{load_role_grants, reach_to_store_scope};

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
            role::role(ctx, RoleId::from_uuid(uuid)).await?.map(Node::Role)
        }
        entity::id::kind::GroupId::PREFIX => {
            ctx.permit::<may::StoreRead>()?;
            group::group(ctx, GroupId::from_uuid(uuid)).await?.map(Node::StoreGroup)
        }
        entity::id::kind::IntegrationId::PREFIX => {
            let own = Actor::integration(IntegrationId::from_uuid(uuid));
            if ctx.caller()?.actor != own {
                ctx.permit::<may::ApikeyRead>()?;
            }
            integration::integration(ctx, IntegrationId::from_uuid(uuid)).await?.map(Node::Integration)
        }
        entity::id::kind::ApiKeyId::PREFIX => {
            ctx.permit::<may::ApikeyRead>()?;
            integration::key(ctx, ApiKeyId::from_uuid(uuid)).await?.map(Node::ApiKey)
        }
        _ => return Ok(None),
    }))
}

/// An integration as an author: callers who see its actions may see its name.
pub async fn author(ctx: &Context<'_>, id: IntegrationId) -> Answer<Option<Integration>> {
    integration::integration(ctx, id).await
}
