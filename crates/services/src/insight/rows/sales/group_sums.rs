//! Sums of groups, by one statement.

use entity::record::{Record, Selected};
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::QueryResult;

use super::{
    documents, large,
    query::{AMOUNT, COST, SCALE, SalesQuery},
    return_settlements,
    side::{Side, nil_id_literal},
};
use crate::insight::{
    core::{SalesByGroup, Sums},
    rows::halves::rows_and_head,
};

/// Lines that the database sums. To check a line for being too large costs as much as to sum it: so
/// all are summed first, and if one is too large, the sum is repeated without such lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SummedLines {
    All,
    WithoutLarge,
}

/// The sums of a group, after its side and its key. `settled` lines are summed separately, and so
/// are `large` lines if requested. `by_document` has the same columns.
#[derive(Record)]
struct GroupSums {
    #[record(sql = "count(DISTINCT document)")]
    documents: i64,
    #[record(sql = "count(item)")]
    lines: i64,
    #[record(sql = "CAST(sum(CASE WHEN {large} = 1 THEN 0 WHEN item IS NULL THEN 0 ELSE quantity - cancelled END) AS bigint)")]
    units: i64,
    #[record(sql = "CAST(sum(CASE WHEN {large} = 1 THEN 0 WHEN item IS NULL THEN 0 ELSE {amount} END) AS bigint)")]
    amount: i64,
    #[record(sql = "CAST(sum(CASE WHEN {large} = 1 THEN 0 WHEN item IS NOT NULL THEN 0 ELSE {amount} END) AS bigint)")]
    charges: i64,
    #[record(sql = "CAST(sum(CASE WHEN {large} = 1 THEN 0 ELSE {cost} END) AS bigint)")]
    cost: i64,
    #[record(sql = "sum(large)")]
    large: i64,
    #[record(sql = "sum(settled)")]
    settled: i64,
}

impl SalesQuery {
    fn totals(&self, side: Side, backend: Backend, summed_lines: SummedLines) -> String {
        let groups = if summed_lines == SummedLines::All && self.is_by_document(backend) {
            self.totals_by_document(side, backend)
        } else {
            self.totals_by_line(side, backend, summed_lines)
        };
        match &self.span {
            None => groups,
            // The first groups of both sides together are among the first of each.
            Some(span) => {
                format!("SELECT * FROM ({groups} ORDER BY grp NULLS LAST LIMIT {}) AS side_{}", span.limit, side as i32)
            }
        }
    }

    /// The sums of one side by group, line by line: those of a document may be of several groups.
    fn totals_by_line(&self, side: Side, backend: Backend, summed_lines: SummedLines) -> String {
        let large = if summed_lines == SummedLines::All { "0" } else { "large" };
        let sums = GroupSums::SELECT.replace("{amount}", AMOUNT).replace("{cost}", &COST.replace("SCALE", SCALE));
        let (lines, span_condition) =
            (self.lines(side, backend, &self.group_expression(nil_id_literal(backend))), self.after_key_condition("grp"));
        format!(
            "SELECT {} AS side, grp, {} FROM ({lines}) x WHERE 1 = 1{span_condition} GROUP BY grp",
            side as i32,
            sums.replace("{large}", large)
        )
    }
}

/// Reads the sums with one statement; for a half also the last event at that time.
pub(super) async fn sales_at(
    reads: &impl Reads,
    query: &SalesQuery,
    is_half: bool,
) -> Result<(SalesByGroup, Option<i64>), Fault> {
    let backend = reads.backend();
    let (mut database_sums, head) = match read_sums(reads, query, SummedLines::All, is_half).await {
        Ok(all) if all.0.large == 0 => all,
        Err(fault) if !fault.is_overflow() => return Err(fault),
        Ok(_) | Err(_) => read_sums(reads, query, SummedLines::WithoutLarge, is_half).await?,
    };
    let tally = &mut database_sums.sold.groups;
    // One side of the last groups may not have been read: they are cut off.
    query.truncate_to_span(tally);
    if database_sums.large > 0 {
        let sql = format!("{} UNION ALL {}", query.large_lines(Side::Sales, backend), query.large_lines(Side::Returns, backend));
        for row in &reads.rows(&sql, query.values()).await? {
            large::add_large(query, row, tally)?;
        }
    }
    if database_sums.settled > 0 {
        return_settlements::apply_refunds(query, &reads.rows(&query.settled_lines(backend), query.values()).await?, tally)?;
    }
    Ok((database_sums.sold, head))
}

/// Sums by the database, and the numbers of lines that are too large for it and of settled returns.
#[derive(Default)]
struct DatabaseSums {
    sold: SalesByGroup,
    large: i64,
    settled: i64,
}

/// The columns of the statement: the side, the key of a group, and its sums.
const COLUMNS: usize = 10;

async fn read_sums(
    reads: &impl Reads,
    query: &SalesQuery,
    summed_lines: SummedLines,
    is_half: bool,
) -> Result<(DatabaseSums, Option<i64>), Fault> {
    let backend = reads.backend();
    let totals = |side| query.totals(side, backend, summed_lines);
    let counts = query.documents_counted(backend);
    let sql = format!("{} UNION ALL {}{counts}", totals(Side::Sales), totals(Side::Returns));
    let (rows, head) = if is_half {
        rows_and_head(reads, (sql.as_str(), COLUMNS), query.values()).await?
    } else {
        (reads.rows(&sql, query.values()).await?, None)
    };
    let mut database_sums = DatabaseSums::default();
    for row in &rows {
        add_totals(query, row, &mut database_sums)?;
    }
    Ok((database_sums, head))
}

fn add_totals(query: &SalesQuery, row: &QueryResult, totals: &mut DatabaseSums) -> Result<(), Fault> {
    let mut row = Row::new(row);
    let side: i32 = row.take()?;
    let key = query.key(&mut row)?;
    let group_row: GroupSums = row.record()?;
    if let Some(counted) = documents::count_index(side) {
        totals.sold.documents.get_or_insert_default()[counted] += i128::from(group_row.documents);
        return Ok(());
    }
    let sums = totals.sold.groups.entry(key).or_default();
    sums.add(&if side == Side::Sales as i32 {
        Sums {
            orders: group_row.documents.into(),
            order_lines: group_row.lines.into(),
            units_sold: group_row.units.into(),
            gross: group_row.amount.into(),
            charges: group_row.charges.into(),
            cost: group_row.cost.into(),
            ..Sums::default()
        }
    } else {
        Sums {
            returns: group_row.documents.into(),
            return_lines: group_row.lines.into(),
            units_returned: group_row.units.into(),
            refunds: group_row.amount.into(),
            charge_credits: group_row.charges.into(),
            ..Sums::default()
        }
    });
    totals.large += group_row.large;
    totals.settled += group_row.settled;
    Ok(())
}
