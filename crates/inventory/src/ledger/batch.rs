//! One batch: lock and load, decide one after the other, number, write in bulk, commit.

use std::collections::HashMap;

use entity::prelude::*;
use platform::{
    audit::{self, AuditWriter},
    storage::{
        Backend, Fault,
        idempotency::{self, Key, KeyUse},
        journal,
    },
    traces::QueueSpan,
};
use uuid::Uuid;

use super::{
    audited::{self, Audited},
    batch_decisions::Decisions,
    command::{Command, QueuedCommand, Verdict},
    decision::Decision,
    load::{self, Basis, State},
    needs::Needs,
    receipt::{Receipt, replay_receipt},
    registry::Documents,
    source::Source,
    speculative_state::KeyLookupPolicy,
};
use crate::stock::core::{Draft, Rejection, Stage};

/// Writer of the batches of all lanes.
pub struct Writer {
    pub basis: Basis,
    pub audit_writer: Option<AuditWriter>,
    pub key_lookups: KeyLookupPolicy,
}

impl Writer {
    /// Runs the commands as one transaction and leaves each one's result in it.
    ///
    /// Keys are looked up first only where used keys are expected, as where commands are planned
    /// ahead: otherwise the unique index of keys refuses a repeated command, and then all commands
    /// are decided again, with their keys looked up. SQLite always looks up: it has no round trips.
    pub async fn run_batch(&self, tenant: TenantId, queue: &mut [QueuedCommand]) -> Result<(), Fault> {
        let looks_up = self.basis.db.backend() == Backend::Sqlite
            || queue.iter().all(|queued| queued.key.is_none())
            || self.key_lookups.are_expected();
        match self.run_once(tenant, queue, looks_up).await {
            Ok(RunOutcome::Done) => return Ok(()),
            Ok(RunOutcome::KeyUsed) => {}
            // Most of these faults are conflicts of the key; a repeated command may also violate
            // another constraint of the database first.
            Err(fault) if !looks_up && !fault.is_connection_unavailable() && !fault.is_transient() => {}
            Err(fault) => return Err(fault),
        }
        self.key_lookups.note_key_found();
        self.run_once(tenant, queue, true).await.map(drop)
    }

    async fn run_once(&self, tenant: TenantId, queue: &mut [QueuedCommand], looks_up: bool) -> Result<RunOutcome, Fault> {
        let Basis { db, documents, .. } = &self.basis;
        let mut needs = needs_of(queue);
        let mut work = db.tenant(tenant).begin().await?;
        let keys: Vec<&Key> = queue.iter().filter(|_| looks_up).filter_map(|queued| queued.key.as_ref()).collect();
        let is_audited = self.audit_writer.is_some();
        let mut state = load::load_state(&Source::Locked(&work), &self.basis, &mut needs, &keys, is_audited).await?;
        if !state.receipts.is_empty() && db.backend() != Backend::Sqlite {
            self.key_lookups.note_key_found();
        }
        let mut decisions = decide_all(documents, &mut state, queue);
        // A rejected command writes no key that could conflict: it may be rejected only because the
        // first call with its key took the stock.
        let refused_entries = queue.iter().filter(|queued| !looks_up && matches!(queued.result, Some(Err(_))));
        if !idempotency::look_up(&work, refused_entries.filter_map(|queued| queued.key.as_ref())).await?.is_empty() {
            work.rollback().await?;
            return Ok(RunOutcome::KeyUsed);
        }
        decisions.complete(documents, &Source::Locked(&work), &state.books).await?;
        let now = state.stock.now;
        if decisions.is_empty() {
            work.rollback().await?;
        } else {
            // Also for a command that changed nothing: its key is stored.
            let rule = "every tenant has a counter";
            let mut counter = state.counter.ok_or_else(|| Fault::corrupt("tenant_counter", rule))?;
            let mut counter_rows = vec![journal::advance_counter(decisions.request_numbers(documents), now)];
            let events = decisions.number(documents, &mut counter, now);
            let mut rows = decisions.rows(documents, tenant, queue, now);
            rows.push(journal::rows(tenant, &events));
            if let Some(audit_writer) = &self.audit_writer {
                let audited = Audited { audit_writer, documents, tenant };
                let entries = audited::audit_entries(audited, queue, decisions.decided());
                let (end, entries) = audit::rows::append_rows(&work, audit_writer, state.chain, entries).await?;
                counter_rows.push(end);
                rows.push(entries);
            }
            work.write_all(counter_rows, rows).await?;
            journal::announce(&mut work, events);
            work.commit().await?;
        }
        decisions.answer(documents, queue);
        Ok(RunOutcome::Done)
    }
}

/// Result of a transaction.
enum RunOutcome {
    Done,
    /// Nothing was written: the key of a rejected command was used before.
    KeyUsed,
}

impl Basis {
    /// Decides against the committed state, and writes nothing.
    pub async fn dry_run(&self, tenant: TenantId, command: &Command, key: Option<&Key>) -> Verdict {
        let mut needs = Needs::default();
        command.needs(&mut needs);
        let scope = self.db.tenant(tenant);
        let keys: Vec<&Key> = key.into_iter().collect();
        let state = load::load_state(&Source::Committed(&scope), self, &mut needs, &keys, false).await?;
        Ok(match decide_command(&self.documents, &state, command, key) {
            CommandResult::Done(result) => result,
            CommandResult::New(decision) => Ok(Receipt::of(decision)),
        })
    }
}

pub fn needs_of(queue: &[QueuedCommand]) -> Needs {
    let mut needs = Needs::default();
    queue.iter().for_each(|queued| queued.command.needs(&mut needs));
    needs
}

/// Decides the commands one after the other; a rejection undoes only its own steps.
pub fn decide_all(documents: &Documents, state: &mut State, queue: &mut [QueuedCommand]) -> Decisions {
    let mut decisions = Decisions::default();
    let mut keys: HashMap<(Uuid, &'static str, &str), usize> = HashMap::with_capacity(queue.len());
    for (index, QueuedCommand { command, key, result, queue_span, .. }) in queue.iter_mut().enumerate() {
        *result = None;
        let key = key.as_ref();
        // A key may occur twice in a batch: the second command gets the first one's answer. A
        // rejected command does not claim its key.
        let name = key.map(|key| (key.owner, key.mutation, key.key.as_str()));
        if let Some(first_index) = name.as_ref().and_then(|name| keys.get(name)) {
            decisions.add_repeat(index, *first_index);
            continue;
        }
        match decide_command(documents, state, command, key) {
            CommandResult::Done(outcome) => {
                let is_refused = outcome.is_err();
                *result = Some(outcome);
                if is_refused {
                    continue;
                }
            }
            CommandResult::New(mut decision) => {
                decision.trace = queue_span.as_ref().and_then(QueueSpan::context);
                state.stock.evolve(&decision.stock);
                documents.evolve(&mut state.books, &decision.documents);
                decisions.accept(index, decision);
            }
        }
        keys.extend(name.map(|name| (name, index)));
    }
    decisions
}

/// Returns the answer of an earlier call with the key; None if there was none.
pub fn earlier_answer(key: &Key, used_keys: &[(Key, String)]) -> Option<Result<Receipt, Rejection>> {
    Some(match idempotency::key_use(key, used_keys)? {
        KeyUse::Reused => Err(Rejection::key_reused()),
        KeyUse::Same(text) => serde_json::from_str(&text).map(replay_receipt).map_err(|_| Rejection::key_reused()),
    })
}

enum CommandResult {
    /// Rejected, or done before.
    Done(Result<Receipt, Vec<Rejection>>),
    New(Decision),
}

fn decide_command(documents: &Documents, state: &State, command: &Command, key: Option<&Key>) -> CommandResult {
    if let Some(first) = key.and_then(|key| earlier_answer(key, &state.receipts)) {
        return CommandResult::Done(first.map_err(|rejection| vec![rejection]));
    }
    let mut draft = Draft::new(&state.stock);
    let decided = command.decide(&mut draft, &state.books);
    let follow_result = decided.and_then(|decision| {
        let mut decision = Decision { stock: draft.finish()?, ..decision };
        documents.follow(&state.stock, &state.books, &mut decision)?;
        Ok(decision)
    });
    match follow_result {
        Ok(decision) => CommandResult::New(decision),
        Err(first) => CommandResult::Done(Err(collect_rejections(state, command, first))),
    }
}

/// Returns all rejections of a command in the stage of its first one. The command is decided again,
/// and each rejection is collected instead of ending the decision; a single line that is short has
/// no other rejections.
fn collect_rejections(state: &State, command: &Command, first: Rejection) -> Vec<Rejection> {
    if first.why.stage() == Stage::Shortage && command.weight() <= 1 {
        return vec![first];
    }
    let mut draft = Draft::collecting_refusals(&state.stock);
    let final_rejection = command.decide(&mut draft, &state.books).err();
    let rejections = draft.into_rejections(final_rejection);
    // A rejection that only `Draft::finish` raises is not among the collected ones.
    if rejections.is_empty() { vec![first] } else { rejections }
}
