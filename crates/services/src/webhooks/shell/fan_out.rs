//! From the journal to messages: new messages and the read position are written in one transaction.

use entity::prelude::*;
use platform::{
    jobs::Lease,
    storage::{
        Fault,
        journal::{self, EventHeader},
    },
};

use super::service::Webhooks;
use crate::webhooks::{
    core::{Endpoint, matches},
    events::WEBHOOK_TESTED,
    rows::{
        deliveries,
        endpoints::{self, BusyEndpoint},
    },
};

/// Events of one transaction, without their payloads: a delivery reads its own.
const PAGE: u32 = 500;
/// Pages of an endpoint before the next endpoint is processed.
const MAX_PAGES: usize = 10;

/// Whether an endpoint gets an event. A test is enqueued separately, for its own endpoint.
fn is_subscribed(endpoint: &Endpoint, event: &EventHeader) -> bool {
    event.kind != WEBHOOK_TESTED.name() && endpoint.patterns.iter().any(|pattern| matches(pattern, &event.kind))
}

impl Webhooks {
    /// Returns the endpoints of a shard that have events to process or messages that are due.
    pub(in crate::webhooks) async fn busy_endpoints(
        &self,
        shard: i32,
        after: EndpointId,
        limit: usize,
    ) -> Result<Vec<BusyEndpoint>, Fault> {
        endpoints::busy_endpoints(&self.0.db.global(), shard, after, self.0.clock.now(), limit as i64).await
    }

    /// Enqueues messages for the events that are not processed for an endpoint yet; returns the
    /// number.
    pub(in crate::webhooks) async fn fan_out(&self, lease: Lease, endpoint: &Endpoint, head: i64) -> Result<usize, Fault> {
        let (mut from, mut enqueued) = (endpoint.journal_seq, 0);
        for _ in 0..MAX_PAGES {
            if from >= head {
                break;
            }
            let work = self.0.db.global().maintenance_for(endpoint.tenant).await?;
            lease.guard(&work).await?;
            let events = journal::headers_after(&work, from, PAGE).await?;
            let Some((first, last)) = events.first().zip(events.last()).map(|(first, last)| (first.seq, last.seq)) else {
                // All events up to the head were removed: the endpoint was disabled, or behind for
                // longer than the retention.
                let low = journal::head(&work).await?.low;
                if low > from && endpoints::advance(&work, endpoint.id, from, low, Some(low)).await? {
                    work.commit().await?;
                } else {
                    work.rollback().await?;
                }
                break;
            };
            let skipped = (first > from + 1).then_some(first - 1);
            let seqs: Vec<i64> = events.iter().filter(|event| is_subscribed(endpoint, event)).map(|event| event.seq).collect();
            // If two runs process the same events, or the endpoint is changed meanwhile, one of
            // them finds that the position has moved.
            if !endpoints::advance(&work, endpoint.id, from, last, skipped).await? {
                work.rollback().await?;
                break;
            }
            deliveries::add(&work, endpoint.id, &seqs, self.0.clock.now()).await?;
            work.commit().await?;
            enqueued += seqs.len();
            from = last;
        }
        Ok(enqueued)
    }

    /// Enqueues messages again for events of a range; returns the number.
    pub(in crate::webhooks) async fn enqueue_range_again(
        &self,
        lease: Lease,
        (tenant, id): (TenantId, EndpointId),
        from: i64,
        to: i64,
    ) -> Result<Option<usize>, Fault> {
        let (mut after, mut enqueued) = (from - 1, 0);
        while after < to {
            let work = self.0.db.global().maintenance_for(tenant).await?;
            lease.guard(&work).await?;
            let Some(endpoint) = endpoints::lock(&work, id).await? else {
                work.rollback().await?;
                return Ok(None);
            };
            let events = journal::headers_after(&work, after, PAGE).await?;
            let Some(last) = events.last().map(|event| event.seq) else {
                work.rollback().await?;
                break;
            };
            let wanted_events = events.iter().filter(|event| event.seq <= to && is_subscribed(&endpoint, event));
            let seqs: Vec<i64> = wanted_events.map(|event| event.seq).collect();
            deliveries::requeue(&work, id, &seqs, self.0.clock.now()).await?;
            work.commit().await?;
            enqueued += seqs.len();
            after = last;
        }
        Ok(Some(enqueued))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::core::Health;

    #[test]
    fn a_test_is_told_to_nobody_by_its_name() {
        let endpoint = Endpoint {
            tenant: TenantId::NIL,
            id: EndpointId::NIL,
            url: String::new(),
            description: String::new(),
            patterns: vec!["*".to_owned()],
            maker: MemberId::NIL,
            journal_seq: 0,
            skipped_through: None,
            health: Health::default(),
            disabled: None,
            old_secret_until: None,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let event = |kind: &str| EventHeader { seq: 1, kind: kind.to_owned(), recorded_at: Timestamp(0) };
        assert!(is_subscribed(&endpoint, &event("order.created")) && !is_subscribed(&endpoint, &event("webhook.tested")));
    }
}
