//! Products that are bought together.

use iam::access::{Permit, kind};
use platform::{
    blocking,
    paging::Key,
    storage::{Database, Fault},
};

use super::report_context::{RankedRow, ReportSource, documents_source, largest_first, restrict_to_permit, sort_rows};
use crate::{
    insight::shell::ReportError,
    reports::{
        core::{Baskets, Pair},
        rows::{self, ReportFilter},
    },
};

/// Maximum lines in memory: some tens of megabytes.
const MAX_LINES: usize = 1_000_000;
/// Maximum pairs of a report; the strongest ones are kept.
const MAX_PAIRS: usize = 10_000;

/// Reasons for the absence of a report.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BasketsError {
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("these orders have more than 1,000,000 lines: choose fewer days, stores or channels")]
    TooManyLines,
}

impl From<Fault> for BasketsError {
    fn from(fault: Fault) -> Self {
        Self::Report(fault.into())
    }
}

/// Pairs by their joint orders beyond chance, in descending order.
#[derive(Debug, Clone)]
pub struct BoughtTogether {
    pub source: ReportSource,
    pub orders: i64,
    /// Orders with more lines than are counted.
    pub left_out: i64,
    pub pairs: i64,
    pub rows: Vec<RankedRow<Pair>>,
}

/// Pairs in the orders that are shown to the permit.
pub async fn bought_together(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    report_filter: ReportFilter,
) -> Result<BoughtTogether, BasketsError> {
    let scope = permit.scope(db).long();
    let report_filter = restrict_to_permit(&permit, report_filter);
    let source = documents_source(&scope, report_filter.span).await?;
    let (lines, left_out) = rows::basket_lines(&scope, &report_filter, MAX_LINES).await?.ok_or(BasketsError::TooManyLines)?;
    let Baskets { orders, left_out, pairs } = blocking::run("products bought together", move || lines.baskets(left_out)).await?;
    let keys = |pair: &Pair| {
        let [one, other] = pair.products;
        vec![largest_first(Some(pair.surplus())), Key::from(one), Key::from(other)]
    };
    let count = pairs.len() as i64;
    let mut rows = sort_rows(pairs.into_iter().map(|pair| (pair, keys(&pair))).collect());
    rows.truncate(MAX_PAIRS);
    Ok(BoughtTogether { source, orders, left_out, pairs: count, rows })
}
