//! Sums of days by their grouping dimensions.

mod groups;
mod halves;

use entity::{prelude::*, tables::demand_day::DemandFigures};
use platform::{
    paging::{ListSource, PageRequest, keyset},
    storage::{Backend, Fault, Reads, Row},
};
use sea_orm::QueryResult;

use groups::{Condition, Currencies, OTHER_CURRENCIES_COUNT, condition, figures_of, keys_of, sums};

pub use groups::{DemandDimension, FactFilter, FactKey, FactRow};

/// SQL of the sums of a group of `days`.
fn sums_of_days(active_days: &str) -> String {
    let sum = |name: &&str| format!("CAST(sum(d.{name}) AS bigint)");
    let figure_sums = DemandFigures::NAMES.iter().map(sum).collect::<Vec<_>>().join(", ");
    format!("{figure_sums}, max(d.max_line_units), CAST(sum(d.others) AS bigint), {active_days}")
}

/// Whether rows are summed by day first: then the sort has one row for each day, and no distinct
/// count of days is needed. Groups by day or by product are read in the order of an index, and only
/// as far as the page reaches.
fn is_by_day(backend: Backend, group: &[DemandDimension]) -> bool {
    match backend {
        // SQLite reads days in the order of the key, and would sort all rows by the other columns.
        Backend::Sqlite => group.iter().all(|one| *one == DemandDimension::Week),
        Backend::Postgres => !group.iter().any(|one| matches!(one, DemandDimension::Day | DemandDimension::Product)),
    }
}

/// The days that fulfil a condition as rows of each group and day, with the columns of `demand_day`.
fn days(group: &[DemandDimension], condition: &str, currencies: Currencies) -> String {
    let ids = group.iter().filter(|one| !one.is_date()).map(|one| format!(", {}", one.column())).collect::<Vec<_>>().concat();
    let sum = |name: &&str| format!("CAST(sum({}) AS bigint) AS {name}", currencies.summand_sql(name));
    let figure_sums = DemandFigures::NAMES.iter().map(sum).collect::<Vec<_>>().join(", ");
    format!(
        "SELECT d.business_date{ids}, {figure_sums}, max({largest}) AS max_line_units, {OTHER_CURRENCIES_COUNT} AS others
         FROM demand_day d WHERE {condition} GROUP BY d.business_date{ids}",
        largest = currencies.summand_sql("max_line_units")
    )
}

fn read(row: &mut Row<'_>, keys: Vec<FactKey>) -> Result<FactRow, Fault> {
    let (figures, max_line_units, others) = figures_of(row)?;
    Ok(FactRow { keys, figures, max_line_units, others, active_days: row.take()? })
}

/// Returns groups in the order of their keys, one more than the request's limit if there are more,
/// and the sums of all groups, including those outside the page. Few tenants sell in several
/// currencies, so all facts are summed as one currency first; if they are not, they are read again.
pub async fn fact_page(
    reads: &impl Reads,
    group: &[DemandDimension],
    filter: &FactFilter,
    currency: Currency,
    request: &PageRequest,
) -> Result<(Vec<FactRow>, FactRow), Fault> {
    let first_page = page_of(reads, group, filter, (currency, Currencies::One), request).await?;
    if first_page.1.others == 0 && first_page.0.iter().all(|row| row.others == 0) {
        return Ok(first_page);
    }
    page_of(reads, group, filter, (currency, Currencies::Several), request).await
}

async fn page_of(
    reads: &impl Reads,
    group: &[DemandDimension],
    filter: &FactFilter,
    money: (Currency, Currencies),
    request: &PageRequest,
) -> Result<(Vec<FactRow>, FactRow), Fault> {
    if is_by_day(reads.backend(), group) {
        return page_by_day(reads, group, filter, money, request).await;
    }
    if let Some(halved_page) = halves::page_in_halves(reads, group, filter, money, request).await? {
        return Ok(halved_page);
    }
    // Side by side: neither rests on the other.
    let rows = fact_rows(reads, group, filter, money, request);
    tokio::try_join!(rows, fact_totals(reads, filter, money))
}

/// Reads the page by sums of days: the groups and the total are sums of those, so that the facts
/// are read once.
async fn page_by_day(
    reads: &impl Reads,
    group: &[DemandDimension],
    filter: &FactFilter,
    (currency, currencies): (Currency, Currencies),
    request: &PageRequest,
) -> Result<(Vec<FactRow>, FactRow), Fault> {
    let Condition { sql, mut values } = condition(reads, filter, Some(currency));
    let columns: Vec<&str> = group.iter().map(|one| one.column()).collect();
    let (after, order, bound_values) = keyset(&columns, false, request, values.len() + 2);
    values.extend(bound_values);
    let numbers: Vec<String> = (2..group.len() + 2).map(|nth| nth.to_string()).collect();
    let statement = format!(
        "WITH by_day AS MATERIALIZED ({days})
         SELECT * FROM (SELECT 0 AS is_total, {keys}, {sums} FROM by_day d WHERE TRUE{after} GROUP BY {numbers}{order}) page
         UNION ALL SELECT 1, {nulls}, {totals} FROM by_day d",
        days = days(group, &sql, currencies),
        keys = columns.join(", "),
        sums = sums_of_days("count(*)"),
        numbers = numbers.join(", "),
        nulls = vec!["NULL"; group.len()].join(", "),
        totals = sums_of_days("count(DISTINCT d.business_date)")
    );
    let (mut rows, mut totals) = (Vec::new(), None);
    for row in &reads.rows(&statement, values).await? {
        let mut row = Row::new(row);
        let is_total: i32 = row.take()?;
        let keys = keys_of(&mut row, group)?;
        let fact_row = read(&mut row, keys)?;
        if is_total == 1 {
            totals = Some(fact_row);
        } else {
            rows.push(fact_row);
        }
    }
    // A union keeps no order.
    rows.sort_by(|one, other| one.keys.cmp(&other.keys));
    if request.backward {
        rows.reverse();
    }
    let totals = totals.ok_or_else(|| Fault::Broken("a sum without a group has a row".to_owned()))?;
    Ok((rows, totals))
}

/// Groups in the order of their keys, one more than the request's limit if there are more.
async fn fact_rows(
    reads: &impl Reads,
    group: &[DemandDimension],
    filter: &FactFilter,
    (currency, currencies): (Currency, Currencies),
    request: &PageRequest,
) -> Result<Vec<FactRow>, Fault> {
    let Condition { sql, mut values } = condition(reads, filter, Some(currency));
    let columns: Vec<&str> = group.iter().map(|one| one.column()).collect();
    let (after, order, bound_values) = keyset(&columns, false, request, values.len() + 2);
    values.extend(bound_values);
    let numbers: Vec<String> = (1..=group.len()).map(|nth| nth.to_string()).collect();
    let condition = format!("{sql}{after}");
    let active_days = if group.contains(&DemandDimension::Day) {
        // A row is of one day. A distinct count would sort the rows, and Postgres would read them
        // with one process.
        "CAST(1 AS bigint)"
    } else {
        "count(DISTINCT d.business_date)"
    };
    // Sorted in the subquery that groups: rows that come in this order are read only as far as the
    // page reaches.
    let statement = format!(
        "SELECT {keys}, {sums} FROM demand_day d WHERE {condition} GROUP BY {numbers}{order}",
        keys = columns.join(", "),
        sums = sums(currencies, active_days),
        numbers = numbers.join(", ")
    );
    let read_row = |row: &QueryResult| {
        let mut row = Row::new(row);
        let keys = keys_of(&mut row, group)?;
        read(&mut row, keys)
    };
    reads.rows(&statement, values).await?.iter().map(read_row).collect()
}

/// The groups of all pages: a row of each.
pub fn fact_source(reads: &impl Reads, group: &[DemandDimension], filter: &FactFilter) -> ListSource {
    let Condition { sql, values } = condition(reads, filter, None);
    let columns: Vec<&str> = group.iter().map(|one| one.column()).collect();
    ListSource { from: format!("FROM demand_day d WHERE {sql} GROUP BY {}", columns.join(", ")), values }
}

/// Returns the sums of all groups, including those outside the page.
async fn fact_totals(
    reads: &impl Reads,
    filter: &FactFilter,
    (currency, currencies): (Currency, Currencies),
) -> Result<FactRow, Fault> {
    let Condition { sql, values } = condition(reads, filter, Some(currency));
    let statement = format!("SELECT {} FROM ({}) d", sums_of_days("count(*)"), days(&[], &sql, currencies));
    let rows = reads.rows(&statement, values).await?;
    let row = rows.first().ok_or_else(|| Fault::Broken("a sum without a group has a row".to_owned()))?;
    read(&mut Row::new(row), Vec::new())
}
