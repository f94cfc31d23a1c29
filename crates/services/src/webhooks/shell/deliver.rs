//! Sends messages to their receivers.

use std::{
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use entity::prelude::*;
use futures_util::{Stream, StreamExt, stream};
use iam::access::Caller;
use platform::{
    clock,
    jobs::Lease,
    storage::{Fault, Work, events::Registry, journal},
    traces::{self, Span, SpanKind, TraceContext},
};
use uuid::Uuid;

use super::service::{Webhooks, endpoint_event};
use crate::webhooks::{
    core::{self, Answer, DisabledReason, Endpoint, Fact, MAX_ATTEMPTS, Next, Signer},
    events::WEBHOOK_DISABLED,
    rows::{
        deliveries::{self, Attempt, DeliveryState, DueMessage},
        endpoints,
    },
    wire::{OutgoingMessage, SendResult, host_of},
};

/// Messages of a page.
const PAGE: i64 = 50;
/// Pages of an endpoint before the shard's journal is read again.
const MAX_PAGES: usize = 20;

/// Maximum attempts that are written in one transaction, and the maximum wait of the first for
/// others.
const MAX_RECORDED_ATTEMPTS: usize = 25;
const GATHER_INTERVAL: Duration = Duration::from_millis(100);

/// A message to send; the same bytes at each attempt.
struct Message {
    due: DueMessage,
    id: String,
    body: String,
    /// Trace of the event's origin, if it is recorded.
    trace: Option<TraceContext>,
}

/// Result of a message's attempt.
struct AttemptResult {
    due: DueMessage,
    sent: SendResult,
    at: Timestamp,
}

impl Webhooks {
    /// Sends the due messages of an endpoint, until none is left or the endpoint is paused.
    pub(in crate::webhooks) async fn deliver(&self, lease: Lease, mut endpoint: Endpoint, epoch: Uuid) -> Result<(), Fault> {
        let scope = self.0.db.tenant(endpoint.tenant);
        for _ in 0..MAX_PAGES {
            let now = self.0.clock.now();
            // The maker's rights are read again for each page: revoked rights end with the previous
            // one.
            let mut maker = self.0.access.member(endpoint.tenant, endpoint.maker).await?;
            if maker.is_none() {
                // Pending messages are sent when the tenant is resumed.
                if self.0.access.is_suspended(endpoint.tenant).await? {
                    return Ok(());
                }
                // It may have been resumed between the two.
                maker = self.0.access.member(endpoint.tenant, endpoint.maker).await?;
            }
            let Some(maker) = maker else { return self.disable(lease, &endpoint, DisabledReason::MakerGone).await };
            let page = deliveries::due(&scope, endpoint.id, now, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            let signers = self.signers(&scope, &endpoint, now).await?;
            let (messages, withheld_messages) = split_page(self.0.registry, &endpoint, epoch, &maker, page);
            self.settle_withheld(lease, &endpoint, &withheld_messages).await?;
            match self.send_all(lease, endpoint, messages, &signers).await? {
                Some(after) => endpoint = after,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Sends a page of messages, some concurrently. Returns the endpoint's new state; `None` if it
    /// is paused or disabled.
    async fn send_all(
        &self,
        lease: Lease,
        mut endpoint: Endpoint,
        messages: Vec<Message>,
        signers: &[Signer],
    ) -> Result<Option<Endpoint>, Fault> {
        let is_over = AtomicBool::new(false);
        let at_once = endpoint.health.max_concurrent();
        let url = endpoint.url.clone();
        let (stop_flag, url) = (&is_over, url.as_str());
        let sending = messages.into_iter().map(|message| async move {
            // Messages that are not yet sent when the endpoint becomes unhealthy stay pending.
            if stop_flag.load(Ordering::Relaxed) { None } else { Some(self.send(url, message, signers).await) }
        });
        let mut sending = stream::iter(sending).buffer_unordered(at_once);
        loop {
            let (results, is_last) = collect_attempts(&mut sending).await;
            if !results.is_empty() {
                match self.record_results(lease, endpoint.id, endpoint.tenant, results).await? {
                    Some(after) => {
                        let is_unwell = after.disabled.is_some() || after.health.is_paused(self.0.clock.now());
                        if is_unwell || after.url != endpoint.url {
                            is_over.store(true, Ordering::Relaxed);
                        }
                        endpoint = after;
                    }
                    None => is_over.store(true, Ordering::Relaxed),
                }
            }
            if is_last {
                break;
            }
        }
        Ok((!is_over.load(Ordering::Relaxed)).then_some(endpoint))
    }

    async fn send(&self, url: &str, message: Message, signers: &[Signer]) -> AttemptResult {
        let at = self.0.clock.now();
        let timestamp = at.micros().div_euclid(1_000_000);
        let signatures = core::signatures(signers, &message.id, timestamp, &message.body);
        // The span belongs to the trace of the event, which the receiver continues; without one it
        // belongs to the trace of the job.
        let mut span = Span::child_of(message.trace.or_else(traces::current), "webhook", SpanKind::Client);
        span.note("entrepot.webhook.attempt", message.due.attempts + 1);
        let traceparent = message.trace.and(span.context()).map(|context| context.traceparent());
        let (id, body, traceparent) = (message.id.as_str(), message.body.as_str(), traceparent.as_deref());
        let parcel = OutgoingMessage { url, id, timestamp, signatures: &signatures, body, traceparent };
        let send_result = self.0.sender.send(parcel).await;
        let is_success = answer(&send_result).is_success();
        if let Some(status) = send_result.status {
            span.note("http.response.status_code", i64::from(status));
        }
        span.end(!is_success);
        self.0.counters.record_attempt(is_success, u64::try_from(send_result.latency.as_micros()).unwrap_or(u64::MAX));
        AttemptResult { due: message.due, sent: send_result, at }
    }

    /// Writes the results of attempts, and the endpoint's health after them. `None` if the endpoint
    /// was deleted.
    async fn record_results(
        &self,
        lease: Lease,
        id: EndpointId,
        tenant: TenantId,
        results: Vec<AttemptResult>,
    ) -> Result<Option<Endpoint>, Fault> {
        let mut work = self.0.db.global().maintenance_for(tenant).await?;
        lease.guard(&work).await?;
        let Some(mut endpoint) = endpoints::lock(&work, id).await? else {
            work.rollback().await?;
            return Ok(None);
        };
        let now = self.0.clock.now();
        let (health, mut reason) = (endpoint.health, None);
        for AttemptResult { due, sent, at } in results {
            let (answer, number) = (answer(&sent), due.attempts + 1);
            let mut random = [0];
            self.0.clock.fill(&mut random);
            let after = match core::next(answer, number, now, random[0]) {
                Next::Delivered => (DeliveryState::Delivered, number, now),
                Next::At(at) => (DeliveryState::Pending, number, at),
                Next::Failed => (DeliveryState::Failed, MAX_ATTEMPTS, now),
            };
            deliveries::settle(&work, id, &due, after, now).await?;
            let (id, seq, status) = (self.0.clock.id(), due.seq, sent.status.map(i32::from));
            let latency_ms = sent.latency.as_millis() as i64;
            let attempt =
                Attempt { id, endpoint: endpoint.id, seq, number, at, status, error: sent.error, latency_ms, body: sent.body };
            deliveries::add_attempt(&work, &attempt).await?;
            let (slowed, given_up) = core::health_after(endpoint.health, answer, now);
            (endpoint.health, reason) = (slowed, reason.or(given_up));
        }
        if endpoint.health != health {
            endpoints::note_health(&work, id, endpoint.health).await?;
        }
        if let Some(reason) = reason.filter(|_| endpoint.disabled.is_none()) {
            self.disable_and_notify(&mut work, &mut endpoint, reason).await?;
            work.commit().await?;
            self.notify_owners(&endpoint, reason).await;
            return Ok(Some(endpoint));
        }
        work.commit().await?;
        Ok(Some(endpoint))
    }

    async fn disable_and_notify(&self, work: &mut Work, endpoint: &mut Endpoint, why: DisabledReason) -> Result<(), Fault> {
        let now = self.0.clock.now();
        (endpoint.disabled, endpoint.version, endpoint.updated_at) = (Some((now, why)), endpoint.version + 1, now);
        endpoints::change(work, endpoint).await?;
        // The event notifies the tenant's other members.
        journal::append(work, vec![endpoint_event(WEBHOOK_DISABLED, endpoint)], now).await?;
        self.0.counters.record_disabled();
        tracing::warn!(tenant = %endpoint.tenant, endpoint = %endpoint.id, why = why.as_str(), "a webhook endpoint was disabled");
        Ok(())
    }

    /// Sends an e-mail to the owners. A failure to do so is only logged.
    async fn notify_owners(&self, endpoint: &Endpoint, reason: DisabledReason) {
        let reason = match reason {
            DisabledReason::Gone => "it answered that it is gone",
            DisabledReason::Failing => "all its deliveries have failed for five days",
            DisabledReason::MakerGone => "its creator is no longer an active member",
            DisabledReason::SwitchedOff => "it was switched off",
        };
        // A URL may hold a secret of the receiver's, so only its host is used.
        let host = host_of(&endpoint.url);
        let notification = async {
            let owners = self.0.access.owners(endpoint.tenant).await?;
            self.0.identity.notify_of_disabled_webhook(endpoint.tenant, &owners, &host, reason).await
        };
        if let Err(fault) = notification.await {
            tracing::warn!(endpoint = %endpoint.id, %fault, "the owners could not be notified of a webhook endpoint that was disabled");
        }
    }

    async fn disable(&self, lease: Lease, endpoint: &Endpoint, reason: DisabledReason) -> Result<(), Fault> {
        let mut work = self.0.db.global().maintenance_for(endpoint.tenant).await?;
        lease.guard(&work).await?;
        match endpoints::lock(&work, endpoint.id).await? {
            Some(mut current) if current.disabled.is_none() && current.maker == endpoint.maker => {
                self.disable_and_notify(&mut work, &mut current, reason).await?;
                work.commit().await?;
                self.notify_owners(&current, reason).await;
                Ok(())
            }
            _ => work.rollback().await,
        }
    }

    /// Settles messages that the maker may not see, or whose events were removed.
    async fn settle_withheld(&self, lease: Lease, endpoint: &Endpoint, withheld_messages: &[DueMessage]) -> Result<(), Fault> {
        if withheld_messages.is_empty() {
            return Ok(());
        }
        let work = self.0.db.global().maintenance_for(endpoint.tenant).await?;
        lease.guard(&work).await?;
        // Lock order: the endpoint first, as in a replay, which locks the messages in another
        // order.
        endpoints::lock(&work, endpoint.id).await?;
        let now = self.0.clock.now();
        for due in withheld_messages {
            deliveries::settle(&work, endpoint.id, due, (DeliveryState::Withheld, due.attempts, now), now).await?;
        }
        work.commit().await
    }
}

/// Collects the attempts that end within a short time, to be written in one transaction; returns at
/// a failure, since it may be a reason to stop. The Boolean is true if no attempt is left.
async fn collect_attempts(sending: &mut (impl Stream<Item = Option<AttemptResult>> + Unpin)) -> (Vec<AttemptResult>, bool) {
    let mut results = Vec::new();
    let mut moment = pin!(clock::sleep(GATHER_INTERVAL));
    while results.len() < MAX_RECORDED_ATTEMPTS {
        tokio::select! {
            biased;
            next = sending.next() => match next {
                None => return (results, true),
                Some(None) => {}
                Some(Some(result)) => {
                    let is_success = answer(&result.sent).is_success();
                    results.push(result);
                    if !is_success {
                        break;
                    }
                }
            },
            () = &mut moment, if !results.is_empty() => break,
        }
    }
    (results, false)
}

fn answer(send_result: &SendResult) -> Answer {
    Answer { status: send_result.status, retry_after: send_result.retry_after }
}

/// Splits a page into messages with the data that the maker may see, and deliveries of which the
/// maker may see nothing.
fn split_page(
    registry: &Registry,
    endpoint: &Endpoint,
    epoch: Uuid,
    maker: &Caller,
    page: Vec<DueMessage>,
) -> (Vec<Message>, Vec<DueMessage>) {
    let (mut messages, mut withheld_messages) = (Vec::with_capacity(page.len()), Vec::new());
    for due in page {
        let Some((name, payload, at)) = &due.event else {
            withheld_messages.push(due);
            continue;
        };
        let visible_data = registry.visible_payload(name, payload, maker);
        if let Err(err) = &visible_data {
            // One event that cannot be read must not delay all later ones.
            tracing::error!(tenant = %endpoint.tenant, seq = due.seq, %err, "an event could not be read and is not sent");
        }
        let Some(data) = visible_data.ok().flatten() else {
            withheld_messages.push(due);
            continue;
        };
        let fact = Fact { tenant: endpoint.tenant, epoch, seq: due.seq, name, at: &clock::rfc3339(*at) };
        let (body, id) = (core::body(fact, &data), core::message_id(endpoint.tenant, epoch, due.seq).to_string());
        let trace = traces::trace_of_payload(payload);
        messages.push(Message { due, id, body, trace });
    }
    (messages, withheld_messages)
}
