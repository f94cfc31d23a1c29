//! An endpoint as clients see it.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use entity::prelude;
use iam::access::kind;
use macros::resolvers;
use services::webhooks::{
    Webhooks,
    core::{DisabledReason, Endpoint},
};

use super::log::{self, WebhookAttemptConnection, WebhookDeliveryConnection, WebhookDeliveryStatus};
use crate::{
    graphql::{
        connection::PageArgs,
        context::ContextExt,
        fault::Answer,
        filters::intersect_values,
        scalars::{Cursor, DateTime, Long},
    },
    identity::{Actor, actor},
};

/// Reason for which nothing is sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "DisabledReason")]
pub enum WebhookDisabledReason {
    /// The endpoint was disabled by hand.
    SwitchedOff,
    /// The endpoint answered with status 410.
    Gone,
    /// Every attempt of the last five days failed.
    Failing,
    /// The member or integration that created the endpoint is no longer active.
    MakerGone,
}

/// An address that events are sent to.
#[derive(Debug, Clone)]
pub struct WebhookEndpoint(Arc<Endpoint>);

impl From<Endpoint> for WebhookEndpoint {
    fn from(endpoint: Endpoint) -> Self {
        Self(Arc::new(endpoint))
    }
}

/// An address that events are sent to, signed after Standard Webhooks, at least once each, in no promised order: go by seq.
#[resolvers(requires = WebhookRead)]
impl WebhookEndpoint {
    /// TypeID of the endpoint, which begins with whe_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// URL to which messages are sent.
    async fn url(&self) -> &str {
        &self.0.url
    }
    /// Description of the endpoint; empty when there is none.
    async fn description(&self) -> &str {
        &self.0.description
    }
    /// Types of event that are sent to the endpoint: names, order.* for all of the resource order, or * for all.
    async fn event_types(&self) -> &[String] {
        &self.0.patterns
    }
    /// Actor whose permissions decide which events are sent: the creator of the endpoint, or the last to change its URL
    /// or its event types.
    #[field(was("maker", "2026-11-25"))]
    async fn owner(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, prelude::Actor::member(self.0.maker)).await
    }
    /// True if messages are sent to the endpoint.
    async fn is_enabled(&self) -> bool {
        self.0.disabled.is_none()
    }
    /// Time at which the endpoint was disabled; null while it is enabled.
    async fn disabled_at(&self) -> Option<DateTime> {
        self.0.disabled.map(|(at, _)| DateTime(at))
    }
    /// Reason for which the endpoint was disabled; null while it is enabled.
    async fn disabled_reason(&self) -> Option<WebhookDisabledReason> {
        self.0.disabled.map(|(_, reason)| reason.into())
    }
    /// Number of the last event that was processed for the endpoint.
    async fn seq(&self) -> Long {
        Long(self.0.journal_seq)
    }
    /// Number of the last event that was skipped, as the endpoint was disabled or behind for longer
    /// than events are kept, or as the operator dropped pending deliveries after a restore. Null when
    /// none was.
    async fn skipped_through_seq(&self) -> Option<Long> {
        self.0.skipped_through.map(Long)
    }
    /// Attempts that failed since the last one that did not.
    #[field(was("failures", "2026-11-25"))]
    async fn consecutive_failures(&self) -> Long {
        Long(self.0.health.failures)
    }
    /// Time since which every attempt has failed; the endpoint is disabled after five days. Null
    /// when the last attempt succeeded, or there was none.
    async fn failing_since(&self) -> Option<DateTime> {
        self.0.health.failing_since.map(DateTime)
    }
    /// Time until which no attempt is made, as the endpoint requested it or failed too often in a
    /// row. Null when there is no pause.
    async fn paused_until(&self) -> Option<DateTime> {
        self.0.health.paused_until.map(DateTime)
    }
    /// Time until which the previous secret signs too. Null when there is none, or its time is
    /// over.
    async fn old_secret_expires_at(&self) -> Option<DateTime> {
        self.0.old_secret_until.map(DateTime)
    }
    /// The public keys of its messages' v1a signatures, which are no secret: the newest secret's first, and two while one is being replaced.
    #[field(cost = "1")]
    async fn public_keys(&self, ctx: &Context<'_>) -> Answer<Vec<String>> {
        let permit = ctx.permit::<kind::WebhookRead>()?;
        Ok(ctx.required_data::<Webhooks>()?.public_keys(&permit, &self.0).await?)
    }
    /// Messages for the endpoint, the newest event first. Settled messages are shown for 30 days.
    #[field(paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Statuses to include; an empty list matches nothing. Null for all.")] statuses: Option<
            Vec<WebhookDeliveryStatus>,
        >,
        #[graphql(desc = "Deprecated name of `statuses`.", deprecation = "2026-11-27: use statuses. Removed after 2027-11-27.")]
        states: Option<Vec<WebhookDeliveryStatus>>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<WebhookDeliveryConnection> {
        let args = PageArgs { first, after, last, before };
        log::deliveries(ctx, &self.0, intersect_values(statuses, states), &args).await
    }
    /// Attempts of the last 30 days, the newest first. Older ones are among them, with an empty body, where the deployment archives months.
    #[field(paged)]
    async fn attempts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of the event whose message's attempts are included. Null for all events.")] seq: Option<Long>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<WebhookAttemptConnection> {
        log::attempts(ctx, &self.0, seq, &PageArgs { first, after, last, before }).await
    }
    /// Version of the endpoint: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time at which the endpoint was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
    /// Time of the last change of the endpoint.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}
