//! Revenue and margin by channel, store, category or product.

use iam::access::{Permit, kind};
use platform::{paging::Key, storage::Database};

use super::report_context::{
    RankedRow, ReportSource, facts_source, largest_first, largest_integer_first, restrict_to_permit, sort_rows, to_safe_integer,
};
use crate::{
    insight::shell::ReportError,
    reports::rows::{self, GroupMargin, MarginGroup, ReportFilter},
};

/// Sort field of rows, the largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MarginTop {
    GrossRevenue,
    NetRevenue,
    Margin,
    MarginRate,
}

impl MarginTop {
    /// Whether the sort order reveals costs of products.
    pub const fn shows_costs(self) -> bool {
        matches!(self, Self::Margin | Self::MarginRate)
    }
}

impl GroupMargin {
    /// Revenue less refunds.
    pub const fn net(&self) -> i64 {
        self.gross - self.refunds
    }
    /// Returns the margin of the sold units, before refunds: sales tax is no part of it.
    pub const fn margin(&self) -> i64 {
        self.untaxed - self.cost
    }
    pub fn margin_rate(&self) -> Option<f64> {
        forecast::ratios::ratio(self.margin() as f64, self.untaxed as f64)
    }
    fn join(&mut self, other: &Self) -> Option<()> {
        let sums = [
            (&mut self.units, other.units),
            (&mut self.gross, other.gross),
            (&mut self.untaxed, other.untaxed),
            (&mut self.discounts, other.discounts),
            (&mut self.refunds, other.refunds),
            (&mut self.cost, other.cost),
        ];
        for (sum, added) in sums {
            *sum = sum.checked_add(added)?;
        }
        Some(())
    }
}

/// Rows by group.
#[derive(Debug, Clone)]
pub struct MarginReport {
    pub source: ReportSource,
    pub totals: GroupMargin,
    pub rows: Vec<RankedRow<GroupMargin>>,
}

/// Sums of days that are shown to the permit.
pub async fn margin_report(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    report_filter: ReportFilter,
    (group, top): (MarginGroup, MarginTop),
) -> Result<MarginReport, ReportError> {
    let scope = permit.scope(db).long();
    let report_filter = restrict_to_permit(&permit, report_filter);
    let source = facts_source(db, &scope, report_filter.span).await?;
    let group_margins = rows::margins(&scope, &report_filter, group, source.currency).await?;
    let mut totals = GroupMargin { key: None, units: 0, gross: 0, untaxed: 0, discounts: 0, refunds: 0, cost: 0 };
    for row in &group_margins {
        totals.join(row).ok_or(ReportError::TooLarge)?;
    }
    for sum in [totals.units, totals.gross, totals.untaxed, totals.discounts, totals.refunds, totals.cost] {
        to_safe_integer(sum.into())?;
    }
    let sort_key = |row: &GroupMargin| match top {
        MarginTop::GrossRevenue => largest_integer_first(row.gross),
        MarginTop::NetRevenue => largest_integer_first(row.net()),
        MarginTop::Margin => largest_integer_first(row.margin()),
        MarginTop::MarginRate => largest_first(row.margin_rate()),
    };
    let rows = group_margins.into_iter().map(|row| (row, vec![sort_key(&row), Key::Id(row.key.unwrap_or_default())]));
    Ok(MarginReport { source, totals, rows: sort_rows(rows.collect()) })
}
