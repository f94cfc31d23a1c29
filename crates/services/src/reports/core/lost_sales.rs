//! Cost of stock-outs in money.

use crate::demand::{core::StockPeriod, shell::LostUnits};

/// The price and the cost of one smallest unit, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct UnitPrice {
    pub price: f64,
    /// None if the cost is unknown.
    pub cost: Option<f64>,
}

/// Minor units if half of the buyers, the requested share, or none take a substitute. Rounded once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LossRange {
    pub low: i64,
    pub mid: i64,
    pub high: i64,
}

impl LossRange {
    fn of(units: LostUnits, unit_price: f64) -> Self {
        let minor = |units: f64| (units * unit_price).round() as i64;
        Self { low: minor(units.low), mid: minor(units.mid), high: minor(units.high) }
    }
    pub const fn join(&mut self, other: Self) {
        self.low = self.low.saturating_add(other.low);
        self.mid = self.mid.saturating_add(other.mid);
        self.high = self.high.saturating_add(other.high);
    }
}

/// Units that a level lost by `days` days out of stock, their revenue, and their margin. None if no
/// day had stock; money is None without a price, and the margin also without a cost.
pub fn lost_sales_of(
    period: &StockPeriod,
    days: i64,
    substitution: f64,
    priced: Option<UnitPrice>,
) -> Option<(LostUnits, Option<LossRange>, Option<LossRange>)> {
    let units = LostUnits::of(period, days, substitution)?;
    let revenue = priced.map(|priced| LossRange::of(units, priced.price));
    let margin = priced.and_then(|priced| Some(LossRange::of(units, priced.price - priced.cost?)));
    Some((units, revenue, margin))
}
