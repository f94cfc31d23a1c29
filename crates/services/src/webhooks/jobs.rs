//! The deliveries of a shard of endpoints, and the replay of a range.

use std::{collections::HashSet, time::Duration};

use entity::prelude::*;
use platform::{
    clock,
    jobs::{Failure, Lease, Registry, core::Job},
    storage::Fault,
    traces,
};
use tokio::task::JoinSet;

use super::{Webhooks, core::SHARDS, rows::endpoints::BusyEndpoint, shell::JournalRetention};

/// Interval between two checks of a shard.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Interval between two checks while messages are being sent.
const BUSY_CHECK_INTERVAL: Duration = Duration::from_millis(200);
const HOUR: Duration = Duration::from_hours(1);
/// Maximum endpoints of a shard that are sent to at once.
const MAX_BUSY: usize = 200;
/// Failures after which a replay is dead.
const MAX_FAILURES: i64 = 10;

/// Kinds of jobs: one for each shard, by its number; the names must not change.
const DELIVERY_JOBS: [&str; SHARDS as usize] =
    ["webhook.deliver.0", "webhook.deliver.1", "webhook.deliver.2", "webhook.deliver.3"];

/// Registers the jobs of this room.
pub fn register(registry: Registry, webhooks: &Webhooks, keep: JournalRetention) -> Registry {
    let mut registry = registry;
    for (shard, kind) in (0..).zip(DELIVERY_JOBS) {
        let webhooks = webhooks.clone();
        registry = registry.periodic(kind, CHECK_INTERVAL, move |lease| run(webhooks.clone(), lease, shard));
    }
    let (replaying, clearing, trimming) = (webhooks.clone(), webhooks.clone(), webhooks.clone());
    registry
        .queued(super::shell::REPLAY, MAX_FAILURES, move |lease, job| replay(replaying.clone(), lease, job))
        .periodic("webhook.forget", HOUR, move |_| {
            let webhooks = clearing.clone();
            async move { webhooks.forget_old(keep).await.map(drop) }
        })
        .periodic("journal.trim", HOUR, move |lease| {
            let webhooks = trimming.clone();
            async move { webhooks.trim(lease, keep).await.map(drop) }
        })
}

/// Processes a shard until nothing is left to do. A slow endpoint delays only itself.
pub async fn run(webhooks: Webhooks, lease: Lease, shard: i32) -> Result<(), Fault> {
    // Separate tasks, so that deliveries continue while the journal is read for other endpoints.
    // They end with this run, however it ends.
    let mut active: JoinSet<(EndpointId, Result<(), Fault>)> = JoinSet::new();
    let mut active_ids: HashSet<EndpointId> = HashSet::new();
    let (mut failed, mut last) = (None, EndpointId::NIL);
    loop {
        // After a failure no endpoint is begun: the next run of the job comes after a pause.
        let busy =
            if failed.is_none() { webhooks.busy_endpoints(shard, last, MAX_BUSY + active_ids.len()).await? } else { Vec::new() };
        for BusyEndpoint { endpoint, head, epoch, is_due } in busy {
            let enqueued = if endpoint.journal_seq < head { webhooks.fan_out(lease, &endpoint, head).await? } else { 0 };
            let is_wanted = is_due || enqueued > 0 && !endpoint.health.is_paused(webhooks.clock().now());
            if is_wanted && active_ids.len() < MAX_BUSY && active_ids.insert(endpoint.id) {
                last = endpoint.id;
                let (webhooks, id) = (webhooks.clone(), endpoint.id);
                // They are steps of this run.
                active.spawn(traces::carry_trace(async move { (id, webhooks.deliver(lease, endpoint, epoch).await) }));
            }
        }
        if active.is_empty() {
            return failed.map_or(Ok(()), Err);
        }
        tokio::select! {
            Some(joined) = active.join_next() => match joined {
                Ok((id, Ok(()))) => drop(active_ids.remove(&id)),
                Ok((id, Err(fault))) => {
                    tracing::warn!(endpoint = %id, %fault, "the due messages of a webhook endpoint could not be sent");
                    failed = Some(fault);
                }
                Err(join_error) => failed = Some(Fault::Broken(format!("a delivery task failed: {join_error}"))),
            },
            () = clock::sleep(BUSY_CHECK_INTERVAL) => {}
        }
    }
}

/// Enqueues the messages of a range again. If it runs twice, they are sent twice, under the same
/// IDs.
async fn replay(webhooks: Webhooks, lease: Lease, job: Job) -> Result<(), Failure> {
    let order: super::shell::Order = serde_json::from_str(&job.payload)
        .map_err(|err| Failure::Hopeless(format!("the job's payload cannot be read: {err}")))?;
    let enqueued = webhooks.enqueue_range_again(lease, (job.tenant, order.endpoint), order.from, order.to).await?;
    enqueued.map(drop).ok_or_else(|| Failure::Hopeless("the endpoint has been removed".to_owned()))
}
