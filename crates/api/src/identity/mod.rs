//! GraphQL of identity.

pub use objects::identity::*;

mod factors;
mod invitations;
mod mutation;
mod people;
mod refusal;
mod sandboxes;
mod sessions;

use async_graphql::{Context, MergedObject};
use iam::identity::{Identity, rows};
use macros::resolvers;

pub use factors::{FactorMutation, TotpPayload};
pub use mutation::{IdentityMutation, LoginPayload, split_outcome};
pub use sandboxes::{SandboxMutation, SandboxPayload};
pub use sessions::{OkPayload, SessionMutation, SessionPayload};

use crate::graphql::{
    context::ContextExt,
    fault::{Answer, TopError},
};

/// Mutations of a user's own account, and of a tenant's members.
#[derive(MergedObject, Default)]
pub struct PeopleMutation(people::AccountMutation, invitations::InvitationMutation);

/// Queries of the caller and of the tenant's members.
#[derive(MergedObject, Default)]
pub struct IdentityQuery(ViewerQuery, invitations::MemberQuery);

#[derive(Default)]
pub struct ViewerQuery;

#[resolvers]
impl ViewerQuery {
    /// Caller of the operation, with the tenant and the caller's permissions.
    #[field(authenticated)]
    async fn viewer(&self, ctx: &Context<'_>) -> Answer<Viewer> {
        let caller = caller.clone();
        let identity = ctx.required_data::<Identity>()?;
        let mut tenants = rows::tenants_by_id(&identity.database().global(), &[caller.tenant]).await?;
        let tenant = tenants.pop().ok_or(TopError::Unauthenticated)?;
        Viewer::new(ctx, caller, tenant).await
    }
}
