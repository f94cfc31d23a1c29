//! A mutation for each line of a file: one operation of a tenant at a time, and an answer for each
//! line.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use entity::prelude::*;
use futures_util::TryStreamExt;
use iam::access::{ChangedValue, Permit, kind};
use platform::{
    jobs::Lease,
    storage::{Fault, Work, journal},
};

use super::{
    engine::{BatchOutcome, Call, DryRun, Engine, Requester},
    error::ExchangeError,
    halt::Halt,
    manage::{ExchangeRequest, RequestedExchange},
    queue::begin_next,
    rejection_messages,
    service::Exchange,
    time_slice::TimeSlice,
};
use crate::{
    exchange::{
        core::{
            Counts, Kind, Run, State, WriteMode,
            bulk::{self, BulkOptions, Line, LineAnswer},
        },
        read::{self, LinesMessage, Unreadable},
        rows::{self, lines},
    },
    files::{FileError, ResultFile, core::limits::BULK_LINES},
};

/// Lines that are read at once; fewer are executed at once.
const LINES_PER_READ: usize = 100;
/// Answers that are read at once for the result.
const ANSWERS_PER_PAGE: i64 = 500;
/// The longest that it waits before it looks whether it was cancelled.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Request for a bulk operation.
#[derive(Debug, Clone)]
pub struct BulkRequest {
    pub idempotency_key: String,
    pub mutation: String,
    pub input: FileId,
    pub earnest: WriteMode,
    /// API key of the request; None if a member made it.
    pub key: Option<ApiKeyId>,
}

impl Exchange {
    /// Puts a mutation for each line of a file down.
    pub async fn request_bulk(
        &self,
        permit: Permit<kind::ExchangeRun>,
        request: BulkRequest,
    ) -> Result<ChangedValue<RequestedExchange>, ExchangeError> {
        let document = self.engine()?.inspect_document(permit.caller(), &request.mutation).map_err(ExchangeError::Unfit)?;
        if request.earnest == WriteMode::DryRun && document.dry_run != DryRun::Offered {
            return Err(ExchangeError::NoDryRun { field: document.field, could: document.dry_run == DryRun::NotDeclared });
        }
        let options =
            BulkOptions { mutation: request.mutation, field: document.field, keyed: document.keyed, earnest: request.earnest };
        let options = serde_json::to_string(&options).map_err(|error| Fault::Broken(format!("options: {error}")))?;
        let request = ExchangeRequest {
            idempotency_key: request.idempotency_key,
            kind: Kind::Bulk,
            noun: None,
            options,
            input: Some(request.input),
            key: request.key,
        };
        self.request_exchange(permit, request).await
    }

    /// Enqueues the job of the tenant's next operation, unless one is running. The journal has to
    /// be locked.
    pub(super) async fn start_next(&self, work: &Work) -> Result<(), Fault> {
        begin_next(work, &self.0.clock).await
    }

    /// Finishes a bulk operation that had ended before its worker began: starts the next one, and
    /// writes the result of a cancelled one.
    pub(super) async fn finish_ended(&self, lease: Lease, tenant: TenantId, id: ExchangeId) -> Result<(), Fault> {
        let work = self.0.db.global().maintenance_for(tenant).await?;
        lease.guard(&work).await?;
        journal::lock(&work).await?;
        let Some(run) = rows::by_id(&work, id).await?.filter(|run| run.kind == Kind::Bulk) else {
            return work.rollback().await;
        };
        self.start_next(&work).await?;
        work.commit().await?;
        if run.state == State::Cancelled && run.result.is_none() && run.position() > 0 {
            self.write_cancelled_result(lease, &run).await
        } else {
            Ok(())
        }
    }

    /// Writes the result of a cancelled operation, with the answers to the lines that were
    /// executed.
    pub(super) async fn write_cancelled_result(&self, lease: Lease, run: &Run) -> Result<(), Fault> {
        let result_file = match self.answers(run).await {
            Ok(result_file) => result_file,
            Err(Halt::Fault(fault)) => return Err(fault),
            Err(halt) => {
                tracing::warn!(exchange = %run.id, ?halt, "a cancelled operation has no result");
                return Ok(());
            }
        };
        self.run_as_requester(run, "exchange.finish", Box::pin(self.attach_result(lease, run, result_file))).await
    }

    async fn attach_result(&self, lease: Lease, run: &Run, result_file: ResultFile) -> Result<(), Fault> {
        let mut work = self.0.db.global().maintenance_for(run.tenant).await?;
        lease.guard(&work).await?;
        let locked_run = rows::lock(&work, run.id)
            .await?
            .filter(|locked_run| locked_run.state == State::Cancelled && locked_run.result.is_none());
        let Some(locked_run) = locked_run else { return work.rollback().await };
        if let Err(error) = result_file.keep(&mut work).await {
            work.rollback().await?;
            tracing::warn!(exchange = %run.id, ?error, "a cancelled operation has no result");
            return Ok(());
        }
        rows::change(&work, &Run { result: Some(result_file.id()), version: locked_run.version + 1, ..locked_run }).await?;
        work.commit().await
    }

    pub(super) async fn bulk(&self, lease: Lease, mut run: Run) -> Result<ResultFile, Halt> {
        let mut time_slice = TimeSlice::begin();
        let options: BulkOptions = serde_json::from_str(&run.options)
            .map_err(|error| Fault::corrupt("exchange", format!("the options of a mutation: {error}")))?;
        let input = run.input.ok_or_else(|| Fault::corrupt("exchange", "a mutation for each line has a file"))?;
        let file = self.0.files.find_of_tenant(run.tenant, input).await?.ok_or(FileError::NotFound)?;
        if run.position() == 0 {
            check_line_count(self.0.files.read(&file).await?).await?;
        }
        let scope = self.0.db.tenant(run.tenant);
        if let Some(number) = lines::started_line(&scope, run.id).await? {
            let reason = "the worker stopped while this line was executed: check whether it took effect; it is not retried";
            run = self.store_answers(lease, &run, vec![bulk::refusal_answer(number, "UNCERTAIN", reason)]).await?;
        }
        let after = lines::last(&scope, run.id).await?;
        let mut messages = read::lines(self.0.files.read(&file).await?, after, LINES_PER_READ);
        loop {
            match messages.recv().await {
                Some(Ok(LinesMessage::Lines(lines))) => {
                    run = self.run_lines((lease, &mut time_slice), run, &options, lines).await?;
                }
                Some(Ok(LinesMessage::End)) => break,
                Some(Err(Unreadable::Storage(reason))) => return Err(Fault::Broken(reason).into()),
                Some(Err(reason)) => return Err(Halt::Failed(reason.to_string())),
                None => return Err(Fault::Broken(format!("the reader of {} broke", run.id)).into()),
            }
        }
        self.answers(&run).await
    }

    async fn run_lines(
        &self,
        (lease, time_slice): (Lease, &mut TimeSlice),
        mut run: Run,
        options: &BulkOptions,
        lines: Vec<Line>,
    ) -> Result<Run, Halt> {
        let requester = Requester { tenant: run.tenant, actor: run.maker, key: run.key };
        let mut pending_lines: VecDeque<Line> = lines.into();
        while !pending_lines.is_empty() {
            // Rights are checked again for each chunk: rights that are revoked end with the current
            // one.
            self.load_requester(&run).await?;
            let chunk = take_batch(&pending_lines, options.chunk());
            let (calls, mut answers) = prepare_calls(&run, options, &chunk);
            if options.is_marked()
                && let Some(call) = calls.first()
            {
                self.mark_started(lease, &run, call.number).await?;
            }
            let engine: std::sync::Arc<dyn Engine> = self.engine()?;
            let numbers: Vec<i64> = calls.iter().map(|call| call.number).collect();
            let (answered, pause) = match Box::pin(engine.run(requester, &options.mutation, calls)).await? {
                BatchOutcome::All(answered) => (answered, None),
                BatchOutcome::Paused(answered, wait) => (answered, Some(wait)),
                BatchOutcome::Gone => {
                    // The mark is removed: when a suspended tenant is resumed, the line is
                    // executed.
                    self.store_answers(lease, &run, Vec::new()).await?;
                    return Err(self.access_halt(&run).await);
                }
            };
            // Lines before the first that the engine did not admit are done.
            let end = numbers.get(answered.len()).copied().unwrap_or(i64::MAX);
            answers.retain(|line| line.number < end);
            answers.extend(answered);
            answers.sort_by_key(|line| line.number);
            pending_lines.drain(..answers.len());
            run = self.store_answers(lease, &run, answers).await?;
            time_slice.yield_if_due()?;
            if let Some(wait) = pause {
                tokio::time::sleep(wait.min(MAX_PAUSE)).await;
            }
        }
        Ok(run)
    }

    /// Stores that a line is about to start, for a mutation that would repeat its effect.
    async fn mark_started(&self, lease: Lease, run: &Run, number: i64) -> Result<(), Halt> {
        let (work, _) = self.lock_running(lease, run).await?;
        lines::mark_started(&work, run.id, number).await?;
        Ok(work.commit().await?)
    }

    /// Stores the answers of lines, and the progress. Without answers it removes a mark.
    async fn store_answers(&self, lease: Lease, run: &Run, answers: Vec<LineAnswer>) -> Result<Run, Halt> {
        let (work, before) = self.lock_unfinished(lease, run).await?;
        lines::answer(&work, run.id, &answers).await?;
        let refused = answers.iter().filter(|line| line.is_refused).count() as i64;
        if !answers.is_empty() {
            lease.record_progress(&work).await?;
        }
        let progress = Counts { updated: answers.len() as i64 - refused, refused, ..Counts::default() };
        let version = before.version + i64::from(!answers.is_empty());
        let after = Run { counts: before.counts.plus(progress), version, ..before };
        rows::change(&work, &after).await?;
        work.commit().await?;
        if after.state == State::Cancelled { Err(Halt::Cancelled) } else { Ok(after) }
    }

    /// The result: a line for each line, in order.
    pub(super) async fn answers(&self, run: &Run) -> Result<ResultFile, Halt> {
        let name_and_type = (format!("{}.jsonl", run.id), "application/jsonl");
        let mut writer = self.0.files.write(run.tenant, (run.maker, run.key), name_and_type).await?;
        let (scope, mut after) = (self.0.db.tenant(run.tenant), 0);
        loop {
            let page = lines::load_answers(&scope, run.id, after, ANSWERS_PER_PAGE).await?;
            let text: String = page.iter().map(|(number, answer)| bulk::result_line(*number, answer)).collect();
            // A file may not be empty; a blank line is skipped by readers.
            let text = if text.is_empty() && after == 0 { "\n".to_owned() } else { text };
            if !text.is_empty() {
                writer.write(Bytes::from(text)).await?;
            }
            match page.last() {
                Some((last, _)) if page.len() == ANSWERS_PER_PAGE as usize => after = *last,
                _ => return Ok(writer.finish().await?),
            }
        }
    }
}

/// Bytes of lines that are parsed at once, unless a single line has more: the parsed values take
/// many times as much.
const MAX_BATCH_BYTES: usize = 256 << 10;

/// The lines that are executed before the progress is stored.
fn take_batch(pending_lines: &VecDeque<Line>, max_lines: usize) -> Vec<Line> {
    let mut bytes = 0;
    let is_within_limit = |line: &&Line| {
        let is_first = bytes == 0;
        bytes += line.bytes.as_ref().map_or(0, Vec::len).max(1);
        is_first || bytes <= MAX_BATCH_BYTES
    };
    pending_lines.iter().take(max_lines).take_while(is_within_limit).cloned().collect()
}

/// Refuses a file with too many lines before the first line is executed.
async fn check_line_count(bytes: crate::files::Bytestream) -> Result<(), Halt> {
    let count = |lines: i64, part: Bytes| {
        let ends = (part.split(|byte| *byte == b'\n').count() - 1) as i64;
        futures_util::future::ready(Ok(lines + ends))
    };
    let ends = bytes.try_fold(0_i64, count).await.map_err(FileError::from)?;
    if ends > BULK_LINES {
        return Err(Halt::Failed(format!("the file has more than {BULK_LINES} lines: divide it")));
    }
    Ok(())
}

/// Returns the calls to run, and the refusals of malformed lines.
fn prepare_calls(run: &Run, options: &BulkOptions, chunk: &[Line]) -> (Vec<Call>, Vec<LineAnswer>) {
    let (mut calls, mut answers) = (Vec::new(), Vec::new());
    for line in chunk {
        let request = format!("{}/{}", run.id, line.number);
        match bulk::variables(line, options, request.clone()) {
            Ok(variables) => calls.push(Call { number: line.number, variables, request }),
            Err(refusal) => {
                answers.push(bulk::refusal_answer(line.number, "BAD_USER_INPUT", &rejection_messages::line(&refusal)));
            }
        }
    }
    (calls, answers)
}
