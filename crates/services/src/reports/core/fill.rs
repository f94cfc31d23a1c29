//! Share of ordered units that left in time, and the hours until they left.

use forecast::ratios::ratio;

/// Sums over orders (vector pub-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fill {
    pub ordered_units: i128,
    pub shipped_units: i128,
    pub lines: i64,
    /// Lines that left whole.
    pub whole_lines: i64,
    pub orders: i64,
    /// Orders whose lines all left whole.
    pub whole_orders: i64,
}

impl Fill {
    /// Returns the sums of one order, whose lines are pairs of units ordered and units that left in
    /// time.
    pub fn of(lines: &[(i64, i64)]) -> Self {
        let whole_count = lines.iter().filter(|(ordered, shipped)| shipped >= ordered).count();
        Self {
            ordered_units: lines.iter().map(|(ordered, _)| i128::from(*ordered)).sum(),
            shipped_units: lines.iter().map(|(ordered, shipped)| i128::from(*shipped.min(ordered))).sum(),
            lines: lines.len() as i64,
            whole_lines: whole_count as i64,
            orders: 1,
            whole_orders: i64::from(whole_count == lines.len()),
        }
    }
    pub const fn join(&mut self, other: &Self) {
        self.ordered_units += other.ordered_units;
        self.shipped_units += other.shipped_units;
        self.lines += other.lines;
        self.whole_lines += other.whole_lines;
        self.orders += other.orders;
        self.whole_orders += other.whole_orders;
    }
    pub fn unit_rate(&self) -> Option<f64> {
        ratio(self.shipped_units as f64, self.ordered_units as f64)
    }
    pub fn line_rate(&self) -> Option<f64> {
        ratio(self.whole_lines as f64, self.lines as f64)
    }
    pub fn order_rate(&self) -> Option<f64> {
        ratio(self.whole_orders as f64, self.orders as f64)
    }
}

/// Hours from an order to each of its fulfilments.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hours {
    sorted: Vec<f64>,
}

/// A tail of fewer is an accident.
const MIN_FOR_TAIL: usize = 5;

impl Hours {
    pub fn of(mut hours: Vec<f64>) -> Self {
        hours.sort_by(f64::total_cmp);
        Self { sorted: hours }
    }
    pub fn count(&self) -> usize {
        self.sorted.len()
    }
    /// Median of the hours; None without any.
    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }
    /// 90 % quantile of the hours; None for fewer than five.
    pub fn p90(&self) -> Option<f64> {
        self.quantile(0.9).filter(|_| self.count() >= MIN_FOR_TAIL)
    }
    /// Between the two nearest, in proportion.
    fn quantile(&self, share: f64) -> Option<f64> {
        let position = self.sorted.len().checked_sub(1)? as f64 * share;
        let (low, high) = (*self.sorted.get(position.floor() as usize)?, *self.sorted.get(position.ceil() as usize)?);
        Some(low + (high - low) * position.fract())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_have_no_tail() {
        let hours = Hours::of(vec![4.0, 1.0, 3.0, 2.0]);
        assert_eq!((hours.count(), hours.median(), hours.p90()), (4, Some(2.5), None));
        let hours = Hours::of((0..11).map(f64::from).collect());
        assert_eq!((hours.median(), hours.p90()), (Some(5.0), Some(9.0)));
        assert_eq!(Hours::default().median(), None);
    }

    #[test]
    fn what_left_beyond_the_order_is_no_more_than_whole() {
        let fill = Fill::of(&[(3, 5)]);
        assert_eq!((fill.unit_rate(), fill.order_rate()), (Some(1.0), Some(1.0)));
        assert_eq!(Fill::default().unit_rate(), None);
    }
}
