//! Stock figures of a level over a period: stock-outs, lost units, turnover, days of supply.
//! Formulas as in `inventory-vectors.json` (Silver, Pyke & Thomas; Agrawal & Smith; Chopra &
//! Meindl; Levy & Weitz); a ratio without a denominator is None, never 0 and never infinite.

/// Maximum days of an event in a shown total: demand for a product that is out of stock for longer
/// has mostly ceased.
pub const EVENT_DAYS: i64 = 28;

/// Sums over one level, or several. Units are smallest ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StockPeriod {
    /// Days that close with stock, and days that close without.
    pub in_stock_days: i64,
    pub out_days: i64,
    /// Days without stock that are within `EVENT_DAYS` of the start of their event.
    pub capped_days: i64,
    /// Spans of days without stock, begun or continued.
    pub stockouts: i64,
    pub sold_in_stock: i64,
    pub sold_out: i64,
    pub opening: i128,
    pub received: i128,
    pub sold: i128,
    pub closing: i128,
    /// Sum of the closing stock of each day.
    pub closing_sum: i128,
}

impl StockPeriod {
    /// The share of days without stock (pub-06).
    pub fn stockout_rate(&self) -> Option<f64> {
        ratio(self.out_days.into(), i128::from(self.out_days) + i128::from(self.in_stock_days))
    }
    /// Units that were not sold because of `days` days without stock (pub-07): `substitution` is
    /// the share of buyers who take a substitute. None if no day had stock.
    pub fn lost_units(&self, days: i64, substitution: f64) -> Option<f64> {
        let daily_units = ratio(self.sold_in_stock.into(), self.in_stock_days.into())?;
        Some((daily_units * days as f64 * (1.0 - substitution) - self.sold_out as f64).max(0.0))
    }
    /// Units sold, divided by the mean closing stock of a day (pub-01, in units).
    pub fn turnover(&self, days: i64) -> Option<f64> {
        if self.closing_sum <= 0 {
            return None;
        }
        ratio(self.sold.checked_mul(days.into())?, self.closing_sum)
    }
    /// Returns the days that the closing stock lasts at the period's rate of sale (pub-03, pub-04).
    pub fn days_of_supply(&self, days: i64) -> Option<f64> {
        ratio(self.closing.checked_mul(days.into())?, self.sold)
    }
    /// Days of supply at the sales rate of days in stock.
    pub fn days_of_supply_in_stock(&self) -> Option<f64> {
        ratio(self.closing.checked_mul(self.in_stock_days.into())?, self.sold_in_stock.into())
    }
    /// Units sold, divided by those in stock or received (pub-08).
    pub fn sell_through(&self) -> Option<f64> {
        let available = self.opening.checked_add(self.received).filter(|available| *available > 0)?;
        ratio(self.sold, available)
    }
    pub fn join(&mut self, other: &Self) {
        self.in_stock_days += other.in_stock_days;
        self.out_days += other.out_days;
        self.capped_days += other.capped_days;
        self.stockouts += other.stockouts;
        self.sold_in_stock += other.sold_in_stock;
        self.sold_out += other.sold_out;
        self.opening += other.opening;
        self.received += other.received;
        self.sold += other.sold;
        self.closing += other.closing;
        self.closing_sum += other.closing_sum;
    }
}

fn ratio(part: i128, whole: i128) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}

/// To six decimals, as ratios are shown.
pub fn round6(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}
