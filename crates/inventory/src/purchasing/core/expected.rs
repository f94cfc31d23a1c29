//! The day that a line is expected on: as it was confirmed, as somebody stated it, else as the supplier's lead time and calendar give it.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::order::{Line, PurchaseOrder};
use crate::{
    catalog::core::calendar::SupplierCalendar,
    stock::core::{At, Draft, Field, Rejection},
};

/// How long a supplier takes for a product, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadTime {
    pub days: i32,
    pub from: LeadSource,
}

/// How long a supplier takes for products, and the days on which it takes orders and delivers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadTimes {
    calendar: SupplierCalendar,
    /// One that nobody says anything of is not in it.
    by_product: BTreeMap<ProductId, LeadTime>,
}

/// The day that a lead time gave when the line went to the supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadDay {
    /// Days since 1970-01-01.
    pub on: i32,
    pub from: LeadSource,
}

/// What the supplier confirmed of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Confirmation {
    pub on: Option<i32>,
    /// Of the whole line.
    pub quantity: Option<Quantity>,
}

/// Who says the day that a line is expected on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedFrom {
    Confirmed,
    Line,
    Order,
    SupplierProduct,
    Supplier,
}

impl LeadTime {
    /// The supplier's catalogue says it of the product, else the supplier of everything; None where neither does.
    pub fn of(product: Option<i32>, supplier: Option<i32>) -> Option<Self> {
        let own = product.map(|days| Self { days, from: LeadSource::SupplierProduct });
        own.or_else(|| supplier.map(|days| Self { days, from: LeadSource::Supplier }))
    }
}

impl LeadTimes {
    pub fn new(calendar: SupplierCalendar, by_product: impl IntoIterator<Item = (ProductId, LeadTime)>) -> Self {
        Self { calendar, by_product: by_product.into_iter().collect() }
    }
    /// The day that they give for a product that goes to the supplier today. None where nobody says how long it takes.
    pub(super) fn day(&self, product: ProductId, today: i32) -> Option<LeadDay> {
        let lead = self.by_product.get(&product)?;
        Some(LeadDay { on: self.calendar.arrival(today, lead.days), from: lead.from })
    }
}

impl Line {
    /// The day that it is expected on, with who says so; `stated` is the order's own. The columns stand in the same order in
    /// `stock/rows/expected.rs` and `alerts/rows/dated.rs`.
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
    /// What the supplier does not promise of it and has not delivered either.
    pub fn promised_short(&self) -> Quantity {
        let promised = self.confirmed.quantity.filter(|_| self.open.is_positive());
        promised.map_or(Quantity::ZERO, |promised| {
            let least = promised.get().max(self.received.get());
            Quantity::new((self.quantity.get() - least).max(0)).unwrap_or(Quantity::ZERO)
        })
    }
}

/// Notes the day that lead times give, of all lines: they go to the supplier now.
pub(super) fn note_lead_days(draft: &Draft<'_>, order: &mut PurchaseOrder, leads: &LeadTimes) -> Result<(), Rejection> {
    let Some(today) = today(draft, order)? else { return Ok(()) };
    for line in &mut order.lines {
        line.lead = leads.day(line.product, today);
    }
    Ok(())
}

/// The day that it is in the order's store; None of an order without lines.
pub(super) fn today(draft: &Draft<'_>, order: &PurchaseOrder) -> Result<Option<i32>, Rejection> {
    let first = order.lines.first().map(|line| order.key(line));
    first.map(|key| draft.business_date(draft.now(), key, At::input(Field::Id))).transpose()
}
