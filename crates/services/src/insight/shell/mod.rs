//! Asking for reports: with a permit, in the tenant's own days and currency.

mod error;
mod book_currency;
mod movements;
mod sales_row;
mod sheet;
mod summary;

pub use error::ReportError;
pub(crate) use error::to_safe_integer;
pub use movements::{
    MovementSheet, MovementSummaryRow, MovementsRequest, movement_row_count, movement_rows, movement_sheet, movement_total,
};
pub use sales_row::SalesRow;
pub use sheet::{SalesSheet, sales_sheet};
pub use summary::{RowPage, SalesSort, SalesSpec, sales_row_count, sales_rows, sales_total};

use entity::{prelude::*, quantity::MAX_SAFE};
use iam::access::{Permit, kind};
use inventory::{catalog::rows::page::ProductCondition, stock::rows::MovementFilterSpec};
use platform::storage::Database;

use self::sales_row::{build_row, by_month};
use super::{
    core::{Group, Measure, top_groups},
    rows::{self, MovementTotals, SalesFilter, SalesQuery},
};

/// Maximum rows of a report (DECIDED: limits, page).
pub const MAX_ROWS: usize = 250;

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
    request: SalesRequest,
) -> Result<SalesReport, ReportError> {
    let scope = permit.scope(db).long();
    let currency = match request.currency {
        Some(currency) => currency,
        None => rows::default_currency(&scope).await?,
    };
    let query = SalesQuery {
        from: request.from,
        to: request.to,
        group: request.group,
        currency,
        filter: request.filter,
        products: ProductCondition::default(),
        with_charges: false,
        span: None,
        part: None,
        counts_documents: false,
    };
    let mut tally = rows::sales(&scope, &query).await?.groups;
    if request.group == Group::Month {
        tally = by_month(&tally);
    }
    let groups = tally.len();
    let picked = top_groups(tally, request.group, request.top_by, request.first.min(MAX_ROWS)).into_iter();
    let rows = picked.map(|(key, sums)| build_row(request.group, &key, &sums, currency).ok_or(ReportError::TooLarge));
    Ok(SalesReport { rows: rows.collect::<Result<_, _>>()?, groups })
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
