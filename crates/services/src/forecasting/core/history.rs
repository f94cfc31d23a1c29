//! The weekly history of levels, as input of the engine.

use std::{borrow::Cow, collections::BTreeMap};

use entity::prelude::*;
use forecast::{
    Panel, Traits,
    panel::{LastClass, WEEK_DAYS},
};

use super::WeekUnits;
use crate::demand::core::{Span, is_in_stock};

/// Weeks of history of a run: three years. A season is evaluated at origins with two years before
/// them, and the first of these is 24 weeks back.
pub const HISTORY_WEEKS: i32 = 156;

/// Facts of a product in a store.
#[derive(Debug, Clone, Default)]
pub struct LevelFacts {
    /// Units by the Monday of their week: ordered, less cancelled and returned.
    pub weeks: Vec<(i32, i64)>,
    /// Days with and without stock; empty if stock was never tracked.
    pub spans: Vec<Span>,
    pub category: u32,
    pub is_archived: bool,
    /// Whether it may be sold beyond its stock.
    pub is_backorderable: bool,
    pub has_incoming: bool,
    /// Units of orders that were recorded more than seven days after they were placed.
    pub late_units: i64,
    pub last: Option<LastClass>,
}

impl LevelFacts {
    /// Spans of days on which it could be sold, or not. A product that may be sold beyond its stock can be sold on any day from
    /// the first week on that shows it: it began without stock, no day of it closed with any, and units were ordered. Before, days
    /// without stock are unknown, since products do not keep when they became such.
    pub fn sellable_spans(&self) -> Cow<'_, [Span]> {
        let is_backorder_week = |(week, units): &&(i32, i64)| {
            *units > 0 && is_in_stock(&self.spans, week - 1) != Some(true) && days(&self.spans, *week, 1) == [0]
        };
        let first_week = self.weeks.iter().filter(|_| self.is_backorderable).find(is_backorder_week);
        let Some((first_week, _)) = first_week else { return Cow::Borrowed(&self.spans) };
        let earlier = self.spans.iter().filter(|span| span.from < *first_week);
        let cut = |span: &Span| Span { to: Some(span.to.map_or(first_week - 1, |to| to.min(first_week - 1))), ..*span };
        earlier.map(cut).chain(std::iter::once(Span { from: *first_week, to: None, state: SpanState::InStock })).collect()
    }
}

/// Series of a run.
#[derive(Debug, Clone)]
pub struct SeriesHistory {
    pub product: ProductId,
    /// `None` for all stores together.
    pub store: Option<StoreId>,
    pub units: WeekUnits,
    /// Days of each week on which it could be sold.
    pub days: Vec<u8>,
    late_units: i64,
    traits: Traits,
}

impl SeriesHistory {
    /// Number of the product's category, which only distinguishes categories.
    pub const fn category(&self) -> u32 {
        self.traits.category
    }
    /// Number of the store in the panel.
    pub const fn store_number(&self) -> u32 {
        self.traits.store
    }
    /// Share of its units that were recorded late, 0 to 1.
    fn late_share(&self) -> f32 {
        let total: i64 = self.units.iter().fold(0_i64, |sum, units| sum.saturating_add(units.max(0)));
        if total > 0 { (self.late_units as f64 / total as f64).clamp(0.0, 1.0) as f32 } else { 0.0 }
    }
}

/// Complete weeks of all series, oldest first.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The Monday of the oldest week.
    pub first_week: i32,
    pub weeks: usize,
    pub series: Vec<SeriesHistory>,
}

impl History {
    /// Returns the weeks before the one that begins on `until`, of each level in order.
    pub fn of(levels: &BTreeMap<(ProductId, StoreId), LevelFacts>, until: i32) -> Self {
        let oldest = levels.values().flat_map(|facts| facts.weeks.iter().map(|(week, _)| *week)).min().unwrap_or(until);
        let weeks = ((until - oldest) / 7).clamp(0, HISTORY_WEEKS);
        let first_week = until - 7 * weeks;
        let mut stores = BTreeMap::new();
        let mut store_number = |store: StoreId| {
            let next = stores.len() as u32;
            *stores.entry(store).or_insert(next)
        };
        let series = levels.iter().map(|((product, store), facts)| SeriesHistory {
            product: *product,
            store: Some(*store),
            units: units(&facts.weeks, first_week, weeks as usize).into(),
            days: days(&facts.sellable_spans(), first_week, weeks as usize),
            late_units: facts.late_units,
            traits: Traits {
                category: facts.category,
                store: store_number(*store),
                is_archived: facts.is_archived,
                has_incoming: facts.has_incoming,
                last: facts.last,
                ..Traits::default()
            },
        });
        Self { first_week, weeks: weeks as usize, series: series.collect() }
    }

    /// Returns the same weeks by product, all stores together: units are summed, and a product can
    /// be sold on a day if one of its stores has stock. `last` has the classes of the run before.
    #[must_use]
    pub fn by_product(&self, last: &BTreeMap<ProductId, LastClass>) -> Self {
        let mut products: BTreeMap<ProductId, (SeriesHistory, Vec<i64>)> = BTreeMap::new();
        for store_series in &self.series {
            let (sum, sum_units) = products.entry(store_series.product).or_insert_with(|| {
                let traits = Traits {
                    store: 0,
                    has_incoming: false,
                    last: last.get(&store_series.product).copied(),
                    ..store_series.traits
                };
                let (units, days) = (Vec::new().into(), vec![0; self.weeks]);
                let sum = SeriesHistory { product: store_series.product, store: None, units, days, late_units: 0, traits };
                (sum, vec![0; self.weeks])
            });
            sum_units.iter_mut().zip(store_series.units.iter()).for_each(|(sum, units)| *sum = sum.saturating_add(units));
            sum.days.iter_mut().zip(&store_series.days).for_each(|(max_days, days)| *max_days = (*max_days).max(*days));
            sum.late_units = sum.late_units.saturating_add(store_series.late_units);
            sum.traits.has_incoming |= store_series.traits.has_incoming;
        }
        let with_units = |(sum, units): (SeriesHistory, Vec<i64>)| SeriesHistory { units: units.into(), ..sum };
        let series = products.into_values().map(with_units).collect();
        Self { first_week: self.first_week, weeks: self.weeks, series }
    }

    /// Returns the engine's input: the series in the same order. `None` for a history that is too
    /// long for it.
    pub fn panel(&self) -> Option<Panel> {
        let mut panel = Panel::new(self.weeks).ok()?;
        for series in &self.series {
            let values: Vec<f32> = series.units.iter().map(|units| units as f32).collect();
            let traits = Traits { late_share: series.late_share(), ..series.traits };
            panel.push_with_days(&values, &series.days, traits).ok()?;
        }
        Some(panel)
    }

    /// Returns the index of a week in the series; `None` outside of the history.
    pub fn week_index(&self, week: i32) -> Option<usize> {
        let index = usize::try_from((week - self.first_week) / 7).ok()?;
        (week >= self.first_week && index < self.weeks).then_some(index)
    }
}

fn units(weekly_units: &[(i32, i64)], first_week: i32, weeks: usize) -> Vec<i64> {
    let mut units = vec![0_i64; weeks];
    for (week, count) in weekly_units.iter().filter(|(week, _)| *week >= first_week) {
        if let Some(sum) = units.get_mut(((week - first_week) / 7) as usize) {
            *sum = sum.saturating_add(*count);
        }
    }
    units
}

/// Returns the days of each week that closed with stock in at least one of a product's stores. Each item has the spans of a store.
pub fn days_in_stock<'a>(stores: impl Iterator<Item = &'a [Span]>, first_week: i32, weeks: usize) -> Vec<u8> {
    let mut max_days = vec![0_u8; weeks];
    for spans in stores {
        max_days.iter_mut().zip(days(spans, first_week, weeks)).for_each(|(max_days, days)| *max_days = (*max_days).max(days));
    }
    max_days
}

/// Returns the days in stock of each week. A product that never had stock, such as a service, can
/// be sold on every day.
fn days(spans: &[Span], first_week: i32, weeks: usize) -> Vec<u8> {
    if spans.is_empty() {
        return vec![WEEK_DAYS; weeks];
    }
    let last_day = first_week + 7 * weeks as i32 - 1;
    let mut days = vec![0_u8; weeks];
    for span in spans.iter().filter(|span| span.state == SpanState::InStock) {
        let (from, to) = (span.from.max(first_week), span.to.unwrap_or(last_day).min(last_day));
        let mut day = from;
        while day <= to {
            let week = (day - first_week) / 7;
            let ends = (first_week + 7 * week + 6).min(to);
            days[week as usize] += (ends - day + 1) as u8;
            day = ends + 1;
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use forecast::{Settings, forecast_all, models::SEASON_HISTORY, selection::choice_origins};

    use super::*;

    const MONDAY: i32 = 20_716;

    fn span(from: i32, to: Option<i32>, state: SpanState) -> Span {
        Span { from, to, state }
    }

    #[test]
    fn days_in_stock_are_counted_by_week() {
        let spans = [
            span(MONDAY - 20, Some(MONDAY + 2), SpanState::InStock),
            span(MONDAY + 3, Some(MONDAY + 15), SpanState::Out),
            span(MONDAY + 16, None, SpanState::InStock),
        ];
        assert_eq!(days(&spans, MONDAY, 4), [3, 0, 5, 7]);
        assert_eq!(days(&[], MONDAY, 2), [7, 7], "what is not stocked can always be sold");
        assert_eq!(days(&spans[1..2], MONDAY, 2), [0, 0]);
        let stores = [&spans[..2], &spans[2..]];
        assert_eq!(days_in_stock(stores.into_iter(), MONDAY, 4), [3, 0, 5, 7], "of the store that has it longest");
    }

    #[test]
    fn a_history_ends_before_the_week_that_is_not_over() {
        let (product, shop, depot) = (ProductId::from_uuid(uuid::Uuid::from_u128(1)), id(2), id(3));
        let facts = |weeks: &[(i32, i64)]| LevelFacts { weeks: weeks.to_vec(), ..LevelFacts::default() };
        let levels = BTreeMap::from([
            ((product, shop), facts(&[(MONDAY - 21, 4), (MONDAY - 7, 6), (MONDAY, 100)])),
            ((product, depot), facts(&[(MONDAY - 14, 1)])),
        ]);
        let history = History::of(&levels, MONDAY);
        assert_eq!((history.first_week, history.weeks), (MONDAY - 21, 3));
        assert_eq!(history.series[0].units, vec![4, 0, 6].into(), "the current week is in no series");
        let sums = history.by_product(&BTreeMap::new());
        assert_eq!((sums.series.len(), &sums.series[0].units), (1, &vec![4, 1, 6].into()));
        assert_eq!(
            [MONDAY - 22, MONDAY - 21, MONDAY - 7, MONDAY].map(|week| history.week_index(week)),
            [None, Some(0), Some(2), None]
        );
        assert_eq!(history.panel().unwrap().values(0), [4.0, 0.0, 6.0]);
    }

    #[test]
    fn what_is_sold_beyond_its_stock_can_be_sold_on_any_day() {
        let spans = vec![span(MONDAY - 7, Some(MONDAY + 3), SpanState::InStock), span(MONDAY + 4, None, SpanState::Out)];
        let weeks = vec![(MONDAY - 7, 9), (MONDAY, 8), (MONDAY + 14, 5), (MONDAY + 28, -1)];
        let days = |is_backorderable: bool| {
            let facts = LevelFacts { spans: spans.clone(), weeks: weeks.clone(), is_backorderable, ..LevelFacts::default() };
            days(&facts.sellable_spans(), MONDAY - 7, 6)
        };
        assert_eq!(days(false), [7, 4, 0, 0, 0, 0]);
        assert_eq!(days(true), [7, 4, 0, 7, 7, 7], "from the week on that it was first sold without stock");
        let sold_out = [span(MONDAY - 7, Some(MONDAY - 1), SpanState::InStock), span(MONDAY, None, SpanState::Out)];
        let of_a_monday =
            LevelFacts { spans: sold_out.to_vec(), weeks: vec![(MONDAY, 9)], is_backorderable: true, ..LevelFacts::default() };
        assert_eq!(*of_a_monday.sellable_spans(), sold_out, "the last nine of them were there on Monday");
        let not_yet = LevelFacts { spans: spans.clone(), is_backorderable: true, ..LevelFacts::default() };
        assert_eq!(*not_yet.sellable_spans(), spans, "nothing shows that it was sold without stock");
        let never_stocked = LevelFacts { weeks, is_backorderable: true, ..LevelFacts::default() };
        assert!(never_stocked.sellable_spans().is_empty(), "a service has no stock to run out of");
        let before_stock = LevelFacts { weeks: vec![(MONDAY - 14, 2)], spans, is_backorderable: true, ..LevelFacts::default() };
        assert_eq!(*before_stock.sellable_spans(), [span(MONDAY - 14, None, SpanState::InStock)], "ordered before any was there");
    }

    fn id(n: u128) -> StoreId {
        StoreId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn three_years_are_looked_back_on() {
        let product = ProductId::from_uuid(uuid::Uuid::from_u128(1));
        let facts = LevelFacts { weeks: vec![(MONDAY - 7 * 300, 9), (MONDAY - 7, 1)], ..LevelFacts::default() };
        let history = History::of(&BTreeMap::from([((product, id(2)), facts)]), MONDAY);
        assert_eq!((history.weeks, history.series[0].units.iter().sum::<i64>()), (156, 1));
        let first = choice_origins(history.weeks)[0];
        assert!(first >= SEASON_HISTORY, "{first}: a season needs two years before the first origin");
    }

    #[test]
    fn units_that_were_recorded_late_are_a_share() {
        let product = ProductId::from_uuid(uuid::Uuid::from_u128(1));
        let facts =
            |units: i64, late_units: i64| LevelFacts { weeks: vec![(MONDAY - 7, units)], late_units, ..LevelFacts::default() };
        let levels = BTreeMap::from([((product, id(2)), facts(30, 0)), ((product, id(3)), facts(10, 4))]);
        let history = History::of(&levels, MONDAY);
        let panel = history.panel().unwrap();
        assert_eq!((panel.traits(0).late_share, panel.traits(1).late_share), (0.0, 0.4));
        let sums = history.by_product(&BTreeMap::new()).panel().unwrap();
        assert_eq!((sums.len(), sums.traits(0).late_share), (1, 0.1), "4 of the 40 of both stores");
        // Returned units are subtracted from all units, but not from the late ones.
        let levels = BTreeMap::from([((product, id(2)), facts(3, 9)), ((product, id(3)), facts(0, 9))]);
        let panel = History::of(&levels, MONDAY).panel().unwrap();
        assert_eq!((panel.traits(0).late_share, panel.traits(1).late_share), (1.0, 0.0));
    }

    /// Forty products that sell most in one quarter of each year, with much noise.
    #[test]
    fn a_season_is_found_in_three_years() {
        let mut state = 1_u64;
        let mut chance = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let mut facts = || {
            let sold = |week: i32| {
                let season = 1.0 + 0.4 * (f64::from(week) / 52.0 * std::f64::consts::TAU).sin();
                (MONDAY - 7 * (HISTORY_WEEKS - week), (40.0 * season * (0.5 + chance())).round() as i64)
            };
            LevelFacts { weeks: (0..HISTORY_WEEKS).map(sold).collect(), ..LevelFacts::default() }
        };
        let product = |n: u128| ProductId::from_uuid(uuid::Uuid::from_u128(n));
        let levels: BTreeMap<_, _> = (1..=40).map(|n| ((product(n), id(9)), facts())).collect();
        let run = forecast_all(&History::of(&levels, MONDAY).panel().unwrap(), &Settings::default());
        assert_eq!(run.choices.tenant.mean.to_string(), "seasonal SES cap 3");
        let mean = |week: usize| run.series.iter().map(|one| one.points[week].mean).sum::<f32>();
        assert!(mean(13) > 1.1 * mean(0), "the peak is thirteen weeks ahead: {} {}", mean(13), mean(0));
    }
}
