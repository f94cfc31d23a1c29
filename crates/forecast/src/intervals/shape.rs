//! The shape of a week: which share of its demand, and of the variance of it, comes on which day, on how many days anything is sold, and how much on one.

use crate::weekdays::ByDay;

const WEEK: usize = 7;
/// Days with sales whose units are remembered; of more, each second, fourth … of a weekday is.
const MAX_DAYS: usize = 64;
/// Figures that the units of days with sales are kept as.
const MAX_SIZES: usize = 16;
/// Fewer whole weeks have no shape.
const MIN_WEEKS: u32 = 8;
/// The statistic of even weekdays is beyond it in one of a thousand cases: χ² of six degrees of freedom at 99.9 %.
const CHI_SQUARED_LIMIT: f64 = 22.46;
/// Degrees of freedom less two, by which James and Stein (Estimation with Quadratic Loss, 1961) shrink means towards their mean.
const SHRINKAGE_DEGREES: f64 = 4.0;
/// Part of the week's variance, by shares of the mean, in each weekday's variance; the rest is
/// measured for the weekday. 52 days measure a variance to within a fifth.
const SHARED_VARIANCE_PART: f64 = 0.2;
/// A deviation of more mean steps than this is that of a giant, which steps are cut at.
pub(super) const MAX_STEPS: f64 = 2.0;
/// A sale of no more usual ones, by their median, is no giant, however few sales there were.
const OUTLIER_FACTOR: f64 = 5.0;
/// Tolerance for a product that is whole except for rounding errors.
const PRODUCT_TOLERANCE: f64 = 1e-9;

/// Whole weeks of a series by day, from which its shape is found. It takes the same memory however many they are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DayTally {
    units: ByDay<f64>,
    squares: ByDay<f64>,
    sold: ByDay<u32>,
    /// Places, weekdays and units of days with sales.
    sizes: Vec<(u16, u8, f32)>,
    sales: u32,
    halvings: u32,
}

/// A weekday: shares of the week's mean and variance, 0 to 1, and the chance that anything is sold on it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DayShare {
    pub mean: f64,
    pub spread: f64,
    pub sold: f64,
}

impl DayShare {
    /// Share of one of seven equal weekdays.
    pub const fn even(sold: f64) -> Self {
        let share = 1.0 / WEEK as f64;
        Self { mean: share, spread: share, sold }
    }
}

/// The shape of a series' weeks. Source: decision 0379.
#[derive(Debug, Clone, PartialEq)]
pub struct DayShape {
    /// Monday first. Means and spreads each add up to 1.
    pub days: ByDay<DayShare>,
    /// Mean units of a week, and the sum of the variances of its days.
    pub weekly: f64,
    pub variance: f64,
    /// Units of days with sales, each divided by the mean of its weekday's such days: at most 16, ascending.
    pub sizes: Vec<f32>,
    /// Days with sales that it rests on.
    pub sales: u32,
    /// Whether all weekdays are alike, for all that is known.
    pub is_even: bool,
}

impl DayShape {
    /// Whether the series has enough sales to measure the largest of them for a promise: at least
    /// half a sale is expected beyond its quantile.
    pub fn has_enough_sales(&self, service: f64) -> bool {
        f64::from(self.sales) * (1.0 - service) >= 0.5 - PRODUCT_TOLERANCE
    }
}

impl DayTally {
    /// Adds a week on all of whose days the series could be sold, Monday first. Fewer units than none are none.
    pub fn add(&mut self, week: &ByDay<f64>) {
        for (day, units) in week.iter().copied().enumerate().filter(|(_, units)| *units > 0.0) {
            self.record_sale(day, units);
            self.units[day] += units;
            self.squares[day] += units * units;
            self.sold[day] += 1;
        }
    }
    /// Sales are counted off by weekday, Tuesdays from one on, Wednesdays from two on: each second or fourth of all sales together would be those of the same
    /// weekdays where a product sells on two, four or six days of each week.
    fn record_sale(&mut self, day: usize, units: f64) {
        self.sales += 1;
        let place = (self.sold[day] as usize + day) as u16;
        if place.is_multiple_of(1 << self.halvings) && self.sizes.len() == MAX_DAYS {
            self.halvings += 1;
            let step = 1_u16 << self.halvings;
            self.sizes.retain(|(place, ..)| place.is_multiple_of(step));
        }
        if place.is_multiple_of(1 << self.halvings) {
            self.sizes.push((place, day as u8, units as f32));
        }
    }
    /// The shape of `weeks` whole weeks, including those without sales. `None` for fewer than
    /// eight, and without sales.
    pub fn shape(&self, weeks: u32) -> Option<DayShape> {
        let total: f64 = self.units.iter().sum();
        if weeks < MIN_WEEKS || total <= 0.0 {
            return None;
        }
        let weeks = f64::from(weeks);
        let mean = total / (WEEK as f64 * weeks);
        let variance = (self.squares.iter().sum::<f64>() / (WEEK as f64 * weeks) - mean * mean).max(0.0);
        let between: f64 = self.units.iter().map(|units| weeks * (units / weeks - mean).powi(2)).sum();
        let uneven = if variance > 0.0 { between / variance } else { 0.0 };
        let is_even = uneven <= CHI_SQUARED_LIMIT;
        let (days, variance) = if is_even {
            let sold = f64::from(self.sales) / (WEEK as f64 * weeks);
            ([DayShare::even(sold.min(1.0)); WEEK], WEEK as f64 * variance)
        } else {
            self.uneven_shares(weeks, mean, SHRINKAGE_DEGREES / uneven)
        };
        let sizes = self.sizes(is_even);
        Some(DayShape { days, weekly: total / weeks, variance, sizes, sales: self.sales, is_even })
    }
    /// Means by weekday, shrunk towards their mean, and variances beside their sum. A weekday without sales has no part in the week.
    fn uneven_shares(&self, weeks: f64, mean: f64, shrunk: f64) -> (ByDay<DayShare>, f64) {
        let day_mean =
            |day: usize| if self.sold[day] > 0 { (1.0 - shrunk) * self.units[day] / weeks + shrunk * mean } else { 0.0 };
        let means: ByDay<f64> = std::array::from_fn(day_mean);
        let total: f64 = means.iter().sum();
        let own_variances: ByDay<f64> =
            std::array::from_fn(|day| (self.squares[day] / weeks - (self.units[day] / weeks).powi(2)).max(0.0));
        let variance: f64 = own_variances.iter().sum();
        let share = |day: usize| {
            let mean = means[day] / total;
            let spread = if variance > 0.0 {
                (1.0 - SHARED_VARIANCE_PART) * own_variances[day] / variance + SHARED_VARIANCE_PART * mean
            } else {
                mean
            };
            DayShare { mean, spread, sold: (f64::from(self.sold[day]) / weeks).min(1.0) }
        };
        (std::array::from_fn(share), variance)
    }
    /// Units of days with sales over their means: all of few, and the largest with as much more as each is likely to be beyond it; of many the means of equal
    /// parts, the last half way to the largest.
    fn sizes(&self, is_even: bool) -> Vec<f32> {
        let sales: u32 = self.sold.iter().sum();
        let all = self.units.iter().sum::<f64>() / f64::from(sales.max(1));
        let mean = |day: usize| if is_even { all } else { self.units[day] / f64::from(self.sold[day].max(1)) };
        let mut sizes: Vec<f64> = self.sizes.iter().map(|(_, day, units)| f64::from(*units) / mean(usize::from(*day))).collect();
        sizes.sort_by(f64::total_cmp);
        let (count, Some(largest)) = (sizes.len(), sizes.last().copied()) else { return Vec::new() };
        if count < MAX_SIZES {
            sizes.push(largest * (1.0 + 1.0 / count as f64));
        } else if count > MAX_SIZES {
            let part = |index: usize| &sizes[index * count / MAX_SIZES..(index + 1) * count / MAX_SIZES];
            let mut means: Vec<f64> = (0..MAX_SIZES).map(part).map(|part| part.iter().sum::<f64>() / part.len() as f64).collect();
            if let Some(last) = means.last_mut() {
                *last = f64::midpoint(*last, largest);
            }
            sizes = means;
        }
        sizes.into_iter().map(|size| size as f32).collect()
    }
}

/// A part of the coming time beside whole weeks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub whole: usize,
    /// Shares of a week's mean and variance.
    pub mean: f64,
    pub spread: f64,
    /// The chance of any demand, over that of one week more than the whole ones.
    pub chance: f64,
}

impl Span {
    /// Weeks whose days are all alike, and sell each day.
    pub const fn even(whole: usize, part: f64) -> Self {
        Self { whole, mean: part, spread: part, chance: 1.0 }
    }
    /// Whether the span is whole weeks: the partial week has no demand.
    pub fn is_whole(&self) -> bool {
        self.mean <= 0.0 || self.chance <= 0.0
    }
}

/// The shape of a series, and the weekday that the coming time begins with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DaysAhead<'a> {
    shape: &'a DayShape,
    first: usize,
}

impl<'a> DaysAhead<'a> {
    /// From a weekday on, 0 for Monday.
    pub fn new(shape: &'a DayShape, first: usize) -> Self {
        Self { shape, first: first % WEEK }
    }
    /// Returns the same shape, beginning with another weekday.
    #[must_use]
    pub fn on(self, first: usize) -> Self {
        Self::new(self.shape, first)
    }
    pub fn shape(&self) -> &'a DayShape {
        self.shape
    }
    /// The weekday that it begins with, 0 for Monday.
    pub fn weekday(&self) -> usize {
        self.first
    }
    fn day(&self, offset: usize) -> &'a DayShare {
        &self.shape.days[(self.first + offset) % WEEK]
    }
    /// Whole weeks and the days after them, less than a week.
    pub(super) fn span(&self, whole: usize, days: f64) -> Span {
        let (mut mean, mut spread, mut none) = (0.0, 0.0, 1.0);
        for offset in 0..WEEK {
            let part = (days - offset as f64).clamp(0.0, 1.0);
            let day = self.day(offset);
            mean += part * day.mean;
            spread += part * day.spread;
            none *= (1.0 - day.sold).powf(part);
        }
        let none_a_week: f64 = self.shape.days.iter().map(|day| 1.0 - day.sold).product();
        let weeks = whole.min(usize::from(u8::MAX)) as i32;
        let all = 1.0 - none_a_week.powi(weeks + 1);
        let chance = if all > 0.0 { ((1.0 - none * none_a_week.powi(weeks)) / all).min(1.0) } else { 1.0 };
        Span { whole, mean, spread, chance: if mean > 0.0 { chance } else { 0.0 } }
    }
    /// The chance of any sale, `ahead` whole days from now.
    pub fn sale_chance(&self, ahead: usize) -> f64 {
        self.day(ahead).sold
    }
    /// Equally likely units of a day with sales, `ahead` whole days from now, if `daily` units are
    /// forecast of a mean day and errors of sums are scaled by `scale`. Giants, of more than five
    /// usual sales and with which days would vary by more than twice that scale, are cut to the
    /// next smaller sale. A higher forecast than past sales first means more days with sales; a
    /// lower one, fewer. Empty if nothing is sold on that weekday.
    pub fn sales(&self, ahead: usize, daily: f64, scale: f64) -> Vec<f64> {
        let day = self.day(ahead);
        if day.sold <= 0.0 || day.mean <= 0.0 {
            return Vec::new();
        }
        let (usual, current_units) = (self.shape.weekly * day.mean / day.sold, daily * WEEK as f64 * day.mean);
        let mut sales: Vec<f64> =
            self.shape.sizes.iter().map(|size| f64::from(*size) * usual).filter(|units| *units > 0.0).collect();
        let count = sales.len() as f64;
        let a_day = |sum: f64| day.sold * sum / count;
        let max_square = day.spread * (MAX_STEPS * scale).powi(2) + current_units * current_units;
        let giant = OUTLIER_FACTOR * sales.get(sales.len() / 2).copied().unwrap_or_default();
        for largest in (1..sales.len()).rev() {
            if sales[largest] <= giant || a_day(sales.iter().map(|units| units * units).sum()) <= max_square {
                break;
            }
            let next = sales[largest - 1];
            sales[largest..].fill(next);
        }
        let ratio = current_units / a_day(sales.iter().sum());
        let growth = if ratio < 1.0 { 1.0 - day.sold * (1.0 - ratio) } else { (day.sold * ratio).max(1.0) };
        sales.iter_mut().for_each(|units| *units *= growth);
        sales
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(weeks: u32, week: impl Fn(u32) -> ByDay<f64>) -> Option<DayShape> {
        let mut tally = DayTally::default();
        (0..weeks).for_each(|nth| tally.add(&week(nth)));
        tally.shape(weeks)
    }
    fn saturdays() -> DayShape {
        of(32, |week| [0.0, 0.0, 0.0, 0.0, 0.0, f64::from(20 + week % 5), 0.0]).unwrap()
    }
    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-6
    }

    #[test]
    fn a_product_of_saturdays_has_its_week_on_them() {
        let shape = saturdays();
        let saturday = shape.days[5];
        assert!(
            !shape.is_even && near(saturday.mean, 1.0) && near(saturday.spread, 1.0) && near(saturday.sold, 1.0),
            "{shape:?}"
        );
        assert_eq!((shape.days[4], shape.sales), (DayShare::default(), 32));
        let friday = DaysAhead::new(&shape, 4);
        let (one, two) = (friday.span(0, 1.0), friday.span(0, 2.0));
        assert!(one.is_whole() && near(two.mean, 1.0) && near(two.spread, 1.0) && near(two.chance, 1.0), "{one:?} {two:?}");
        assert!(friday.on(6).span(1, 6.0).is_whole(), "from Sunday to Friday");
        assert_eq!(friday.sales(0, 3.0, 100.0), Vec::<f64>::new());
        let sales = friday.sales(1, shape.weekly / 7.0, 100.0);
        assert!(sales.iter().all(|units| (19.9..=24.1).contains(units)), "{sales:?}");
    }

    #[test]
    fn chance_makes_no_weekdays() {
        // One order in two months, on any weekday.
        let rare =
            of(52, |week| std::array::from_fn(|day| f64::from(u8::from((week * 7 + day as u32) % 61 == 5)) * 12.0)).unwrap();
        assert!(rare.is_even && near(rare.days[0].sold, 6.0 / 364.0) && near(rare.weekly, 72.0 / 52.0), "{rare:?}");
        // Six orders of twelve: the next one may be larger by a sixth.
        assert_eq!((rare.sizes.len(), rare.sizes[5], rare.sales), (7, 1.0, 6));
        assert!(near(f64::from(rare.sizes[6]), 7.0 / 6.0) && rare.has_enough_sales(0.9) && !rare.has_enough_sales(0.95));
        let bears = |sales: u32, service: f64| DayShape { sales, ..rare.clone() }.has_enough_sales(service);
        assert!(bears(5, 0.9) && !bears(4, 0.9) && bears(25, 0.98) && !bears(24, 0.98));
        let one = DaysAhead::new(&rare, 0).span(0, 1.0);
        assert!(one.chance < 0.16 && near(one.mean, 1.0 / 7.0), "{one:?}");
        let steady = of(20, |week| std::array::from_fn(|day| f64::from(8 + (week * 3 + day as u32 * 5) % 7))).unwrap();
        assert!(steady.is_even && steady.sizes.len() == MAX_SIZES && near(DaysAhead::new(&steady, 3).span(0, 2.0).chance, 1.0));
    }

    #[test]
    fn few_weeks_and_no_sales_have_no_shape() {
        let ones = |_: u32| [1.0; 7];
        assert_eq!((of(7, ones), of(20, |_| [0.0; 7]), of(20, |_| [-3.0; 7])), (None, None, None));
        assert!(of(8, ones).unwrap().is_even, "without any variance");
    }

    #[test]
    fn many_days_are_remembered_evenly() {
        let mut tally = DayTally::default();
        (0..300_u16).for_each(|week| tally.add(&[f64::from(week + 1); 7]));
        assert!((MAX_DAYS / 2..=MAX_DAYS).contains(&tally.sizes.len()) && tally.sales == 2_100, "{}", tally.sizes.len());
        let shape = tally.shape(300).unwrap();
        assert!(shape.is_even && shape.sizes.is_sorted() && shape.sizes.len() == MAX_SIZES);
        assert!((shape.sizes.iter().sum::<f32>() / 16.0 - 1.0).abs() < 0.1, "{:?}", shape.sizes);
    }

    #[test]
    fn days_of_each_weekday_are_remembered() {
        // Ten on each Friday; ten or thirty on Saturdays, by turns of two weeks.
        let shape = of(52, |week| [0.0, 0.0, 0.0, 0.0, 10.0, if week % 4 < 2 { 10.0 } else { 30.0 }, 0.0]).unwrap();
        assert_eq!((shape.sizes[0], shape.sizes[8], shape.sizes[MAX_SIZES - 1]), (0.5, 1.0, 1.5), "{:?}", shape.sizes);
        for open in [2, 4, 5, 6, 7] {
            let mut tally = DayTally::default();
            (0..52).for_each(|_| tally.add(&std::array::from_fn(|day| if day < open { 3.0 } else { 0.0 })));
            let of_day = |day: usize| tally.sizes.iter().filter(|(_, found, _)| usize::from(*found) == day).count();
            let counts: Vec<usize> = (0..open).map(of_day).collect();
            let even = tally.sizes.len() / open;
            assert!(counts.iter().all(|count| (even..=even + 1).contains(count)), "{open} days a week: {counts:?}");
        }
    }

    #[test]
    fn one_giant_is_no_likely_sale() {
        // Two a day, and 1,500 at once on the first day of the year.
        let shape = of(52, |week| if week == 0 { [1_500.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0] } else { [2.0; 7] }).unwrap();
        let sales = |scale: f64| DaysAhead::new(&shape, 0).sales(0, 2.0, scale);
        assert!(sales(3.0).iter().all(|units| near(*units, 2.0)), "{:?}", sales(3.0));
        let wide = sales(10_000.0);
        assert!(wide[MAX_SIZES - 1] > 10.0 * wide[0], "where weeks vary as much it is: {wide:?}");
    }

    #[test]
    fn more_is_sold_on_more_days_first() {
        // Ten units on each day of every second week: five a day.
        let shape = of(40, |week| [f64::from(week % 2) * 10.0; 7]).unwrap();
        let mean = |daily: f64| {
            let sales = DaysAhead::new(&shape, 0).sales(0, daily, 100.0);
            sales.iter().sum::<f64>() / sales.len() as f64
        };
        assert!((mean(5.0) - 10.0).abs() < 0.2 && near(mean(8.0), mean(5.0)), "{} {}", mean(5.0), mean(8.0));
        assert!(near(mean(20.0), 2.0 * mean(5.0)), "every day, and twice as much: {}", mean(20.0));
        assert!(near(mean(0.0), 0.5 * mean(5.0)), "{}", mean(0.0));
    }
}
