//! GraphQL of webhooks.

pub mod log;
pub mod types;

use async_graphql::Context;
use entity::prelude::EndpointId;
use iam::access::kind;
use services::webhooks::Webhooks;

pub use types::WebhookEndpoint;

use crate::graphql::{context::ContextExt, fault::Answer};

/// The endpoint of an id, if it is the caller's.
pub async fn find_endpoint(ctx: &Context<'_>, id: EndpointId) -> Answer<Option<WebhookEndpoint>> {
    let permit = ctx.permit::<kind::WebhookRead>()?;
    Ok(ctx.required_data::<Webhooks>()?.find(&permit, id).await?.map(WebhookEndpoint::from))
}
