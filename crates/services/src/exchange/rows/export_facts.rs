//! Pages of exported demand facts: all facts by key, or those revised since an event, by the events
//! that revised them.

use entity::{
    record::{Record, Selected},
    tables::{channel, demand_book, demand_day, demand_gone, product, store},
};
use inventory::catalog::rows::Clause;
use platform::storage::{Fault, Finds, Reads, Row};
use sea_orm::Value;

use super::export_page::{ExportScope, Page, PageKey, money, push_id_condition, read_within, stores};
use crate::exchange::core::{ExportOptions, FactRange, cells::Item};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Prefix of a position in the list of deleted rows, which follows the list of existing rows.
const DELETED_PREFIX: &str = "gone";
/// The key of a row.
const KEY_COLUMNS: [&str; 5] = ["d.business_date", "d.product_id", "d.store_id", "d.channel_id", "d.currency"];
/// The key of a row after the event that revised it.
const REVISED_KEY: [&str; 6] = ["d.revised_seq", KEY_COLUMNS[0], KEY_COLUMNS[1], KEY_COLUMNS[2], KEY_COLUMNS[3], KEY_COLUMNS[4]];

#[derive(Record)]
#[record(of = demand_book, alias = "b")]
struct BookRow {
    generation: i64,
    seq: i64,
}

/// The current generation of facts, and the event up to which it is counted; None before the first.
pub async fn current(reads: &impl Reads) -> Result<Option<(i64, i64)>, Fault> {
    let sql = format!("SELECT {} FROM demand_book b WHERE b.tenant_id = $1 AND b.is_current", BookRow::SELECT);
    Ok(reads.records::<BookRow>(&sql, vec![]).await?.pop().map(|row| (row.generation, row.seq)))
}

/// The days with existing or deleted facts of a range, in order.
pub async fn days(reads: &impl Reads, range: FactRange) -> Result<Vec<i32>, Fault> {
    let days_sql = "SELECT DISTINCT d.business_date FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = $2 ORDER BY 1";
    let revised = "SELECT d.business_date FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = $2 AND d.revised_seq > $3
               AND d.revised_seq <= $4
               UNION SELECT g.business_date FROM demand_gone g WHERE g.tenant_id = $1 AND g.generation = $2 AND g.revised_seq > $3
               AND g.revised_seq <= $4 ORDER BY 1";
    let (sql, values) = if range.is_increment {
        (revised, vec![range.generation.into(), range.from.into(), range.to.into()])
    } else {
        (days_sql, vec![range.generation.into()])
    };
    reads.rows(sql, values).await?.iter().map(Row::scalar).collect()
}

/// Names of a row's product, store and channel.
struct Names {
    sku: String,
    store: String,
    channel: Option<String>,
}

#[derive(Record)]
struct DayRow {
    #[record(alias = "d")]
    day: demand_day::Model,
    #[record(of = product, alias = "p")]
    sku: String,
    #[record(of = store, alias = "s", column = "code")]
    store: String,
    #[record(of = channel, alias = "c", column = "code", outer)]
    channel: Option<String>,
}

#[derive(Record)]
struct DeletedFactRow {
    #[record(alias = "d")]
    day: demand_gone::Model,
    #[record(of = product, alias = "p")]
    sku: String,
    #[record(of = store, alias = "s", column = "code")]
    store: String,
    #[record(of = channel, alias = "c", column = "code", outer)]
    channel: Option<String>,
}

/// Cells of an existing row, or of a deleted one that has no figures left.
fn row_items(day: &demand_day::Model, names: Names, (state, sees_costs): (&str, bool)) -> Result<Vec<Item>, Fault> {
    let amount = |minor: i64, is_seen: bool| -> Result<Item, Fault> {
        let currency = Some(day.currency.clone()).filter(|code| !code.is_empty());
        let [amount, _] = money(Some(minor), currency, is_seen)?;
        Ok(amount)
    };
    let mut items: Vec<Item> = vec![Item::Day(day.business_date), day.product_id.to_string().into(), names.sku.into()];
    items.extend([Item::from(day.store_id.to_string()), names.store.into()]);
    items.extend([Item::from(day.channel_id.to_string()), names.channel.into()]);
    items.extend([Item::from(day.currency.as_str()), state.into()]);
    let order_units = [day.ordered_units, day.cancelled_units, day.taken_back_units, day.returned_units];
    items.extend(order_units.map(Item::Number));
    items.extend([day.orders, day.order_lines, day.returns, day.return_lines].map(Item::Number));
    for (minor, is_seen) in [
        (day.gross_minor, true),
        (day.discount_minor, true),
        (day.list_minor, true),
        (day.cost_minor, sees_costs),
        (day.refund_minor, true),
    ] {
        items.push(amount(minor, is_seen)?);
    }
    let stock_moves = [day.shipped_units, day.restocked_units, day.received_units, day.moved_in_units, day.moved_out_units];
    items.extend(stock_moves.map(Item::Number));
    let corrections = [day.adjusted_in_units, day.adjusted_out_units, day.counted_in_units, day.counted_out_units];
    items.extend(corrections.map(Item::Number));
    items.extend([day.removed_units, day.net_units, day.max_line_units, day.first_seq, day.revised_seq].map(Item::Number));
    Ok(items)
}

/// Returns the cursor of a row in its list.
fn page_key(day: &demand_day::Model, range: FactRange) -> PageKey {
    let key: [Value; 5] = [
        day.business_date.into(),
        day.product_id.into(),
        day.store_id.into(),
        day.channel_id.into(),
        day.currency.as_str().into(),
    ];
    let revised = range.is_increment.then(|| Value::from(day.revised_seq));
    revised.into_iter().chain(key).collect()
}

/// A deleted row, as one without figures.
fn empty(tombstone: demand_gone::Model) -> demand_day::Model {
    demand_day::Model {
        tenant_id: tombstone.tenant_id,
        generation: tombstone.generation,
        business_date: tombstone.business_date,
        product_id: tombstone.product_id,
        store_id: tombstone.store_id,
        channel_id: tombstone.channel_id,
        currency: tombstone.currency,
        ordered_units: 0,
        cancelled_units: 0,
        taken_back_units: 0,
        returned_units: 0,
        orders: 0,
        order_lines: 0,
        returns: 0,
        return_lines: 0,
        gross_minor: 0,
        discount_minor: 0,
        list_minor: 0,
        cost_minor: 0,
        refund_minor: 0,
        shipped_units: 0,
        restocked_units: 0,
        received_units: 0,
        moved_in_units: 0,
        moved_out_units: 0,
        adjusted_in_units: 0,
        adjusted_out_units: 0,
        counted_in_units: 0,
        counted_out_units: 0,
        removed_units: 0,
        net_units: 0,
        max_line_units: 0,
        first_seq: tombstone.revised_seq,
        revised_seq: tombstone.revised_seq,
    }
}

/// Returns the condition on the exported rows of a table `d`.
fn condition(reads: &impl Reads, export_scope: &ExportScope, options: &ExportOptions, range: FactRange) -> Clause {
    let mut clause = Clause::new(reads.backend());
    let generation = clause.bind(range.generation);
    clause.push(&format!(" AND d.generation = {generation}"));
    if range.is_increment {
        let (from, to) = (clause.bind(range.from), clause.bind(range.to));
        clause.push(&format!(" AND d.revised_seq > {from} AND d.revised_seq <= {to}"));
    }
    stores(&mut clause, "d.store_id", export_scope, options);
    if let Some(channel) = export_scope.channel {
        push_id_condition(&mut clause, "d.channel_id", Some(&[channel]));
    }
    push_id_condition(&mut clause, "d.product_id", options.products.as_deref());
    if options.categories.is_some() {
        clause.push(" AND d.product_id IN (SELECT i.id FROM product i WHERE i.tenant_id = $1");
        push_id_condition(&mut clause, "i.category_id", options.categories.as_deref());
        clause.push(")");
    }
    for (operator, bound) in [(">=", options.from), ("<", options.before)] {
        if let Some(at) = bound {
            let mark = clause.bind(first_day(at));
            clause.push(&format!(" AND d.business_date {operator} {mark}"));
        }
    }
    clause
}

/// The first day that begins at or after a moment, in UTC.
fn first_day(micros: i64) -> i32 {
    let day = micros.div_euclid(DAY) + i64::from(micros.rem_euclid(DAY) > 0);
    i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
}

/// A page of the facts of a range: existing rows first; in an increment deleted rows follow.
pub(super) async fn facts(
    reads: &impl Reads,
    export_scope: &ExportScope,
    options: &ExportOptions,
    after: &PageKey,
) -> Result<Page, Fault> {
    let range = export_scope.facts.ok_or_else(|| Fault::Broken("an export of demand facts has a range".to_owned()))?;
    let clause = condition(reads, export_scope, options, range);
    if let Some((Value::String(_), place)) = after.split_first() {
        return deleted_facts(reads, clause, range, &place.to_vec()).await;
    }
    let order: &[&str] = if range.is_increment { &REVISED_KEY } else { &KEY_COLUMNS };
    let select = format!("SELECT {} FROM (SELECT * FROM demand_day d WHERE d.tenant_id = $1", DayRow::SELECT);
    let mut page = read_within(reads, (&select, &joins(order)), clause, order, after, |row: DayRow| {
        let DayRow { day, sku, store, channel } = row;
        let items = row_items(&day, Names { sku, store, channel }, ("KEPT", export_scope.sees_costs))?;
        Ok((items, page_key(&day, range)))
    })
    .await?;
    if page.next.is_none() && range.is_increment {
        page.next = Some(vec![DELETED_PREFIX.into()]);
    }
    Ok(page)
}

async fn deleted_facts(reads: &impl Reads, clause: Clause, range: FactRange, after: &PageKey) -> Result<Page, Fault> {
    let select = format!("SELECT {} FROM (SELECT * FROM demand_gone d WHERE d.tenant_id = $1", DeletedFactRow::SELECT);
    let mut page = read_within(reads, (&select, &joins(&REVISED_KEY)), clause, &REVISED_KEY, after, |row: DeletedFactRow| {
        let DeletedFactRow { day, sku, store, channel } = row;
        let day = empty(day);
        let place = page_key(&day, range);
        Ok((row_items(&day, Names { sku, store, channel }, ("GONE", false))?, place))
    })
    .await?;
    page.next = page.next.map(|place| [vec![DELETED_PREFIX.into()], place].concat());
    Ok(page)
}

/// Returns the joins for the rows of a page, and their order.
fn joins(order: &[&str]) -> String {
    format!(
        ") d JOIN product p ON p.tenant_id = d.tenant_id AND p.id = d.product_id
        JOIN store s ON s.tenant_id = d.tenant_id AND s.id = d.store_id
        LEFT JOIN channel c ON c.tenant_id = d.tenant_id AND c.id = d.channel_id ORDER BY {}",
        order.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_meant_from_its_midnight_on() {
        let days = [0, 1, DAY, DAY + 1, -1, -DAY, i64::MAX, i64::MIN].map(first_day);
        assert_eq!(days[..6], [0, 1, 1, 2, 0, -1]);
        assert!(days[6] > 100_000_000 && days[7] < -100_000_000);
    }
}
