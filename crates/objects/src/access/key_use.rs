//! Use of an API key in an operation, and access of a key to results that were created with another
//! key.

use async_graphql::Context;
use entity::prelude::{ApiKeyId, IntegrationId, Timestamp};
use iam::access::Access;

use super::loads::access_loaders;
use crate::graphql::{context::ContextExt, fault::Answer};

/// In the data of an operation that a key is used for.
#[derive(Debug, Clone, Copy)]
pub struct KeyUse {
    pub key: ApiKeyId,
    pub created_at: Timestamp,
}

/// A result that was created for the caller: a file, or the result of a job.
#[derive(Debug, Clone, Copy)]
pub struct CreatedResult {
    /// The key that an integration requested it with.
    pub with: Option<ApiKeyId>,
    /// Time from which its data was read.
    pub at: Timestamp,
}

/// Whether a result that was made for the caller may be returned to it now: another key of the same
/// integration may have fewer rights, and the integration may have been bound to a channel since.
pub async fn may_receive_result(ctx: &Context<'_>, result: CreatedResult) -> Answer<bool> {
    let caller = ctx.caller()?;
    if let (Some(key_use), Some(key)) = (ctx.data_opt::<KeyUse>(), result.with)
        && key_use.key != key
        && !ctx.required_data::<Access>()?.holds_all_of_key(caller, key).await?
    {
        return Ok(false);
    }
    let Some(channel) = caller.channel else { return Ok(true) };
    let integration = access_loaders(ctx)?.integration(IntegrationId::from_uuid(caller.actor.id)).await?;
    Ok(integration.is_some_and(|integration| integration.has_been_bound_since(channel, result.at)))
}
