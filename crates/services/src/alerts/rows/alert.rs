//! Alerts' own rows.

use std::collections::BTreeMap;

use entity::prelude::*;
use platform::storage::{Bulk, Column, ColumnKind, Fault, Global, Reads, Row, Work};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use crate::alerts::core::{Alert, AlertValues, Margin, Subject};

pub(super) const COLUMNS: &str = "a.id, a.kind, a.store_id, a.product_id, a.lot_id, a.purchase_order_id, a.count_id, a.state, a.quantity, a.threshold, a.day, \
    a.price_minor, a.cost_minor, a.currency, a.opened_at, a.seq, a.snoozed_until, a.resolved_at, a.resolver_kind, a.resolver_id, a.assignee_id, a.note, \
    a.version, a.updated_at";

pub(super) fn read(row: &mut Row<'_>) -> Result<Alert, Fault> {
    let (id, kind) = (row.take()?, row.word("alert", AlertKind::parse)?);
    let (store, product) = (row.take()?, row.take()?);
    let other: [Option<Uuid>; 3] = [row.take()?, row.take()?, row.take()?];
    let subject = Subject::of(kind, (store, product), other)
        .ok_or_else(|| Fault::corrupt("alert", "the columns of a subject are those of its kind"))?;
    let state = row.word("alert", AlertState::parse)?;
    let (quantity, threshold, day) = (row.take()?, row.take()?, row.take()?);
    let (price, cost, currency): (Option<i64>, Option<i64>, Option<String>) = (row.take()?, row.take()?, row.take()?);
    let currency = currency.as_deref().and_then(Currency::parse);
    let margin = price
        .zip(cost)
        .zip(currency)
        .map(|((price, cost), currency)| Margin { price: Money::new(price, currency), cost: Money::new(cost, currency) });
    let (opened_at, seq, snoozed_until, resolved_at) = (row.time()?, row.take()?, row.time_opt()?, row.time_opt()?);
    let (kind_of, who): (Option<String>, Option<Uuid>) = (row.take()?, row.take()?);
    let resolver = kind_of.as_deref().and_then(ActorKind::parse).zip(who).map(|(kind, id)| Actor { kind, id });
    Ok(Alert {
        id,
        kind,
        subject,
        state,
        figures: AlertValues { quantity, threshold, day, margin },
        opened_at,
        seq,
        snoozed_until,
        resolved_at,
        resolver,
        assignee: row.take()?,
        note: row.take()?,
        version: row.take()?,
        updated_at: row.time()?,
    })
}

fn one(row: &QueryResult) -> Result<Alert, Fault> {
    read(&mut Row::new(row))
}

/// Alerts by their ids.
pub async fn alerts(reads: &impl Reads, ids: &[AlertId]) -> Result<Vec<Alert>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT {COLUMNS} FROM alert a WHERE a.tenant_id = $1 AND {}", backend.in_ids("a.id", 2));
    reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?.iter().map(one).collect()
}

/// An alert, locked until the transaction ends.
pub async fn lock(work: &Work, id: AlertId) -> Result<Option<Alert>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM alert a WHERE a.tenant_id = $1 AND a.id = $2{}", work.backend().for_change("a"));
    work.rows(&sql, vec![id.into()]).await?.first().map(one).transpose()
}

/// Alerts by kind and subject.
pub type BySubject<T> = BTreeMap<(AlertKind, Subject), T>;

/// Those of the subjects' alerts that are not RESOLVED, locked until the transaction ends.
pub async fn active(work: &Work, subjects: &[String]) -> Result<BySubject<Alert>, Fault> {
    let backend = work.backend();
    let sql = format!(
        "SELECT {COLUMNS} FROM alert a WHERE a.tenant_id = $1 AND a.state <> 'RESOLVED' AND {} ORDER BY a.id{}",
        backend.in_texts("a.subject", 2),
        backend.for_change("a")
    );
    let rows = work.rows(&sql, vec![backend.texts(subjects.iter().map(String::as_str))]).await?;
    rows.iter().map(|row| one(row).map(|alert| ((alert.kind, alert.subject), alert))).collect()
}

/// The figures of what somebody resolved last of each subject.
pub async fn dismissed(work: &Work, subjects: &[String]) -> Result<BySubject<AlertValues>, Fault> {
    let backend = work.backend();
    let sql = format!(
        "SELECT {COLUMNS} FROM alert a WHERE a.tenant_id = $1 AND a.resolver_id IS NOT NULL AND {} ORDER BY a.opened_at, a.id",
        backend.in_texts("a.subject", 2)
    );
    let rows = work.rows(&sql, vec![backend.texts(subjects.iter().map(String::as_str))]).await?;
    rows.iter().map(|row| one(row).map(|alert| ((alert.kind, alert.subject), alert.figures))).collect()
}

/// The last event that opened an alert of each kind and subject.
pub async fn last_seqs(work: &Work, subjects: &[String]) -> Result<BySubject<i64>, Fault> {
    let backend = work.backend();
    let sql = format!(
        "SELECT a.kind, a.store_id, a.product_id, a.lot_id, a.purchase_order_id, a.count_id, max(a.seq) FROM alert a
         WHERE a.tenant_id = $1 AND a.seq IS NOT NULL AND {}
         GROUP BY a.kind, a.store_id, a.product_id, a.lot_id, a.purchase_order_id, a.count_id",
        backend.in_texts("a.subject", 2)
    );
    let rows = work.rows(&sql, vec![backend.texts(subjects.iter().map(String::as_str))]).await?;
    let read = |row| {
        let mut row = Row::new(row);
        let kind = row.word("alert", AlertKind::parse)?;
        let (store, product) = (row.take()?, row.take()?);
        let subject = Subject::of(kind, (store, product), [row.take()?, row.take()?, row.take()?])
            .ok_or_else(|| Fault::corrupt("alert", "the columns of a subject are those of its kind"))?;
        Ok(((kind, subject), row.take()?))
    };
    rows.iter().map(read).collect()
}

const ALL: &[Column] = &[
    Column("tenant_id", ColumnKind::Id),
    Column("id", ColumnKind::Id),
    Column("kind", ColumnKind::Text),
    Column("subject", ColumnKind::Text),
    Column("store_id", ColumnKind::IdOrNull),
    Column("product_id", ColumnKind::IdOrNull),
    Column("lot_id", ColumnKind::IdOrNull),
    Column("purchase_order_id", ColumnKind::IdOrNull),
    Column("count_id", ColumnKind::IdOrNull),
    Column("state", ColumnKind::Text),
    Column("quantity", ColumnKind::IntOrNull),
    Column("threshold", ColumnKind::IntOrNull),
    Column("day", ColumnKind::SmallOrNull),
    Column("price_minor", ColumnKind::IntOrNull),
    Column("cost_minor", ColumnKind::IntOrNull),
    Column("currency", ColumnKind::TextOrNull),
    Column("opened_at", ColumnKind::Int),
    Column("seq", ColumnKind::IntOrNull),
    Column("resolved_at", ColumnKind::IntOrNull),
    Column("version", ColumnKind::Int),
    Column("updated_at", ColumnKind::Int),
];

fn null<K>(id: Option<Id<K>>) -> Value {
    id.map(Id::uuid).into()
}

/// Writes new rows.
pub async fn add<'a>(work: &Work, new: impl IntoIterator<Item = &'a Alert>) -> Result<(), Fault> {
    let mut bulk = Bulk::insert("alert", ALL);
    for alert in new {
        let (subject, figures) = (&alert.subject, &alert.figures);
        let margin = figures.margin;
        bulk.row([
            work.tenant().into(),
            alert.id.into(),
            alert.kind.as_str().into(),
            subject.text().into(),
            null(subject.store()),
            null(subject.product()),
            null(subject.lot()),
            null(subject.purchase_order()),
            null(subject.count()),
            alert.state.as_str().into(),
            figures.quantity.into(),
            figures.threshold.into(),
            figures.day.into(),
            margin.map(|margin| margin.price.minor).into(),
            margin.map(|margin| margin.cost.minor).into(),
            margin.map(|margin| margin.price.currency.as_str().to_owned()).into(),
            alert.opened_at.micros().into(),
            alert.seq.into(),
            alert.resolved_at.map(Timestamp::micros).into(),
            alert.version.into(),
            alert.updated_at.micros().into(),
        ]);
    }
    work.write(bulk).await
}

const CHANGING: &[Column] = &[
    Column("tenant_id", ColumnKind::Id),
    Column("id", ColumnKind::Id),
    Column("state", ColumnKind::Text),
    Column("snoozed_until", ColumnKind::IntOrNull),
    Column("resolved_at", ColumnKind::IntOrNull),
    Column("resolver_kind", ColumnKind::TextOrNull),
    Column("resolver_id", ColumnKind::IdOrNull),
    Column("assignee_id", ColumnKind::IdOrNull),
    Column("note", ColumnKind::TextOrNull),
    Column("version", ColumnKind::Int),
    Column("updated_at", ColumnKind::Int),
];

/// Writes what changes of rows that are there.
pub async fn change<'a>(work: &Work, changed: impl IntoIterator<Item = &'a Alert>) -> Result<(), Fault> {
    let mut bulk = Bulk::update("alert", CHANGING, 2);
    for alert in changed {
        bulk.row([
            work.tenant().into(),
            alert.id.into(),
            alert.state.as_str().into(),
            alert.snoozed_until.map(Timestamp::micros).into(),
            alert.resolved_at.map(Timestamp::micros).into(),
            alert.resolver.map(|actor| actor.kind.as_str().to_owned()).into(),
            alert.resolver.map(|actor| actor.id).into(),
            null(alert.assignee),
            alert.note.clone().into(),
            alert.version.into(),
            alert.updated_at.micros().into(),
        ]);
    }
    work.write(bulk).await
}

/// Alerts of all tenants whose time to wake has come, in order of tenants.
pub async fn snoozed(global: &Global, now: Timestamp, most: i64) -> Result<Vec<(TenantId, AlertId)>, Fault> {
    let sql = "SELECT tenant_id, id FROM alert WHERE state = 'SNOOZED' AND snoozed_until <= $1 ORDER BY tenant_id, id LIMIT $2";
    let rows = global.rows(sql, vec![now.micros().into(), most.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, row.take()?))
        })
        .collect()
}

/// The tenants with alerts that were resolved before a moment.
pub async fn resolved_long_ago(global: &Global, before: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let sql = "SELECT DISTINCT tenant_id FROM alert WHERE state = 'RESOLVED' AND resolved_at < $1";
    global.rows(sql, vec![before.micros().into()]).await?.iter().map(|row| Row::new(row).take()).collect()
}

/// Removes some of them with their letters; says how many.
pub async fn forget(work: &Work, before: Timestamp, most: i64) -> Result<u64, Fault> {
    let old =
        "SELECT id FROM alert WHERE tenant_id = $1 AND state = 'RESOLVED' AND resolved_at < $2 ORDER BY resolved_at, id LIMIT $3";
    let letters = format!("DELETE FROM alert_letter WHERE tenant_id = $1 AND alert_id IN ({old})");
    work.execute(&letters, vec![before.micros().into(), most.into()]).await?;
    let alerts = format!("DELETE FROM alert WHERE tenant_id = $1 AND id IN ({old})");
    work.execute(&alerts, vec![before.micros().into(), most.into()]).await
}
