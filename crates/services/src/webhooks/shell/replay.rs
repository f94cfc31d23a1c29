//! Sending again what was sent before, under the same ids.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    jobs::{self, core::Job},
    path,
    storage::{journal, once},
};
use serde::{Deserialize, Serialize};

use super::{WebhookError, Webhooks, manage::disabled};
use crate::webhooks::{
    core::{Endpoint, MAX_REPLAYED_MESSAGES, Rejection, check_range, seq_of},
    rows::deliveries,
};

/// What is to be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// These messages, whether the endpoint asks for their events or not.
    Messages(Vec<EventId>),
    /// The events from one number to another that the endpoint asks for.
    Range(i64, i64),
}

/// What was put down.
#[derive(Debug, Clone)]
pub struct Replayed {
    pub endpoint: Endpoint,
    /// Of a range: the job that puts its messages down.
    pub job: Option<Job>,
}

/// The kind of job that sends a range again.
pub const KIND: &str = "webhook.replay";

/// What such a job is given.
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
        what: Replay,
    ) -> Result<Replayed, WebhookError> {
        if let Replay::Messages(messages) = &what
            && !(1..=MAX_REPLAYED_MESSAGES).contains(&messages.len())
        {
            let message = format!("1 to {MAX_REPLAYED_MESSAGES} messages are expected");
            return Err(Rejection::LimitExceeded { message, field: path!["input", "messageIds"] }.into());
        }
        let (work, endpoint) = self.locked(&permit, id, path!["input", "id"]).await?;
        let head = journal::head(&work).await?;
        let seqs = match &what {
            Replay::Messages(messages) => known(&endpoint, head, messages)?,
            Replay::Range(from, to) => {
                check_range(*from, *to, head.low, endpoint.journal_seq)?;
                Vec::new()
            }
        };
        if endpoint.disabled.is_some() {
            work.rollback().await?;
            return Err(disabled(path!["input", "id"]).into());
        }
        let job = match what {
            Replay::Messages(_) => {
                deliveries::add_again(&work, id, &seqs, self.0.clock.now()).await?;
                None
            }
            Replay::Range(from, to) => Some(jobs::enqueue(&work, &self.0.clock, KIND, &Order { endpoint: id, from, to }).await?),
        };
        match &job {
            Some(job) => once::set_subject(&format!("{} {}", endpoint.id, job.id)),
            None => once::set_subject(&endpoint.id),
        }
        work.commit().await?;
        Ok(Replayed { endpoint, job })
    }
}

/// The numbers of the events that these messages tell, all of which are kept and have been looked at for the endpoint.
fn known(endpoint: &Endpoint, head: journal::Head, messages: &[EventId]) -> Result<Vec<i64>, WebhookError> {
    let (mut seqs, mut unknown) = (Vec::with_capacity(messages.len()), Vec::new());
    for (index, message) in messages.iter().enumerate() {
        match seq_of(endpoint.tenant, head.epoch, *message) {
            Some(seq) if seq > head.low && seq <= endpoint.journal_seq => seqs.push(seq),
            _ => unknown.push(Rejection::NotFound { field: path!["input", "messageIds", index] }),
        }
    }
    if unknown.is_empty() { Ok(seqs) } else { Err(unknown.into()) }
}
