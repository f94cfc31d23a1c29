//! Goods that a store does not send: rejecting them, and moving them to another store.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::storage::TenantScope;
use serde::Serialize;

use super::{
    input::{Lines, MAX_LINES},
    levels::load_line_levels,
    ownership::{is_visible_store, resolve_work},
};
use crate::{
    fulfilment::{
        core::{Rejected, ReleaseGoods, ReleaseReason, WorkCommand, WorkRef},
        rows,
    },
    ledger::{
        Checks, Command, Ledger, MAX_NOTE, Mode, Stop, StoreRef, SubmitResult, check_key, document_ids, key_of, load_known_store,
        submit, submit_resolved,
    },
    orders::{
        core::{Source, Sourcing, SourcingRule},
        rows::order_rule,
        shell::Search,
    },
    stock::core::{At, Field, Noun, Rejection},
};

/// Input of a rejection by a store.
#[derive(Debug, Clone, Serialize)]
pub struct WorkReject {
    #[serde(skip)]
    pub idempotency_key: String,
    pub work: FulfilmentWorkId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub reason: RejectReason,
    pub note: Option<String>,
    pub lines: Lines,
}

/// Input of a move to another store.
#[derive(Debug, Clone, Serialize)]
pub struct WorkMove {
    #[serde(skip)]
    pub idempotency_key: String,
    pub work: FulfilmentWorkId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub to: StoreRef,
    pub lines: Lines,
}

/// Rejects goods that a store does not send, and sources them from the next store: by the rule that
/// the order kept as a draft, else by the tenant's.
pub async fn work_reject(ledger: &Ledger, permit: Permit<kind::FulfilmentWork>, input: WorkReject, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Lines));
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkReject", &input.idempotency_key, &input);
    let resolved_work = resolve_work(ledger, &permit, input.work, input.expected_version).await?;
    let release_reason = ReleaseReason::Rejected(Rejected { reason: input.reason, note: input.note });
    let command =
        build_release_command(ledger, &permit.scope(ledger.database()), resolved_work, (input.lines, release_reason)).await?;
    submit(ledger, &permit, Command::of(command), key, mode).await
}

/// Returns the command that takes goods off a store, with the stores that may have them. All stores
/// of the tenant are candidates: the caller only rejects, and sends nothing from there.
pub(super) async fn build_release_command(
    ledger: &Ledger,
    scope: &TenantScope,
    (work_ref, store): (WorkRef, StoreId),
    (lines, reason): (Lines, ReleaseReason),
) -> Result<WorkCommand, Stop> {
    let (rule, destination) = order_rule(scope, work_ref.order).await?;
    let products = load_work_products(scope, &work_ref).await?;
    let search = Search { rule, destination, products, reserved: Vec::new() };
    let sourcing = search.find_sources(scope, &Reach::Everywhere).await?;
    let levels = load_line_levels(scope, work_ref.order, store).await?;
    let command = ReleaseGoods { lines, why: reason, sourcing, movements: document_ids(ledger) };
    Ok(WorkCommand::ReleaseGoods(work_ref, Box::new(command), levels))
}

/// Returns the products of a work.
async fn load_work_products(scope: &TenantScope, work_ref: &WorkRef) -> Result<BTreeSet<ProductId>, Stop> {
    let works = rows::load_works(scope, &[work_ref.work]).await?;
    Ok(works.iter().flat_map(|work| &work.lines).map(|line| line.product).collect())
}

/// Moves unpicked goods to another store, all or none. Needs the permission in both stores.
pub async fn work_move(ledger: &Ledger, permit: Permit<kind::FulfilmentAssign>, input: WorkMove, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Lines));
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkMove", &input.idempotency_key, &input);
    let command = build_move_command(ledger, &permit, input).await;
    submit_resolved(ledger, &permit, command, key, mode).await
}

async fn build_move_command(ledger: &Ledger, permit: &Permit<kind::FulfilmentAssign>, input: WorkMove) -> Result<Command, Stop> {
    let scope = permit.scope(ledger.database());
    let target_store = load_known_store(&scope, &input.to, &permit.reach()).await?.map(|store| store.id);
    let Some(target_store) = target_store.filter(|target_store| is_visible_store(permit, *target_store)) else {
        return Err(Rejection::not_found(Noun::Store, At::input(Field::ToStore)).into());
    };
    let (work_ref, store) = resolve_work(ledger, permit, input.work, input.expected_version).await?;
    // The available quantities are read later, under the locks.
    let available: BTreeMap<ProductId, i64> =
        load_work_products(&scope, &work_ref).await?.into_iter().map(|product| (product, 0)).collect();
    let target = Source { store: target_store, code: String::new(), priority: 0, position: None, available };
    let rule = SourcingRule { max_stores: 1, ..SourcingRule::default() };
    let sourcing = Sourcing { rule, destination: None, stores: vec![target] };
    let levels = load_line_levels(&scope, work_ref.order, store).await?;
    let command =
        ReleaseGoods { lines: input.lines, why: ReleaseReason::Moved(target_store), sourcing, movements: document_ids(ledger) };
    Ok(Command::of(WorkCommand::ReleaseGoods(work_ref, Box::new(command), levels)))
}
