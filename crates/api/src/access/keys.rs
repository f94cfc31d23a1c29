//! Mutations that create, change and end integrations and their keys. All of them require a fresh
//! authentication, which a key never has.

use async_graphql::{Context, ID, SimpleObject};
use entity::prelude::{ApiKeyId, IntegrationId};
use iam::access::{
    Access, AccessError, ChangedValue,
    core::{self, key::Secret},
    events::{API_KEY_CREATED, API_KEY_REVOKED, API_KEY_ROLLED, INTEGRATION_CREATED, INTEGRATION_DISABLED, INTEGRATION_UPDATED},
    kind, rows,
};
use macros::resolvers;
use platform::{path, storage::dry_run};

use super::{
    ApiKey, Integration,
    inputs::{ApiKeyCreateInput, IntegrationCreateInput, IntegrationUpdateInput},
    loads::{access_loaders, clear_loaders},
    refusal::access_errors,
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        once::{EarlierCall, ReplayablePayload, SecretStatus},
        reading::read,
        refusal::UserError,
        scalars::{DateTime, Long},
    },
    named, payload,
};

payload!(IntegrationPayload, integration: Integration, "integration");

/// Result of a change of an API key.
#[derive(SimpleObject, Default)]
pub struct ApiKeyPayload {
    /// The key as it is now; null when the change was refused.
    pub api_key: Option<ApiKey>,
    /// The secret of a key that was made, this once: it is kept nowhere. Null otherwise.
    pub secret: Option<String>,
    /// State of the secret: SHOWN in this answer, ALREADY_SHOWN in that of an earlier call with the same idempotency key, or
    /// NONE.
    pub secret_status: SecretStatus,
    /// Reasons for which the change was refused; empty when it was made, or with validateOnly would be.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key, without the secret.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

impl ApiKeyPayload {
    fn from_errors(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
    fn from_outcome(ctx: &Context<'_>, outcome: Result<ChangedValue<(core::ApiKey, Secret)>, AccessError>) -> Answer<Self> {
        clear_loaders(ctx);
        Ok(match outcome {
            Err(error) => Self::from_errors(access_errors(error)?),
            Ok(ChangedValue { value: (key, secret), seq }) => {
                // A dry run creates no secret.
                let secret = (!dry_run::is_on()).then(|| secret.text().to_owned());
                let secret_status = if secret.is_some() { SecretStatus::Shown } else { SecretStatus::None };
                Self { api_key: visible_key(ctx, key), secret, secret_status, seq: seq.map(Long), ..Self::default() }
            }
        })
    }
}

impl From<Vec<UserError>> for ApiKeyPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self::from_errors(user_errors)
    }
}

impl ReplayablePayload for ApiKeyPayload {
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let stored_key = match earlier.id::<ApiKeyId>() {
            Some(id) => rows::keys_by_id(&access_loaders(ctx)?.scope, &[id]).await?.pop(),
            None => None,
        };
        let secret_status = if earlier.mutation == "apiKeyRevoke" { SecretStatus::None } else { SecretStatus::AlreadyShown };
        let api_key = stored_key.and_then(|key| visible_key(ctx, key));
        Ok(Self { api_key, secret_status, replayed: true, seq: earlier.seq().map(Long), ..Self::default() })
    }
}

impl ReplayablePayload for IntegrationPayload {
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let row = match earlier.id::<IntegrationId>() {
            Some(id) => access_loaders(ctx)?.integration(id).await?,
            None => None,
        };
        let integration = row.map(Integration);
        Ok(Self { integration, user_errors: Vec::new(), replayed: true, seq: earlier.seq().map(Long) })
    }
}

/// Returns the key, if the caller may read keys: the right to write them does not include that.
fn visible_key(ctx: &Context<'_>, key: core::ApiKey) -> Option<ApiKey> {
    ctx.permit::<kind::ApikeyRead>().ok().map(|_| ApiKey(key))
}

fn integration_payload(
    ctx: &Context<'_>,
    outcome: Result<ChangedValue<core::Integration>, AccessError>,
) -> Answer<IntegrationPayload> {
    clear_loaders(ctx);
    Ok(match outcome {
        Err(error) => IntegrationPayload { integration: None, user_errors: access_errors(error)?, replayed: false, seq: None },
        Ok(ChangedValue { value, seq }) => {
            let integration = Some(Integration(value.into()));
            IntegrationPayload { integration, user_errors: Vec::new(), replayed: false, seq: seq.map(Long) }
        }
    })
}

/// Changes of integrations and keys.
#[derive(Default)]
pub struct KeyMutation;

#[resolvers]
impl KeyMutation {
    /// Creates an integration. It belongs to the tenant; you can grant it only permissions that you
    /// hold yourself now.
    #[mutation(permit = ApikeyWrite, step_up, once, emits(INTEGRATION_CREATED), dry_run(rolled_back))]
    async fn integration_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Integration to create.")] input: IntegrationCreateInput,
    ) -> Answer<IntegrationPayload> {
        named!(ctx, input, IntegrationPayload, {
            match read(|reader| input.read(reader)) {
                Ok(new) => integration_payload(ctx, ctx.required_data::<Access>()?.integration_create(permit, new).await),
                Err(errors) => Ok(errors.into()),
            }
        })
    }

    /// Changes an integration. Fields that are left out stay as they are. You must hold yourself what it gains, its keys lose what it loses, and one that
    /// is no longer enabled has no key that is accepted, here at once and on other nodes within five seconds.
    #[mutation(permit = ApikeyWrite, step_up, once, emits(INTEGRATION_UPDATED), dry_run(rolled_back))]
    async fn integration_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Integration to change, with its new values.")] input: IntegrationUpdateInput,
    ) -> Answer<IntegrationPayload> {
        named!(ctx, input, IntegrationPayload, {
            let expected = input.expected_version.0;
            let parts = read(|reader| {
                let id: IntegrationId = reader.id(&input.id, || path!["input", "id"]);
                (id, input.read(reader))
            });
            match parts {
                Ok((id, fields)) => integration_payload(
                    ctx,
                    ctx.required_data::<Access>()?.integration_update(permit, (id, expected), fields).await,
                ),
                Err(errors) => Ok(errors.into()),
            }
        })
    }

    /// Disables an integration: within five seconds no node accepts any of its keys.
    #[mutation(
        permit = ApikeyWrite,
        once(argument),
        emits(INTEGRATION_DISABLED),
        dry_run(rolled_back),
        deprecation = "2026-11-25: use integrationUpdate, with isEnabled. Removed after 2027-11-25."
    )]
    async fn integration_disable(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the integration to disable.")] id: ID,
    ) -> Answer<IntegrationPayload> {
        match read(|reader| reader.id::<entity::id::kind::IntegrationId>(&id, || path!["id"])) {
            Ok(id) => integration_payload(ctx, ctx.required_data::<Access>()?.integration_disable(permit, id).await),
            Err(errors) => Ok(errors.into()),
        }
    }

    /// Creates an API key of an integration and returns its secret, this once.
    #[mutation(permit = ApikeyWrite, step_up, once, emits(API_KEY_CREATED), dry_run(rolled_back))]
    async fn api_key_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "API key to create.")] input: ApiKeyCreateInput,
    ) -> Answer<ApiKeyPayload> {
        named!(ctx, input, ApiKeyPayload, {
            match read(|reader| input.read(reader)) {
                Ok(new) => ApiKeyPayload::from_outcome(ctx, ctx.required_data::<Access>()?.api_key_create(permit, new).await),
                Err(errors) => Ok(ApiKeyPayload::from_errors(errors)),
            }
        })
    }

    /// Creates a successor of an API key and returns its secret, this once. Both are accepted until
    /// the old one ends.
    #[mutation(permit = ApikeyWrite, step_up, once(argument), emits(API_KEY_ROLLED), dry_run(rolled_back))]
    async fn api_key_roll(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The old key.")] id: ID,
        #[graphql(desc = "Time at which the old key expires; at most seven days from now.")] old_key_expires_at: DateTime,
    ) -> Answer<ApiKeyPayload> {
        match read(|reader| reader.id::<entity::id::kind::ApiKeyId>(&id, || path!["id"])) {
            Ok(id) => ApiKeyPayload::from_outcome(
                ctx,
                ctx.required_data::<Access>()?.api_key_roll(permit, id, old_key_expires_at.0).await,
            ),
            Err(errors) => Ok(ApiKeyPayload::from_errors(errors)),
        }
    }

    /// Revokes an API key: within five seconds no node accepts it, and its open sockets close.
    #[mutation(permit = ApikeyWrite, once(argument), emits(API_KEY_REVOKED), dry_run(rolled_back))]
    async fn api_key_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the API key to revoke.")] id: ID,
    ) -> Answer<ApiKeyPayload> {
        let id = match read(|reader| reader.id::<entity::id::kind::ApiKeyId>(&id, || path!["id"])) {
            Ok(id) => id,
            Err(errors) => return Ok(ApiKeyPayload::from_errors(errors)),
        };
        let outcome = ctx.required_data::<Access>()?.api_key_revoke(permit, id).await;
        clear_loaders(ctx);
        Ok(match outcome {
            Err(error) => ApiKeyPayload::from_errors(access_errors(error)?),
            Ok(ChangedValue { value, seq }) => {
                ApiKeyPayload { api_key: visible_key(ctx, value), seq: seq.map(Long), ..ApiKeyPayload::default() }
            }
        })
    }
}
