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

use super::{Webhooks, core::SHARDS, rows::endpoints::Busy, shell::Keep};

/// Between two looks at a shard.
const EVERY: Duration = Duration::from_millis(500);
/// Between two looks while something is on its way.
const MEANWHILE: Duration = Duration::from_millis(200);
const HOUR: Duration = Duration::from_hours(1);
/// Endpoints of a shard that are sent to at once.
const MOST_BUSY: usize = 200;
/// A replay is a dead letter after so many failures.
const MOST_FAILURES: i64 = 10;

/// A job for each shard: that of its number, under a name that does not change.
const DELIVER: [&str; SHARDS as usize] = ["webhook.deliver.0", "webhook.deliver.1", "webhook.deliver.2", "webhook.deliver.3"];

/// Adds what this room knows how to do.
pub fn register(registry: Registry, webhooks: &Webhooks, keep: Keep) -> Registry {
    let mut registry = registry;
    for (shard, kind) in (0..).zip(DELIVER) {
        let webhooks = webhooks.clone();
        registry = registry.periodic(kind, EVERY, move |lease| run(webhooks.clone(), lease, shard));
    }
    let (replaying, clearing, trimming) = (webhooks.clone(), webhooks.clone(), webhooks.clone());
    registry
        .queued(super::shell::REPLAY, MOST_FAILURES, move |lease, job| replay(replaying.clone(), lease, job))
        .periodic("webhook.forget", HOUR, move |_| {
            let webhooks = clearing.clone();
            async move { webhooks.forget_old(keep).await.map(drop) }
        })
        .periodic("journal.trim", HOUR, move |lease| {
            let webhooks = trimming.clone();
            async move { webhooks.trim(lease, keep).await.map(drop) }
        })
}

/// Looks at the shard and sends, until nothing is left to do. An endpoint that is slow holds only itself up.
pub async fn run(webhooks: Webhooks, lease: Lease, shard: i32) -> Result<(), Fault> {
    // Tasks of their own: what is on its way goes on while the journal is read for others. They end with this run, however it ends.
    let mut active: JoinSet<(EndpointId, Result<(), Fault>)> = JoinSet::new();
    let mut under_way: HashSet<EndpointId> = HashSet::new();
    let (mut failed, mut last) = (None, EndpointId::NIL);
    loop {
        // After a failure nothing new is begun: the next run of the job comes after a pause.
        let busy = if failed.is_none() { webhooks.busy(shard, last, MOST_BUSY + under_way.len()).await? } else { Vec::new() };
        for Busy { endpoint, head, epoch, is_due } in busy {
            let put = if endpoint.journal_seq < head { webhooks.fan_out(lease, &endpoint, head).await? } else { 0 };
            let is_wanted = is_due || put > 0 && !endpoint.health.is_paused(webhooks.clock().now());
            if is_wanted && under_way.len() < MOST_BUSY && under_way.insert(endpoint.id) {
                last = endpoint.id;
                let (webhooks, id) = (webhooks.clone(), endpoint.id);
                // They are steps of this run.
                active.spawn(traces::along(async move { (id, webhooks.deliver(lease, endpoint, epoch).await) }));
            }
        }
        if active.is_empty() {
            return failed.map_or(Ok(()), Err);
        }
        tokio::select! {
            Some(ended) = active.join_next() => match ended {
                Ok((id, Ok(()))) => drop(under_way.remove(&id)),
                Ok((id, Err(fault))) => {
                    tracing::warn!(endpoint = %id, %fault, "what is due to a webhook endpoint could not be sent");
                    failed = Some(fault);
                }
                Err(broken) => failed = Some(Fault::Broken(format!("a delivery broke: {broken}"))),
            },
            () = clock::sleep(MEANWHILE) => {}
        }
    }
}

/// Puts the messages of a range down again. Done twice, it does nothing more than send them twice, under the same ids.
async fn replay(webhooks: Webhooks, lease: Lease, job: Job) -> Result<(), Failure> {
    let order: super::shell::Order = serde_json::from_str(&job.payload)
        .map_err(|err| Failure::Hopeless(format!("the job's payload cannot be read: {err}")))?;
    let put = webhooks.put_again(lease, (job.tenant, order.endpoint), order.from, order.to).await?;
    put.map(drop).ok_or_else(|| Failure::Hopeless("the endpoint has been removed".to_owned()))
}
