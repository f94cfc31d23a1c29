//! Sums of postings for reports.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{cost_posting, tenant},
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

use super::book::{LayerRow, SumsRow, load_booked_seq};
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
pub async fn load_costing_method(reads: &impl Reads) -> Result<(CostingMethod, Currency), Fault> {
    let sql = format!("SELECT {} FROM tenant WHERE id = $1", MethodRow::SELECT);
    let row = reads.records::<MethodRow>(&sql, vec![]).await?.into_iter().next();
    let row = row.ok_or_else(|| Fault::corrupt("tenant", "a caller's tenant has a row"))?;
    let unknown = || Fault::corrupt("tenant", format!("unknown word {}", row.default_currency));
    Ok((row.costing_method, Currency::parse(&row.default_currency).ok_or_else(unknown)?))
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
pub async fn load_cost_sums(reads: &impl Reads, group: CostGroup, filter: &CostFilter) -> Result<Vec<GroupKindSums>, Fault> {
    let scans = reads.backend() == Backend::Sqlite && spans_most_postings(reads, filter).await?;
    if !scans || !matches!(group, CostGroup::Product | CostGroup::Store) {
        return select_sums(reads, group, filter, (scans, None)).await;
    }
    let middle_seq = load_booked_seq(reads).await? / 2;
    let [earlier_half, later_half] = [Some(("seq <=", middle_seq)), Some(("seq >", middle_seq))];
    if middle_seq <= packed::MAX_EVENTS {
        let packed = tokio::try_join!(
            load_packed_sums(reads, group, filter, earlier_half),
            load_packed_sums(reads, group, filter, later_half)
        )?;
        if let (Some(mut sums), Some(later_half)) = packed {
            sums.extend(later_half);
            return Ok(sums);
        }
    }
    let (mut sums, later_half) = tokio::try_join!(
        select_sums(reads, group, filter, (scans, earlier_half)),
        select_sums(reads, group, filter, (scans, later_half))
    )?;
    sums.extend(later_half);
    Ok(sums)
}

/// Returns the sums of the postings of some events, read in the order of their keys, a row per
/// event; None if there are more groups than are held at once, or if a sum exceeds 64 bits, which
/// the database reports.
async fn load_packed_sums(
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
    let rows = reads.records::<EventRow>(&packed::bounded_query(&sql, EventRow::SELECT), values).await?;
    let Some(groups) = blocking::run("sums of costs", move || sum_by_kind(&rows)).await?? else { return Ok(None) };
    let to_i64 = |sum: i128| i64::try_from(sum).ok();
    let sums = groups.into_iter().map(|((kind, id), [quantity, average, fifo])| {
        let values = Values { average: to_i64(average)?, fifo: to_i64(fifo)? };
        Some((None, Some(id).filter(|id| !id.is_nil()), kind, Sums { quantity: to_i64(quantity)?, values }))
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
async fn select_sums(
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
    let mut conditions = filter.products.on("product_id").map(|condition| format!(" AND {condition}")).unwrap_or_default();
    let mut add_condition = |text: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            conditions.push_str(&format!(" AND {text} ${}", values.len() + 1));
        }
    };
    let occurred = if scans { "+occurred_at" } else { "occurred_at" };
    add_condition(&format!("{occurred} >="), filter.from.map(|at| at.micros().into()));
    add_condition(&format!("{occurred} <"), filter.to.map(|at| at.micros().into()));
    add_condition("product_id =", filter.product.map(Into::into));
    if let Some((column, seq)) = events {
        add_condition(column, Some(seq.into()));
    }
    conditions.push_str(&backend.and_ids("store_id", filter.stores.as_deref(), &mut values));
    (conditions, values)
}

/// True if a filter's span is at least a quarter of the booked time. SQLite then reads the postings
/// faster in the order of their key, in which they are stored, than one by one by their times.
async fn spans_most_postings(reads: &impl Reads, filter: &CostFilter) -> Result<bool, Fault> {
    if filter.from.is_none() && filter.to.is_none() {
        return Ok(true);
    }
    let booked_span = reads.records::<BookedSpan>(&format!("SELECT {}", BookedSpan::SELECT), vec![]).await?.pop();
    let Some(BookedSpan { first: Some(first), last: Some(last) }) = booked_span else { return Ok(false) };
    let from = filter.from.map_or(first, |at| at.micros().max(first));
    let to = filter.to.map_or(last, |at| at.micros().min(last));
    Ok((to - from).saturating_mul(4) >= last - first)
}

/// Reads the values that were booked for entries, by event and line.
pub async fn load_entry_values(reads: &impl Reads, seqs: &[i64]) -> Result<HashMap<(i64, u16), Values>, Fault> {
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
pub async fn load_layers(reads: &impl Reads, product: ProductId, limit: usize) -> Result<Vec<Layer>, Fault> {
    let sql = format!(
        "SELECT {select} FROM cost_layer WHERE tenant_id = $1 AND product_id = $2 ORDER BY seq, line LIMIT {limit}",
        select = LayerRow::SELECT
    );
    Ok(reads.records::<LayerRow>(&sql, vec![product.into()]).await?.into_iter().map(Into::into).collect())
}
