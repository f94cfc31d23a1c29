//! The expected day of a line: the confirmed day, else the stated one, else the day by the
//! supplier's lead time and calendar.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::order::{Line, PurchaseOrder};
use crate::{
    catalog::core::calendar::SupplierCalendar,
    stock::core::{At, Draft, Field, Rejection},
};

/// Lead time of a supplier for a product, and its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadTime {
    pub days: i32,
    pub from: LeadSource,
}

/// Lead times of a supplier for products, and the days on which it takes orders and delivers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadTimes {
    calendar: SupplierCalendar,
    /// Products without any lead time are missing.
    by_product: BTreeMap<ProductId, LeadTime>,
}

/// The expected day by the lead time, at the time when the line was ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadDay {
    /// Days since 1970-01-01.
    pub on: i32,
    pub from: LeadSource,
}

/// The supplier's confirmation of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Confirmation {
    pub on: Option<i32>,
    /// Quantity of the whole line.
    pub quantity: Option<Quantity>,
}

/// Source of a line's expected day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedFrom {
    Confirmed,
    Line,
    Order,
    SupplierProduct,
    Supplier,
}

impl LeadTime {
    /// Returns the lead time of the product in the supplier's catalogue, else the supplier's
    /// general one; None if both are missing.
    pub fn of(product: Option<i32>, supplier: Option<i32>) -> Option<Self> {
        let own = product.map(|days| Self { days, from: LeadSource::SupplierProduct });
        own.or_else(|| supplier.map(|days| Self { days, from: LeadSource::Supplier }))
    }
}

impl LeadTimes {
    pub fn new(calendar: SupplierCalendar, by_product: impl IntoIterator<Item = (ProductId, LeadTime)>) -> Self {
        Self { calendar, by_product: by_product.into_iter().collect() }
    }
    /// Returns the expected day of a product that is ordered from the supplier today; None without
    /// a lead time.
    pub(super) fn day(&self, product: ProductId, today: i32) -> Option<LeadDay> {
        let lead = self.by_product.get(&product)?;
        Some(LeadDay { on: self.calendar.arrival(today, lead.days), from: lead.from })
    }
}

impl Line {
    /// Returns the expected day and its source; `stated` is the day of the whole order. The columns
    /// have the same order of precedence in `stock/rows/expected.rs` and `alerts/rows/dated.rs`.
    pub fn expected(&self, stated: Option<i32>) -> Option<(i32, ExpectedFrom)> {
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
        let promised = self.confirmed.quantity.filter(|_| self.open.is_positive());
        promised.map_or(Quantity::ZERO, |promised| {
            let least = promised.get().max(self.received.get());
            Quantity::new((self.quantity.get() - least).max(0)).unwrap_or(Quantity::ZERO)
        })
    }
}

/// Sets the expected day by lead times for all lines: they are ordered now.
pub(super) fn set_expected_days(draft: &Draft<'_>, order: &mut PurchaseOrder, leads: &LeadTimes) -> Result<(), Rejection> {
    let Some(today) = today(draft, order)? else { return Ok(()) };
    for line in &mut order.lines {
        line.lead = leads.day(line.product, today);
    }
    Ok(())
}

/// Returns the local date in the order's store; None for an order without lines.
pub(super) fn today(draft: &Draft<'_>, order: &PurchaseOrder) -> Result<Option<i32>, Rejection> {
    let first = order.lines.first().map(|line| order.key(line));
    first.map(|key| draft.business_date(draft.now(), key, At::input(Field::Id))).transpose()
}
