//! Sums by product and by category of the lines of each document in one row. Documents are found by
//! an index, and the lines of each together: the database need not sort them by their product, nor
//! look up the category of each.

use std::{collections::HashMap, mem, sync::Arc};

use entity::record::{Record, Selected};
use platform::{
    blocking,
    storage::{
        Backend, Fault, Reads, Row,
        packed::{self, PackedIds, PackedNumbers},
    },
};
use sea_orm::QueryResult;
use uuid::Uuid;

use super::{
    query::{AMOUNT, COST, SCALE, SalesQuery},
    return_settlements,
    side::Side,
};
use crate::insight::{
    core::{Group, GroupKey, SalesByGroup, Sums},
    rows::halves::{has_at_most, read_consistent, rows_and_head},
};

/// A document's lines, after its side.
#[derive(Record)]
struct DocumentRow {
    #[record(sql = "side")]
    side: i32,
    #[record(sql = "items")]
    items: PackedIds,
    #[record(sql = "units")]
    units: PackedNumbers,
    #[record(sql = "amounts")]
    amounts: PackedNumbers,
    #[record(sql = "costs")]
    costs: PackedNumbers,
    #[record(sql = "settled")]
    settled: i64,
}

/// The columns of a `DocumentRow`.
const COLUMNS: usize = 6;

/// The products of a category.
#[derive(Record)]
struct CategoryRow {
    #[record(sql = "category")]
    category: Option<Uuid>,
    #[record(sql = "items")]
    items: PackedIds,
}

/// The columns of a `CategoryRow`.
const CATEGORY_COLUMNS: usize = 2;

/// The categories of products that have one, and the last event that was known then.
struct Categories {
    of_product: HashMap<Uuid, Uuid>,
    head: Option<i64>,
}

/// The sums of the documents of both halves; None for a half whose lines are not packed, or exceed
/// the memory. None as a whole if the halves, or the categories, were read from two states of the
/// database.
pub(super) async fn packed_halves(
    reads: &impl Reads,
    [earlier, later]: [&SalesQuery; 2],
) -> Result<Option<[Option<SalesByGroup>; 2]>, Fault> {
    let is_narrow = reads.backend() == Backend::Postgres && earlier.is_of_some_products();
    if is_narrow || !earlier.group.by_product() || !has_at_most(reads, (earlier.from, later.to), packed::MAX_EVENTS).await? {
        return Ok(Some([None, None]));
    }
    let categories = if earlier.group == Group::Category {
        let Some(categories) = Categories::read(reads).await? else { return Ok(Some([None, None])) };
        Some(Arc::new(categories))
    } else {
        None
    };
    read_consistent(read_half(reads, earlier, categories.clone()), read_half(reads, later, categories)).await
}

/// The sums of the documents of a half, with the last event that was known then.
async fn read_half(
    reads: &impl Reads,
    query: &SalesQuery,
    categories: Option<Arc<Categories>>,
) -> Result<(Option<SalesByGroup>, Option<i64>), Fault> {
    let unspanned = SalesQuery { span: None, ..query.clone() };
    let sql = unspanned.packed_documents(reads.backend());
    let (rows, head) = match rows_and_head(reads, (sql.as_str(), COLUMNS), unspanned.values()).await {
        Err(fault) if fault.is_overflow() => return Ok((None, None)),
        found => found?,
    };
    let known_head = categories.as_ref().map(|categories| categories.head);
    let head = head.filter(|head| known_head.is_none_or(|known_head| known_head == Some(*head)));
    let counts_documents = query.counts_documents;
    let summed = blocking::run("sums of sales", move || sum_rows(&rows, categories.as_deref(), counts_documents)).await??;
    let Some((mut sales, settled)) = summed else { return Ok((None, head)) };
    if settled > 0 {
        let lines = reads.rows(&unspanned.settled_lines(reads.backend()), unspanned.values()).await?;
        return_settlements::apply_refunds(&unspanned, &lines, &mut sales.groups)?;
    }
    if let Some(after) = query.span.as_ref().and_then(|span| span.after.as_ref()) {
        sales.groups.retain(|key, _| key > after);
    }
    Ok((Some(sales), head))
}

/// The sums of documents, and how many of them need a settlement; None if a sum exceeds 64 bits, or
/// if not all lines were read.
fn sum_rows(
    rows: &[QueryResult],
    categories: Option<&Categories>,
    counts_documents: bool,
) -> Result<Option<(SalesByGroup, i64)>, Fault> {
    let mut tally = PackedTally::of(categories);
    let (mut lines, mut settled) = (0, 0);
    for (nth, row) in rows.iter().enumerate() {
        let document: DocumentRow = Row::new(row).record()?;
        // SQLite computes a product of two columns beyond 64 bits as a floating-point number.
        let Ok(added) = tally.add(nth, &document) else { return Ok(None) };
        lines += added;
        settled += document.settled;
    }
    Ok(packed::is_complete_page(rows.len(), lines).then(|| (tally.into_sales(counts_documents), settled)))
}

impl SalesQuery {
    /// A row of each document, with the lines that are summed.
    fn packed_documents(&self, backend: Backend) -> String {
        // Categories are those of products, which lines have.
        let product_query = Self { group: Group::Product, ..self.clone() };
        let documents = |side: Side| match backend {
            Backend::Sqlite => product_query.unsorted_documents(side),
            Backend::Postgres => product_query.documents_one_by_one(side),
        };
        let union = format!("{} UNION ALL {}", documents(Side::Sales), documents(Side::Returns));
        packed::bounded_query(&union, DocumentRow::SELECT)
    }

    /// In the order in which SQLite finds documents they need not be sorted.
    fn unsorted_documents(&self, side: Side) -> String {
        format!(
            "SELECT {side} AS side, {columns}, max(settled) AS settled FROM ({lines}) x GROUP BY placed, document",
            columns = packed_columns(Backend::Sqlite),
            lines = self.lines(side, Backend::Sqlite, "NULL"),
            side = side as i32,
        )
    }

    /// Postgres would hash or sort all lines, and read those of both halves for each: so it reads the lines of one document after the other, which lie
    /// together.
    fn documents_one_by_one(&self, side: Side) -> String {
        let [counted, ..] = side.lines();
        format!(
            "SELECT {side} AS side, x.*, CAST({settled} AS bigint) AS settled
             FROM {documents} CROSS JOIN LATERAL (SELECT {columns} FROM ({lines}) l) x
             WHERE {counted}{bounds} AND ({filter}) AND x.items IS NOT NULL",
            columns = packed_columns(Backend::Postgres),
            lines = self.lines_of_document(side),
            documents = side.documents(Backend::Postgres),
            settled = side.settlement_flag(),
            bounds = self.bounds(),
            filter = self.filter.condition,
            side = side as i32,
        )
    }
}

/// The columns of a `DocumentRow` between its side and `settled`: of each line its product, units, amount and cost.
fn packed_columns(backend: Backend) -> String {
    format!(
        "{items} AS items, {units} AS units, {amounts} AS amounts, {costs} AS costs",
        items = packed::ids(backend, "item"),
        units = packed::numbers(backend, "quantity - cancelled"),
        amounts = packed::numbers(backend, AMOUNT),
        costs = packed::numbers(backend, &COST.replace("SCALE", SCALE)),
    )
}

impl Categories {
    /// None if there are more products than fit in memory at once.
    async fn read(reads: &impl Reads) -> Result<Option<Self>, Fault> {
        let backend = reads.backend();
        let products = format!(
            "SELECT p.category_id AS category, {} AS items FROM product p WHERE p.tenant_id = $1 GROUP BY p.category_id",
            packed::ids(backend, "p.id")
        );
        let sql = packed::bounded_query(&products, CategoryRow::SELECT);
        let (rows, last_event) = rows_and_head(reads, (sql.as_str(), CATEGORY_COLUMNS), vec![]).await?;
        let (mut of_product, mut products) = (HashMap::new(), 0);
        for row in &rows {
            let CategoryRow { category, items } = Row::new(row).record()?;
            products += packed::each_line("product", &items, [], |product, []| {
                if let Some(category) = category {
                    of_product.insert(product, category);
                }
            })?;
        }
        Ok(packed::is_complete_page(rows.len(), products).then_some(Self { of_product, head: last_event }))
    }
}

/// Sums of the lines of documents, by group.
struct PackedTally<'a> {
    /// None if the lines are grouped by product.
    categories: Option<&'a Categories>,
    /// Index of each product's group, and of each group.
    of_product: HashMap<Uuid, usize>,
    of_key: HashMap<GroupKey, usize>,
    groups: Vec<(GroupKey, Sums)>,
    /// The document that was counted last in each group.
    last: Vec<usize>,
    /// Orders and returns.
    documents: [i128; 2],
}

impl<'a> PackedTally<'a> {
    fn of(categories: Option<&'a Categories>) -> Self {
        let (of_product, of_key) = (HashMap::new(), HashMap::new());
        Self { categories, of_product, of_key, groups: Vec::new(), last: Vec::new(), documents: [0, 0] }
    }

    /// Index of a line's group; the nil ID stands for a charge.
    fn group_index(&mut self, item: Uuid) -> usize {
        if let Some(index) = self.of_product.get(&item) {
            return *index;
        }
        let key = match self.categories {
            None if item.is_nil() => GroupKey::Nothing,
            None => GroupKey::Id(item),
            Some(categories) => categories.of_product.get(&item).copied().map_or(GroupKey::Nothing, GroupKey::Id),
        };
        let next = self.groups.len();
        let index = *self.of_key.entry(key.clone()).or_insert(next);
        if index == next {
            self.groups.push((key, Sums::default()));
            self.last.push(usize::MAX);
        }
        self.of_product.insert(item, index);
        index
    }

    /// Adds the lines of a document, and returns their number.
    fn add(&mut self, nth: usize, document: &DocumentRow) -> Result<usize, Fault> {
        let is_sale = document.side == Side::Sales as i32;
        self.documents[usize::from(!is_sale)] += 1;
        let DocumentRow { items, units, amounts, costs, .. } = document;
        packed::each_line("order_line", items, [units, amounts, costs], |item, line| {
            let [units, amount, cost] = line.map(i128::from);
            let index = self.group_index(item);
            let documents = i128::from(mem::replace(&mut self.last[index], nth) != nth);
            let sums = &mut self.groups[index].1;
            match (is_sale, item.is_nil()) {
                (true, true) => sums.charges += amount,
                (false, true) => sums.charge_credits += amount,
                (true, false) => {
                    sums.order_lines += 1;
                    sums.units_sold += units;
                    sums.gross += amount;
                    sums.cost += cost;
                }
                (false, false) => {
                    sums.return_lines += 1;
                    sums.units_returned += units;
                    sums.refunds += amount;
                }
            }
            *if is_sale { &mut sums.orders } else { &mut sums.returns } += documents;
        })
    }

    fn into_sales(self, counts_documents: bool) -> SalesByGroup {
        SalesByGroup { groups: self.groups.into_iter().collect(), documents: counts_documents.then_some(self.documents) }
    }
}
