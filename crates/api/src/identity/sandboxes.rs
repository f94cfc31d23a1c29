//! Tenants for trying things out.

use async_graphql::Context;
use entity::prelude::TenantId;
use iam::identity::{Identity, NewSandbox};
use macros::resolvers;
use platform::path;

use super::{Tenant, mutation::split_outcome};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        once::{EarlierCall, ReplayablePayload},
        refusal::{ErrorCode, UserError},
    },
    payload,
};

payload!(SandboxPayload, sandbox: Tenant, "sandbox");

impl ReplayablePayload for SandboxPayload {
    /// The receipt is stored before the sandbox exists: if the call failed in between, or still
    /// runs, the answer is empty.
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let earlier_sandbox = match earlier.id::<TenantId>() {
            Some(id) => ctx.required_data::<Identity>()?.find_earlier_sandbox(ctx.session()?, id).await?,
            None => None,
        };
        let Some(earlier_sandbox) = earlier_sandbox else {
            let message = "the call with this key has failed, or still runs: list your tenants, and use a new key if the sandbox is not there";
            return Ok(vec![UserError::new(ErrorCode::InvalidState, message, path!["idempotencyKey"])].into());
        };
        Ok(Self { sandbox: Some(Tenant::from(earlier_sandbox)), user_errors: Vec::new(), replayed: true, seq: None })
    }
}

#[derive(Default)]
pub struct SandboxMutation;

#[resolvers]
impl SandboxMutation {
    /// Creates a sandbox: a tenant for trials beside this one, owned by the caller, who enters it
    /// by tenantSwitch. It starts empty, with this tenant's currency, time zone and sign-in rules.
    /// Its API keys begin with epk_test_ and open no other tenant, and keys that begin with
    /// epk_live_ do not open it. A sandbox sends no request to outside systems, and e-mails to its
    /// own members only. A tenant has at most five; a sandbox has none.
    #[mutation(permit = SandboxWrite, step_up, session, once(argument))]
    async fn sandbox_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Name of the sandbox.")] tenant_name: String,
        #[graphql(desc = "Slug of the sandbox, unique in the deployment: lowercase letters, digits and hyphens.")]
        tenant_slug: String,
    ) -> Answer<SandboxPayload> {
        let new = NewSandbox { name: tenant_name, slug: tenant_slug };
        let (created_sandbox, user_errors) = split_outcome(ctx.required_data::<Identity>()?.sandbox_create(session, new).await)?;
        Ok(SandboxPayload { sandbox: created_sandbox.map(Tenant::from), user_errors, replayed: false, seq: None })
    }
}
