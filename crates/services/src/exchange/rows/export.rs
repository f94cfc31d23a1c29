//! Pages of what is exported, each in the order of a key that the next one goes on behind.

use entity::prelude::*;
use iam::access::Reach;
use inventory::catalog::rows::{Clause, product::barcodes_of};
use platform::storage::{Fault, Reads, Row};
use sea_orm::{QueryResult, Value};

use crate::exchange::core::{ExportOptions, Noun, barcodes, cells::Item};

/// Rows that are read at once.
const PAGE: usize = 5_000;

/// What an export may show, and up to where.
#[derive(Debug, Clone)]
pub struct ExportScope {
    pub reach: Reach,
    pub channel: Option<ChannelId>,
    pub sees_costs: bool,
    pub sees_contacts: bool,
    /// Whose an order is.
    pub sees_customers: bool,
    /// The tenant's last event when the export began: what comes later is not in it, or an export of a busy ledger would never end.
    pub head: i64,
}

/// Where a page ends: the values of its order. Empty before the first.
pub type After = Vec<Value>;

/// A page, and where the next one goes on; None behind the last.
pub struct Page {
    pub rows: Vec<Vec<Item>>,
    pub next: Option<After>,
    /// Whose contacts it tells: that is written down.
    pub contacts: Vec<CustomerId>,
}

pub(super) fn time(at: i64) -> Item {
    Item::Moment(Timestamp(at))
}

/// An amount and its currency; nothing of either where there is none.
fn money(minor: Option<i64>, currency: Option<String>, is_seen: bool) -> Result<[Item; 2], Fault> {
    if !is_seen {
        return Ok([Item::Hidden, Item::Hidden]);
    }
    let (Some(minor), Some(currency)) = (minor, currency) else { return Ok([Item::None, Item::None]) };
    let known = Currency::parse(&currency).ok_or_else(|| Fault::corrupt("product", "currencies are ISO 4217 codes"))?;
    Ok([Item::Amount(Money::new(minor, known)), currency.into()])
}

/// A condition on one of several ids, where any are named.
pub(super) fn one_of<K>(clause: &mut Clause, column: &str, ids: Option<&[Id<K>]>) {
    let Some(ids) = ids else { return };
    let backend = clause.backend();
    let number = clause.number(backend.ids(ids.iter().copied()));
    clause.push(&format!(" AND {}", backend.in_ids(column, number)));
}

pub(super) fn within(clause: &mut Clause, column: &str, options: &ExportOptions) {
    for (operator, bound) in [(">=", options.from), ("<", options.before)] {
        if let Some(at) = bound {
            let mark = clause.bind(at);
            clause.push(&format!(" AND {column} {operator} {mark}"));
        }
    }
}

pub(super) fn stores(clause: &mut Clause, column: &str, export_scope: &ExportScope, options: &ExportOptions) {
    one_of(clause, column, options.stores.as_deref());
    if let Reach::Stores(own) = &export_scope.reach {
        one_of(clause, column, Some(own));
    }
}

/// Reads a page: `select` with the clause, behind `after` in the order of `order`.
pub(super) async fn read<F>(
    reads: &impl Reads,
    select: &str,
    clause: Clause,
    order: &[&str],
    after: &After,
    turn: F,
) -> Result<Page, Fault>
where
    F: FnMut(&QueryResult) -> Result<(Vec<Item>, After), Fault>,
{
    read_within(reads, (select, ""), clause, order, after, turn).await
}

/// The same where the page is a part of the statement, and `tail` the rest of it.
async fn read_within<F>(
    reads: &impl Reads,
    (select, tail): (&str, &str),
    mut clause: Clause,
    order: &[&str],
    after: &After,
    mut turn: F,
) -> Result<Page, Fault>
where
    F: FnMut(&QueryResult) -> Result<(Vec<Item>, After), Fault>,
{
    let columns = order.join(", ");
    if !after.is_empty() {
        let marks: Vec<String> = after.iter().map(|value| clause.bind(value.clone())).collect();
        clause.push(&format!(" AND ({columns}) > ({})", marks.join(", ")));
    }
    let sql = format!("{select}{} ORDER BY {columns} LIMIT {PAGE}{tail}", clause.sql);
    let found = reads.rows(&sql, clause.values).await?;
    let (mut rows, mut next) = (Vec::with_capacity(found.len()), None);
    for row in &found {
        let (items, key) = turn(row)?;
        rows.push(items);
        next = Some(key);
    }
    Ok(Page { next: next.filter(|_| found.len() == PAGE), rows, contacts: Vec::new() })
}

/// A page of a noun.
pub async fn page(
    reads: &impl Reads,
    noun: Noun,
    (export_scope, options): (&ExportScope, &ExportOptions),
    after: &After,
) -> Result<Page, Fault> {
    match noun {
        Noun::Products => products(reads, export_scope, options, after).await,
        Noun::Stock => super::export_stock::stock(reads, export_scope, options, after).await,
        Noun::Movements => movements(reads, export_scope, options, after).await,
        Noun::Orders => orders(reads, export_scope, options, after).await,
        Noun::Suppliers => suppliers(reads, options, after).await,
        Noun::Categories => categories(reads, options, after).await,
        Noun::Customers => super::customers::page(reads, export_scope, options, after).await,
        Noun::StockChanges => Ok(Page { rows: Vec::new(), next: None, contacts: Vec::new() }),
    }
}

/// Where barcodes stand in a row of a product.
const BARCODES: usize = 5;

async fn products(reads: &impl Reads, export_scope: &ExportScope, options: &ExportOptions, after: &After) -> Result<Page, Fault> {
    let select =
        "SELECT p.sku_key, p.id, p.sku, p.name, p.description, p.unit_code, p.unit_decimals, c.slug, s.code, p.price_minor,
        p.price_currency, p.cost_minor, p.cost_currency, p.low_stock_threshold, p.tracking, p.minimum_remaining_days,
        p.status, p.stock_policy, p.metadata FROM product p
        LEFT JOIN category c ON c.tenant_id = p.tenant_id AND c.id = p.category_id
        LEFT JOIN supplier s ON s.tenant_id = p.tenant_id AND s.id = p.supplier_id WHERE p.tenant_id = $1";
    let mut clause = Clause::new(reads.backend());
    one_of(&mut clause, "p.category_id", options.categories.as_deref());
    one_of(&mut clause, "p.id", options.products.as_deref());
    within(&mut clause, "p.updated_at", options);
    let mut ids: Vec<ProductId> = Vec::new();
    let mut page = read(reads, select, clause, &["p.sku_key"], after, |row| {
        let mut row = Row::new(row);
        let key: String = row.take()?;
        ids.push(row.take()?);
        let texts: [Item; 4] = [
            row.take::<String>()?.into(),
            row.take::<String>()?.into(),
            row.take::<Option<String>>()?.into(),
            row.take::<String>()?.into(),
        ];
        let decimals: Item = i64::from(row.take::<i32>()?).into();
        let tied: [Item; 2] = [row.take::<Option<String>>()?.into(), row.take::<Option<String>>()?.into()];
        let price = money(row.take()?, row.take()?, true)?;
        let cost = money(row.take()?, row.take()?, export_scope.sees_costs)?;
        let kept: [Item; 3] =
            [row.take::<Option<i64>>()?.into(), row.take::<String>()?.into(), row.take::<Option<i32>>()?.map(i64::from).into()];
        let words: [Item; 3] = [row.take::<String>()?.into(), row.take::<String>()?.into(), row.take::<String>()?.into()];
        let mut items: Vec<Item> = texts.into();
        items.extend([decimals, Item::None]);
        items.extend(tied.into_iter().chain(price).chain(cost));
        items.extend(kept);
        items.extend(words);
        Ok((items, vec![key.into()]))
    })
    .await?;
    let codes = barcodes_of(reads, ids.iter().copied()).await?;
    for (items, id) in page.rows.iter_mut().zip(&ids) {
        let Some(codes) = codes.get(id) else { continue };
        items[BARCODES] = barcodes::written(codes).into();
    }
    Ok(page)
}

async fn movements(
    reads: &impl Reads,
    export_scope: &ExportScope,
    options: &ExportOptions,
    after: &After,
) -> Result<Page, Fault> {
    // The page first, then what belongs to it: however many entries Postgres believes to be left, it walks along them in their order.
    let select = "SELECT e.seq, e.line, m.id, m.kind, m.reason_code, p.sku, s.code, e.on_hand_delta, e.reserved_delta, e.unavailable_delta,
        e.on_hand_after, e.unit_cost_minor, e.cost_currency, m.external_ref, coalesce(e.note, m.note), e.occurred_at, e.recorded_at, o.code
        FROM (SELECT * FROM entry e WHERE e.tenant_id = $1";
    let joins = ") e JOIN movement m ON m.tenant_id = e.tenant_id AND m.seq = e.seq JOIN product p ON p.tenant_id = e.tenant_id AND p.id = e.product_id
        JOIN store s ON s.tenant_id = e.tenant_id AND s.id = e.store_id
        LEFT JOIN lot o ON o.tenant_id = e.tenant_id AND o.id = e.lot_id ORDER BY e.seq, e.line";
    let mut clause = Clause::new(reads.backend());
    let head = clause.bind(export_scope.head);
    clause.push(&format!(" AND e.seq <= {head}"));
    stores(&mut clause, "e.store_id", export_scope, options);
    one_of(&mut clause, "e.product_id", options.products.as_deref());
    if options.categories.is_some() {
        clause.push(" AND e.product_id IN (SELECT c.id FROM product c WHERE c.tenant_id = $1");
        one_of(&mut clause, "c.category_id", options.categories.as_deref());
        clause.push(")");
    }
    within(&mut clause, "e.occurred_at", options);
    read_within(reads, (select, joins), clause, &["e.seq", "e.line"], after, |row| {
        let mut row = Row::new(row);
        let (seq, line): (i64, i32) = (row.take()?, row.take()?);
        let movement: MovementId = row.take()?;
        let mut items: Vec<Item> = vec![seq.into(), i64::from(line).into(), movement.to_string().into()];
        items.extend([row.take::<String>()?.into(), row.take::<Option<String>>()?.into()]);
        items.extend([row.take::<String>()?.into(), row.take::<String>()?.into()]);
        items.extend([row.take::<i64>()?, row.take()?, row.take()?, row.take()?].map(Item::Number));
        items.extend(money(row.take()?, row.take()?, export_scope.sees_costs)?);
        items.extend([row.take::<Option<String>>()?.into(), row.take::<Option<String>>()?.into()]);
        items.extend([time(row.take()?), time(row.take()?), row.take::<Option<String>>()?.into()]);
        Ok((items, vec![seq.into(), line.into()]))
    })
    .await
}

async fn orders(reads: &impl Reads, export_scope: &ExportScope, options: &ExportOptions, after: &After) -> Result<Page, Fault> {
    let select = "SELECT o.number, l.position, o.status, s.code, c.code, o.external_ref, u.external_ref, o.placed_at, l.kind, l.sku, l.name, l.quantity, l.fulfilled,
        l.cancelled, l.returned, o.currency, l.unit_price_minor, l.discount_minor, l.tax_minor, l.total_minor FROM sales_order o
        JOIN order_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id JOIN store s ON s.tenant_id = o.tenant_id AND s.id = o.store_id
        JOIN channel c ON c.tenant_id = o.tenant_id AND c.id = o.channel_id
        LEFT JOIN customer u ON u.tenant_id = o.tenant_id AND u.id = o.customer_id WHERE o.tenant_id = $1";
    let mut clause = Clause::new(reads.backend());
    stores(&mut clause, "o.store_id", export_scope, options);
    if let Some(channel) = export_scope.channel {
        one_of(&mut clause, "o.channel_id", Some(&[channel]));
    }
    one_of(&mut clause, "l.product_id", options.products.as_deref());
    within(&mut clause, "o.placed_at", options);
    read(reads, select, clause, &["o.number", "l.position"], after, |row| {
        let mut row = Row::new(row);
        let (number, position): (i64, i32) = (row.take()?, row.take()?);
        let mut items: Vec<Item> = vec![number.into(), i64::from(position).into()];
        items.extend([row.take::<String>()?.into(), row.take::<String>()?.into(), row.take::<String>()?.into()]);
        let (reference, customer): (Option<String>, Option<String>) = (row.take()?, row.take()?);
        items.extend([
            reference.into(),
            if export_scope.sees_customers { customer.into() } else { Item::Hidden },
            time(row.take()?),
        ]);
        items.extend([row.take::<String>()?.into(), row.take::<String>()?.into(), row.take::<String>()?.into()]);
        items.extend([row.take::<i64>()?, row.take()?, row.take()?, row.take()?].map(Item::Number));
        let currency: String = row.take()?;
        items.push(currency.as_str().into());
        for minor in [row.take::<i64>()?, row.take()?, row.take()?, row.take()?] {
            let [amount, _] = money(Some(minor), Some(currency.clone()), true)?;
            items.push(amount);
        }
        Ok((items, vec![number.into(), position.into()]))
    })
    .await
}

async fn suppliers(reads: &impl Reads, options: &ExportOptions, after: &After) -> Result<Page, Fault> {
    let select = "SELECT s.code_key, s.code, s.name, s.lead_time_days, s.email FROM supplier s WHERE s.tenant_id = $1";
    let mut clause = Clause::new(reads.backend());
    within(&mut clause, "s.updated_at", options);
    read(reads, select, clause, &["s.code_key"], after, |row| {
        let mut row = Row::new(row);
        let key: String = row.take()?;
        let items = vec![
            row.take::<String>()?.into(),
            row.take::<String>()?.into(),
            row.take::<Option<i32>>()?.map(i64::from).into(),
            row.take::<Option<String>>()?.into(),
        ];
        Ok((items, vec![key.into()]))
    })
    .await
}

async fn categories(reads: &impl Reads, options: &ExportOptions, after: &After) -> Result<Page, Fault> {
    let select = "SELECT c.slug, c.name, u.slug, c.position, c.image_url, c.metadata FROM category c
        LEFT JOIN category u ON u.tenant_id = c.tenant_id AND u.id = c.parent_id WHERE c.tenant_id = $1";
    let mut clause = Clause::new(reads.backend());
    one_of(&mut clause, "c.id", options.categories.as_deref());
    within(&mut clause, "c.updated_at", options);
    read(reads, select, clause, &["c.slug"], after, |row| {
        let mut row = Row::new(row);
        let slug: String = row.take()?;
        let items = vec![
            slug.as_str().into(),
            row.take::<String>()?.into(),
            row.take::<Option<String>>()?.into(),
            i64::from(row.take::<i32>()?).into(),
            row.take::<Option<String>>()?.into(),
            row.take::<String>()?.into(),
        ];
        Ok((items, vec![slug.into()]))
    })
    .await
}
