//! The expected day of a line: the confirmed day, else the stated one, else the day by the
//! supplier's lead time and calendar.

use entity::prelude::*;

use super::{
    lead_time::LeadTimes,
    order::{Line, PurchaseOrder},
};
use crate::stock::core::{At, Draft, Field, Rejection};

/// Source of a line's expected day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedFrom {
    Confirmed,
    Line,
    Order,
    SupplierProduct,
    Supplier,
}

impl Line {
    /// Returns the expected day and its source; `stated` is the day of the whole order. The columns
    /// have the same order of precedence in `stock/rows/expected_arrivals.rs` and `alerts/rows/dated.rs`.
    pub fn expected_day(&self, stated: Option<i32>) -> Option<(i32, ExpectedFrom)> {
        let from = |day: Option<i32>, from: ExpectedFrom| day.map(|day| (day, from));
        let lead = self.lead.map(|lead| match lead.from {
            LeadSource::SupplierProduct => (lead.on, ExpectedFrom::SupplierProduct),
            LeadSource::Supplier => (lead.on, ExpectedFrom::Supplier),
        });
        from(self.confirmed.on, ExpectedFrom::Confirmed)
            .or_else(|| from(self.expected_on, ExpectedFrom::Line))
            .or_else(|| from(stated, ExpectedFrom::Order))
            .or(lead)
    }
    /// Returns the quantity of an open line that the supplier neither confirmed nor delivered.
    pub fn promised_short(&self) -> Quantity {
        let promised_quantity = self.confirmed.quantity.filter(|_| self.open.is_positive());
        promised_quantity.map_or(Quantity::ZERO, |promised_quantity| {
            let least = promised_quantity.get().max(self.received.get());
            Quantity::new((self.quantity.get() - least).max(0)).unwrap_or(Quantity::ZERO)
        })
    }
}

/// Sets the expected day by lead times for all lines: they are ordered now.
pub(super) fn set_expected_days(draft: &Draft<'_>, order: &mut PurchaseOrder, leads: &LeadTimes) -> Result<(), Rejection> {
    let Some(today) = local_today(draft, order)? else { return Ok(()) };
    for line in &mut order.lines {
        line.lead = leads.day(line.product, today);
    }
    Ok(())
}

/// Returns the local date in the order's store; None for an order without lines.
pub(super) fn local_today(draft: &Draft<'_>, order: &PurchaseOrder) -> Result<Option<i32>, Rejection> {
    let first_key = order.lines.first().map(|line| order.key(line));
    first_key.map(|key| draft.business_date(draft.now(), key, At::input(Field::Id))).transpose()
}
