//! Counts as a batch decided them, as rows: each table in bulk.

use entity::prelude::{Actor, CountId, TenantId, Timestamp};
use platform::storage::{Bulk, Column, ColumnKind::*};
use sea_orm::Value;

use crate::counts::core::{BookVisibility, Count, Expected, Line, LineKey, Try};

const NEW_COUNT: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("number", Int),
    Column("kind", Text),
    Column("status", Text),
    Column("store_id", Id),
    Column("category_id", IdOrNull),
    Column("abc_class", TextOrNull),
    Column("is_blind", Small),
    Column("external_ref", TextOrNull),
    Column("note", TextOrNull),
    Column("actor_kind", Text),
    Column("actor_id", Id),
    Column("version", Int),
    Column("created_at", Int),
    Column("updated_at", Int),
];

const COUNT: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("status", Text),
    Column("note", TextOrNull),
    Column("started_at", IntOrNull),
    Column("submitted_at", IntOrNull),
    Column("completed_at", IntOrNull),
    Column("approver_kind", TextOrNull),
    Column("approver_id", IdOrNull),
    Column("version", Int),
    Column("updated_at", Int),
];

const NEW_LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("count_id", Id),
    Column("product_id", Id),
    Column("lot_key", Text),
    Column("id", Id),
    Column("sku", Text),
    Column("name", Text),
    Column("unit_decimals", Small),
    Column("is_expected", Small),
    Column("state", Text),
    Column("attempts", Int),
    Column("counted", IntOrNull),
    Column("counted_at", IntOrNull),
    Column("book", IntOrNull),
    Column("book_version", IntOrNull),
    Column("unit_cost_minor", IntOrNull),
    Column("cost_currency", TextOrNull),
    Column("lot_id", IdOrNull),
    Column("lot_code", TextOrNull),
    Column("made_on", SmallOrNull),
    Column("expires_on", SmallOrNull),
];

const LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("count_id", Id),
    Column("product_id", Id),
    Column("lot_key", Text),
    Column("state", Text),
    Column("attempts", Int),
    Column("counted", IntOrNull),
    Column("counted_at", IntOrNull),
    Column("book", IntOrNull),
    Column("book_version", IntOrNull),
    Column("unit_cost_minor", IntOrNull),
    Column("cost_currency", TextOrNull),
    Column("posted", IntOrNull),
    Column("lot_id", IdOrNull),
    Column("made_on", SmallOrNull),
    Column("expires_on", SmallOrNull),
];

const LINE_KEY: &[Column] = &[Column("tenant_id", Id), Column("count_id", Id), Column("product_id", Id), Column("lot_key", Text)];

const TRY: &[Column] = &[
    Column("tenant_id", Id),
    Column("count_id", Id),
    Column("product_id", Id),
    Column("lot_key", Text),
    Column("attempt", Int),
    Column("counted", Int),
    Column("counted_at", Int),
    Column("book", Int),
    Column("book_version", Int),
    Column("actor_kind", Text),
    Column("actor_id", Id),
    Column("note", TextOrNull),
    Column("recorded_at", Int),
];

fn moment(at: Option<Timestamp>) -> Value {
    at.map(Timestamp::micros).into()
}

/// What a batch made of counts: each row once, as its last command left it, and every try.
#[derive(Default)]
pub struct Written<'a> {
    pub counts: Vec<&'a Count>,
    pub lines: Vec<(CountId, &'a Line)>,
    /// Lines that go.
    pub gone: Vec<(CountId, &'a LineKey)>,
    pub tries: Vec<(CountId, &'a Try)>,
}

/// The rows, in the order of their foreign keys.
pub fn count_rows(tenant: TenantId, written: &Written<'_>, now: Timestamp) -> [Bulk; 6] {
    let tenant: Value = tenant.into();
    let (mut new, mut changed) = (Bulk::insert("stock_count", NEW_COUNT), Bulk::update("stock_count", COUNT, 2));
    for c in &written.counts {
        if c.exists {
            changed.row(changed_count(&tenant, c));
        } else {
            new.row(new_count(&tenant, c));
        }
    }
    let (mut new_lines, mut changed_lines) = (Bulk::insert("count_line", NEW_LINE), Bulk::update("count_line", LINE, 4));
    for (count, line) in &written.lines {
        if line.exists {
            changed_lines.row(changed_line(&tenant, *count, line));
        } else {
            new_lines.row(new_line(&tenant, *count, line));
        }
    }
    let mut gone = Bulk::delete("count_line", LINE_KEY);
    for (count, key) in &written.gone {
        gone.row([tenant.clone(), (*count).into(), key.product.into(), key.lot.as_str().into()]);
    }
    let mut tries = Bulk::insert("count_try", TRY);
    for (count, one) in &written.tries {
        tries.row([
            tenant.clone(),
            (*count).into(),
            one.of.product.into(),
            one.of.lot.as_str().into(),
            one.attempt.into(),
            one.tally.counted.get().into(),
            one.tally.counted_at.micros().into(),
            one.tally.book.into(),
            one.tally.book_version.into(),
            one.actor.kind.as_str().into(),
            one.actor.id.into(),
            one.note.clone().into(),
            now.micros().into(),
        ]);
    }
    [new, changed, gone, new_lines, changed_lines, tries]
}

fn new_count(tenant: &Value, c: &Count) -> [Value; 16] {
    [
        tenant.clone(),
        c.id.into(),
        c.number.into(),
        c.kind.as_str().into(),
        c.status.as_str().into(),
        c.store.into(),
        c.category.map(entity::id::Id::uuid).into(),
        c.class.map(entity::prelude::AbcClass::as_str).into(),
        i32::from(c.sight == BookVisibility::Blind).into(),
        c.external_ref.clone().into(),
        c.note.clone().into(),
        c.actor.kind.as_str().into(),
        c.actor.id.into(),
        c.version.into(),
        c.created_at.micros().into(),
        c.updated_at.micros().into(),
    ]
}

fn changed_count(tenant: &Value, c: &Count) -> [Value; 11] {
    let kind = |actor: Actor| actor.kind.as_str();
    [
        tenant.clone(),
        c.id.into(),
        c.status.as_str().into(),
        c.note.clone().into(),
        moment(c.started_at),
        moment(c.submitted_at),
        moment(c.completed_at),
        c.approver.map(kind).into(),
        c.approver.map(|actor| actor.id).into(),
        c.version.into(),
        c.updated_at.micros().into(),
    ]
}

/// State, attempts, and what was found against what.
fn figures(line: &Line) -> [Value; 8] {
    [
        line.state.as_str().into(),
        line.attempts.into(),
        line.tally.map(|tally| tally.counted.get()).into(),
        moment(line.tally.map(|tally| tally.counted_at)),
        line.tally.map(|tally| tally.book).into(),
        line.tally.map(|tally| tally.book_version).into(),
        line.unit_cost.map(|cost| cost.minor).into(),
        line.unit_cost.map(|cost| cost.currency.to_string()).into(),
    ]
}

fn new_line(tenant: &Value, count: CountId, line: &Line) -> [Value; 21] {
    let [state, attempts, counted, at, book, version, minor, currency] = figures(line);
    let [lot, made_on, expires_on] = lot(line);
    [
        tenant.clone(),
        count.into(),
        line.product.into(),
        line.key().lot.into(),
        line.id.into(),
        line.sku.as_str().into(),
        line.name.as_str().into(),
        i32::from(line.decimals).into(),
        i32::from(line.expected == Expected::Listed).into(),
        state,
        attempts,
        counted,
        at,
        book,
        version,
        minor,
        currency,
        lot,
        line.lot.as_ref().map(|lot| lot.code.clone()).into(),
        made_on,
        expires_on,
    ]
}

fn changed_line(tenant: &Value, count: CountId, line: &Line) -> [Value; 16] {
    let [state, attempts, counted, at, book, version, minor, currency] = figures(line);
    let [lot, made_on, expires_on] = lot(line);
    [
        tenant.clone(),
        count.into(),
        line.product.into(),
        line.key().lot.into(),
        state,
        attempts,
        counted,
        at,
        book,
        version,
        minor,
        currency,
        line.posted.into(),
        lot,
        made_on,
        expires_on,
    ]
}

/// Its lot, and the dates of one that the books do not know.
fn lot(line: &Line) -> [Value; 3] {
    let of = line.lot.as_ref();
    [
        of.and_then(|lot| lot.id).map(entity::id::Id::uuid).into(),
        of.and_then(|lot| lot.made_on).into(),
        of.and_then(|lot| lot.expires_on).into(),
    ]
}
