//! Runs of batches with locks, each in a transaction of its own.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use entity::prelude::TenantId;
use futures_util::FutureExt;
use tokio::{runtime::Handle, time::Instant};

use super::{
    batch::{Batch, Batcher},
    limits::ATTEMPTS,
};
use crate::{
    metrics::{self, WritePath},
    storage::Fault,
    traces::Span,
};

/// Maximum commands that are answered from the lane's own thread.
const MAX_INLINE_COMMANDS: usize = 2;

/// Runs batches with locks.
pub(super) struct LockedRunner<B: Batcher> {
    pub(super) batcher: Arc<B>,
    /// Runtime of the callers that wait for answers.
    pub(super) callers: Handle,
}

impl<B: Batcher> Clone for LockedRunner<B> {
    fn clone(&self) -> Self {
        Self { batcher: self.batcher.clone(), callers: self.callers.clone() }
    }
}

impl<B: Batcher> LockedRunner<B> {
    /// Answers a batch from within the callers' runtime, which is woken once instead of once for
    /// each caller; a few commands are answered directly, which saves a lone client that hop.
    pub(super) fn answer(&self, commands: Vec<B::Command>) {
        let (batcher, are_few) = (self.batcher.clone(), commands.len() <= MAX_INLINE_COMMANDS);
        let answer = move || commands.into_iter().for_each(|command| batcher.answer(command, Ok(())));
        if are_few {
            answer();
        } else {
            self.callers.spawn(async move { answer() });
        }
    }

    /// Runs a batch; if its transaction fails, runs its commands one by one, so that a poisoned
    /// command fails alone. If no connection is available, none is run: each would wait as long.
    pub(super) async fn commit(&self, batch: Batch<B::Command>) {
        let Batch { tenant, mut commands } = batch;
        match self.catch_panics(tenant, &mut commands).await {
            Ok(()) => self.answer(commands),
            Err(fault) if fault.is_connection_unavailable() => {
                commands.into_iter().for_each(|command| self.batcher.answer(command, Err(fault.clone())));
            }
            Err(fault) => {
                tracing::debug!(error = %fault, commands = commands.len(), "batch failed, running its commands alone");
                for command in commands {
                    self.commit_alone(tenant, command).await;
                }
            }
        }
    }

    async fn commit_alone(&self, tenant: TenantId, command: B::Command) {
        let mut commands = [command];
        let mut outcome = Ok(());
        for attempt in 0..ATTEMPTS {
            outcome = self.catch_panics(tenant, &mut commands).await;
            match &outcome {
                Err(fault) if fault.is_connection_unavailable() => break,
                // Another process took a unique key first: the next try finds the rows that it
                // wrote.
                Err(fault) if fault.is_transient() || fault.unique_violation().is_some() => {
                    crate::clock::sleep(Duration::from_millis(5 << attempt)).await;
                }
                _ => break,
            }
        }
        let [command] = commands;
        self.batcher.answer(command, outcome);
    }

    /// Runs a batch and catches panics: a panic in a rule must not end the lane.
    async fn catch_panics(&self, tenant: TenantId, commands: &mut [B::Command]) -> Result<(), Fault> {
        let (start, count) = (Instant::now(), commands.len());
        let span = Self::span(WritePath::Locked, commands.iter_mut());
        let outcome = AssertUnwindSafe(span.run_within(self.batcher.run(tenant, commands))).catch_unwind().await;
        let outcome = outcome
            .unwrap_or_else(|_| Err(Fault::Broken("a command panicked".to_owned())))
            .inspect(|()| metrics::batch(WritePath::Locked, count, start.elapsed(), span.recorded_trace()));
        span.end(outcome.is_err());
        outcome
    }

    /// Returns the span of a transaction that runs these commands, and ends their waits.
    pub(super) fn span<'a>(way: WritePath, commands: impl Iterator<Item = &'a mut B::Command>) -> Span {
        let mut count = 0_i64;
        let queue_spans = commands.inspect(|_| count += 1).filter_map(B::queue_span);
        let mut span = Span::batch("ledger.batch", queue_spans);
        span.set("entrepot.batch.way", way.as_str());
        span.set("entrepot.batch.commands", count);
        span
    }
}
