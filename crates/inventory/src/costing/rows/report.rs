//! Sums of postings for reports.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{cost_pool, cost_posting, product, tenant},
};
use platform::{
    blocking,
    storage::{
        Backend, Fault, Finds, Reads,
        packed::{self, PackedIds, PackedNumbers},
    },
};
use sea_orm::Value;
use uuid::Uuid;

use super::book::{LayerRow, SumsRow, book};
use crate::{
    catalog::rows::page::ProductCondition,
    costing::core::{Layer, Sums, Values},
};

#[derive(Record)]
#[record(of = tenant, alias = "")]
struct MethodRow {
    costing_method: CostingMethod,
    default_currency: String,
}

#[derive(Record)]
struct WorthNow {
    #[record(of = cost_pool, alias = "c")]
    product_id: ProductId,
    #[record(of = product, alias = "p")]
    category_id: Option<CategoryId>,
    #[record(alias = "c")]
    pool: PoolSums,
}

#[derive(Record)]
#[record(of = cost_pool)]
struct PoolSums {
    quantity: i64,
    average_minor: i64,
    fifo_minor: i64,
}

#[derive(Record)]
struct WorthThen {
    #[record(of = cost_posting, alias = "s")]
    product_id: ProductId,
    #[record(of = product, alias = "p")]
    category_id: Option<CategoryId>,
    #[record(sql = "s.quantity")]
    quantity: i64,
    #[record(sql = "s.average")]
    average: i64,
    #[record(sql = "s.fifo")]
    fifo: i64,
}

/// Sums of a kind; the columns of the group precede them.
#[derive(Record)]
struct KindSums {
    #[record(sql = "CAST({day} AS integer)")]
    day: Option<i32>,
    #[record(sql = "{id}")]
    id: Option<Uuid>,
    #[record(of = cost_posting, alias = "")]
    kind: CostKind,
    sums: SumsRow,
}

/// The postings of an event.
#[derive(Record)]
struct EventRow {
    #[record(of = cost_posting, alias = "")]
    kind: CostKind,
    #[record(sql = "items")]
    items: PackedIds,
    #[record(sql = "quantities")]
    quantities: PackedNumbers,
    #[record(sql = "averages")]
    averages: PackedNumbers,
    #[record(sql = "fifos")]
    fifos: PackedNumbers,
}

/// The times of the first and the last posting; None if there is no posting.
#[derive(Record)]
struct BookedSpan {
    #[record(sql = "(SELECT min(occurred_at) FROM cost_posting WHERE tenant_id = $1)")]
    first: Option<i64>,
    #[record(sql = "(SELECT max(occurred_at) FROM cost_posting WHERE tenant_id = $1)")]
    last: Option<i64>,
}

#[derive(Record)]
#[record(of = cost_posting, alias = "")]
struct EntryCost {
    seq: i64,
    line: i32,
    average_minor: i64,
    fifo_minor: i64,
}

/// Reads the costing method and the currency of a tenant.
pub async fn method(reads: &impl Reads) -> Result<(CostingMethod, Currency), Fault> {
    let sql = format!("SELECT {} FROM tenant WHERE id = $1", MethodRow::SELECT);
    let row = reads.records::<MethodRow>(&sql, vec![]).await?.into_iter().next();
    let row = row.ok_or_else(|| Fault::corrupt("tenant", "a caller's tenant has a row"))?;
    let unknown = || Fault::corrupt("tenant", format!("unknown word {}", row.default_currency));
    Ok((row.costing_method, Currency::parse(&row.default_currency).ok_or_else(unknown)?))
}

/// The date of a valuation: now, or everything that had occurred by a time, as it was recorded by
/// `known`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    Now,
    At { occurred: Timestamp, known: Option<Timestamp> },
}

/// A product's units and their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProductWorth {
    pub product: ProductId,
    pub category: Option<CategoryId>,
    pub sums: Sums,
}

/// Reads the units and the value of each product, or of one product if it is given; products whose
/// sums are zero are left out.
pub async fn worth(reads: &impl Reads, of: Worth, product: Option<ProductId>) -> Result<Vec<ProductWorth>, Fault> {
    let only = product.map(|_| " AND c.product_id = $2").unwrap_or_default();
    worth_where(reads, of, only, product.map(Value::from).into_iter().collect()).await
}

/// Returns the value of the products that match a condition.
pub async fn worth_of(reads: &impl Reads, of: Worth, products: &ProductCondition) -> Result<Vec<ProductWorth>, Fault> {
    let only = products.on("c.product_id").map(|fits| format!(" AND {fits}")).unwrap_or_default();
    worth_where(reads, of, &only, products.values.clone()).await
}

/// `only` is a condition on postings or pools as `c`, with the parameters `values` from `$2` on.
async fn worth_where(reads: &impl Reads, of: Worth, only: &str, mut values: Vec<Value>) -> Result<Vec<ProductWorth>, Fault> {
    let mut place = |value: Value| {
        values.push(value);
        values.len() + 1
    };
    match of {
        Worth::Now => {
            let sql = format!(
                "SELECT {select} FROM cost_pool c
                 JOIN product p ON p.tenant_id = $1 AND p.id = c.product_id
                 WHERE c.tenant_id = $1{only} AND c.quantity > 0 ORDER BY c.product_id",
                select = WorthNow::SELECT
            );
            Ok(reads.records::<WorthNow>(&sql, values).await?.into_iter().map(Into::into).collect())
        }
        Worth::At { occurred, known } => {
            let at = place(occurred.micros().into());
            let known = known.map(|at| format!(" AND c.recorded_at <= ${}", place(at.micros().into()))).unwrap_or_default();
            let sql = format!(
                "SELECT {select} FROM (
                   SELECT c.product_id, CAST(sum(c.quantity) AS bigint) AS quantity, CAST(sum(c.average_minor) AS bigint) AS average,
                     CAST(sum(c.fifo_minor) AS bigint) AS fifo
                   FROM cost_posting c WHERE c.tenant_id = $1{only} AND c.occurred_at <= ${at}{known} GROUP BY c.product_id) s
                 JOIN product p ON p.tenant_id = $1 AND p.id = s.product_id
                 WHERE s.quantity <> 0 OR s.average <> 0 OR s.fifo <> 0 ORDER BY s.product_id",
                select = WorthThen::SELECT
            );
            Ok(reads.records::<WorthThen>(&sql, values).await?.into_iter().map(Into::into).collect())
        }
    }
}

impl From<WorthNow> for ProductWorth {
    fn from(row: WorthNow) -> Self {
        let values = Values { average: row.pool.average_minor, fifo: row.pool.fifo_minor };
        Self { product: row.product_id, category: row.category_id, sums: Sums { quantity: row.pool.quantity, values } }
    }
}

impl From<WorthThen> for ProductWorth {
    fn from(row: WorthThen) -> Self {
        let values = Values { average: row.average, fifo: row.fifo };
        Self { product: row.product_id, category: row.category_id, sums: Sums { quantity: row.quantity, values } }
    }
}

/// Grouping of the rows of a cost report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostGroup {
    None,
    Day,
    Month,
    Product,
    Store,
}

/// Filter of postings; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CostFilter {
    /// Earliest time of the change, inclusive.
    pub from: Option<Timestamp>,
    /// Latest time of the change, exclusive.
    pub to: Option<Timestamp>,
    pub product: Option<ProductId>,
    /// Only postings of these stores, which leaves out those without a store.
    pub stores: Option<Vec<StoreId>>,
    /// Only postings of these products.
    pub products: ProductCondition,
}

/// Sums of a kind by day, or by the bytes of an ID; neither without groups.
type GroupKindSums = (Option<i32>, Option<Uuid>, CostKind, Sums);

/// Returns sums by group and kind; a group and kind may occur twice, each with a part of its sums.
/// SQLite would sort all postings by product or store. Postings never change, so the earlier and
/// the later events' postings are read at the same time, packed, or sorted if there are too many to
/// hold.
pub async fn cost_sums(reads: &impl Reads, group: CostGroup, filter: &CostFilter) -> Result<Vec<GroupKindSums>, Fault> {
    let scans = reads.backend() == Backend::Sqlite && spans_most_postings(reads, filter).await?;
    if !scans || !matches!(group, CostGroup::Product | CostGroup::Store) {
        return sums_of(reads, group, filter, (scans, None)).await;
    }
    let middle = book(reads).await? / 2;
    let [earlier, later] = [Some(("seq <=", middle)), Some(("seq >", middle))];
    if middle <= packed::MAX_EVENTS {
        let packed = tokio::try_join!(packed_sums(reads, group, filter, earlier), packed_sums(reads, group, filter, later))?;
        if let (Some(mut sums), Some(later)) = packed {
            sums.extend(later);
            return Ok(sums);
        }
    }
    let (mut sums, later) =
        tokio::try_join!(sums_of(reads, group, filter, (scans, earlier)), sums_of(reads, group, filter, (scans, later)))?;
    sums.extend(later);
    Ok(sums)
}

/// Returns the sums of the postings of some events, read in the order of their keys, a row per
/// event; None if there are more groups than are held at once, or if a sum exceeds 64 bits, which
/// the database reports.
async fn packed_sums(
    reads: &impl Reads,
    group: CostGroup,
    filter: &CostFilter,
    events: Option<(&str, i64)>,
) -> Result<Option<Vec<GroupKindSums>>, Fault> {
    let backend = reads.backend();
    let (tests, values) = filter_conditions(backend, filter, (true, events));
    let id = if group == CostGroup::Store { "store_id" } else { "product_id" };
    // The postings of an event are of one kind.
    let sql = format!(
        "SELECT kind, {items} AS items, {quantities} AS quantities, {averages} AS averages, {fifos} AS fifos
         FROM cost_posting WHERE tenant_id = $1{tests} GROUP BY tenant_id, seq",
        items = packed::ids(backend, id),
        quantities = packed::numbers(backend, "quantity"),
        averages = packed::numbers(backend, "average_minor"),
        fifos = packed::numbers(backend, "fifo_minor")
    );
    let rows = reads.records::<EventRow>(&packed::bounded(&sql, EventRow::SELECT), values).await?;
    let Some(groups) = blocking::run("sums of costs", move || sum_by_kind(&rows)).await?? else { return Ok(None) };
    let exact = |sum: i128| i64::try_from(sum).ok();
    let sums = groups.into_iter().map(|((kind, id), [quantity, average, fifo])| {
        let values = Values { average: exact(average)?, fifo: exact(fifo)? };
        Some((None, Some(id).filter(|id| !id.is_nil()), kind, Sums { quantity: exact(quantity)?, values }))
    });
    Ok(sums.collect())
}

/// Quantity and both values of each kind and group.
type SumsByKind = HashMap<(CostKind, Uuid), [i128; 3]>;

/// Returns the sums of each kind and group; None if not all postings were read.
fn sum_by_kind(rows: &[EventRow]) -> Result<Option<SumsByKind>, Fault> {
    let (mut groups, mut postings) = (SumsByKind::new(), 0);
    for EventRow { kind, items, quantities, averages, fifos } in rows {
        postings += packed::each_line("cost_posting", items, [quantities, averages, fifos], |id, line| {
            let sums = groups.entry((*kind, id)).or_default();
            sums.iter_mut().zip(line).for_each(|(sum, number)| *sum += i128::from(number));
        })?;
    }
    Ok(packed::is_complete_page(rows.len(), postings).then_some(groups))
}

/// Returns the sums of the postings of some events, read in the order of their key if `scans`.
async fn sums_of(
    reads: &impl Reads,
    group: CostGroup,
    filter: &CostFilter,
    (scans, events): (bool, Option<(&str, i64)>),
) -> Result<Vec<GroupKindSums>, Fault> {
    let (day, id) = match group {
        CostGroup::None => ("NULL", "NULL"),
        CostGroup::Day | CostGroup::Month => ("business_date", "NULL"),
        CostGroup::Product => ("NULL", "product_id"),
        CostGroup::Store => ("NULL", "store_id"),
    };
    let backend = reads.backend();
    let (tests, values) = filter_conditions(backend, filter, (scans, events));
    let postings = match (backend, group) {
        // All postings of an event have one kind and one day, and are read in the order of their
        // key: only one row per event is sorted.
        (Backend::Sqlite, CostGroup::None | CostGroup::Day | CostGroup::Month) => format!(
            "(SELECT kind, business_date, sum(quantity) AS quantity, sum(average_minor) AS average_minor, sum(fifo_minor) AS fifo_minor
             FROM cost_posting WHERE tenant_id = $1{tests} GROUP BY {}) p",
            if scans { "tenant_id, seq" } else { "occurred_at, seq" }
        ),
        _ => format!("cost_posting WHERE tenant_id = $1{tests}"),
    };
    let id = match (id, backend) {
        ("NULL", Backend::Postgres) => "CAST(NULL AS uuid)",
        (id, _) => id,
    };
    let select = KindSums::SELECT.replace("{day}", day).replace("{id}", id);
    let sql = format!("SELECT {select} FROM {postings} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");
    let rows = reads.records::<KindSums>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| (row.day, row.id, row.kind, row.sums.into())).collect())
}

/// Returns further conditions on postings, besides the tenant's, and their values from `$2` on.
fn filter_conditions(
    backend: Backend,
    filter: &CostFilter,
    (scans, events): (bool, Option<(&str, i64)>),
) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = filter.products.values.clone();
    let mut tests = filter.products.on("product_id").map(|fits| format!(" AND {fits}")).unwrap_or_default();
    let mut test = |text: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            tests.push_str(&format!(" AND {text} ${}", values.len() + 1));
        }
    };
    let occurred = if scans { "+occurred_at" } else { "occurred_at" };
    test(&format!("{occurred} >="), filter.from.map(|at| at.micros().into()));
    test(&format!("{occurred} <"), filter.to.map(|at| at.micros().into()));
    test("product_id =", filter.product.map(Into::into));
    if let Some((are, seq)) = events {
        test(are, Some(seq.into()));
    }
    tests.push_str(&backend.and_ids("store_id", filter.stores.as_deref(), &mut values));
    (tests, values)
}

/// True if a filter's span is at least a quarter of the booked time. SQLite then reads the postings
/// faster in the order of their key, in which they are stored, than one by one by their times.
async fn spans_most_postings(reads: &impl Reads, filter: &CostFilter) -> Result<bool, Fault> {
    if filter.from.is_none() && filter.to.is_none() {
        return Ok(true);
    }
    let booked = reads.records::<BookedSpan>(&format!("SELECT {}", BookedSpan::SELECT), vec![]).await?.pop();
    let Some(BookedSpan { first: Some(first), last: Some(last) }) = booked else { return Ok(false) };
    let from = filter.from.map_or(first, |at| at.micros().max(first));
    let to = filter.to.map_or(last, |at| at.micros().min(last));
    Ok((to - from).saturating_mul(4) >= last - first)
}

/// Reads the values that were booked for entries, by event and line.
pub async fn entries_cost(reads: &impl Reads, seqs: &[i64]) -> Result<HashMap<(i64, u16), Values>, Fault> {
    if seqs.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, is_of) = (EntryCost::SELECT, backend.in_numbers("seq", 2));
    let sql = format!("SELECT {select} FROM cost_posting WHERE tenant_id = $1 AND {is_of}");
    let rows = reads.records::<EntryCost>(&sql, vec![backend.numbers(seqs.iter().copied())]).await?;
    let cost = |row: EntryCost| {
        let values = Values { average: row.average_minor, fifo: row.fifo_minor };
        ((row.seq, row.line as u16), values)
    };
    Ok(rows.into_iter().map(cost).collect())
}

/// Returns a product's layers, the oldest first.
pub async fn layers(reads: &impl Reads, product: ProductId, most: usize) -> Result<Vec<Layer>, Fault> {
    let sql = format!(
        "SELECT {select} FROM cost_layer WHERE tenant_id = $1 AND product_id = $2 ORDER BY seq, line LIMIT {most}",
        select = LayerRow::SELECT
    );
    Ok(reads.records::<LayerRow>(&sql, vec![product.into()]).await?.into_iter().map(Into::into).collect())
}
