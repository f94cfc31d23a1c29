//! Orders, each once in a group.

use std::collections::{BTreeMap, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use super::statement::{BuiltGroup, Part, Statement};
use crate::{
    demand::rows::FactKey,
    insight::rows::IdRange,
    reports::{
        core::{Base, MAX_GROUPS, ReportDimension, ReportSpec, Span},
        rows::{
            baskets::{PackedOrders, packed_ids_sql, unpack_ids},
            builder_levels::{ProductGroups, product_groups},
            halves::order_rows,
            narrow::{ReportFilter, SOLD, SqlParameters, moments},
        },
    },
};

/// Maximum orders, and lines of theirs, that are counted in memory: a row of an order takes some
/// hundreds of bytes. More are counted by the statement.
const MAX_ORDERS: usize = 500_000;
const MAX_LINES: usize = 1_000_000;

const OF_ORDERS: Part =
    Part { day: Some("o.business_date"), product: "l.product_id", store: "o.store_id", channel: "o.channel_id" };

/// An order after its keys: its side, and the products of its lines as concatenated IDs.
#[derive(Record)]
struct OrderRow {
    #[record(sql = "g.w")]
    side: i32,
    #[record(sql = "g.basket")]
    basket: Option<Vec<u8>>,
}

/// Number of columns of an `OrderRow`, after the keys.
const COLUMNS: usize = 2;

/// Whether orders are counted separately from other sums: in groups of products, where an order may
/// be in several. The databases would deduplicate all pairs of an order and a group, line by line,
/// which takes several times as long as all other sums.
pub(super) fn counts_orders_separately(spec: &ReportSpec) -> bool {
    spec.dimensions.iter().any(|dimension| dimension.is_of_products())
}

/// The groups of orders, if they are counted separately; None if they have too many lines for the
/// memory.
pub(super) async fn orders_of_products<'a>(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    make: &impl Fn() -> Statement<'a>,
) -> Result<Option<Vec<BuiltGroup>>, Fault> {
    let (spec, days) = {
        let statement = make();
        (statement.spec, statement.all_days())
    };
    let columns = COLUMNS + spec.dimensions.iter().filter(|dimension| !dimension.is_of_products()).count();
    let rows = order_rows(reads, days, columns, |part| make().packed_orders(reads.backend(), part));
    let (rows, products) = tokio::try_join!(rows, product_groups(reads, report_filter))?;
    if rows.len() > MAX_ORDERS {
        return Ok(None);
    }
    let mut tally = OrderTally::of(spec, products);
    for (nth, row) in rows.iter().enumerate() {
        tally.add(nth, row)?;
        if tally.lines > MAX_LINES {
            return Ok(None);
        }
        // More groups are refused, whatever their number.
        if tally.counts.len() > MAX_GROUPS {
            break;
        }
    }
    Ok(Some(tally.groups()))
}

/// Adds groups with other sums: groups with the same keys are merged.
pub(super) fn join(groups: &mut Vec<BuiltGroup>, added: Vec<BuiltGroup>) {
    let indexes: BTreeMap<Vec<FactKey>, usize> =
        groups.iter().enumerate().map(|(nth, group)| (group.keys.clone(), nth)).collect();
    let add = |sums: &mut Vec<i64>, added: Vec<i64>| sums.iter_mut().zip(added).for_each(|(sum, added)| *sum += added);
    for BuiltGroup { keys, now, before } in added {
        if let Some(index) = indexes.get(&keys) {
            add(&mut groups[*index].now, now);
            add(&mut groups[*index].before, before);
        } else {
            groups.push(BuiltGroup { keys, now, before });
        }
    }
}

/// Orders that are counted in groups of products.
struct OrderTally<'a> {
    spec: &'a ReportSpec,
    /// Index of each product's group in `keys`.
    of_product: HashMap<ProductId, usize>,
    /// One key for each dimension of products.
    keys: Vec<Vec<Uuid>>,
    /// The order that was counted last in each group.
    last: Vec<usize>,
    /// Index of each combination of the other dimensions' keys.
    of_others: BTreeMap<Vec<FactKey>, usize>,
    /// Orders of the report's days, and of the compared ones, by both indices.
    counts: HashMap<(usize, usize), [i64; 2]>,
    lines: usize,
}

impl<'a> OrderTally<'a> {
    fn of(spec: &'a ReportSpec, products: HashMap<ProductId, ProductGroups>) -> Self {
        let (mut indexes, mut keys) = (HashMap::<Vec<Uuid>, usize>::new(), Vec::new());
        let mut of_product = HashMap::with_capacity(products.len());
        for (product, groups) in products {
            let key: Vec<Uuid> = spec.dimensions.iter().filter_map(|dimension| group_key(*dimension, groups)).collect();
            let next = indexes.len();
            let index = *indexes.entry(key.clone()).or_insert(next);
            if index == next {
                keys.push(key);
            }
            of_product.insert(product, index);
        }
        let last = vec![usize::MAX; keys.len()];
        Self { spec, of_product, keys, last, of_others: BTreeMap::new(), counts: HashMap::new(), lines: 0 }
    }

    fn add(&mut self, nth: usize, row: &QueryResult) -> Result<(), Fault> {
        let mut row = Row::new(row);
        let mut keys = Vec::new();
        for dimension in self.spec.dimensions.iter().filter(|one| !one.is_of_products()) {
            keys.push(if dimension.is_by_id() {
                FactKey::Id(row.take::<Option<Uuid>>()?.unwrap_or_default())
            } else {
                FactKey::Date(row.take()?)
            });
        }
        let OrderRow { side, basket } = row.record()?;
        let products = unpack_ids(basket.as_deref().unwrap_or_default())?;
        self.lines += products.len();
        let next = self.of_others.len();
        let other_index = *self.of_others.entry(keys).or_insert(next);
        for product in products {
            let Some(index) = self.of_product.get(&product).copied() else { continue };
            if self.last[index] != nth {
                self.last[index] = nth;
                self.counts.entry((other_index, index)).or_default()[usize::from(side == 1)] += 1;
            }
        }
        Ok(())
    }

    fn groups(self) -> Vec<BuiltGroup> {
        let bases = self.spec.bases();
        let sums =
            |orders: i64| -> Vec<i64> { bases.iter().map(|base| if *base == Base::Orders { orders } else { 0 }).collect() };
        let mut other_keys = vec![Vec::new(); self.of_others.len()];
        for (keys, index) in self.of_others {
            other_keys[index] = keys;
        }
        let group = |((of_others, index), [now, before]): ((usize, usize), [i64; 2])| {
            let (mut of_products, mut other_keys) = (self.keys[index].iter(), other_keys[of_others].iter());
            let key = |dimension: &ReportDimension| {
                if dimension.is_of_products() { of_products.next().copied().map(FactKey::Id) } else { other_keys.next().copied() }
            };
            BuiltGroup { keys: self.spec.dimensions.iter().filter_map(key).collect(), now: sums(now), before: sums(before) }
        };
        self.counts.into_iter().map(group).collect()
    }
}

/// Returns the group of a product; None for a dimension that is not of products. The nil ID stands
/// for no group.
fn group_key(dimension: ReportDimension, groups: ProductGroups) -> Option<Uuid> {
    let key = match dimension {
        ReportDimension::Category => groups.category,
        ReportDimension::TopCategory => groups.top_category,
        ReportDimension::Supplier => groups.supplier,
        _ => return None,
    };
    Some(key.unwrap_or_default())
}

impl Statement<'_> {
    /// The report's days and those before.
    fn all_days(&self) -> Span {
        let report_span = self.filter.span;
        Span { from: self.before.map_or(report_span.from, |before| before.span.from), to: report_span.to }
    }

    /// A condition that orders `o` sold something on the days.
    fn sold_condition(&mut self) -> String {
        let days = self.days_condition("o.business_date");
        let stores = self.bound.of_stores(self.filter, OF_ORDERS.store);
        let channels = self.bound.of_channels(self.filter, OF_ORDERS.channel);
        // The moments bound the scan of the index of placed orders.
        let [since, until] = moments(self.all_days()).map(|at| self.bound.bind(at));
        let money = self.bound.bind(self.currency.as_str());
        format!(
            "o.tenant_id = $1 AND {SOLD} AND o.currency = {money} AND o.placed_at >= {since} AND o.placed_at < {until} AND {days}{stores}{channels}"
        )
    }

    /// Orders, each once in a group: by the orders themselves, or by their lines where groups or the narrowing are of products.
    pub(super) fn of_orders(&mut self) -> String {
        let part = OF_ORDERS;
        let is_of_products =
            counts_orders_separately(self.spec) || !SqlParameters::of_products(self.filter, part.product).is_empty();
        let (keys, joins) = self.keys(&part);
        let (side, sold) = (self.side("o.business_date"), self.sold_condition());
        let names = (0..self.spec.dimensions.len()).map(|nth| format!("n.k{nth} AS k{nth}")).collect::<Vec<_>>().join(", ");
        let sums = self.sums(|base| matches!(base, Base::Orders).then(|| "1".to_owned()));
        if !is_of_products {
            return format!("SELECT {keys}, {side} AS w, {sums} FROM sales_order o WHERE {sold}");
        }
        format!(
            "SELECT {names}, n.w AS w, {sums} FROM (
               SELECT DISTINCT {keys}, {side} AS w, o.id FROM sales_order o CROSS JOIN order_line l{joins}
               WHERE {sold} AND l.tenant_id = $1 AND l.order_id = o.id AND l.product_id IS NOT NULL AND l.quantity > l.cancelled{only}) n",
            only = SqlParameters::of_products(self.filter, part.product)
        )
    }

    /// The statement of all orders, or of a part of them, each with its keys of dimensions other
    /// than products, and its values. Rows after the maximum number of orders or lines are not
    /// returned.
    fn packed_orders(mut self, backend: Backend, part: Option<IdRange>) -> (String, Vec<Value>) {
        let (side, sold) = (self.side("o.business_date"), self.sold_condition());
        let conditions = SqlParameters::of_products(self.filter, OF_ORDERS.product);
        let part_condition = self.bound.of_part(part);
        let spec = self.spec;
        let (mut keys, mut names, mut group_columns) = (String::new(), String::new(), String::new());
        for (nth, dimension) in spec.dimensions.iter().enumerate().filter(|(_, candidate)| !candidate.is_of_products()) {
            keys.push_str(&format!("{} AS k{nth}, ", self.key(&OF_ORDERS, *dimension)));
            names.push_str(&format!("b.k{nth}, "));
            let column = if dimension.is_by_id() { format!("g.k{nth}, ") } else { format!("CAST(g.k{nth} AS integer), ") };
            group_columns.push_str(&column);
        }
        let (limit, bytes) = (self.bound.bind(MAX_ORDERS as i64 + 1), self.bound.bind((MAX_LINES * size_of::<Uuid>()) as i64));
        let keys = format!("{keys}{side} AS w, ");
        let sums = format!("{} AS basket", packed_ids_sql(backend, "l.product_id"));
        let lines = format!(" AND l.quantity > l.cancelled{conditions}");
        let orders =
            PackedOrders { keys: &keys, sums: &sums, orders: &sold, lines: &lines, some: "" }.sql(backend, &part_condition);
        let sql = format!(
            "SELECT {group_columns}{select} FROM (
               SELECT {names}b.w, b.basket, length(b.basket) AS size,
                 sum(length(b.basket)) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS upto
               FROM ({orders}) b) g
             WHERE g.upto - g.size <= {bytes} LIMIT {limit}",
            select = OrderRow::SELECT
        );
        (sql, self.bound.values)
    }
}
