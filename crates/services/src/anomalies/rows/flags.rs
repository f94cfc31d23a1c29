//! Flagged days, and the last judged day of each store.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{anomaly_book, stock_anomaly},
};
use inventory::orders::rows::Clause;
use platform::{
    paging::{Key, ListPage, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Nested, Reads, Rows, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use super::facts::money;
use crate::anomalies::core::{Acceptance, Anomaly, Changes, Finding, Origin, Pattern, SeriesKey};

#[derive(Record)]
#[record(of = stock_anomaly, alias = "a")]
struct AnomalyRow {
    id: AnomalyId,
    business_date: i32,
    product_id: ProductId,
    store_id: StoreId,
    kind: AnomalyKind,
    rule: AnomalyRule,
    units: i64,
    usual_milli: Option<i64>,
    z_milli: Option<i64>,
    largest_line: i64,
    unit_decimals: i32,
    detected_at: Timestamp,
    accepted_at: Option<Timestamp>,
    actor_kind: Option<ActorKind>,
    actor_id: Option<Uuid>,
    note: Option<String>,
    value_minor: i64,
    value_currency: Option<String>,
    times: Option<i64>,
    who_kind: Option<ActorKind>,
    who_id: Option<Uuid>,
    order_id: Option<OrderId>,
    register: Option<String>,
}

impl TryFrom<AnomalyRow> for Anomaly {
    type Error = Fault;
    fn try_from(row: AnomalyRow) -> Result<Self, Fault> {
        let actor = row.actor_kind.zip(row.actor_id).map(|(kind, id)| Actor { kind, id });
        let acceptance = match (row.accepted_at, actor) {
            (Some(at), Some(by)) => Some(Acceptance { at, by, note: row.note }),
            (None, None) => None,
            _ => return Err(Fault::corrupt("stock_anomaly", "an accepted anomaly has a time and an actor")),
        };
        let person = row.who_kind.zip(row.who_id).map(|(kind, id)| Origin::Person(Actor { kind, id }));
        let origin = person.or_else(|| row.register.map(Origin::Register));
        let key = SeriesKey { store: row.store_id, product: row.product_id, kind: row.kind };
        let finding = Finding {
            date: row.business_date,
            key,
            rule: row.rule,
            units: row.units,
            usual_milli: row.usual_milli,
            z_milli: row.z_milli,
            largest_line: row.largest_line,
            decimals: row.unit_decimals,
            value: money(Some(row.value_minor), row.value_currency.as_deref()),
            pattern: row.times.map(|times| Pattern { times, origin, order: row.order_id }),
        };
        Ok(Self { id: row.id, found: finding, detected_at: row.detected_at, acceptance })
    }
}

fn row_of(tenant_id: TenantId, anomaly: Anomaly) -> stock_anomaly::Model {
    let state = anomaly.state();
    let Anomaly { id, found: finding, detected_at, acceptance } = anomaly;
    let (times, order_id) = finding.pattern.as_ref().map(|pattern| (pattern.times, pattern.order)).unzip();
    let origin = finding.pattern.and_then(|pattern| pattern.origin);
    let person = origin.as_ref().and_then(Origin::person);
    stock_anomaly::Model {
        tenant_id,
        id,
        business_date: finding.date,
        product_id: finding.key.product,
        store_id: finding.key.store,
        kind: finding.key.kind,
        rule: finding.rule,
        units: finding.units,
        usual_milli: finding.usual_milli,
        z_milli: finding.z_milli,
        largest_line: finding.largest_line,
        unit_decimals: finding.decimals,
        state,
        detected_at,
        accepted_at: acceptance.as_ref().map(|acceptance| acceptance.at),
        actor_kind: acceptance.as_ref().map(|acceptance| acceptance.by.kind),
        actor_id: acceptance.as_ref().map(|acceptance| acceptance.by.id),
        note: acceptance.and_then(|acceptance| acceptance.note),
        value_minor: finding.value.map(|value| value.minor).unwrap_or_default(),
        value_currency: finding.value.map(|value| value.currency.to_string()),
        times,
        who_kind: person.map(|person| person.kind),
        who_id: person.map(|person| person.id),
        order_id: order_id.flatten(),
        register: origin.as_ref().and_then(Origin::register).map(str::to_owned),
    }
}

/// Filter of anomalies; all given fields must match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnomalyFilter {
    pub stores: Option<Vec<StoreId>>,
    pub products: Option<Vec<ProductId>>,
    pub states: Option<Vec<AnomalyState>>,
    pub kinds: Option<Vec<AnomalyKind>>,
    /// The first and the last business day, both inclusive.
    pub from: Option<i32>,
    pub to: Option<i32>,
}

/// The order of a list of anomalies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnomalySort {
    /// The newest day first.
    Day,
    /// The largest value first; anomalies without a value come last.
    Value,
}

impl AnomalySort {
    /// Name in cursors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "stockAnomalies:DAY:DESC",
            Self::Value => "stockAnomalies:VALUE:DESC",
        }
    }
    const fn column(self) -> &'static str {
        match self {
            Self::Day => "a.business_date",
            Self::Value => "a.value_minor",
        }
    }
    /// Returns the cursor keys of an anomaly in its list.
    pub fn keys(self, anomaly: &Anomaly) -> Vec<Key> {
        let first = match self {
            Self::Day => anomaly.found.date.into(),
            Self::Value => anomaly.found.value.map(|value| value.minor).unwrap_or_default(),
        };
        vec![Key::Int(first), anomaly.id.into()]
    }
}

/// A page of anomalies.
pub async fn page(
    reads: &impl Reads,
    filter: &Nested<AnomalyFilter>,
    sort: AnomalySort,
    request: &PageRequest,
) -> Result<ListPage<Anomaly>, Fault> {
    let source = anomaly_source(reads.backend(), filter);
    let (sql, values) = source.clone().page(AnomalyRow::SELECT, &[sort.column(), "a.id"], true, request);
    let rows =
        reads.records::<AnomalyRow>(&sql, values).await?.into_iter().map(Anomaly::try_from).collect::<Result<_, Fault>>()?;
    Ok(ListPage { rows, source })
}

/// Returns the anomalies that match a filter.
fn anomaly_source(backend: Backend, filter: &Nested<AnomalyFilter>) -> ListSource {
    let mut clause = Clause::new(backend, 2);
    clause.nested(filter, |clause, filter: &AnomalyFilter| filter.push_to(clause));
    ListSource { from: format!("FROM stock_anomaly a WHERE a.tenant_id = $1{}", clause.sql), values: clause.values }
}

impl AnomalyFilter {
    /// Adds the conditions on `stock_anomaly a`, each beginning with ` AND `.
    fn push_to(&self, clause: &mut Clause) {
        let backend = clause.backend();
        if let Some(stores) = &self.stores {
            let number = clause.bind(backend.ids(stores.iter().copied()));
            clause.push(&format!(" AND {}", backend.in_ids("a.store_id", number)));
        }
        if let Some(products) = &self.products {
            let number = clause.bind(backend.ids(products.iter().copied()));
            clause.push(&format!(" AND {}", backend.in_ids("a.product_id", number)));
        }
        if let Some(states) = &self.states {
            let number = clause.bind(backend.texts(states.iter().map(|state| state.as_str())));
            clause.push(&format!(" AND {}", backend.in_texts("a.state", number)));
        }
        if let Some(kinds) = &self.kinds {
            let number = clause.bind(backend.texts(kinds.iter().map(|kind| kind.as_str())));
            clause.push(&format!(" AND {}", backend.in_texts("a.kind", number)));
        }
        for (day, operator) in [(self.from, ">="), (self.to, "<=")] {
            if let Some(day) = day {
                let number = clause.bind(day);
                clause.push(&format!(" AND a.business_date {operator} ${number}"));
            }
        }
    }
}

/// Reads an anomaly by ID.
pub async fn anomaly(reads: &impl Reads, id: AnomalyId) -> Result<Option<Anomaly>, Fault> {
    Ok(anomalies(reads, " AND a.id = $2", vec![id.into()]).await?.pop())
}

/// Reads an anomaly, locked until the transaction ends.
pub async fn lock(work: &Work, id: AnomalyId) -> Result<Option<Anomaly>, Fault> {
    let condition = format!(" AND a.id = $2{}", work.backend().for_change("a"));
    Ok(anomalies(work, &condition, vec![id.into()]).await?.pop())
}

/// Reads the anomalies of these stores on the days of a span, and those that were accepted since a
/// time; locked until the transaction ends.
pub async fn open_or_accepted(
    work: &Work,
    stores: &[StoreId],
    (from, to): (i32, i32),
    since: Timestamp,
) -> Result<Vec<Anomaly>, Fault> {
    let backend = work.backend();
    let condition = format!(
        " AND {} AND (a.business_date >= $3 AND a.business_date <= $4 OR a.accepted_at >= $5) ORDER BY a.id{}",
        backend.in_ids("a.store_id", 2),
        backend.for_change("a")
    );
    let values = vec![backend.ids(stores.iter().copied()), from.into(), to.into(), since.micros().into()];
    anomalies(work, &condition, values).await
}

/// Reads the patterns of these stores that are open, or were accepted since a time, and stock that
/// was accepted as unmoved; locked until the transaction ends.
pub async fn standing_patterns(work: &Work, stores: &[StoreId], since: Timestamp) -> Result<Vec<Anomaly>, Fault> {
    let backend = work.backend();
    let condition = format!(
        " AND {} AND a.rule = 'PATTERN' AND (a.state = 'OPEN' OR a.accepted_at >= $3 OR a.kind = 'UNMOVED') ORDER BY a.id{}",
        backend.in_ids("a.store_id", 2),
        backend.for_change("a")
    );
    anomalies(work, &condition, vec![backend.ids(stores.iter().copied()), since.micros().into()]).await
}

async fn anomalies(reads: &impl Reads, condition: &str, values: Vec<Value>) -> Result<Vec<Anomaly>, Fault> {
    let sql = format!("SELECT {} FROM stock_anomaly a WHERE a.tenant_id = $1{condition}", AnomalyRow::SELECT);
    reads.records::<AnomalyRow>(&sql, values).await?.into_iter().map(Anomaly::try_from).collect()
}

pub async fn insert(work: &Work, anomalies: impl IntoIterator<Item = Anomaly>) -> Result<(), Fault> {
    let mut rows = Rows::<stock_anomaly::Model>::insert(work.tenant());
    rows.extend(anomalies.into_iter().map(|anomaly| row_of(work.tenant(), anomaly)));
    work.write(rows.into()).await
}

#[derive(Record)]
#[record(of = stock_anomaly)]
struct RemovedAnomaly {
    id: AnomalyId,
}

/// Writes the changes of stored anomalies.
pub async fn write_changes(work: &Work, changes: Changes) -> Result<(), Fault> {
    let mut changed_rows = Rows::<stock_anomaly::Model>::update(work.tenant());
    changed_rows.extend(changes.changed.into_iter().map(|anomaly| row_of(work.tenant(), anomaly)));
    work.write(changed_rows.into()).await?;
    let mut removed_rows = Rows::<RemovedAnomaly>::delete(work.tenant());
    removed_rows.extend(changes.gone.into_iter().map(|id| RemovedAnomaly { id }));
    work.write(removed_rows.into()).await
}

/// Stores the last judged day of a store.
pub async fn store_last_judged_day(work: &Work, store: StoreId, day: i32, now: Timestamp) -> Result<(), Fault> {
    work.upsert(anomaly_book::Model { tenant_id: work.tenant(), store_id: store, business_date: day, judged_at: now }).await
}
