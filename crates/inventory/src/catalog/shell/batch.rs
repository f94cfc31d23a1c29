//! The steps of every change: idempotency key, load, decide one after the other, write in bulk,
//! store the answer, write events, commit.

use std::{collections::HashMap, future::Future};

use entity::{
    id::Kind,
    prelude::{Id, Timestamp},
};
use platform::{
    audit::{self, Fields},
    clock::Clock,
    secrets::DataKey,
    stages::Staged,
    storage::{
        Fault, TenantScope, Work,
        idempotency::{self, Key, KeyUse},
        journal::{self, NewEvent},
        with_retries,
    },
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::catalog::core::{CheckedCommand, NewIdAndTime, Problem, Refusal, Rejection, Verdict};

/// The most rows of a bulk upsert (DECIDED: limits).
pub const MAX_ROWS: usize = 500;

/// Whether a call writes, or only validates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Write,
    /// Writes all rows or, where one is refused, none.
    WriteAll,
    Check,
}

/// Idempotency key and mode of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOptions {
    pub key: Option<String>,
    pub mode: Mode,
}

/// Outcome of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Created,
    Updated,
    Unchanged,
    Refused,
}

/// A row's answer. `row` is the current row; if the command was refused, only for a stale version.
#[derive(Debug, Clone)]
pub struct RowAnswer<R> {
    pub outcome: Outcome,
    pub row: Option<R>,
    pub problems: Vec<Problem>,
}

/// A call's answer, row by row.
#[derive(Debug, Clone)]
pub struct Batch<R> {
    pub rows: Vec<RowAnswer<R>>,
    /// Reasons why the whole call was refused; then there are no rows.
    pub refused: Vec<Problem>,
    pub replayed: bool,
    /// The last event; None if nothing was written.
    pub seq: Option<i64>,
}

impl<R> Batch<R> {
    pub fn refused(problem: Problem) -> Self {
        Self { rows: Vec::new(), refused: vec![problem], replayed: false, seq: None }
    }
    /// Keeps only the problems of the first stage that has any, for rows that are one call.
    #[must_use]
    pub(super) fn keep_first_stage(mut self) -> Self {
        let first_stage = self.rows.iter().flat_map(|row| &row.problems).map(Staged::stage).min();
        for row in &mut self.rows {
            row.problems.retain(|problem| Some(problem.stage()) == first_stage);
        }
        self
    }
}

/// A change to write.
pub(super) struct Change<'a, R> {
    pub before: Option<&'a R>,
    pub after: &'a R,
}

/// Operations of a kind of row that the batch engine needs.
pub(super) trait BatchEntity: Send + Sync + 'static {
    type Row: Clone + Send + Sync;
    type Command: CheckedCommand + Send + Sync;
    type Context: Send;
    type Noun: Kind;
    fn id(row: &Self::Row) -> Uuid;
    /// Returns the fields of a row that the audit log compares.
    fn fields(row: &Self::Row) -> Fields;
    /// Returns the history keys of the persons among these rows, and creates missing ones; none for
    /// nouns that are no persons.
    fn history_keys(_: &Work, _: &[Uuid], _: Timestamp) -> impl Future<Output = Result<HashMap<Uuid, DataKey>, Fault>> + Send {
        std::future::ready(Ok(HashMap::new()))
    }
    /// Loads, and locks against other writers, what the commands need.
    fn load(work: &Work, commands: &[Self::Command]) -> impl Future<Output = Result<Self::Context, Fault>> + Send;
    fn decide(context: &mut Self::Context, command: &Self::Command, id_and_time: NewIdAndTime) -> Verdict<Self::Row>;
    fn write(
        work: &Work,
        created: &[&Self::Row],
        updated: &[(&Self::Row, &Self::Row)],
    ) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Reads the rows of a stored answer.
    fn find(work: &Work, ids: Vec<Uuid>) -> impl Future<Output = Result<Vec<Self::Row>, Fault>> + Send;
    fn event(change: &Change<'_, Self::Row>) -> NewEvent;
    /// Returns an additional event, for subscribers of another kind.
    fn additional_event(_: &Change<'_, Self::Row>) -> Option<NewEvent> {
        None
    }
    /// Returns the unique text by which other rows are found, if an update may change it and no
    /// lock of the counter row protects it.
    fn code(_: &Self::Row) -> Option<&str> {
        None
    }
    /// Returns the problem to report if other calls repeatedly took a unique value between this
    /// call's read and its write.
    fn race_problem() -> Problem;
}

/// A call, checked field by field.
pub(super) struct Call<C> {
    pub key: Option<Key>,
    pub mode: Mode,
    pub commands: Vec<C>,
}

/// The answer of a call as it is stored with its key.
#[derive(Serialize, Deserialize)]
struct Receipt {
    seq: Option<i64>,
    rows: Vec<(Outcome, Option<Uuid>, Vec<Problem>)>,
}

/// Runs a call in a transaction of its own. A retry sees the rows that another call has written.
pub(super) async fn run<N: BatchEntity>(
    scope: &TenantScope,
    clock: &Clock,
    call: &Call<N::Command>,
) -> Result<Batch<N::Row>, Fault> {
    if call.commands.iter().all(CheckedCommand::has_malformed_id) && !call.commands.is_empty() {
        let rows = call.commands.iter().map(|command| Verdict::refused(command.problems().to_vec())).map(to_row_answer);
        return Ok(Batch { rows: rows.collect(), refused: Vec::new(), replayed: false, seq: None });
    }
    let decide = |mut work: Work| async move {
        let batch = write_batch::<N>(&mut work, clock, call).await;
        (work, batch)
    };
    let should_commit = |batch: &Batch<N::Row>| batch.seq.is_some() && !batch.replayed;
    match with_retries(scope, decide, should_commit).await {
        Ok((batch, _)) => Ok(batch),
        Err(fault) if fault.unique_violation().is_some() => Ok(Batch::refused(N::race_problem())),
        Err(fault) => Err(fault),
    }
}

async fn write_batch<N: BatchEntity>(work: &mut Work, clock: &Clock, call: &Call<N::Command>) -> Result<Batch<N::Row>, Fault> {
    let now = clock.now();
    let mut context = N::load(work, &call.commands).await?;
    // Looked up after loading: a concurrent call with this key has either committed, and its answer
    // is found here, or will conflict with our write. Before loading, we could miss its answer and
    // then find its rows.
    if let Some(key) = &call.key
        && let Some(batch) = replay_batch::<N>(work, key).await?
    {
        return Ok(batch);
    }
    let verdicts: Vec<Verdict<N::Row>> =
        call.commands.iter().map(|command| N::decide(&mut context, command, NewIdAndTime { id: clock.uuid(), now })).collect();
    let mut seq = None;
    let should_write = match call.mode {
        Mode::Write => true,
        Mode::WriteAll => !verdicts.iter().any(|verdict| matches!(verdict, Verdict::Refused(_))),
        Mode::Check => false,
    };
    if should_write {
        let changes: Vec<Change<'_, N::Row>> = verdicts.iter().filter_map(change).collect();
        let created: Vec<&N::Row> = changes.iter().filter(|c| c.before.is_none()).map(|c| c.after).collect();
        let updated: Vec<(&N::Row, &N::Row)> = changes.iter().filter_map(|c| Some((c.before?, c.after))).collect();
        if !changes.is_empty() {
            // Done before the write, which may destroy keys: the former personal data are committed
            // to under the key that is destroyed.
            let ids: Vec<Uuid> = changes.iter().map(|change| N::id(change.after)).collect();
            let keys = if audit::logs_changes() { N::history_keys(work, &ids, now).await? } else { HashMap::new() };
            // A change of the code locks the row also against transactions that only refer to it:
            // documents are written while the counter row is locked, and would wait for this row
            // while this call waits for the counter row.
            if updated.iter().any(|(before, after)| N::code(before) != N::code(after)) {
                journal::hold(work).await?;
            }
            N::write(work, &created, &updated).await?;
            log_changes::<N>(work, &changes, &keys);
        }
        let events =
            changes.iter().flat_map(|change| std::iter::once(N::event(change)).chain(N::additional_event(change))).collect();
        seq = journal::append(work, events, now).await?;
        if let (Some(key), Some(_)) = (&call.key, seq) {
            let receipt = Receipt { seq, rows: verdicts.iter().map(receipt_row::<N>).collect() };
            let receipt =
                serde_json::to_string(&receipt).map_err(|err| Fault::Broken(format!("a receipt has no JSON: {err}")))?;
            idempotency::store_receipts(work, [(key, receipt)], now).await?;
        }
    }
    let rows = verdicts.into_iter().map(to_row_answer).collect();
    Ok(Batch { rows, refused: Vec::new(), replayed: false, seq })
}

/// Records the differences of the rows for the audit log.
fn log_changes<N: BatchEntity>(work: &mut Work, changes: &[Change<'_, N::Row>], keys: &HashMap<Uuid, DataKey>) {
    if !audit::logs_changes() {
        return;
    }
    for Change { before, after } in changes {
        let id = N::id(after);
        let before = before.map(N::fields);
        audit::changed(work, Id::<N::Noun>::from_uuid(id), before.as_ref(), Some(&N::fields(after)), keys.get(&id));
    }
}

async fn replay_batch<N: BatchEntity>(work: &Work, key: &Key) -> Result<Option<Batch<N::Row>>, Fault> {
    let receipt = match idempotency::before(work, key).await? {
        None => return Ok(None),
        Some(KeyUse::Reused) => return Ok(Some(Batch::refused(Problem::at("idempotencyKey", Rejection::KeyReused)))),
        Some(KeyUse::Same(receipt)) => receipt,
    };
    let receipt: Receipt =
        serde_json::from_str(&receipt).map_err(|_| Fault::corrupt("idempotency", "a catalogue receipt lists its rows"))?;
    let ids = receipt.rows.iter().filter_map(|(_, id, _)| *id).collect();
    let rows: HashMap<Uuid, N::Row> = N::find(work, ids).await?.into_iter().map(|row| (N::id(&row), row)).collect();
    let rows = receipt.rows.into_iter().map(|(outcome, id, problems)| {
        let row = id.and_then(|id| rows.get(&id)).cloned();
        RowAnswer { outcome, row, problems }
    });
    Ok(Some(Batch { rows: rows.collect(), refused: Vec::new(), replayed: true, seq: receipt.seq }))
}

fn change<R>(verdict: &Verdict<R>) -> Option<Change<'_, R>> {
    match verdict {
        Verdict::Created(after) => Some(Change { before: None, after }),
        Verdict::Updated { before, after } => Some(Change { before: Some(before), after }),
        Verdict::Unchanged(_) | Verdict::Refused(_) => None,
    }
}

fn receipt_row<N: BatchEntity>(verdict: &Verdict<N::Row>) -> (Outcome, Option<Uuid>, Vec<Problem>) {
    match verdict {
        Verdict::Created(row) => (Outcome::Created, Some(N::id(row)), Vec::new()),
        Verdict::Updated { after, .. } => (Outcome::Updated, Some(N::id(after)), Vec::new()),
        Verdict::Unchanged(row) => (Outcome::Unchanged, Some(N::id(row)), Vec::new()),
        Verdict::Refused(refusal) => (Outcome::Refused, None, refusal.problems.clone()),
    }
}

fn to_row_answer<R>(verdict: Verdict<R>) -> RowAnswer<R> {
    let answer = |outcome, row| RowAnswer { outcome, row: Some(row), problems: Vec::new() };
    match verdict {
        Verdict::Created(row) => answer(Outcome::Created, row),
        Verdict::Updated { after, .. } => answer(Outcome::Updated, after),
        Verdict::Unchanged(row) => answer(Outcome::Unchanged, row),
        Verdict::Refused(Refusal { problems, current }) => RowAnswer { outcome: Outcome::Refused, row: current, problems },
    }
}
