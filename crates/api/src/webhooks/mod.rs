//! GraphQL of webhooks.

mod log;
mod mutations;
mod types;

use async_graphql::{Context, InputObject, SimpleObject};
use entity::prelude::EndpointId;
use iam::access::kind;
use macros::resolvers;
use platform::{
    paging::Key,
    storage::events::{Declared, Source},
};
use services::webhooks::Webhooks;

pub use mutations::{WebhookEndpointPayload, WebhookMutation, WebhookReplayPayload};
pub use types::WebhookEndpoint;

use crate::{
    graphql::{connection::PageArgs, context::ContextExt, fault::Answer, scalars::Cursor},
    schema::events::{registry, subscription},
    short_lists::{SearchText, ShortList},
};

/// Type of event that endpoints can subscribe to.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct WebhookEventType {
    /// Name of the event, as in `eventTypes` of an endpoint.
    pub name: &'static str,
    /// Permission that the creator of an endpoint needs to receive the event.
    pub permission: &'static str,
    /// Objects that the event is about, in words, such as sales orders.
    pub description: &'static str,
    /// Part of the name before its first point, such as order: the pattern order.* selects all events of the noun.
    pub noun: &'static str,
    /// Whether the system produces the event by itself, at a due time or in a job. False where a mutation emits it.
    pub is_by_system: bool,
    /// Name of the subscription that carries the event. Null when only webhooks and Query.events carry it.
    pub subscription: Option<&'static str>,
}

impl From<&'static dyn Declared> for WebhookEventType {
    fn from(event: &'static dyn Declared) -> Self {
        let name = event.name();
        Self {
            name,
            permission: event.permission(),
            description: event.about(),
            noun: name.split_once('.').map_or(name, |(noun, _)| noun),
            is_by_system: event.source() == Source::System,
            subscription: event.topic().and_then(subscription),
        }
    }
}

crate::connection!(counted WebhookEndpointConnection, WebhookEndpointEdge, WebhookEndpoint, "webhook endpoints");
crate::connection!(counted WebhookEventTypeConnection, WebhookEventTypeEdge, WebhookEventType, "types of event");

/// Filter of types of event. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct WebhookEventTypeFilter {
    /// Part of the name or the description, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// Permission of the events, compared exactly. Null for any.
    pub permission: Option<String>,
    /// Name of the subscription that carries the events, compared exactly. Null for any, and for none.
    pub subscription: Option<String>,
}

#[derive(Default)]
pub struct WebhookQuery;

#[resolvers]
impl WebhookQuery {
    /// Your webhook endpoints, the oldest first; at most 50.
    #[field(permit = WebhookRead, deprecation = "2026-11-26: use webhookEndpointsList, which has pages. Removed after 2027-11-26.")]
    async fn webhook_endpoints(&self, ctx: &Context<'_>) -> Answer<Vec<WebhookEndpoint>> {
        Ok(ctx.given::<Webhooks>()?.endpoints(&permit).await?.into_iter().map(WebhookEndpoint::from).collect())
    }

    /// Your webhook endpoints, the oldest first.
    #[field(permit = WebhookRead, paged)]
    async fn webhook_endpoints_list(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<WebhookEndpointConnection> {
        let list = ShortList::of(ctx, "webhookEndpoints", &PageArgs { first, after, last, before })?;
        let found = ctx.given::<Webhooks>()?.endpoints(&permit).await?.into_iter().map(|endpoint| {
            let keys = vec![Key::from(endpoint.id)];
            (WebhookEndpoint::from(endpoint), keys)
        });
        Ok(list.page(found).into())
    }

    /// Types of event that endpoints can subscribe to.
    #[field(authenticated, deprecation = "2026-11-26: use eventTypes, which has pages. Removed after 2027-11-26.")]
    async fn webhook_event_types(&self, ctx: &Context<'_>) -> Answer<Vec<WebhookEventType>> {
        Ok(registry().events().map(WebhookEventType::from).collect())
    }

    /// Types of event that webhooks, subscriptions and the journal carry, by name.
    #[field(authenticated, paged)]
    async fn event_types(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the types; all types by default.")] filter: Option<WebhookEventTypeFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<WebhookEventTypeConnection> {
        let list = ShortList::of(ctx, "eventTypes", &PageArgs { first, after, last, before })?;
        let filter = filter.unwrap_or_default();
        let search = SearchText::read(filter.search)?;
        let all = registry().events().map(WebhookEventType::from);
        let all = all.filter(|one| filter.permission.as_deref().is_none_or(|code| code == one.permission));
        let all = all.filter(|one| filter.subscription.as_deref().is_none_or(|name| one.subscription == Some(name)));
        let found = all.filter(|one| search.finds(&[one.name, one.description]));
        Ok(list.page(found.map(|one| (one, vec![Key::Text(one.name.to_owned())]))).into())
    }
}

/// The endpoint of an id, if it is the caller's.
pub async fn endpoint(ctx: &Context<'_>, id: EndpointId) -> Answer<Option<WebhookEndpoint>> {
    let permit = ctx.permit::<kind::WebhookRead>()?;
    Ok(ctx.given::<Webhooks>()?.find(&permit, id).await?.map(WebhookEndpoint::from))
}
