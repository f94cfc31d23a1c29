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
    /// Creates a sandbox: a tenant for trials beside this one, owned by the caller, who enters it
    /// by tenantSwitch. It starts empty, with this tenant's currency, time zone and sign-in rules.
    /// Its API keys begin with epk_test_ and open no other tenant, and keys that begin with
    /// epk_live_ do not open it. A sandbox sends no request to outside systems, and e-mails to its
    /// own members only. A tenant has at most five; a sandbox has none.
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
