//! Rows of alerts.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::alert,
};
use inventory::stock::core::LevelKey;
use platform::storage::{Fault, Finds, Global, Reads, Row, Rows, SUSPENDED, Work};
use uuid::Uuid;

use crate::alerts::core::{Alert, AlertValues, FailedSchedule, Handling, Margin, Subject, SubjectIds};

/// Columns of an alert's kind and subject.
#[derive(Record)]
#[record(of = alert, alias = "a")]
struct SubjectRow {
    kind: AlertKind,
    store_id: Option<StoreId>,
    product_id: Option<ProductId>,
    lot_id: Option<LotId>,
    purchase_order_id: Option<PurchaseOrderId>,
    transfer_id: Option<TransferId>,
    count_id: Option<CountId>,
    order_id: Option<OrderId>,
    schedule_id: Option<Uuid>,
}

impl TryFrom<SubjectRow> for Subject {
    type Error = Fault;
    fn try_from(row: SubjectRow) -> Result<Self, Fault> {
        let ids = SubjectIds {
            store: row.store_id,
            product: row.product_id,
            lot: row.lot_id,
            purchase_order: row.purchase_order_id,
            transfer: row.transfer_id,
            count: row.count_id,
            order: row.order_id,
            schedule: row.schedule_id,
        };
        Self::of(row.kind, ids).ok_or_else(|| Fault::corrupt("alert", "the columns of a subject are those of its kind"))
    }
}

/// Row of an alert, as it is read.
#[derive(Record)]
pub(super) struct AlertRow {
    subject: SubjectRow,
    values: ValuesRow,
}

/// Columns of an alert other than its subject.
#[derive(Record)]
#[record(of = alert, alias = "a")]
struct ValuesRow {
    id: AlertId,
    state: AlertState,
    quantity: Option<i64>,
    threshold: Option<i64>,
    day: Option<i32>,
    price_minor: Option<i64>,
    cost_minor: Option<i64>,
    currency: Option<String>,
    opened_at: Timestamp,
    seq: Option<i64>,
    snoozed_until: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    resolver_kind: Option<ActorKind>,
    resolver_id: Option<Uuid>,
    assignee_id: Option<MemberId>,
    note: Option<String>,
    version: i64,
    updated_at: Timestamp,
    schedule_name: Option<String>,
    error: Option<String>,
}

impl TryFrom<AlertRow> for Alert {
    type Error = Fault;
    fn try_from(AlertRow { subject, values: row }: AlertRow) -> Result<Self, Fault> {
        let (kind, subject) = (subject.kind, Subject::try_from(subject)?);
        let resolver = row.resolver_kind.zip(row.resolver_id).map(|(kind, id)| Actor { kind, id });
        let resolution = match (row.resolved_at, resolver) {
            (None, Some(_)) => None,
            (at, by) => Some(at.map(|at| (at, by))),
        };
        let handling = resolution.and_then(|resolution| Handling::of(row.state, row.snoozed_until, resolution));
        let currency = row.currency.as_deref().and_then(Currency::parse);
        let money = |minor: Option<i64>| Some(Money::new(minor?, currency?));
        let margin = money(row.price_minor).zip(money(row.cost_minor)).map(|(price, cost)| Margin { price, cost });
        let error = row.error;
        let schedule = row.schedule_name.map(|name| FailedSchedule { name, error });
        Ok(Self {
            id: row.id,
            kind,
            subject,
            handling: handling.ok_or_else(|| Fault::corrupt("alert", "times and people are those of the state"))?,
            figures: AlertValues { quantity: row.quantity, threshold: row.threshold, day: row.day, margin, schedule },
            opened_at: row.opened_at,
            seq: row.seq,
            assignee: row.assignee_id,
            note: row.note,
            version: row.version,
            updated_at: row.updated_at,
        })
    }
}

/// Reads alerts by ID.
pub async fn alerts(reads: &impl Reads, ids: &[AlertId]) -> Result<Vec<Alert>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT {} FROM alert a WHERE a.tenant_id = $1 AND {}", AlertRow::SELECT, backend.in_ids("a.id", 2));
    let rows = reads.records::<AlertRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.into_iter().map(Alert::try_from).collect()
}

/// An alert, locked until the transaction ends.
pub async fn lock(work: &Work, id: AlertId) -> Result<Option<Alert>, Fault> {
    let (select, lock) = (AlertRow::SELECT, work.backend().for_change("a"));
    let sql = format!("SELECT {select} FROM alert a WHERE a.tenant_id = $1 AND a.id = $2{lock}");
    work.records::<AlertRow>(&sql, vec![id.into()]).await?.into_iter().next().map(Alert::try_from).transpose()
}

/// Alerts by kind and subject.
pub type BySubject<T> = BTreeMap<(AlertKind, Subject), T>;

/// Reads the subjects' alerts that are not RESOLVED, locked until the transaction ends.
pub async fn active(work: &Work, subjects: &[String]) -> Result<BySubject<Alert>, Fault> {
    let backend = work.backend();
    let sql = format!(
        "SELECT {} FROM alert a WHERE a.tenant_id = $1 AND a.state <> 'RESOLVED' AND {} ORDER BY a.id{}",
        AlertRow::SELECT,
        backend.in_texts("a.subject", 2),
        backend.for_change("a")
    );
    by_subject(work, &sql, subjects).await?.map(|alert| alert.map(|alert| ((alert.kind, alert.subject), alert))).collect()
}

/// Reads the subjects with alerts that are not RESOLVED; `None` if there are more than `limit` such
/// alerts.
pub async fn active_subjects(reads: &impl Reads, limit: usize) -> Result<Option<BTreeSet<Subject>>, Fault> {
    let sql = format!("SELECT {} FROM alert a WHERE a.tenant_id = $1 AND a.state <> 'RESOLVED' LIMIT $2", SubjectRow::SELECT);
    let rows = reads.records::<SubjectRow>(&sql, vec![(limit as i64 + 1).into()]).await?;
    if rows.len() > limit {
        return Ok(None);
    }
    rows.into_iter().map(Subject::try_from).collect::<Result<_, _>>().map(Some)
}

/// The kinds and subjects with an alert of one of these kinds that is not RESOLVED.
pub async fn active_of(reads: &impl Reads, kinds: &[AlertKind]) -> Result<BTreeSet<(AlertKind, Subject)>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM alert a WHERE a.tenant_id = $1 AND a.state <> 'RESOLVED' AND {}",
        SubjectRow::SELECT,
        backend.in_texts("a.kind", 2)
    );
    let rows = reads.records::<SubjectRow>(&sql, vec![backend.texts(kinds.iter().map(|kind| kind.as_str()))]).await?;
    rows.into_iter().map(|row| Ok((row.kind, Subject::try_from(row)?))).collect()
}

#[derive(Record)]
struct LevelRow {
    #[record(sql = "a.product_id")]
    product: ProductId,
    #[record(sql = "a.store_id")]
    store: StoreId,
}

/// The levels with an alert of a kind that is not RESOLVED.
pub async fn active_levels(reads: &impl Reads, kind: AlertKind) -> Result<BTreeSet<LevelKey>, Fault> {
    let sql = format!(
        "SELECT {} FROM alert a WHERE a.tenant_id = $1 AND a.kind = $2 AND a.state <> 'RESOLVED' AND a.product_id IS NOT NULL AND a.store_id IS NOT NULL",
        LevelRow::SELECT
    );
    let rows = reads.records::<LevelRow>(&sql, vec![kind.into()]).await?;
    Ok(rows.into_iter().map(|row| LevelKey { product: row.product, store: row.store }).collect())
}

/// Reads the values of each subject's alert that a member resolved last.
pub async fn load_dismissed_values(work: &Work, subjects: &[String]) -> Result<BySubject<AlertValues>, Fault> {
    let backend = work.backend();
    let sql = format!(
        "SELECT {} FROM alert a WHERE a.tenant_id = $1 AND a.resolver_id IS NOT NULL AND {} ORDER BY a.opened_at, a.id",
        AlertRow::SELECT,
        backend.in_texts("a.subject", 2)
    );
    by_subject(work, &sql, subjects).await?.map(|alert| alert.map(|alert| ((alert.kind, alert.subject), alert.figures))).collect()
}

async fn by_subject(work: &Work, sql: &str, subjects: &[String]) -> Result<impl Iterator<Item = Result<Alert, Fault>>, Fault> {
    let subjects = work.backend().texts(subjects.iter().map(String::as_str));
    Ok(work.records::<AlertRow>(sql, vec![subjects]).await?.into_iter().map(Alert::try_from))
}

/// A subject, and the last event of its alerts.
#[derive(Record)]
struct SubjectSeq {
    subject: SubjectRow,
    #[record(sql = "max(a.seq)")]
    seq: i64,
}

/// The last event that opened an alert of each kind and subject.
pub async fn last_seqs(work: &Work, subjects: &[String]) -> Result<BySubject<i64>, Fault> {
    let backend = work.backend();
    let sql = format!(
        "SELECT {} FROM alert a
         WHERE a.tenant_id = $1 AND a.seq IS NOT NULL AND {}
         GROUP BY {}",
        SubjectSeq::SELECT,
        backend.in_texts("a.subject", 2),
        SubjectRow::SELECT
    );
    let rows = work.records::<SubjectSeq>(&sql, vec![backend.texts(subjects.iter().map(String::as_str))]).await?;
    let entry_of = |SubjectSeq { subject, seq }: SubjectSeq| Ok(((subject.kind, Subject::try_from(subject)?), seq));
    rows.into_iter().map(entry_of).collect()
}

/// A subject, and the last time that a member resolved one of its alerts.
#[derive(Record)]
struct SubjectResolved {
    subject: SubjectRow,
    #[record(sql = "max(a.resolved_at)")]
    at: Timestamp,
}

/// Reads the time of the last manual resolution of each kind and subject.
pub async fn last_resolution_times(reads: &impl Reads, subjects: &[String]) -> Result<BySubject<Timestamp>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM alert a
         WHERE a.tenant_id = $1 AND a.resolver_id IS NOT NULL AND {}
         GROUP BY {}",
        SubjectResolved::SELECT,
        backend.in_texts("a.subject", 2),
        SubjectRow::SELECT
    );
    let rows = reads.records::<SubjectResolved>(&sql, vec![backend.texts(subjects.iter().map(String::as_str))]).await?;
    rows.into_iter().map(|row| Ok(((row.subject.kind, Subject::try_from(row.subject)?), row.at))).collect()
}

/// Row of an alert, as it is inserted.
#[derive(Record)]
#[record(of = alert)]
struct NewAlert {
    id: AlertId,
    kind: AlertKind,
    subject: String,
    store_id: Option<StoreId>,
    product_id: Option<ProductId>,
    lot_id: Option<LotId>,
    purchase_order_id: Option<PurchaseOrderId>,
    transfer_id: Option<TransferId>,
    count_id: Option<CountId>,
    order_id: Option<OrderId>,
    schedule_id: Option<Uuid>,
    schedule_name: Option<String>,
    error: Option<String>,
    state: AlertState,
    quantity: Option<i64>,
    threshold: Option<i64>,
    day: Option<i32>,
    price_minor: Option<i64>,
    cost_minor: Option<i64>,
    currency: Option<String>,
    opened_at: Timestamp,
    seq: Option<i64>,
    resolved_at: Option<Timestamp>,
    version: i64,
    updated_at: Timestamp,
}

impl From<&Alert> for NewAlert {
    fn from(alert: &Alert) -> Self {
        let SubjectIds { store, product, lot, purchase_order, transfer, count, order, schedule } = alert.subject.ids();
        let values = &alert.figures;
        let failed_schedule = values.schedule.as_ref();
        Self {
            id: alert.id,
            kind: alert.kind,
            subject: alert.subject.text(),
            store_id: store,
            product_id: product,
            lot_id: lot,
            purchase_order_id: purchase_order,
            transfer_id: transfer,
            count_id: count,
            order_id: order,
            schedule_id: schedule,
            schedule_name: failed_schedule.map(|failed_schedule| failed_schedule.name.clone()),
            error: failed_schedule.and_then(|failed_schedule| failed_schedule.error.clone()),
            state: alert.state(),
            quantity: values.quantity,
            threshold: values.threshold,
            day: values.day,
            price_minor: values.margin.map(|margin| margin.price.minor),
            cost_minor: values.margin.map(|margin| margin.cost.minor),
            currency: values.margin.map(|margin| margin.price.currency.as_str().to_owned()),
            opened_at: alert.opened_at,
            seq: alert.seq,
            resolved_at: alert.handling.resolved_at(),
            version: alert.version,
            updated_at: alert.updated_at,
        }
    }
}

/// Writes new rows.
pub async fn add<'a>(work: &Work, alerts: impl IntoIterator<Item = &'a Alert>) -> Result<(), Fault> {
    let mut rows = Rows::<NewAlert>::insert(work.tenant());
    rows.extend(alerts.into_iter().map(NewAlert::from));
    work.write(rows.into()).await
}

/// Columns of an alert that change.
#[derive(Record)]
#[record(of = alert)]
struct ChangedAlert {
    id: AlertId,
    state: AlertState,
    snoozed_until: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    resolver_kind: Option<ActorKind>,
    resolver_id: Option<Uuid>,
    assignee_id: Option<MemberId>,
    note: Option<String>,
    version: i64,
    updated_at: Timestamp,
}

impl From<&Alert> for ChangedAlert {
    fn from(alert: &Alert) -> Self {
        Self {
            id: alert.id,
            state: alert.state(),
            snoozed_until: alert.handling.snoozed_until(),
            resolved_at: alert.handling.resolved_at(),
            resolver_kind: alert.handling.resolver().map(|actor| actor.kind),
            resolver_id: alert.handling.resolver().map(|actor| actor.id),
            assignee_id: alert.assignee,
            note: alert.note.clone(),
            version: alert.version,
            updated_at: alert.updated_at,
        }
    }
}

/// Updates the columns that steps change, of existing rows.
pub async fn change<'a>(work: &Work, alerts: impl IntoIterator<Item = &'a Alert>) -> Result<(), Fault> {
    let mut rows = Rows::<ChangedAlert>::update(work.tenant());
    rows.extend(alerts.into_iter().map(ChangedAlert::from));
    work.write(rows.into()).await
}

#[derive(Record)]
#[record(of = alert, alias = "alert")]
struct AlertOfTenant {
    tenant_id: TenantId,
    id: AlertId,
}

/// Reads the alerts of all tenants whose snooze has ended, by tenant.
pub async fn ended_snoozes(global: &Global, now: Timestamp, limit: i64) -> Result<Vec<(TenantId, AlertId)>, Fault> {
    let sql = format!(
        "SELECT {} FROM alert WHERE state = 'SNOOZED' AND snoozed_until <= $1 AND tenant_id NOT IN {SUSPENDED} ORDER BY tenant_id, id LIMIT $2",
        AlertOfTenant::SELECT
    );
    let rows = global.records::<AlertOfTenant>(&sql, vec![now.micros().into(), limit.into()]).await?;
    Ok(rows.into_iter().map(|row| (row.tenant_id, row.id)).collect())
}

/// Returns the tenants with alerts that were resolved before a time.
pub async fn tenants_with_old_alerts(global: &Global, before: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let sql = "SELECT DISTINCT tenant_id FROM alert WHERE state = 'RESOLVED' AND resolved_at < $1";
    global.rows(sql, vec![before.micros().into()]).await?.iter().map(Row::scalar).collect()
}

/// Deletes at most `limit` alerts that were resolved before a time, with their e-mails; returns the
/// number.
pub async fn delete_resolved(work: &Work, before: Timestamp, limit: i64) -> Result<u64, Fault> {
    let old_ids_sql =
        "SELECT id FROM alert WHERE tenant_id = $1 AND state = 'RESOLVED' AND resolved_at < $2 ORDER BY resolved_at, id LIMIT $3";
    let emails_sql = format!("DELETE FROM alert_letter WHERE tenant_id = $1 AND alert_id IN ({old_ids_sql})");
    work.execute(&emails_sql, vec![before.micros().into(), limit.into()]).await?;
    let alerts_sql = format!("DELETE FROM alert WHERE tenant_id = $1 AND id IN ({old_ids_sql})");
    work.execute(&alerts_sql, vec![before.micros().into(), limit.into()]).await
}
