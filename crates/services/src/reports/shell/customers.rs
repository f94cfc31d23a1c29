//! Customers by recency, frequency and revenue, and by the month of their first order. Reports have
//! no names of customers.

use std::collections::BTreeMap;

use iam::access::{Permit, kind};
use platform::{calendar, paging::Key, storage::Database};

use super::report_context::{
    RankedRow, ReportSource, documents_source, largest_integer_first, restrict_to_permit, sort_rows, to_safe_integer,
};
use crate::{
    insight::shell::ReportError,
    reports::{
        core::{Cohort, CohortMonth, CustomerOrders, Scores, cohorts, score_customers},
        rows::{self, ReportFilter},
    },
};

/// A customer with scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerScore {
    pub orders: CustomerOrders,
    pub scores: Scores,
}

/// Customers in descending order of net revenue.
#[derive(Debug, Clone)]
pub struct CustomerSegments {
    pub source: ReportSource,
    /// The highest score.
    pub best: u8,
    pub net: i64,
    pub orders: i64,
    /// Orders of guests, who are not counted as customers.
    pub guest_orders: i64,
    pub rows: Vec<RankedRow<CustomerScore>>,
}

/// Customers who ordered on the days of the span, by the orders within the permit.
pub async fn customer_segments(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    report_filter: ReportFilter,
) -> Result<CustomerSegments, ReportError> {
    let scope = permit.scope(db).long();
    let report_filter = restrict_to_permit(&permit, report_filter);
    let source = documents_source(&scope, report_filter.span).await?;
    // Side by side: neither rests on the other.
    let (customer_rows, guest_orders) = tokio::try_join!(
        rows::customer_sales(&scope, &report_filter, source.currency),
        rows::guest_orders(&scope, &report_filter)
    )?;
    let orders_of = |customer_row: &rows::CustomerSales| CustomerOrders {
        customer: customer_row.customer,
        days_since: i64::from(report_filter.span.to) - i64::from(customer_row.last_day),
        orders: customer_row.orders,
        net: customer_row.gross.saturating_sub(customer_row.refunds),
    };
    let customers: Vec<CustomerOrders> = customer_rows.iter().map(orders_of).collect();
    let net = to_safe_integer(customers.iter().map(|customer_row| i128::from(customer_row.net)).sum())?;
    let orders = customers.iter().map(|customer_row| customer_row.orders).sum();
    let best = Scores::part_count(customers.len());
    let all = score_customers(&customers);
    let rows = customers.into_iter().zip(all).map(|(orders, scores)| {
        (CustomerScore { orders, scores }, vec![largest_integer_first(orders.net), orders.customer.into()])
    });
    Ok(CustomerSegments { source, best, net, orders, guest_orders, rows: sort_rows(rows.collect()) })
}

/// A month of first orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CohortRow {
    pub month: CohortMonth,
    pub cohort: Cohort,
}

/// Cohorts by month, the oldest first.
#[derive(Debug, Clone)]
pub struct CustomerCohorts {
    pub source: ReportSource,
    pub today: i32,
    pub customers: i64,
    /// Customers with more than one order.
    pub repeated: i64,
    pub rows: Vec<RankedRow<CohortRow>>,
}

/// Customers whose first order ever was placed on the days of the span, by the orders within the
/// permit.
pub async fn customer_cohorts(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    report_filter: ReportFilter,
    today: i32,
) -> Result<CustomerCohorts, ReportError> {
    let scope = permit.scope(db).long();
    let report_filter = restrict_to_permit(&permit, report_filter);
    let source = documents_source(&scope, report_filter.span).await?;
    let order_pairs = rows::first_orders(&scope, &report_filter).await?;
    let customers = order_pairs.len() as i64;
    let repeat_count = order_pairs.iter().filter(|customer_row| customer_row.second.is_some()).count() as i64;
    let cohorts_by_month: BTreeMap<CohortMonth, Cohort> = cohorts(order_pairs, month_of);
    let rows = cohorts_by_month.into_iter().map(|(month, cohort)| {
        let month_number = i64::from(month.year) * 12 + i64::from(month.month);
        (CohortRow { month, cohort }, vec![Key::Int(month_number)])
    });
    Ok(CustomerCohorts { source, today, customers, repeated: repeat_count, rows: sort_rows(rows.collect()) })
}

/// The month of a calendar day.
fn month_of(day: i32) -> CohortMonth {
    let (year, month, _) = calendar::civil(day);
    CohortMonth { year, month: month as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_in_its_month() {
        assert_eq!(month_of(0), CohortMonth { year: 1970, month: 1 });
        assert_eq!(month_of(14_974), CohortMonth { year: 2010, month: 12 });
    }
}
