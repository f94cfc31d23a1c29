//! Levels for lists.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::entry,
};
use platform::{
    paging::ListSource,
    storage::{Backend, Fault, Finds, Reads, Row},
};
use sea_orm::Value;

use super::level_row::ListedRow;
pub use super::{level_row::LevelRow, level_sort::LevelSort};
use crate::{
    catalog::rows::{
        Clause,
        filter::{Filter as ProductFilter, begins_with},
        search::RankedProducts,
    },
    stock::core::LevelKey,
};

const FROM: &str = "FROM stock_level l JOIN product p ON p.tenant_id = l.tenant_id AND p.id = l.product_id";

/// The levels of products in all their stores, by product and store.
pub async fn levels_of_products(reads: &impl Reads, products: &[ProductId]) -> Result<Vec<LevelRow>, Fault> {
    let backend = reads.backend();
    // The condition is on both tables, or Postgres may read all products to join a few.
    let product_condition = format!("{} AND {}", backend.in_ids("l.product_id", 2), backend.in_ids("p.id", 2));
    let select = ListedRow::SELECT;
    let sql = format!("SELECT {select} {FROM} WHERE l.tenant_id = $1 AND {product_condition} ORDER BY l.product_id, l.store_id");
    let rows = reads.records::<ListedRow>(&sql, vec![backend.ids(products.iter().copied())]).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// A level after one of its entries.
#[derive(Record)]
#[record(of = entry, alias = "e")]
struct HistoricalLevelRow {
    product_id: ProductId,
    store_id: StoreId,
    on_hand_after: Quantity,
    reserved_after: Quantity,
    unavailable_after: Quantity,
    version_after: i64,
    seq: i64,
    recorded_at: Timestamp,
}

/// Returns the levels of a product as of event `seq`: a level that has changed since has the
/// figures of its last entry until then, and a level that did not exist yet is left out.
pub async fn levels_of_product_at(reads: &impl Reads, product: ProductId, seq: i64) -> Result<Vec<LevelRow>, Fault> {
    let mut levels = levels_of_products(reads, &[product]).await?;
    let changed_keys = rewind_levels(reads, &mut levels, seq).await?;
    levels.retain(|level| !changed_keys.contains(&level.key) || level.version > 0);
    Ok(levels)
}

/// Returns these levels as of event `seq`; a level that has moved only since then has no movements
/// yet.
pub async fn levels_by_key_at(reads: &impl Reads, keys: &[LevelKey], seq: i64) -> Result<Vec<LevelRow>, Fault> {
    let mut levels = levels_by_key(reads, keys).await?;
    rewind_levels(reads, &mut levels, seq).await?;
    Ok(levels)
}

/// Resets levels to their figures at event `seq`, and returns those that have changed since.
async fn rewind_levels(reads: &impl Reads, levels: &mut [LevelRow], seq: i64) -> Result<HashSet<LevelKey>, Fault> {
    let changed_keys: HashSet<LevelKey> = levels.iter().filter(|level| level.seq > seq).map(|level| level.key).collect();
    if changed_keys.is_empty() {
        return Ok(changed_keys);
    }
    let pairs: Vec<_> = changed_keys.iter().map(|key| (key.product, key.store)).collect();
    let (key_table, mut values) = reads.backend().pairs(&pairs, 3);
    values.insert(0, seq.into());
    // The version of the entry is selected first: under row-level security Postgres would not
    // search the index for the result of a subquery.
    let sql = format!(
        "WITH newest AS MATERIALIZED (
           SELECT k.a, k.b, (SELECT max(x.version_after) FROM entry x WHERE x.tenant_id = $1
             AND x.product_id = k.a AND x.store_id = k.b AND x.seq <= $2) AS version FROM {key_table})
         SELECT {select}
         FROM newest n JOIN entry e ON e.tenant_id = $1 AND e.product_id = n.a AND e.store_id = n.b AND e.version_after = n.version",
        select = HistoricalLevelRow::SELECT
    );
    let mut past_states = HashMap::with_capacity(changed_keys.len());
    for row in reads.records::<HistoricalLevelRow>(&sql, values).await? {
        let quantities = (row.on_hand_after, row.reserved_after, row.unavailable_after);
        let key = LevelKey { product: row.product_id, store: row.store_id };
        past_states.insert(key, (quantities, row.version_after, row.seq, row.recorded_at));
    }
    for level in levels.iter_mut().filter(|level| changed_keys.contains(&level.key)) {
        let empty_state = ((Quantity::ZERO, Quantity::ZERO, Quantity::ZERO), 0, 0, level.updated_at);
        let (quantities, version, seq, at) = past_states.remove(&level.key).unwrap_or(empty_state);
        (level.on_hand, level.reserved, level.unavailable) = quantities;
        (level.version, level.seq, level.updated_at) = (version, seq, at);
    }
    Ok(changed_keys)
}

pub async fn levels_by_id(reads: &impl Reads, ids: &[LevelId]) -> Result<Vec<LevelRow>, Fault> {
    let backend = reads.backend();
    let (select, id_condition) = (ListedRow::SELECT, backend.in_ids("l.id", 2));
    let sql = format!("SELECT {select} {FROM} WHERE l.tenant_id = $1 AND {id_condition}");
    let rows = reads.records::<ListedRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub async fn levels_by_key(reads: &impl Reads, keys: &[LevelKey]) -> Result<Vec<LevelRow>, Fault> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let pairs: Vec<_> = keys.iter().map(|key| (key.product, key.store)).collect();
    let (key_table, values) = reads.backend().pairs(&pairs, 2);
    let sql = format!(
        "SELECT {select} FROM {key_table} CROSS JOIN stock_level l CROSS JOIN product p
         WHERE l.tenant_id = $1 AND l.product_id = k.a AND l.store_id = k.b AND p.tenant_id = $1 AND p.id = l.product_id",
        select = ListedRow::SELECT
    );
    Ok(reads.records::<ListedRow>(&sql, values).await?.into_iter().map(Into::into).collect())
}

/// The levels that conditions over `l` and `p` select, values from `$2`.
pub fn source(conditions: &str, values: Vec<Value>) -> ListSource {
    ListSource { from: format!("{FROM} WHERE l.tenant_id = $1{conditions}"), values }
}

/// A level with the text by which a page is sorted, which differs from page to page.
#[derive(Record)]
struct ByText {
    level: ListedRow,
    #[record(sql = "{key}")]
    key: String,
}

/// A level with the number by which a page is sorted.
#[derive(Record)]
struct ByNumber {
    level: ListedRow,
    #[record(sql = "{key}")]
    key: i64,
}

/// A page of levels with their sort keys: conditions, order and limit are SQL over `l`, `p` and the
/// sort's column, values from `$2`.
pub async fn page(
    reads: &impl Reads,
    sort: LevelSort,
    conditions: &str,
    order: &str,
    values: Vec<Value>,
) -> Result<Vec<(LevelRow, SortKey)>, Fault> {
    let is_text = sort.is_text();
    let select = if is_text { ByText::SELECT } else { ByNumber::SELECT }.replace("{key}", sort.column());
    let stores = sort.join();
    let sql = format!("SELECT {select} {FROM}{stores} WHERE l.tenant_id = $1{conditions}{order}");
    let rows = reads.rows(&sql, values).await?;
    let read = |row| {
        Ok(if is_text {
            let ByText { level, key } = Row::new(row).record()?;
            (level.into(), SortKey::Text(key))
        } else {
            let ByNumber { level, key } = Row::new(row).record()?;
            (level.into(), SortKey::Int(key))
        })
    };
    rows.iter().map(read).collect()
}

/// A sort value of levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortKey {
    Int(i64),
    Text(String),
}

/// Conditions on levels, as SQL for lists and in memory for streams; both have the same meaning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LevelFilter {
    pub and: Vec<LevelFilter>,
    pub or: Option<Vec<LevelFilter>>,
    pub not: Option<Box<LevelFilter>>,
    pub ids: Option<Vec<LevelId>>,
    pub stores: Option<Vec<StoreId>>,
    pub products: Option<Vec<ProductId>>,
    pub categories: Option<Vec<CategoryId>>,
    /// Least and most available units.
    pub available: (Option<i64>, Option<i64>),
    pub on_hand: (Option<i64>, Option<i64>),
    pub reserved: (Option<i64>, Option<i64>),
    pub statuses: Option<Vec<StockStatus>>,
    /// Tests that events of a level cannot answer, all of which must hold: in memory none is true,
    /// and streams refuse them (`has_list_only_test`).
    pub of_lists: Vec<ListedTest>,
}

/// A test of levels that only lists support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedTest {
    /// The product passes a filter without searches.
    Product(ProductFilter),
    /// The product is among those that a search has found.
    Search(Box<RankedProducts>),
    /// From a moment to before another one.
    UpdatedAt([Option<Timestamp>; 2]),
    /// Has stock of a lot with one of these folded codes.
    LotCodes(Vec<String>),
    /// Has stock of a lot whose folded code begins with this.
    LotBegins(String),
}

const STATUS: &str = "(CASE WHEN l.on_hand - l.unavailable - l.reserved <= 0 THEN 'OUT_OF_STOCK'
    WHEN l.on_hand - l.unavailable - l.reserved <= coalesce(l.reorder_point, p.low_stock_threshold) THEN 'CRITICAL'
    WHEN 2 * (l.on_hand - l.unavailable - l.reserved) <= 3 * coalesce(l.reorder_point, p.low_stock_threshold) THEN 'LOW'
    WHEN l.on_hand - l.unavailable - l.reserved >= l.maximum THEN 'OVERSTOCK' ELSE 'NORMAL' END)";

impl LevelFilter {
    /// Returns the conditions, each beginning with ` AND `; values are appended and numbered after
    /// those present (`$1` is the tenant).
    pub fn sql(&self, backend: Backend, values: &mut Vec<Value>) -> String {
        let mut sql = String::new();
        let mut bind = |value: Value| {
            values.push(value);
            values.len() + 1
        };
        if let Some(ids) = &self.stores {
            sql += &format!(" AND {}", backend.in_ids("l.store_id", bind(backend.ids(ids.iter().copied()))));
        }
        if let Some(ids) = &self.products {
            sql += &format!(" AND {}", backend.in_ids("l.product_id", bind(backend.ids(ids.iter().copied()))));
        }
        if let Some(ids) = &self.categories {
            sql += &format!(" AND {}", backend.in_ids("p.category_id", bind(backend.ids(ids.iter().copied()))));
        }
        if let Some(ids) = &self.ids {
            sql += &format!(" AND {}", backend.in_ids("l.id", bind(backend.ids(ids.iter().copied()))));
        }
        let ranges =
            [(LevelSort::Available.column(), self.available), ("l.on_hand", self.on_hand), ("l.reserved", self.reserved)];
        for (column, (minimum, maximum)) in ranges {
            if let Some(minimum) = minimum {
                sql += &format!(" AND {column} >= ${}", bind(minimum.into()));
            }
            if let Some(maximum) = maximum {
                sql += &format!(" AND {column} <= ${}", bind(maximum.into()));
            }
        }
        if let Some(statuses) = &self.statuses {
            let texts = backend.texts(statuses.iter().map(|status| status.as_str()));
            sql += &format!(" AND {}", backend.in_texts(STATUS, bind(texts)));
        }
        for test in &self.of_lists {
            sql += " AND ";
            sql += &test.sql(backend, values);
        }
        for part in &self.and {
            sql += &part.sql(backend, values);
        }
        if let Some(parts) = &self.or {
            let alternatives: Vec<String> = parts.iter().map(|part| format!("(1 = 1{})", part.sql(backend, values))).collect();
            sql += &format!(" AND ({})", if alternatives.is_empty() { "1 = 0".to_owned() } else { alternatives.join(" OR ") });
        }
        if let Some(part) = &self.not {
            // A comparison with null is neither true nor false; in a list it is no match.
            sql += &format!(" AND (1 = 1{}) IS NOT TRUE", part.sql(backend, values));
        }
        sql
    }

    /// True if it has, at any depth, a test that events of a level cannot answer.
    pub fn has_list_only_test(&self) -> bool {
        let mut parts = self.and.iter().chain(self.or.iter().flatten()).chain(self.not.as_deref());
        !self.of_lists.is_empty() || parts.any(Self::has_list_only_test)
    }

    /// Whether a search anywhere within may have found some products only of those that are alike.
    pub fn is_vague(&self) -> bool {
        let mut parts = self.and.iter().chain(self.or.iter().flatten()).chain(self.not.as_deref());
        let is_vague_test = |test: &ListedTest| matches!(test, ListedTest::Search(search) if search.is_vague);
        self.of_lists.iter().any(is_vague_test) || parts.any(Self::is_vague)
    }

    /// Whether a level is among those the SQL would find.
    pub fn matches(&self, level: &LevelRow) -> bool {
        fn listed<T: PartialEq>(list: Option<&Vec<T>>, value: &T) -> bool {
            list.is_none_or(|list| list.contains(value))
        }
        let within = |(minimum, maximum): (Option<i64>, Option<i64>), value: i64| {
            minimum.is_none_or(|least| value >= least) && maximum.is_none_or(|most| value <= most)
        };
        listed(self.stores.as_ref(), &level.key.store)
            && listed(self.products.as_ref(), &level.key.product)
            && self.categories.as_ref().is_none_or(|list| level.category.is_some_and(|category| list.contains(&category)))
            && listed(self.ids.as_ref(), &level.id)
            && within(self.available, level.available())
            && within(self.on_hand, level.on_hand.get())
            && within(self.reserved, level.reserved.get())
            && self.of_lists.is_empty()
            && listed(self.statuses.as_ref(), &level.status())
            && self.and.iter().all(|part| part.matches(level))
            && self.or.as_ref().is_none_or(|parts| parts.iter().any(|part| part.matches(level)))
            && self.not.as_ref().is_none_or(|part| !part.matches(level))
    }
}

impl ListedTest {
    /// Returns the condition on `l` and `p`; values are appended and numbered after those present.
    fn sql(&self, backend: Backend, values: &mut Vec<Value>) -> String {
        // `$1` is the tenant.
        let mut clause = Clause::numbered_from(backend, values.len() + 2);
        match self {
            Self::Product(filter) => filter.compile(&mut clause, &HashMap::new()),
            Self::Search(ranked) => ranked.compile(&mut clause),
            Self::UpdatedAt([from, before]) => {
                clause.push("TRUE");
                for (bound, operator) in [(from, ">="), (before, "<")] {
                    if let Some(at) = bound {
                        let mark = clause.bind(at.micros());
                        clause.push(&format!(" AND l.updated_at {operator} {mark}"));
                    }
                }
            }
            Self::LotCodes(codes) => {
                let number = clause.number(backend.texts(codes.iter().map(String::as_str)));
                of_lot(&mut clause, &backend.in_texts("x.code_key", number));
            }
            Self::LotBegins(prefix) => {
                let mut prefix_clause = Clause::numbered_from(backend, clause.next());
                begins_with(&mut prefix_clause, "x.code_key", prefix);
                clause.values.extend(prefix_clause.values);
                of_lot(&mut clause, &prefix_clause.sql);
            }
        }
        values.extend(clause.values);
        clause.sql
    }
}

/// Adds the condition that a level has stock of a lot that passes: the lots are found first, then
/// their levels.
fn of_lot(clause: &mut Clause, lot: &str) {
    clause.push(&format!(
        "(l.product_id, l.store_id) IN (SELECT y.product_id, y.store_id FROM lot x CROSS JOIN lot_level y
         WHERE x.tenant_id = $1 AND y.tenant_id = $1 AND y.lot_id = x.id AND y.on_hand > 0 AND {lot})"
    ));
}
