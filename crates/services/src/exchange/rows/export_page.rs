//! Pages of exported rows, in the order of a key; each page continues after the last key of the
//! previous one.

use entity::{prelude::*, record::Record};
use iam::access::Reach;
use inventory::catalog::rows::Clause;
use platform::storage::{Fault, Finds, Reads};
use sea_orm::Value;

use crate::exchange::core::{ExportOptions, FactRange, cells::Item};

/// Rows that are read at once.
const PAGE: usize = 5_000;

/// Rights and limits of an export.
#[derive(Debug, Clone)]
pub struct ExportScope {
    pub reach: Reach,
    pub channel: Option<ChannelId>,
    pub sees_costs: bool,
    pub sees_contacts: bool,
    pub sees_customers: bool,
    /// The tenant's last event when the export began: later events are not in it, or an export of a
    /// busy ledger would never end.
    pub head: i64,
    /// Range of demand facts; None for other nouns.
    pub facts: Option<FactRange>,
    /// For movements and stock: only rows that events after this one have changed.
    pub since: Option<i64>,
    /// For orders: only these.
    pub orders: Option<Vec<OrderId>>,
}

/// Cursor at the end of a page: the values of its sort columns. Empty before the first.
pub type PageKey = Vec<Value>;

/// A page, and the key after which the next one continues; None after the last.
pub struct Page {
    pub rows: Vec<Vec<Item>>,
    pub next: Option<PageKey>,
    /// Customers whose contacts are on the page: the audit log gets them.
    pub contacts: Vec<CustomerId>,
}

/// An amount and its currency; both cells are empty if there is no amount.
pub(super) fn money(minor: Option<i64>, currency: Option<String>, is_seen: bool) -> Result<[Item; 2], Fault> {
    if !is_seen {
        return Ok([Item::Hidden, Item::Hidden]);
    }
    let (Some(minor), Some(currency)) = (minor, currency) else { return Ok([Item::None, Item::None]) };
    let parsed_currency = Currency::parse(&currency).ok_or_else(|| Fault::corrupt("product", "currencies are ISO 4217 codes"))?;
    Ok([Item::Amount(Money::new(minor, parsed_currency)), currency.into()])
}

/// A condition on one of several ids, where any are named.
pub(super) fn push_id_condition<K>(clause: &mut Clause, column: &str, ids: Option<&[Id<K>]>) {
    let Some(ids) = ids else { return };
    let backend = clause.backend();
    let number = clause.number(backend.ids(ids.iter().copied()));
    clause.push(&format!(" AND {}", backend.in_ids(column, number)));
}

pub(super) fn push_time_condition(clause: &mut Clause, column: &str, options: &ExportOptions) {
    for (operator, bound) in [(">=", options.from), ("<", options.before)] {
        if let Some(at) = bound {
            let mark = clause.bind(at);
            clause.push(&format!(" AND {column} {operator} {mark}"));
        }
    }
}

pub(super) fn stores(clause: &mut Clause, column: &str, export_scope: &ExportScope, options: &ExportOptions) {
    push_id_condition(clause, column, options.stores.as_deref());
    if let Reach::Stores(own_stores) = &export_scope.reach {
        push_id_condition(clause, column, Some(own_stores));
    }
}

/// Reads a page: `select`, whose column list is that of `R`, with the clause, after `after` in the
/// order of `order`.
pub(super) async fn read<R: Record + Send>(
    reads: &impl Reads,
    select: &str,
    clause: Clause,
    order: &[&str],
    after: &PageKey,
    convert: impl FnMut(R) -> Result<(Vec<Item>, PageKey), Fault>,
) -> Result<Page, Fault> {
    read_within(reads, (select, ""), clause, order, after, convert).await
}

/// Reads a page that is a part of the statement; `tail` is the rest of the statement.
pub(super) async fn read_within<R: Record + Send>(
    reads: &impl Reads,
    (select, tail): (&str, &str),
    mut clause: Clause,
    order: &[&str],
    after: &PageKey,
    mut convert: impl FnMut(R) -> Result<(Vec<Item>, PageKey), Fault>,
) -> Result<Page, Fault> {
    let columns = order.join(", ");
    if !after.is_empty() {
        let placeholders: Vec<String> = after.iter().map(|value| clause.bind(value.clone())).collect();
        clause.push(&format!(" AND ({columns}) > ({})", placeholders.join(", ")));
    }
    let sql = format!("{select}{} ORDER BY {columns} LIMIT {PAGE}{tail}", clause.sql);
    let found_records = reads.records::<R>(&sql, clause.values).await?;
    let is_full = found_records.len() == PAGE;
    let (mut rows, mut next) = (Vec::with_capacity(found_records.len()), None);
    for row in found_records {
        let (items, key) = convert(row)?;
        rows.push(items);
        next = Some(key);
    }
    Ok(Page { next: next.filter(|_| is_full), rows, contacts: Vec::new() })
}
