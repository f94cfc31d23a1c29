//! A product and its levels in stores.

use entity::prelude::*;
use forecast::ratios::is_dead;
use platform::plurals::pluralize;

use super::{
    criteria::Criteria,
    reason::{Reason, ReasonCode},
    response::Response,
};

/// Days of sales from which velocity and days of supply are computed: 13 weeks.
pub const SALES_DAYS: i32 = 91;
/// Maximum horizon, in weeks.
pub const MAX_WEEKS: i32 = 26;
/// Days of a month.
const MONTH_DAYS: f64 = 30.0;
/// Weeks of a history without a sale that count at most.
const MAX_SILENT_WEEKS: f64 = 52.0;

/// A product in a store. Units are the product's smallest.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    pub store: StoreId,
    /// Whether it can be listed, and whether goods can be sent there.
    pub is_asked: bool,
    pub is_target: bool,
    /// Neither reserved nor unavailable nor owed, nor about to be sent elsewhere.
    pub free: i64,
    /// On their way there from lines that were approved.
    pub coming: i64,
    /// The first day on which a unit was received or removed; None before the facts have one.
    pub first_day: Option<i32>,
    pub last_sale: Option<i32>,
    /// Sold on the last `SALES_DAYS`.
    pub sold: i64,
    /// Mean weekly units of the forecast. None without one.
    pub weekly: Option<f64>,
    /// The day after which half of the free units cannot be sold any more.
    pub expires: Option<i32>,
}

/// Another product that the product can be sold together with.
#[derive(Debug, Clone, PartialEq)]
pub struct Partner {
    pub product: ProductId,
    pub decimals: u8,
    /// Price of a whole unit, in minor units of the tenant's currency.
    pub price: i64,
    /// Frequency of orders with both products, relative to chance. None: the partner is a
    /// bestseller of the product's category.
    pub lift: Option<f64>,
    /// Stores in which it sells.
    pub levels: Vec<PartnerLevel>,
}

/// Stock and sales of a partner in a store, in whole units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartnerLevel {
    pub store: StoreId,
    pub free: f64,
    /// A week.
    pub weekly: f64,
}

/// A product in all of its stores. Amounts are minor units of the tenant's currency, of one whole unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    pub id: ProductId,
    pub decimals: u8,
    pub price: Option<i64>,
    pub cost: Option<f64>,
    pub supplier: Option<SupplierId>,
    pub response: Response,
    /// Whether a plan cuts its price already: no further markdown is proposed.
    pub is_cut: bool,
    /// Whether a plan sells it in a bundle already.
    pub is_bundled: bool,
    pub partner: Option<Partner>,
    pub levels: Vec<Level>,
}

impl Product {
    /// Smallest units of a whole one.
    pub fn scale(&self) -> f64 {
        10_f64.powi(self.decimals.into())
    }
    /// Returns the cost of units, in whole minor units.
    pub fn cost_of(&self, units: i64) -> Option<i64> {
        self.cost.map(|cost| (units as f64 / self.scale() * cost).round() as i64)
    }
}

impl Level {
    /// Whether the product sells in this store.
    pub fn has_sales(&self) -> bool {
        self.sold > 0 || self.weekly.is_some_and(|weekly| weekly > 0.0)
    }
    /// Units per week: of the forecast, or else of the last 13 weeks. Without any sale, half a
    /// whole unit in the weeks without one: no sale in a number of weeks does not prove that there
    /// will never be one.
    pub fn rate(&self, today: i32, scale: f64) -> f64 {
        if let Some(weekly) = self.weekly.filter(|weekly| *weekly > 0.0) {
            return weekly;
        }
        if self.sold > 0 {
            return self.sold as f64 * 7.0 / f64::from(SALES_DAYS);
        }
        let since = self.last_sale.or(self.first_day).unwrap_or(today);
        0.5 * scale / (f64::from(today - since) / 7.0).clamp(1.0, MAX_SILENT_WEEKS)
    }
    /// Whole weeks until it cannot be sold any more, 26 at most.
    pub fn weeks(&self, today: i32) -> i32 {
        self.expires.map_or(MAX_WEEKS, |day| ((day - today + 1).max(0) / 7).min(MAX_WEEKS))
    }
    /// Days since the last sale; None without any sale.
    pub fn days_without_sale(&self, today: i32) -> Option<i32> {
        self.last_sale.map(|day| (today - day).max(0))
    }
    /// Days that the free units last at the sales of the last 91 days; None without a sale.
    pub fn days_of_supply(&self) -> Option<f64> {
        (self.sold > 0).then(|| self.free.max(0) as f64 * f64::from(SALES_DAYS) / self.sold as f64)
    }

    /// Returns the reasons to list the level; empty if it is not listed.
    pub fn listing_reasons(&self, criteria: &Criteria, today: i32, (decimals, value): (u8, Option<i64>)) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if self.free <= 0 || value.unwrap_or_default() < criteria.least_value_minor {
            return reasons;
        }
        let age = self.first_day.map_or(0, |first| (today - first).max(0));
        let silent_days = self.days_without_sale(today);
        if is_dead(self.free, silent_days.map(i32::unsigned_abs), age.unsigned_abs(), criteria.days_without_sale.unsigned_abs()) {
            let text = match silent_days {
                Some(days) => format!("no sale for {}", pluralize(days, "day", "days")),
                None => format!("never sold in {}", pluralize(age, "day", "days")),
            };
            reasons.push(Reason::new(ReasonCode::NoSale, text));
        } else if age >= criteria.days_without_sale {
            reasons.extend(self.slow_reasons(criteria, decimals));
        }
        reasons.extend(criteria.expiring.then(|| self.expiry_reason(today, decimals)).flatten());
        reasons
    }

    fn slow_reasons(&self, criteria: &Criteria, decimals: u8) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let supply = self.days_of_supply();
        if let Some((days, max_days)) =
            supply.zip(criteria.slow_days_of_supply).filter(|(days, max_days)| *days > f64::from(*max_days))
        {
            let days = pluralize(format!("{days:.0}"), "day", "days");
            let text = format!("stock lasts {days}; more than {max_days} are slow");
            reasons.push(Reason::new(ReasonCode::LongSupply, text));
        }
        let monthly = self.sold as f64 / 10_f64.powi(decimals.into()) * MONTH_DAYS / f64::from(SALES_DAYS);
        if let Some(min_units) = criteria.slow_monthly_units.filter(|min_units| monthly < f64::from(*min_units)) {
            let text = format!("{monthly:.2} sold a month; fewer than {min_units} are slow");
            reasons.push(Reason::new(ReasonCode::SlowVelocity, text));
        }
        reasons
    }

    fn expiry_reason(&self, today: i32, decimals: u8) -> Option<Reason> {
        let day = self.expires?;
        let days_left = (day - today + 1).max(0);
        let expected_sales = self.rate(today, 10_f64.powi(decimals.into())) / 7.0 * f64::from(days_left);
        (expected_sales < self.free as f64).then(|| {
            let text = format!("half of it expires in {}, and is not sold by then", pluralize(days_left, "day", "days"));
            Reason::new(ReasonCode::Expires, text)
        })
    }
}
