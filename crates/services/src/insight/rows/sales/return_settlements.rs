//! Returns that gave back something else than their lines' own worth.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::return_line,
};
use platform::storage::{Backend, Fault, Row};
use sea_orm::QueryResult;
use uuid::Uuid;

use super::{
    query::{PRODUCT_OF_LINE, SalesQuery},
    side::{RETURNS, nil_id_literal},
};
use crate::insight::core::{ClosedReturn, Group, SoldLine, Tally};

/// A line of a closed return whose refund differs from its lines' value, after its group's key.
#[derive(Record)]
struct RefundedLine {
    #[record(sql = "o.id")]
    id: Uuid,
    #[record(sql = "o.refunded_minor")]
    refunded: i64,
    #[record(sql = "CASE WHEN l.product_id IS NULL THEN 0 ELSE 1 END")]
    is_product: i32,
    #[record(of = return_line, alias = "l")]
    quantity: Quantity,
    #[record(sql = "l.quantity - l.received")]
    cancelled: i64,
    #[record(of = return_line, alias = "l")]
    total_minor: i64,
    #[record(of = return_line, alias = "l")]
    unit_decimals: i32,
    /// Whether the line is of the query's products and groups.
    #[record(sql = "CASE WHEN {fits} THEN 1 ELSE 0 END")]
    fits: i32,
}

/// A condition that the refund of a closed return `o` differs from the value of its lines, or that
/// some of its units were not received.
pub(super) const DIFFERS: &str = "(o.refunded_minor <> o.refund_minor OR EXISTS (SELECT 1 FROM return_line u
                 WHERE u.tenant_id = $1 AND u.return_id = o.id AND u.received < u.quantity))";

/// The parts of a closed return that reports need.
struct SettledReturn {
    id: Uuid,
    refunded: i64,
    closed_return: ClosedReturn,
    /// True for each line of a product that matches the query's products.
    fits: Vec<bool>,
}

impl SalesQuery {
    /// Returns the statement for closed returns whose refund differs from their lines' own values:
    /// all lines, return by return.
    pub(super) fn settled_lines(&self, backend: Backend) -> String {
        let nil = nil_id_literal(backend);
        let key = self.group_expression(nil);
        let product = if self.group == Group::Category { PRODUCT_OF_LINE } else { "" };
        let span_condition = self.after_key_condition(&key);
        let fits = self.of_products().unwrap_or_else(|| "TRUE".to_owned());
        // A refund is divided among all lines of its return, so none of them may be left out.
        let (span_condition, fits) =
            if self.group.by_product() { (String::new(), format!("{fits}{span_condition}")) } else { (span_condition, fits) };
        format!(
            "SELECT {key} AS grp, {select}
             FROM {} CROSS JOIN return_line l {product}
             WHERE o.refunded_minor IS NOT NULL{}{span_condition} AND ({}) AND l.tenant_id = $1 AND l.return_id = o.id AND l.received > 0
               AND {DIFFERS}
             ORDER BY o.id, l.position",
            RETURNS.replace("{nil}", nil),
            self.bounds(),
            self.filter.condition,
            select = RefundedLine::SELECT.replace("{fits}", &fits)
        )
    }
}

/// Replaces the lines' own value, which was counted, by the refunds of closed returns.
pub(super) fn apply_refunds(query: &SalesQuery, rows: &[QueryResult], tally: &mut Tally) -> Result<(), Fault> {
    let mut returns: Vec<SettledReturn> = Vec::new();
    for row in rows {
        let mut row = Row::new(row);
        let (key, refund_row) = (query.key(&mut row)?, row.record::<RefundedLine>()?);
        let line = SoldLine {
            quantity: refund_row.quantity.get(),
            cancelled: refund_row.cancelled,
            total: refund_row.total_minor,
            unit_cost: 0,
            decimals: refund_row.unit_decimals as u8,
        };
        if returns.last().is_none_or(|last| last.id != refund_row.id) {
            let RefundedLine { id, refunded, .. } = refund_row;
            returns.push(SettledReturn { id, refunded, closed_return: ClosedReturn::default(), fits: Vec::new() });
        }
        let Some(last) = returns.last_mut() else { continue };
        // A share of the total, which fits.
        let line_share = (key, line.amount() as i64);
        if refund_row.is_product == 1 {
            last.closed_return.products.push(line_share);
            last.fits.push(refund_row.fits == 1);
        } else {
            last.closed_return.charges.push(line_share);
        }
    }
    for SettledReturn { refunded, closed_return: returned_lines, fits, .. } in returns {
        let (products, charges) = returned_lines.corrections(refunded);
        for ((key, refunds), _) in products.into_iter().zip(fits).filter(|(_, fits)| *fits) {
            tally.entry(key).and_modify(|sums| sums.refunds += refunds);
        }
        for (key, charge_credits) in charges.into_iter().filter(|_| query.has_charges()) {
            tally.entry(key).and_modify(|sums| sums.charge_credits += charge_credits);
        }
    }
    Ok(())
}
