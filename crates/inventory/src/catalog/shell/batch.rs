//! The way of every change: idempotency key, load, decide one after the other, write in bulk, remember, tell, commit.

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

use crate::catalog::core::{Checked, Fresh, Problem, Refusal, Rejection, Verdict};

/// Whether a call writes, or only says what it would write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Write,
    /// Writes all rows or, where one is refused, none.
    WriteAll,
    Check,
}

/// How a change is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub key: Option<String>,
    pub mode: Mode,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Created,
    Updated,
    Unchanged,
    Refused,
}

/// A row's answer. `row` is as it is now; when refused, only for a stale version.
#[derive(Debug, Clone)]
pub struct Answered<R> {
    pub outcome: Outcome,
    pub row: Option<R>,
    pub problems: Vec<Problem>,
}

/// A call's answer, row by row.
#[derive(Debug, Clone)]
pub struct Batch<R> {
    pub rows: Vec<Answered<R>>,
    /// Why the whole call was refused; then there are no rows.
    pub refused: Vec<Problem>,
    pub replayed: bool,
    /// The last event; None when nothing was written.
    pub seq: Option<i64>,
}

impl<R> Batch<R> {
    pub fn refused(problem: Problem) -> Self {
        Self { rows: Vec::new(), refused: vec![problem], replayed: false, seq: None }
    }
    /// Of problems of rows that are one call, those of the first stage that has any.
    #[must_use]
    pub(super) fn of_first_stage(mut self) -> Self {
        let first = self.rows.iter().flat_map(|row| &row.problems).map(Staged::stage).min();
        for row in &mut self.rows {
            row.problems.retain(|problem| Some(problem.stage()) == first);
        }
        self
    }
}

/// A change that is about to be written.
pub(super) struct Change<'a, R> {
    pub before: Option<&'a R>,
    pub after: &'a R,
}

/// What the engine asks of a noun.
pub(super) trait BatchEntity: Send + Sync + 'static {
    type Row: Clone + Send + Sync;
    type Command: Checked + Send + Sync;
    type Context: Send;
    type Noun: Kind;
    fn id(row: &Self::Row) -> Uuid;
    /// What the audit log compares of a row.
    fn fields(row: &Self::Row) -> Fields;
    /// The history keys of the persons among these rows, made where there are none; of nouns that are no persons there are none.
    fn history_keys(_: &Work, _: &[Uuid], _: Timestamp) -> impl Future<Output = Result<HashMap<Uuid, DataKey>, Fault>> + Send {
        std::future::ready(Ok(HashMap::new()))
    }
    /// Loads, and locks against other writers, what the commands need.
    fn load(work: &Work, commands: &[Self::Command]) -> impl Future<Output = Result<Self::Context, Fault>> + Send;
    fn decide(context: &mut Self::Context, command: &Self::Command, fresh: Fresh) -> Verdict<Self::Row>;
    fn write(
        work: &Work,
        created: &[&Self::Row],
        updated: &[(&Self::Row, &Self::Row)],
    ) -> impl Future<Output = Result<(), Fault>> + Send;
    /// The rows of a remembered answer.
    fn find(work: &Work, ids: Vec<Uuid>) -> impl Future<Output = Result<Vec<Self::Row>, Fault>> + Send;
    fn event(change: &Change<'_, Self::Row>) -> NewEvent;
    /// An event beside it, for those who follow another kind.
    fn event_beside(_: &Change<'_, Self::Row>) -> Option<NewEvent> {
        None
    }
    /// The unique text by which others find a row, if an update may change it and is not behind the counter as it is.
    fn code(_: &Self::Row) -> Option<&str> {
        None
    }
    /// Where and how to say that another call took a unique value between our look and our write, again and again.
    fn raced() -> Problem;
}

/// A call, checked field by field.
pub(super) struct Call<C> {
    pub key: Option<Key>,
    pub mode: Mode,
    pub commands: Vec<C>,
}

/// The answer of a call as it is kept with its key.
#[derive(Serialize, Deserialize)]
struct Receipt {
    seq: Option<i64>,
    rows: Vec<(Outcome, Option<Uuid>, Vec<Problem>)>,
}

/// Runs a call, in a transaction of its own. Begun again, it sees what another call has written.
pub(super) async fn run<N: BatchEntity>(
    scope: &TenantScope,
    clock: &Clock,
    call: &Call<N::Command>,
) -> Result<Batch<N::Row>, Fault> {
    if call.commands.iter().all(Checked::has_wrong_id) && !call.commands.is_empty() {
        let rows = call.commands.iter().map(|command| Verdict::refused(command.problems().to_vec())).map(answered);
        return Ok(Batch { rows: rows.collect(), refused: Vec::new(), replayed: false, seq: None });
    }
    let decide = |mut work: Work| async move {
        let batch = once::<N>(&mut work, clock, call).await;
        (work, batch)
    };
    let is_to_keep = |batch: &Batch<N::Row>| batch.seq.is_some() && !batch.replayed;
    match with_retries(scope, decide, is_to_keep).await {
        Ok((batch, _)) => Ok(batch),
        Err(fault) if fault.unique_violation().is_some() => Ok(Batch::refused(N::raced())),
        Err(fault) => Err(fault),
    }
}

async fn once<N: BatchEntity>(work: &mut Work, clock: &Clock, call: &Call<N::Command>) -> Result<Batch<N::Row>, Fault> {
    let now = clock.now();
    let mut context = N::load(work, &call.commands).await?;
    // Looked up after loading: whoever used this key at the same time has either committed, and its answer is found here, or will stand
    // in the way of our write. Before loading, we could miss its answer and meet its rows.
    if let Some(key) = &call.key
        && let Some(batch) = remembered::<N>(work, key).await?
    {
        return Ok(batch);
    }
    let verdicts: Vec<Verdict<N::Row>> =
        call.commands.iter().map(|command| N::decide(&mut context, command, Fresh { id: clock.uuid(), now })).collect();
    let mut seq = None;
    let writes = match call.mode {
        Mode::Write => true,
        Mode::WriteAll => !verdicts.iter().any(|verdict| matches!(verdict, Verdict::Refused(_))),
        Mode::Check => false,
    };
    if writes {
        let changes: Vec<Change<'_, N::Row>> = verdicts.iter().filter_map(change).collect();
        let created: Vec<&N::Row> = changes.iter().filter(|c| c.before.is_none()).map(|c| c.after).collect();
        let updated: Vec<(&N::Row, &N::Row)> = changes.iter().filter_map(|c| Some((c.before?, c.after))).collect();
        if !changes.is_empty() {
            // Before the write, which may destroy keys: what a person was is committed to under the key that goes.
            let ids: Vec<Uuid> = changes.iter().map(|change| N::id(change.after)).collect();
            let keys = if audit::listens() { N::history_keys(work, &ids, now).await? } else { HashMap::new() };
            // With its code a row is locked against those who only refer to it as well: documents are written behind the counter, and would wait there for
            // the row while this call waits for the counter.
            if updated.iter().any(|(before, after)| N::code(before) != N::code(after)) {
                journal::hold(work).await?;
            }
            N::write(work, &created, &updated).await?;
            note::<N>(work, &changes, &keys);
        }
        let events = changes.iter().flat_map(|change| std::iter::once(N::event(change)).chain(N::event_beside(change))).collect();
        seq = journal::append(work, events, now).await?;
        if let (Some(key), Some(_)) = (&call.key, seq) {
            let receipt = Receipt { seq, rows: verdicts.iter().map(kept::<N>).collect() };
            let receipt =
                serde_json::to_string(&receipt).map_err(|err| Fault::Broken(format!("a receipt has no JSON: {err}")))?;
            idempotency::remember(work, [(key, receipt)], now).await?;
        }
    }
    let rows = verdicts.into_iter().map(answered).collect();
    Ok(Batch { rows, refused: Vec::new(), replayed: false, seq })
}

/// Notes for the audit log how the rows differ.
fn note<N: BatchEntity>(work: &mut Work, changes: &[Change<'_, N::Row>], keys: &HashMap<Uuid, DataKey>) {
    if !audit::listens() {
        return;
    }
    for Change { before, after } in changes {
        let id = N::id(after);
        let before = before.map(N::fields);
        audit::changed(work, Id::<N::Noun>::from_uuid(id), before.as_ref(), Some(&N::fields(after)), keys.get(&id));
    }
}

async fn remembered<N: BatchEntity>(work: &Work, key: &Key) -> Result<Option<Batch<N::Row>>, Fault> {
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
        Answered { outcome, row, problems }
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

fn kept<N: BatchEntity>(verdict: &Verdict<N::Row>) -> (Outcome, Option<Uuid>, Vec<Problem>) {
    match verdict {
        Verdict::Created(row) => (Outcome::Created, Some(N::id(row)), Vec::new()),
        Verdict::Updated { after, .. } => (Outcome::Updated, Some(N::id(after)), Vec::new()),
        Verdict::Unchanged(row) => (Outcome::Unchanged, Some(N::id(row)), Vec::new()),
        Verdict::Refused(refusal) => (Outcome::Refused, None, refusal.problems.clone()),
    }
}

fn answered<R>(verdict: Verdict<R>) -> Answered<R> {
    let done = |outcome, row| Answered { outcome, row: Some(row), problems: Vec::new() };
    match verdict {
        Verdict::Created(row) => done(Outcome::Created, row),
        Verdict::Updated { after, .. } => done(Outcome::Updated, after),
        Verdict::Unchanged(row) => done(Outcome::Unchanged, row),
        Verdict::Refused(Refusal { problems, current }) => Answered { outcome: Outcome::Refused, row: current, problems },
    }
}
