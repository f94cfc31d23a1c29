//! Price elasticity from a product's own history. It is an association: shops cut prices because
//! things do not sell, which bends the slope towards 0.

use serde::{Deserialize, Serialize};

/// Prices closer together than this are one level.
const MIN_PRICE_RATIO: f64 = 1.05;
const MIN_LEVELS: usize = 3;
/// Minimum price levels of a product that is pooled: two prices have a slope.
pub const MIN_POOLED_LEVELS: usize = 2;
const MIN_WEEKS: usize = 4;
/// Minimum days between the first and the last week: one season proves nothing.
const MIN_DAYS: i32 = 182;
/// Maximum width of an interval; a wider one counts as no estimate.
pub(super) const MAX_INTERVAL_WIDTH: f64 = 2.0;
/// Lower bound for the variance of an elasticity, however well a few weeks agree.
const MIN_VARIANCE: f64 = 0.01;
/// Assumed elasticities for an unknown response: low, likely and high.
const ASSUMED_ELASTICITIES: [f64; 3] = [1.0, 2.0, 3.0];

/// A week in which the product could be sold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PricedWeek {
    /// Monday of the week.
    pub week: i32,
    /// Paid for a whole unit; of a week without a sale that of the week before.
    pub price: f64,
    /// Whole units.
    pub units: f64,
    /// Whole units of the other products of the category. None without a category.
    pub category: Option<f64>,
}

/// Price elasticity: percentage by which sales rise if the price falls by one percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Response {
    /// Lower, likely and upper elasticity: of the product's own history with each price level left
    /// out in turn, or an 80 % range of the category's.
    Shown {
        low: f64,
        likely: f64,
        high: f64,
        levels: u32,
        weeks: u32,
        /// Source of the response; plans from before this field have the product's own history.
        #[serde(default)]
        source: ResponseSource,
        /// Weeks whose price is at another level than in the known week before. None in plans from
        /// before this field.
        #[serde(default)]
        changes: Option<u32>,
        /// Products whose histories were used, including its own if it has one. None in plans from
        /// before this field.
        #[serde(default)]
        products: Option<u32>,
    },
    /// Neither history has enough prices, or their estimates are too uncertain.
    NotShown,
}

/// Source of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ResponseSource {
    #[default]
    Own,
    Category,
    /// Neither history shows a response.
    None,
}

/// Estimate from a single history of two price levels or more, whether or not it is sufficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub elasticity: f64,
    /// Variance of the elasticity.
    pub variance: f64,
    pub levels: u32,
    pub weeks: u32,
    pub changes: u32,
}

impl Response {
    /// Elasticities, the least favourable first.
    pub fn elasticities(&self) -> [f64; 3] {
        match self {
            Self::Shown { low, likely, high, .. } => [low.max(0.0), likely.max(0.0), high.max(0.0)],
            Self::NotShown => ASSUMED_ELASTICITIES,
        }
    }
    pub const fn source(&self) -> ResponseSource {
        match self {
            Self::Shown { source, .. } => *source,
            Self::NotShown => ResponseSource::None,
        }
    }
}

/// Weeks by their price levels, those with fewer than four weeks left out.
fn price_levels(weeks: &[PricedWeek]) -> Vec<Vec<PricedWeek>> {
    let mut sorted: Vec<PricedWeek> = weeks.iter().copied().filter(|week| week.price > 0.0).collect();
    sorted.sort_by(|one, other| one.price.total_cmp(&other.price));
    let mut levels: Vec<Vec<PricedWeek>> = Vec::new();
    for week in sorted {
        match levels.last_mut() {
            Some(level) if level.first().is_some_and(|first| week.price < first.price * MIN_PRICE_RATIO) => level.push(week),
            _ => levels.push(vec![week]),
        }
    }
    levels.retain(|level| level.len() >= MIN_WEEKS);
    levels
}

/// Whether prices are at `min_count` levels or more, before weeks without a sale are known.
pub fn has_levels(prices: impl Iterator<Item = f64>, min_count: usize) -> bool {
    let mut prices: Vec<f64> = prices.filter(|price| *price > 0.0).collect();
    prices.sort_by(f64::total_cmp);
    let (mut level_count, mut first) = (0, 0.0);
    for price in prices {
        if price >= first * MIN_PRICE_RATIO {
            (level_count, first) = (level_count + 1, price);
        }
    }
    level_count >= min_count
}

/// Whether weeks reach over half a year.
fn is_long(weeks: &[PricedWeek]) -> bool {
    let (first, last) = (weeks.iter().map(|week| week.week).min(), weeks.iter().map(|week| week.week).max());
    first.zip(last).is_some_and(|(first, last)| last - first >= MIN_DAYS)
}

/// Number of weeks whose price is at another level than that of the week before.
fn changes(weeks: &[PricedWeek]) -> u32 {
    let mut sorted = weeks.to_vec();
    sorted.sort_by_key(|week| week.week);
    let is_change = |pair: &&[PricedWeek]| {
        let (one, other) = (pair[0].price, pair[1].price);
        one.max(other) >= one.min(other) * MIN_PRICE_RATIO
    };
    sorted.windows(2).filter(is_change).count() as u32
}

/// The slope of weeks with its variance, if they have two price levels or more over half a year.
pub fn estimate_slope(weeks: &[PricedWeek]) -> Option<Estimate> {
    let levels = price_levels(weeks);
    let used: Vec<PricedWeek> = levels.iter().flatten().copied().collect();
    if levels.len() < MIN_POOLED_LEVELS || !is_long(&used) {
        return None;
    }
    let (slope, variance) = fit(&used)?;
    Some(Estimate {
        elasticity: -slope,
        variance: variance.max(MIN_VARIANCE),
        levels: levels.len() as u32,
        weeks: used.len() as u32,
        changes: changes(&used),
    })
}

/// The elasticity that weeks show, with the range of leaving out each level.
pub fn price_response(weeks: &[PricedWeek]) -> Response {
    let levels = price_levels(weeks);
    let used: Vec<PricedWeek> = levels.iter().flatten().copied().collect();
    if levels.len() < MIN_LEVELS || !is_long(&used) {
        return Response::NotShown;
    }
    let weeks_without = |left_out: usize| -> Vec<PricedWeek> {
        levels.iter().enumerate().filter(|(index, _)| *index != left_out).flat_map(|(_, level)| level).copied().collect()
    };
    let Some(likely) = fit_slope(&used) else { return Response::NotShown };
    let mut range = vec![-likely];
    for left_out in 0..levels.len() {
        let Some(slope) = fit_slope(&weeks_without(left_out)) else { return Response::NotShown };
        range.push(-slope);
    }
    let low = range.iter().copied().fold(f64::INFINITY, f64::min);
    let high = range.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high - low >= MAX_INTERVAL_WIDTH || high <= 0.0 {
        return Response::NotShown;
    }
    Response::Shown {
        low,
        likely: -likely,
        high,
        levels: levels.len() as u32,
        weeks: used.len() as u32,
        source: ResponseSource::Own,
        changes: Some(changes(&used)),
        products: Some(1),
    }
}

fn fit_slope(weeks: &[PricedWeek]) -> Option<f64> {
    fit(weeks).map(|(slope, _)| slope)
}

/// Least squares of log(units + 0.5) on log price, and on the category's weeks if all of them are
/// known: the slope and its variance.
fn fit(weeks: &[PricedWeek]) -> Option<(f64, f64)> {
    let mean = |value_of: &dyn Fn(&PricedWeek) -> f64| weeks.iter().map(value_of).sum::<f64>() / weeks.len() as f64;
    let (price, units) = (|week: &PricedWeek| week.price.ln(), |week: &PricedWeek| (week.units.max(0.0) + 0.5).ln());
    let has_category = weeks.iter().all(|week| week.category.is_some());
    let category = |week: &PricedWeek| (week.category.unwrap_or_default().max(0.0) + 0.5).ln();
    let (mean_price, mean_units, mean_category) = (mean(&price), mean(&units), mean(&category));
    let [mut pp, mut cc, mut pc, mut pu, mut cu, mut uu] = [0.0_f64; 6];
    for week in weeks {
        let (p, u, c) = (price(week) - mean_price, units(week) - mean_units, category(week) - mean_category);
        pp += p * p;
        pu += p * u;
        cc += c * c;
        pc += p * c;
        cu += c * u;
        uu += u * u;
    }
    if pp < 1e-9 {
        return None;
    }
    let determinant = pp * cc - pc * pc;
    if has_category && cc > 1e-9 && determinant > 1e-6 * pp * cc {
        let (slope, category_slope) = ((pu * cc - cu * pc) / determinant, (cu * pp - pu * pc) / determinant);
        let residual = (uu - slope * pu - category_slope * cu).max(0.0);
        return Some((slope, residual / (weeks.len() as f64 - 3.0).max(1.0) * cc / determinant));
    }
    let residual = (uu - pu * pu / pp).max(0.0);
    Some((pu / pp, residual / (weeks.len() as f64 - 2.0).max(1.0) / pp))
}

/// Weeks of a product at the price of their sales; a week without a sale, in which a store had
/// stock on each day, has the previous price. `sales` are Mondays in order, whole units and the
/// price paid for a whole unit; `spans` are days in stock, the last one None while it lasts.
pub fn priced_weeks(
    sales: &[(i32, f64, f64)],
    spans: &[(i32, Option<i32>)],
    category: Option<&dyn Fn(i32) -> f64>,
    until: i32,
) -> Vec<PricedWeek> {
    let Some((first, _, mut price)) = sales.first().copied() else { return Vec::new() };
    let (mut sales, mut weeks) = (sales.iter().copied().peekable(), Vec::new());
    for week in (first..until).step_by(7) {
        let sold = sales.next_if(|(monday, ..)| *monday == week);
        let was_there = || spans.iter().any(|(from, to)| *from <= week && to.is_none_or(|to| to >= week + 6));
        let units = match sold {
            Some((_, units, paid)) => {
                price = paid;
                units
            }
            None if was_there() => 0.0,
            None => continue,
        };
        let category = category.map(|category_units| (category_units(week) - units).max(0.0));
        weeks.push(PricedWeek { week, price, units, category });
    }
    weeks
}
