//! Tenants for trying things out.

use async_graphql::Context;
use iam::identity::{Identity, NewSandbox};
use macros::resolvers;

use super::{Tenant, mutations::settled};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    payload,
};

payload!(SandboxPayload, sandbox: Tenant, "sandbox");

#[derive(Default)]
pub struct SandboxMutation;

#[resolvers]
impl SandboxMutation {
    /// Makes a sandbox: a tenant for trying things out beside this one, owned by the caller, who comes into it with tenantSwitch. It begins empty,
    /// with this one's currency, time zone and rules of sign-in. Its API keys begin with epk_test_ and open no other tenant, and keys that begin
    /// with epk_live_ do not open it. Nothing that is done in it is real: it calls nobody outside, and letters from it go to its own members only.
    /// A tenant has at most five; a sandbox has none.
    #[mutation(permit = SandboxWrite, step_up, session)]
    async fn sandbox_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Name of the sandbox.")] tenant_name: String,
        #[graphql(desc = "Slug of the sandbox, unique in the deployment: lowercase letters, digits and hyphens.")]
        tenant_slug: String,
    ) -> Answer<SandboxPayload> {
        let new = NewSandbox { name: tenant_name, slug: tenant_slug };
        let (made, user_errors) = settled(ctx.given::<Identity>()?.sandbox_create(session, new).await)?;
        Ok(SandboxPayload { sandbox: made.map(Tenant::from), user_errors, replayed: false, seq: None })
    }
}
