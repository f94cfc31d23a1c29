//! GraphQL of identity.

mod actors;
pub mod members;
pub mod types;
pub mod viewer;

use std::collections::HashMap;

use async_graphql::{Context, ID};
use entity::prelude::{MemberId, SessionId, TenantId};
use iam::{
    access::kind,
    identity::{Identity, MemberView, email_key, rows},
};

pub use actors::{Actor, actor, find_member};
pub use members::MemberRef;
pub use types::{LoginSession, Member, MemberStatus, PermissionGrant, Profile, StoreScope, SystemActor, Tenant};
pub use viewer::Viewer;

use crate::graphql::{context::ContextExt, fault::Answer};

/// The members with one of these e-mail addresses, including former ones. Lookups by address need
/// the permission to see members.
async fn load_members_by_email(ctx: &Context<'_>, emails: &[String]) -> Answer<Vec<MemberView>> {
    ctx.permit::<kind::MemberRead>()?;
    let (identity, tenant) = (ctx.required_data::<Identity>()?, ctx.caller()?.tenant);
    let keys: Vec<String> = emails.iter().map(|email| email_key(email)).collect();
    Ok(rows::members::with_addresses(&identity.database().global(), tenant, &keys).await?)
}

/// Returns the IDs of the members with these addresses.
pub async fn find_member_ids_by_email(ctx: &Context<'_>, emails: &[String]) -> Answer<Vec<ID>> {
    let views = load_members_by_email(ctx, emails).await?;
    Ok(views.into_iter().map(|view| ID(view.membership.member.to_string())).collect())
}

/// Returns the same members by address, as it was sent. An address belongs to one account, which is
/// a member of a tenant at most once.
pub async fn find_members_by_email(ctx: &Context<'_>, emails: &[String]) -> Answer<HashMap<String, MemberId>> {
    let views = load_members_by_email(ctx, emails).await?;
    let by_key: HashMap<String, MemberId> =
        views.into_iter().map(|view| (email_key(&view.email), view.membership.member)).collect();
    let entry = |email: &String| Some((email.clone(), *by_key.get(&email_key(email))?));
    Ok(emails.iter().filter_map(entry).collect())
}

/// The tenant of an id, if it is the caller's.
pub async fn find_own_tenant(ctx: &Context<'_>, id: TenantId) -> Answer<Option<Tenant>> {
    if ctx.caller()?.tenant != id {
        return Ok(None);
    }
    let identity = ctx.required_data::<Identity>()?;
    Ok(rows::tenants_by_id(&identity.database().global(), &[id]).await?.pop().map(Tenant::from))
}

/// The session of an id, if it is the caller's own.
pub async fn find_own_session(ctx: &Context<'_>, id: SessionId) -> Answer<Option<LoginSession>> {
    ctx.caller()?;
    let Ok(session) = ctx.session() else { return Ok(None) };
    let session_row = ctx.required_data::<Identity>()?.session(session.user, id).await?;
    Ok(session_row.map(|session_row| LoginSession::new(session_row, session.id)))
}
