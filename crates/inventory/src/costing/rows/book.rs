//! How far the book is, and what it holds.

use std::collections::{BTreeSet, HashMap, HashSet};

use entity::prelude::*;
use platform::storage::{Bulk, Column, ColumnKind::*, Fault, Global, Reads, Row, Work};
use uuid::Uuid;

use crate::costing::core::{Layer, Pool, Posting, PostingKey, Sums, Values};

/// Up to which event the book is kept.
pub async fn book(reads: &impl Reads) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT seq FROM cost_book WHERE tenant_id = $1", vec![]).await?;
    rows.first().map_or(Ok(0), |row| Row::new(row).take())
}

/// The same, and nobody else writes it until the transaction ends.
pub async fn lock_book(work: &Work) -> Result<i64, Fault> {
    work.execute("INSERT INTO cost_book (tenant_id, seq) VALUES ($1, 0) ON CONFLICT DO NOTHING", vec![]).await?;
    let sql = format!("SELECT b.seq FROM cost_book b WHERE b.tenant_id = $1{}", work.backend().for_update("b"));
    let rows = work.rows(&sql, vec![]).await?;
    let row = rows.first().ok_or_else(|| Fault::corrupt("cost_book", "a book that was made is there"))?;
    Row::new(row).take()
}

pub async fn move_book(work: &Work, upto: i64) -> Result<(), Fault> {
    work.execute("UPDATE cost_book SET seq = $2 WHERE tenant_id = $1", vec![upto.into()]).await.map(drop)
}

/// Tenants whose journal has gone on behind their books.
pub async fn behind(global: &Global) -> Result<Vec<TenantId>, Fault> {
    let sql = "SELECT c.tenant_id FROM tenant_counter c LEFT JOIN cost_book b ON b.tenant_id = c.tenant_id
               WHERE c.head > coalesce(b.seq, 0) ORDER BY c.tenant_id";
    global.rows(sql, vec![]).await?.iter().map(|row| Row::new(row).take()).collect()
}

/// Pools by product; what they were when they were read stands beside them.
#[derive(Debug, Default)]
pub struct Pools {
    pub of: HashMap<ProductId, Pool>,
    there: HashSet<ProductId>,
    layers: HashMap<ProductId, HashMap<PostingKey, Layer>>,
}

/// The pools of products, whole.
pub async fn pools(reads: &impl Reads, products: &BTreeSet<ProductId>) -> Result<Pools, Fault> {
    let mut pools = Pools::default();
    if products.is_empty() {
        return Ok(pools);
    }
    let backend = reads.backend();
    let ids = || vec![backend.ids(products.iter().copied())];
    let within = backend.in_ids("product_id", 2);
    let sql = format!("SELECT product_id, quantity, average_minor FROM cost_pool WHERE tenant_id = $1 AND {within}");
    for row in &reads.rows(&sql, ids()).await? {
        let mut row = Row::new(row);
        let product = row.take()?;
        pools.there.insert(product);
        pools.of.insert(product, Pool { quantity: row.take()?, average: row.take()?, ..Pool::default() });
    }
    let sql = format!(
        "SELECT product_id, seq, line, last_seq, received_at, quantity, value_minor FROM cost_layer
         WHERE tenant_id = $1 AND {within} ORDER BY product_id, seq, line"
    );
    for row in &reads.rows(&sql, ids()).await? {
        let mut row = Row::new(row);
        let product = row.take()?;
        let layer = layer(&mut row)?;
        pools.layers.entry(product).or_default().insert(layer.from, layer);
        pools.of.entry(product).or_default().layers.push_back(layer);
    }
    Ok(pools)
}

pub(super) fn layer(row: &mut Row<'_>) -> Result<Layer, Fault> {
    Ok(Layer {
        from: PostingKey { seq: row.take()?, line: row.take::<i32>()? as u16 },
        last_seq: row.take()?,
        received_at: row.time()?,
        quantity: row.take()?,
        value: row.take()?,
    })
}

const POOL: &[Column] = &[
    Column("tenant_id", Id),
    Column("product_id", Id),
    Column("quantity", Int),
    Column("average_minor", Int),
    Column("fifo_minor", Int),
    Column("seq", Int),
];
const LAYER: &[Column] = &[
    Column("tenant_id", Id),
    Column("product_id", Id),
    Column("seq", Int),
    Column("line", Small),
    Column("last_seq", Int),
    Column("received_at", Int),
    Column("quantity", Int),
    Column("value_minor", Int),
];
const LAYER_LEFT: &[Column] = &[
    Column("tenant_id", Id),
    Column("product_id", Id),
    Column("seq", Int),
    Column("line", Small),
    Column("last_seq", Int),
    Column("quantity", Int),
    Column("value_minor", Int),
];
const LAYER_GONE: &[Column] = &[Column("tenant_id", Id), Column("product_id", Id), Column("seq", Int), Column("line", Small)];

/// Writes what has changed of them.
pub async fn write_pools(work: &Work, pools: &Pools, seq: i64) -> Result<(), Fault> {
    let tenant = work.tenant();
    let (mut new, mut changed) = (Bulk::insert("cost_pool", POOL), Bulk::update("cost_pool", POOL, 2));
    let (mut laid, mut left) = (Bulk::insert("cost_layer", LAYER), Bulk::update("cost_layer", LAYER_LEFT, 4));
    let mut gone = Bulk::delete("cost_layer", LAYER_GONE);
    let mut sorted: Vec<_> = pools.of.iter().collect();
    sorted.sort_by_key(|(product, _)| **product);
    for (product, pool) in sorted {
        let values = pool.values();
        let row = [tenant.into(), (*product).into(), pool.quantity.into(), values.average.into(), values.fifo.into(), seq.into()];
        if pools.there.contains(product) {
            changed.row(row);
        } else {
            new.row(row);
        }
        let mut before = pools.layers.get(product).cloned().unwrap_or_default();
        for layer in &pool.layers {
            let (from, line) = (layer.from.seq.into(), i32::from(layer.from.line).into());
            let (last, quantity, value) = (layer.last_seq.into(), layer.quantity.into(), layer.value.into());
            match before.remove(&layer.from) {
                Some(same) if same == *layer => {}
                Some(_) => left.row([tenant.into(), (*product).into(), from, line, last, quantity, value]),
                None => {
                    let at = layer.received_at.micros().into();
                    laid.row([tenant.into(), (*product).into(), from, line, last, at, quantity, value]);
                }
            }
        }
        let mut over: Vec<PostingKey> = before.into_keys().collect();
        over.sort_unstable();
        for place in over {
            gone.row([tenant.into(), (*product).into(), place.seq.into(), i32::from(place.line).into()]);
        }
    }
    for bulk in [new, changed, gone, left, laid] {
        work.write(bulk).await?;
    }
    Ok(())
}

const POSTING: &[Column] = &[
    Column("tenant_id", Id),
    Column("seq", Int),
    Column("line", Small),
    Column("product_id", Id),
    Column("store_id", IdOrNull),
    Column("kind", Text),
    Column("basis", Text),
    Column("reference_id", IdOrNull),
    Column("quantity", Int),
    Column("average_minor", Int),
    Column("fifo_minor", Int),
    Column("occurred_at", Int),
    Column("business_date", Small),
    Column("recorded_at", Int),
];

pub async fn write_postings(work: &Work, postings: &[Posting]) -> Result<(), Fault> {
    let tenant = work.tenant();
    let mut bulk = Bulk::insert("cost_posting", POSTING);
    for posting in postings {
        bulk.row([
            tenant.into(),
            posting.posting_key.seq.into(),
            i32::from(posting.posting_key.line).into(),
            posting.product.into(),
            posting.store.map(StoreId::uuid).into(),
            posting.kind.as_str().into(),
            posting.basis.as_str().into(),
            posting.reference.into(),
            posting.quantity.into(),
            posting.values.average.into(),
            posting.values.fifo.into(),
            posting.occurred_at.micros().into(),
            posting.business_date.into(),
            posting.recorded_at.micros().into(),
        ]);
    }
    work.write(bulk).await
}

/// Three columns as `SUMS` selects them.
pub(super) fn sums(row: &mut Row<'_>) -> Result<Sums, Fault> {
    Ok(Sums { quantity: row.take()?, values: Values { average: row.take()?, fifo: row.take()? } })
}

pub(super) const SUMS: &str =
    "CAST(sum(quantity) AS bigint), CAST(sum(average_minor) AS bigint), CAST(sum(fifo_minor) AS bigint)";

/// What sales took for documents, by product.
pub async fn sold(reads: &impl Reads, orders: Vec<OrderId>) -> Result<HashMap<(Uuid, ProductId), Sums>, Fault> {
    if orders.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT reference_id, product_id, {SUMS} FROM cost_posting
         WHERE tenant_id = $1 AND {} AND kind = 'SALE' GROUP BY reference_id, product_id",
        backend.in_ids("reference_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(orders)]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(((row.take()?, row.take()?), sums(&mut row)?))
        })
        .collect()
}
