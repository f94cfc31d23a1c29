//! From messages to their receivers.

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

use super::Webhooks;
use crate::webhooks::{
    core::{self, Answer, DisabledWhy, Endpoint, Fact, MOST_ATTEMPTS, Next, Signer},
    rows::{
        deliveries::{self, Attempt, DeliveryState, Due},
        endpoints,
    },
    wire::{Parcel, Sent, host_of},
};

/// Messages that are read at once.
const PAGE: i64 = 50;
/// Pages that an endpoint is given before the shard looks at its journal again.
const MOST_PAGES: usize = 20;

/// Attempts that are written in one transaction, and how long the first of them waits for others.
const MOST_NOTED: usize = 25;
const MOMENT: Duration = Duration::from_millis(100);

/// A message as it goes out; the same bytes at each attempt.
struct Message {
    due: Due,
    id: String,
    body: String,
    /// The trace of what made the event, where that is recorded.
    trace: Option<TraceContext>,
}

/// What came of a message's attempt.
struct Ended {
    due: Due,
    sent: Sent,
    at: Timestamp,
}

impl Webhooks {
    /// Sends what is due to an endpoint, until nothing is, or it wants to be left alone.
    pub(in crate::webhooks) async fn deliver(&self, lease: Lease, mut endpoint: Endpoint, epoch: Uuid) -> Result<(), Fault> {
        let scope = self.0.db.tenant(endpoint.tenant);
        for _ in 0..MOST_PAGES {
            let now = self.0.clock.now();
            // What somebody may see is asked anew for each page: rights that were taken away end with the last one.
            let mut maker = self.0.access.member(endpoint.tenant, endpoint.maker).await?;
            if maker.is_none() {
                // What waits goes on when the tenant is resumed.
                if self.0.access.is_suspended(endpoint.tenant).await? {
                    return Ok(());
                }
                // It may have been resumed between the two.
                maker = self.0.access.member(endpoint.tenant, endpoint.maker).await?;
            }
            let Some(maker) = maker else { return self.disable(lease, &endpoint, DisabledWhy::MakerGone).await };
            let page = deliveries::due(&scope, endpoint.id, now, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            let signers = self.signers(&scope, &endpoint, now).await?;
            let (messages, withheld) = read(self.0.registry, &endpoint, epoch, &maker, page);
            self.withhold(lease, &endpoint, &withheld).await?;
            match self.send_all(lease, endpoint, messages, &signers).await? {
                Some(after) => endpoint = after,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Sends a page of messages, some at once. The endpoint as it is then; None when it is to be left alone.
    async fn send_all(
        &self,
        lease: Lease,
        mut endpoint: Endpoint,
        messages: Vec<Message>,
        signers: &[Signer],
    ) -> Result<Option<Endpoint>, Fault> {
        let is_over = AtomicBool::new(false);
        let at_once = endpoint.health.at_once();
        let url = endpoint.url.clone();
        let (over, url) = (&is_over, url.as_str());
        let sending = messages.into_iter().map(|message| async move {
            // What has not been begun when the endpoint turns out to be unwell stays where it is.
            if over.load(Ordering::Relaxed) { None } else { Some(self.send(url, message, signers).await) }
        });
        let mut sending = stream::iter(sending).buffer_unordered(at_once);
        loop {
            let (ended, is_last) = gather(&mut sending).await;
            if !ended.is_empty() {
                match self.note(lease, endpoint.id, endpoint.tenant, ended).await? {
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

    async fn send(&self, url: &str, message: Message, signers: &[Signer]) -> Ended {
        let at = self.0.clock.now();
        let timestamp = at.micros().div_euclid(1_000_000);
        let signatures = core::signatures(signers, &message.id, timestamp, &message.body);
        // In the trace of the event, which the receiver goes on with; of others the attempt is a step of the job.
        let mut span = Span::under(message.trace.or_else(traces::current), "webhook", SpanKind::Client);
        span.note("entrepot.webhook.attempt", message.due.attempts + 1);
        let traceparent = message.trace.and(span.context()).map(|context| context.traceparent());
        let (id, body, traceparent) = (message.id.as_str(), message.body.as_str(), traceparent.as_deref());
        let parcel = Parcel { url, id, timestamp, signatures: &signatures, body, traceparent };
        let sent = self.0.sender.send(parcel).await;
        let is_success = answer(&sent).is_success();
        if let Some(status) = sent.status {
            span.note("http.response.status_code", i64::from(status));
        }
        span.end(!is_success);
        self.0.counters.attempted(is_success, u64::try_from(sent.latency.as_micros()).unwrap_or(u64::MAX));
        Ended { due: message.due, sent, at }
    }

    /// Writes what came of attempts, and how the endpoint fares by them. None when the endpoint is gone.
    async fn note(&self, lease: Lease, id: EndpointId, tenant: TenantId, ended: Vec<Ended>) -> Result<Option<Endpoint>, Fault> {
        let mut work = self.0.db.global().maintenance_for(tenant).await?;
        lease.guard(&work).await?;
        let Some(mut endpoint) = endpoints::lock(&work, id).await? else {
            work.rollback().await?;
            return Ok(None);
        };
        let now = self.0.clock.now();
        let (health, mut why) = (endpoint.health, None);
        for Ended { due, sent, at } in ended {
            let (answer, number) = (answer(&sent), due.attempts + 1);
            let mut random = [0];
            self.0.clock.fill(&mut random);
            let after = match core::next(answer, number, now, random[0]) {
                Next::Delivered => (DeliveryState::Delivered, number, now),
                Next::At(at) => (DeliveryState::Pending, number, at),
                Next::Failed => (DeliveryState::Failed, MOST_ATTEMPTS, now),
            };
            deliveries::settle(&work, id, &due, after, now).await?;
            let (id, seq, status) = (self.0.clock.id(), due.seq, sent.status.map(i32::from));
            let latency_ms = sent.latency.as_millis() as i64;
            let attempt =
                Attempt { id, endpoint: endpoint.id, seq, number, at, status, error: sent.error, latency_ms, body: sent.body };
            deliveries::add_attempt(&work, &attempt).await?;
            let (slowed, given_up) = core::slow_down(endpoint.health, answer, now);
            (endpoint.health, why) = (slowed, why.or(given_up));
        }
        if endpoint.health != health {
            endpoints::note_health(&work, id, endpoint.health).await?;
        }
        if let Some(why) = why.filter(|_| endpoint.disabled.is_none()) {
            self.turn_off(&mut work, &mut endpoint, why).await?;
            work.commit().await?;
            self.tell(&endpoint, why).await;
            return Ok(Some(endpoint));
        }
        work.commit().await?;
        Ok(Some(endpoint))
    }

    async fn turn_off(&self, work: &mut Work, endpoint: &mut Endpoint, why: DisabledWhy) -> Result<(), Fault> {
        let now = self.0.clock.now();
        (endpoint.disabled, endpoint.version, endpoint.updated_at) = (Some((now, why)), endpoint.version + 1, now);
        endpoints::change(work, endpoint).await?;
        // The others of the tenant are told.
        journal::append(work, vec![super::endpoint_event(super::events::WEBHOOK_DISABLED, endpoint)], now).await?;
        self.0.counters.disabled();
        tracing::warn!(tenant = %endpoint.tenant, endpoint = %endpoint.id, why = why.as_str(), "a webhook endpoint was disabled");
        Ok(())
    }

    /// Writes to the owners. A letter that cannot be written changes nothing of what has happened.
    async fn tell(&self, endpoint: &Endpoint, why: DisabledWhy) {
        let why = match why {
            DisabledWhy::Gone => "it answered that it is gone",
            DisabledWhy::Failing => "it has done nothing but fail for five days",
            DisabledWhy::MakerGone => "whoever made it is no longer an active member",
            DisabledWhy::SwitchedOff => "it was switched off",
        };
        // A URL may hold a secret of the receiver's: its host is enough.
        let host = host_of(&endpoint.url);
        let telling = async {
            let owners = self.0.access.owners(endpoint.tenant).await?;
            self.0.identity.tell_of_webhook(endpoint.tenant, &owners, &host, why).await
        };
        if let Err(fault) = telling.await {
            tracing::warn!(endpoint = %endpoint.id, %fault, "the owners could not be told of a webhook endpoint that was disabled");
        }
    }

    async fn disable(&self, lease: Lease, endpoint: &Endpoint, why: DisabledWhy) -> Result<(), Fault> {
        let mut work = self.0.db.global().maintenance_for(endpoint.tenant).await?;
        lease.guard(&work).await?;
        match endpoints::lock(&work, endpoint.id).await? {
            Some(mut found) if found.disabled.is_none() && found.maker == endpoint.maker => {
                self.turn_off(&mut work, &mut found, why).await?;
                work.commit().await?;
                self.tell(&found, why).await;
                Ok(())
            }
            _ => work.rollback().await,
        }
    }

    /// Settles what the maker may not see (any more), or what is no longer kept.
    async fn withhold(&self, lease: Lease, endpoint: &Endpoint, withheld: &[Due]) -> Result<(), Fault> {
        if withheld.is_empty() {
            return Ok(());
        }
        let work = self.0.db.global().maintenance_for(endpoint.tenant).await?;
        lease.guard(&work).await?;
        // As whoever puts messages down again, who has them in another order.
        endpoints::lock(&work, endpoint.id).await?;
        let now = self.0.clock.now();
        for due in withheld {
            deliveries::settle(&work, endpoint.id, due, (DeliveryState::Withheld, due.attempts, now), now).await?;
        }
        work.commit().await
    }
}

/// What ends within a moment, to be written in one transaction; a failure at once, since it may be a reason to stop. Also whether that was all.
async fn gather(sending: &mut (impl Stream<Item = Option<Ended>> + Unpin)) -> (Vec<Ended>, bool) {
    let mut ended = Vec::new();
    let mut moment = pin!(clock::sleep(MOMENT));
    while ended.len() < MOST_NOTED {
        tokio::select! {
            biased;
            next = sending.next() => match next {
                None => return (ended, true),
                Some(None) => {}
                Some(Some(one)) => {
                    let is_success = answer(&one.sent).is_success();
                    ended.push(one);
                    if !is_success {
                        break;
                    }
                }
            },
            () = &mut moment, if !ended.is_empty() => break,
        }
    }
    (ended, false)
}

fn answer(sent: &Sent) -> Answer {
    Answer { status: sent.status, retry_after: sent.retry_after }
}

/// The messages of a page as the maker may see them, and those of which they may see nothing.
fn read(registry: &Registry, endpoint: &Endpoint, epoch: Uuid, maker: &Caller, page: Vec<Due>) -> (Vec<Message>, Vec<Due>) {
    let (mut messages, mut withheld) = (Vec::with_capacity(page.len()), Vec::new());
    for due in page {
        let Some((name, payload, at)) = &due.event else {
            withheld.push(due);
            continue;
        };
        let shown = registry.shown(name, payload, maker);
        if let Err(err) = &shown {
            // One event that cannot be read must not hold up all that come after it.
            tracing::error!(tenant = %endpoint.tenant, seq = due.seq, %err, "an event could not be read and is not sent");
        }
        let Some(data) = shown.ok().flatten() else {
            withheld.push(due);
            continue;
        };
        let fact = Fact { tenant: endpoint.tenant, epoch, seq: due.seq, name, at: &clock::rfc3339(*at) };
        let (body, id) = (core::body(fact, &data), core::message_id(endpoint.tenant, epoch, due.seq).to_string());
        let trace = traces::carried(payload);
        messages.push(Message { due, id, body, trace });
    }
    (messages, withheld)
}
