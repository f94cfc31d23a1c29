//! What a key is used for, and what may be handed to a program that was made for another of its keys.

use async_graphql::Context;
use entity::prelude::{ApiKeyId, IntegrationId, Timestamp};
use iam::access::Access;

use super::loads::loads;
use crate::graphql::{context::ContextExt, fault::Answer};

/// In the data of an operation that a key is used for.
#[derive(Debug, Clone, Copy)]
pub struct KeyUse {
    pub key: ApiKeyId,
    pub created_at: Timestamp,
}

/// Something that was made for the caller: a file, or the result of a job.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// The key that a program asked for it with.
    pub with: Option<ApiKeyId>,
    /// The time from which on what it tells was read.
    pub at: Timestamp,
}

/// Whether what was made for the caller may be handed to it now: another key of the same integration may give less, and the integration may have been bound
/// to a channel since.
pub async fn may_have(ctx: &Context<'_>, made: Made) -> Answer<bool> {
    let caller = ctx.caller()?;
    if let (Some(used), Some(key)) = (ctx.data_opt::<KeyUse>(), made.with)
        && used.key != key
        && !ctx.given::<Access>()?.holds_all_of_key(caller, key).await?
    {
        return Ok(false);
    }
    let Some(channel) = caller.channel else { return Ok(true) };
    let integration = loads(ctx)?.integration(IntegrationId::from_uuid(caller.actor.id)).await?;
    Ok(integration.is_some_and(|integration| integration.has_been_bound_since(channel, made.at)))
}
