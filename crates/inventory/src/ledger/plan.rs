//! Planning ahead: the batches of some tenants are decided without a lock, each on the lane's
//! speculative state of its tenant, and written together.

use std::collections::HashMap;

use entity::prelude::*;
use futures_util::future::join_all;
use platform::{
    clock::Clock,
    storage::{
        Database, Fault, HeadBoundRows, TenantScope,
        group_commit::{Batch, Plan},
        idempotency::{self, Key},
    },
};

use super::{
    audited::{self, Audited},
    batch::{Writer, decide_all, needs_of},
    batch_decisions::Decisions,
    command::QueuedCommand,
    load,
    needs::Needs,
    speculative_state::{SpeculativeState, SpeculativeStates},
};
use crate::stock::{
    core::{Level, LevelKey, RowState},
    rows as stock_rows,
};

/// A batch that is being decided.
struct Planning<'a> {
    scope: TenantScope,
    tenant: TenantId,
    needs: Needs,
    queue: &'a mut [QueuedCommand],
    speculative: SpeculativeState,
}

/// Result of planning a batch.
enum PlanOutcome {
    Write(Box<HeadBoundRows>),
    /// Every command was rejected or done before.
    Nothing,
    Locked,
}

impl Writer {
    /// Decides the batches that the speculative states suffice for, and leaves each command's
    /// result in it.
    pub async fn plan_batches(&self, states: &mut SpeculativeStates, batches: &mut [Batch<QueuedCommand>]) -> Plan {
        let mut plan = Plan::default();
        let mut plannings = self.begin(states, batches, &mut plan).await;
        if let Err(fault) = prefetch_levels(&self.basis.db, &self.basis.clock, &mut plannings).await {
            plan.fault = Some(fault);
            return plan;
        }
        // Batches that run under locks look their keys up themselves.
        let looks_up = !plannings.is_empty() && self.key_lookups.are_expected();
        let planned = join_all(plannings.iter_mut().map(|planning| self.plan_one(planning, looks_up))).await;
        let mut writes = Vec::with_capacity(plannings.len());
        for (Planning { tenant, speculative, .. }, planned) in plannings.into_iter().zip(planned) {
            match planned {
                Ok(PlanOutcome::Write(at_head)) => {
                    writes.push((tenant, *at_head));
                    states.put(tenant, speculative);
                }
                Ok(PlanOutcome::Nothing) => {
                    plan.unchanged.insert(tenant);
                    states.put(tenant, speculative);
                }
                Ok(PlanOutcome::Locked) => {}
                Err(fault) => plan.fault = Some(fault),
            }
        }
        if writes.is_empty() {
            return plan;
        }
        let tenants: Vec<TenantId> = writes.iter().map(|(tenant, _)| *tenant).collect();
        match self.basis.db.prepare(writes) {
            Ok(write) => {
                plan.write = Some(Box::new(write));
                self.basis.db.prebind_connection(&tenants).await;
                plan.written = tenants.into_iter().collect();
            }
            Err(fault) => plan.fault = Some(fault),
        }
        plan
    }

    /// Returns the batches that need no locks, with the speculative states of their tenants.
    async fn begin<'a>(
        &self,
        states: &mut SpeculativeStates,
        batches: &'a mut [Batch<QueuedCommand>],
        plan: &mut Plan,
    ) -> Vec<Planning<'a>> {
        let is_audited = self.audit_writer.is_some();
        let mut candidates = Vec::with_capacity(batches.len());
        for Batch { tenant, commands } in batches {
            let needs = needs_of(commands);
            if needs.needs_locks() || self.basis.documents.need_locks(&needs) || states.has_key_of(*tenant, commands) {
                continue;
            }
            candidates.push((*tenant, needs, &mut commands[..], states.take(*tenant)));
        }
        let pending_read = candidates.into_iter().map(async |(tenant, needs, queue, speculative)| {
            let scope = self.basis.db.tenant(tenant);
            let speculative = match speculative {
                Some(speculative) => speculative,
                None => SpeculativeState::read(&scope, is_audited).await?,
            };
            Ok::<_, Fault>(Planning { scope, tenant, needs, queue, speculative })
        });
        let mut plannings = Vec::new();
        for pending_read in join_all(pending_read).await {
            match pending_read {
                // An audit log without entries gets its first one from a batch that runs under
                // locks.
                Ok(planning) if is_audited && planning.speculative.chain.is_none() => {}
                Ok(planning) => plannings.push(planning),
                Err(fault) => plan.fault = Some(fault),
            }
        }
        plannings
    }

    async fn plan_one(&self, planning: &mut Planning<'_>, looks_up: bool) -> Result<PlanOutcome, Fault> {
        let Planning { scope, tenant, needs, queue, speculative } = planning;
        let documents = &self.basis.documents;
        let keys: Vec<&Key> = queue.iter().filter(|_| looks_up).filter_map(|queued| queued.key.as_ref()).collect();
        let Some(mut state) = load::load_speculative(scope, &self.basis, needs, &keys, speculative).await? else {
            return Ok(PlanOutcome::Locked);
        };
        if !state.receipts.is_empty() {
            self.key_lookups.note_key_found();
        }
        let mut decisions = decide_all(documents, &mut state, queue);
        // A second write with the same key fails on its unique key; a refused command writes
        // nothing, so its key is looked up.
        let refused_entries = queue.iter().filter(|queued| !looks_up && matches!(queued.result, Some(Err(_))));
        if !idempotency::look_up(scope, refused_entries.filter_map(|queued| queued.key.as_ref())).await?.is_empty() {
            self.key_lookups.note_key_found();
            return Ok(PlanOutcome::Locked);
        }
        let planned = if decisions.is_empty() {
            // A rejection writes nothing, so no conflict would reveal a faster writer: a key that
            // another node has just used would be rejected for lack of the very stock that it took.
            let head = scope.head().await?;
            if head.epoch != speculative.counter.epoch || head.seq > speculative.counter.seq {
                return Ok(PlanOutcome::Locked);
            }
            PlanOutcome::Nothing
        } else {
            PlanOutcome::Write(Box::new(self.build_head_bound_rows(speculative, *tenant, queue, &mut decisions, state.stock.now)))
        };
        (speculative.now, speculative.levels) = (state.stock.now, state.stock.levels);
        for level in decisions.levels() {
            // The book has the levels of each decision, except for the fields that numbering and
            // writing set.
            if let Some(planned_level) = speculative.levels.get_mut(&level.key) {
                (planned_level.row, planned_level.seq) = (RowState::Stored, level.seq);
            }
        }
        speculative.cache_results(needs, queue.iter().filter_map(|queued| queued.key.as_ref()));
        decisions.answer(documents, queue);
        Ok(planned)
    }

    /// Builds the write that follows the head that was decided on, and moves the speculative
    /// counter to its end.
    fn build_head_bound_rows(
        &self,
        speculative: &mut SpeculativeState,
        tenant: TenantId,
        queue: &[QueuedCommand],
        decisions: &mut Decisions,
        now: Timestamp,
    ) -> HeadBoundRows {
        let documents = &self.basis.documents;
        let counter = speculative.counter;
        let events = decisions.number(documents, &mut speculative.counter, now);
        let used_numbers = speculative.counter.since(&counter);
        let rows = decisions.rows(documents, tenant, queue, now);
        let link = self.audit_writer.as_ref().zip(speculative.chain.as_mut()).map(|(audit_writer, chain)| {
            audited::link_audit_entries(Audited { audit_writer, documents, tenant }, chain, queue, decisions.decided())
        });
        HeadBoundRows { head: counter.seq, epoch: counter.epoch, want: used_numbers, rows, events, link }
    }
}

/// Reads the missing levels of several tenants in one statement; for a single tenant, planning
/// reads them itself, beside other rows.
async fn prefetch_levels(db: &Database, clock: &Clock, plannings: &mut [Planning<'_>]) -> Result<(), Fault> {
    let lacks_levels =
        |planning: &&mut Planning<'_>| planning.needs.levels.iter().any(|key| !planning.speculative.levels.contains_key(key));
    let mut plannings: Vec<&mut Planning<'_>> = plannings.iter_mut().filter(lacks_levels).collect();
    if plannings.len() < 2 {
        return Ok(());
    }
    let Some(scope) = db.tenants(plannings.iter().map(|planning| planning.tenant)) else { return Ok(()) };
    let indices: HashMap<TenantId, usize> =
        plannings.iter().enumerate().map(|(index, planning)| (planning.tenant, index)).collect();
    let keys = |plannings: &[&mut Planning<'_>], is_wanted: fn(&SpeculativeState, LevelKey) -> bool| {
        let wanted_keys = |(index, planning): (usize, &&mut Planning<'_>)| {
            let keys_of_planning = planning.needs.levels.iter().filter(|key| is_wanted(&planning.speculative, **key));
            keys_of_planning.map(|key| (index, *key)).collect::<Vec<_>>()
        };
        plannings.iter().enumerate().flat_map(wanted_keys).collect::<Vec<_>>()
    };
    let unknown_keys = keys(&plannings, |state, key| !state.levels.contains_key(&key) && state.lacks_facts(key));
    for (tenant, key, facts) in stock_rows::facts_of_tenants(&scope, &unknown_keys).await? {
        plannings[indices[&tenant]].speculative.cache_facts(key, facts);
    }
    let missing_keys = keys(&plannings, |state, key| !state.levels.contains_key(&key) && !state.lacks_facts(key));
    let facts_of = |tenant: TenantId, key| plannings[indices[&tenant]].speculative.facts(key);
    let mut levels = stock_rows::levels_of_tenants(&scope, &missing_keys, facts_of).await?;
    for (index, key) in missing_keys {
        let Planning { tenant, speculative, .. } = &mut *plannings[index];
        let level = match levels.remove(&(*tenant, key)) {
            Some(level) => Some(level),
            None => speculative.facts(key).map(|level_facts| Level::empty(key, clock.id(), level_facts)),
        };
        if let Some(level) = level {
            speculative.now = speculative.now.max(level.updated_at);
            speculative.levels.insert(key, level);
        }
    }
    Ok(())
}
