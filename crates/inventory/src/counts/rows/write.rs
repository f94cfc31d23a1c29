//! Rows of counts for a batch's decisions: each table in bulk.

use entity::{
    prelude::*,
    record::Record,
    tables::{count_line, count_try, stock_count},
};
use platform::storage::{Bulk, Rows};
use uuid::Uuid;

use crate::counts::core::{BookVisibility, Count, CountAttempt, Line, LineKey, LineOrigin};

/// A count's first row, in which nothing is submitted.
#[derive(Record)]
#[record(of = stock_count)]
struct NewCount {
    id: CountId,
    number: i64,
    kind: CountKind,
    status: CountStatus,
    store_id: StoreId,
    category_id: Option<CategoryId>,
    abc_class: Option<AbcClass>,
    is_blind: i32,
    external_ref: Option<String>,
    note: Option<String>,
    actor_kind: ActorKind,
    actor_id: Uuid,
    started_at: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = stock_count)]
struct ChangedCount {
    id: CountId,
    status: CountStatus,
    note: Option<String>,
    started_at: Option<Timestamp>,
    submitted_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    approver_kind: Option<String>,
    approver_id: Option<Uuid>,
    version: i64,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = count_line)]
struct NewLine {
    count_id: CountId,
    product_id: ProductId,
    lot_key: String,
    id: CountLineId,
    sku: String,
    name: String,
    unit_decimals: i32,
    is_expected: i32,
    state: CountLineState,
    attempts: i64,
    counted: Option<Quantity>,
    counted_at: Option<Timestamp>,
    book: Option<i64>,
    book_version: Option<i64>,
    unit_cost_minor: Option<i64>,
    cost_currency: Option<String>,
    lot_id: Option<LotId>,
    lot_code: Option<String>,
    made_on: Option<i32>,
    expires_on: Option<i32>,
}

#[derive(Record)]
#[record(of = count_line)]
struct ChangedLine {
    count_id: CountId,
    product_id: ProductId,
    lot_key: String,
    state: CountLineState,
    attempts: i64,
    counted: Option<Quantity>,
    counted_at: Option<Timestamp>,
    book: Option<i64>,
    book_version: Option<i64>,
    unit_cost_minor: Option<i64>,
    cost_currency: Option<String>,
    posted: Option<i64>,
    reversed_at: Option<Timestamp>,
    lot_id: Option<LotId>,
    made_on: Option<i32>,
    expires_on: Option<i32>,
}

#[derive(Record)]
#[record(of = count_line)]
struct DeletedLine {
    count_id: CountId,
    product_id: ProductId,
    lot_key: String,
}

#[derive(Record)]
#[record(of = count_try)]
struct NewAttempt {
    count_id: CountId,
    product_id: ProductId,
    lot_key: String,
    attempt: i64,
    counted: Quantity,
    counted_at: Timestamp,
    book: i64,
    book_version: i64,
    actor_kind: ActorKind,
    actor_id: Uuid,
    note: Option<String>,
    recorded_at: Timestamp,
}

/// Kind of write of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowWrite {
    New,
    Changed,
}

/// Changes that a batch made to counts: each row once, as its last command left it, and every try.
#[derive(Default)]
pub struct CountChanges<'a> {
    pub counts: Vec<(&'a Count, RowWrite)>,
    pub lines: Vec<(CountId, &'a Line, RowWrite)>,
    /// Lines to delete.
    pub gone: Vec<(CountId, &'a LineKey)>,
    pub tries: Vec<(CountId, &'a CountAttempt)>,
}

/// The rows, in the order of their foreign keys.
pub fn count_rows(tenant: TenantId, changes: &CountChanges<'_>, now: Timestamp) -> [Bulk; 6] {
    let (mut new, mut changed) = (Rows::<NewCount>::insert(tenant), Rows::<ChangedCount>::update(tenant));
    for &(count, written) in &changes.counts {
        match written {
            RowWrite::New => new.push(count.into()),
            RowWrite::Changed => changed.push(count.into()),
        }
    }
    let (mut new_lines, mut changed_lines) = (Rows::<NewLine>::insert(tenant), Rows::<ChangedLine>::update(tenant));
    for (count, line, written) in &changes.lines {
        match written {
            RowWrite::New => new_lines.push(NewLine::of(*count, line)),
            RowWrite::Changed => changed_lines.push(ChangedLine::of(*count, line)),
        }
    }
    let mut deleted_lines = Rows::<DeletedLine>::delete(tenant);
    deleted_lines.extend(changes.gone.iter().map(|(count, key)| DeletedLine {
        count_id: *count,
        product_id: key.product,
        lot_key: key.lot.clone(),
    }));
    let mut new_attempts = Rows::<NewAttempt>::insert(tenant);
    new_attempts.extend(changes.tries.iter().map(|(count, attempt)| NewAttempt::of(*count, attempt, now)));
    [new.into(), changed.into(), deleted_lines.into(), new_lines.into(), changed_lines.into(), new_attempts.into()]
}

impl From<&Count> for NewCount {
    fn from(count: &Count) -> Self {
        Self {
            id: count.id,
            number: count.number.get(),
            kind: count.selection.kind(),
            status: count.status(),
            store_id: count.store,
            category_id: count.selection.category(),
            abc_class: count.selection.class(),
            is_blind: i32::from(count.sight == BookVisibility::Blind),
            external_ref: count.external_ref.clone(),
            note: count.note.clone(),
            actor_kind: count.actor.kind,
            actor_id: count.actor.id,
            started_at: count.state.started_at(),
            version: count.version,
            created_at: count.created_at,
            updated_at: count.updated_at,
        }
    }
}

impl From<&Count> for ChangedCount {
    fn from(count: &Count) -> Self {
        let state = count.state;
        Self {
            id: count.id,
            status: count.status(),
            note: count.note.clone(),
            started_at: state.started_at(),
            submitted_at: state.submitted_at(),
            completed_at: state.completed_at(),
            approver_kind: state.approver().map(|actor| actor.kind.as_str().to_owned()),
            approver_id: state.approver().map(|actor| actor.id),
            version: count.version,
            updated_at: count.updated_at,
        }
    }
}

fn counted_unit_cost(line: &Line) -> Option<Money> {
    line.state.finding()?.unit_cost
}

impl NewLine {
    fn of(count: CountId, line: &Line) -> Self {
        let (lot, tally, unit_cost) = (line.lot.as_ref(), line.state.tally(), counted_unit_cost(line));
        Self {
            count_id: count,
            product_id: line.product,
            lot_key: line.key().lot,
            id: line.id,
            sku: line.sku.clone(),
            name: line.name.clone(),
            unit_decimals: line.decimals.into(),
            is_expected: i32::from(line.expected == LineOrigin::Listed),
            state: line.state.status(),
            attempts: line.state.attempts(),
            counted: tally.map(|tally| tally.counted),
            counted_at: tally.map(|tally| tally.counted_at),
            book: tally.map(|tally| tally.book),
            book_version: tally.map(|tally| tally.book_version),
            unit_cost_minor: unit_cost.map(|cost| cost.minor),
            cost_currency: unit_cost.map(|cost| cost.currency.to_string()),
            lot_id: lot.and_then(|lot| lot.id),
            lot_code: lot.map(|lot| lot.code.clone()),
            made_on: lot.and_then(|lot| lot.made_on),
            expires_on: lot.and_then(|lot| lot.expires_on),
        }
    }
}

impl ChangedLine {
    fn of(count: CountId, line: &Line) -> Self {
        let (lot, tally, unit_cost) = (line.lot.as_ref(), line.state.tally(), counted_unit_cost(line));
        Self {
            count_id: count,
            product_id: line.product,
            lot_key: line.key().lot,
            state: line.state.status(),
            attempts: line.state.attempts(),
            counted: tally.map(|tally| tally.counted),
            counted_at: tally.map(|tally| tally.counted_at),
            book: tally.map(|tally| tally.book),
            book_version: tally.map(|tally| tally.book_version),
            unit_cost_minor: unit_cost.map(|cost| cost.minor),
            cost_currency: unit_cost.map(|cost| cost.currency.to_string()),
            posted: line.state.posted_difference(),
            reversed_at: line.state.reversed_at(),
            lot_id: lot.and_then(|lot| lot.id),
            made_on: lot.and_then(|lot| lot.made_on),
            expires_on: lot.and_then(|lot| lot.expires_on),
        }
    }
}

impl NewAttempt {
    fn of(count: CountId, count_attempt: &CountAttempt, now: Timestamp) -> Self {
        Self {
            count_id: count,
            product_id: count_attempt.of.product,
            lot_key: count_attempt.of.lot.clone(),
            attempt: count_attempt.attempt,
            counted: count_attempt.tally.counted,
            counted_at: count_attempt.tally.counted_at,
            book: count_attempt.tally.book,
            book_version: count_attempt.tally.book_version,
            actor_kind: count_attempt.actor.kind,
            actor_id: count_attempt.actor.id,
            note: count_attempt.note.clone(),
            recorded_at: now,
        }
    }
}
