//! Sums of groups, by one statement.

use entity::record::{Record, Selected};
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::QueryResult;

use super::{
    documents, large,
    query::{AMOUNT, COST, SCALE, SalesQuery},
    return_settlements,
    side::{Side, nil},
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
    fn totals(&self, side: Side, backend: Backend, summed: SummedLines) -> String {
        let groups = if summed == SummedLines::All && self.is_by_document(backend) {
            self.totals_by_document(side, backend)
        } else {
            self.totals_by_line(side, backend, summed)
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
    fn totals_by_line(&self, side: Side, backend: Backend, summed: SummedLines) -> String {
        let large = if summed == SummedLines::All { "0" } else { "large" };
        let sums = GroupSums::SELECT.replace("{amount}", AMOUNT).replace("{cost}", &COST.replace("SCALE", SCALE));
        let (lines, beyond) = (self.lines(side, backend, &self.grouped(nil(backend))), self.beyond("grp"));
        format!(
            "SELECT {} AS side, grp, {} FROM ({lines}) x WHERE 1 = 1{beyond} GROUP BY grp",
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
    let (mut found, head) = match summed(reads, query, SummedLines::All, is_half).await {
        Ok(all) if all.0.large == 0 => all,
        Err(fault) if !fault.is_overflow() => return Err(fault),
        Ok(_) | Err(_) => summed(reads, query, SummedLines::WithoutLarge, is_half).await?,
    };
    let tally = &mut found.sold.groups;
    // One side of the last groups may not have been read: they are cut off.
    query.cut(tally);
    if found.large > 0 {
        let sql = format!("{} UNION ALL {}", query.large_lines(Side::Sales, backend), query.large_lines(Side::Returns, backend));
        for row in &reads.rows(&sql, query.values()).await? {
            large::add_large(query, row, tally)?;
        }
    }
    if found.settled > 0 {
        return_settlements::apply_refunds(query, &reads.rows(&query.settled_lines(backend), query.values()).await?, tally)?;
    }
    Ok((found.sold, head))
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

async fn summed(
    reads: &impl Reads,
    query: &SalesQuery,
    summed: SummedLines,
    is_half: bool,
) -> Result<(DatabaseSums, Option<i64>), Fault> {
    let backend = reads.backend();
    let totals = |side| query.totals(side, backend, summed);
    let counts = query.documents_counted(backend);
    let sql = format!("{} UNION ALL {}{counts}", totals(Side::Sales), totals(Side::Returns));
    let (rows, head) = if is_half {
        rows_and_head(reads, (sql.as_str(), COLUMNS), query.values()).await?
    } else {
        (reads.rows(&sql, query.values()).await?, None)
    };
    let mut found = DatabaseSums::default();
    for row in &rows {
        add_totals(query, row, &mut found)?;
    }
    Ok((found, head))
}

fn add_totals(query: &SalesQuery, row: &QueryResult, all: &mut DatabaseSums) -> Result<(), Fault> {
    let mut row = Row::new(row);
    let side: i32 = row.take()?;
    let key = query.key(&mut row)?;
    let found: GroupSums = row.record()?;
    if let Some(counted) = documents::count_index(side) {
        all.sold.documents.get_or_insert_default()[counted] += i128::from(found.documents);
        return Ok(());
    }
    let sums = all.sold.groups.entry(key).or_default();
    sums.add(&if side == Side::Sales as i32 {
        Sums {
            orders: found.documents.into(),
            order_lines: found.lines.into(),
            units_sold: found.units.into(),
            gross: found.amount.into(),
            charges: found.charges.into(),
            cost: found.cost.into(),
            ..Sums::default()
        }
    } else {
        Sums {
            returns: found.documents.into(),
            return_lines: found.lines.into(),
            units_returned: found.units.into(),
            refunds: found.amount.into(),
            charge_credits: found.charges.into(),
            ..Sums::default()
        }
    });
    all.large += found.large;
    all.settled += found.settled;
    Ok(())
}
