//! Asking for exchanges, and ending them early.

use entity::prelude::*;
use iam::access::{Caller, ChangedValue, Permit, kind, permit};
use platform::{
    clock::Clock,
    jobs,
    storage::{
        Fault, Work,
        idempotency::{InputDigest, check_key, hash_of},
        journal,
    },
};
use serde::Serialize;

use super::{
    error::ExchangeError,
    queue::{JOB, Order, begin_next},
    service::{Exchange, exchange_event, is_visible},
};
use crate::exchange::events;
use crate::{
    exchange::{
        core::{Counts, FileReading, Kind, Noun, Run, State},
        rows::{self, lines},
    },
    files::{
        FileError,
        core::{File, MediaType, Purpose, State as FileState, limits::BULK_BYTES},
    },
};

/// Maximum exchanges of a tenant that are queued or running.
const MAX_OPEN: i64 = 100;

/// Request for an exchange.
#[derive(Debug, Clone, Serialize)]
pub struct ExchangeRequest {
    #[serde(skip)]
    pub idempotency_key: String,
    #[serde(skip)]
    pub kind: Kind,
    pub noun: Option<Noun>,
    /// JSON, the same text for the same options.
    pub options: String,
    pub input: Option<FileId>,
    /// API key of the request; None if a member made it.
    #[serde(skip)]
    pub key: Option<ApiKeyId>,
}

/// A requested exchange, and whether an earlier call with the same key had requested it.
pub type RequestedExchange = (Run, bool);

/// Checks the caller's permission for the rows that an exchange of this kind reads or writes.
pub(super) fn check_permission(caller: &Caller, kind_of: Kind, noun: Option<Noun>) -> Result<(), ExchangeError> {
    let Some(noun) = noun else { return Ok(()) };
    match (kind_of, noun) {
        (Kind::Import, Noun::Products | Noun::Suppliers | Noun::Categories) => drop(permit::<kind::ProductWrite>(caller)?),
        (Kind::Import, Noun::Stock) => drop(permit::<kind::StockSet>(caller)?),
        (Kind::Import, Noun::StockChanges) => drop(permit::<kind::StockAdjust>(caller)?),
        (Kind::Import, Noun::Customers) => drop(permit::<kind::CustomerWrite>(caller)?),
        (Kind::Import, Noun::Orders) => drop(permit::<kind::OrderWrite>(caller)?),
        (Kind::Export, Noun::Products | Noun::Suppliers | Noun::Categories) => drop(permit::<kind::ProductRead>(caller)?),
        (Kind::Export, Noun::Customers) => drop(permit::<kind::CustomerRead>(caller)?),
        (Kind::Export, Noun::Stock) => drop(permit::<kind::StockRead>(caller)?),
        (Kind::Export, Noun::Movements) => drop(permit::<kind::StockMovementRead>(caller)?),
        (Kind::Export, Noun::Orders) => drop(permit::<kind::OrderRead>(caller)?),
        (Kind::Export, Noun::DemandFacts) => drop(permit::<kind::ReportRead>(caller)?),
        (Kind::Bulk, _) | (Kind::Import, Noun::Movements | Noun::DemandFacts) | (Kind::Export, Noun::StockChanges) => {
            return Err(ExchangeError::NotOffered(noun));
        }
    }
    Ok(())
}

/// Cancels an exchange that is not over; the next one that waits begins.
async fn cancel_run(work: &mut Work, run: Run, clock: &Clock) -> Result<ChangedValue<Run>, Fault> {
    let now = clock.now();
    let after = Run { state: State::Cancelled, finished_at: Some(now), version: run.version + 1, ..run };
    rows::change(work, &after).await?;
    let seq = journal::append(work, vec![exchange_event(events::EXCHANGE_CANCELLED, &after)], now).await?;
    if after.kind == Kind::Bulk {
        begin_next(work, clock).await?;
    }
    Ok(ChangedValue { value: after, seq })
}

/// Cancels the exchange of a job that is dropped for good, in the same transaction: otherwise the
/// exchange would never end, and the tenant's next one would wait for it. Returns whether there was
/// one.
///
/// # Errors
/// The database fails.
pub async fn cancel_dropped_job(work: &mut Work, (kind, payload): (&str, &str), clock: &Clock) -> Result<bool, Fault> {
    let order = if kind == JOB { serde_json::from_str::<Order>(payload).ok() } else { None };
    let Some(order) = order else { return Ok(false) };
    match rows::lock(work, order.id).await?.filter(|run| run.state.may_become(State::Cancelled)) {
        Some(run) => cancel_run(work, run, clock).await.map(|_| true),
        None => Ok(false),
    }
}

impl Exchange {
    /// Puts an exchange down, and the job that carries it out.
    pub async fn request_exchange(
        &self,
        permit: Permit<kind::ExchangeRun>,
        request: ExchangeRequest,
    ) -> Result<ChangedValue<RequestedExchange>, ExchangeError> {
        check_permission(permit.caller(), request.kind, request.noun)?;
        check_key(&request.idempotency_key).map_err(ExchangeError::BadKey)?;
        let digest = hash_of(&request);
        let mut work = permit.scope(&self.0.db).begin().await?;
        let now = self.0.clock.now();
        // The counter first, so that two calls with one key come one after the other, and the second finds the first.
        journal::lock(&work).await?;
        if let Some(existing) = rows::by_key(&work, permit.actor(), request.kind, &request.idempotency_key).await? {
            work.rollback().await?;
            return if (InputDigest { hash: existing.hash, sent: existing.sent }).matches(&digest) {
                Ok(ChangedValue { value: (existing, true), seq: None })
            } else {
                Err(ExchangeError::KeyReused)
            };
        }
        if let Err(error) = self.check_input(&work, &permit, (request.kind, request.input)).await {
            work.rollback().await?;
            return Err(error);
        }
        let run = Run {
            tenant: permit.tenant(),
            id: self.0.clock.id(),
            kind: request.kind,
            noun: request.noun,
            options: request.options,
            reading: FileReading::default(),
            input: request.input,
            result: None,
            maker: permit.actor(),
            key: request.key,
            idempotency_key: request.idempotency_key,
            hash: digest.hash,
            sent: digest.sent,
            state: State::Queued,
            counts: Counts::default(),
            error: None,
            created_at: now,
            started_at: None,
            finished_at: None,
            version: 1,
        };
        rows::add(&work, &run).await?;
        if run.kind == Kind::Bulk {
            self.start_next(&work).await?;
        } else {
            jobs::enqueue(&work, &self.0.clock, JOB, &Order { id: run.id }).await?;
        }
        let seq = journal::append(&mut work, vec![exchange_event(events::EXCHANGE_CREATED, &run)], now).await?;
        work.commit().await?;
        Ok(ChangedValue { value: (run, false), seq })
    }

    /// Checks that the file can be read, and that the tenant may have one more exchange.
    async fn check_input(
        &self,
        work: &Work,
        permit: &Permit<kind::ExchangeRun>,
        (kind, input): (Kind, Option<FileId>),
    ) -> Result<(), ExchangeError> {
        if let Some(input) = input {
            let file = self.0.files.find(permit, input).await?;
            // A file of another member gives the same answer as one that does not exist.
            let file = file.filter(|file| file.maker == permit.actor() && file.purpose == Purpose::Import);
            match file.map(|file| (file.state, file)) {
                Some((FileState::Ready, file)) if kind == Kind::Bulk => check_line_file(&file)?,
                Some((FileState::Ready, _)) => {}
                Some(_) => return Err(ExchangeError::File(FileError::NotReady)),
                None => return Err(ExchangeError::NotFound),
            }
        }
        if rows::count_open(work).await? >= MAX_OPEN {
            return Err(ExchangeError::TooMany { most: MAX_OPEN });
        }
        Ok(())
    }

    /// Cancels an exchange after the rows in progress. Finished rows keep their effect.
    pub async fn cancel(&self, permit: Permit<kind::ExchangeRun>, id: ExchangeId) -> Result<ChangedValue<Run>, ExchangeError> {
        let mut work = permit.scope(&self.0.db).begin().await?;
        let Some(run) = rows::lock(&work, id).await?.filter(|run| is_visible(&permit, run)) else {
            work.rollback().await?;
            return Err(ExchangeError::NotFound);
        };
        if !run.state.may_become(State::Cancelled) {
            work.rollback().await?;
            return Err(ExchangeError::IsOver(run.state));
        }
        let outcome = cancel_run(&mut work, run, &self.0.clock).await?;
        work.commit().await?;
        Ok(outcome)
    }

    /// The caller's exchange whose result is this file; None if the file is no result.
    pub async fn run_of_result<P>(&self, permit: &Permit<P>, result: FileId) -> Result<Option<Run>, Fault> {
        let values = vec![permit.actor().id.into(), result.into()];
        let runs = rows::page(&permit.scope(&self.0.db), " AND x.maker_id = $2 AND x.result_id = $3", "", values).await?;
        Ok(runs.into_iter().next())
    }

    /// Forgets the lists of refused rows of exchanges that were over long ago: their results have gone too.
    pub(in crate::exchange) async fn delete_old_refusals(&self) -> Result<u64, platform::storage::Fault> {
        const EXCHANGES_PER_DELETE: i64 = 100;
        let before = self.0.clock.now().plus_seconds(-crate::files::core::limits::FILE_RETENTION_SECONDS);
        let mut forgotten_count = 0;
        // The answers to a bulk operation's lines are in its result, which is written before it
        // finishes or a moment later.
        let hour_ago = self.0.clock.now().plus_seconds(-3_600);
        for tenant in lines::tenants_to_clear(&self.0.db.global(), hour_ago).await? {
            loop {
                let work = self.0.db.global().maintenance_for(tenant).await?;
                let page = lines::delete_before(&work, hour_ago, 1).await?;
                work.commit().await?;
                forgotten_count += page;
                if page == 0 {
                    break;
                }
            }
        }
        for tenant in rows::tenants_to_clear(&self.0.db.global(), before).await? {
            loop {
                let work = self.0.db.global().maintenance_for(tenant).await?;
                let page = rows::delete_before(&work, before, EXCHANGES_PER_DELETE).await?;
                work.commit().await?;
                forgotten_count += page;
                if page == 0 {
                    break;
                }
            }
        }
        Ok(forgotten_count)
    }
}

/// Whether a file is one of lines, and not too long.
fn check_line_file(file: &File) -> Result<(), ExchangeError> {
    if file.media_type != MediaType::Text.as_str() {
        return Err(ExchangeError::NoLines);
    }
    if file.size.unsigned_abs() > BULK_BYTES {
        return Err(ExchangeError::File(FileError::TooLarge { most: BULK_BYTES }));
    }
    Ok(())
}
