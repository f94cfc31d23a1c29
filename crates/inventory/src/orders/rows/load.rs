//! Loading and locking orders.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use crate::orders::core::{Kits, Line, Order, Part, StoreFacts};

pub(super) const ORDER: &str =
    "o.id, o.number, o.status, o.store_id, o.channel_id, o.customer_id, o.external_ref, o.currency, o.total_minor, o.placed_at,
    o.business_date, o.expires_at, o.actor_kind, o.actor_id, o.version, o.created_at, o.updated_at, o.country";

const LINE: &str = "l.order_id, l.position, l.kind, l.product_id, l.sku, l.name, l.stock_policy, l.unit_decimals, l.quantity, l.open, l.backordered,
    l.cancelled, l.fulfilled, l.returned, l.return_pending, l.unit_price_minor, l.discount_minor, l.tax_minor, l.total_minor, l.unit_cost_minor";

/// Orders with their lines, locked in id order until the transaction ends.
pub async fn lock_orders(work: &impl Reads, ids: &[OrderId]) -> Result<Vec<Order>, Fault> {
    read(work, ids, &work.backend().for_change("o")).await
}

/// Orders with their lines, as committed; in no order.
pub async fn orders(reads: &impl Reads, ids: &[OrderId]) -> Result<Vec<Order>, Fault> {
    read(reads, ids, "").await
}

async fn read(reads: &impl Reads, ids: &[OrderId], lock: &str) -> Result<Vec<Order>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql =
        format!("SELECT {ORDER} FROM sales_order o WHERE o.tenant_id = $1 AND {} ORDER BY o.id{lock}", backend.in_ids("o.id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let mut orders = Vec::with_capacity(rows.len());
    let mut places = HashMap::with_capacity(rows.len());
    for row in &rows {
        let order = order(&mut Row::new(row))?;
        places.insert(order.id, orders.len());
        orders.push(order);
    }
    fill(reads, ids, &places, &mut orders).await?;
    Ok(orders)
}

/// Reads the lines of the orders `ids`, each into the order at its place.
pub(super) async fn fill(
    reads: &impl Reads,
    ids: &[OrderId],
    places: &HashMap<OrderId, usize>,
    orders: &mut [Order],
) -> Result<(), Fault> {
    if ids.is_empty() {
        return Ok(());
    }
    let backend = reads.backend();
    let of = backend.in_ids("l.order_id", 2);
    let sql = format!("SELECT {LINE} FROM order_line l WHERE l.tenant_id = $1 AND {of} ORDER BY l.order_id, l.position");
    for row in &reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        let mut row = Row::new(row);
        let id: OrderId = row.take()?;
        if let Some(order) = places.get(&id).and_then(|place| orders.get_mut(*place)) {
            let line = line(&mut row, order.total.currency)?;
            order.lines.push(line);
        }
    }
    fill_parts(reads, places, orders).await
}

/// What the kits among the lines take from stock: read where a line may be one, and not asked for otherwise.
async fn fill_parts(reads: &impl Reads, places: &HashMap<OrderId, usize>, orders: &mut [Order]) -> Result<(), Fault> {
    let may_be = |line: &Line| line.product.is_some() && line.policy == StockPolicy::Untracked;
    let ids: Vec<OrderId> = orders.iter().filter(|order| order.lines.iter().any(may_be)).map(|order| order.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT n.order_id, n.position, n.product_id, n.sku, n.name, n.unit_decimals, n.quantity FROM order_line_part n
         WHERE n.tenant_id = $1 AND {} ORDER BY n.order_id, n.position, n.nth",
        backend.in_ids("n.order_id", 2)
    );
    for row in &reads.rows(&sql, vec![backend.ids(ids)]).await? {
        let mut row = Row::new(row);
        let (id, position): (OrderId, i32) = (row.take()?, row.take()?);
        let (product, sku, name) = (row.take()?, row.take()?, row.take()?);
        let part = Part { product, sku, name, decimals: row.take::<i32>()? as u8, quantity: row.take()? };
        let lines = places.get(&id).and_then(|place| orders.get_mut(*place)).into_iter().flat_map(|order| &mut order.lines);
        lines.filter(|line| i32::from(line.position) == position).for_each(|line| line.parts.push(part.clone()));
    }
    Ok(())
}

/// The products that the kits on these orders are made of.
pub async fn parts_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<ProductId>, Fault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let of = backend.in_ids("n.order_id", 2);
    let sql = format!("SELECT DISTINCT n.product_id FROM order_line_part n WHERE n.tenant_id = $1 AND {of}");
    let rows = reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}

/// What these kits are made of now, each in its order.
pub async fn kits(reads: &impl Reads, products: impl IntoIterator<Item = ProductId>) -> Result<Kits, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT k.kit_id, p.id, p.sku, p.name, p.unit_decimals, k.quantity FROM kit_component k
         JOIN product p ON p.tenant_id = $1 AND p.id = k.component_id WHERE k.tenant_id = $1 AND {} ORDER BY k.kit_id, k.position",
        backend.in_ids("k.kit_id", 2)
    );
    let mut found = Kits::new();
    for row in &reads.rows(&sql, vec![backend.ids(products)]).await? {
        let mut row = Row::new(row);
        let kit = row.take()?;
        let (product, sku, name) = (row.take()?, row.take()?, row.take()?);
        let part = Part { product, sku, name, decimals: row.take::<i32>()? as u8, quantity: row.take()? };
        found.entry(kit).or_default().push(part);
    }
    Ok(found)
}

pub(super) fn order(row: &mut Row<'_>) -> Result<Order, Fault> {
    let (id, number) = (row.take()?, row.take()?);
    let status = row.word("sales_order", OrderStatus::parse)?;
    let (store, channel, customer, external_ref) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let currency = currency_of("sales_order", &row.take::<String>()?)?;
    Ok(Order {
        id,
        number,
        status,
        store,
        channel,
        customer,
        external_ref,
        total: Money::new(row.take()?, currency),
        placed_at: row.time()?,
        business_date: row.take()?,
        expires_at: row.time_opt()?,
        actor: Actor { kind: row.word("sales_order", ActorKind::parse)?, id: row.take()? },
        version: row.take()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        country: row.take()?,
        lines: Vec::new(),
        exists: true,
    })
}

pub(super) fn currency_of(table: &'static str, code: &str) -> Result<Currency, Fault> {
    Currency::parse(code).ok_or_else(|| Fault::corrupt(table, format!("unknown currency {code}")))
}

fn line(row: &mut Row<'_>, currency: Currency) -> Result<Line, Fault> {
    let position: i32 = row.take()?;
    let kind = row.word("order_line", LineKind::parse)?;
    let (product, sku, name) = (row.take()?, row.take()?, row.take()?);
    let policy = row.word("order_line", StockPolicy::parse)?;
    let decimals: i32 = row.take()?;
    let (quantity, open, backordered) = (row.take()?, row.take()?, row.take()?);
    let (cancelled, fulfilled, returned) = (row.take()?, row.take()?, row.take()?);
    let return_pending = row.take()?;
    let money = |minor| Money::new(minor, currency);
    Ok(Line {
        position: position as u16,
        kind,
        product,
        sku,
        name,
        policy,
        decimals: decimals as u8,
        quantity,
        open,
        backordered,
        cancelled,
        fulfilled,
        returned,
        return_pending,
        unit_price: money(row.take()?),
        discount: money(row.take()?),
        tax: money(row.take()?),
        total: money(row.take()?),
        unit_cost: row.take::<Option<i64>>()?.map(money),
        parts: Vec::new(),
    })
}

/// Which of these channels exist.
pub async fn existing_channels(reads: &impl Reads, ids: &[ChannelId]) -> Result<HashSet<ChannelId>, Fault> {
    existing(reads, "channel", ids).await
}
/// Which of these customers exist, each with its country.
pub async fn existing_customers(reads: &impl Reads, ids: &[CustomerId]) -> Result<HashMap<CustomerId, Option<String>>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!("SELECT id, country FROM customer WHERE tenant_id = $1 AND {}", backend.in_ids("id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(Row::new).map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// What orders of charges alone need to know of these stores.
pub async fn store_facts(reads: &impl Reads, ids: &[StoreId]) -> Result<HashMap<StoreId, StoreFacts>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!("SELECT id, time_zone, archived_at FROM store WHERE tenant_id = $1 AND {}", backend.in_ids("id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, StoreFacts { time_zone: row.take()?, archived: row.take::<Option<i64>>()?.is_some() }))
        })
        .collect()
}

async fn existing<K: entity::id::Kind>(
    reads: &impl Reads,
    table: &str,
    ids: &[entity::id::Id<K>],
) -> Result<HashSet<entity::id::Id<K>>, Fault> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let sql = format!("SELECT id FROM {table} WHERE tenant_id = $1 AND {}", backend.in_ids("id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}

/// Which of these external references an order has, with its channel.
pub async fn taken_order_refs(reads: &impl Reads, references: &[&str]) -> Result<HashSet<(ChannelId, String)>, Fault> {
    if references.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let of = backend.in_texts("external_ref", 2);
    // The channel leads the index: naming the tenant's channels keeps the search in it.
    let sql = format!(
        "SELECT c.id, o.external_ref FROM channel c JOIN sales_order o ON o.tenant_id = $1 AND o.channel_id = c.id AND {of}
         WHERE c.tenant_id = $1"
    );
    let rows = reads.rows(&sql, vec![backend.texts(references.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, row.take()?))
        })
        .collect()
}

/// Which of these external references a return has.
pub async fn taken_return_refs(reads: &impl Reads, references: &[&str]) -> Result<HashSet<String>, Fault> {
    if references.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let sql = format!("SELECT external_ref FROM sales_return WHERE tenant_id = $1 AND {}", backend.in_texts("external_ref", 2));
    let rows = reads.rows(&sql, vec![backend.texts(references.iter().copied())]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}
