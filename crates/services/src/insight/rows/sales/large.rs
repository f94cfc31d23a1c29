//! Lines that are too large for the database to sum: they are summed here.

use entity::record::{Record, Selected};
use platform::storage::{Backend, Fault, Row};
use sea_orm::QueryResult;

use super::{
    query::SalesQuery,
    side::{Side, nil_id_literal},
};
use crate::insight::core::{SoldLine, Sums, Tally};

/// A line that is too large for the database to sum, after its side and its group's key.
#[derive(Record)]
struct LargeLine {
    #[record(sql = "CASE WHEN item IS NULL THEN 0 ELSE 1 END")]
    is_product: i32,
    #[record(sql = "quantity")]
    quantity: i64,
    #[record(sql = "cancelled")]
    cancelled: i64,
    #[record(sql = "total")]
    total: i64,
    #[record(sql = "cost")]
    cost: i64,
    #[record(sql = "decimals")]
    decimals: i32,
}

impl SalesQuery {
    pub(super) fn large_lines(&self, side: Side, backend: Backend) -> String {
        let (lines, span_condition) =
            (self.lines(side, backend, &self.group_expression(nil_id_literal(backend))), self.after_key_condition("grp"));
        format!("SELECT {}, grp, {} FROM ({lines}) x WHERE large = 1{span_condition}", side as i32, LargeLine::SELECT)
    }
}

pub(super) fn add_large(query: &SalesQuery, row: &QueryResult, tally: &mut Tally) -> Result<(), Fault> {
    let mut row = Row::new(row);
    let side: i32 = row.take()?;
    // The side's sums have a group for each line; lines of groups after the span are left out.
    let Some(sums) = tally.get_mut(&query.key(&mut row)?) else { return Ok(()) };
    let large_line: LargeLine = row.record()?;
    let is_product = large_line.is_product == 1;
    let line = SoldLine {
        quantity: large_line.quantity,
        cancelled: large_line.cancelled,
        total: large_line.total,
        unit_cost: large_line.cost,
        decimals: large_line.decimals as u8,
    };
    sums.add(&sums_of(side == Side::Sales as i32, is_product, &line));
    Ok(())
}

/// The units and the money of a line: of an order or of a return, of a product or of a charge.
fn sums_of(is_sale: bool, is_product: bool, line: &SoldLine) -> Sums {
    match (is_sale, is_product) {
        (true, true) => Sums { units_sold: line.units(), gross: line.amount(), cost: line.cost(), ..Sums::default() },
        (true, false) => Sums { charges: line.amount(), ..Sums::default() },
        (false, true) => Sums { units_returned: line.units(), refunds: line.amount(), ..Sums::default() },
        (false, false) => Sums { charge_credits: line.amount(), ..Sums::default() },
    }
}
