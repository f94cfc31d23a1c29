//! GraphQL of webhooks.

mod log;
mod mutations;
mod types;

use async_graphql::{Context, SimpleObject};
use entity::prelude::EndpointId;
use iam::access::kind;
use macros::resolvers;
use platform::storage::events::Declared;
use services::webhooks::Webhooks;

pub use mutations::{WebhookEndpointPayload, WebhookMutation, WebhookReplayPayload};
pub use types::WebhookEndpoint;

use crate::graphql::{context::ContextExt, fault::Answer};

/// Type of event that endpoints can subscribe to.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct WebhookEventType {
    /// Name of the event, as in `eventTypes` of an endpoint.
    pub name: &'static str,
    /// Permission that the creator of an endpoint needs to receive the event.
    pub permission: &'static str,
}

#[derive(Default)]
pub struct WebhookQuery;

#[resolvers]
impl WebhookQuery {
    /// Your webhook endpoints, the oldest first; at most 50.
    #[field(permit = WebhookRead)]
    async fn webhook_endpoints(&self, ctx: &Context<'_>) -> Answer<Vec<WebhookEndpoint>> {
        Ok(ctx.given::<Webhooks>()?.endpoints(&permit).await?.into_iter().map(WebhookEndpoint::from).collect())
    }

    /// Types of event that endpoints can subscribe to.
    #[field(authenticated)]
    async fn webhook_event_types(&self, ctx: &Context<'_>) -> Answer<Vec<WebhookEventType>> {
        let named = |event: &'static dyn Declared| WebhookEventType { name: event.name(), permission: event.permission() };
        Ok(crate::schema::events::registry().events().map(named).collect())
    }
}

/// The endpoint of an id, if it is the caller's.
pub async fn endpoint(ctx: &Context<'_>, id: EndpointId) -> Answer<Option<WebhookEndpoint>> {
    let permit = ctx.permit::<kind::WebhookRead>()?;
    Ok(ctx.given::<Webhooks>()?.find(&permit, id).await?.map(WebhookEndpoint::from))
}
