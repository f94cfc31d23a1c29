//! Lead times of a supplier, and the expected days by them and by the supplier's calendar.

use std::collections::BTreeMap;

use entity::prelude::*;

use crate::catalog::core::calendar::SupplierCalendar;

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

impl LeadTime {
    /// Returns the lead time of the product in the supplier's catalogue, else the supplier's
    /// general one; None if both are missing.
    pub fn of(product: Option<i32>, supplier: Option<i32>) -> Option<Self> {
        let product_lead = product.map(|days| Self { days, from: LeadSource::SupplierProduct });
        product_lead.or_else(|| supplier.map(|days| Self { days, from: LeadSource::Supplier }))
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
