//! Mutations of webhook endpoints. Changes of their URL, events or secret require a fresh
//! authentication, which a key never has.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, SimpleObject};
use entity::prelude::{EndpointId, EventId, JobId};
use iam::access::{ChangedValue, kind};
use macros::resolvers;
use platform::{path, storage::dry_run};
use services::webhooks::{
    EndpointFields, NewEndpoint, Replay, ReplayResult, WebhookError, Webhooks,
    core::{Endpoint, Rejection, Secret},
    events::{WEBHOOK_CREATED, WEBHOOK_DELETED, WEBHOOK_ROTATED, WEBHOOK_TESTED, WEBHOOK_UPDATED},
};

use super::WebhookEndpoint;
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        once::{EarlierCall, ReplayablePayload, SecretStatus},
        reading::{InputErrors, read},
        refusal::{ErrorCode, UserError, user_errors_of},
        scalars::Long,
    },
    jobs::{self, BackgroundJob},
};

/// An endpoint to be made.
#[derive(Debug, Clone, InputObject)]
pub struct WebhookEndpointCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// URL to which messages are sent: https, port 443, on the public internet.
    pub url: String,
    /// Types of event to send to the endpoint: names as in eventTypes, order.* for all of the
    /// resource order, or * for all.
    pub event_types: Vec<String>,
    /// Description of the endpoint; empty when omitted.
    pub description: Option<String>,
}

/// A change of an endpoint. Fields that are left out stay as they are.
#[derive(Debug, Clone, InputObject)]
pub struct WebhookEndpointUpdateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// ID of the endpoint.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// URL to which messages are sent; unchanged when omitted.
    pub url: Option<String>,
    /// Types of event to send to the endpoint. Null leaves them as they are.
    pub event_types: Option<Vec<String>>,
    /// Description of the endpoint; null clears it.
    pub description: MaybeUndefined<String>,
    /// True if messages are sent to the endpoint. An endpoint that is enabled goes on where it stopped, as far as events
    /// are kept. Null leaves it as it is.
    pub is_enabled: Option<bool>,
}

/// Messages to send again: messageIds, or fromSeq and toSeq.
#[derive(Debug, Clone, InputObject)]
pub struct WebhookEndpointReplayInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// The endpoint.
    pub id: ID,
    /// IDs of the messages (header webhook-id), at most 100, also of events that the endpoint does
    /// not ask for. Null with `fromSeq` and `toSeq`.
    pub message_ids: Option<Vec<String>>,
    /// Number of the first event to replay, out of the events that the endpoint subscribes to. Null with `messageIds`.
    pub from_seq: Option<Long>,
    /// Number of the last event to replay; at most 100,000 events in all. Null with `messageIds`.
    pub to_seq: Option<Long>,
}

/// Result of a change of a webhook endpoint.
#[derive(SimpleObject, Default)]
pub struct WebhookEndpointPayload {
    /// The endpoint as it is now, or as it was last when it was removed; null when the change was refused.
    pub webhook_endpoint: Option<WebhookEndpoint>,
    /// The secret that was made, this once: it is not shown again. Null otherwise.
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

/// Result of a request to send messages again.
#[derive(SimpleObject, Default)]
pub struct WebhookReplayPayload {
    /// The endpoint; null when the request was refused.
    pub webhook_endpoint: Option<WebhookEndpoint>,
    /// Job that sends the messages of a range; null for single messages.
    pub job: Option<BackgroundJob>,
    /// Reasons for which the request was refused; empty when it was accepted.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key; nothing was sent again for it.
    pub replayed: bool,
    /// Position in the tenant's stream; always null, as sending again is no event.
    pub seq: Option<Long>,
}

fn rejection_error(rejection: Rejection) -> UserError {
    match rejection {
        Rejection::Required { message, field } => UserError::new(ErrorCode::Required, message, field),
        Rejection::Invalid { message, field } => UserError::new(ErrorCode::Invalid, message, field),
        Rejection::TooLong { most, field } => {
            UserError::new(ErrorCode::TooLong, format!("at most {most} characters are kept"), field)
        }
        Rejection::LimitExceeded { message, field } => UserError::new(ErrorCode::LimitExceeded, message, field),
        Rejection::OutOfRange { message, field } => UserError::new(ErrorCode::OutOfRange, message, field),
        Rejection::InvalidState { message, field } => UserError::new(ErrorCode::InvalidState, message, field),
        Rejection::NotFound { field } => UserError::not_found("webhook endpoint, or message of it,", field),
        Rejection::Stale { actual } => UserError::stale(
            format!("it has changed since you read it and is at version {actual} now"),
            path!["input", "expectedVersion"],
            actual,
            None,
        ),
    }
}

impl WebhookEndpointPayload {
    fn from_errors(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
    fn of(ctx: &Context<'_>, outcome: Result<ChangedValue<Endpoint>, WebhookError>) -> Answer<Self> {
        Ok(match outcome {
            Err(error) => Self::from_errors(user_errors_of(error, rejection_error)?),
            Ok(ChangedValue { value, seq }) => {
                Self { webhook_endpoint: visible_endpoint(ctx, value), seq: seq.map(Long), ..Self::default() }
            }
        })
    }
    fn from_outcome(ctx: &Context<'_>, outcome: Result<ChangedValue<(Endpoint, Secret)>, WebhookError>) -> Answer<Self> {
        Ok(match outcome {
            Err(error) => Self::from_errors(user_errors_of(error, rejection_error)?),
            Ok(ChangedValue { value: (endpoint, secret), seq }) => {
                // A dry run creates no secret.
                let secret = (!dry_run::is_on()).then(|| secret.text());
                let secret_status = if secret.is_some() { SecretStatus::Shown } else { SecretStatus::None };
                Self {
                    webhook_endpoint: visible_endpoint(ctx, endpoint),
                    secret,
                    secret_status,
                    seq: seq.map(Long),
                    ..Self::default()
                }
            }
        })
    }
}

impl From<Vec<UserError>> for WebhookEndpointPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self::from_errors(user_errors)
    }
}

impl ReplayablePayload for WebhookEndpointPayload {
    /// Omits an endpoint that was removed meanwhile.
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let webhook_endpoint = match (earlier.id::<EndpointId>(), ctx.permit::<kind::WebhookRead>()) {
            (Some(id), Ok(permit)) => ctx.required_data::<Webhooks>()?.find(&permit, id).await?.map(Into::into),
            _ => None,
        };
        let has_secret = ["webhookEndpointCreate", "webhookEndpointRotateSecret"].contains(&earlier.mutation);
        let secret_status = if has_secret { SecretStatus::AlreadyShown } else { SecretStatus::None };
        Ok(Self { webhook_endpoint, secret_status, replayed: true, seq: earlier.seq().map(Long), ..Self::default() })
    }
}

impl From<Vec<UserError>> for WebhookReplayPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl ReplayablePayload for WebhookReplayPayload {
    /// The receipt contains the ID of the endpoint, followed by that of the job if a range is
    /// replayed.
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let receipt = earlier.id::<String>().unwrap_or_default();
        let mut ids = receipt.split(' ');
        let endpoint = ids.next().and_then(|id| id.parse::<EndpointId>().ok());
        let job = ids.next().and_then(|id| id.parse::<JobId>().ok()).filter(|_| ctx.holds::<kind::JobRead>());
        let webhook_endpoint = match (endpoint, ctx.permit::<kind::WebhookRead>()) {
            (Some(id), Ok(permit)) => ctx.required_data::<Webhooks>()?.find(&permit, id).await?.map(Into::into),
            _ => None,
        };
        let job = match job {
            Some(id) => jobs::find_job(ctx, id).await?,
            None => None,
        };
        Ok(Self { webhook_endpoint, job, replayed: true, ..Self::default() })
    }
}

/// Returns the endpoint, if the caller may read endpoints: the right to write them does not include
/// that.
fn visible_endpoint(ctx: &Context<'_>, endpoint: Endpoint) -> Option<WebhookEndpoint> {
    ctx.permit::<kind::WebhookRead>().ok().map(|_| endpoint.into())
}

fn endpoint_id(id: &ID, field: Vec<String>) -> Result<EndpointId, Vec<UserError>> {
    read(|reader| reader.id(id, || field))
}

/// Reads the messages to send again, or returns the errors of the input.
fn parse_replay(input: &WebhookEndpointReplayInput) -> Result<(EndpointId, Replay), Vec<UserError>> {
    let mut reader = InputErrors::default();
    let id = reader.id(&input.id, || path!["input", "id"]);
    let selection = match (&input.message_ids, input.from_seq, input.to_seq) {
        (Some(ids), None, None) => {
            let ids = ids.iter().enumerate();
            let read = ids.map(|(index, id)| -> EventId { reader.id(&ID(id.clone()), || path!["input", "messageIds", index]) });
            Replay::Messages(read.collect())
        }
        (None, Some(from), Some(to)) => Replay::Range(from.0, to.0),
        _ => {
            reader.invalid("give messageIds, or fromSeq and toSeq", || path!["input"]);
            Replay::Messages(Vec::new())
        }
    };
    reader.end((id, selection))
}

/// Changes of webhook endpoints.
#[derive(Default)]
pub struct WebhookMutation;

#[resolvers]
impl WebhookMutation {
    /// Creates an endpoint and returns its secret, this once. Events from now on are sent to it, as
    /// far as you may see them yourself.
    #[mutation(permit = WebhookManage, step_up, once, emits(WEBHOOK_CREATED), dry_run(rolled_back))]
    async fn webhook_endpoint_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Endpoint to create.")] input: WebhookEndpointCreateInput,
    ) -> Answer<WebhookEndpointPayload> {
        let WebhookEndpointCreateInput { url, event_types, description, .. } = input;
        let new = NewEndpoint { url, description: description.unwrap_or_default(), patterns: event_types };
        WebhookEndpointPayload::from_outcome(ctx, ctx.required_data::<Webhooks>()?.create(permit, new).await)
    }

    /// Updates an endpoint. A change of its URL, its event types or its enabling limits its events
    /// to those that you may see.
    #[mutation(permit = WebhookManage, step_up, once, emits(WEBHOOK_UPDATED), dry_run(rolled_back))]
    async fn webhook_endpoint_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Endpoint to change, with its new values.")] input: WebhookEndpointUpdateInput,
    ) -> Answer<WebhookEndpointPayload> {
        let id = match endpoint_id(&input.id, path!["input", "id"]) {
            Ok(id) => id,
            Err(errors) => return Ok(WebhookEndpointPayload::from_errors(errors)),
        };
        let description = match input.description {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(String::new()),
            MaybeUndefined::Value(text) => Some(text),
        };
        let fields = EndpointFields { url: input.url, description, patterns: input.event_types, is_enabled: input.is_enabled };
        let outcome = ctx.required_data::<Webhooks>()?.update(permit, (id, input.expected_version.0), fields).await;
        WebhookEndpointPayload::of(ctx, outcome)
    }

    /// Removes an endpoint, with what was still to be sent to it and its log.
    #[mutation(permit = WebhookManage, once(argument), emits(WEBHOOK_DELETED), dry_run(rolled_back))]
    async fn webhook_endpoint_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the endpoint to delete.")] id: ID,
    ) -> Answer<WebhookEndpointPayload> {
        match endpoint_id(&id, path!["id"]) {
            Ok(id) => WebhookEndpointPayload::of(ctx, ctx.required_data::<Webhooks>()?.delete(permit, id).await),
            Err(errors) => Ok(WebhookEndpointPayload::from_errors(errors)),
        }
    }

    /// Rotates the secret of an endpoint and returns the new one, this once. Messages are signed
    /// with both until the overlap is over.
    #[mutation(permit = WebhookManage, step_up, once(argument), emits(WEBHOOK_ROTATED), dry_run(rolled_back))]
    async fn webhook_endpoint_rotate_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the endpoint.")] id: ID,
        #[graphql(
            desc = "Time for which the previous secret signs too, in seconds; 0 to 604,800 (seven days). Default 86,400.",
            default = 86_400
        )]
        overlap_seconds: i32,
    ) -> Answer<WebhookEndpointPayload> {
        match endpoint_id(&id, path!["id"]) {
            Ok(id) => {
                let outcome = ctx.required_data::<Webhooks>()?.rotate(permit, id, overlap_seconds.into()).await;
                WebhookEndpointPayload::from_outcome(ctx, outcome)
            }
            Err(errors) => Ok(WebhookEndpointPayload::from_errors(errors)),
        }
    }

    /// Sends an endpoint a message of the event webhook.tested, whatever it subscribes to. Its attempts show the result.
    #[mutation(permit = WebhookManage, cost = "100", once(argument), emits(WEBHOOK_TESTED))]
    async fn webhook_endpoint_test(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the endpoint.")] id: ID,
    ) -> Answer<WebhookEndpointPayload> {
        match endpoint_id(&id, path!["id"]) {
            Ok(id) => WebhookEndpointPayload::of(ctx, ctx.required_data::<Webhooks>()?.test(permit, id).await),
            Err(errors) => Ok(WebhookEndpointPayload::from_errors(errors)),
        }
    }

    /// Sends messages again under the ids that they had: some by their ids, or all of a range of events that the endpoint asks for.
    #[mutation(permit = WebhookManage, cost = "100", once)]
    async fn webhook_endpoint_replay(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Endpoint and the messages to send again.")] input: WebhookEndpointReplayInput,
    ) -> Answer<WebhookReplayPayload> {
        let (id, selection) = match parse_replay(&input) {
            Ok(parts) => parts,
            Err(user_errors) => return Ok(WebhookReplayPayload { user_errors, ..WebhookReplayPayload::default() }),
        };
        Ok(match ctx.required_data::<Webhooks>()?.replay(permit, id, selection).await {
            Err(error) => {
                WebhookReplayPayload { user_errors: user_errors_of(error, rejection_error)?, ..WebhookReplayPayload::default() }
            }
            Ok(ReplayResult { endpoint, job }) => {
                let job = job.filter(|_| ctx.holds::<kind::JobRead>()).map(BackgroundJob::from);
                WebhookReplayPayload { webhook_endpoint: visible_endpoint(ctx, endpoint), job, ..WebhookReplayPayload::default() }
            }
        })
    }
}
