//! Asking for reports: with a permit, in the tenant's own days and currency.

mod in_books;
mod movements;
mod sheet;
mod summary;

pub use movements::{
    MovementSheet, MovementSummaryRow, MovementsRequest, movement_row_count, movement_rows, movement_sheet, movement_total,
};
pub use sheet::{SalesSheet, sales_sheet};
pub use summary::{RowPage, SalesSpec, Sorted, sales_row_count, sales_rows, sales_total};

use entity::{prelude::*, quantity::MAX_SAFE};
use iam::access::{Permit, kind};
use inventory::{catalog::rows::page::ProductCondition, stock::rows::MovementFilterSpec};
use platform::{
    clock::day_text,
    storage::{Database, Fault},
};

use super::{
    core::{Group, GroupKey, Measure, Sums, Tally, top_groups},
    rows::{self, MovementTotals, SalesFilter, SalesQuery},
};

/// Maximum rows of a report (DECIDED: limits, page).
pub const MAX_ROWS: usize = 250;

/// Reasons for the absence of a report.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Fault(Fault),
    /// A sum exceeds 2^53 − 1, the largest number that clients can represent exactly.
    #[error("a sum passes 2^53 − 1: narrow the report")]
    TooLarge,
}

impl From<Fault> for ReportError {
    /// An overflow in the database is beyond the numbers that clients can read exactly, too.
    fn from(fault: Fault) -> Self {
        if fault.is_overflow() { Self::TooLarge } else { Self::Fault(fault) }
    }
}

/// A request for a sales report.
#[derive(Debug, Clone)]
pub struct SalesRequest {
    /// Inclusive.
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub to: Option<Timestamp>,
    pub group: Group,
    pub filter: SalesFilter,
    pub top_by: Option<Measure>,
    /// Requested rows, capped at `MAX_ROWS`.
    pub first: usize,
    /// None for the tenant's own. Documents in other currencies do not count: amounts of two
    /// currencies cannot be added.
    pub currency: Option<Currency>,
}

/// A row of the sales report. Amounts are of one currency, units in the products' smallest units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesRow {
    /// A day `2011-11-30`, a month `2011-11`, an ID, a country's code; None for lines without a
    /// group, and without grouping.
    pub key: Option<String>,
    /// Set when grouped by product.
    pub product: Option<ProductId>,
    pub orders: i64,
    pub order_lines: i64,
    pub units_sold: Quantity,
    pub gross_revenue: Money,
    pub charges: Money,
    pub cost_of_goods_sold: Money,
    pub returns: i64,
    pub return_lines: i64,
    pub units_returned: Quantity,
    pub refunds: Money,
    pub charge_credits: Money,
    pub net_revenue: Money,
    /// Orders and returns that have no rate to the books, and are in no other sum.
    pub without_rate: i64,
}

/// The rows of a sales report, and their total number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesReport {
    pub rows: Vec<SalesRow>,
    pub groups: usize,
}

/// Sums orders and returns by group.
pub async fn sales_report(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    ask: SalesRequest,
) -> Result<SalesReport, ReportError> {
    let scope = permit.scope(db).long();
    let currency = match ask.currency {
        Some(currency) => currency,
        None => rows::default_currency(&scope).await?,
    };
    let query = SalesQuery {
        from: ask.from,
        to: ask.to,
        group: ask.group,
        currency,
        filter: ask.filter,
        products: ProductCondition::default(),
        with_charges: false,
        span: None,
        part: None,
        counts_documents: false,
    };
    let mut tally = rows::sales(&scope, &query).await?.groups;
    if ask.group == Group::Month {
        tally = by_month(&tally);
    }
    let groups = tally.len();
    let picked = top_groups(tally, ask.group, ask.top_by, ask.first.min(MAX_ROWS)).into_iter();
    let rows = picked.map(|(key, sums)| build_row(ask.group, &key, &sums, currency).ok_or(ReportError::TooLarge));
    Ok(SalesReport { rows: rows.collect::<Result<_, _>>()?, groups })
}

/// A document has one business date, so its month's counts are the sums of its days'.
fn by_month(days: &Tally) -> Tally {
    let mut months = Tally::new();
    for (day, sums) in days {
        let month = match day {
            GroupKey::Day(day) => {
                GroupKey::Text(day_text(*day).rsplit_once('-').map(|(month, _)| month.to_owned()).unwrap_or_default())
            }
            other => other.clone(),
        };
        months.entry(month).or_default().add(sums);
    }
    months
}

fn build_row(group: Group, key: &GroupKey, sums: &Sums, currency: Currency) -> Option<SalesRow> {
    let money = |minor: i128| Some(Money::new(to_safe_integer(minor)?, currency));
    let units = |units: i128| Quantity::new(to_safe_integer(units)?);
    let product = match (group, key) {
        (Group::Product, GroupKey::Id(id)) => Some(ProductId::from_uuid(*id)),
        _ => None,
    };
    Some(SalesRow {
        key: key_text(group, key),
        product,
        orders: to_safe_integer(sums.orders)?,
        order_lines: to_safe_integer(sums.order_lines)?,
        units_sold: units(sums.units_sold)?,
        gross_revenue: money(sums.gross)?,
        charges: money(sums.charges)?,
        cost_of_goods_sold: money(sums.cost)?,
        returns: to_safe_integer(sums.returns)?,
        return_lines: to_safe_integer(sums.return_lines)?,
        units_returned: units(sums.units_returned)?,
        refunds: money(sums.refunds)?,
        charge_credits: money(sums.charge_credits)?,
        net_revenue: money(sums.net())?,
        without_rate: to_safe_integer(sums.without_rate)?,
    })
}

fn to_safe_integer(number: i128) -> Option<i64> {
    i64::try_from(number).ok().filter(|number| (-MAX_SAFE..=MAX_SAFE).contains(number))
}

fn key_text(group: Group, key: &GroupKey) -> Option<String> {
    match key {
        GroupKey::Nothing => None,
        GroupKey::Day(day) => Some(day_text(*day)),
        GroupKey::Text(text) => Some(text.clone()),
        GroupKey::Id(id) => Some(match group {
            Group::Category => CategoryId::from_uuid(*id).to_string(),
            Group::Store => StoreId::from_uuid(*id).to_string(),
            Group::Channel => ChannelId::from_uuid(*id).to_string(),
            Group::Customer => CustomerId::from_uuid(*id).to_string(),
            _ => ProductId::from_uuid(*id).to_string(),
        }),
    }
}

/// Sums the ledger by kind of movement.
pub async fn movement_report(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    filter: &MovementFilterSpec,
) -> Result<(Currency, Vec<MovementTotals>), ReportError> {
    let scope = permit.scope(db).long();
    let currency = rows::default_currency(&scope).await?;
    let totals = rows::movement_totals(&scope, filter, currency).await?;
    let sums = totals.iter().flat_map(|row| [row.units_in, row.units_out, row.value]);
    if sums.into_iter().any(|sum| sum > MAX_SAFE) {
        return Err(ReportError::TooLarge);
    }
    Ok((currency, totals))
}
