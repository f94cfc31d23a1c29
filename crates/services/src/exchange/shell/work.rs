//! The work of an exchange: its beginning, its progress and its end.

use entity::prelude::*;
use platform::{
    jobs::{Failure, Lease},
    storage::{Fault, Work, journal},
};

use super::{
    export,
    halt::Halt,
    rejection_messages,
    service::{Exchange, exchange_event},
};
use crate::{
    exchange::{
        core::{Counts, FileReading, Kind, Refused, Run, State},
        events::EXCHANGE_FINISHED,
        rows,
    },
    files::ResultFile,
};

/// State of an exchange that is over, with its result and its error.
struct Ending {
    state: State,
    result_file: Option<ResultFile>,
    error: Option<String>,
}

impl Ending {
    fn failed(result_file: Option<ResultFile>, reason: String) -> Self {
        Self { state: State::Failed, result_file, error: Some(reason) }
    }
}

impl Exchange {
    /// Runs a job of an exchange. A repeated run continues at the last position.
    pub(in crate::exchange) async fn work(
        &self,
        lease: Lease,
        (tenant, id): (TenantId, ExchangeId),
        (failures, max_failures): (i64, i64),
    ) -> Result<(), Failure> {
        let Some(run) = self.begin(lease, tenant, id).await? else { return Ok(self.finish_ended(lease, tenant, id).await?) };
        let outcome = match run.kind {
            Kind::Import => Box::pin(self.import(lease, run.clone())).await,
            Kind::Export => Box::pin(self.export(lease, run.clone())).await,
            Kind::Bulk => Box::pin(self.bulk(lease, run.clone())).await,
        };
        let failures = if outcome.is_err() { lease.failures(&self.0.db, failures).await } else { failures };
        let is_last = failures + 1 >= max_failures;
        match outcome.map_err(|halt| halt.at(failures)) {
            Ok(result_file) => {
                self.end(lease, &run, Ending { state: State::Done, result_file: Some(result_file), error: None }).await?;
            }
            Err(Halt::Cancelled) if run.kind == Kind::Bulk => self.write_cancelled_result(lease, &run).await?,
            Err(Halt::Cancelled) => {}
            Err(Halt::Yielded) => return Err(Failure::Yielded),
            Err(Halt::Failed(reason) | Halt::Raced(reason)) => {
                let result_file = self.write_partial_result(&run).await?;
                self.end(lease, &run, Ending::failed(result_file, reason)).await?;
            }
            Err(Halt::Fault(fault)) if is_last => {
                tracing::error!(exchange = %run.id, %fault, "an exchange failed for good");
                let reason = "an internal error occurred repeatedly: the operator's log has the details".to_owned();
                self.end(lease, &run, Ending::failed(None, reason)).await?;
            }
            Err(Halt::Fault(fault)) => return Err(Failure::Fault(fault)),
        }
        Ok(())
    }

    /// Ends an exchange that is not retried, with this reason, and does not read its file again.
    pub(in crate::exchange) async fn give_up(
        &self,
        lease: Lease,
        (tenant, id): (TenantId, ExchangeId),
        reason: &str,
    ) -> Result<(), Failure> {
        let Some(run) = self.begin(lease, tenant, id).await? else { return Ok(self.finish_ended(lease, tenant, id).await?) };
        let result_file = match run.kind {
            Kind::Bulk => self.write_partial_result(&run).await?,
            Kind::Import => self.write_refusals(&run).await?,
            Kind::Export => None,
        };
        Ok(self.end(lease, &run, Ending::failed(result_file, reason.to_owned())).await?)
    }

    /// The exchange, in the state running; None if it is over.
    async fn begin(&self, lease: Lease, tenant: TenantId, id: ExchangeId) -> Result<Option<Run>, Fault> {
        let work = self.0.db.global().maintenance_for(tenant).await?;
        lease.guard(&work).await?;
        let Some(run) = rows::lock(&work, id).await?.filter(|run| !run.state.is_over()) else {
            work.rollback().await?;
            return Ok(None);
        };
        if run.state == State::Running {
            work.rollback().await?;
            return Ok(Some(run));
        }
        if run.kind == Kind::Bulk && rows::lines::is_running(&work).await? {
            work.rollback().await?;
            return Err(Fault::Broken(format!("{} waits for another one of its tenant", run.id)));
        }
        let after = Run { state: State::Running, started_at: Some(self.0.clock.now()), version: run.version + 1, ..run };
        rows::change(&work, &after).await?;
        work.commit().await?;
        Ok(Some(after))
    }

    /// Stores rows as finished, and the refused ones among them, including rows that were finished before the exchange was cancelled.
    pub(super) async fn advance(&self, lease: Lease, run: &Run, progress: Counts, refused: &[Refused]) -> Result<Run, Halt> {
        let (work, before) = self.lock_unfinished(lease, run).await?;
        // Each worker starts an export from the beginning, so an export makes no progress before it is finished.
        if run.kind == Kind::Import && progress.total() > 0 {
            lease.record_progress(&work).await?;
        }
        rows::insert_refused(&work, run.id, rejection_messages::rows(refused)).await?;
        let after = Run { counts: before.counts.plus(progress), version: before.version + 1, ..before };
        rows::change(&work, &after).await?;
        work.commit().await?;
        if after.state == State::Cancelled { Err(Halt::Cancelled) } else { Ok(after) }
    }

    /// Stores refused rows before the rest of their chunk is retried: a worker that takes over has to leave out the same rows.
    pub(super) async fn store_refused(&self, lease: Lease, run: &Run, refused: &[Refused]) -> Result<(), Halt> {
        let (work, _) = self.lock_running(lease, run).await?;
        rows::insert_refused(&work, run.id, rejection_messages::rows(refused)).await?;
        Ok(work.commit().await?)
    }

    /// Stores how the file is read.
    pub(super) async fn store_reading(&self, lease: Lease, run: &Run, reading: FileReading) -> Result<Run, Halt> {
        let (work, before) = self.lock_running(lease, run).await?;
        let after = Run { reading, version: before.version + 1, ..before };
        rows::change(&work, &after).await?;
        work.commit().await?;
        Ok(after)
    }

    /// A transaction under the lease that has an exchange for itself, while it runs.
    pub(super) async fn lock_running(&self, lease: Lease, run: &Run) -> Result<(Work, Run), Halt> {
        self.lock_in_states(lease, run, &[State::Running]).await
    }

    /// Locks an exchange that is running or cancelled, to store finished rows; fails if another worker has continued it.
    pub(super) async fn lock_unfinished(&self, lease: Lease, run: &Run) -> Result<(Work, Run), Halt> {
        let (work, now) = self.lock_in_states(lease, run, &[State::Running, State::Cancelled]).await?;
        if now.position() != run.position() {
            work.rollback().await?;
            return Err(Fault::Broken(format!("{} is at {} and not at {}", run.id, now.position(), run.position())).into());
        }
        Ok((work, now))
    }

    async fn lock_in_states(&self, lease: Lease, run: &Run, states: &[State]) -> Result<(Work, Run), Halt> {
        let work = self.0.db.global().maintenance_for(run.tenant).await?;
        lease.guard(&work).await?;
        if let Some(now) = rows::lock(&work, run.id).await?.filter(|run| states.contains(&run.state)) {
            return Ok((work, now));
        }
        work.rollback().await?;
        Err(Halt::Cancelled)
    }

    async fn end(&self, lease: Lease, run: &Run, ending: Ending) -> Result<(), Fault> {
        let outcome = self.run_as_requester(run, "exchange.finish", Box::pin(self.try_end(lease, run, ending))).await;
        match outcome {
            Ok(()) | Err(Halt::Cancelled | Halt::Yielded) => Ok(()),
            Err(Halt::Fault(fault)) => Err(fault),
            Err(Halt::Failed(reason) | Halt::Raced(reason)) => {
                match self.try_end(lease, run, Ending::failed(None, reason)).await {
                    Err(Halt::Fault(fault)) => Err(fault),
                    _ => Ok(()),
                }
            }
        }
    }

    async fn try_end(&self, lease: Lease, run: &Run, Ending { state, result_file, error }: Ending) -> Result<(), Halt> {
        let (mut work, before) = self.lock_running(lease, run).await?;
        if let Some(result_file) = &result_file
            && let Err(error) = result_file.keep(&mut work).await
        {
            work.rollback().await?;
            return Err(error.into());
        }
        let after = Run {
            state,
            reading: export::add_digest(before.reading, result_file.as_ref()),
            result: result_file.map(|result_file| result_file.id()),
            error,
            finished_at: Some(self.0.clock.now()),
            version: before.version + 1,
            ..before
        };
        rows::change(&work, &after).await?;
        journal::append(&mut work, vec![exchange_event(EXCHANGE_FINISHED, &after)], self.0.clock.now()).await?;
        if after.kind == Kind::Bulk {
            self.start_next(&work).await?;
        }
        Ok(work.commit().await?)
    }
}
