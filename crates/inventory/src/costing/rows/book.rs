//! The book of costs: its progress, its pools and layers, and its postings.

use std::collections::{BTreeSet, HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{cost_book, cost_layer, cost_pool, cost_posting},
};
use platform::storage::{Bulk, Fault, Finds, Global, Reads, Row, Rows, SUSPENDED, Work};
use serde_json::json;
use uuid::Uuid;

use crate::costing::core::{Layer, Pool, Posting, PostingKey, Sums, Values, WorthBefore};

#[derive(Record)]
#[record(of = cost_pool, alias = "")]
struct PoolRow {
    product_id: ProductId,
    quantity: i64,
    average_minor: i64,
}

#[derive(Record)]
#[record(of = cost_pool)]
struct WrittenPool {
    product_id: ProductId,
    quantity: i64,
    average_minor: i64,
    fifo_minor: i64,
    seq: i64,
}

/// A layer's row.
#[derive(Record)]
#[record(of = cost_layer, alias = "")]
pub(super) struct LayerRow {
    product_id: ProductId,
    seq: i64,
    line: i32,
    last_seq: i64,
    received_at: Timestamp,
    quantity: i64,
    value_minor: i64,
}

#[derive(Record)]
#[record(of = cost_layer)]
struct ChangedLayer {
    product_id: ProductId,
    seq: i64,
    line: i32,
    last_seq: i64,
    quantity: i64,
    value_minor: i64,
}

#[derive(Record)]
#[record(of = cost_layer)]
struct RemovedLayer {
    product_id: ProductId,
    seq: i64,
    line: i32,
}

#[derive(Record)]
#[record(of = cost_posting)]
struct NewPosting {
    seq: i64,
    line: i32,
    product_id: ProductId,
    store_id: Option<StoreId>,
    kind: CostKind,
    basis: CostBasis,
    reference_id: Option<Uuid>,
    quantity: i64,
    average_minor: i64,
    fifo_minor: i64,
    occurred_at: Timestamp,
    business_date: i32,
    recorded_at: Timestamp,
    worth_before: Option<String>,
}

/// Value of a product's units before they were revalued.
#[derive(Record)]
struct WorthRow {
    #[record(of = cost_posting, alias = "", not_null)]
    reference_id: Uuid,
    #[record(of = cost_posting, alias = "")]
    product_id: ProductId,
    #[record(of = cost_posting, alias = "", not_null)]
    worth_before: String,
}

/// Sum of several postings.
#[derive(Record)]
pub(super) struct SumsRow {
    #[record(sql = "CAST(sum(quantity) AS bigint)")]
    quantity: i64,
    #[record(sql = "CAST(sum(average_minor) AS bigint)")]
    average: i64,
    #[record(sql = "CAST(sum(fifo_minor) AS bigint)")]
    fifo: i64,
}

#[derive(Record)]
struct SaleSumsRow {
    #[record(of = cost_posting, alias = "", not_null)]
    reference_id: Uuid,
    #[record(of = cost_posting, alias = "")]
    product_id: ProductId,
    sums: SumsRow,
}

impl From<LayerRow> for Layer {
    fn from(row: LayerRow) -> Self {
        Self {
            from: PostingKey { seq: row.seq, line: row.line as u16 },
            last_seq: row.last_seq,
            received_at: row.received_at,
            quantity: row.quantity,
            value: row.value_minor,
        }
    }
}

impl From<SumsRow> for Sums {
    fn from(SumsRow { quantity, average, fifo }: SumsRow) -> Self {
        Self { quantity, values: Values { average, fifo } }
    }
}

/// Returns the last event that is booked.
pub async fn load_booked_seq(reads: &impl Reads) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT seq FROM cost_book WHERE tenant_id = $1", vec![]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

/// Returns the book's last event, and locks the book until the transaction ends.
pub async fn lock_book(work: &Work) -> Result<i64, Fault> {
    work.insert_or_ignore(cost_book::Model { tenant_id: work.tenant(), seq: 0 }).await?;
    let sql = format!("SELECT b.seq FROM cost_book b WHERE b.tenant_id = $1{}", work.backend().for_update("b"));
    let rows = work.rows(&sql, vec![]).await?;
    let row = rows.first().ok_or_else(|| Fault::corrupt("cost_book", "an inserted book exists"))?;
    Row::scalar(row)
}

pub async fn advance_book(work: &Work, seq: i64) -> Result<(), Fault> {
    work.execute("UPDATE cost_book SET seq = $2 WHERE tenant_id = $1", vec![seq.into()]).await.map(drop)
}

/// Returns tenants whose journal is ahead of their books.
pub async fn tenants_behind(global: &Global) -> Result<Vec<TenantId>, Fault> {
    let sql = format!(
        "SELECT c.tenant_id FROM tenant_counter c LEFT JOIN cost_book b ON b.tenant_id = c.tenant_id
         WHERE c.head > coalesce(b.seq, 0) AND c.tenant_id NOT IN {SUSPENDED} ORDER BY c.tenant_id"
    );
    global.rows(&sql, vec![]).await?.iter().map(Row::scalar).collect()
}

/// Pools by product, with the stored state that they were read from.
#[derive(Debug, Default)]
pub struct Pools {
    pub of: HashMap<ProductId, Pool>,
    stored_products: HashSet<ProductId>,
    layers: HashMap<ProductId, HashMap<PostingKey, Layer>>,
}

/// Returns the pools of products with their layers.
pub async fn load_pools(reads: &impl Reads, products: &BTreeSet<ProductId>) -> Result<Pools, Fault> {
    let mut pools = Pools::default();
    if products.is_empty() {
        return Ok(pools);
    }
    let backend = reads.backend();
    let ids = || vec![backend.ids(products.iter().copied())];
    let within = backend.in_ids("product_id", 2);
    let sql = format!("SELECT {} FROM cost_pool WHERE tenant_id = $1 AND {within}", PoolRow::SELECT);
    for PoolRow { product_id, quantity, average_minor: average } in reads.records(&sql, ids()).await? {
        pools.stored_products.insert(product_id);
        pools.of.insert(product_id, Pool { quantity, average, ..Pool::default() });
    }
    let sql = format!(
        "SELECT {select} FROM cost_layer WHERE tenant_id = $1 AND {within} ORDER BY product_id, seq, line",
        select = LayerRow::SELECT
    );
    for row in reads.records::<LayerRow>(&sql, ids()).await? {
        let product = row.product_id;
        let layer = Layer::from(row);
        pools.layers.entry(product).or_default().insert(layer.from, layer);
        pools.of.entry(product).or_default().layers.push_back(layer);
    }
    Ok(pools)
}

/// Writes the pools that have changed.
pub async fn write_pools(work: &Work, pools: &Pools, seq: i64) -> Result<(), Fault> {
    let tenant = work.tenant();
    let (mut new_pools, mut changed_pools) = (Rows::<WrittenPool>::insert(tenant), Rows::<WrittenPool>::update(tenant));
    let (mut new_layers, mut changed_layers) = (Rows::<LayerRow>::insert(tenant), Rows::<ChangedLayer>::update(tenant));
    let mut removed_layers = Rows::<RemovedLayer>::delete(tenant);
    let mut sorted_pools: Vec<_> = pools.of.iter().collect();
    sorted_pools.sort_by_key(|(product, _)| **product);
    for (&product_id, pool) in sorted_pools {
        let Values { average: average_minor, fifo: fifo_minor } = pool.values();
        let target_rows = if pools.stored_products.contains(&product_id) { &mut changed_pools } else { &mut new_pools };
        target_rows.push(WrittenPool { product_id, quantity: pool.quantity, average_minor, fifo_minor, seq });
        let mut stored_layers = pools.layers.get(&product_id).cloned().unwrap_or_default();
        for layer in &pool.layers {
            match stored_layers.remove(&layer.from) {
                Some(same) if same == *layer => {}
                Some(_) => changed_layers.push(ChangedLayer::of(product_id, layer)),
                None => new_layers.push(LayerRow::of(product_id, layer)),
            }
        }
        let mut removed_keys: Vec<PostingKey> = stored_layers.into_keys().collect();
        removed_keys.sort_unstable();
        removed_layers.extend(removed_keys.into_iter().map(|key| RemovedLayer {
            product_id,
            seq: key.seq,
            line: key.line.into(),
        }));
    }
    let bulks: [Bulk; 5] =
        [new_pools.into(), changed_pools.into(), removed_layers.into(), changed_layers.into(), new_layers.into()];
    for bulk in bulks {
        work.write(bulk).await?;
    }
    Ok(())
}

impl LayerRow {
    fn of(product: ProductId, layer: &Layer) -> Self {
        Self {
            product_id: product,
            seq: layer.from.seq,
            line: layer.from.line.into(),
            last_seq: layer.last_seq,
            received_at: layer.received_at,
            quantity: layer.quantity,
            value_minor: layer.value,
        }
    }
}

impl ChangedLayer {
    fn of(product: ProductId, layer: &Layer) -> Self {
        Self {
            product_id: product,
            seq: layer.from.seq,
            line: layer.from.line.into(),
            last_seq: layer.last_seq,
            quantity: layer.quantity,
            value_minor: layer.value,
        }
    }
}

/// Values before revaluations, by the revaluation and the product.
pub type WorthsBefore = HashMap<(Uuid, ProductId), WorthBefore>;

/// Reads the values of the units just before these revaluations, for those that are booked and have
/// them stored.
pub async fn load_worths_before(reads: &impl Reads, revaluations: &[RevaluationId]) -> Result<WorthsBefore, Fault> {
    let mut worths = WorthsBefore::new();
    if revaluations.is_empty() {
        return Ok(worths);
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM cost_posting
         WHERE tenant_id = $1 AND {of} AND kind = 'REVALUATION' AND worth_before IS NOT NULL",
        select = WorthRow::SELECT,
        of = backend.in_ids("reference_id", 2)
    );
    for row in reads.records::<WorthRow>(&sql, vec![backend.ids(revaluations.iter().copied())]).await? {
        let stored_worth = serde_json::from_str(&row.worth_before);
        let stored_worth = stored_worth.map_err(|_| Fault::corrupt("cost_posting", "a worth of before is its JSON"))?;
        worths.insert((row.reference_id, row.product_id), stored_worth);
    }
    Ok(worths)
}

/// Writes postings; those of revaluations with what the units were worth before.
pub async fn write_postings(work: &Work, postings: &[Posting], worths: &WorthsBefore) -> Result<(), Fault> {
    let worth_before = |posting: &Posting| {
        let revaluation = posting.reference.filter(|_| posting.basis == CostBasis::Revalued)?;
        let WorthBefore { average, layers } = worths.get(&(revaluation, posting.product))?;
        Some(json!({ "average": average, "layers": layers }).to_string())
    };
    let mut rows = Rows::<NewPosting>::insert(work.tenant());
    rows.extend(postings.iter().map(|posting| NewPosting {
        seq: posting.posting_key.seq,
        line: posting.posting_key.line.into(),
        product_id: posting.product,
        store_id: posting.store,
        kind: posting.kind,
        basis: posting.basis,
        reference_id: posting.reference,
        quantity: posting.quantity,
        average_minor: posting.values.average,
        fifo_minor: posting.values.fifo,
        occurred_at: posting.occurred_at,
        business_date: posting.business_date,
        recorded_at: posting.recorded_at,
        worth_before: worth_before(posting),
    }));
    work.write(rows.into()).await
}

/// Reads the sums that sales took for documents, by document and product.
pub async fn load_sale_sums(reads: &impl Reads, orders: Vec<OrderId>) -> Result<HashMap<(Uuid, ProductId), Sums>, Fault> {
    if orders.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM cost_posting
         WHERE tenant_id = $1 AND {of} AND kind = 'SALE' GROUP BY reference_id, product_id",
        select = SaleSumsRow::SELECT,
        of = backend.in_ids("reference_id", 2)
    );
    let rows = reads.records::<SaleSumsRow>(&sql, vec![backend.ids(orders)]).await?;
    Ok(rows.into_iter().map(|row| ((row.reference_id, row.product_id), row.sums.into())).collect())
}
