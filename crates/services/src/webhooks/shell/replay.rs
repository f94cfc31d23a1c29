//! Replays: messages are sent again, under the same IDs.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    jobs::{self, core::Job},
    path,
    storage::{journal, once},
};
use serde::{Deserialize, Serialize};

use super::{
    manage::disabled_rejection,
    service::{WebhookError, Webhooks},
};
use crate::webhooks::{
    core::{Endpoint, MAX_REPLAYED_MESSAGES, Rejection, check_range, seq_of},
    rows::deliveries,
};

/// Messages to send again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// These messages, even if their events do not match the endpoint's patterns.
    Messages(Vec<EventId>),
    /// The events from one `seq` to another that match the endpoint's patterns.
    Range(i64, i64),
}

/// Result of a replay.
#[derive(Debug, Clone)]
pub struct ReplayResult {
    pub endpoint: Endpoint,
    /// Job that inserts the messages of a range.
    pub job: Option<Job>,
}

/// Kind of the job that sends a range again.
pub const KIND: &str = "webhook.replay";

/// Payload of a replay job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub endpoint: EndpointId,
    pub from: i64,
    pub to: i64,
}

impl Webhooks {
    pub async fn replay(
        &self,
        permit: Permit<kind::WebhookManage>,
        id: EndpointId,
        request: Replay,
    ) -> Result<ReplayResult, WebhookError> {
        if let Replay::Messages(messages) = &request
            && !(1..=MAX_REPLAYED_MESSAGES).contains(&messages.len())
        {
            let message = format!("1 to {MAX_REPLAYED_MESSAGES} messages are expected");
            return Err(Rejection::LimitExceeded { message, field: path!["input", "messageIds"] }.into());
        }
        let (work, endpoint) = self.begin_locked(&permit, id, path!["input", "id"]).await?;
        let head = journal::head(&work).await?;
        let seqs = match &request {
            Replay::Messages(messages) => resolve_seqs(&endpoint, head, messages)?,
            Replay::Range(from, to) => {
                check_range(*from, *to, head.low, endpoint.journal_seq)?;
                Vec::new()
            }
        };
        if endpoint.disabled.is_some() {
            work.rollback().await?;
            return Err(disabled_rejection(path!["input", "id"]).into());
        }
        let job = match request {
            Replay::Messages(_) => {
                deliveries::requeue(&work, id, &seqs, self.0.clock.now()).await?;
                None
            }
            Replay::Range(from, to) => Some(jobs::enqueue(&work, &self.0.clock, KIND, &Order { endpoint: id, from, to }).await?),
        };
        match &job {
            Some(job) => once::set_subject(&format!("{} {}", endpoint.id, job.id)),
            None => once::set_subject(&endpoint.id),
        }
        work.commit().await?;
        Ok(ReplayResult { endpoint, job })
    }
}

/// Returns the `seq` of each message's event; each must still exist, and be processed for the
/// endpoint.
fn resolve_seqs(endpoint: &Endpoint, head: journal::Head, messages: &[EventId]) -> Result<Vec<i64>, WebhookError> {
    let (mut seqs, mut unknown) = (Vec::with_capacity(messages.len()), Vec::new());
    for (index, message) in messages.iter().enumerate() {
        match seq_of(endpoint.tenant, head.epoch, *message) {
            Some(seq) if seq > head.low && seq <= endpoint.journal_seq => seqs.push(seq),
            _ => unknown.push(Rejection::NotFound { field: path!["input", "messageIds", index] }),
        }
    }
    if unknown.is_empty() { Ok(seqs) } else { Err(unknown.into()) }
}
