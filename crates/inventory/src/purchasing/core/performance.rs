//! Delivery performance of a supplier.

/// A delivery as a whole: a placed order that is complete, because it was received, closed or
/// cancelled; or the overdue lines of one that is not.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Delivery {
    /// Days from ordering to the last receipt; None if nothing arrived, or more is expected.
    pub lead_days: Option<f64>,
    /// True if everything that arrived did so on the day agreed for its line or before, and nothing
    /// is overdue; None if no day was agreed or nothing arrived.
    pub was_on_time: Option<bool>,
    /// Ordered quantity of all lines, and the received part of it, in smallest units; units beyond
    /// a line's quantity do not count.
    pub ordered: i64,
    pub received: i64,
    pub lines: i64,
    /// Lines that were delivered in full.
    pub whole_lines: i64,
    /// All units that arrived, also beyond the lines; `damaged` and `returned` are part of them.
    pub came: i64,
    pub damaged: i64,
    pub returned: i64,
}

impl Delivery {
    const fn is_delivered_in_full(&self) -> bool {
        self.whole_lines == self.lines
    }
}

/// Figures over all deliveries. A share of nothing is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Performance {
    pub orders: usize,
    pub lead_days_mean: Option<f64>,
    /// Standard deviation of the sample; `None` for fewer than two.
    pub lead_days_deviation: Option<f64>,
    /// Received share of ordered units.
    pub unit_fill: Option<f64>,
    /// Share of lines that were delivered in full.
    pub line_fill: Option<f64>,
    /// Share of orders that were delivered in full.
    pub order_fill: Option<f64>,
    pub on_time: Option<f64>,
    /// Share of orders that were delivered in full and on time, among those with an agreed day.
    pub on_time_in_full: Option<f64>,
    /// Damaged and returned shares of received units.
    pub damaged: Option<f64>,
    pub returned: Option<f64>,
}

/// Unit fill = delivered ÷ ordered; line fill = lines delivered in full ÷ lines; order fill =
/// orders delivered in full ÷ orders. Units beyond the ordered quantity do not count (Silver, Pyke
/// & Thomas, 4th ed. 2017).
fn fill_rates(orders: &[Delivery]) -> [Option<f64>; 3] {
    let whole_count = orders.iter().filter(|order| order.is_delivered_in_full()).count();
    [
        share(sum(orders, |order| order.received), sum(orders, |order| order.ordered)),
        share(sum(orders, |order| order.whole_lines), sum(orders, |order| order.lines)),
        share(whole_count as i128, orders.len() as i128),
    ]
}

fn sum(orders: &[Delivery], figure: fn(&Delivery) -> i64) -> i128 {
    orders.iter().map(|order| i128::from(figure(order))).sum()
}

fn share(part: i128, whole: i128) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Mean and standard deviation of a sample (n − 1).
pub fn mean_and_deviation(sample: &[f64]) -> (Option<f64>, Option<f64>) {
    let count = sample.len() as f64;
    if sample.is_empty() {
        return (None, None);
    }
    let mean = sample.iter().sum::<f64>() / count;
    let squares: f64 = sample.iter().map(|value| (value - mean).powi(2)).sum();
    (Some(mean), (sample.len() > 1).then(|| (squares / (count - 1.0)).sqrt()))
}

/// Least deliveries for a meaningful deviation.
const MIN_SAMPLE_DELIVERIES: i64 = 3;

/// Returns the standard deviation of a sample (n − 1) from its size, sum and sum of squares; 0 if
/// the sample is too small to be meaningful.
pub fn lead_deviation(size: i64, sum: f64, squares: f64) -> f64 {
    if size < MIN_SAMPLE_DELIVERIES {
        return 0.0;
    }
    let count = size as f64;
    ((squares - sum * sum / count) / (count - 1.0)).max(0.0).sqrt()
}

pub fn performance(deliveries: &[Delivery]) -> Performance {
    let lead: Vec<f64> = deliveries.iter().filter_map(|delivery| delivery.lead_days).collect();
    let judged_deliveries: Vec<&Delivery> = deliveries.iter().filter(|delivery| delivery.was_on_time.is_some()).collect();
    let on_time: Vec<&Delivery> =
        judged_deliveries.iter().copied().filter(|delivery| delivery.was_on_time == Some(true)).collect();
    let whole_on_time = on_time.iter().filter(|delivery| delivery.is_delivered_in_full()).count();
    let (lead_days_mean, lead_days_deviation) = mean_and_deviation(&lead);
    let [unit_fill, line_fill, order_fill] = fill_rates(deliveries);
    Performance {
        orders: deliveries.len(),
        lead_days_mean,
        lead_days_deviation,
        unit_fill,
        line_fill,
        order_fill,
        on_time: share(on_time.len() as i128, judged_deliveries.len() as i128),
        on_time_in_full: share(whole_on_time as i128, judged_deliveries.len() as i128),
        damaged: share(sum(deliveries, |delivery| delivery.damaged), sum(deliveries, |delivery| delivery.came)),
        returned: share(sum(deliveries, |delivery| delivery.returned), sum(deliveries, |delivery| delivery.came)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_delivered_is_no_share() {
        assert_eq!(performance(&[]), Performance::default());
        let line = |ordered, received, whole_lines| Delivery { ordered, received, lines: 1, whole_lines, ..Delivery::default() };
        assert_eq!(fill_rates(&[line(0, 0, 1)]), [None, Some(1.0), Some(1.0)]);
        assert_eq!(fill_rates(&[line(10, 10, 1), line(10, 5, 0)]), [Some(0.75), Some(0.5), Some(0.5)]);
    }

    #[test]
    fn an_order_is_kept_whole_and_on_its_day() {
        let of = |was_on_time, whole_lines, [came, damaged, returned]: [i64; 3]| Delivery {
            was_on_time,
            lines: 2,
            whole_lines,
            came,
            damaged,
            returned,
            ..Delivery::default()
        };
        let late = of(Some(false), 2, [10, 0, 0]);
        let short = of(Some(true), 1, [6, 3, 1]);
        let kept = of(Some(true), 2, [4, 0, 1]);
        let found = performance(&[late, short, kept, of(None, 2, [0; 3])]);
        assert_eq!((found.on_time, found.on_time_in_full), (Some(2.0 / 3.0), Some(1.0 / 3.0)), "one without a day is in neither");
        assert_eq!((found.damaged, found.returned), (Some(0.15), Some(0.1)));
        let never = performance(&[of(None, 0, [0; 3])]);
        assert_eq!((never.on_time_in_full, never.damaged, never.returned), (None, None, None));
    }

    #[test]
    fn a_few_deliveries_say_nothing_of_their_deviation() {
        let known = |sample: &[f64]| lead_deviation(sample.len() as i64, sample.iter().sum(), sample.iter().map(|x| x * x).sum());
        assert_eq!((known(&[]), known(&[2.0, 9.0])), (0.0, 0.0));
        let sample = [2.0, 4.0, 9.0];
        assert!((known(&sample) - mean_and_deviation(&sample).1.unwrap()).abs() < 1e-12);
        assert!(known(&[7.1, 7.1, 7.1]) < 1e-6, "never a root of less than nothing");
    }

    #[test]
    fn deviation_is_that_of_a_sample() {
        assert_eq!(mean_and_deviation(&[2.0, 4.0]), (Some(3.0), Some(2.0_f64.sqrt())));
        assert_eq!(mean_and_deviation(&[2.0]), (Some(2.0), None));
    }
}
