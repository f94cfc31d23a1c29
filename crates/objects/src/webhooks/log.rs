//! Log of webhook messages and their delivery attempts.

use async_graphql::{Context, Enum};
use entity::prelude::EventId;
use iam::access::kind;
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::paging::{CursorSigner, Key, ListSource, keyset};
use services::webhooks::{
    Attempt, Delivery, DeliveryState, Webhooks,
    core::{Endpoint, message_id},
};

use crate::graphql::{
    connection::{Page, PageArgs},
    context::ContextExt,
    fault::Answer,
    limits::Limits,
    scalars::{DateTime, Long},
};

/// State of a webhook message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "DeliveryState")]
pub enum WebhookDeliveryStatus {
    /// The message waits for its next attempt.
    Pending,
    /// The endpoint answered with a 2xx status.
    Delivered,
    /// Attempts have all failed: webhookEndpointReplay sends the delivery again.
    Failed,
    /// The member or integration that created the endpoint may not see the event.
    Withheld,
}

/// A message for an endpoint.
#[derive(Debug, Clone)]
pub struct WebhookDelivery {
    delivery: Delivery,
    message: EventId,
}

/// A message for an endpoint.
#[resolvers(requires = WebhookRead)]
impl WebhookDelivery {
    /// ID of the message, sent in the header webhook-id; equal for each attempt and each replay.
    async fn message_id(&self) -> String {
        self.message.to_string()
    }
    /// Number of the message's event.
    async fn seq(&self) -> Long {
        Long(self.delivery.seq)
    }
    /// Type of the message's event. Null when it is no longer kept.
    async fn event_type(&self) -> Option<&str> {
        self.delivery.event.as_deref()
    }
    /// State of the message.
    #[field(was("state", "2026-11-25"))]
    async fn status(&self) -> WebhookDeliveryStatus {
        self.delivery.state.into()
    }
    /// Attempts since the message was created or last replayed, 0 to 10.
    #[field(was("attempts", "2026-11-25"))]
    async fn attempt_count(&self) -> Long {
        Long(self.delivery.attempts)
    }
    /// Time of the next attempt, unless the endpoint is paused for longer; null when the message is settled.
    async fn next_attempt_at(&self) -> Option<DateTime> {
        (self.delivery.state == DeliveryState::Pending).then_some(DateTime(self.delivery.due_at))
    }
    /// Time at which the message was delivered, given up or withheld; null before.
    async fn settled_at(&self) -> Option<DateTime> {
        self.delivery.settled_at.map(DateTime)
    }
}

/// An attempt to deliver a message, with its result.
#[derive(Debug, Clone)]
pub struct WebhookAttempt {
    attempt: Attempt,
    message: EventId,
}

/// Result of an attempt to deliver a message.
#[resolvers(requires = WebhookRead)]
impl WebhookAttempt {
    /// The message's id.
    async fn message_id(&self) -> String {
        self.message.to_string()
    }
    /// Number of the message's event.
    async fn seq(&self) -> Long {
        Long(self.attempt.seq)
    }
    /// Number of the attempt for its message, from 1.
    async fn number(&self) -> Long {
        Long(self.attempt.number)
    }
    /// Time at which the attempt started.
    async fn at(&self) -> DateTime {
        DateTime(self.attempt.at)
    }
    /// The status of the answer; null when there was none.
    async fn status(&self) -> Option<i32> {
        self.attempt.status
    }
    /// Error that prevented a response; null when there was a response.
    async fn error(&self) -> Option<&str> {
        self.attempt.error.as_deref()
    }
    /// Time from the start of the attempt to the end of the answer, in milliseconds.
    async fn latency_ms(&self) -> Long {
        Long(self.attempt.latency_ms)
    }
    /// The first KiB of the answer's body.
    async fn body(&self) -> &str {
        &self.attempt.body
    }
}

crate::connection!(counted WebhookDeliveryConnection, WebhookDeliveryEdge, WebhookDelivery, "messages for an endpoint");
crate::connection!(counted WebhookAttemptConnection, WebhookAttemptEdge, WebhookAttempt, "attempts to deliver");

pub async fn deliveries(
    ctx: &Context<'_>,
    endpoint: &Endpoint,
    statuses: Option<Vec<WebhookDeliveryStatus>>,
    args: &PageArgs,
) -> Answer<WebhookDeliveryConnection> {
    let permit = ctx.permit::<kind::WebhookRead>()?;
    let (webhooks, signer) = (ctx.required_data::<Webhooks>()?, ctx.required_data::<CursorSigner>()?);
    let name = format!("webhook deliveries:{}", endpoint.id);
    let request = args.check(&name, signer, ctx.required_data::<Limits>()?.page)?;
    let (mut conditions, mut values) = (" AND d.endpoint_id = $2".to_owned(), vec![endpoint.id.into()]);
    if let Some(statuses) = statuses {
        let backend = webhooks.backend();
        conditions += &format!(" AND {}", backend.in_texts("d.state", 3));
        values.push(backend.texts(statuses.into_iter().map(|status| DeliveryState::from(status).as_str())));
    }
    let from = format!("FROM webhook_delivery d WHERE d.tenant_id = $1{conditions}");
    let (scope, source) = (permit.scope(ctx.required_data::<Ledger>()?.database()), ListSource { from, values: values.clone() });
    let (bounds, order, keyset_values) = keyset(&["d.seq"], true, &request, values.len() + 2);
    conditions += &bounds;
    values.extend(keyset_values);
    let page_deliveries = webhooks.deliveries(&permit, &conditions, &order, values).await?;
    let epoch = webhooks.head(&permit).await?.epoch;
    let rows = page_deliveries.into_iter().map(|delivery| {
        let (message, keys) = (message_id(endpoint.tenant, epoch, delivery.seq), vec![Key::Int(delivery.seq)]);
        (WebhookDelivery { delivery, message }, keys)
    });
    Ok(Page::build(rows.collect(), &request, name, signer).with_count_source(scope, source).into())
}

pub async fn attempts(
    ctx: &Context<'_>,
    endpoint: &Endpoint,
    seq: Option<Long>,
    args: &PageArgs,
) -> Answer<WebhookAttemptConnection> {
    let permit = ctx.permit::<kind::WebhookRead>()?;
    let (webhooks, signer) = (ctx.required_data::<Webhooks>()?, ctx.required_data::<CursorSigner>()?);
    let name = format!("webhook attempts:{}", endpoint.id);
    let request = args.check(&name, signer, ctx.required_data::<Limits>()?.page)?;
    let (mut conditions, mut values) = (" AND a.endpoint_id = $2".to_owned(), vec![endpoint.id.into()]);
    if let Some(seq) = seq {
        conditions += " AND a.seq = $3";
        values.push(seq.0.into());
    }
    let from = format!("FROM webhook_attempt a WHERE a.tenant_id = $1{conditions}");
    let (scope, source) = (permit.scope(ctx.required_data::<Ledger>()?.database()), ListSource { from, values: values.clone() });
    let (bounds, order, keyset_values) = keyset(&["a.id"], true, &request, values.len() + 2);
    conditions += &bounds;
    values.extend(keyset_values);
    let page_attempts = webhooks.attempts(&permit, &conditions, &order, values).await?;
    let epoch = webhooks.head(&permit).await?.epoch;
    let rows = page_attempts.into_iter().map(|attempt| {
        let (message, keys) = (message_id(endpoint.tenant, epoch, attempt.seq), vec![attempt.id.into()]);
        (WebhookAttempt { attempt, message }, keys)
    });
    Ok(Page::build(rows.collect(), &request, name, signer).with_count_source(scope, source).into())
}
