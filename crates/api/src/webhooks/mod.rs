//! GraphQL of webhooks.

pub use objects::webhooks::*;

mod mutation;

use async_graphql::{Context, Enum, InputObject, SimpleObject};
use macros::resolvers;
use platform::{
    paging::Key,
    storage::events::{AnyEventType, Source},
};
use services::webhooks::{Webhooks, core::Endpoint};

pub use mutation::{WebhookEndpointPayload, WebhookMutation, WebhookReplayPayload};

use crate::{
    catalog::Direction,
    graphql::{
        connection::PageArgs,
        context::ContextExt,
        fault::Answer,
        filters::{DateTimeFilter, IdFilter},
        nested::read_nested,
        scalars::Cursor,
    },
    periods::resolve_filter_periods,
    schema::events::{registry, subscription},
    short_lists::{IdAndTextFilter, SearchText, ShortList, is_within, short_sort},
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
    /// Part of the name before its first point, such as order: the pattern order.* selects all events of the resource.
    pub resource: &'static str,
    /// Deprecated name of `resource`.
    #[graphql(deprecation = "2026-11-29: use resource. Removed after 2027-11-29.")]
    pub noun: &'static str,
    /// True if the system produces the event by itself, at a due time or in a job. False where a mutation emits it.
    pub is_by_system: bool,
    /// Name of the subscription that carries the event. Null when only webhooks and Query.events carry it.
    pub subscription: Option<&'static str>,
}

impl From<&'static dyn AnyEventType> for WebhookEventType {
    fn from(event: &'static dyn AnyEventType) -> Self {
        let name = event.name();
        let resource = name.split_once('.').map_or(name, |(resource, _)| resource);
        Self {
            name,
            permission: event.permission(),
            description: event.description(),
            resource,
            noun: resource,
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
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<WebhookEventTypeFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<WebhookEventTypeFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<WebhookEventTypeFilter>>,
    /// Part of the name or the description, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// Permission of the events, compared exactly. Null for any.
    pub permission: Option<String>,
    /// Name of the subscription that carries the events, compared exactly. Null for any, and for none.
    pub subscription: Option<String>,
}

::graphql::nested_filter!(WebhookEventTypeFilter);

short_sort!(WebhookEventTypeSort, WebhookEventTypeSortField of WebhookEventType, "types of event" by "name", |one| {
    Name, "NAME", "Name of the event." => Key::Text(one.name.to_owned());
    Permission, "PERMISSION", "Permission that the creator of an endpoint needs to receive the event." => Key::Text(one.permission.to_owned());
});

/// Filter of webhook endpoints. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct WebhookEndpointFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<WebhookEndpointFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<WebhookEndpointFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<WebhookEndpointFilter>>,
    /// Condition on the endpoint's ID.
    pub id: Option<IdFilter>,
    /// Part of the URL or the description, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// True for enabled endpoints only, false for disabled ones, null for both.
    pub is_enabled: Option<bool>,
    /// Time at which the endpoint was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the endpoint last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(WebhookEndpointFilter);
crate::dated_filter!(WebhookEndpointFilter, [] "createdAt" created_at, "updatedAt" updated_at);

/// Sort order of a list of webhook endpoints; endpoints with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct WebhookEndpointSort {
    /// Field by which the endpoints are sorted.
    pub field: WebhookEndpointSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which webhook endpoints can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum WebhookEndpointSortField {
    /// Time at which the endpoint was created.
    CreatedAt,
    /// Time at which the endpoint last changed.
    UpdatedAt,
    /// URL to which messages are sent; the case of the letters A to Z is ignored.
    Url,
}

impl WebhookEndpointSortField {
    /// Returns the field's name in cursors.
    const fn name(self) -> &'static str {
        match self {
            Self::CreatedAt => "CREATED_AT",
            Self::UpdatedAt => "UPDATED_AT",
            Self::Url => "URL",
        }
    }

    /// Returns the sort key of an endpoint.
    fn key(self, endpoint: &Endpoint) -> Key {
        match self {
            Self::CreatedAt => Key::Int(endpoint.created_at.micros()),
            Self::UpdatedAt => Key::Int(endpoint.updated_at.micros()),
            Self::Url => Key::Text(endpoint.url.to_ascii_lowercase()),
        }
    }
}

#[derive(Default)]
pub struct WebhookQuery;

#[resolvers]
impl WebhookQuery {
    /// Your webhook endpoints, the oldest first; at most 50.
    #[field(permit = WebhookRead, deprecation = "2026-11-26: use webhookEndpointsList, which has pages. Removed after 2027-11-26.")]
    async fn webhook_endpoints(&self, ctx: &Context<'_>) -> Answer<Vec<WebhookEndpoint>> {
        Ok(ctx.required_data::<Webhooks>()?.endpoints(&permit).await?.into_iter().map(WebhookEndpoint::from).collect())
    }

    /// Your webhook endpoints, the oldest first unless another order is asked for.
    #[field(permit = WebhookRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn webhook_endpoints_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the endpoints; all endpoints by default.")] filter: Option<WebhookEndpointFilter>,
        #[graphql(desc = "Sort of the endpoints. Null for CREATED_AT, ASC.")] sort: Option<WebhookEndpointSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<WebhookEndpointConnection> {
        let args = PageArgs { first, after, last, before };
        let list = ShortList::sorted(ctx, "webhookEndpoints", sort.map(|sort| (sort.field.name(), sort.direction)), &args)?;
        let filter = read_nested(
            resolve_filter_periods(ctx, filter).await?.unwrap_or_default(),
            &mut |filter: WebhookEndpointFilter, path| {
                let id_and_text = IdAndTextFilter::read_at(filter.id.as_ref(), filter.search, path)?;
                Ok((id_and_text, filter.is_enabled, filter.created_at, filter.updated_at))
            },
        )?;
        let all = ctx.required_data::<Webhooks>()?.endpoints(&permit).await?.into_iter();
        let is_sought = |endpoint_row: &Endpoint| {
            filter.holds(&|(id_and_text, is_enabled, created, updated)| {
                id_and_text.matches_row(endpoint_row.id, &[&endpoint_row.url, &endpoint_row.description])
                    && is_enabled.is_none_or(|expected| endpoint_row.disabled.is_none() == expected)
                    && is_within(created.as_ref(), endpoint_row.created_at)
                    && is_within(updated.as_ref(), endpoint_row.updated_at)
            })
        };
        let matching = all.filter(is_sought).map(|endpoint| {
            let first = sort.map(|sort| sort.field.key(&endpoint));
            let keys: Vec<Key> = first.into_iter().chain([Key::from(endpoint.id)]).collect();
            (WebhookEndpoint::from(endpoint), keys)
        });
        Ok(list.page(matching).into())
    }

    /// Types of event that endpoints can subscribe to.
    #[field(authenticated, deprecation = "2026-11-26: use eventTypes, which has pages. Removed after 2027-11-26.")]
    async fn webhook_event_types(&self, ctx: &Context<'_>) -> Answer<Vec<WebhookEventType>> {
        Ok(registry().events().map(WebhookEventType::from).collect())
    }

    /// Types of event that webhooks, subscriptions and the journal carry, by name unless another order is asked for.
    #[field(authenticated, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn event_types(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the types; all types by default.")] filter: Option<WebhookEventTypeFilter>,
        #[graphql(desc = "Sort of the types. Null for NAME, ASC.")] sort: Option<WebhookEventTypeSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<WebhookEventTypeConnection> {
        let args = PageArgs { first, after, last, before };
        let list = ShortList::sorted(ctx, "eventTypes", sort.map(WebhookEventTypeSort::name_and_direction), &args)?;
        let filter = read_nested(filter.unwrap_or_default(), &mut |filter: WebhookEventTypeFilter, path| {
            Ok((SearchText::read_at(filter.search, path)?, filter.permission, filter.subscription))
        })?;
        let is_sought = |event_type: &WebhookEventType| {
            filter.holds(&|(search, permission, subscription)| {
                search.matches_row(&[event_type.name, event_type.description])
                    && permission.as_deref().is_none_or(|code| code == event_type.permission)
                    && subscription.as_deref().is_none_or(|name| event_type.subscription == Some(name))
            })
        };
        let matching = registry().events().map(WebhookEventType::from).filter(is_sought).map(|event_type| {
            let first = sort.map(|sort| sort.key(&event_type));
            let keys: Vec<Key> = first.into_iter().chain([Key::Text(event_type.name.to_owned())]).collect();
            (event_type, keys)
        });
        Ok(list.page(matching).into())
    }
}
